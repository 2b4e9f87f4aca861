// Put behind table.wgsl, whose `first` counts the pictures. The strongest responses of every channel so far:
//
//   kept[c] = the KEPT strongest of what was kept and x[n, h, w, c] over all (n, h, w), or, with ONE_EACH, of
//             what was kept and the largest x[n, h, w, c] over (h, w) of each n; strongest first, none twice
//
// A response is stronger than another where its value is larger, of equals that of the earlier picture and place.
// What is no number is not kept.
//
// x (N, H, W, C); peaks (N, C, EACH, 2): of each picture its strongest responses as [value, place], the place
// h·W + w, or −1 where there are no more; kept (C, KEPT, 3): [value, picture, place], where nothing is kept yet
// the picture is −1. First an invocation for each picture and channel, then one for each channel.

override CHANNELS: u32 = 1u;     // C
override AREA: u32 = 1u;         // H·W
override BATCH: u32 = 1u;        // N
override KEPT: u32 = 1u;
override EACH: u32 = 1u;
override ONE_EACH: bool = true;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> peaks: array<vec2f>;

@group(0) @binding(0) var<storage, read_write> peaks_in: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> kept: array<f32>;

@compute @workgroup_size(64)
fn find(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let own = id.x + id.y * groups.x * 64u;   // in (N, C)
    if own >= BATCH * CHANNELS {
        return;
    }
    let start = own / CHANNELS * AREA * CHANNELS + own % CHANNELS;
    var before = vec2f(0.0, -1.0);
    for (var round = 0u; round < EACH; round++) {
        // The strongest behind the one before.
        var best = vec2f(0.0, -1.0);
        for (var place = 0u; place < AREA; place++) {
            let value = x[start + place * CHANNELS];
            let follows = round == 0u || value < before.x || (value == before.x && f32(place) > before.y);
            // What is no number is not equal to itself.
            if follows && value == value && (best.y < 0.0 || value > best.x) {
                best = vec2f(value, f32(place));
            }
        }
        peaks[own * EACH + round] = best;
        before = best;
        if best.y < 0.0 {
            // There is nothing behind nothing.
            for (var rest = round + 1u; rest < EACH; rest++) {
                peaks[own * EACH + rest] = best;
            }
            break;
        }
    }
}

// Whether a response is stronger than the one that is kept at this place.
fn beats(one: vec3f, at: u32) -> bool {
    let other = vec3f(kept[at], kept[at + 1u], kept[at + 2u]);
    // A place where nothing is kept has picture −1.
    if other.y < 0.0 {
        return true;
    }
    let is_earlier = one.y < other.y || (one.y == other.y && one.z < other.z);
    return one.x > other.x || (one.x == other.x && is_earlier);
}

@compute @workgroup_size(64)
fn rank(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let c = id.x + id.y * groups.x * 64u;
    if c >= CHANNELS {
        return;
    }
    let begin = c * KEPT * 3u;
    let last = begin + (KEPT - 1u) * 3u;
    for (var i = 0u; i < BATCH * EACH; i++) {
        let n = i / EACH;
        let peak = peaks_in[(n * CHANNELS + c) * EACH + i % EACH];
        let one = vec3f(peak.x, f32(table.first + n), peak.y);
        if peak.y < 0.0 || !beats(one, last) {
            continue;
        }
        var is_known = false;
        for (var at = begin; at <= last; at += 3u) {
            is_known = is_known || (kept[at + 1u] == one.y && (ONE_EACH || kept[at + 2u] == one.z));
        }
        if is_known {
            continue;
        }
        // Those that are weaker move down by one.
        var at = last;
        while at > begin && beats(one, at - 3u) {
            kept[at] = kept[at - 3u];
            kept[at + 1u] = kept[at - 2u];
            kept[at + 2u] = kept[at - 1u];
            at -= 3u;
        }
        kept[at] = one.x;
        kept[at + 1u] = one.y;
        kept[at + 2u] = one.z;
    }
}
