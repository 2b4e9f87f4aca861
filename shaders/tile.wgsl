// The heart of a fast matrix product C = A · B, with A (M, K), B (K, N), C (M, N).
//
// A number of A is needed for all N columns of C, a number of B for all M rows. To fetch each less often, a
// workgroup of COLUMNS × ROWS invocations computes one tile of C, of 4·ROWS rows and 4·COLUMNS columns: it
// walks along K in slabs of DEPTH, fetches the slab of A and of B once into its own fast memory, and each
// invocation adds to its 4×4 numbers of C, which stay in registers: 16 multiply-adds for 8 numbers read.

override ROWS: u32 = 16u;
override COLUMNS: u32 = 16u;
const DEPTH: u32 = 16u;

override LANES: u32 = ROWS * COLUMNS;
// Rows of the slabs, in vectors of four numbers; one is left over, so that neighbours fall into different
// banks of the memory.
const A_ROW: u32 = DEPTH / 4u + 1u;
override A_COLUMN: u32 = ROWS + 1u;
override B_ROW: u32 = COLUMNS + 1u;
override A_LEN: u32 = DEPTH + 4u * ROWS * A_ROW;   // enough for either order
override B_LEN: u32 = DEPTH * B_ROW;

// A's slab by rows, (4·ROWS, DEPTH), or by columns, (DEPTH, 4·ROWS), as it is easier to fetch.
var<workgroup> slab_a: array<vec4f, A_LEN>;
// B's slab by rows, (DEPTH, 4·COLUMNS).
var<workgroup> slab_b: array<vec4f, B_LEN>;

// Four rows of four columns of C.
alias Sums = array<vec4f, 4>;

// A workgroup's tile: its first row and column in C, and the part of K it sums over.
struct Tile {
    row: u32,
    column: u32,
    split: u32,
}

// Tiles are counted along the columns, then along the rows, then along the parts of K.
fn tile_of(group: vec3u, groups: vec3u, n_rows: u32, n_columns: u32) -> Tile {
    let number = group.x + group.y * groups.x;
    let tiles_across = (n_columns + 4u * COLUMNS - 1u) / (4u * COLUMNS);
    let tiles_down = (n_rows + 4u * ROWS - 1u) / (4u * ROWS);
    let row = number / tiles_across;
    return Tile(row % tiles_down * 4u * ROWS, number % tiles_across * 4u * COLUMNS, row / tiles_down);
}

// Adds the product of the slabs, A's by columns, to an invocation's rows 4·row … and columns 4·column … of
// the tile.
fn add_by_columns(sums: ptr<function, Sums>, row: u32, column: u32) {
    for (var k = 0u; k < DEPTH; k++) {
        let a = slab_a[k * A_COLUMN + row];
        let b = slab_b[k * B_ROW + column];
        (*sums)[0] += a.x * b;
        (*sums)[1] += a.y * b;
        (*sums)[2] += a.z * b;
        (*sums)[3] += a.w * b;
    }
}

// The same with A's slab by rows.
fn add_by_rows(sums: ptr<function, Sums>, row: u32, column: u32) {
    let a = 4u * row * A_ROW;
    for (var k = 0u; k < DEPTH / 4u; k++) {
        let b0 = slab_b[(4u * k) * B_ROW + column];
        let b1 = slab_b[(4u * k + 1u) * B_ROW + column];
        let b2 = slab_b[(4u * k + 2u) * B_ROW + column];
        let b3 = slab_b[(4u * k + 3u) * B_ROW + column];
        let a0 = slab_a[a + k];
        (*sums)[0] += a0.x * b0 + a0.y * b1 + a0.z * b2 + a0.w * b3;
        let a1 = slab_a[a + A_ROW + k];
        (*sums)[1] += a1.x * b0 + a1.y * b1 + a1.z * b2 + a1.w * b3;
        let a2 = slab_a[a + 2u * A_ROW + k];
        (*sums)[2] += a2.x * b0 + a2.y * b1 + a2.z * b2 + a2.w * b3;
        let a3 = slab_a[a + 3u * A_ROW + k];
        (*sums)[3] += a3.x * b0 + a3.y * b1 + a3.z * b2 + a3.w * b3;
    }
}
