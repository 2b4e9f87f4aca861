//! Channels one behind the other: copies a part into its place in the whole, or out of it again.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::merge::ConcatStep;

impl Lower for ConcatStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for ConcatStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        for pixel in 0..self.batch * self.area {
            for c in 0..self.part {
                let (in_part, in_whole) = (pixel * self.part + c, pixel * self.whole + self.first + c);
                match self.pass {
                    Pass::Forward => io.outputs[0][in_whole] = io.inputs[0][in_part],
                    Pass::Backward | Pass::Weights => io.outputs[0][in_part] = io.inputs[0][in_whole],
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;

    pub fn kernel(step: ConcatStep) -> Box<dyn Kernel> {
        let ConcatStep { pass, part, whole, first, .. } = step;
        Box::new(move |io: Io<'_>| {
            // Pixels of (part) and (whole) channels.
            let (from, to) = (io.inputs[0], &mut *io.outputs[0]);
            match pass {
                Pass::Forward => {
                    from.par_chunks(part).zip(to.par_chunks_mut(whole)).with_min_len(256).for_each(
                        |(part_pixel, whole_pixel)| {
                            whole_pixel[first..first + part].copy_from_slice(part_pixel)
                        },
                    )
                }
                Pass::Backward | Pass::Weights => {
                    from.par_chunks(whole).zip(to.par_chunks_mut(part)).with_min_len(256).for_each(
                        |(whole_pixel, part_pixel)| {
                            part_pixel.copy_from_slice(&whole_pixel[first..first + part])
                        },
                    );
                }
            }
        })
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &ConcatStep, lowering: &mut Lowering) {
        let entry = match step.pass {
            Pass::Forward => "forward",
            Pass::Backward | Pass::Weights => "backward",
        };
        lowering.push(
            Dispatch::new("concat", entry)
                .size("PART", step.part)
                .size("WHOLE", step.whole)
                .size("FIRST", step.first)
                .bind(&[lowering.input(0), lowering.output(0)])
                .invocations(step.batch * step.area * step.part),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, normal};
    use crate::graph::layers::StepOp;

    fn step(pass: Pass) -> ConcatStep {
        ConcatStep { pass, batch: 3, area: 10, part: 5, whole: 9, first: 3 }
    }

    #[test]
    fn devices_agree_with_the_plain_reference() {
        let (part, whole) = (3 * 10 * 5, 3 * 10 * 9);
        let mut forward = Trial::new(StepOp::Concat(step(Pass::Forward)), &[part], &[whole]);
        // The other channels are left as they are.
        forward.outputs[0] = normal(7, whole);
        forward.agrees(0.0);
        Trial::new(StepOp::Concat(step(Pass::Backward)), &[whole], &[part]).agrees(0.0);
    }

    #[test]
    fn a_part_goes_into_its_channels_and_comes_out_again() {
        let step = |pass| StepOp::Concat(ConcatStep { pass, batch: 1, area: 2, part: 1, whole: 3, first: 1 });
        let mut into = Trial::new(step(Pass::Forward), &[2], &[6]);
        into.inputs = vec![vec![7.0, 8.0]];
        into.outputs = vec![vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]];
        into.gives(&[vec![1.0, 7.0, 3.0, 4.0, 8.0, 6.0]], 0.0);
        let mut out_of = Trial::new(step(Pass::Backward), &[6], &[2]);
        out_of.inputs = vec![vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]];
        out_of.gives(&[vec![2.0, 5.0]], 0.0);
    }
}
