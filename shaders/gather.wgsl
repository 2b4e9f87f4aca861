// Put behind table.wgsl and random.wgsl.
//
// The batch: entry n is the picture that the order names, as the net sees it, and its class.
//
//   x = (byte / 255 − mean) · scale
//   pictures[n, i, j, c] = x[c, i + dy, j' + dx], with j' = W − 1 − j where the picture is mirrored, else j;
//   zero where that lies outside. Whether to mirror, and by how much to shift (up to CROP pixels either
//   way), is drawn by hash from the key of the epoch and the picture's index.
//
// The bytes may be spread over several buffers, of which this dispatch reads the one that holds the pictures
// from FIRST to FIRST + COUNT; the other entries of the batch are left to the other dispatches.

override CHANNELS: u32 = 1u;    // C
override HEIGHT: u32 = 1u;      // H
override WIDTH: u32 = 1u;       // W
override FLIP: bool = false;
override CROP: u32 = 0u;
override FIRST: u32 = 0u;
override COUNT: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> bytes: array<u32>;      // (COUNT, C, H, W), four in a word
@group(0) @binding(1) var<storage, read_write> classes: array<u32>;    // of each picture there is
@group(0) @binding(2) var<storage, read_write> order: array<u32>;      // which picture comes when
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;       // (C, H, W)
@group(0) @binding(4) var<storage, read_write> scale: array<f32>;      // (C)
@group(0) @binding(5) var<storage, read_write> pictures: array<f32>;   // (N, H, W, C)
@group(0) @binding(6) var<storage, read_write> labels: array<f32>;     // (N)

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, H, W, C)
    if place >= arrayLength(&pictures) {
        return;
    }
    let c = place % CHANNELS;
    let j = place / CHANNELS % WIDTH;
    let i = place / (CHANNELS * WIDTH) % HEIGHT;
    let n = place / (CHANNELS * WIDTH * HEIGHT);
    let index = order[table.first + n];
    if index < FIRST || index - FIRST >= COUNT {
        return;
    }
    if place % (CHANNELS * WIDTH * HEIGHT) == 0u {
        labels[n] = f32(classes[index]);
    }

    let key = key_with(table.augment_key, index);
    var row = i32(i);
    var column = i32(j);
    if FLIP && random_below(key, 0u, 2u) == 1u {
        column = i32(WIDTH) - 1 - column;
    }
    row += i32(random_below(key, 1u, 2u * CROP + 1u)) - i32(CROP);
    column += i32(random_below(key, 2u, 2u * CROP + 1u)) - i32(CROP);

    var value = 0.0;
    if row >= 0 && row < i32(HEIGHT) && column >= 0 && column < i32(WIDTH) {
        let at = (c * HEIGHT + u32(row)) * WIDTH + u32(column);   // in (C, H, W)
        let byte_at = (index - FIRST) * (CHANNELS * HEIGHT * WIDTH) + at;
        let byte = (bytes[byte_at / 4u] >> (8u * (byte_at % 4u))) & 0xffu;
        value = (f32(byte) / 255.0 - mean[at]) * scale[c];
    }
    pictures[place] = value;
}
