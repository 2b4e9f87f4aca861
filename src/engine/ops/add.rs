//! Sum of two values, `y = a + b`, rectified where a ReLU was fused in: `y = max(0, a + b)`.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::merge::AddStep;

impl Lower for AddStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for AddStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        for ((y, &a), &b) in io.outputs[0].iter_mut().zip(io.inputs[0]).zip(io.inputs[1]) {
            *y = if self.relu { (a + b).rectified() } else { a + b };
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::rectified;
    use crate::engine::cpu::simd::vectorised;

    const CHUNK: usize = 16 * 1024;

    pub fn kernel(step: AddStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let terms = io.inputs[0].par_chunks(CHUNK).zip(io.inputs[1].par_chunks(CHUNK));
            terms.zip(io.outputs[0].par_chunks_mut(CHUNK)).for_each(|((a, b), y)| match step.relu {
                true => sum_rectified(a, b, y),
                false => sum(a, b, y),
            });
        })
    }

    vectorised! {
        fn sum(a: &[f32], b: &[f32], y: &mut [f32]) {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                *y = a + b;
            }
        }
    }

    vectorised! {
        fn sum_rectified(a: &[f32], b: &[f32], y: &mut [f32]) {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                *y = rectified(a + b);
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &AddStep, lowering: &mut Lowering) {
        let operands = [lowering.input(0), lowering.input(1), lowering.output(0)];
        lowering.push(
            Dispatch::new("add", "forward")
                .constant("RELU", step.relu)
                .bind(&operands.map(|place| place.in_fours()))
                .invocations(step.len.div_ceil(4)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::Trial;
    use crate::graph::layers::StepOp;

    /// A sum is rounded once.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for (len, relu) in [(1, false), (1021, false), (1021, true)] {
            Trial::new(StepOp::Add(AddStep { len, relu }), &[len, len], &[len]).agrees(1e-7);
        }
    }

    #[test]
    fn sums_are_rectified_where_asked() {
        for (relu, expected) in [(false, [-2.0, 4.0]), (true, [0.0, 4.0])] {
            let mut trial = Trial::new(StepOp::Add(AddStep { len: 2, relu }), &[2, 2], &[2]);
            trial.inputs = vec![vec![1.0, 1.0], vec![-3.0, 3.0]];
            trial.gives(&[expected.to_vec()], 0.0);
        }
    }
}
