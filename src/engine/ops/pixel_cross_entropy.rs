//! Softmax cross-entropy at each pixel: that of [`super::cross_entropy`] with a row of logits for each pixel, and
//! the mean over the pixels that count. Of the others, void or of no class of the net, the gradient is 0.

use super::Lower;
use super::cross_entropy::{is_largest, row};
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::loss::PixelCrossEntropyStep;

impl Lower for PixelCrossEntropyStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl PixelCrossEntropyStep {
    /// The class of a pixel, if it counts.
    fn counted(&self, label: f64) -> Option<usize> {
        Some(label as usize).filter(|&label| label < self.classes && Some(label) != self.void)
    }
}

impl Plain for PixelCrossEntropyStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
        let n_counted = io.inputs[1].iter().filter(|label| self.counted(label.double()).is_some()).count();
        metrics.copy_from_slice(&[R::zero(), R::zero(), R::whole(n_counted)]);
        gradient.fill(R::zero());
        let rows = io.inputs[0].chunks_exact(self.classes).zip(gradient.chunks_exact_mut(self.classes));
        for ((z, dz), label) in rows.zip(io.inputs[1]) {
            let Some(label) = self.counted(label.double()) else { continue };
            let largest = z.iter().copied().fold(z[0], R::max);
            let total: R = z.iter().map(|&z| (z - largest).exp()).sum();
            metrics[0] += (total.ln() + (largest - z[label])) / R::whole(n_counted);
            metrics[1] += if is_largest(z, label) { R::zero() } else { R::one() };
            for (k, (dz, &z)) in dz.iter_mut().zip(z).enumerate() {
                let wanted = if k == label { R::one() } else { R::zero() };
                *dz = ((z - largest).exp() / total - wanted) / R::whole(n_counted);
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;

    /// Pixels in a parcel of work.
    const PARCEL: usize = 1024;

    pub fn kernel(step: PixelCrossEntropyStep) -> Box<dyn Kernel> {
        // Sum of the losses, and wrong answers, by parcel.
        let mut sums = vec![(0.0f64, 0u32); step.pixels.div_ceil(PARCEL)];
        Box::new(move |io: Io<'_>| {
            let [logits, labels] = io.inputs else { unreachable!("a loss has two inputs") };
            let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
            let n_counted = labels.par_iter().filter(|&&label| step.counted(label.into()).is_some()).count();
            let n = n_counted.max(1) as f32;
            logits
                .par_chunks(PARCEL * step.classes)
                .zip(labels.par_chunks(PARCEL))
                .zip(gradient.par_chunks_mut(PARCEL * step.classes))
                .zip(&mut sums)
                .for_each(|(((logits, labels), gradient), sum)| {
                    *sum = parcel(&step, logits, labels, n, gradient);
                });
            let (loss, n_wrong) = sums.iter().fold((0.0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
            let mean = loss / n_counted.max(1) as f64;
            metrics.copy_from_slice(&[mean as f32, n_wrong as f32, n_counted as f32]);
        })
    }

    /// Writes the gradients of some pixels; gives the sum of their losses, and how many answers are wrong.
    fn parcel(
        step: &PixelCrossEntropyStep,
        logits: &[f32],
        labels: &[f32],
        n: f32,
        gradient: &mut [f32],
    ) -> (f64, u32) {
        let (mut loss, mut n_wrong) = (0.0, 0);
        let rows = logits.chunks_exact(step.classes).zip(gradient.chunks_exact_mut(step.classes));
        for ((z, dz), &label) in rows.zip(labels) {
            let Some(label) = step.counted(label.into()) else {
                dz.fill(0.0);
                continue;
            };
            let (own, is_right) = row(z, label, n, dz);
            loss += own as f64;
            n_wrong += !is_right as u32;
        }
        (loss, n_wrong)
    }
}

mod gpu {
    use super::*;
    use crate::data::VOID;
    use crate::engine::gpu::Dispatch;

    /// Workgroups at most, each of which takes a share of the pixels.
    const MOST_GROUPS: usize = 1024;

    pub fn lower(step: &PixelCrossEntropyStep, lowering: &mut Lowering) {
        let n_groups = step.pixels.div_ceil(64).min(MOST_GROUPS);
        let (counts, losses) = (lowering.scratch(n_groups), lowering.scratch(2 * n_groups));
        let dispatch = |entry| {
            Dispatch::new("pixel_cross_entropy", entry)
                .size("CLASSES", step.classes)
                .size("PIXELS", step.pixels)
                .size("VOID", step.void.unwrap_or(VOID.into()))
                .size("GROUPS", n_groups)
        };
        let [logits, labels] = [lowering.input(0), lowering.input(1)];
        let [gradient, metrics] = [lowering.output(0), lowering.output(1)];
        lowering.push(dispatch("count").bind(&[labels, counts]).groups(n_groups));
        let all = [logits, labels, counts, gradient, losses];
        lowering.push(dispatch("pixels").bind(&all).groups(n_groups));
        lowering.push(dispatch("mean").bind(&[counts, losses, metrics]).groups(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::VOID;
    use crate::engine::ops::testing::Trial;
    use crate::graph::layers::StepOp;
    use crate::graph::layers::loss::N_METRICS;

    fn trial(pixels: usize, classes: usize, void: Option<usize>) -> Trial {
        let step = StepOp::PixelCrossEntropy(PixelCrossEntropyStep { pixels, classes, void });
        let mut trial = Trial::new(step, &[pixels * classes, pixels], &[pixels * classes, N_METRICS]);
        trial.inputs[0].iter_mut().for_each(|z| *z *= 5.0);
        let label = |i: usize| if i % 5 == 3 { VOID as f32 } else { (i * 7 % (classes + 1)) as f32 };
        trial.inputs[1] = (0..pixels).map(label).collect();
        trial
    }

    /// Where an answer is nearly certain and right, the gradient `p − 1` has lost digits.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for (pixels, classes, void) in [(1, 2, None), (70, 3, Some(1)), (1500, 11, Some(11)), (9, 40, None)] {
            trial(pixels, classes, void).agrees(1e-5);
        }
    }

    /// More pixels than a workgroup takes at once.
    #[test]
    fn many_pixels_share_the_workgroups() {
        trial(70_000, 2, None).agrees(1e-5);
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        trial(12, 5, Some(2)).is_a_loss(1e-7);
    }

    #[test]
    fn pixels_that_do_not_count_are_in_no_mean() {
        let mut trial = trial(4, 2, Some(0));
        trial.inputs = vec![vec![0.0; 8], vec![1.0, 0.0, VOID as f32, 1.0]];
        let ln2 = std::f64::consts::LN_2;
        // Of equal logits the first answers: both are wrong.
        trial.gives(&[vec![0.25, -0.25, 0.0, 0.0, 0.0, 0.0, 0.25, -0.25], vec![ln2, 2.0, 2.0]], 1e-6);
        trial.inputs[1] = vec![0.0; 4];
        trial.gives(&[vec![0.0; 8], vec![0.0; 3]], 0.0);
    }
}
