//! Non-linearities: ReLU `max(0, x)`, tanh, sigmoid `1 / (1 + e⁻ˣ)`. Backward by the output alone: ReLU
//! `dx = dy` where `y > 0`; tanh `dx = (1 − y²)·dy`; sigmoid `dx = y·(1 − y)·dy`.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::experiment::layers::Activation;
use crate::graph::layers::Pass;
use crate::graph::layers::activation::ActivationStep;

impl Lower for ActivationStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for ActivationStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let one = R::one();
        match self.pass {
            Pass::Forward => {
                for (y, &x) in io.outputs[0].iter_mut().zip(io.inputs[0]) {
                    *y = match self.function {
                        Activation::Relu => x.rectified(),
                        Activation::Tanh => x.tanh(),
                        Activation::Sigmoid => one / (one + (-x).exp()),
                    };
                }
            }
            Pass::Backward | Pass::Weights => {
                let slopes = io.inputs[0].iter().map(|&y| match self.function {
                    Activation::Relu if y > R::zero() => one,
                    Activation::Relu => R::zero(),
                    Activation::Tanh => one - y * y,
                    Activation::Sigmoid => y * (one - y),
                });
                for ((dx, slope), &dy) in io.outputs[0].iter_mut().zip(slopes).zip(io.inputs[1]) {
                    *dx = slope * dy;
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::rectified;
    use crate::engine::cpu::simd::vectorised;

    /// Numbers in one task: small enough for the innermost cache, large enough to be worth handing out.
    const CHUNK: usize = 16 * 1024;

    pub fn kernel(step: ActivationStep) -> Box<dyn Kernel> {
        match step.pass {
            Pass::Forward => Box::new(move |io: Io<'_>| {
                let x = io.inputs[0].par_chunks(CHUNK);
                let y = io.outputs[0].par_chunks_mut(CHUNK);
                x.zip(y).for_each(|(x, y)| match step.function {
                    Activation::Relu => relu(x, y),
                    Activation::Tanh => y.iter_mut().zip(x).for_each(|(y, x)| *y = x.tanh()),
                    Activation::Sigmoid => {
                        y.iter_mut().zip(x).for_each(|(y, x)| *y = 1.0 / (1.0 + (-x).exp()));
                    }
                });
            }),
            Pass::Backward | Pass::Weights => Box::new(move |io: Io<'_>| {
                let y = io.inputs[0].par_chunks(CHUNK);
                let dy = io.inputs[1].par_chunks(CHUNK);
                let dx = io.outputs[0].par_chunks_mut(CHUNK);
                y.zip(dy).zip(dx).for_each(|((y, dy), dx)| match step.function {
                    Activation::Relu => relu_backward(y, dy, dx),
                    Activation::Tanh => tanh_backward(y, dy, dx),
                    Activation::Sigmoid => sigmoid_backward(y, dy, dx),
                });
            }),
        }
    }

    vectorised! {
        fn relu(x: &[f32], y: &mut [f32]) {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = rectified(x);
            }
        }
    }

    vectorised! {
        fn relu_backward(y: &[f32], dy: &[f32], dx: &mut [f32]) {
            for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
                *dx = if y > 0.0 { dy } else { 0.0 };
            }
        }
    }

    vectorised! {
        fn tanh_backward(y: &[f32], dy: &[f32], dx: &mut [f32]) {
            for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
                *dx = (1.0 - y * y) * dy;
            }
        }
    }

    vectorised! {
        fn sigmoid_backward(y: &[f32], dy: &[f32], dx: &mut [f32]) {
            for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
                *dx = y * (1.0 - y) * dy;
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &ActivationStep, lowering: &mut Lowering) {
        let function = match step.function {
            Activation::Relu => 0,
            Activation::Tanh => 1,
            Activation::Sigmoid => 2,
        };
        let entry = match step.pass {
            Pass::Forward => "forward",
            Pass::Backward | Pass::Weights => "backward",
        };
        let operands: Vec<_> = (0..lowering.n_inputs())
            .map(|i| lowering.input(i))
            .chain([lowering.output(0)])
            .map(|place| place.in_fours())
            .collect();
        lowering.push(
            Dispatch::new("activation", entry)
                .size("FUNCTION", function)
                .bind(&operands)
                .invocations(step.len.div_ceil(4)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, check_slopes};
    use crate::graph::layers::StepOp;

    const ALL: [Activation; 3] = [Activation::Relu, Activation::Tanh, Activation::Sigmoid];

    fn step(pass: Pass, function: Activation, len: usize) -> StepOp {
        StepOp::Activation(ActivationStep { pass, function, len })
    }

    /// A few units in the last place: graphics processors round exponentials more roughly.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for function in ALL {
            for len in [1, 63, 1030] {
                Trial::new(step(Pass::Forward, function, len), &[len], &[len]).agrees(2e-6);
                Trial::new(step(Pass::Backward, function, len), &[len, len], &[len]).agrees(2e-6);
            }
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        for function in ALL {
            let forward = Trial::new(step(Pass::Forward, function, 100), &[100], &[100]);
            let mut backward = Trial::new(step(Pass::Backward, function, 100), &[100, 100], &[100]);
            backward.inputs[0] = forward.plain()[0].iter().map(|&y| y as f32).collect();
            let slopes = forward.slopes(0, &backward.inputs[1]);
            check_slopes(&backward.plain()[0], &slopes, 1e-7);
        }
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        for (function, least) in [(Activation::Tanh, -1.0), (Activation::Sigmoid, 0.0)] {
            let mut trial = Trial::new(step(Pass::Forward, function, 4), &[4], &[4]);
            trial.inputs[0] = vec![-1e4, -90.0, 90.0, 1e4];
            trial.gives(&[vec![least, least, 1.0, 1.0]], 2e-6);
        }
    }

    /// A diverged net must not look like a silent one.
    #[test]
    fn what_is_no_number_passes_a_relu() {
        let mut trial = Trial::new(step(Pass::Forward, Activation::Relu, 3), &[3], &[3]);
        trial.inputs[0] = vec![f32::NAN, -1.0, 2.0];
        trial.gives(&[vec![f64::NAN, 0.0, 2.0]], 0.0);
    }
}
