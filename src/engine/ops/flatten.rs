//! Maps as one vector in the logical order: `y[n, c·A + p] = x[n, p, c]` with p over the `A = H·W` pixels, a
//! transposition for each picture; backward the other way round.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::flatten::FlattenStep;

impl Lower for FlattenStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

/// Rows and columns of what is transposed: pixels and channels, or on the way back channels and pixels.
fn sides(step: &FlattenStep) -> [usize; 2] {
    let (area, channels) = (step.input.area(), step.input.channels);
    match step.pass {
        Pass::Forward => [area, channels],
        Pass::Backward | Pass::Weights => [channels, area],
    }
}

impl Plain for FlattenStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let [rows, columns] = sides(self);
        for n in 0..self.batch {
            for row in 0..rows {
                for column in 0..columns {
                    let to = (n * columns + column) * rows + row;
                    io.outputs[0][to] = io.inputs[0][(n * rows + row) * columns + column];
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;

    pub fn kernel(step: FlattenStep) -> Box<dyn Kernel> {
        let ([rows, columns], n) = (sides(&step), step.input.len());
        Box::new(move |io: Io<'_>| {
            let pictures = io.inputs[0].par_chunks(n).zip(io.outputs[0].par_chunks_mut(n));
            pictures.for_each(|(x, y)| {
                for (column, y) in y.chunks_exact_mut(rows).enumerate() {
                    y.iter_mut().zip(x[column..].iter().step_by(columns)).for_each(|(y, &x)| *y = x);
                }
            });
        })
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &FlattenStep, lowering: &mut Lowering) {
        let [rows, columns] = sides(step);
        lowering.push(
            Dispatch::new("flatten", "forward")
                .size("ROWS", rows)
                .size("COLUMNS", columns)
                .bind(&[lowering.input(0), lowering.output(0)])
                .invocations(step.batch * step.input.len()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::layout;
    use crate::engine::ops::testing::{Trial, check_slopes, double};
    use crate::graph::layers::StepOp;
    use crate::tensor::Extent;

    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        for (batch, input) in
            [(2, Extent::new(3, 4, 5)), (1, Extent::new(17, 2, 9)), (3, Extent::new(4, 1, 6))]
        {
            let len = batch * input.len();
            let trial =
                |pass| Trial::new(StepOp::Flatten(FlattenStep { pass, batch, input }), &[len], &[len]);
            let (forward, backward) = (trial(Pass::Forward), trial(Pass::Backward));
            forward.agrees(0.0);
            backward.agrees(0.0);
            check_slopes(&backward.plain()[0], &forward.slopes(0, &backward.inputs[0]), 1e-7);
            // What a device keeps channel-last is in the logical order afterwards.
            let logical = layout::maps_from_storage(&forward.inputs[0], input);
            assert_eq!(forward.plain()[0], double(&logical));
        }
    }
}
