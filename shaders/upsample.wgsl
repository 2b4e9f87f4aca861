// Maps made larger by a whole factor f: every pixel repeated, or with BILINEAR straight lines between the
// pixels' centres.
//
//   forward    y[n, i, j, c] = Σ over (h, w) of down(i, h) · across(j, w) · x[n, h, w, c]
//   backward   dx[n, h, w, c] = Σ over (i, j) of down(i, h) · across(j, w) · dy[n, i, j, c]
//
// Along each axis output pixel i is (1 − t) · x[first] + t · x[second]: with its centre at (i + ½) / f − ½ in
// input pixels, t is what lies beyond the whole number below; before the first centre and behind the last the
// outermost pixel goes on. Backward, an input pixel asks the output pixels under the window of the transposed
// convolution that does the same, so that no two invocations add to the same number.
//
// x, dx (N, H, W, C); y, dy (N, f·H, f·W, C).

override CHANNELS: u32 = 1u;    // C
override IN_HEIGHT: u32 = 1u;   // H
override IN_WIDTH: u32 = 1u;    // W
override KERNEL_H: u32 = 2u;
override KERNEL_W: u32 = 2u;
override STRIDE_H: u32 = 2u;    // f, vertically
override STRIDE_W: u32 = 2u;    // f, horizontally
override PADDING_H: u32 = 0u;
override PADDING_W: u32 = 0u;
override BILINEAR: bool = false;

override OUT_HEIGHT: u32 = IN_HEIGHT * STRIDE_H;
override OUT_WIDTH: u32 = IN_WIDTH * STRIDE_W;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@group(0) @binding(0) var<storage, read_write> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;

// What output pixel `at` is made of along one axis: two input pixels, and the share of the second.
struct Mixture {
    first: u32,
    second: u32,
    share: f32,
}

fn mixture(at: u32, factor: u32, size: u32) -> Mixture {
    if !BILINEAR {
        return Mixture(at / factor, at / factor, 0.0);
    }
    let place = max(2u * at + 1u, factor) - factor;   // in 2f-ths of an input pixel
    let first = place / (2u * factor);
    return Mixture(first, min(first + 1u, size - 1u), f32(place % (2u * factor)) / f32(2u * factor));
}

// The share of input pixel `at` in a mixture.
fn share_of(at: u32, m: Mixture) -> f32 {
    return select(0.0, 1.0 - m.share, m.first == at) + select(0.0, m.share, m.second == at);
}

// The output pixels that input pixel `at` may be in along one axis, from x to before y.
fn reach(at: u32, kernel: u32, stride: u32, padding: u32, n_out: u32) -> vec2u {
    let begin = max(at * stride, padding) - padding;
    return vec2u(begin, min(at * stride + kernel - padding, n_out));
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, f·H, f·W, C)
    if place >= arrayLength(&y) {
        return;
    }
    let c = place % CHANNELS;
    let j = place / CHANNELS % OUT_WIDTH;
    let i = place / (CHANNELS * OUT_WIDTH) % OUT_HEIGHT;
    let n = place / (CHANNELS * OUT_WIDTH * OUT_HEIGHT);
    let down = mixture(i, STRIDE_H, IN_HEIGHT);
    let across = mixture(j, STRIDE_W, IN_WIDTH);
    let above = (n * IN_HEIGHT + down.first) * IN_WIDTH;
    let below = (n * IN_HEIGHT + down.second) * IN_WIDTH;
    let upper = (1.0 - across.share) * x[(above + across.first) * CHANNELS + c]
        + across.share * x[(above + across.second) * CHANNELS + c];
    let lower = (1.0 - across.share) * x[(below + across.first) * CHANNELS + c]
        + across.share * x[(below + across.second) * CHANNELS + c];
    y[place] = (1.0 - down.share) * upper + down.share * lower;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H, W, C)
    if place >= arrayLength(&dx) {
        return;
    }
    let c = place % CHANNELS;
    let w = place / CHANNELS % IN_WIDTH;
    let h = place / (CHANNELS * IN_WIDTH) % IN_HEIGHT;
    let n = place / (CHANNELS * IN_WIDTH * IN_HEIGHT);
    let rows = reach(h, KERNEL_H, STRIDE_H, PADDING_H, OUT_HEIGHT);
    let columns = reach(w, KERNEL_W, STRIDE_W, PADDING_W, OUT_WIDTH);
    var sum = 0.0;
    for (var i = rows.x; i < rows.y; i++) {
        let down = share_of(h, mixture(i, STRIDE_H, IN_HEIGHT));
        for (var j = columns.x; j < columns.y; j++) {
            let across = share_of(w, mixture(j, STRIDE_W, IN_WIDTH));
            sum += down * across * dy[((n * OUT_HEIGHT + i) * OUT_WIDTH + j) * CHANNELS + c];
        }
    }
    dx[place] = sum;
}
