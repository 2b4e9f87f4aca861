// Put behind tile.wgsl.
//
// The three products of a fully connected layer, as linear.wgsl has them, by tiles: C (M, N) = A (M, K) · B (K, N)
//
//   forward    C = y,  A = x,            B = w                M = batch, K = in,    N = out
//   backward   C = dx, A = dy,           B = w turned         M = batch, K = out,   N = in
//   weights    C = dw, A = x turned,     B = dy               M = in,    K = batch, N = out
//
// How A and B lie in memory is told by the steps from m to m + 1, from k to k + 1 and from n to n + 1. With ONES, A has
// one more row, of ones, below its own: the last row of C is then the sum of B's rows, which is db.
//
// K may be cut into parts of SPLIT numbers, each summed by other workgroups, where a small C would otherwise
// leave most of the processor idle: parts is (K / SPLIT, M, N), and sum_parts.wgsl adds them up.

override M: u32 = 1u;   // with the row of ones
override N: u32 = 1u;
override K: u32 = 1u;
override SPLIT: u32 = 1u;
override STEP_AM: u32 = 1u;
override STEP_AK: u32 = 1u;
override STEP_BK: u32 = 1u;
override STEP_BN: u32 = 1u;
override ONES: bool = false;

@group(0) @binding(0) var<storage, read_write> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

fn a_at(m: u32, k: u32, k_end: u32) -> f32 {
    if m >= M || k >= k_end {
        return 0.0;
    }
    if ONES && m == M - 1u {
        return 1.0;
    }
    return a[m * STEP_AM + k * STEP_AK];
}

fn b_at(k: u32, n: u32, k_end: u32) -> f32 {
    if n >= N || k >= k_end {
        return 0.0;
    }
    return b[k * STEP_BK + n * STEP_BN];
}

fn store(tile: Tile, row: u32, column: u32, sums: vec4f) {
    let m = tile.row + row;
    let n = tile.column + column;
    // The last row of a grid of workgroups may hold some more than there are parts.
    if m >= M || tile.split * SPLIT >= K {
        return;
    }
    let at = (tile.split * M + m) * N + n;   // in (K / SPLIT, M, N)
    if n < N { parts[at] = sums.x; }
    if n + 1u < N { parts[at + 1u] = sums.y; }
    if n + 2u < N { parts[at + 2u] = sums.z; }
    if n + 3u < N { parts[at + 3u] = sums.w; }
}

@compute @workgroup_size(COLUMNS, ROWS)
fn product(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = tile_of(group, groups, M, N);
    let k_end = min(K, (tile.split + 1u) * SPLIT);
    var sums = Sums();
    for (var k0 = tile.split * SPLIT; k0 < k_end; k0 += DEPTH) {
        // Neighbouring invocations fetch neighbouring numbers, whichever way the matrix lies.
        for (var item = lane; item < DEPTH * ROWS; item += LANES) {
            let k = select(item / ROWS, item % DEPTH, STEP_AK == 1u);
            let row = select(item % ROWS, item / DEPTH, STEP_AK == 1u);
            let m = tile.row + 4u * row;
            slab_a[k * A_COLUMN + row] = vec4f(
                a_at(m, k0 + k, k_end),
                a_at(m + 1u, k0 + k, k_end),
                a_at(m + 2u, k0 + k, k_end),
                a_at(m + 3u, k0 + k, k_end),
            );
        }
        for (var item = lane; item < DEPTH * COLUMNS; item += LANES) {
            let k = select(item % DEPTH, item / COLUMNS, STEP_BN == 1u);
            let column = select(item / DEPTH, item % COLUMNS, STEP_BN == 1u);
            let n = tile.column + 4u * column;
            slab_b[k * B_ROW + column] = vec4f(
                b_at(k0 + k, n, k_end),
                b_at(k0 + k, n + 1u, k_end),
                b_at(k0 + k, n + 2u, k_end),
                b_at(k0 + k, n + 3u, k_end),
            );
        }
        workgroupBarrier();
        add_by_columns(&sums, local.y, local.x);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        store(tile, 4u * local.y + r, 4u * local.x, sums[r]);
    }
}
