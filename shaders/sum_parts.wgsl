// Adds up what several workgroups summed over parts of a long sum:
//
//   y[i] = Σ over s of parts[s, FIRST + i] + b[i mod WIDTH], and with RELU y = max(0, y)
//
// parts (PARTS, LEN); y, a range of LEN; b (WIDTH).

override PARTS: u32 = 1u;
override LEN: u32 = 1u;
override FIRST: u32 = 0u;
override WIDTH: u32 = 1u;
override BIAS: bool = false;   // without it, any array may be bound in its place
override RELU: bool = false;

@group(0) @binding(0) var<storage, read_write> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&y) {
        return;
    }
    var sum = 0.0;
    for (var s = 0u; s < PARTS; s++) {
        sum += parts[s * LEN + FIRST + i];
    }
    if BIAS {
        sum += b[i % WIDTH];
    }
    y[i] = select(sum, 0.0, RELU && sum <= 0.0);
}
