// Softmax cross-entropy. With p = softmax(z) and the wanted probabilities t[n, k] = ε/K, and 1 − ε more for the
// label:
//
//   L = −1/N · Σ over n and k of t[n, k] · log p[n, k]
//   dz[n, k] = (p[n, k] − t[n, k]) / N
//
// The largest logit is taken off first, so that no exponential overflows.
//
// z, dz (N, K); labels (N); losses (N): each picture's loss, and 1 where the largest logit (the first of
// equals) is not the label's; metrics: [mean loss, wrong answers, answers]. One workgroup for each picture, then
// one for the mean.

override CLASSES: u32 = 10u;   // K
override BATCH: u32 = 1u;      // N
override SMOOTHING: f32 = 0.0; // ε

@group(0) @binding(0) var<storage, read_write> z: array<f32>;
@group(0) @binding(1) var<storage, read_write> labels: array<f32>;
@group(0) @binding(2) var<storage, read_write> dz: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<vec2f>;

@group(0) @binding(0) var<storage, read_write> losses_in: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> metrics: array<f32>;

const LANES: u32 = 64u;

var<workgroup> lane_values: array<f32, LANES>;
var<workgroup> lane_classes: array<u32, LANES>;
var<workgroup> lane_sums: array<vec2f, LANES>;

fn is_nan(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Whether logit a of class i goes before logit b of class j. A NaN wins, so that it is not overlooked.
fn goes_before(a: f32, i: u32, b: f32, j: u32) -> bool {
    if is_nan(a) || is_nan(b) {
        return is_nan(a) && (!is_nan(b) || i < j);
    }
    return a > b || (a == b && i < j);
}

// The sum over all lanes, in a fixed order.
fn sum_of_lanes(lane: u32, own: vec2f) -> vec2f {
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

@compute @workgroup_size(LANES)
fn pictures(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n = min(group.x + group.y * groups.x, BATCH - 1u);
    let row = n * CLASSES;
    // The largest logit. A lane without classes of its own stands by with class 0.
    var largest = z[row];
    var answer = 0u;
    for (var k = lane; k < CLASSES; k += LANES) {
        if goes_before(z[row + k], k, largest, answer) {
            largest = z[row + k];
            answer = k;
        }
    }
    lane_values[lane] = largest;
    lane_classes[lane] = answer;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half && goes_before(lane_values[lane + half], lane_classes[lane + half], largest, answer) {
            largest = lane_values[lane + half];
            answer = lane_classes[lane + half];
            lane_values[lane] = largest;
            lane_classes[lane] = answer;
        }
        workgroupBarrier();
    }
    largest = lane_values[0];
    answer = lane_classes[0];

    let label = u32(labels[n]);
    let share = SMOOTHING / f32(CLASSES);
    // The sum of the exponentials, and what smoothing adds to the loss: ε · (z[label] − mean of z).
    var sums = vec2f(0.0);
    for (var k = lane; k < CLASSES; k += LANES) {
        sums += vec2f(exp(z[row + k] - largest), 0.0);
        if SMOOTHING > 0.0 {
            sums += vec2f(0.0, share * (z[row + label] - z[row + k]));
        }
    }
    let total = sum_of_lanes(lane, sums);

    for (var k = lane; k < CLASSES; k += LANES) {
        let p = exp(z[row + k] - largest) / total.x;
        dz[row + k] = (p - select(share, share + 1.0 - SMOOTHING, k == label)) / f32(BATCH);
    }
    if lane == 0u {
        let loss = log(total.x) + (largest - z[row + label]) + total.y;
        losses[n] = vec2f(loss, select(0.0, 1.0, answer != label));
    }
}

@compute @workgroup_size(LANES)
fn mean(@builtin(local_invocation_index) lane: u32) {
    var own = vec2f(0.0);
    for (var n = lane; n < BATCH; n += LANES) {
        own += losses_in[n];
    }
    let total = sum_of_lanes(lane, own);
    if lane == 0u {
        metrics[0] = total.x / f32(BATCH);
        metrics[1] = total.y;
        metrics[2] = f32(BATCH);
    }
}
