//! Non-linearities: ReLU `max(0, x)`, leaky ReLU, ELU, SELU, GELU, SiLU, tanh, sigmoid; each number by itself.
//! Backward `dx = f′·dy`, with the derivative from the output alone where x can be found again from y: ReLU 1
//! where `y > 0`, leaky ReLU else its slope, ELU else `y + α`, SELU λ or `y + λ·α`, tanh `1 − y²`, sigmoid
//! `y·(1 − y)`; else from the input: GELU `Φ(x) + x·φ(x)`, SiLU `σ·(1 + x·(1 − σ))` with `σ = 1 / (1 + e⁻ˣ)`.

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
        match self.pass {
            Pass::Forward => {
                let y = io.outputs[0].iter_mut().zip(io.inputs[0]);
                y.for_each(|(y, &x)| *y = value(self.function, x));
            }
            Pass::Backward | Pass::Weights => {
                let slopes = io.inputs[0].iter().map(|&at| derivative(self.function, at));
                for ((dx, slope), &dy) in io.outputs[0].iter_mut().zip(slopes).zip(io.inputs[1]) {
                    *dx = slope * dy;
                }
            }
        }
    }
}

/// f(x).
fn value<R: Real>(function: Activation, x: R) -> R {
    let one = R::one();
    match function {
        Activation::Relu => x.rectified(),
        Activation::LeakyRelu { slope } if x <= R::zero() => R::of(slope.into()) * x,
        Activation::LeakyRelu { .. } => x,
        Activation::Elu { alpha } => elu(x, R::of(alpha.into())),
        Activation::Selu => R::of(Activation::SELU_LAMBDA) * elu(x, R::of(Activation::SELU_ALPHA)),
        Activation::Gelu => x * normal(x)[0],
        Activation::Silu => x / (one + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => one / (one + (-x).exp()),
    }
}

fn elu<R: Real>(x: R, alpha: R) -> R {
    if x <= R::zero() { alpha * x.exp_m1() } else { x }
}

/// f′, from y, or for GELU and SiLU from x.
fn derivative<R: Real>(function: Activation, at: R) -> R {
    let (zero, one) = (R::zero(), R::one());
    match function {
        Activation::Relu | Activation::LeakyRelu { .. } | Activation::Elu { .. } if at > zero => one,
        Activation::Relu => zero,
        Activation::LeakyRelu { slope } => R::of(slope.into()),
        Activation::Elu { alpha } => at + R::of(alpha.into()),
        Activation::Selu if at > zero => R::of(Activation::SELU_LAMBDA),
        Activation::Selu => at + R::of(Activation::SELU_LAMBDA * Activation::SELU_ALPHA),
        Activation::Gelu => {
            let [share, density] = normal(at);
            share + at * density
        }
        Activation::Silu => {
            let share = one / (one + (-at).exp());
            share * (one + at * (one - share))
        }
        Activation::Tanh => one - at * at,
        Activation::Sigmoid => at * (one - at),
    }
}

/// `[Φ(x), φ(x)]` of the standard normal.
fn normal<R: Real>(x: R) -> [R; 2] {
    let half = R::of(0.5);
    let share = half * (-x * R::of(std::f64::consts::FRAC_1_SQRT_2)).erfc();
    let density = (-half * x * x).exp() / R::of(std::f64::consts::TAU.sqrt());
    [share, density]
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::{Io, activation};

    /// Numbers in one task: small enough for the innermost cache, large enough to be worth handing out.
    const CHUNK: usize = 16 * 1024;

    pub fn kernel(step: ActivationStep) -> Box<dyn Kernel> {
        match step.pass {
            Pass::Forward => Box::new(move |io: Io<'_>| {
                let x = io.inputs[0].par_chunks(CHUNK);
                let y = io.outputs[0].par_chunks_mut(CHUNK);
                x.zip(y).for_each(|(x, y)| activation::forward(step.function, x, y));
            }),
            Pass::Backward | Pass::Weights => Box::new(move |io: Io<'_>| {
                let at = io.inputs[0].par_chunks(CHUNK);
                let dy = io.inputs[1].par_chunks(CHUNK);
                let dx = io.outputs[0].par_chunks_mut(CHUNK);
                at.zip(dy).zip(dx).for_each(|((at, dy), dx)| activation::backward(step.function, at, dy, dx));
            }),
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &ActivationStep, lowering: &mut Lowering) {
        // Number in the shader, factor where positive, factor where not.
        let (function, above, below) = match step.function {
            Activation::Relu => (0, 1.0, 0.0),
            Activation::Tanh => (1, 1.0, 1.0),
            Activation::Sigmoid => (2, 1.0, 1.0),
            Activation::LeakyRelu { slope } => (3, 1.0, slope.into()),
            Activation::Elu { alpha } => (4, 1.0, alpha.into()),
            Activation::Selu => {
                (4, Activation::SELU_LAMBDA, Activation::SELU_LAMBDA * Activation::SELU_ALPHA)
            }
            Activation::Gelu => (5, 1.0, 1.0),
            Activation::Silu => (6, 1.0, 1.0),
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
                .constant("ABOVE", above)
                .constant("BELOW", below)
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

    fn step(pass: Pass, function: Activation, len: usize) -> StepOp {
        StepOp::Activation(ActivationStep { pass, function, len })
    }

    /// Every function, and those with a setting with another than the customary one.
    fn all() -> impl Iterator<Item = Activation> {
        let others = [Activation::LeakyRelu { slope: 0.25 }, Activation::Elu { alpha: 0.7 }];
        Activation::ALL.into_iter().chain(others)
    }

    /// Forward, and backward from what the function's derivative is had from.
    fn trials(function: Activation, len: usize) -> [Trial; 2] {
        let forward = Trial::new(step(Pass::Forward, function, len), &[len], &[len]);
        let mut backward = Trial::new(step(Pass::Backward, function, len), &[len, len], &[len]);
        backward.inputs[0] = match function.derives_from_output() {
            true => forward.plain()[0].iter().map(|&y| y as f32).collect(),
            false => forward.inputs[0].clone(),
        };
        [forward, backward]
    }

    /// A few units in the last place: graphics processors round exponentials more roughly.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for function in all() {
            for len in [1, 63, 1030] {
                trials(function, len).iter().for_each(|trial| trial.agrees(2e-6));
            }
        }
    }

    /// At normally distributed points, none of which lies within 1e-5 of a kink at 0.
    #[test]
    fn gradients_match_finite_differences() {
        for function in all() {
            let [forward, backward] = trials(function, 100);
            assert!(forward.inputs[0].iter().all(|x| x.abs() > 1e-5));
            let slopes = forward.slopes(0, &backward.inputs[1]);
            check_slopes(&backward.plain()[0], &slopes, 2e-7);
        }
    }

    /// What the functions give at −2, −1, 0, 1 and 2 in PyTorch, in double precision.
    #[test]
    fn values_are_those_of_pytorch() {
        let check = |function, expected: [f64; 5]| {
            let mut trial = Trial::new(step(Pass::Forward, function, 5), &[5], &[5]);
            trial.inputs[0] = vec![-2.0, -1.0, 0.0, 1.0, 2.0];
            trial.gives(&[expected.to_vec()], 3e-7);
        };
        check(Activation::LeakyRelu { slope: 0.01 }, [-0.02, -0.01, 0.0, 1.0, 2.0]);
        check(Activation::Elu { alpha: 1.0 }, [-0.8646647167633873, -0.6321205588285577, 0.0, 1.0, 2.0]);
        let selu = [-1.5201664685956948, -1.1113307378125625, 0.0, 1.0507009873554805, 2.101401974710961];
        check(Activation::Selu, selu);
        let gelu = [-0.04550026389635842, -0.15865525393145702, 0.0, 0.841344746068543, 1.9544997361036416];
        check(Activation::Gelu, gelu);
        let silu = [-0.2384058440442351, -0.2689414213699951, 0.0, 0.7310585786300049, 1.7615941559557646];
        check(Activation::Silu, silu);
    }

    /// A SELU leaves the standard normal's mean and variance as they are: its two constants are made so.
    #[test]
    fn a_selu_keeps_mean_and_variance() {
        let (n, reach) = (100_000, 12.0);
        let (mut mean, mut square) = (0.0, 0.0);
        for i in 0..n {
            // By the midpoint rule, apart from the kink, which lies between two points.
            let x = ((i as f64 + 0.5) / n as f64 - 0.5) * 2.0 * reach;
            let [y, weight] = [value(Activation::Selu, x), normal(x)[1] * 2.0 * reach / n as f64];
            mean += y * weight;
            square += y * y * weight;
        }
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{mean}, {square}");
    }

    /// The tail is small but not 0: a formula by `1 + erf` would lose it.
    #[test]
    fn a_gelu_keeps_its_digits_far_below_zero() {
        let mut trial = Trial::new(step(Pass::Forward, Activation::Gelu, 2), &[2], &[2]);
        trial.inputs[0] = vec![-6.0, -8.0];
        // −6·Φ(−6) and −8·Φ(−8), measured against 1e-3 at least.
        trial.gives(&[vec![-5.919525870226207e-9, -4.9767684594174555e-15]], 2e-9);
        assert!((trial.plain()[0][1] / -4.9767684594174555e-15 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        for (function, ends) in [
            (Activation::Tanh, [-1.0, 1.0]),
            (Activation::Sigmoid, [0.0, 1.0]),
            (Activation::Elu { alpha: 1.0 }, [-1.0, 1e4]),
            (Activation::Gelu, [0.0, 1e4]),
            (Activation::Silu, [0.0, 1e4]),
        ] {
            let mut trial = Trial::new(step(Pass::Forward, function, 2), &[2], &[2]);
            trial.inputs[0] = vec![-1e4, 1e4];
            trial.gives(&[ends.to_vec()], 2e-6);
            let mut trial = Trial::new(step(Pass::Backward, function, 2), &[2, 2], &[2]);
            trial.inputs[0] = match function.derives_from_output() {
                true => ends.map(|y| y as f32).to_vec(),
                false => vec![-1e4, 1e4],
            };
            trial.inputs[1] = vec![1.0; 2];
            let slope_above = if ends[1] == 1.0 { 0.0 } else { 1.0 };
            trial.gives(&[vec![0.0, slope_above]], 2e-6);
        }
    }

    /// A diverged net must not look like a silent one.
    #[test]
    fn what_is_no_number_passes() {
        for function in all() {
            let mut trial = Trial::new(step(Pass::Forward, function, 3), &[3], &[3]);
            trial.inputs[0] = vec![f32::NAN, 0.0, 0.0];
            let at_zero = value(function, 0.0);
            trial.gives(&[vec![f64::NAN, at_zero, at_zero]], 2e-7);
        }
    }
}
