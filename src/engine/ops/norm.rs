//! The length of the gradient by all parameters together, `norm = √Σ g²`, and the factor
//! `min(1, clip / (norm + 10⁻⁶))` by which the update shortens it (Pascanu, Mikolov, Bengio 2013, Algorithm 1;
//! the small number as in PyTorch's `clip_grad_norm_`). The sum is split by its length alone.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::update::NormStep;

impl Lower for NormStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for NormStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let norm = io.inputs[0].iter().map(|&g| g * g).sum::<R>().sqrt();
        let (clip, longer) = (R::of(io.table.clip.into()), norm + R::of(1e-6));
        io.outputs[0][0] = norm;
        io.outputs[0][1] = if clip < longer { clip / longer } else { R::one() };
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::simd::vectorised;
    use crate::engine::cpu::{Holding, Io};

    const CHUNK: usize = 16 * 1024;

    pub fn kernel(step: NormStep) -> Box<dyn Kernel> {
        let mut sums = vec![0.0f64; step.len.div_ceil(CHUNK)];
        Box::new(Holding(8 * sums.len(), move |io: Io<'_>| {
            let chunks = io.inputs[0].par_chunks(CHUNK);
            sums.par_iter_mut().zip(chunks).for_each(|(sum, chunk)| squares(chunk, sum));
            let norm = sums.iter().sum::<f64>().sqrt();
            let (clip, longer) = (io.table.clip as f64, norm + 1e-6);
            io.outputs[0][0] = norm as f32;
            io.outputs[0][1] = if clip < longer { (clip / longer) as f32 } else { 1.0 };
        }))
    }

    vectorised! {
        /// Eight sums side by side, so that they are made by vectors whatever the processor.
        fn squares(g: &[f32], sum: &mut f64) {
            let mut lanes = [0.0f64; 8];
            let (eights, rest) = g.as_chunks::<8>();
            for eight in eights {
                for (lane, &g) in lanes.iter_mut().zip(eight) {
                    *lane += g as f64 * g as f64;
                }
            }
            for (lane, &g) in lanes.iter_mut().zip(rest) {
                *lane += g as f64 * g as f64;
            }
            *sum = lanes.iter().sum();
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;
    use crate::engine::ops::update::parts;

    /// Numbers that a workgroup of `norm.wgsl` adds up: four in each of 64 rounds of 64 lanes.
    const PER_GROUP: usize = 4 * 64 * 64;

    pub fn lower(step: &NormStep, lowering: &mut Lowering) {
        let gradients = lowering.input(0);
        // Whole workgroups, so that the sums are the same however the range is cut.
        let longest = lowering.largest_operand() / PER_GROUP * PER_GROUP;
        let sums = lowering.scratch(step.len.div_ceil(PER_GROUP));
        for range in parts(0..step.len, longest) {
            let operands = [gradients.part(range.clone()), sums];
            lowering.push(
                Dispatch::new("norm", "squares")
                    .size("FIRST", range.start / PER_GROUP)
                    .bind(&operands)
                    .groups(range.len().div_ceil(PER_GROUP)),
            );
        }
        let operands = [sums, lowering.output(0)];
        lowering.push(Dispatch::new("norm", "factor").with_table().bind(&operands).groups(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StepTable;
    use crate::engine::ops::testing::Trial;
    use crate::graph::layers::StepOp;

    fn trial(len: usize, clip: f32) -> Trial {
        let mut trial = Trial::new(StepOp::Norm(NormStep { len }), &[len], &[2]);
        trial.table = StepTable { clip, ..StepTable::default() };
        trial
    }

    /// Single precision adds up some thousand squares in trees of a few levels.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for len in [64, 64 * 256, 64 * 999] {
            trial(len, 1.0).agrees(1e-6);
        }
    }

    /// Of length 5, which is clipped to 2.5 and left alone below 6.
    #[test]
    fn a_gradient_is_shortened_and_never_lengthened() {
        for (clip, factor) in [(2.5, 2.5 / (5.0 + 1e-6)), (6.0, 1.0)] {
            let mut trial = trial(64, clip);
            trial.inputs[0] = vec![0.0; 64];
            trial.inputs[0][3] = 3.0;
            trial.inputs[0][60] = -4.0;
            trial.gives(&[vec![5.0, factor]], 1e-7);
        }
    }
}
