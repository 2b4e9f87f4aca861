// The pixels of all maps put elsewhere by one permutation:
//
//   forward    y[n, p, c] = x[n, places[p], c]
//
// x, y (N, P, C) with P = H·W; places (P), every place once. The way back is the inverse permutation.

override CHANNELS: u32 = 1u;   // C
override AREA: u32 = 1u;       // P

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> places: array<u32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, P, C)
    if place >= arrayLength(&y) {
        return;
    }
    let pixel = place / CHANNELS;
    let source = pixel - pixel % AREA + places[pixel % AREA];
    y[place] = x[source * CHANNELS + place % CHANNELS];
}
