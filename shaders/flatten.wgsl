// Maps as one vector in the logical order, channel after channel: a transposition for each picture,
//
//   forward    y[n, column, row] = x[n, row, column]
//
// x (N, ROWS, COLUMNS), y (N, COLUMNS, ROWS). Rows are the H·W pixels and columns the C channels; on the way
// back the other way round.

override ROWS: u32 = 1u;
override COLUMNS: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, COLUMNS, ROWS)
    if place >= arrayLength(&y) {
        return;
    }
    let row = place % ROWS;
    let column = place / ROWS % COLUMNS;
    let n = place / (ROWS * COLUMNS);
    y[place] = x[(n * ROWS + row) * COLUMNS + column];
}
