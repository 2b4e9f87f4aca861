// Put behind numbers_f32.wgsl or numbers_f16.wgsl, and one of registers_*.wgsl.
//
// The heart of a fast matrix product C = A · B, with A (M, K), B (K, N), C (M, N).
//
// A number of A is needed for all N columns of C, a number of B for all M rows. To fetch each less often, a
// workgroup of COLUMNS × ROWS invocations computes one tile of C, of R·ROWS rows and 4·V·COLUMNS columns: it
// walks along K in slabs of DEPTH, fetches the slab of A and of B once into its own fast memory, and each
// invocation adds to its R × 4V numbers of C, which stay in registers: 4·R·V multiply-adds for R + 4V numbers.
//
// Whatever the shape of the tile, each number of C is summed along K one product after the other by `fma`: all
// shapes give the same bits, and which one is used is a matter of speed alone.

override ROWS: u32 = 8u;
override COLUMNS: u32 = 8u;
override DEPTH: u32 = 16u;

override LANES: u32 = ROWS * COLUMNS;
override TILE_ROWS: u32 = R * ROWS;
override TILE_VECTORS: u32 = V * COLUMNS;   // the tile's columns, in vectors of four
// Rows of the slabs, in vectors of four numbers; one is left over, so that neighbours fall into different
// banks of the memory.
override A_ROW: u32 = DEPTH / 4u + 1u;
override A_COLUMN: u32 = TILE_ROWS / 4u + 1u;
override B_ROW: u32 = TILE_VECTORS + 1u;
override A_LEN: u32 = DEPTH + TILE_ROWS * A_ROW;   // enough for either order
override B_LEN: u32 = DEPTH * B_ROW;

// A's slab by rows, (TILE_ROWS, DEPTH), or by columns, (DEPTH, TILE_ROWS), as it is easier to fetch.
var<workgroup> slab_a: array<Short4, A_LEN>;
// B's slab by rows, (DEPTH, 4·TILE_VECTORS).
var<workgroup> slab_b: array<Short4, B_LEN>;

// An invocation's numbers of C, (R, V) in vectors of four. Its columns, and its rows likewise, lie apart, so that
// neighbours read neighbouring vectors of the slabs.
alias Sums = array<vec4f, R * V>;

// A workgroup's tile: its first row and column in C, and which of the products or parts of K it belongs to.
struct Tile {
    row: u32,
    column: u32,
    split: u32,
}

// Tiles are counted along the columns, then along the rows, then along the parts of K.
fn tile_of(group: vec3u, groups: vec3u, n_rows: u32, n_columns: u32) -> Tile {
    let number = group.x + group.y * groups.x;
    let tiles_across = (n_columns + 4u * TILE_VECTORS - 1u) / (4u * TILE_VECTORS);
    let tiles_down = (n_rows + TILE_ROWS - 1u) / TILE_ROWS;
    let row = number / tiles_across;
    return Tile(row % tiles_down * TILE_ROWS, number % tiles_across * 4u * TILE_VECTORS, row / tiles_down);
}

// The column in the tile of an invocation's v-th vector.
fn column_of(v: u32, across: u32) -> u32 {
    return 4u * (v * COLUMNS + across);
}

// The row in the tile of an invocation's r-th row, where A's slab lies by rows, and where it lies by columns.
fn row_by_rows(r: u32, down: u32) -> u32 {
    return r * ROWS + down;
}

fn row_by_columns(r: u32, down: u32) -> u32 {
    return 4u * (r / 4u * ROWS + down) + r % 4u;
}

// Adds the product of the slabs, A's by columns, to an invocation's numbers.
fn add_by_columns(sums: ptr<function, Sums>, down: u32, across: u32) {
    for (var k = 0u; k < DEPTH; k++) {
        var b: array<vec4f, V>;
        for (var v = 0u; v < V; v++) {
            b[v] = vec4f(slab_b[k * B_ROW + v * COLUMNS + across]);
        }
        for (var r = 0u; r < R; r += 4u) {
            let a = vec4f(slab_a[k * A_COLUMN + r / 4u * ROWS + down]);
            for (var v = 0u; v < V; v++) {
                (*sums)[r * V + v] = fma(vec4f(a.x), b[v], (*sums)[r * V + v]);
                (*sums)[(r + 1u) * V + v] = fma(vec4f(a.y), b[v], (*sums)[(r + 1u) * V + v]);
                (*sums)[(r + 2u) * V + v] = fma(vec4f(a.z), b[v], (*sums)[(r + 2u) * V + v]);
                (*sums)[(r + 3u) * V + v] = fma(vec4f(a.w), b[v], (*sums)[(r + 3u) * V + v]);
            }
        }
    }
}

// The same with A's slab by rows.
fn add_by_rows(sums: ptr<function, Sums>, down: u32, across: u32) {
    for (var k = 0u; k < DEPTH / 4u; k++) {
        var b: array<vec4f, 4u * V>;
        for (var i = 0u; i < 4u; i++) {
            for (var v = 0u; v < V; v++) {
                b[i * V + v] = vec4f(slab_b[(4u * k + i) * B_ROW + v * COLUMNS + across]);
            }
        }
        for (var r = 0u; r < R; r++) {
            let a = vec4f(slab_a[row_by_rows(r, down) * A_ROW + k]);
            for (var v = 0u; v < V; v++) {
                var sum = fma(vec4f(a.x), b[v], (*sums)[r * V + v]);
                sum = fma(vec4f(a.y), b[V + v], sum);
                sum = fma(vec4f(a.z), b[2u * V + v], sum);
                (*sums)[r * V + v] = fma(vec4f(a.w), b[3u * V + v], sum);
            }
        }
    }
}
