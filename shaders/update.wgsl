// Put behind table.wgsl.
//
// The optimiser's step over all weights w with gradient g, rate η and step number t:
//
//   g ← g + λ·w                       weight decay, where the weights in this range decay
//   descent    w ← w − η·g
//   momentum   Δ ← μ·Δ − η·g          w ← w + Δ
//   nesterov   Δ ← μ·Δ − η·g          w ← w + μ·Δ − η·g
//   adam       m ← β₁·m + (1 − β₁)·g
//              v ← β₂·v + (1 − β₂)·g²
//              w ← w − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)      (Kingma and Ba 2015, Algorithm 1)
//
// All arrays are of one length and one order; each invocation takes four numbers.

override DECAYS: bool = false;

@group(0) @binding(0) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> slot0: array<vec4f>;   // Δ, or m
@group(0) @binding(3) var<storage, read_write> slot1: array<vec4f>;   // v

fn decayed(i: u32) -> vec4f {
    return gradient[i] + select(0.0, table.weight_decay, DECAYS) * weight[i];
}

@compute @workgroup_size(64)
fn descent(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&weight) {
        return;
    }
    weight[i] -= table.rate * decayed(i);
}

@compute @workgroup_size(64)
fn momentum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&weight) {
        return;
    }
    let delta = table.momentum * slot0[i] - table.rate * decayed(i);
    slot0[i] = delta;
    weight[i] += delta;
}

@compute @workgroup_size(64)
fn nesterov(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&weight) {
        return;
    }
    let down = table.rate * decayed(i);
    let delta = table.momentum * slot0[i] - down;
    slot0[i] = delta;
    weight[i] += table.momentum * delta - down;
}

@compute @workgroup_size(64)
fn adam(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&weight) {
        return;
    }
    let g = decayed(i);
    let m = table.momentum * slot0[i] + (1.0 - table.momentum) * g;
    let v = table.beta2 * slot1[i] + (1.0 - table.beta2) * g * g;
    slot0[i] = m;
    slot1[i] = v;
    weight[i] -= table.rate * (m / table.correction1) / (sqrt(v / table.correction2) + table.epsilon);
}
