// Put behind table.wgsl.
//
// The optimiser's step over all weights w with gradient g, rate η and step number t:
//
//   g ← factor · g            where the gradient is clipped, see norm.wgsl
//   g ← g + λ·w               weight decay, but for AdamW
//   descent    w ← w − η·g
//   momentum   Δ ← μ·Δ − η·g          w ← w + Δ
//   nesterov   Δ ← μ·Δ − η·g          w ← w + μ·Δ − η·g
//   adagrad    G ← G + g²             w ← w − η·g / (√G + ε)               (Duchi, Hazan, Singer 2011)
//   rmsprop    v ← μ·v + (1 − μ)·g²   w ← w − η·g / (√v + ε)               (Tieleman and Hinton 2012)
//   adam       m ← β₁·m + (1 − β₁)·g
//              v ← β₂·v + (1 − β₂)·g²
//              w ← w − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)      (Kingma and Ba 2015, Algorithm 1)
//   AdamW     w ← w − η·λ·w, then as adam                      (Loshchilov and Hutter 2019, Algorithm 2)
//
// All arrays but norm are of one length and one order; each invocation takes four numbers.

override DECAYS: bool = false;    // whether this range is weights, or else biases, scales and shifts
override COUPLED: bool = true;    // whether decay goes into the gradient
override CLIPS: bool = false;     // without it, any array may be bound in the norm's place

@group(0) @binding(0) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> norm: array<f32>;      // [norm, factor]
@group(0) @binding(2) var<storage, read_write> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> slot0: array<vec4f>;   // Δ, G, v of rmsprop, m
@group(0) @binding(4) var<storage, read_write> slot1: array<vec4f>;   // v of adam

fn lambda() -> f32 {
    return select(table.other_decay, table.weight_decay, DECAYS);
}

fn clipped(i: u32) -> vec4f {
    if CLIPS {
        return norm[1] * gradient[i];
    }
    return gradient[i];
}

fn decayed(i: u32) -> vec4f {
    if COUPLED {
        return clipped(i) + lambda() * weight[i];
    }
    return clipped(i);
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
fn adagrad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&weight) {
        return;
    }
    let g = decayed(i);
    let sum = slot0[i] + g * g;
    slot0[i] = sum;
    weight[i] -= table.rate * g / (sqrt(sum) + table.epsilon);
}

@compute @workgroup_size(64)
fn rmsprop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&weight) {
        return;
    }
    let g = decayed(i);
    let mean = table.momentum * slot0[i] + (1.0 - table.momentum) * g * g;
    slot0[i] = mean;
    weight[i] -= table.rate * g / (sqrt(mean) + table.epsilon);
}

@compute @workgroup_size(64)
fn adam(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&weight) {
        return;
    }
    let g = decayed(i);
    if !COUPLED {
        weight[i] -= table.rate * lambda() * weight[i];
    }
    let m = table.momentum * slot0[i] + (1.0 - table.momentum) * g;
    let v = table.beta2 * slot1[i] + (1.0 - table.beta2) * g * g;
    slot0[i] = m;
    slot1[i] = v;
    weight[i] -= table.rate * (m / table.correction1) / (sqrt(v / table.correction2) + table.epsilon);
}
