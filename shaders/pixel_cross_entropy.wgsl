// Softmax cross-entropy at each pixel. With p = softmax(z) and C the pixels that count:
//
//   L = −1/|C| · Σ over i in C of log p[i, label i]
//   dz[i, k] = (p[i, k] − (1 if k is the label, else 0)) / |C| for i in C, else 0
//
// The largest logit is taken off first, so that no exponential overflows. Pixels whose label is VOID or no class
// of the net do not count; where none does, everything is 0.
//
// z, dz (N, H, W, K); labels (N, H, W); counts (GROUPS): pixels that count, by workgroup; losses (GROUPS): by
// workgroup the sum of the losses and the pixels whose largest logit (the first of equals) is not the label's;
// metrics: [mean loss, wrong answers, answers]. One invocation for each pixel of a workgroup's share.

override CLASSES: u32 = 10u;   // K
override PIXELS: u32 = 1u;     // N · H · W
override VOID: u32 = 255u;
override GROUPS: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> z: array<f32>;
@group(0) @binding(1) var<storage, read_write> labels: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<f32>;
@group(0) @binding(3) var<storage, read_write> dz: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<vec2f>;

@group(0) @binding(0) var<storage, read_write> labels_counted: array<f32>;
@group(0) @binding(1) var<storage, read_write> counts_out: array<f32>;

@group(0) @binding(0) var<storage, read_write> counts_in: array<f32>;
@group(0) @binding(1) var<storage, read_write> losses_in: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> metrics: array<f32>;

const LANES: u32 = 64u;

var<workgroup> lane_sums: array<vec2f, LANES>;

fn counts_for_something(label: u32) -> bool {
    return label < CLASSES && label != VOID;
}

fn is_nan(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// The sum over all lanes, in a fixed order.
fn sum_of_lanes(lane: u32, own: vec2f) -> vec2f {
    workgroupBarrier();
    lane_sums[lane] = own;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            lane_sums[lane] += lane_sums[lane + half];
        }
        workgroupBarrier();
    }
    return lane_sums[0];
}

// Loss of pixel i, and 1 where its answer is wrong; writes its gradient, times `scale`.
fn pixel(i: u32, scale: f32) -> vec2f {
    let row = i * CLASSES;
    let label = u32(labels[i]);
    if !counts_for_something(label) {
        for (var k = 0u; k < CLASSES; k++) {
            dz[row + k] = 0.0;
        }
        return vec2f(0.0);
    }
    var largest = z[row];
    var answer = 0u;
    for (var k = 1u; k < CLASSES; k++) {
        let other = z[row + k];
        if other > largest || (is_nan(other) && !is_nan(largest)) {
            largest = other;
            answer = k;
        }
    }
    var total = 0.0;
    for (var k = 0u; k < CLASSES; k++) {
        total += exp(z[row + k] - largest);
    }
    for (var k = 0u; k < CLASSES; k++) {
        let p = exp(z[row + k] - largest) / total;
        dz[row + k] = (p - select(0.0, 1.0, k == label)) * scale;
    }
    return vec2f(log(total) + (largest - z[row + label]), select(0.0, 1.0, answer != label));
}

@compute @workgroup_size(LANES)
fn count(
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = workgroup.x + workgroup.y * workgroups.x;
    var own = 0.0;
    for (var i = group * LANES + lane; i < PIXELS; i += GROUPS * LANES) {
        own += select(0.0, 1.0, counts_for_something(u32(labels_counted[i])));
    }
    let sum = sum_of_lanes(lane, vec2f(own, 0.0));
    // The last row of workgroups may be longer than needed.
    if lane == 0u && group < GROUPS {
        counts_out[group] = sum.x;
    }
}

@compute @workgroup_size(LANES)
fn pixels(
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = workgroup.x + workgroup.y * workgroups.x;
    var counted = 0.0;
    for (var g = lane; g < GROUPS; g += LANES) {
        counted += counts[g];
    }
    let scale = 1.0 / max(1.0, sum_of_lanes(lane, vec2f(counted, 0.0)).x);
    var own = vec2f(0.0);
    for (var i = group * LANES + lane; i < PIXELS; i += GROUPS * LANES) {
        own += pixel(i, scale);
    }
    let sum = sum_of_lanes(lane, own);
    if lane == 0u && group < GROUPS {
        losses[group] = sum;
    }
}

@compute @workgroup_size(LANES)
fn mean(@builtin(local_invocation_index) lane: u32) {
    var counted = 0.0;
    var own = vec2f(0.0);
    for (var g = lane; g < GROUPS; g += LANES) {
        counted += counts_in[g];
        own += losses_in[g];
    }
    let n = sum_of_lanes(lane, vec2f(counted, 0.0)).x;
    let total = sum_of_lanes(lane, own);
    if lane == 0u {
        metrics[0] = total.x / max(1.0, n);
        metrics[1] = total.y;
        metrics[2] = n;
    }
}
