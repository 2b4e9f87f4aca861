// Channels one behind the other: a part of C' channels lies in a whole of C channels from channel FIRST on.
//
//   forward    whole[p, FIRST + c] = part[p, c]
//   backward   part[p, c] = whole[p, FIRST + c]
//
// part (P, C') and whole (P, C), where P = N·H·W counts the pixels of the batch.

override PART: u32 = 1u;    // C'
override WHOLE: u32 = 2u;   // C
override FIRST: u32 = 0u;

@group(0) @binding(0) var<storage, read_write> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;   // in (P, C')
    if i < arrayLength(&source) {
        destination[i / PART * WHOLE + FIRST + i % PART] = source[i];
    }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = id.x + id.y * groups.x * 64u;   // in (P, C')
    if i < arrayLength(&destination) {
        destination[i] = source[i / PART * WHOLE + FIRST + i % PART];
    }
}
