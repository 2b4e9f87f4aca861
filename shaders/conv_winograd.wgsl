// Convolution with a window of 3×3 that moves by single pixels, by the algorithm F(2×2, 3×3) of Winograd (Lavin and
// Gray 2016, section 4.1). Instead of 36 products for each 2×2 pixels of the result, channel and filter, 16:
//
//   Y = Aᵀ · [ (G · w · Gᵀ) ⊙ (Bᵀ · d · B) ] · A         d: the 4×4 pixels under the windows of the 2×2 pixels Y
//
//       ⎡ 1  0  0 ⎤         ⎡ 1  0 −1  0 ⎤
//   G = ⎢ ½  ½  ½ ⎥    Bᵀ = ⎢ 0  1  1  0 ⎥    Aᵀ = ⎡ 1  1  1  0 ⎤
//       ⎢ ½ −½  ½ ⎥         ⎢ 0 −1  1  0 ⎥         ⎣ 0  1 −1 −1 ⎦
//       ⎣ 0  0  1 ⎦         ⎣ 0  1  0 −1 ⎦
//
//   weights_in   U = G · w · Gᵀ       U (I, 16, O)
//   maps_in      V = Bᵀ · d · B       V (T, 16, I), T tiles of 2×2 pixels
//   maps_out     Y = Aᵀ · M · A       M (T, 16, O), which is the product of V and U for each of the 16 by itself, made
//                                     between the two by conv_tiled.wgsl, as a convolution of 16 groups; then
//                                     y = Y + b, and with RELU y = max(0, y)
//
// With TURNED it is the gradient by the input: dy stands for x, and w is turned by 180° with its channels and filters
// exchanged. Sums differ from those of conv.wgsl by rounding: the numbers that are added are up to four times as large.
//
// x (N, H, W, I) and y (N, H', W', O), both with channels in fours; w (3, 3, I, O), with TURNED (3, 3, O, I); b (O).

override IN_CHANNELS: u32 = 4u;    // I
override IN_HEIGHT: u32 = 3u;      // H
override IN_WIDTH: u32 = 3u;       // W
override OUT_CHANNELS: u32 = 4u;   // O
override OUT_HEIGHT: u32 = 1u;     // H'
override OUT_WIDTH: u32 = 1u;      // W'
override PADDING_H: u32 = 0u;
override PADDING_W: u32 = 0u;
override TURNED: bool = false;
override BIAS: bool = false;       // without it, any array may be bound in its place
override RELU: bool = false;

override TILES_H: u32 = (OUT_HEIGHT + 1u) / 2u;
override TILES_W: u32 = (OUT_WIDTH + 1u) / 2u;
// Vectors of four channels.
override IN_FOURS: u32 = IN_CHANNELS / 4u;
override OUT_FOURS: u32 = OUT_CHANNELS / 4u;

@group(0) @binding(0) var<storage, read_write> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> u: array<f32>;

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> v: array<vec4f>;

@group(0) @binding(0) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// G · (a, b, c)ᵀ
fn by_g(w0: f32, w1: f32, w2: f32) -> vec4f {
    return vec4f(w0, 0.5 * (w0 + w1 + w2), 0.5 * (w0 - w1 + w2), w2);
}

// One invocation for each channel and filter.
@compute @workgroup_size(64)
fn weights_in(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (I, O)
    if place >= IN_CHANNELS * OUT_CHANNELS {
        return;
    }
    let i = place / OUT_CHANNELS;
    let o = place % OUT_CHANNELS;
    var column: array<vec4f, 3>;   // G · w
    for (var c = 0u; c < 3u; c++) {
        var taps: array<f32, 3>;
        for (var r = 0u; r < 3u; r++) {
            if TURNED {
                taps[r] = w[(((2u - r) * 3u + 2u - c) * OUT_CHANNELS + o) * IN_CHANNELS + i];
            } else {
                taps[r] = w[((r * 3u + c) * IN_CHANNELS + i) * OUT_CHANNELS + o];
            }
        }
        column[c] = by_g(taps[0], taps[1], taps[2]);
    }
    for (var r = 0u; r < 4u; r++) {
        let row = by_g(column[0][r], column[1][r], column[2][r]);
        for (var c = 0u; c < 4u; c++) {
            u[(i * 16u + r * 4u + c) * OUT_CHANNELS + o] = row[c];
        }
    }
}

// Four pixels in a row or column, of four channels each.
struct Four {
    a: vec4f,
    b: vec4f,
    c: vec4f,
    d: vec4f,
}

// Bᵀ · (a, b, c, d)ᵀ
fn by_b(d: Four) -> Four {
    return Four(d.a - d.c, d.b + d.c, d.c - d.b, d.b - d.d);
}

fn pixel(n: u32, row: u32, column: u32, c: u32) -> vec4f {
    // Counted with the padding.
    if row < PADDING_H || row >= PADDING_H + IN_HEIGHT || column < PADDING_W || column >= PADDING_W + IN_WIDTH {
        return vec4f(0.0);
    }
    return x[((n * IN_HEIGHT + row - PADDING_H) * IN_WIDTH + column - PADDING_W) * IN_FOURS + c];
}

// One invocation for each tile and four channels.
@compute @workgroup_size(64)
fn maps_in(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (T, I / 4)
    if place >= arrayLength(&v) / 16u {
        return;
    }
    let c = place % IN_FOURS;
    let tile = place / IN_FOURS;
    let row = tile / TILES_W % TILES_H * 2u;
    let column = tile % TILES_W * 2u;
    let n = tile / (TILES_W * TILES_H);
    var rows: array<Four, 4>;   // d · B
    for (var r = 0u; r < 4u; r++) {
        rows[r] = by_b(Four(
            pixel(n, row + r, column, c),
            pixel(n, row + r, column + 1u, c),
            pixel(n, row + r, column + 2u, c),
            pixel(n, row + r, column + 3u, c),
        ));
    }
    let c0 = by_b(Four(rows[0].a, rows[1].a, rows[2].a, rows[3].a));
    let c1 = by_b(Four(rows[0].b, rows[1].b, rows[2].b, rows[3].b));
    let c2 = by_b(Four(rows[0].c, rows[1].c, rows[2].c, rows[3].c));
    let c3 = by_b(Four(rows[0].d, rows[1].d, rows[2].d, rows[3].d));
    store_row(tile, 0u, c, Four(c0.a, c1.a, c2.a, c3.a));
    store_row(tile, 1u, c, Four(c0.b, c1.b, c2.b, c3.b));
    store_row(tile, 2u, c, Four(c0.c, c1.c, c2.c, c3.c));
    store_row(tile, 3u, c, Four(c0.d, c1.d, c2.d, c3.d));
}

fn store_row(tile: u32, row: u32, c: u32, four: Four) {
    let at = (tile * 16u + row * 4u) * IN_FOURS + c;
    v[at] = four.a;
    v[at + IN_FOURS] = four.b;
    v[at + 2u * IN_FOURS] = four.c;
    v[at + 3u * IN_FOURS] = four.d;
}

// Aᵀ · M, row by row.
struct Two {
    a: vec4f,
    b: vec4f,
}

fn by_a(m: Four) -> Two {
    return Two(m.a + m.b + m.c, m.b - m.c - m.d);
}

fn load_column(tile: u32, column: u32, o: u32) -> Four {
    let at = (tile * 16u + column) * OUT_FOURS + o;
    return Four(m[at], m[at + 4u * OUT_FOURS], m[at + 8u * OUT_FOURS], m[at + 12u * OUT_FOURS]);
}

fn store(n: u32, row: u32, column: u32, o: u32, sum: vec4f) {
    if row >= OUT_HEIGHT || column >= OUT_WIDTH {
        return;
    }
    var value = sum;
    if BIAS {
        value += b[o];
    }
    let at = ((n * OUT_HEIGHT + row) * OUT_WIDTH + column) * OUT_FOURS + o;
    y[at] = select(value, vec4f(0.0), vec4<bool>(RELU) & (value <= vec4f(0.0)));
}

// One invocation for each tile and four filters.
@compute @workgroup_size(64)
fn maps_out(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (T, O / 4)
    if place >= arrayLength(&m) / 16u {
        return;
    }
    let o = place % OUT_FOURS;
    let tile = place / OUT_FOURS;
    let c0 = by_a(load_column(tile, 0u, o));
    let c1 = by_a(load_column(tile, 1u, o));
    let c2 = by_a(load_column(tile, 2u, o));
    let c3 = by_a(load_column(tile, 3u, o));
    let above = by_a(Four(c0.a, c1.a, c2.a, c3.a));
    let below = by_a(Four(c0.b, c1.b, c2.b, c3.b));
    let row = tile / TILES_W % TILES_H * 2u;
    let column = tile % TILES_W * 2u;
    let n = tile / (TILES_W * TILES_H);
    store(n, row, column, o, above.a);
    store(n, row, column + 1u, o, above.b);
    store(n, row + 1u, column, o, below.a);
    store(n, row + 1u, column + 1u, o, below.b);
}
