//! Losses of single numbers against 0 and 1: `L = 1/(N·K) · Σ ℓ(z, t)`, `dz = ℓ'(z, t) / (N·K)`, with
//!
//! - squared error: `ℓ = (z − t)²`, `ℓ' = 2·(z − t)` (PyTorch's `MSELoss`);
//! - sigmoid cross-entropy: `ℓ = −t·log σ(z) − (1 − t)·log(1 − σ(z))`, computed as
//!   `max(z, 0) − z·t + log(1 + e^−|z|)` so that nothing overflows, `ℓ' = σ(z) − t` (`BCEWithLogitsLoss`).

use super::Lower;
use super::cross_entropy::is_largest;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::loss::{UnitLossStep, UnitRule, Wanted};

impl Lower for UnitLossStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl UnitLossStep {
    /// Answers in a batch.
    fn n_answers(&self) -> usize {
        match self.wanted {
            Wanted::Class => self.batch,
            Wanted::Tags => self.batch * self.outputs,
        }
    }

    /// Numbers that tell what is known of one picture.
    fn label_len(&self) -> usize {
        self.n_answers() / self.batch
    }

    /// Whether number `k` is to be 1.
    fn is_wanted(&self, labels: &[f64], k: usize) -> bool {
        match self.wanted {
            Wanted::Class => labels[0] as usize == k,
            Wanted::Tags => labels[k] > 0.5,
        }
    }

    /// Wrong answers for one picture, `z` its outputs. What is no number is never right.
    fn n_wrong<R: Real>(&self, z: &[R], labels: &[R]) -> usize {
        let threshold = match self.rule {
            UnitRule::Squared => R::of(0.5),
            UnitRule::Sigmoid => R::zero(),
        };
        let is_right = |(z, label): (&R, &R)| match label.double() > 0.5 {
            true => *z > threshold,
            false => *z <= threshold,
        };
        match self.wanted {
            Wanted::Class => !is_largest(z, labels[0].double() as usize) as usize,
            Wanted::Tags => z.iter().zip(labels).filter(|&pair| !is_right(pair)).count(),
        }
    }
}

impl UnitRule {
    /// ℓ and its slope.
    fn apply<R: Real>(self, z: R, t: R) -> (R, R) {
        match self {
            Self::Squared => ((z - t) * (z - t), (z - t) + (z - t)),
            Self::Sigmoid => {
                let e = (-z.abs()).exp();
                let sigma = if z >= R::zero() { R::one() } else { e } / (R::one() + e);
                let positive = if z <= R::zero() { R::zero() } else { z };
                (positive - z * t + e.ln_1p(), sigma - t)
            }
        }
    }
}

impl Plain for UnitLossStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
        let n_numbers = R::whole(self.batch * self.outputs);
        metrics.copy_from_slice(&[R::zero(), R::zero(), R::whole(self.n_answers())]);
        for n in 0..self.batch {
            let z = &io.inputs[0][n * self.outputs..][..self.outputs];
            let labels = &io.inputs[1][n * self.label_len()..][..self.label_len()];
            let told: Vec<f64> = labels.iter().map(|label| label.double()).collect();
            for (k, &z) in z.iter().enumerate() {
                let t = if self.is_wanted(&told, k) { R::one() } else { R::zero() };
                let (loss, slope) = self.rule.apply(z, t);
                metrics[0] += loss / n_numbers;
                gradient[n * self.outputs + k] = slope / n_numbers;
            }
            metrics[1] += R::whole(self.n_wrong(z, labels));
        }
    }
}

mod cpu {
    use super::*;
    use crate::engine::cpu::Io;

    pub fn kernel(step: UnitLossStep) -> Box<dyn Kernel> {
        let n_numbers = step.batch * step.outputs;
        let scale = 1.0 / n_numbers as f32;
        Box::new(move |io: Io<'_>| {
            let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
            let (mut loss, mut n_wrong) = (0.0f64, 0);
            let rows = io.inputs[0].chunks_exact(step.outputs).zip(gradient.chunks_exact_mut(step.outputs));
            for ((z, dz), labels) in rows.zip(io.inputs[1].chunks_exact(step.label_len())) {
                for (k, (dz, &z)) in dz.iter_mut().zip(z).enumerate() {
                    let t = match step.wanted {
                        Wanted::Class => (labels[0] as usize == k) as u8 as f32,
                        Wanted::Tags => labels[k],
                    };
                    let (own, slope) = step.rule.apply(z, t);
                    loss += own as f64;
                    *dz = slope * scale;
                }
                n_wrong += step.n_wrong(z, labels);
            }
            let mean = (loss / n_numbers as f64) as f32;
            metrics.copy_from_slice(&[mean, n_wrong as f32, step.n_answers() as f32]);
        })
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &UnitLossStep, lowering: &mut Lowering) {
        let losses = lowering.scratch(2 * step.batch);
        let dispatch = |entry| {
            Dispatch::new("unit_loss", entry)
                .size("OUTPUTS", step.outputs)
                .size("BATCH", step.batch)
                .constant("SIGMOID", step.rule == UnitRule::Sigmoid)
                .constant("TAGS", step.wanted == Wanted::Tags)
        };
        let pictures = [lowering.input(0), lowering.input(1), lowering.output(0), losses];
        lowering.push(dispatch("pictures").bind(&pictures).groups(step.batch));
        lowering.push(dispatch("mean").bind(&[losses, lowering.output(1)]).groups(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::Trial;
    use crate::graph::layers::StepOp;
    use crate::graph::layers::loss::N_METRICS;

    const RULES: [UnitRule; 2] = [UnitRule::Squared, UnitRule::Sigmoid];

    fn trial(rule: UnitRule, wanted: Wanted, batch: usize, outputs: usize) -> Trial {
        let step = UnitLossStep { rule, wanted, batch, outputs };
        let lens = [batch * outputs, step.n_answers()];
        let mut trial = Trial::new(StepOp::UnitLoss(step), &lens, &[batch * outputs, N_METRICS]);
        trial.inputs[0].iter_mut().for_each(|z| *z *= 3.0);
        trial.inputs[1] = match wanted {
            Wanted::Class => (0..batch).map(|n| (n * 3 % outputs) as f32).collect(),
            Wanted::Tags => (0..batch * outputs).map(|i| (i % 3 == 0) as u8 as f32).collect(),
        };
        trial
    }

    /// Exponentials of a graphics processor are off by some units in the last place.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for rule in RULES {
            for wanted in [Wanted::Class, Wanted::Tags] {
                for (batch, outputs) in [(1, 1), (5, 10), (130, 7), (3, 200)] {
                    trial(rule, wanted, batch, outputs).agrees(1e-5);
                }
            }
        }
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        for rule in RULES {
            trial(rule, Wanted::Class, 4, 6).is_a_loss(1e-8);
            trial(rule, Wanted::Tags, 4, 6).is_a_loss(1e-8);
        }
    }

    /// At 100 a sigmoid taken naively is 1 and the logarithm of its distance from 1 is infinite.
    #[test]
    fn large_outputs_do_not_overflow() {
        let mut trial = trial(UnitRule::Sigmoid, Wanted::Tags, 1, 4);
        trial.inputs = vec![vec![100.0, 100.0, -100.0, -20.0], vec![1.0, 0.0, 1.0, 0.0]];
        let tail = (-20f64).exp().ln_1p();
        let mean = (200.0 + tail) / 4.0;
        trial.gives(&[vec![0.0, 0.25, -0.25, (-20f64).exp() / 4.0], vec![mean, 2.0, 4.0]], 1e-6);
    }

    /// An answer is a class where a picture has one, else each yes or no.
    #[test]
    fn answers_are_counted() {
        let mut by_class = trial(UnitRule::Squared, Wanted::Class, 2, 3);
        by_class.inputs = vec![vec![0.9, 0.9, 0.0, 0.1, 0.6, 0.7], vec![1.0, 2.0]];
        by_class.agrees(1e-6);
        assert_eq!(by_class.plain()[1][1..], [1.0, 2.0], "of equals the first answers");
        let mut by_tag = trial(UnitRule::Squared, Wanted::Tags, 1, 3);
        by_tag.inputs = vec![vec![0.4, 0.6, 0.5], vec![0.0, 1.0, 1.0]];
        by_tag.agrees(1e-6);
        assert_eq!(by_tag.plain()[1][1..], [1.0, 3.0], "one half is a no");
    }
}
