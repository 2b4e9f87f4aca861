// Put behind table.wgsl and random.wgsl.
//
// The batch: entry n is the picture that the order names, as the net sees it, and what is known of it.
//
//   x = (v − mean) · scale, with v = byte / 255, or what jitter makes of it:
//     v ← b·v;  v ← m + c·(v − m);  v ← g + s·(v − g);  cut off below 0 and above 1,
//     with m the mean of the whole picture in grey, times b, and g the grey of the pixel as it then is
//   pictures[n, i, j, c] = x[c, i + dy, j' + dx], with j' = W − 1 − j where the picture is mirrored, else j;
//   zero where that lies outside, and in the square of side CUTOUT that is cut out
//
// Whether to mirror, by how much to shift (up to CROP pixels either way), the middle of the square and the factors
// b, c and s (from 1 − JITTER to 1 + JITTER) are drawn by hash from the key of the epoch and the picture's index.
// Classes of pixels are mirrored and shifted with them, VOID where that lies outside.
//
// The bytes may be spread over several buffers, of which this dispatch reads the one that holds the pictures
// from FIRST to FIRST + COUNT; the other entries of the batch are left to the other dispatches.

override CHANNELS: u32 = 1u;    // C
override HEIGHT: u32 = 1u;      // H
override WIDTH: u32 = 1u;       // W
override FLIP: bool = false;
override CROP: u32 = 0u;
override CUTOUT: u32 = 0u;
override JITTER: f32 = 0.0;
override LABELS: u32 = 1u;      // numbers that tell what is known of a picture: 1, K tags, or H · W
override FIRST: u32 = 0u;
override COUNT: u32 = 1u;

const VOID: u32 = 255u;
const LANES: u32 = 64u;

@group(0) @binding(0) var<storage, read_write> bytes: array<u32>;      // (COUNT, C, H, W), four in a word
@group(0) @binding(1) var<storage, read_write> order: array<u32>;      // which picture comes when
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;       // (C, H, W)
@group(0) @binding(3) var<storage, read_write> scale: array<f32>;      // (C)
@group(0) @binding(4) var<storage, read_write> pictures: array<f32>;   // (N, H, W, C)
@group(0) @binding(5) var<storage, read_write> greys: array<f32>;      // (N): mean brightness in grey

@group(0) @binding(2) var<storage, read_write> greys_out: array<f32>;

@group(0) @binding(0) var<storage, read_write> known: array<u32>;      // of the COUNT pictures
@group(0) @binding(2) var<storage, read_write> labels: array<f32>;     // (N), (N, K) or (N, H, W)

var<workgroup> lane_sums: array<u32, LANES>;

fn byte_at(at: u32) -> f32 {
    return f32((bytes[at / 4u] >> (8u * (at % 4u))) & 0xffu);
}

// The share of channel c in what a picture is in grey: ITU-R BT.601, or the same for all.
fn grey_share(c: u32) -> f32 {
    if CHANNELS == 3u {
        return select(select(0.114, 0.587, c == 1u), 0.299, c == 0u);
    }
    return 1.0 / f32(CHANNELS);
}

// The row and column that pixel (i, j) of the result is taken from; they may lie outside.
fn source_of(key: u32, i: u32, j: u32) -> vec2i {
    var row = i32(i);
    var column = i32(j);
    if FLIP && random_below(key, 0u, 2u) == 1u {
        column = i32(WIDTH) - 1 - column;
    }
    row += i32(random_below(key, 1u, 2u * CROP + 1u)) - i32(CROP);
    column += i32(random_below(key, 2u, 2u * CROP + 1u)) - i32(CROP);
    return vec2i(row, column);
}

fn is_inside(at: vec2i) -> bool {
    return at.x >= 0 && at.x < i32(HEIGHT) && at.y >= 0 && at.y < i32(WIDTH);
}

fn is_cut_out(key: u32, i: u32, j: u32) -> bool {
    let middle = vec2i(i32(random_below(key, 3u, HEIGHT)), i32(random_below(key, 4u, WIDTH)));
    let from_first = vec2i(i32(i), i32(j)) - middle + i32(CUTOUT / 2u);
    return all(from_first >= vec2i(0)) && all(from_first < vec2i(i32(CUTOUT)));
}

fn factor(key: u32, place: u32) -> f32 {
    return 1.0 + JITTER * (2.0 * random_uniform(key, place) - 1.0);
}

// The mean brightness of each picture in grey. One workgroup for each.
@compute @workgroup_size(LANES)
fn greys_of(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let n = min(group.x + group.y * groups.x, arrayLength(&greys_out) - 1u);
    let index = order[table.first + n];
    let is_here = index >= FIRST && index - FIRST < COUNT;
    let picture = select(0u, index - FIRST, is_here) * (CHANNELS * HEIGHT * WIDTH);
    var grey = 0.0;
    for (var c = 0u; c < CHANNELS; c++) {
        // Whole numbers, so that the order of the sum does not matter.
        var sum = 0u;
        for (var at = lane; at < HEIGHT * WIDTH; at += LANES) {
            sum += u32(byte_at(picture + c * HEIGHT * WIDTH + at));
        }
        workgroupBarrier();
        lane_sums[lane] = sum;
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            if lane < half {
                lane_sums[lane] += lane_sums[lane + half];
            }
            workgroupBarrier();
        }
        grey += grey_share(c) * (f32(lane_sums[0]) / (255.0 * f32(HEIGHT * WIDTH)));
    }
    if lane == 0u && is_here {
        greys_out[n] = grey;
    }
}

// One invocation for each pixel.
@compute @workgroup_size(LANES)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * LANES;   // in (N, H, W)
    if place >= arrayLength(&pictures) / CHANNELS {
        return;
    }
    let j = place % WIDTH;
    let i = place / WIDTH % HEIGHT;
    let n = place / (WIDTH * HEIGHT);
    let index = order[table.first + n];
    if index < FIRST || index - FIRST >= COUNT {
        return;
    }
    let key = key_with(table.augment_key, index);
    let source = source_of(key, i, j);
    if !is_inside(source) || (CUTOUT > 0u && is_cut_out(key, i, j)) {
        for (var c = 0u; c < CHANNELS; c++) {
            pictures[place * CHANNELS + c] = 0.0;
        }
        return;
    }
    let there = u32(source.x) * WIDTH + u32(source.y);
    let picture = (index - FIRST) * (CHANNELS * HEIGHT * WIDTH);
    let b = factor(key, 5u);
    let contrast = factor(key, 6u);
    let middle = b * greys[n];
    var grey = 0.0;
    if JITTER > 0.0 {
        for (var c = 0u; c < CHANNELS; c++) {
            let value = byte_at(picture + c * HEIGHT * WIDTH + there) / 255.0;
            grey += grey_share(c) * (middle + contrast * (b * value - middle));
        }
    }
    for (var c = 0u; c < CHANNELS; c++) {
        let at = c * HEIGHT * WIDTH + there;   // in (C, H, W)
        var value = byte_at(picture + at) / 255.0;
        if JITTER > 0.0 {
            value = middle + contrast * (b * value - middle);
            value = clamp(grey + factor(key, 7u) * (value - grey), 0.0, 1.0);
        }
        pictures[place * CHANNELS + c] = (value - mean[at]) * scale[c];
    }
}

// The picture that a label belongs to, counted from FIRST; COUNT where it lies in another buffer.
fn labelled(place: u32) -> u32 {
    let index = order[table.first + place / LABELS];
    return select(COUNT, index - FIRST, index >= FIRST && index - FIRST < COUNT);
}

@compute @workgroup_size(LANES)
fn classes_of(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * LANES;   // in (N)
    if place >= arrayLength(&labels) {
        return;
    }
    let picture = labelled(place);
    if picture < COUNT {
        labels[place] = f32(known[picture]);
    }
}

@compute @workgroup_size(LANES)
fn tags_of(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * LANES;   // in (N, K)
    if place >= arrayLength(&labels) {
        return;
    }
    let picture = labelled(place);
    if picture < COUNT {
        let tag = place % LABELS;
        let word = known[picture * ((LABELS + 31u) / 32u) + tag / 32u];
        labels[place] = f32((word >> (tag % 32u)) & 1u);
    }
}

@compute @workgroup_size(LANES)
fn pixel_classes_of(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * LANES;   // in (N, H, W)
    if place >= arrayLength(&labels) {
        return;
    }
    let picture = labelled(place);
    if picture >= COUNT {
        return;
    }
    let key = key_with(table.augment_key, FIRST + picture);
    let source = source_of(key, place / WIDTH % HEIGHT, place % WIDTH);
    var class_there = VOID;
    if is_inside(source) {
        let at = picture * (HEIGHT * WIDTH) + u32(source.x) * WIDTH + u32(source.y);
        class_there = (known[at / 4u] >> (8u * (at % 4u))) & 0xffu;
    }
    labels[place] = f32(class_there);
}
