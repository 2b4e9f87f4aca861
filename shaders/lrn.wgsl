// Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3), at each pixel m:
//
//   forward    s[c] = k + α · Σ over j of x[j]², j from c − BEFORE to c + BEHIND as far as there are channels,
//              y[c] = x[c] · s[c]^−β
//   backward   dx[j] = dy[j] · s[j]^−β − 2·α·β · x[j] · Σ over c of dy[c] · y[c] / s[c], c from j − BEHIND to
//              j + BEFORE: the channels that have j for a neighbour
//
// All arrays (M, C) over the M = N·H·W pixels of the batch.

override CHANNELS: u32 = 1u;   // C
override BEFORE: u32 = 2u;
override BEHIND: u32 = 2u;
override ALPHA: f32 = 1e-4;    // α
override BETA: f32 = 0.75;     // β
override K: f32 = 2.0;         // k

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> s: array<f32>;
@group(0) @binding(3) var<storage, read_write> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (M, C)
    if place >= arrayLength(&y) {
        return;
    }
    let c = place % CHANNELS;
    let first = place - c;
    var squares = 0.0;
    for (var j = max(c, BEFORE) - BEFORE; j < min(c + BEHIND + 1u, CHANNELS); j++) {
        squares += x[first + j] * x[first + j];
    }
    let sum = K + ALPHA * squares;
    y[place] = x[place] * power(sum);
    s[place] = sum;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (M, C)
    if place >= arrayLength(&dx) {
        return;
    }
    let j = place % CHANNELS;
    let first = place - j;
    var received = 0.0;
    for (var c = max(j, BEHIND) - BEHIND; c < min(j + BEFORE + 1u, CHANNELS); c++) {
        received += dy[first + c] * y[first + c] / s[first + c];
    }
    dx[place] = dy[place] * power(s[place]) - 2.0 * ALPHA * BETA * x[place] * received;
}

// s^−β, by roots for the paper's β.
fn power(sum: f32) -> f32 {
    if BETA == 0.75 {
        let root = sqrt(sum);
        return 1.0 / (root * sqrt(root));
    }
    return pow(sum, -BETA);
}
