enable f16;

// What the operands of a product are rounded to on their way into a workgroup's memory: 16 bits, 11 of them for the
// digits, which halves what is fetched from there. They are widened again before they are multiplied, and sums keep
// their 32 bits. What is beyond 65504 becomes infinite.

alias Short4 = vec4h;

// What gradients are multiplied with on that way, since those below 6e-5 would lose digits and those below 6e-8
// vanish; their sums are divided by it. A power of two costs no digit.
const GRADIENT_SCALE: f32 = 1024.0;
