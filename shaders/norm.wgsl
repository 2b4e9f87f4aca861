// Put behind table.wgsl.
//
// The length of the gradient by all weights together, and the factor that clips it (Pascanu, Mikolov, Bengio
// 2013, Algorithm 1; the small number as in PyTorch):
//
//   norm = √(Σ g²)        factor = min(1, clip / (norm + 10⁻⁶))
//
// g, a range of all gradients; sums, one for each workgroup of `squares`, which adds up 4 · LANES · ROUNDS
// squares; norm: [norm, factor]. Then one workgroup, for all sums.

override FIRST: u32 = 0u;    // place of the first workgroup's sum

@group(0) @binding(0) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;

@group(0) @binding(0) var<storage, read_write> sums_in: array<f32>;
@group(0) @binding(1) var<storage, read_write> norm: array<f32>;

const LANES: u32 = 64u;
const ROUNDS: u32 = 64u;

var<workgroup> lane_sums: array<f32, LANES>;

// The sum over all lanes, in a fixed order.
fn sum_of_lanes(lane: u32, own: f32) -> f32 {
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
fn squares(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group.x + group.y * groups.x;
    var own = 0.0;
    for (var round = 0u; round < ROUNDS; round++) {
        let i = (number * ROUNDS + round) * LANES + lane;
        if i < arrayLength(&gradient) {
            own += dot(gradient[i], gradient[i]);
        }
    }
    let sum = sum_of_lanes(lane, own);
    if lane == 0u && FIRST + number < arrayLength(&sums) {
        sums[FIRST + number] = sum;
    }
}

@compute @workgroup_size(LANES)
fn factor(@builtin(local_invocation_index) lane: u32) {
    var own = 0.0;
    for (var i = lane; i < arrayLength(&sums_in); i += LANES) {
        own += sums_in[i];
    }
    let length = sqrt(sum_of_lanes(lane, own));
    if lane == 0u {
        norm[0] = length;
        norm[1] = select(1.0, table.clip / (length + 1e-6), table.clip < length + 1e-6);
    }
}
