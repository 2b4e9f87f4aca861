// A constant for each channel, over the M = N·H·W pixels of the batch:
//
//   forward    y[m, c] = x[m, c] + b[c]
//   sums       db[c] = Σ over m of dy[m, c], the pixels cut into parts of ROWS, each summed by an invocation of
//              its own: parts is (M / ROWS, C), and sum_parts.wgsl adds them up
//
// x, y, dy (M, C); b (C). The gradient by x is dy itself.

override CHANNELS: u32 = 1u;   // C
override COUNT: u32 = 1u;      // M
override ROWS: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@group(0) @binding(0) var<storage, read_write> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (M, C)
    if place >= arrayLength(&y) {
        return;
    }
    y[place] = x[place] + b[place % CHANNELS];
}

@compute @workgroup_size(64)
fn sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (M / ROWS, C)
    if place >= arrayLength(&parts) {
        return;
    }
    let c = place % CHANNELS;
    let begin = place / CHANNELS * ROWS;
    var sum = 0.0;
    for (var m = begin; m < min(begin + ROWS, COUNT); m++) {
        sum += dy[m * CHANNELS + c];
    }
    parts[place] = sum;
}
