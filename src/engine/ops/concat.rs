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

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::engine::gpu::twin::{Trial, normal};
        use crate::graph::layers::StepOp;

        #[test]
        fn agrees_with_the_cpu() {
            let pass = Pass::Forward;
            let step = ConcatStep { pass, batch: 3, area: 10, part: 5, whole: 9, first: 3 };
            let (part, whole) = (3 * 10 * 5, 3 * 10 * 9);
            let mut forward = Trial::new(StepOp::Concat(step), &[part], &[whole]);
            // The other channels are left as they are.
            forward.outputs[0] = normal(7, whole);
            forward.agrees(0.0);
            let backward = ConcatStep { pass: Pass::Backward, ..step };
            Trial::new(StepOp::Concat(backward), &[whole], &[part]).agrees(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StepTable;
    use crate::engine::ops::testing::{EXACT, check, check_over, double, numbers};
    use crate::graph::layers::{Pass, StepOp};

    #[test]
    fn a_part_goes_into_its_channels_and_comes_out_again() {
        let step = ConcatStep { pass: Pass::Forward, batch: 2, area: 15, part: 3, whole: 7, first: 2 };
        let (part, whole) = (numbers(1, 2 * 15 * 3), numbers(2, 2 * 15 * 7));
        let mut filled = double(&whole);
        let mut cut = vec![0.0; part.len()];
        for pixel in 0..30 {
            for c in 0..3 {
                filled[pixel * 7 + 2 + c] = part[pixel * 3 + c] as f64;
                cut[pixel * 3 + c] = whole[pixel * 7 + 2 + c] as f64;
            }
        }
        let table = StepTable::default();
        check_over(StepOp::Concat(step), table, &[&part], std::slice::from_ref(&whole), &[filled], EXACT);
        check(StepOp::Concat(ConcatStep { pass: Pass::Backward, ..step }), &[&whole], &[cut], EXACT);
    }
}
