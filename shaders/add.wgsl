// Where branches meet: y = a + b, and with RELU y = max(0, a + b).
//
// All arrays are of one length and one order; each invocation takes four numbers.

override RELU: bool = false;

@group(0) @binding(0) var<storage, read_write> a: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&y) {
        return;
    }
    let sum = a[i] + b[i];
    y[i] = select(sum, vec4f(0.0), vec4<bool>(RELU) & (sum <= vec4f(0.0)));
}
