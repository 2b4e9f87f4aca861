// Put behind tile.wgsl.
//
// Convolution as conv.wgsl has it, by tiles of a matrix product C (M, N) = A (M, K) · B (K, N) in which one
// matrix is never written down: its numbers are fetched from the maps, or are zeros beyond their edges.
//
//   forward    C = y,  A (n i j, u v c) = x[n, i·s+u−p, j·s+v−p, c],     B = w (u v c, o)
//   backward   C = dx, A (n h w, u v o) = dy[n, (h+p−u)/s, (w+p−v)/s, o], B = w turned (u v o, c)
//   weights    C = dw, A (u v c, n i j) = x[n, i·s+u−p, j·s+v−p, c],     B = dy (n i j, o)
//
// With BIAS, the A of `weights` has one more row, of ones, below its own: the last row of C is then db. Its
// long sum over all pixels is cut into parts of SPLIT, each summed by other workgroups: parts is
// (pixels / SPLIT, M, O), and sum_parts.wgsl adds them up.
//
// x, dx (N, H, W, C); y, dy (N, H', W', O); w, dw (kH, kW, C, O); b, db (O).

override IN_CHANNELS: u32 = 1u;    // C
override IN_HEIGHT: u32 = 3u;      // H
override IN_WIDTH: u32 = 3u;       // W
override OUT_CHANNELS: u32 = 1u;   // O
override OUT_HEIGHT: u32 = 1u;     // H'
override OUT_WIDTH: u32 = 1u;      // W'
override KERNEL_H: u32 = 3u;
override KERNEL_W: u32 = 3u;
override STRIDE_H: u32 = 1u;
override STRIDE_W: u32 = 1u;
override PADDING_H: u32 = 0u;
override PADDING_W: u32 = 0u;
override BIAS: bool = false;
override RELU: bool = false;
override SPLIT: u32 = 16u;

override FORWARD_K: u32 = KERNEL_H * KERNEL_W * IN_CHANNELS;
override BACKWARD_K: u32 = KERNEL_H * KERNEL_W * OUT_CHANNELS;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@group(0) @binding(0) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@group(0) @binding(1) var<storage, read_write> dy_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

const OUTSIDE: u32 = 0xffffffffu;

// A place in maps of this size, as (n, row, column).
fn pixel_of(m: u32, height: u32, width: u32) -> vec3u {
    return vec3u(m / (height * width), m / width % height, m % width);
}

// A place under the window, as (u, v, channel).
fn tap_of(k: u32, n_channels: u32) -> vec3u {
    let tap = k / n_channels;
    return vec3u(tap / KERNEL_W, tap % KERNEL_W, k % n_channels);
}

// Place of the number of x that output pixel (n, i, j) sees through tap (u, v, c).
fn x_place(pixel: vec3u, tap: vec3u) -> u32 {
    let row = pixel.y * STRIDE_H + tap.x;   // of x with its padding
    let column = pixel.z * STRIDE_W + tap.y;
    if row < PADDING_H || row >= PADDING_H + IN_HEIGHT || column < PADDING_W || column >= PADDING_W + IN_WIDTH {
        return OUTSIDE;
    }
    let at = (pixel.x * IN_HEIGHT + row - PADDING_H) * IN_WIDTH + column - PADDING_W;
    return at * IN_CHANNELS + tap.z;
}

// Place of the number of dy that saw input pixel (n, h, w) through tap (u, v), in channel o.
fn dy_place(pixel: vec3u, tap: vec3u) -> u32 {
    let row = pixel.y + PADDING_H - tap.x;   // i·s; below zero it wraps to a large number and fails the test
    let column = pixel.z + PADDING_W - tap.y;
    let i = row / STRIDE_H;
    let j = column / STRIDE_W;
    if i >= OUT_HEIGHT || j >= OUT_WIDTH || row % STRIDE_H != 0u || column % STRIDE_W != 0u {
        return OUTSIDE;
    }
    return ((pixel.x * OUT_HEIGHT + i) * OUT_WIDTH + j) * OUT_CHANNELS + tap.z;
}

// A number of A at (m, k) for each pass, zero beyond its edges.

fn forward_a(m: u32, k: u32) -> f32 {
    if k >= FORWARD_K {
        return 0.0;
    }
    let place = x_place(pixel_of(m, OUT_HEIGHT, OUT_WIDTH), tap_of(k, IN_CHANNELS));
    if place == OUTSIDE {
        return 0.0;
    }
    return x[place];
}

fn backward_a(m: u32, k: u32) -> f32 {
    if k >= BACKWARD_K {
        return 0.0;
    }
    let place = dy_place(pixel_of(m, IN_HEIGHT, IN_WIDTH), tap_of(k, OUT_CHANNELS));
    if place == OUTSIDE {
        return 0.0;
    }
    return dy[place];
}

fn weights_a(m: u32, k: u32) -> f32 {
    if m >= FORWARD_K {
        return select(0.0, 1.0, m == FORWARD_K);
    }
    return forward_a(k, m);
}

// Four numbers of A side by side in k or, for `weights`, in m. Where the channels come in fours, they lie side
// by side in memory as well, all inside or all outside.

fn forward_a4(m: u32, n_pixels: u32, k: u32) -> vec4f {
    if m >= n_pixels {
        return vec4f(0.0);
    }
    if IN_CHANNELS % 4u != 0u {
        return vec4f(forward_a(m, k), forward_a(m, k + 1u), forward_a(m, k + 2u), forward_a(m, k + 3u));
    }
    let place = x_place(pixel_of(m, OUT_HEIGHT, OUT_WIDTH), tap_of(k, IN_CHANNELS));
    if k >= FORWARD_K || place == OUTSIDE {
        return vec4f(0.0);
    }
    return vec4f(x[place], x[place + 1u], x[place + 2u], x[place + 3u]);
}

fn backward_a4(m: u32, n_pixels: u32, k: u32) -> vec4f {
    if m >= n_pixels {
        return vec4f(0.0);
    }
    if OUT_CHANNELS % 4u != 0u {
        return vec4f(backward_a(m, k), backward_a(m, k + 1u), backward_a(m, k + 2u), backward_a(m, k + 3u));
    }
    let place = dy_place(pixel_of(m, IN_HEIGHT, IN_WIDTH), tap_of(k, OUT_CHANNELS));
    if k >= BACKWARD_K || place == OUTSIDE {
        return vec4f(0.0);
    }
    return vec4f(dy[place], dy[place + 1u], dy[place + 2u], dy[place + 3u]);
}

fn weights_a4(m: u32, k: u32, k_end: u32) -> vec4f {
    if k >= k_end {
        return vec4f(0.0);
    }
    if IN_CHANNELS % 4u != 0u || m >= FORWARD_K {
        return vec4f(weights_a(m, k), weights_a(m + 1u, k), weights_a(m + 2u, k), weights_a(m + 3u, k));
    }
    let place = x_place(pixel_of(k, OUT_HEIGHT, OUT_WIDTH), tap_of(m, IN_CHANNELS));
    if place == OUTSIDE {
        return vec4f(0.0);
    }
    return vec4f(x[place], x[place + 1u], x[place + 2u], x[place + 3u]);
}

// Row k of B at column n, for the three passes.

fn forward_b(k: u32, n: u32) -> f32 {
    if k >= FORWARD_K || n >= OUT_CHANNELS {
        return 0.0;
    }
    return w[k * OUT_CHANNELS + n];
}

fn backward_b(k: u32, n: u32) -> f32 {
    if k >= BACKWARD_K || n >= IN_CHANNELS {
        return 0.0;
    }
    return w[(k / OUT_CHANNELS * IN_CHANNELS + n) * OUT_CHANNELS + k % OUT_CHANNELS];
}

fn weights_b(k: u32, n: u32, k_end: u32) -> f32 {
    if k >= k_end || n >= OUT_CHANNELS {
        return 0.0;
    }
    return dy_in[k * OUT_CHANNELS + n];
}

@compute @workgroup_size(COLUMNS, ROWS)
fn forward(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n_pixels = arrayLength(&y) / OUT_CHANNELS;
    let tile = tile_of(group, groups, n_pixels, OUT_CHANNELS);
    var sums = Sums();
    for (var k0 = 0u; k0 < FORWARD_K; k0 += DEPTH) {
        for (var item = lane; item < DEPTH * ROWS; item += LANES) {
            let m = item / (DEPTH / 4u);
            let k = item % (DEPTH / 4u);
            slab_a[m * A_ROW + k] = forward_a4(tile.row + m, n_pixels, k0 + 4u * k);
        }
        for (var item = lane; item < DEPTH * COLUMNS; item += LANES) {
            let k = k0 + item / COLUMNS;
            let n = tile.column + item % COLUMNS * 4u;
            slab_b[item / COLUMNS * B_ROW + item % COLUMNS] =
                vec4f(forward_b(k, n), forward_b(k, n + 1u), forward_b(k, n + 2u), forward_b(k, n + 3u));
        }
        workgroupBarrier();
        add_by_rows(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let m = tile.row + 4u * local.y + r;
        for (var s = 0u; s < 4u; s++) {
            let o = tile.column + 4u * local.x + s;
            if m < n_pixels && o < OUT_CHANNELS {
                var sum = sums[r][s];
                if BIAS {
                    sum += b[o];
                }
                y[m * OUT_CHANNELS + o] = select(sum, 0.0, RELU && sum <= 0.0);
            }
        }
    }
}

@compute @workgroup_size(COLUMNS, ROWS)
fn backward(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n_pixels = arrayLength(&dx) / IN_CHANNELS;
    let tile = tile_of(group, groups, n_pixels, IN_CHANNELS);
    var sums = Sums();
    for (var k0 = 0u; k0 < BACKWARD_K; k0 += DEPTH) {
        for (var item = lane; item < DEPTH * ROWS; item += LANES) {
            let m = item / (DEPTH / 4u);
            let k = item % (DEPTH / 4u);
            slab_a[m * A_ROW + k] = backward_a4(tile.row + m, n_pixels, k0 + 4u * k);
        }
        // B lies turned in memory, so neighbours go along K.
        for (var item = lane; item < DEPTH * COLUMNS; item += LANES) {
            let k = k0 + item % DEPTH;
            let n = tile.column + item / DEPTH * 4u;
            slab_b[item % DEPTH * B_ROW + item / DEPTH] =
                vec4f(backward_b(k, n), backward_b(k, n + 1u), backward_b(k, n + 2u), backward_b(k, n + 3u));
        }
        workgroupBarrier();
        add_by_rows(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let m = tile.row + 4u * local.y + r;
        for (var s = 0u; s < 4u; s++) {
            let c = tile.column + 4u * local.x + s;
            if m < n_pixels && c < IN_CHANNELS {
                dx[m * IN_CHANNELS + c] = sums[r][s];
            }
        }
    }
}

@compute @workgroup_size(COLUMNS, ROWS)
fn weights(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n_pixels = arrayLength(&dy_in) / OUT_CHANNELS;
    let n_rows = FORWARD_K + select(0u, 1u, BIAS);
    let tile = tile_of(group, groups, n_rows, OUT_CHANNELS);
    let k_end = min(n_pixels, (tile.split + 1u) * SPLIT);
    var sums = Sums();
    for (var k0 = tile.split * SPLIT; k0 < k_end; k0 += DEPTH) {
        // Neighbours go along the channels, in A and in B.
        for (var item = lane; item < DEPTH * ROWS; item += LANES) {
            let k = item / ROWS;
            let m = item % ROWS;
            slab_a[k * A_COLUMN + m] = weights_a4(tile.row + 4u * m, k0 + k, k_end);
        }
        for (var item = lane; item < DEPTH * COLUMNS; item += LANES) {
            let k = k0 + item / COLUMNS;
            let n = tile.column + item % COLUMNS * 4u;
            slab_b[item / COLUMNS * B_ROW + item % COLUMNS] = vec4f(
                weights_b(k, n, k_end),
                weights_b(k, n + 1u, k_end),
                weights_b(k, n + 2u, k_end),
                weights_b(k, n + 3u, k_end),
            );
        }
        workgroupBarrier();
        add_by_columns(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let m = tile.row + 4u * local.y + r;
        for (var s = 0u; s < 4u; s++) {
            let o = tile.column + 4u * local.x + s;
            // The last row of a grid of workgroups may hold some more than there are parts.
            if m < n_rows && o < OUT_CHANNELS && tile.split * SPLIT < n_pixels {
                parts[(tile.split * n_rows + m) * OUT_CHANNELS + o] = sums[r][s];
            }
        }
    }
}
