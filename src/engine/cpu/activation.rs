//! Non-linearities as vectorised loops, one for each function and direction.

use super::functions::{exp_m1, normal, sigmoid as logistic, tanh as hyperbolic};
use super::rectified;
use super::simd::vectorised;
use crate::experiment::layers::Activation;

/// λ and λ·α.
const SELU: [f32; 2] =
    [Activation::SELU_LAMBDA as f32, (Activation::SELU_LAMBDA * Activation::SELU_ALPHA) as f32];

/// `y ← f(x)`.
pub fn forward(function: Activation, x: &[f32], y: &mut [f32]) {
    match function {
        Activation::Relu => relu(x, y),
        Activation::LeakyRelu { slope } => leaky_relu(x, y, slope),
        Activation::Elu { alpha } => elu(x, y, [1.0, alpha]),
        Activation::Selu => elu(x, y, SELU),
        Activation::Gelu => gelu(x, y),
        Activation::Silu => silu(x, y),
        Activation::Tanh => tanh(x, y),
        Activation::Sigmoid => sigmoid(x, y),
    }
}

/// `dx ← f′ · dy`, with f′ from y, or for GELU and SiLU from x.
pub fn backward(function: Activation, at: &[f32], dy: &[f32], dx: &mut [f32]) {
    match function {
        Activation::Relu => relu_backward(at, dy, dx),
        Activation::LeakyRelu { slope } => leaky_relu_backward(at, dy, dx, slope),
        Activation::Elu { alpha } => elu_backward(at, dy, dx, [1.0, alpha]),
        Activation::Selu => elu_backward(at, dy, dx, SELU),
        Activation::Gelu => gelu_backward(at, dy, dx),
        Activation::Silu => silu_backward(at, dy, dx),
        Activation::Tanh => tanh_backward(at, dy, dx),
        Activation::Sigmoid => sigmoid_backward(at, dy, dx),
    }
}

/// A loop over all numbers, `forward name(x, settings) { y }` or `backward name(y or x, settings) { f′ }`.
macro_rules! each {
    (forward $name:ident($x:ident $(, $setting:ident: $ty:ty)?) $body:block) => {
        vectorised! {
            fn $name(x: &[f32], y: &mut [f32] $(, $setting: $ty)?) {
                for (y, &$x) in y.iter_mut().zip(x) {
                    *y = $body;
                }
            }
        }
    };
    (backward $name:ident($at:ident $(, $setting:ident: $ty:ty)?) $body:block) => {
        vectorised! {
            fn $name(at: &[f32], dy: &[f32], dx: &mut [f32] $(, $setting: $ty)?) {
                for ((dx, &dy), &$at) in dx.iter_mut().zip(dy).zip(at) {
                    *dx = $body * dy;
                }
            }
        }
    };
}

each! { forward relu(x) { rectified(x) } }
each! { forward leaky_relu(x, slope: f32) { if x > 0.0 { x } else { slope * x } } }
each! { forward elu(x, scales: [f32; 2]) { if x > 0.0 { scales[0] * x } else { scales[1] * exp_m1(x) } } }
each! { forward gelu(x) { x * normal(x)[0] } }
each! { forward silu(x) { x * logistic(x) } }
each! { forward tanh(x) { hyperbolic(x) } }
each! { forward sigmoid(x) { logistic(x) } }

each! { backward leaky_relu_backward(y, slope: f32) { if y > 0.0 { 1.0 } else { slope } } }
each! { backward elu_backward(y, scales: [f32; 2]) { if y > 0.0 { scales[0] } else { y + scales[1] } } }
each! {
    backward gelu_backward(x) {{
        let [share, density] = normal(x);
        share + x * density
    }}
}
each! {
    backward silu_backward(x) {{
        let share = logistic(x);
        share * (1.0 + x * (1.0 - share))
    }}
}
each! { backward tanh_backward(y) { 1.0 - y * y } }
each! { backward sigmoid_backward(y) { y * (1.0 - y) } }

vectorised! {
    /// What is no number in dy does not come through where the unit is silent.
    fn relu_backward(y: &[f32], dy: &[f32], dx: &mut [f32]) {
        for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
            *dx = if y > 0.0 { dy } else { 0.0 };
        }
    }
}
