// Put behind tile.wgsl.
//
// Convolution as conv.wgsl has it, by tiles of a matrix product C (M, N) = A (M, K) · B (K, N) in which one
// matrix is never written down: its numbers are fetched from the maps, or are zeros beyond their edges.
//
//   forward    C = y,  A (n i j, u v c) = x[n, i·s+d·u−p, j·s+d·v−p, c],      B = w (u v c, o)
//   backward   C = dx, A (n h w, u v o) = dy[n, (h+p−d·u)/s, (w+p−d·v)/s, o], B = w turned (u v o, c)
//   weights    C = dw, A (u v c, n i j) = x[n, i·s+d·u−p, j·s+d·v−p, c],      B = dy (n i j, o)
//
// With GROUPS there are so many products, each over its own channels c and filters o, counted from the group's
// first one; the tiles of one group come behind those of the one before.
//
// With BIAS, the A of `weights` has one more row, of ones, below its own: the last row of C is then db. Its
// long sum over all pixels is cut into parts of SPLIT, each summed by other workgroups: parts is
// (pixels / SPLIT, M, O), and sum_parts.wgsl adds them up.
//
// x, dx (N, H, W, C); y, dy (N, H', W', O); w, dw (kH, kW, C/GROUPS, O); b, db (O).

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
override DILATION_H: u32 = 1u;
override DILATION_W: u32 = 1u;
override GROUPS: u32 = 1u;
override BIAS: bool = false;
override RELU: bool = false;
override SPLIT: u32 = 16u;

// Channels and filters of one group.
override IN_GROUP: u32 = IN_CHANNELS / GROUPS;
override OUT_GROUP: u32 = OUT_CHANNELS / GROUPS;
override FORWARD_K: u32 = KERNEL_H * KERNEL_W * IN_GROUP;
override BACKWARD_K: u32 = KERNEL_H * KERNEL_W * OUT_GROUP;

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

// Place of the number of x that output pixel (n, i, j) sees through tap (u, v, c) of a group.
fn x_place(pixel: vec3u, tap: vec3u, group: u32) -> u32 {
    let row = pixel.y * STRIDE_H + tap.x * DILATION_H;   // of x with its padding
    let column = pixel.z * STRIDE_W + tap.y * DILATION_W;
    if row < PADDING_H || row >= PADDING_H + IN_HEIGHT || column < PADDING_W || column >= PADDING_W + IN_WIDTH {
        return OUTSIDE;
    }
    let at = (pixel.x * IN_HEIGHT + row - PADDING_H) * IN_WIDTH + column - PADDING_W;
    return at * IN_CHANNELS + group * IN_GROUP + tap.z;
}

// Place of the number of dy that saw input pixel (n, h, w) through tap (u, v), in channel o of a group.
fn dy_place(pixel: vec3u, tap: vec3u, group: u32) -> u32 {
    // i·s; below zero it wraps to a large number and fails the test.
    let row = pixel.y + PADDING_H - tap.x * DILATION_H;
    let column = pixel.z + PADDING_W - tap.y * DILATION_W;
    let i = row / STRIDE_H;
    let j = column / STRIDE_W;
    if i >= OUT_HEIGHT || j >= OUT_WIDTH || row % STRIDE_H != 0u || column % STRIDE_W != 0u {
        return OUTSIDE;
    }
    return ((pixel.x * OUT_HEIGHT + i) * OUT_WIDTH + j) * OUT_CHANNELS + group * OUT_GROUP + tap.z;
}

// A number of A at (m, k) for each pass, zero beyond its edges.

fn forward_a(m: u32, k: u32, group: u32) -> f32 {
    if k >= FORWARD_K {
        return 0.0;
    }
    let place = x_place(pixel_of(m, OUT_HEIGHT, OUT_WIDTH), tap_of(k, IN_GROUP), group);
    if place == OUTSIDE {
        return 0.0;
    }
    return x[place];
}

fn backward_a(m: u32, k: u32, group: u32) -> f32 {
    if k >= BACKWARD_K {
        return 0.0;
    }
    let place = dy_place(pixel_of(m, IN_HEIGHT, IN_WIDTH), tap_of(k, OUT_GROUP), group);
    if place == OUTSIDE {
        return 0.0;
    }
    return dy[place];
}

fn weights_a(m: u32, k: u32, group: u32) -> f32 {
    if m >= FORWARD_K {
        return select(0.0, 1.0, m == FORWARD_K);
    }
    return forward_a(k, m, group);
}

// Four numbers of A side by side in k or, for `weights`, in m. Where the channels come in fours, they lie side
// by side in memory as well, all inside or all outside.

fn forward_a4(m: u32, n_pixels: u32, k: u32, group: u32) -> vec4f {
    if m >= n_pixels {
        return vec4f(0.0);
    }
    if IN_GROUP % 4u != 0u {
        return vec4f(
            forward_a(m, k, group),
            forward_a(m, k + 1u, group),
            forward_a(m, k + 2u, group),
            forward_a(m, k + 3u, group),
        );
    }
    let place = x_place(pixel_of(m, OUT_HEIGHT, OUT_WIDTH), tap_of(k, IN_GROUP), group);
    if k >= FORWARD_K || place == OUTSIDE {
        return vec4f(0.0);
    }
    return vec4f(x[place], x[place + 1u], x[place + 2u], x[place + 3u]);
}

fn backward_a4(m: u32, n_pixels: u32, k: u32, group: u32) -> vec4f {
    if m >= n_pixels {
        return vec4f(0.0);
    }
    if OUT_GROUP % 4u != 0u {
        return vec4f(
            backward_a(m, k, group),
            backward_a(m, k + 1u, group),
            backward_a(m, k + 2u, group),
            backward_a(m, k + 3u, group),
        );
    }
    let place = dy_place(pixel_of(m, IN_HEIGHT, IN_WIDTH), tap_of(k, OUT_GROUP), group);
    if k >= BACKWARD_K || place == OUTSIDE {
        return vec4f(0.0);
    }
    return vec4f(dy[place], dy[place + 1u], dy[place + 2u], dy[place + 3u]);
}

fn weights_a4(m: u32, k: u32, k_end: u32, group: u32) -> vec4f {
    if k >= k_end {
        return vec4f(0.0);
    }
    if IN_GROUP % 4u != 0u || m >= FORWARD_K {
        return vec4f(
            weights_a(m, k, group),
            weights_a(m + 1u, k, group),
            weights_a(m + 2u, k, group),
            weights_a(m + 3u, k, group),
        );
    }
    let place = x_place(pixel_of(k, OUT_HEIGHT, OUT_WIDTH), tap_of(m, IN_GROUP), group);
    if place == OUTSIDE {
        return vec4f(0.0);
    }
    return vec4f(x[place], x[place + 1u], x[place + 2u], x[place + 3u]);
}

// Row k of B at column n, for the three passes.

fn forward_b(k: u32, n: u32, group: u32) -> f32 {
    if k >= FORWARD_K || n >= OUT_GROUP {
        return 0.0;
    }
    return w[k * OUT_CHANNELS + group * OUT_GROUP + n];
}

fn backward_b(k: u32, n: u32, group: u32) -> f32 {
    if k >= BACKWARD_K || n >= IN_GROUP {
        return 0.0;
    }
    return w[(k / OUT_GROUP * IN_GROUP + n) * OUT_CHANNELS + group * OUT_GROUP + k % OUT_GROUP];
}

fn weights_b(k: u32, n: u32, k_end: u32, group: u32) -> f32 {
    if k >= k_end || n >= OUT_GROUP {
        return 0.0;
    }
    return dy_in[k * OUT_CHANNELS + group * OUT_GROUP + n];
}

// The group that a tile belongs to, of tiles whose sums are cut into so many parts. The last row of a grid of
// workgroups may hold some more than there are tiles; their group is GROUPS, and they must do nothing.
fn group_of(tile: Tile, n_parts: u32) -> u32 {
    return min(tile.split / n_parts, GROUPS);
}

@compute @workgroup_size(COLUMNS, ROWS)
fn forward(
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n_pixels = arrayLength(&y) / OUT_CHANNELS;
    let tile = tile_of(workgroup, workgroups, n_pixels, OUT_GROUP);
    let group = group_of(tile, 1u);
    let k_end = select(0u, FORWARD_K, group < GROUPS);
    var sums = Sums();
    for (var k0 = 0u; k0 < k_end; k0 += DEPTH) {
        for (var item = lane; item < DEPTH * ROWS; item += LANES) {
            let m = item / (DEPTH / 4u);
            let k = item % (DEPTH / 4u);
            slab_a[m * A_ROW + k] = forward_a4(tile.row + m, n_pixels, k0 + 4u * k, group);
        }
        for (var item = lane; item < DEPTH * COLUMNS; item += LANES) {
            let k = k0 + item / COLUMNS;
            let n = tile.column + item % COLUMNS * 4u;
            slab_b[item / COLUMNS * B_ROW + item % COLUMNS] = vec4f(
                forward_b(k, n, group),
                forward_b(k, n + 1u, group),
                forward_b(k, n + 2u, group),
                forward_b(k, n + 3u, group),
            );
        }
        workgroupBarrier();
        add_by_rows(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let m = tile.row + 4u * local.y + r;
        for (var s = 0u; s < 4u; s++) {
            let column = tile.column + 4u * local.x + s;
            if m < n_pixels && column < OUT_GROUP && group < GROUPS {
                let o = group * OUT_GROUP + column;
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
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n_pixels = arrayLength(&dx) / IN_CHANNELS;
    let tile = tile_of(workgroup, workgroups, n_pixels, IN_GROUP);
    let group = group_of(tile, 1u);
    let k_end = select(0u, BACKWARD_K, group < GROUPS);
    var sums = Sums();
    for (var k0 = 0u; k0 < k_end; k0 += DEPTH) {
        for (var item = lane; item < DEPTH * ROWS; item += LANES) {
            let m = item / (DEPTH / 4u);
            let k = item % (DEPTH / 4u);
            slab_a[m * A_ROW + k] = backward_a4(tile.row + m, n_pixels, k0 + 4u * k, group);
        }
        // B lies turned in memory, so neighbours go along K.
        for (var item = lane; item < DEPTH * COLUMNS; item += LANES) {
            let k = k0 + item % DEPTH;
            let n = tile.column + item / DEPTH * 4u;
            slab_b[item % DEPTH * B_ROW + item / DEPTH] = vec4f(
                backward_b(k, n, group),
                backward_b(k, n + 1u, group),
                backward_b(k, n + 2u, group),
                backward_b(k, n + 3u, group),
            );
        }
        workgroupBarrier();
        add_by_rows(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let m = tile.row + 4u * local.y + r;
        for (var s = 0u; s < 4u; s++) {
            let c = tile.column + 4u * local.x + s;
            if m < n_pixels && c < IN_GROUP && group < GROUPS {
                dx[m * IN_CHANNELS + group * IN_GROUP + c] = sums[r][s];
            }
        }
    }
}

@compute @workgroup_size(COLUMNS, ROWS)
fn weights(
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n_pixels = arrayLength(&dy_in) / OUT_CHANNELS;
    let n_rows = FORWARD_K + select(0u, 1u, BIAS);
    let tile = tile_of(workgroup, workgroups, n_rows, OUT_GROUP);
    let n_parts = (n_pixels + SPLIT - 1u) / SPLIT;
    let group = group_of(tile, n_parts);
    let part = tile.split % n_parts;
    let k_end = select(0u, min(n_pixels, (part + 1u) * SPLIT), group < GROUPS);
    var sums = Sums();
    for (var k0 = part * SPLIT; k0 < k_end; k0 += DEPTH) {
        // Neighbours go along the channels, in A and in B.
        for (var item = lane; item < DEPTH * ROWS; item += LANES) {
            let k = item / ROWS;
            let m = item % ROWS;
            slab_a[k * A_COLUMN + m] = weights_a4(tile.row + 4u * m, k0 + k, k_end, group);
        }
        for (var item = lane; item < DEPTH * COLUMNS; item += LANES) {
            let k = k0 + item / COLUMNS;
            let n = tile.column + item % COLUMNS * 4u;
            slab_b[item / COLUMNS * B_ROW + item % COLUMNS] = vec4f(
                weights_b(k, n, k_end, group),
                weights_b(k, n + 1u, k_end, group),
                weights_b(k, n + 2u, k_end, group),
                weights_b(k, n + 3u, k_end, group),
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
            if m < n_rows && o < OUT_GROUP && group < GROUPS {
                parts[(part * n_rows + m) * OUT_CHANNELS + group * OUT_GROUP + o] = sums[r][s];
            }
        }
    }
}
