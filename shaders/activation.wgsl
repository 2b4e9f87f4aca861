// A non-linearity f, applied to every number.
//
//   forward    y = f(x)
//   backward   dx = f'(x) · dy, with the derivative had from y:
//
//     0 ReLU      f(x) = max(0, x)           f' = 1 where y > 0, else 0
//     1 tanh      f(x) = tanh(x)             f' = 1 − y²
//     2 sigmoid   f(x) = 1 / (1 + e^−x)      f' = y · (1 − y)
//
// All arrays are of one length and one order; each invocation takes four numbers.

override FUNCTION: u32 = 0u;

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

@group(0) @binding(0) var<storage, read_write> y_in: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&y) {
        return;
    }
    let v = x[i];
    switch FUNCTION {
        // Beyond ±10 the hyperbolic tangent is 1 to all digits, but its exponentials may overflow.
        case 1u: { y[i] = tanh(clamp(v, vec4f(-10.0), vec4f(10.0))); }
        case 2u: { y[i] = 1.0 / (1.0 + exp(-v)); }
        // What is no number stays so.
        default: { y[i] = select(v, vec4f(0.0), v <= vec4f(0.0)); }
    }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&dx) {
        return;
    }
    let v = y_in[i];
    switch FUNCTION {
        case 1u: { dx[i] = (1.0 - v * v) * dy[i]; }
        case 2u: { dx[i] = v * (1.0 - v) * dy[i]; }
        default: { dx[i] = select(vec4f(0.0), dy[i], v > vec4f(0.0)); }
    }
}
