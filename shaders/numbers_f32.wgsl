// What the operands of a product are rounded to on their way into a workgroup's memory: nothing.

alias Short4 = vec4f;

// What gradients are multiplied with on that way; their sums are divided by it.
const GRADIENT_SCALE: f32 = 1.0;
