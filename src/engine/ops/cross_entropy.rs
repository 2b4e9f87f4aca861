//! Softmax cross-entropy. With `p = softmax(z)` and the wanted probabilities `t = (1 − ε)·one-hot(label) + ε/K`,
//! `L = −1/N · Σ_n Σ_k t[n,k] · log p[n,k]` and `dz = (p − t) / N`. The largest logit is taken off first, so that
//! no exponential overflows.

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
        let (smoothing, n_classes) = (R::of(self.smoothing.into()), R::whole(self.classes));
        metrics.copy_from_slice(&[R::zero(), R::zero(), n_pictures]);
        let rows = io.inputs[0].chunks_exact(self.classes).zip(gradient.chunks_exact_mut(self.classes));
        for ((z, dz), &label) in rows.zip(io.inputs[1]) {
            let label = label.double() as usize;
            let largest = z.iter().copied().fold(z[0], R::max);
            let total: R = z.iter().map(|&z| (z - largest).exp()).sum();
            for (k, (dz, &z)) in dz.iter_mut().zip(z).enumerate() {
                let own = if k == label { R::one() - smoothing } else { R::zero() };
                let wanted = own + smoothing / n_classes;
                if wanted > R::zero() {
                    metrics[0] += wanted * (total.ln() + (largest - z)) / n_pictures;
                }
                *dz = ((z - largest).exp() / total - wanted) / n_pictures;
            }
            if !is_largest(z, label) {
                metrics[1] += R::one();
            }
        }
    }
}

/// Whether `z[k]` is the answer: the first of the largest. What is no number is never right.
pub(super) fn is_largest<R: Real>(z: &[R], k: usize) -> bool {
    (0..z.len()).all(|i| if i < k { z[i] < z[k] } else { z[i] <= z[k] })
}

/// The first of the largest numbers, and its value; a NaN wins, so that it is not overlooked.
pub(super) fn argmax(z: &[f32]) -> (usize, f32) {
    let mut best = (0, z[0]);
    for (i, &z) in z.iter().enumerate().skip(1) {
        if z > best.1 || (z.is_nan() && !best.1.is_nan()) {
            best = (i, z);
        }
    }
    best
}

/// Overwrites `dz` with `(softmax(z) − one-hot(label)) / n`; gives the loss `−log softmax(z)[label]` and
/// whether the answer is the label.
pub(super) fn row(z: &[f32], label: usize, n: f32, dz: &mut [f32]) -> (f32, bool) {
    let (answer, largest) = argmax(z);
    let mut total = 0.0;
    for (dz, &z) in dz.iter_mut().zip(z) {
        *dz = (z - largest).exp();
        total += *dz;
    }
    dz.iter_mut().for_each(|dz| *dz /= total * n);
    dz[label] -= 1.0 / n;
    (total.ln() + (largest - z[label]), answer == label)
}

mod cpu {
    use super::*;
    use crate::engine::cpu::Io;

    pub fn kernel(step: CrossEntropyStep) -> Box<dyn Kernel> {
        let n = step.batch as f32;
        Box::new(move |io: Io<'_>| {
            let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
            let (mut loss, mut n_wrong) = (0.0f64, 0.0);
            let rows = io.inputs[0].chunks_exact(step.classes).zip(gradient.chunks_exact_mut(step.classes));
            for ((z, dz), &label) in rows.zip(io.inputs[1]) {
                let label = label as usize;
                let (own, is_right) = row(z, label, n, dz);
                loss += (own + smoothed(z, label, step.smoothing, n, dz)) as f64;
                n_wrong += (!is_right) as u32 as f32;
            }
            metrics.copy_from_slice(&[(loss / step.batch as f64) as f32, n_wrong, step.batch as f32]);
        })
    }

    /// Moves the share ε of what is wanted from the label to all classes alike; gives what that adds to the
    /// loss, `ε · (z[label] − mean z)`.
    fn smoothed(z: &[f32], label: usize, smoothing: f32, n: f32, dz: &mut [f32]) -> f32 {
        if smoothing == 0.0 {
            return 0.0;
        }
        let share = smoothing / z.len() as f32;
        dz.iter_mut().for_each(|dz| *dz -= share / n);
        dz[label] += smoothing / n;
        z.iter().map(|&other| share * (z[label] - other)).sum()
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &CrossEntropyStep, lowering: &mut Lowering) {
        let losses = lowering.scratch(2 * step.batch);
        let dispatch = |entry| {
            Dispatch::new("cross_entropy", entry)
                .size("CLASSES", step.classes)
                .size("BATCH", step.batch)
                .constant("SMOOTHING", step.smoothing)
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

    fn trial(batch: usize, classes: usize, smoothing: f32) -> Trial {
        let step = StepOp::CrossEntropy(CrossEntropyStep { batch, classes, smoothing });
        let mut trial = Trial::new(step, &[batch * classes, batch], &[batch * classes, N_METRICS]);
        trial.inputs[0].iter_mut().for_each(|z| *z *= 5.0);
        trial.inputs[1] = (0..batch).map(|n| (n * 3 % classes) as f32).collect();
        trial
    }

    /// Where an answer is nearly certain and right, the gradient `p − 1` has lost digits.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for (batch, classes) in [(1, 2), (5, 10), (130, 7), (3, 200)] {
            trial(batch, classes, 0.0).agrees(1e-5);
            trial(batch, classes, 0.1).agrees(1e-5);
        }
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        [0.0, 0.25].into_iter().for_each(|smoothing| trial(9, 7, smoothing).is_a_loss(1e-7));
    }

    #[test]
    fn of_equal_logits_the_first_answers() {
        let mut trial = trial(3, 3, 0.0);
        trial.inputs = vec![vec![1.0, 1.0, 0.0, 500.0, 600.0, 600.0, 2.0, 2.0, 2.0], vec![1.0, 1.0, 0.0]];
        trial.agrees(1e-6);
        assert_eq!(trial.plain()[1][1], 1.0);
    }

    /// Logits of a thousand overflow an exponential taken naively.
    #[test]
    fn large_logits_do_not_overflow() {
        let mut trial = trial(1, 2, 0.0);
        trial.inputs = vec![vec![1000.0, -1000.0], vec![1.0]];
        trial.gives(&[vec![1.0, -1.0], vec![2000.0, 1.0, 1.0]], 1e-7);
    }
}
