// Convolution (as the field uses the word: cross-correlation) with stride s and padding p, x zero outside:
//
//   forward    y[n, i, j, o] = b[o] + Σ over (u, v, c) of x[n, i·s+u−p, j·s+v−p, c] · w[u, v, c, o],
//              and with RELU y = max(0, y)
//   backward   dx[n, h, w, c] = Σ over (u, v, o) of dy[n, (h+p−u)/s, (w+p−v)/s, o] · w[u, v, c, o],
//              over the taps where both quotients are whole and lie within dy
//   weights    dw[u, v, c, o] = Σ over (n, i, j) of x[n, i·s+u−p, j·s+v−p, c] · dy[n, i, j, o]
//   bias       db[o] = Σ over (n, i, j) of dy[n, i, j, o]
//
// x, dx (N, H, W, C); y, dy (N, H', W', O); w, dw (kH, kW, C, O); b, db (O). One invocation for each number of
// the result: plain, and slow for large layers, because it reads every number again and again (see
// conv_tiled.wgsl).

override BATCH: u32 = 1u;          // N
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
override BIAS: bool = true;        // without it, any array may be bound in its place
override RELU: bool = false;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@group(0) @binding(0) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@group(0) @binding(1) var<storage, read_write> dy_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;
@group(0) @binding(1) var<storage, read_write> db: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H', W', O)
    if place >= arrayLength(&y) {
        return;
    }
    let o = place % OUT_CHANNELS;
    let j = place / OUT_CHANNELS % OUT_WIDTH;
    let i = place / (OUT_CHANNELS * OUT_WIDTH) % OUT_HEIGHT;
    let n = place / (OUT_CHANNELS * OUT_WIDTH * OUT_HEIGHT);
    var sum = 0.0;
    for (var u = 0u; u < KERNEL_H; u++) {
        let row = i * STRIDE_H + u;   // of x with its padding
        if row < PADDING_H || row >= PADDING_H + IN_HEIGHT {
            continue;
        }
        for (var v = 0u; v < KERNEL_W; v++) {
            let column = j * STRIDE_W + v;
            if column < PADDING_W || column >= PADDING_W + IN_WIDTH {
                continue;
            }
            let pixel = ((n * IN_HEIGHT + row - PADDING_H) * IN_WIDTH + column - PADDING_W) * IN_CHANNELS;
            let tap = (u * KERNEL_W + v) * IN_CHANNELS;
            for (var c = 0u; c < IN_CHANNELS; c++) {
                sum += x[pixel + c] * w[(tap + c) * OUT_CHANNELS + o];
            }
        }
    }
    if BIAS {
        sum += b[o];
    }
    y[place] = select(sum, 0.0, RELU && sum <= 0.0);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H, W, C)
    if place >= arrayLength(&dx) {
        return;
    }
    let c = place % IN_CHANNELS;
    let column = place / IN_CHANNELS % IN_WIDTH;
    let row = place / (IN_CHANNELS * IN_WIDTH) % IN_HEIGHT;
    let n = place / (IN_CHANNELS * IN_WIDTH * IN_HEIGHT);
    var sum = 0.0;
    for (var u = 0u; u < KERNEL_H; u++) {
        // h + p − u, which must be i·s for an i below H'.
        let start_h = row + PADDING_H;
        if start_h < u || (start_h - u) % STRIDE_H != 0u || (start_h - u) / STRIDE_H >= OUT_HEIGHT {
            continue;
        }
        for (var v = 0u; v < KERNEL_W; v++) {
            let start_w = column + PADDING_W;
            if start_w < v || (start_w - v) % STRIDE_W != 0u || (start_w - v) / STRIDE_W >= OUT_WIDTH {
                continue;
            }
            let i = (start_h - u) / STRIDE_H;
            let j = (start_w - v) / STRIDE_W;
            let pixel = ((n * OUT_HEIGHT + i) * OUT_WIDTH + j) * OUT_CHANNELS;
            let tap = ((u * KERNEL_W + v) * IN_CHANNELS + c) * OUT_CHANNELS;
            for (var o = 0u; o < OUT_CHANNELS; o++) {
                sum += dy[pixel + o] * w[tap + o];
            }
        }
    }
    dx[place] = sum;
}

@compute @workgroup_size(64)
fn weights(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (kH, kW, C, O)
    if place >= arrayLength(&dw) {
        return;
    }
    let o = place % OUT_CHANNELS;
    let c = place / OUT_CHANNELS % IN_CHANNELS;
    let v = place / (OUT_CHANNELS * IN_CHANNELS) % KERNEL_W;
    let u = place / (OUT_CHANNELS * IN_CHANNELS * KERNEL_W);
    var sum = 0.0;
    for (var n = 0u; n < BATCH; n++) {
        for (var i = 0u; i < OUT_HEIGHT; i++) {
            let row = i * STRIDE_H + u;   // of x with its padding
            if row < PADDING_H || row >= PADDING_H + IN_HEIGHT {
                continue;
            }
            for (var j = 0u; j < OUT_WIDTH; j++) {
                let column = j * STRIDE_W + v;
                if column < PADDING_W || column >= PADDING_W + IN_WIDTH {
                    continue;
                }
                let pixel = (n * IN_HEIGHT + row - PADDING_H) * IN_WIDTH + column - PADDING_W;
                let out = (n * OUT_HEIGHT + i) * OUT_WIDTH + j;
                sum += x[pixel * IN_CHANNELS + c] * dy_in[out * OUT_CHANNELS + o];
            }
        }
    }
    dw[place] = sum;
}

@compute @workgroup_size(64)
fn bias(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= OUT_CHANNELS {
        return;
    }
    var sum = 0.0;
    for (var place = id.x; place < arrayLength(&dy); place += OUT_CHANNELS) {
        sum += dy[place];
    }
    db[id.x] = sum;
}
