//! Softmax cross-entropy. With `p = softmax(z)`, `L = −1/N · Σ_n log p_n[label_n]` and
//! `dz = (p − one-hot(label)) / N`. The largest logit is taken off first, so that no exponential overflows.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::loss::CrossEntropyStep;

impl Lower for CrossEntropyStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for CrossEntropyStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
        let n_pictures = R::whole(self.batch);
        metrics.fill(R::zero());
        let rows = io.inputs[0].chunks_exact(self.classes).zip(gradient.chunks_exact_mut(self.classes));
        for ((z, dz), &label) in rows.zip(io.inputs[1]) {
            let label = label.double() as usize;
            let largest = z.iter().copied().fold(z[0], R::max);
            let total: R = z.iter().map(|&z| (z - largest).exp()).sum();
            metrics[0] += (total.ln() + (largest - z[label])) / n_pictures;
            // Of equals the first is the answer; what is no number is never right.
            let is_right = (0..z.len()).all(|k| if k < label { z[k] < z[label] } else { z[k] <= z[label] });
            metrics[1] += if is_right { R::zero() } else { R::one() };
            for (k, (dz, &z)) in dz.iter_mut().zip(z).enumerate() {
                let wanted = if k == label { R::one() } else { R::zero() };
                *dz = ((z - largest).exp() / total - wanted) / n_pictures;
            }
        }
    }
}

mod cpu {
    use super::*;
    use crate::engine::cpu::Io;

    pub fn kernel(step: CrossEntropyStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let labels = io.inputs[1];
            let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
            let (mut loss, mut n_wrong) = (0.0f64, 0.0);
            let rows = io.inputs[0].chunks_exact(step.classes).zip(gradient.chunks_exact_mut(step.classes));
            for ((z, dz), &label) in rows.zip(labels) {
                let label = label as usize;
                let (answer, largest) = argmax(z);
                let mut total = 0.0;
                for (dz, &z) in dz.iter_mut().zip(z) {
                    *dz = (z - largest).exp();
                    total += *dz;
                }
                loss += (total.ln() + (largest - z[label])) as f64;
                n_wrong += (answer != label) as u32 as f32;
                for dz in dz.iter_mut() {
                    *dz /= total * step.batch as f32;
                }
                dz[label] -= 1.0 / step.batch as f32;
            }
            metrics[0] = (loss / step.batch as f64) as f32;
            metrics[1] = n_wrong;
        })
    }

    /// The first of the largest numbers, and its value; a NaN wins, so that it is not overlooked.
    fn argmax(z: &[f32]) -> (usize, f32) {
        let mut best = (0, z[0]);
        for (i, &z) in z.iter().enumerate().skip(1) {
            if z > best.1 || (z.is_nan() && !best.1.is_nan()) {
                best = (i, z);
            }
        }
        best
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &CrossEntropyStep, lowering: &mut Lowering) {
        let losses = lowering.scratch(2 * step.batch);
        let dispatch = |entry| {
            Dispatch::new("cross_entropy", entry).size("CLASSES", step.classes).size("BATCH", step.batch)
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

    fn trial(batch: usize, classes: usize) -> Trial {
        let step = StepOp::CrossEntropy(CrossEntropyStep { batch, classes });
        let mut trial = Trial::new(step, &[batch * classes, batch], &[batch * classes, 2]);
        trial.inputs[0].iter_mut().for_each(|z| *z *= 5.0);
        trial.inputs[1] = (0..batch).map(|n| (n * 3 % classes) as f32).collect();
        trial
    }

    /// Where an answer is nearly certain and right, the gradient `p − 1` has lost digits.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for (batch, classes) in [(1, 2), (5, 10), (130, 7), (3, 200)] {
            trial(batch, classes).agrees(1e-5);
        }
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        let trial = trial(9, 7);
        let gradient = &trial.plain()[0];
        let loss =
            |z: Vec<f32>| Trial { inputs: vec![z, trial.inputs[1].clone()], ..trial.clone() }.plain()[1][0];
        for (i, gradient) in gradient.iter().enumerate() {
            // As far as single precision can tell apart.
            let h = 1.0 / 1024.0;
            let moved = |by: f32| {
                let mut z = trial.inputs[0].clone();
                z[i] += by;
                (z[i] as f64, loss(z))
            };
            let ((above, loss_above), (below, loss_below)) = (moved(h), moved(-h));
            let slope = (loss_above - loss_below) / (above - below);
            // The third derivative is below 1/9, so that h² / 6 of it is below 2e-8.
            assert!((gradient - slope).abs() < 2e-8, "{i}: {gradient}, but the slope is {slope}");
        }
    }

    #[test]
    fn of_equal_logits_the_first_answers() {
        let mut trial = trial(3, 3);
        trial.inputs = vec![vec![1.0, 1.0, 0.0, 500.0, 600.0, 600.0, 2.0, 2.0, 2.0], vec![1.0, 1.0, 0.0]];
        trial.agrees(1e-6);
        assert_eq!(trial.plain()[1][1], 1.0);
    }

    /// Logits of a thousand overflow an exponential taken naively.
    #[test]
    fn large_logits_do_not_overflow() {
        let mut trial = trial(1, 2);
        trial.inputs = vec![vec![1000.0, -1000.0], vec![1.0]];
        trial.gives(&[vec![1.0, -1.0], vec![2000.0, 1.0]], 1e-7);
    }
}
