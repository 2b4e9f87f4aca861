// The arrays of a product C = A · B as vectors of four numbers: all their rows are of whole vectors.

@group(0) @binding(0) var<storage, read_write> first: array<vec4f>;     // where A comes from
@group(0) @binding(1) var<storage, read_write> second: array<vec4f>;    // where B comes from
@group(0) @binding(2) var<storage, read_write> product: array<vec4f>;   // C

fn first_len() -> u32 { return 4u * arrayLength(&first); }
fn first_one(at: u32) -> f32 { return first[at / 4u][at % 4u]; }
fn first_four(at: u32) -> vec4f { return first[at / 4u]; }

fn second_one(at: u32) -> f32 { return second[at / 4u][at % 4u]; }
fn second_four(at: u32) -> vec4f { return second[at / 4u]; }

// Stores four numbers side by side, or none.
fn put(at: u32, n: u32, four: vec4f) {
    if n > 0u { product[at / 4u] = four; }
}
