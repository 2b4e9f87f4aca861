// The shortcut without weights where the shape changes (He et al. 2015, option A): every s-th pixel, and
// channels of zeros behind its own.
//
//   forward    y[n, i, j, c] = x[n, i·s, j·s, c] for c < C, else 0
//   backward   dx[n, h, w, c] = dy[n, h/s, w/s, c] where both quotients are whole, else 0
//
// x (N, H, W, C) and y (N, H', W', C') with C' ≥ C.

override IN_CHANNELS: u32 = 1u;    // C
override IN_HEIGHT: u32 = 2u;      // H
override IN_WIDTH: u32 = 2u;       // W
override OUT_CHANNELS: u32 = 2u;   // C'
override OUT_HEIGHT: u32 = 1u;     // H'
override OUT_WIDTH: u32 = 1u;      // W'
override STRIDE_H: u32 = 2u;
override STRIDE_W: u32 = 2u;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@group(0) @binding(0) var<storage, read_write> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H', W', C')
    if place >= arrayLength(&y) {
        return;
    }
    let c = place % OUT_CHANNELS;
    let j = place / OUT_CHANNELS % OUT_WIDTH;
    let i = place / (OUT_CHANNELS * OUT_WIDTH) % OUT_HEIGHT;
    let n = place / (OUT_CHANNELS * OUT_WIDTH * OUT_HEIGHT);
    var value = 0.0;
    if c < IN_CHANNELS {
        value = x[((n * IN_HEIGHT + i * STRIDE_H) * IN_WIDTH + j * STRIDE_W) * IN_CHANNELS + c];
    }
    y[place] = value;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H, W, C)
    if place >= arrayLength(&dx) {
        return;
    }
    let c = place % IN_CHANNELS;
    let w = place / IN_CHANNELS % IN_WIDTH;
    let h = place / (IN_CHANNELS * IN_WIDTH) % IN_HEIGHT;
    let n = place / (IN_CHANNELS * IN_WIDTH * IN_HEIGHT);
    var value = 0.0;
    if h % STRIDE_H == 0u && w % STRIDE_W == 0u {
        value = dy[((n * OUT_HEIGHT + h / STRIDE_H) * OUT_WIDTH + w / STRIDE_W) * OUT_CHANNELS + c];
    }
    dx[place] = value;
}
