// Batch normalisation (Ioffe and Szegedy 2015, Algorithm 1), for each channel over the M = N·H·W pixels of the
// batch, with ι = 1/√(σ² + ε):
//
//   forward    y = γ · (x − μ)·ι + β, with ADD y = y + a, and with RELU y = max(0, y)
//   backward   dβ = Σ dy,  dγ = Σ dy · (x − μ)·ι,
//              dx = γ·ι · (dy − dβ/M − (x − μ)·ι · dγ/M)
//
// In training μ and σ² are those of the batch, and the running ones move towards them; in testing they are the
// running ones, constants, and dx = γ·ι · dy. Behind a ReLU dy counts only where y > 0, found again from x.
//
// x, y, a, dx, dy (M, C); all else (C), but for partial results (PARTS, C).
//
// Sums over a batch are made in two stages: workgroups of LANES_C × LANES_R invocations each take ROWS pixels
// of LANES_C channels, then one workgroup for each channel puts the PARTS partial results together. Means and
// squares are never summed raw, which would lose the digits in which they differ: each part keeps its mean
// and the squares about that mean, and two parts are merged by the formulas of Chan, Golub and LeVeque 1979.

override CHANNELS: u32 = 1u;    // C
override COUNT: u32 = 1u;       // M
override PARTS: u32 = 1u;
override ROWS: u32 = 1u;
override LANES_C: u32 = 4u;
override LANES_R: u32 = 16u;
override LANES: u32 = LANES_C * LANES_R;
override EPSILON: f32 = 1e-5;
override MOMENTUM: f32 = 0.1;   // weight of the batch in the running statistics
override RELU: bool = false;
override TRAIN: bool = true;
override ADD: bool = false;     // without it, any array may be bound in the place of a

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

// `measure` and `merge`
@group(0) @binding(1) var<storage, read_write> parts: array<vec2f>;   // mean and squares about it
@group(0) @binding(0) var<storage, read_write> parts_in: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> batch_mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> batch_inverse: array<f32>;   // ι
@group(0) @binding(3) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_variance: array<f32>;

// `forward`
@group(0) @binding(1) var<storage, read_write> gamma: array<f32>;
@group(0) @binding(2) var<storage, read_write> beta: array<f32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> spread: array<f32>;   // ι in training, σ² in testing
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<storage, read_write> a: array<f32>;

// `sums`, `gradients` and `backward`; gamma, beta, mean and spread as above
@group(0) @binding(5) var<storage, read_write> dy: array<f32>;
@group(0) @binding(6) var<storage, read_write> sum_parts: array<vec2f>;   // Σ dy and Σ dy·(x − μ)
@group(0) @binding(0) var<storage, read_write> sum_parts_in: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> d_gamma: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_beta: array<f32>;
@group(0) @binding(7) var<storage, read_write> rest: array<f32>;
@group(0) @binding(1) var<storage, read_write> rest_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> dy_in: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

// `forward_fours` and `backward_fours`: the same arrays in vectors of four channels
@group(0) @binding(0) var<storage, read_write> x4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> gamma4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> beta4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> mean4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> spread4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> a4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> rest4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dy4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx4: array<vec4f>;

override FOURS: u32 = (CHANNELS + 3u) / 4u;

// `rest` is (5, C): in these rows stand the numbers with which y = scale · (x − mean) + shift and
// dx = scale · dy − by_x · (x − mean) − constant.
const MEAN: u32 = 0u;
const SCALE: u32 = 1u;
const SHIFT: u32 = 2u;
const BY_X: u32 = 3u;
const CONSTANT: u32 = 4u;

// Numbers seen, their mean, and the sum of the squares about it.
struct Moments {
    count: f32,
    mean: f32,
    squares: f32,
}

fn merged(a: Moments, b: Moments) -> Moments {
    let count = a.count + b.count;
    if count == 0.0 {
        return a;
    }
    let delta = b.mean - a.mean;
    let share = b.count / count;
    return Moments(count, a.mean + delta * share, a.squares + b.squares + delta * delta * a.count * share);
}

fn inverse_deviation(c: u32) -> f32 {
    if TRAIN {
        return spread[c];
    }
    return 1.0 / sqrt(spread[c] + EPSILON);
}

// The part of the batch that a workgroup takes: its number, its first channel, its pixels begin … end − 1.
struct Share {
    part: u32,
    channel: u32,
    begin: u32,
    end: u32,
}

fn share_of(group: vec3u, groups: vec3u) -> Share {
    let number = group.x + group.y * groups.x;
    let part = number % PARTS;
    return Share(part, number / PARTS * LANES_C, part * ROWS, min(part * ROWS + ROWS, COUNT));
}

var<workgroup> lane_moments: array<Moments, LANES>;

@compute @workgroup_size(LANES_C, LANES_R)
fn measure(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) lane: vec3u,
) {
    let share = share_of(group, groups);
    let c = share.channel + lane.x;
    var own = Moments(0.0, 0.0, 0.0);
    if c < CHANNELS {
        var sum = 0.0;
        for (var row = share.begin + lane.y; row < share.end; row += LANES_R) {
            sum += x[row * CHANNELS + c];
            own.count += 1.0;
        }
        own.mean = sum / max(own.count, 1.0);
        for (var row = share.begin + lane.y; row < share.end; row += LANES_R) {
            let delta = x[row * CHANNELS + c] - own.mean;
            own.squares += delta * delta;
        }
    }
    lane_moments[lane.y * LANES_C + lane.x] = own;
    workgroupBarrier();
    if lane.y == 0u && c < CHANNELS {
        for (var other = 1u; other < LANES_R; other++) {
            own = merged(own, lane_moments[other * LANES_C + lane.x]);
        }
        parts[share.part * CHANNELS + c] = vec2f(own.mean, own.squares);
    }
}

var<workgroup> part_moments: array<Moments, 64>;

@compute @workgroup_size(64)
fn merge(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = group.x + group.y * groups.x;
    var own = Moments(0.0, 0.0, 0.0);
    if c < CHANNELS {
        for (var part = lane; part < PARTS; part += 64u) {
            let values = parts_in[part * CHANNELS + c];
            let count = min(ROWS, COUNT - part * ROWS);
            own = merged(own, Moments(f32(count), values.x, values.y));
        }
    }
    part_moments[lane] = own;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if lane < half {
            own = merged(own, part_moments[lane + half]);
            part_moments[lane] = own;
        }
        workgroupBarrier();
    }
    if lane == 0u && c < CHANNELS {
        let variance = own.squares / f32(COUNT);
        let unbiased = own.squares / max(f32(COUNT) - 1.0, 1.0);
        batch_mean[c] = own.mean;
        batch_inverse[c] = 1.0 / sqrt(variance + EPSILON);
        running_mean[c] = (1.0 - MOMENTUM) * running_mean[c] + MOMENTUM * own.mean;
        running_variance[c] = (1.0 - MOMENTUM) * running_variance[c] + MOMENTUM * unbiased;
    }
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;   // in (M, C)
    if i >= arrayLength(&y) {
        return;
    }
    let c = i % CHANNELS;
    var value = gamma[c] * inverse_deviation(c) * (x[i] - mean[c]) + beta[c];
    if ADD {
        value += a[i];
    }
    y[i] = select(value, 0.0, RELU && value <= 0.0);
}

@compute @workgroup_size(64)
fn forward_fours(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;   // in (M, C / 4)
    if i >= arrayLength(&y4) {
        return;
    }
    let c = i % FOURS;
    var inverse = spread4[c];
    if !TRAIN {
        inverse = 1.0 / sqrt(inverse + EPSILON);
    }
    var value = gamma4[c] * inverse * (x4[i] - mean4[c]) + beta4[c];
    if ADD {
        value += a4[i];
    }
    y4[i] = select(value, vec4f(0.0), vec4<bool>(RELU) & (value <= vec4f(0.0)));
}

var<workgroup> lane_sums: array<vec2f, LANES>;

@compute @workgroup_size(LANES_C, LANES_R)
fn sums(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) lane: vec3u,
) {
    let share = share_of(group, groups);
    let c = share.channel + lane.x;
    var own = vec2f(0.0);
    if c < CHANNELS {
        let scale = gamma[c] * inverse_deviation(c);
        for (var row = share.begin + lane.y; row < share.end; row += LANES_R) {
            let centred = x[row * CHANNELS + c] - mean[c];
            let is_cut = RELU && scale * centred + beta[c] <= 0.0;
            let gradient = select(dy[row * CHANNELS + c], 0.0, is_cut);
            own += vec2f(gradient, gradient * centred);
        }
    }
    lane_sums[lane.y * LANES_C + lane.x] = own;
    workgroupBarrier();
    if lane.y == 0u && c < CHANNELS {
        for (var other = 1u; other < LANES_R; other++) {
            own += lane_sums[other * LANES_C + lane.x];
        }
        sum_parts[share.part * CHANNELS + c] = own;
    }
}

var<workgroup> part_sums: array<vec2f, 64>;

@compute @workgroup_size(64)
fn gradients(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = group.x + group.y * groups.x;
    var own = vec2f(0.0);
    if c < CHANNELS {
        for (var part = lane; part < PARTS; part += 64u) {
            own += sum_parts_in[part * CHANNELS + c];
        }
    }
    part_sums[lane] = own;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if lane < half {
            own += part_sums[lane + half];
            part_sums[lane] = own;
        }
        workgroupBarrier();
    }
    if lane == 0u && c < CHANNELS {
        let inverse = inverse_deviation(c);
        let scale = gamma[c] * inverse;
        d_beta[c] = own.x;
        d_gamma[c] = own.y * inverse;
        // In testing μ and σ² do not depend on x.
        let of_batch = select(0.0, scale / f32(COUNT), TRAIN);
        rest[MEAN * CHANNELS + c] = mean[c];
        rest[SCALE * CHANNELS + c] = scale;
        rest[SHIFT * CHANNELS + c] = beta[c];
        rest[BY_X * CHANNELS + c] = of_batch * inverse * inverse * own.y;
        rest[CONSTANT * CHANNELS + c] = of_batch * own.x;
    }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;   // in (M, C)
    if i >= arrayLength(&dx) {
        return;
    }
    let c = i % CHANNELS;
    let scale = rest_in[SCALE * CHANNELS + c];
    let centred = x[i] - rest_in[MEAN * CHANNELS + c];
    let is_cut = RELU && scale * centred + rest_in[SHIFT * CHANNELS + c] <= 0.0;
    let gradient = select(dy_in[i], 0.0, is_cut);
    dx[i] = scale * gradient - rest_in[BY_X * CHANNELS + c] * centred - rest_in[CONSTANT * CHANNELS + c];
}

@compute @workgroup_size(64)
fn backward_fours(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;   // in (M, C / 4)
    if i >= arrayLength(&dx4) {
        return;
    }
    let c = i % FOURS;
    let scale = rest4[SCALE * FOURS + c];
    let centred = x4[i] - rest4[MEAN * FOURS + c];
    let is_cut = vec4<bool>(RELU) & (scale * centred + rest4[SHIFT * FOURS + c] <= vec4f(0.0));
    let gradient = select(dy4[i], vec4f(0.0), is_cut);
    dx4[i] = scale * gradient - rest4[BY_X * FOURS + c] * centred - rest4[CONSTANT * FOURS + c];
}
