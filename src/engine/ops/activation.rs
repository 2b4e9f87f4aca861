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

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::engine::gpu::twin::Trial;
        use crate::graph::layers::StepOp;

        #[test]
        fn agrees_with_the_cpu() {
            for function in [Activation::Relu, Activation::Tanh, Activation::Sigmoid] {
                for len in [1, 63, 1030] {
                    let step = |pass| StepOp::Activation(ActivationStep { pass, function, len });
                    // A few units in the last place: graphics processors round exponentials more roughly.
                    Trial::new(step(Pass::Forward), &[len], &[len]).agrees(2e-6);
                    Trial::new(step(Pass::Backward), &[len, len], &[len]).agrees(2e-6);
                }
            }
        }

        #[test]
        fn large_numbers_do_not_overflow() {
            for function in [Activation::Tanh, Activation::Sigmoid] {
                let step = ActivationStep { pass: Pass::Forward, function, len: 4 };
                let mut trial = Trial::new(StepOp::Activation(step), &[4], &[4]);
                trial.inputs[0] = vec![-1e4, -90.0, 90.0, 1e4];
                trial.agrees(2e-6);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{EXACT, check, double, numbers};
    use crate::graph::layers::{Pass, StepOp};

    #[test]
    fn activations_match_their_formulas_and_finite_differences() {
        let len = 1003;
        let x: Vec<f32> = numbers(1, len).iter().map(|x| 4.0 * x).collect();
        let dy = numbers(2, len);
        for function in [Activation::Relu, Activation::Tanh, Activation::Sigmoid] {
            let f = |x: f64| match function {
                Activation::Relu => x.max(0.0),
                Activation::Tanh => x.tanh(),
                Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            };
            let y: Vec<f64> = double(&x).into_iter().map(f).collect();
            let op = |pass| StepOp::Activation(ActivationStep { pass, function, len });
            check(op(Pass::Forward), &[&x], std::slice::from_ref(&y), EXACT);
            // Central differences in double precision; no x lies within h of ReLU's kink.
            let h = 1e-6;
            let slope = |x: f64| (f(x + h) - f(x - h)) / (2.0 * h);
            let dx = double(&x).into_iter().zip(&dy).map(|(x, &dy)| slope(x) * dy as f64).collect();
            let y: Vec<f32> = y.into_iter().map(|y| y as f32).collect();
            check(op(Pass::Backward), &[&y, &dy], &[dx], EXACT);
        }
    }

    /// A diverged net must not look like a silent one.
    #[test]
    fn what_is_no_number_passes_a_relu() {
        use crate::engine::StepTable;
        use crate::engine::ops::testing::{devices, run};
        let step = ActivationStep { pass: Pass::Forward, function: Activation::Relu, len: 3 };
        for device in devices() {
            let op = StepOp::Activation(step);
            let y =
                &run(&*device, op, StepTable::default(), &[&[f32::NAN, -1.0, 2.0]], &[vec![0.0; 3]], None)[0];
            assert!(y[0].is_nan() && y[1..] == [0.0, 2.0], "{y:?}");
        }
    }
}
