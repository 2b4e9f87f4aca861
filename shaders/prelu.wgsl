// A ReLU with a learned slope below 0, one for all numbers or one for each channel:
//
//   forward    y[m, c] = x[m, c] where x > 0, else a[c] · x[m, c]
//   backward   dx[m, c] = dy[m, c] where x > 0, else a[c] · dy[m, c]
//   sums       da[c] = Σ over m of x[m, c] · dy[m, c] where x ≤ 0, the pixels cut into parts of ROWS, each summed
//              by an invocation of its own: parts is (M / ROWS, C), and sum_parts.wgsl adds them up
//
// x, y, dx, dy (M, C) over the M = N·H·W pixels of the batch; a (C) or (1).

override CHANNELS: u32 = 1u;   // C
override SLOPES: u32 = 1u;     // C or 1
override COUNT: u32 = 1u;      // M
override ROWS: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> slopes: array<f32>;   // a
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (M, C)
    if place >= arrayLength(&y) {
        return;
    }
    let v = x[place];
    y[place] = select(a[place % SLOPES] * v, v, v > 0.0);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (M, C)
    if place >= arrayLength(&dx) {
        return;
    }
    let gradient = dy[place];
    dx[place] = select(slopes[place % SLOPES] * gradient, gradient, x[place] > 0.0);
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
        let v = x[m * CHANNELS + c];
        sum += select(v * dy[m * CHANNELS + c], 0.0, v > 0.0);
    }
    parts[place] = sum;
}
