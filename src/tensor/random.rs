//! Random numbers without state: a hash of *what* is being drawn.
//!
//! Every draw in the program is named by `(seed, purpose, where)` and answered by a hash of that name, so
//! that a run does not depend on the order in which threads, devices or batches ask, and a pause or a
//! resume changes nothing. The hash works on 32-bit words alone, so that `shaders/random.wgsl` computes the
//! very same numbers.

/// What a draw is for. Draws of different purposes are independent even at equal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    InitialWeights = 1,
    Shuffle = 2,
    Augment = 3,
    Dropout = 4,
    Pictures = 5,
    Split = 6,
    PixelPermutation = 7,
    Noise = 8,
    GradientCheck = 16,
    Direction = 17,
}

/// One round of mixing: every bit of the word reaches every other (the finaliser "lowbias32" found by
/// exhaustive search, Wellons 2018).
#[inline(always)]
pub const fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// A key from which any number of draws can be made: [`Key::new`], then [`Key::with`] for each word of the
/// name, then a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u32);

impl Key {
    pub const fn new(seed: u64, purpose: Purpose) -> Self {
        Self(mix(seed as u32 ^ 0x9e37_79b9)).with((seed >> 32) as u32).with(purpose as u32)
    }

    /// The key of a part: a layer of a net, an epoch, a picture.
    #[inline(always)]
    pub const fn with(self, word: u32) -> Self {
        Self(mix(self.0 ^ mix(word.wrapping_add(0x85eb_ca6b))))
    }

    /// 32 random bits at place `i`.
    #[inline(always)]
    pub const fn bits(self, i: u32) -> u32 {
        mix(self.0.wrapping_add(mix(i ^ 0xc2b2_ae35)))
    }

    /// A number uniform in `[0, 1)` at place `i`, with 24 random bits.
    #[inline(always)]
    pub const fn uniform(self, i: u32) -> f32 {
        (self.bits(i) >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A whole number uniform in `0..n` at place `i` (with a bias below `n / 2³²`).
    #[inline(always)]
    pub const fn below(self, i: u32, n: u32) -> u32 {
        ((self.bits(i) as u64 * n as u64) >> 32) as u32
    }

    /// A standard normal number at place `i` (Box and Muller 1958).
    pub fn normal(self, i: u32) -> f32 {
        let u = 1.0 - self.with(1).uniform(i) as f64; // in (0, 1]
        let v = self.with(2).uniform(i) as f64;
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    /// A permutation of `0..n` (Fisher and Yates 1938, in Durstenfeld's form).
    pub fn permutation(self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i as u32, i as u32 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_draws_fill_the_interval() {
        let key = Key::new(7, Purpose::Shuffle);
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|i| key.uniform(i) as f64).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let variance = draws.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / n as f64;
        // The standard error of the mean is 0.0009; five of them.
        assert!((mean - 0.5).abs() < 0.0046, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.001, "{variance}");
    }

    #[test]
    fn normal_draws_have_unit_variance() {
        let key = Key::new(7, Purpose::InitialWeights);
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|i| key.normal(i) as f64).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023, "{mean} {variance}");
    }

    #[test]
    fn neighbouring_keys_are_uncorrelated() {
        let a = Key::new(1, Purpose::Shuffle).with(3);
        let b = Key::new(1, Purpose::Shuffle).with(4);
        let n = 50_000;
        let covariance =
            (0..n).map(|i| (a.uniform(i) as f64 - 0.5) * (b.uniform(i) as f64 - 0.5)).sum::<f64>() / n as f64;
        assert!(covariance.abs() < 5.0 / 12.0 / (n as f64).sqrt(), "{covariance}");
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = Key::new(3, Purpose::Shuffle).permutation(1000);
        assert_ne!(order[..5], [0, 1, 2, 3, 4]);
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..1000));
    }
}
