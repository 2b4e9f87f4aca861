// Adds up what several workgroups summed over parts of a long sum:
//
//   y[i] = Σ over s of parts[s, FIRST + i] + b[i mod WIDTH], and with RELU y = max(0, y)
//
// parts (PARTS, LEN); y, a range of LEN; b (WIDTH). Where there are many parts, SPREAD invocations share the
// sum of each number, always in the same order.

override PARTS: u32 = 1u;
override LEN: u32 = 1u;
override FIRST: u32 = 0u;
override WIDTH: u32 = 1u;
override BIAS: bool = false;   // without it, any array may be bound in its place
override RELU: bool = false;
override SPREAD: u32 = 1u;

const NUMBERS: u32 = 32u;      // in a workgroup
override LANES: u32 = NUMBERS * SPREAD;

@group(0) @binding(0) var<storage, read_write> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> lane_sums: array<f32, LANES>;   // (SPREAD, NUMBERS)

@compute @workgroup_size(NUMBERS, SPREAD)
fn forward(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) lane: vec3u,
) {
    let i = (group.x + group.y * groups.x) * NUMBERS + lane.x;
    let is_inside = i < arrayLength(&y);
    var sum = 0.0;
    if is_inside {
        for (var s = lane.y; s < PARTS; s += SPREAD) {
            sum += parts[s * LEN + FIRST + i];
        }
    }
    lane_sums[lane.y * NUMBERS + lane.x] = sum;
    workgroupBarrier();
    if is_inside && lane.y == 0u {
        for (var other = 1u; other < SPREAD; other++) {
            sum += lane_sums[other * NUMBERS + lane.x];
        }
        if BIAS {
            sum += b[i % WIDTH];
        }
        y[i] = select(sum, 0.0, RELU && sum <= 0.0);
    }
}
