// A non-linearity f, applied to every number.
//
//   forward    y = f(x)
//   backward   dx = f'(x) · dy, with the derivative had from y, or for GELU and SiLU from x:
//
//     0 ReLU         f(x) = max(0, x)                     f' = 1 where y > 0, else 0
//     1 tanh         f(x) = tanh(x)                       f' = 1 − y²
//     2 sigmoid      f(x) = 1 / (1 + e^−x)                f' = y · (1 − y)
//     3 leaky ReLU   f(x) = x where x > 0, else BELOW·x   f' = 1 where y > 0, else BELOW
//     4 ELU, SELU    f(x) = ABOVE·x where x > 0,          f' = ABOVE where y > 0,
//                    else BELOW·(e^x − 1)                      else y + BELOW
//     5 GELU         f(x) = x · Φ(x)                      f' = Φ(x) + x·φ(x)
//     6 SiLU         f(x) = x / (1 + e^−x)                f' = σ · (1 + x·(1 − σ)) with σ = 1 / (1 + e^−x)
//
// All arrays are of one length and one order; each invocation takes four numbers. What is no number stays so,
// for which reason numbers are chosen by comparison, not by `min` and `max`.

override FUNCTION: u32 = 0u;
override ABOVE: f32 = 1.0;
override BELOW: f32 = 0.0;

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

@group(0) @binding(0) var<storage, read_write> known: array<vec4f>;   // y, or for GELU and SiLU x
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
        case 1u: { y[i] = select(tanh(v), sign(v), abs(v) > vec4f(10.0)); }
        case 2u: { y[i] = logistic(v); }
        case 3u: { y[i] = select(v, BELOW * v, v <= vec4f(0.0)); }
        case 4u: { y[i] = select(BELOW * exponential_less_one(v), ABOVE * v, v > vec4f(0.0)); }
        case 5u: { y[i] = v * normal(v).share; }
        case 6u: { y[i] = v * logistic(v); }
        default: { y[i] = select(v, vec4f(0.0), v <= vec4f(0.0)); }
    }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&dx) {
        return;
    }
    let v = known[i];
    switch FUNCTION {
        case 1u: { dx[i] = (1.0 - v * v) * dy[i]; }
        case 2u: { dx[i] = v * (1.0 - v) * dy[i]; }
        case 3u: { dx[i] = select(BELOW * dy[i], dy[i], v > vec4f(0.0)); }
        case 4u: { dx[i] = select(v + BELOW, vec4f(ABOVE), v > vec4f(0.0)) * dy[i]; }
        case 5u: {
            let n = normal(v);
            dx[i] = (n.share + v * n.density) * dy[i];
        }
        case 6u: {
            let share = logistic(v);
            dx[i] = share * (1.0 + v * (1.0 - share)) * dy[i];
        }
        default: { dx[i] = select(vec4f(0.0), dy[i], v > vec4f(0.0)); }
    }
}

fn logistic(v: vec4f) -> vec4f {
    return 1.0 / (1.0 + exp(-v));
}

// e^v − 1 for v ≤ 0: near 0 by its series, where the difference would cancel. Each is right to a few units in
// the last place, as far as the device's exponential is.
fn exponential_less_one(v: vec4f) -> vec4f {
    let third = 1.0 / 6.0 + v * (1.0 / 24.0 + v * (1.0 / 120.0 + v * (1.0 / 720.0 + v * (1.0 / 5040.0))));
    let near = v + v * v * (0.5 + v * third);
    return select(exp(v) - 1.0, near, v > vec4f(-0.4));
}

// The standard normal's distribution function Φ and density φ.
struct Normal {
    share: vec4f,
    density: vec4f,
}

// Φ(−u) = φ(u) · R(u) with Mills' ratio R = P/Q, fitted over 0 to 14.5 with the least largest relative error,
// 6e-9 (see src/engine/cpu/functions.rs). Φ is right to 3·2⁻²⁴ where it is not small; far below 0 its relative
// error is that of the device's exponential.
fn normal(v: vec4f) -> Normal {
    let u = abs(v);
    // Beyond 14.5 both are 0 in single precision; the quotient need not follow.
    let w = select(u, vec4f(14.5), u > vec4f(14.5));
    let density = 0.3989422804 * exp(-0.5 * w * w) * select(vec4f(1.0), vec4f(0.0), u > vec4f(14.5));
    let p = 1.2533141447 + w * (1.0986471595 + w * (0.4593058848 + w * (0.1018535932 + w * 0.0103182374)));
    let q = 1.0 + w * (1.6744785875 + w * (1.2025088965 + w * (0.4694743265 + w * (0.1018600399 + w * 0.0103181176))));
    let tail = density * (p / q);
    return Normal(select(tail, 1.0 - tail, v > vec4f(0.0)), density);
}
