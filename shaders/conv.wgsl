// Convolution (as the field uses the word: cross-correlation) with stride s, padding p before the maps and
// dilation d, x zero outside:
//
//   forward    y[n, i, j, o] = b[o] + Σ over (u, v, c) of x[n, i·s+d·u−p, j·s+d·v−p, c] · w[u, v, c, o],
//              and with RELU y = max(0, y)
//   backward   dx[n, h, w, c] = Σ over (u, v, o) of dy[n, (h+p−d·u)/s, (w+p−d·v)/s, o] · w[u, v, c, o],
//              over the taps where both quotients are whole and lie within dy
//   weights    dw[u, v, c, o] = Σ over (n, i, j) of x[n, i·s+d·u−p, j·s+d·v−p, c] · dy[n, i, j, o]
//   bias       db[o] = Σ over (n, i, j) of dy[n, i, j, o]
//
// With GROUPS the channels and the filters are cut into so many parts, and a filter o sees the channels c of
// its own part alone, which are counted from its beginning in w.
//
// x, dx (N, H, W, C); y, dy (N, H', W', O); w, dw (kH, kW, C/GROUPS, O); b, db (O). One invocation for each
// number of the result: plain, and slow for large layers, because it reads every number again and again (see
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
override DILATION_H: u32 = 1u;
override DILATION_W: u32 = 1u;
override GROUPS: u32 = 1u;
override BIAS: bool = true;        // without it, any array may be bound in its place
override RELU: bool = false;

// Channels and filters of one group.
override IN_GROUP: u32 = IN_CHANNELS / GROUPS;
override OUT_GROUP: u32 = OUT_CHANNELS / GROUPS;

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
        let row = i * STRIDE_H + u * DILATION_H;   // of x with its padding
        if row < PADDING_H || row >= PADDING_H + IN_HEIGHT {
            continue;
        }
        for (var v = 0u; v < KERNEL_W; v++) {
            let column = j * STRIDE_W + v * DILATION_W;
            if column < PADDING_W || column >= PADDING_W + IN_WIDTH {
                continue;
            }
            let pixel = ((n * IN_HEIGHT + row - PADDING_H) * IN_WIDTH + column - PADDING_W) * IN_CHANNELS;
            let first = pixel + o / OUT_GROUP * IN_GROUP;
            let tap = (u * KERNEL_W + v) * IN_GROUP;
            for (var c = 0u; c < IN_GROUP; c++) {
                sum += x[first + c] * w[(tap + c) * OUT_CHANNELS + o];
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
        // h + p − d·u must be i·s for an i below H'.
        let start_h = row + PADDING_H;
        let above = u * DILATION_H;
        if start_h < above || (start_h - above) % STRIDE_H != 0u || (start_h - above) / STRIDE_H >= OUT_HEIGHT {
            continue;
        }
        for (var v = 0u; v < KERNEL_W; v++) {
            let start_w = column + PADDING_W;
            let left = v * DILATION_W;
            if start_w < left || (start_w - left) % STRIDE_W != 0u || (start_w - left) / STRIDE_W >= OUT_WIDTH {
                continue;
            }
            let i = (start_h - above) / STRIDE_H;
            let j = (start_w - left) / STRIDE_W;
            let first = c / IN_GROUP * OUT_GROUP;
            let pixel = ((n * OUT_HEIGHT + i) * OUT_WIDTH + j) * OUT_CHANNELS + first;
            let tap = ((u * KERNEL_W + v) * IN_GROUP + c % IN_GROUP) * OUT_CHANNELS + first;
            for (var o = 0u; o < OUT_GROUP; o++) {
                sum += dy[pixel + o] * w[tap + o];
            }
        }
    }
    dx[place] = sum;
}

@compute @workgroup_size(64)
fn weights(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (kH, kW, C/GROUPS, O)
    if place >= arrayLength(&dw) {
        return;
    }
    let o = place % OUT_CHANNELS;
    let c = o / OUT_GROUP * IN_GROUP + place / OUT_CHANNELS % IN_GROUP;
    let v = place / (OUT_CHANNELS * IN_GROUP) % KERNEL_W;
    let u = place / (OUT_CHANNELS * IN_GROUP * KERNEL_W);
    var sum = 0.0;
    for (var n = 0u; n < BATCH; n++) {
        for (var i = 0u; i < OUT_HEIGHT; i++) {
            let row = i * STRIDE_H + u * DILATION_H;   // of x with its padding
            if row < PADDING_H || row >= PADDING_H + IN_HEIGHT {
                continue;
            }
            for (var j = 0u; j < OUT_WIDTH; j++) {
                let column = j * STRIDE_W + v * DILATION_W;
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
