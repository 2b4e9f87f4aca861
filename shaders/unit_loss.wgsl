// Losses of single numbers z[n, k] against the wanted t[n, k], 0 or 1:
//
//   L = 1/(N·K) · Σ over n and k of ℓ(z, t)
//   squared error:          ℓ = (z − t)²                          ∂ℓ/∂z = 2·(z − t)
//   sigmoid cross-entropy:  ℓ = max(z, 0) − z·t + log(1 + e^−|z|)  ∂ℓ/∂z = σ(z) − t
//
// The second is −t·log σ(z) − (1 − t)·log(1 − σ(z)), written so that nothing overflows.
//
// z, dz (N, K); labels: classes (N), of which t is 1 at the class, or tags (N, K), which are t; losses (N): each
// picture's sum and its wrong answers; metrics: [mean loss, wrong answers, answers]. With classes the largest
// output (the first of equals) is the answer of a picture; with tags each output says yes (above 1/2, or with
// the sigmoid above 0) or no. One workgroup for each picture, then one for the mean.

override OUTPUTS: u32 = 10u;     // K
override BATCH: u32 = 1u;        // N
override SIGMOID: bool = false;
override TAGS: bool = false;

@group(0) @binding(0) var<storage, read_write> z: array<f32>;
@group(0) @binding(1) var<storage, read_write> labels: array<f32>;
@group(0) @binding(2) var<storage, read_write> dz: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<vec2f>;

@group(0) @binding(0) var<storage, read_write> losses_in: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> metrics: array<f32>;

const LANES: u32 = 64u;

var<workgroup> lane_sums: array<vec2f, LANES>;

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

// ℓ and its slope.
fn loss(z: f32, t: f32) -> vec2f {
    if SIGMOID {
        let e = exp(-abs(z));
        let sigma = select(e, 1.0, z >= 0.0) / (1.0 + e);
        // log(1 + e) keeps its digits where e is small: below 2⁻¹² it is e − e²/2 to rounding.
        let tail = select(log(1.0 + e), e - 0.5 * e * e, e < 0.000244140625);
        return vec2f(max(z, 0.0) - z * t + tail, sigma - t);
    }
    return vec2f((z - t) * (z - t), 2.0 * (z - t));
}

// Whether output k of the row speaks against the label of the picture, of which one is enough to make its answer
// wrong. What is no number is never right.
fn is_wrong(row: u32, k: u32, label: f32) -> bool {
    let own = z[row + k];
    if TAGS {
        let threshold = select(0.5, 0.0, SIGMOID);
        return !select(own <= threshold, own > threshold, label > 0.5);
    }
    let best = z[row + u32(label)];
    return !select(own <= best, own < best, k < u32(label));
}

@compute @workgroup_size(LANES)
fn pictures(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n = min(group.x + group.y * groups.x, BATCH - 1u);
    let row = n * OUTPUTS;
    var own = vec2f(0.0);
    for (var k = lane; k < OUTPUTS; k += LANES) {
        var label = 0.0;
        var t = 0.0;
        if TAGS {
            label = labels[row + k];
            t = label;
        } else {
            label = labels[n];
            t = select(0.0, 1.0, k == u32(label));
        }
        let found = loss(z[row + k], t);
        dz[row + k] = found.y / f32(BATCH * OUTPUTS);
        own += vec2f(found.x, select(0.0, 1.0, is_wrong(row, k, label)));
    }
    let total = sum_of_lanes(lane, own);
    if lane == 0u {
        losses[n] = vec2f(total.x, select(min(total.y, 1.0), total.y, TAGS));
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
        metrics[0] = total.x / f32(BATCH * OUTPUTS);
        metrics[1] = total.y;
        metrics[2] = f32(select(BATCH, BATCH * OUTPUTS, TAGS));
    }
}
