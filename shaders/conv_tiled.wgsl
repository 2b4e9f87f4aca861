// Put behind tile.wgsl, and ones.wgsl or fours.wgsl.
//
// Convolution as conv.wgsl has it, by tiles of a matrix product C (M, N) = A (M, K) · B (K, N) in which one
// matrix is never written down: its numbers are fetched from the maps, or are zeros beyond their edges.
//
//   forward    C = y,  A (n i j, u v c) = x[n, i·s+d·u−p, j·s+d·v−p, c],      B = w (u v c, o)
//   backward   C = dx, A (n h w, u v o) = dy[n, (h+p−d·u)/s, (w+p−d·v)/s, o], B = w turned (u v o, c)
//   weights    C = dw, A (u v c, n i j) = x[n, i·s+d·u−p, j·s+d·v−p, c],      B = dy (n i j, o)
//
// A fully connected layer is the same over maps of one pixel with a window of 1×1.
//
// With GROUPS there are so many products, each over its own channels c and filters o, counted from the group's
// first one; the tiles of one group come behind those of the one before.
//
// With ONES, the A of `weights` has one more row, of ones, below its own: the last row of C is then db.
//
// K may be cut into PARTS of SPLIT numbers, each summed by other workgroups, where a small C would otherwise leave
// most of the processor idle: C is then (PARTS, M, N), and sum_parts.wgsl adds the parts up.
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
override BIAS: bool = false;       // b is added, and with RELU y = max(0, y); only where there is one part
override RELU: bool = false;
override ONES: bool = false;
override PARTS: u32 = 1u;
override SPLIT: u32 = 16u;         // a multiple of 16

// Channels and filters of one group.
override IN_GROUP: u32 = IN_CHANNELS / GROUPS;
override OUT_GROUP: u32 = OUT_CHANNELS / GROUPS;
override IN_AREA: u32 = IN_HEIGHT * IN_WIDTH;
override OUT_AREA: u32 = OUT_HEIGHT * OUT_WIDTH;
override FORWARD_K: u32 = KERNEL_H * KERNEL_W * IN_GROUP;
override BACKWARD_K: u32 = KERNEL_H * KERNEL_W * OUT_GROUP;

@group(0) @binding(3) var<storage, read_write> b: array<f32>;   // bound only where BIAS asks for it

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

// A number of A at (m, k), for `weights` at (k, m), zero beyond the edges of K and of the maps.

fn forward_a(m: u32, k: u32, group: u32) -> f32 {
    if k >= FORWARD_K {
        return 0.0;
    }
    let place = x_place(pixel_of(m, OUT_HEIGHT, OUT_WIDTH), tap_of(k, IN_GROUP), group);
    if place == OUTSIDE {
        return 0.0;
    }
    return first_one(place);
}

fn backward_a(m: u32, k: u32, group: u32) -> f32 {
    if k >= BACKWARD_K {
        return 0.0;
    }
    let place = dy_place(pixel_of(m, IN_HEIGHT, IN_WIDTH), tap_of(k, OUT_GROUP), group);
    if place == OUTSIDE {
        return 0.0;
    }
    return first_one(place);
}

// Four numbers of A side by side in k or, for `weights`, in m. Where the channels come in fours, they lie side
// by side in memory as well, all inside or all outside.

fn forward_a4(m: u32, n_pixels: u32, k: u32, group: u32) -> vec4f {
    if m >= n_pixels || k >= FORWARD_K {
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
    if place == OUTSIDE {
        return vec4f(0.0);
    }
    return first_four(place);
}

fn backward_a4(m: u32, n_pixels: u32, k: u32, group: u32) -> vec4f {
    if m >= n_pixels || k >= BACKWARD_K {
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
    if place == OUTSIDE {
        return vec4f(0.0);
    }
    return first_four(place);
}

fn weights_a4(m: u32, k: u32, n_pixels: u32, group: u32) -> vec4f {
    if k >= n_pixels {
        return vec4f(0.0);
    }
    // One where the row of ones lies; beyond the taps all else is zero.
    let ones = select(vec4f(0.0), vec4f(1.0), vec4<bool>(ONES) & (vec4u(FORWARD_K) == m + vec4u(0u, 1u, 2u, 3u)));
    if m >= FORWARD_K {
        return ones;
    }
    if IN_GROUP % 4u != 0u {
        return ones + vec4f(
            forward_a(k, m, group),
            forward_a(k, m + 1u, group),
            forward_a(k, m + 2u, group),
            forward_a(k, m + 3u, group),
        );
    }
    let place = x_place(pixel_of(k, OUT_HEIGHT, OUT_WIDTH), tap_of(m, IN_GROUP), group);
    if place == OUTSIDE {
        return vec4f(0.0);
    }
    return first_four(place);
}

// Four numbers side by side of a row of B that begins at `row` and has `n_columns`, from column n on.
fn row_of_b4(row: u32, n: u32, n_columns: u32) -> vec4f {
    if n >= n_columns {
        return vec4f(0.0);
    }
    let at = row + n;
    if n_columns % 4u == 0u {
        return second_four(at);
    }
    var four = vec4f(second_one(at), 0.0, 0.0, 0.0);
    if n + 1u < n_columns { four.y = second_one(at + 1u); }
    if n + 2u < n_columns { four.z = second_one(at + 2u); }
    if n + 3u < n_columns { four.w = second_one(at + 3u); }
    return four;
}

fn forward_b4(k: u32, n: u32, group: u32) -> vec4f {
    if k >= FORWARD_K {
        return vec4f(0.0);
    }
    return row_of_b4(k * OUT_CHANNELS + group * OUT_GROUP, n, OUT_GROUP);
}

fn weights_b4(k: u32, n: u32, n_pixels: u32, group: u32) -> vec4f {
    if k >= n_pixels {
        return vec4f(0.0);
    }
    return row_of_b4(k * OUT_CHANNELS + group * OUT_GROUP, n, OUT_GROUP);
}

fn backward_b(k: u32, n: u32, group: u32) -> f32 {
    if k >= BACKWARD_K {
        return 0.0;
    }
    return second_one((k / OUT_GROUP * IN_GROUP + n) * OUT_CHANNELS + group * OUT_GROUP + k % OUT_GROUP);
}

// Four numbers below each other of a column of B, which lie side by side in memory where filters come in fours.
fn backward_b4(k: u32, n: u32, group: u32) -> vec4f {
    if n >= IN_GROUP || k >= BACKWARD_K {
        return vec4f(0.0);
    }
    if OUT_GROUP % 4u == 0u {
        return second_four((k / OUT_GROUP * IN_GROUP + n) * OUT_CHANNELS + group * OUT_GROUP + k % OUT_GROUP);
    }
    return vec4f(
        backward_b(k, n, group),
        backward_b(k + 1u, n, group),
        backward_b(k + 2u, n, group),
        backward_b(k + 3u, n, group),
    );
}

// What a tile sums: the group it belongs to, the part of K and where that begins and ends. The last row of a grid
// of workgroups may hold some more than there are tiles; theirs is group GROUPS, and an empty sum.
struct Share {
    group: u32,
    part: u32,
    begin: u32,
    end: u32,
}

fn share_of(tile: Tile, k: u32) -> Share {
    let group = min(tile.split / PARTS, GROUPS);
    let part = tile.split % PARTS;
    let end = select(0u, min(k, (part + 1u) * SPLIT), group < GROUPS);
    return Share(group, part, part * SPLIT, end);
}

// Numbers of n_columns that are left at a column.
fn left(column: u32, n_columns: u32) -> u32 {
    return n_columns - min(column, n_columns);
}

// What becomes of four sums of y in filters o … o + 3, of which so many there are.
fn finished(sums: vec4f, o: u32, n: u32) -> vec4f {
    var y = sums;
    if BIAS {
        if n > 0u { y.x += b[o]; }
        if n > 1u { y.y += b[o + 1u]; }
        if n > 2u { y.z += b[o + 2u]; }
        if n > 3u { y.w += b[o + 3u]; }
    }
    return select(y, vec4f(0.0), vec4<bool>(RELU) & (y <= vec4f(0.0)));
}

@compute @workgroup_size(COLUMNS, ROWS)
fn forward(
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n_pixels = first_len() / (IN_AREA * IN_CHANNELS) * OUT_AREA;
    let tile = tile_of(workgroup, workgroups, n_pixels, OUT_GROUP);
    let share = share_of(tile, FORWARD_K);
    var sums = Sums();
    for (var k0 = share.begin; k0 < share.end; k0 += DEPTH) {
        for (var item = lane; item < TILE_ROWS * (DEPTH / 4u); item += LANES) {
            let m = item / (DEPTH / 4u);
            let k = item % (DEPTH / 4u);
            slab_a[m * A_ROW + k] = Short4(forward_a4(tile.row + m, n_pixels, k0 + 4u * k, share.group));
        }
        for (var item = lane; item < DEPTH * TILE_VECTORS; item += LANES) {
            let k = item / TILE_VECTORS;
            let n = item % TILE_VECTORS;
            slab_b[k * B_ROW + n] = Short4(forward_b4(k0 + k, tile.column + 4u * n, share.group));
        }
        workgroupBarrier();
        add_by_rows(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < R; r++) {
        let m = tile.row + row_by_rows(r, local.y);
        if m >= n_pixels || share.group >= GROUPS {
            continue;
        }
        for (var v = 0u; v < V; v++) {
            let column = tile.column + column_of(v, local.x);
            let n = left(column, OUT_GROUP);
            let o = share.group * OUT_GROUP + column;
            put((share.part * n_pixels + m) * OUT_CHANNELS + o, n, finished(sums[r * V + v], o, n));
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
    let n_pixels = first_len() / (OUT_AREA * OUT_CHANNELS) * IN_AREA;
    let tile = tile_of(workgroup, workgroups, n_pixels, IN_GROUP);
    let share = share_of(tile, BACKWARD_K);
    var sums = Sums();
    for (var k0 = share.begin; k0 < share.end; k0 += DEPTH) {
        for (var item = lane; item < TILE_ROWS * (DEPTH / 4u); item += LANES) {
            let m = item / (DEPTH / 4u);
            let k = item % (DEPTH / 4u);
            let dy = backward_a4(tile.row + m, n_pixels, k0 + 4u * k, share.group);
            slab_a[m * A_ROW + k] = Short4(GRADIENT_SCALE * dy);
        }
        // B lies turned in memory: four columns of four numbers each are fetched and turned.
        for (var item = lane; item < DEPTH / 4u * TILE_VECTORS; item += LANES) {
            let k = item % (DEPTH / 4u) * 4u;
            let n = item / (DEPTH / 4u);
            let b0 = backward_b4(k0 + k, tile.column + 4u * n, share.group);
            let b1 = backward_b4(k0 + k, tile.column + 4u * n + 1u, share.group);
            let b2 = backward_b4(k0 + k, tile.column + 4u * n + 2u, share.group);
            let b3 = backward_b4(k0 + k, tile.column + 4u * n + 3u, share.group);
            slab_b[k * B_ROW + n] = Short4(vec4f(b0.x, b1.x, b2.x, b3.x));
            slab_b[(k + 1u) * B_ROW + n] = Short4(vec4f(b0.y, b1.y, b2.y, b3.y));
            slab_b[(k + 2u) * B_ROW + n] = Short4(vec4f(b0.z, b1.z, b2.z, b3.z));
            slab_b[(k + 3u) * B_ROW + n] = Short4(vec4f(b0.w, b1.w, b2.w, b3.w));
        }
        workgroupBarrier();
        add_by_rows(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < R; r++) {
        let m = tile.row + row_by_rows(r, local.y);
        if m >= n_pixels || share.group >= GROUPS {
            continue;
        }
        for (var v = 0u; v < V; v++) {
            let column = tile.column + column_of(v, local.x);
            let c = share.group * IN_GROUP + column;
            let at = (share.part * n_pixels + m) * IN_CHANNELS + c;
            put(at, left(column, IN_GROUP), sums[r * V + v] * (1.0 / GRADIENT_SCALE));
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
    let n_pixels = first_len() / (IN_AREA * IN_CHANNELS) * OUT_AREA;
    let n_rows = FORWARD_K + select(0u, 1u, ONES);
    let tile = tile_of(workgroup, workgroups, n_rows, OUT_GROUP);
    let share = share_of(tile, n_pixels);
    var sums = Sums();
    for (var k0 = share.begin; k0 < share.end; k0 += DEPTH) {
        // Neighbours go along the channels, in A and in B.
        for (var item = lane; item < DEPTH * (TILE_ROWS / 4u); item += LANES) {
            let k = item / (TILE_ROWS / 4u);
            let m = item % (TILE_ROWS / 4u);
            slab_a[k * A_COLUMN + m] = Short4(weights_a4(tile.row + 4u * m, k0 + k, n_pixels, share.group));
        }
        for (var item = lane; item < DEPTH * TILE_VECTORS; item += LANES) {
            let k = item / TILE_VECTORS;
            let n = item % TILE_VECTORS;
            let dy = weights_b4(k0 + k, tile.column + 4u * n, n_pixels, share.group);
            slab_b[k * B_ROW + n] = Short4(GRADIENT_SCALE * dy);
        }
        workgroupBarrier();
        add_by_columns(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < R; r++) {
        let m = tile.row + row_by_columns(r, local.y);
        if m >= n_rows || share.group >= GROUPS {
            continue;
        }
        for (var v = 0u; v < V; v++) {
            let column = tile.column + column_of(v, local.x);
            let at = (share.part * n_rows + m) * OUT_CHANNELS + share.group * OUT_GROUP + column;
            put(at, left(column, OUT_GROUP), sums[r * V + v] * (1.0 / GRADIENT_SCALE));
        }
    }
}
