// Put behind table.wgsl and random.wgsl.
//
// Dropout: y = x / (1 − p) where u ≥ p, else 0, with u uniform in [0, 1), drawn by hash from the key of the
// step, the layer and the number's place in the batch. The way back draws the same mask again: dx from dy.
//
// Both arrays are of one length and one order.

override PROBABILITY: f32 = 0.5;   // p
override SCALE: f32 = 2.0;         // 1 / (1 − p)
override LAYER: u32 = 0u;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;
    if i >= arrayLength(&y) {
        return;
    }
    let key = key_with(table.dropout_key, LAYER);
    y[i] = select(0.0, x[i] * SCALE, random_uniform(key, i) >= PROBABILITY);
}
