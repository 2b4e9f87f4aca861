// Fully connected layer.
//
//   forward    y[n, o] = b[o] + Σ over i of x[n, i] · w[i, o], and with RELU y = max(0, y)
//   backward   dx[n, i] = Σ over o of dy[n, o] · w[i, o]
//   weights    dw[i, o] = Σ over n of x[n, i] · dy[n, o]
//   bias       db[o] = Σ over n of dy[n, o]
//
// x, dx (N, IN); y, dy (N, OUT); w, dw (IN, OUT); b, db (OUT). One invocation for each number of the result:
// plain, and slow for large layers, because it reads every number again and again (see conv_tiled.wgsl).

override IN: u32 = 1u;
override OUT: u32 = 1u;
override BATCH: u32 = 1u;      // N
override BIAS: bool = true;    // without it, any array may be bound in its place
override RELU: bool = false;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@group(0) @binding(0) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@group(0) @binding(1) var<storage, read_write> dy_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;
@group(0) @binding(1) var<storage, read_write> db: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, OUT)
    if place >= arrayLength(&y) {
        return;
    }
    let n = place / OUT;
    let o = place % OUT;
    var sum = 0.0;
    for (var i = 0u; i < IN; i++) {
        sum += x[n * IN + i] * w[i * OUT + o];
    }
    if BIAS {
        sum += b[o];
    }
    y[place] = select(sum, 0.0, RELU && sum <= 0.0);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (N, IN)
    if place >= arrayLength(&dx) {
        return;
    }
    let n = place / IN;
    let i = place % IN;
    var sum = 0.0;
    for (var o = 0u; o < OUT; o++) {
        sum += dy[n * OUT + o] * w[i * OUT + o];
    }
    dx[place] = sum;
}

@compute @workgroup_size(64)
fn weights(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let place = id.x + id.y * groups.x * 64u;   // in (IN, OUT)
    if place >= arrayLength(&dw) {
        return;
    }
    let i = place / OUT;
    let o = place % OUT;
    var sum = 0.0;
    for (var n = 0u; n < BATCH; n++) {
        sum += x[n * IN + i] * dy_in[n * OUT + o];
    }
    dw[place] = sum;
}

@compute @workgroup_size(64)
fn bias(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= OUT {
        return;
    }
    var sum = 0.0;
    for (var n = 0u; n < BATCH; n++) {
        sum += dy[n * OUT + id.x];
    }
    db[id.x] = sum;
}
