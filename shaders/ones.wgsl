// The arrays of a product C = A · B as single numbers: their rows begin anywhere.

@group(0) @binding(0) var<storage, read_write> first: array<f32>;     // where A comes from
@group(0) @binding(1) var<storage, read_write> second: array<f32>;    // where B comes from
@group(0) @binding(2) var<storage, read_write> product: array<f32>;   // C

fn first_len() -> u32 { return arrayLength(&first); }
fn first_one(at: u32) -> f32 { return first[at]; }
fn first_four(at: u32) -> vec4f { return vec4f(first[at], first[at + 1u], first[at + 2u], first[at + 3u]); }

fn second_one(at: u32) -> f32 { return second[at]; }
fn second_four(at: u32) -> vec4f { return vec4f(second[at], second[at + 1u], second[at + 2u], second[at + 3u]); }

// Stores the first so many of four numbers side by side.
fn put(at: u32, n: u32, four: vec4f) {
    if n > 0u { product[at] = four.x; }
    if n > 1u { product[at + 1u] = four.y; }
    if n > 2u { product[at + 2u] = four.z; }
    if n > 3u { product[at + 3u] = four.w; }
}
