// What changes from step to step; all else is compiled into the shaders.

struct Table {
    first: u32,          // place in the pictures' order of the batch's first picture
    augment_key: u32,    // key of this epoch's augmentation
    dropout_key: u32,    // key of this step's dropout masks
    rate: f32,           // η
    weight_decay: f32,   // λ of the weights
    other_decay: f32,    // λ of biases, scales and shifts
    clip: f32,           // norm to which a longer gradient is clipped
    momentum: f32,       // μ; β₁ of Adam
    beta2: f32,          // β₂ of Adam
    epsilon: f32,        // ε of the rules that divide by a root
    correction1: f32,    // 1 − β₁ᵗ
    correction2: f32,    // 1 − β₂ᵗ
}

@group(1) @binding(0) var<uniform> table: Table;
