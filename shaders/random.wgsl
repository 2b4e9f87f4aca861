// Random numbers without state: a hash of what is being drawn. The same, bit for bit, as those that the
// processor draws (src/tensor/random.rs), so that both make the same dropout masks and the same crops.

// One round of mixing: every bit of the word reaches every other ("lowbias32", Wellons 2018).
fn mixed(word: u32) -> u32 {
    var x = word;
    x ^= x >> 16u;
    x *= 0x7feb352du;
    x ^= x >> 15u;
    x *= 0x846ca68bu;
    return x ^ (x >> 16u);
}

// The key of a part: a layer of a net, an epoch, a picture.
fn key_with(key: u32, word: u32) -> u32 {
    return mixed(key ^ mixed(word + 0x85ebca6bu));
}

// 32 random bits at place i.
fn random_bits(key: u32, i: u32) -> u32 {
    return mixed(key + mixed(i ^ 0xc2b2ae35u));
}

// A number uniform in [0, 1) at place i, with 24 random bits.
fn random_uniform(key: u32, i: u32) -> f32 {
    return f32(random_bits(key, i) >> 8u) * (1.0 / 16777216.0);
}

// A whole number uniform in 0 … n − 1 at place i: the upper half of the 64-bit product bits · n, put
// together from products of 16-bit halves.
fn random_below(key: u32, i: u32, n: u32) -> u32 {
    let bits = random_bits(key, i);
    let bits_low = bits & 0xffffu;
    let bits_high = bits >> 16u;
    let n_low = n & 0xffffu;
    let n_high = n >> 16u;
    let middle1 = bits_high * n_low;
    let middle2 = bits_low * n_high;
    let carry = ((bits_low * n_low) >> 16u) + (middle1 & 0xffffu) + (middle2 & 0xffffu);
    return bits_high * n_high + (middle1 >> 16u) + (middle2 >> 16u) + (carry >> 16u);
}
