// Pooling: the largest number under a window, their mean or their sum, channel by channel.
//
//   maximum    y[n, i, j, c] = max over (u, v) of x[n, i·s+u−p, j·s+v−p, c], and the winner's place u·kW+v
//              (the first of equals); padding never wins.
//              dx[n, h, w, c] = Σ dy over the windows in which this pixel won
//   sum        y[n, i, j, c] = Σ over (u, v) of x[n, i·s+u−p, j·s+v−p, c], padding counted as zeros
//              dx[n, h, w, c] = Σ dy over the windows that hold this pixel
//   with MEAN  both divided by the numbers under the window, kH·kW, without those beyond the padding where it
//              hangs over its end
//
// x, dx (N, H, W, C); y, dy, winners (N, H', W', C). Backward, each pixel of x asks the windows over it, so
// that no two invocations add to the same number.

override CHANNELS: u32 = 1u;     // C
override IN_HEIGHT: u32 = 2u;    // H
override IN_WIDTH: u32 = 2u;     // W
override OUT_HEIGHT: u32 = 1u;   // H'
override OUT_WIDTH: u32 = 1u;    // W'
override KERNEL_H: u32 = 2u;
override KERNEL_W: u32 = 2u;
override STRIDE_H: u32 = 2u;
override STRIDE_W: u32 = 2u;
override PADDING_H: u32 = 0u;
override PADDING_W: u32 = 0u;
override MEAN: bool = true;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> winners: array<f32>;

@group(0) @binding(0) var<storage, read_write> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> winners_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read_write> sum_dx: array<f32>;

// A place in maps of this size, as (n, row, column, c).
fn position(place: u32, height: u32, width: u32) -> vec4u {
    let row = place / (CHANNELS * width);
    return vec4u(row / height, row % height, place / CHANNELS % width, place % CHANNELS);
}

// The taps begin … end − 1 of the window at place `at` along one axis that lie within the maps.
fn taps(at: u32, kernel: u32, stride: u32, padding: u32, size: u32) -> vec2u {
    let start = at * stride;
    return vec2u(max(padding, start) - start, min(kernel, size + padding - start));
}

// The windows begin … end − 1 along one axis that hold pixel `at`.
fn windows(at: u32, kernel: u32, stride: u32, padding: u32, n_windows: u32) -> vec2u {
    let end = at + padding + 1u;   // one past the last place at which a window may start
    let begin = max(end, kernel) - kernel;
    return vec2u((begin + stride - 1u) / stride, min(n_windows, (end - 1u) / stride + 1u));
}

// What the sum under the window of output pixel (i, j) is multiplied by.
fn weight(i: u32, j: u32) -> f32 {
    let height = min(KERNEL_H, IN_HEIGHT + 2u * PADDING_H - i * STRIDE_H);
    let width = min(KERNEL_W, IN_WIDTH + 2u * PADDING_W - j * STRIDE_W);
    return select(1.0, 1.0 / f32(height * width), MEAN);
}

@compute @workgroup_size(64)
fn maximum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H', W', C)
    if place >= arrayLength(&y) {
        return;
    }
    let p = position(place, OUT_HEIGHT, OUT_WIDTH);
    let rows = taps(p.y, KERNEL_H, STRIDE_H, PADDING_H, IN_HEIGHT);
    let columns = taps(p.z, KERNEL_W, STRIDE_W, PADDING_W, IN_WIDTH);
    var best = 0.0;
    var winner = 0u;
    for (var u = rows.x; u < rows.y; u++) {
        let row = p.x * IN_HEIGHT + p.y * STRIDE_H + u - PADDING_H;
        for (var v = columns.x; v < columns.y; v++) {
            let value = x[(row * IN_WIDTH + p.z * STRIDE_W + v - PADDING_W) * CHANNELS + p.w];
            // What is no number is not equal to itself; it wins, so that it is not overlooked.
            if (u == rows.x && v == columns.x) || value > best || value != value {
                best = value;
                winner = u * KERNEL_W + v;
            }
        }
    }
    y[place] = best;
    winners[place] = f32(winner);
}

@compute @workgroup_size(64)
fn maximum_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H, W, C)
    if place >= arrayLength(&dx) {
        return;
    }
    let p = position(place, IN_HEIGHT, IN_WIDTH);
    let rows = windows(p.y, KERNEL_H, STRIDE_H, PADDING_H, OUT_HEIGHT);
    let columns = windows(p.z, KERNEL_W, STRIDE_W, PADDING_W, OUT_WIDTH);
    var sum = 0.0;
    for (var i = rows.x; i < rows.y; i++) {
        for (var j = columns.x; j < columns.y; j++) {
            let own = (p.y + PADDING_H - i * STRIDE_H) * KERNEL_W + p.z + PADDING_W - j * STRIDE_W;
            let at = ((p.x * OUT_HEIGHT + i) * OUT_WIDTH + j) * CHANNELS + p.w;
            sum += select(0.0, dy[at], winners_in[at] == f32(own));
        }
    }
    dx[place] = sum;
}

@compute @workgroup_size(64)
fn sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H', W', C)
    if place >= arrayLength(&y) {
        return;
    }
    let p = position(place, OUT_HEIGHT, OUT_WIDTH);
    let rows = taps(p.y, KERNEL_H, STRIDE_H, PADDING_H, IN_HEIGHT);
    let columns = taps(p.z, KERNEL_W, STRIDE_W, PADDING_W, IN_WIDTH);
    var total = 0.0;
    for (var u = rows.x; u < rows.y; u++) {
        let row = p.x * IN_HEIGHT + p.y * STRIDE_H + u - PADDING_H;
        for (var v = columns.x; v < columns.y; v++) {
            total += x[(row * IN_WIDTH + p.z * STRIDE_W + v - PADDING_W) * CHANNELS + p.w];
        }
    }
    y[place] = total * weight(p.y, p.z);
}

@compute @workgroup_size(64)
fn sum_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H, W, C)
    if place >= arrayLength(&sum_dx) {
        return;
    }
    let p = position(place, IN_HEIGHT, IN_WIDTH);
    let rows = windows(p.y, KERNEL_H, STRIDE_H, PADDING_H, OUT_HEIGHT);
    let columns = windows(p.z, KERNEL_W, STRIDE_W, PADDING_W, OUT_WIDTH);
    var total = 0.0;
    for (var i = rows.x; i < rows.y; i++) {
        for (var j = columns.x; j < columns.y; j++) {
            total += dy[((p.x * OUT_HEIGHT + i) * OUT_WIDTH + j) * CHANNELS + p.w] * weight(i, j);
        }
    }
    sum_dx[place] = total;
}
