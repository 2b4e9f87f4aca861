//! Dropout: `y = x / (1 − p)` where `u ≥ p`, else 0, with u uniform in `[0, 1)` drawn by hash from the key of
//! the step, the layer and the place of the number in the batch as it lies in memory.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::dropout::DropoutStep;
use crate::tensor::random::Key;

impl Lower for DropoutStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for DropoutStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let key = Key(io.table.dropout_key).with(self.layer);
        let kept_share = R::one() - R::of(self.probability.into());
        for (i, (y, &x)) in io.outputs[0].iter_mut().zip(io.inputs[0]).enumerate() {
            *y = if key.uniform(i as u32) >= self.probability { x / kept_share } else { R::zero() };
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;

    const CHUNK: usize = 8 * 1024;

    pub fn kernel(step: DropoutStep) -> Box<dyn Kernel> {
        let scale = 1.0 / (1.0 - step.probability);
        Box::new(move |io: Io<'_>| {
            let key = Key(io.table.dropout_key).with(step.layer);
            let chunks = io.inputs[0].par_chunks(CHUNK).zip(io.outputs[0].par_chunks_mut(CHUNK)).enumerate();
            chunks.for_each(|(chunk, (x, y))| {
                for (i, (y, &x)) in y.iter_mut().zip(x).enumerate() {
                    let keep = key.uniform((chunk * CHUNK + i) as u32) >= step.probability;
                    *y = if keep { x * scale } else { 0.0 };
                }
            });
        })
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &DropoutStep, lowering: &mut Lowering) {
        lowering.push(
            Dispatch::new("dropout", "forward")
                .constant("PROBABILITY", step.probability)
                .constant("SCALE", 1.0 / (1.0 - step.probability))
                .constant("LAYER", step.layer)
                .with_table()
                .bind(&[lowering.input(0), lowering.output(0)])
                .invocations(step.batch * step.len),
        );
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::engine::gpu::twin::Trial;
        use crate::graph::layers::StepOp;

        #[test]
        fn draws_the_mask_that_the_cpu_draws() {
            for probability in [0.0, 0.3, 0.9] {
                let step = DropoutStep { probability, layer: 5, batch: 3, len: 1001 };
                let mut trial = Trial::new(StepOp::Dropout(step), &[3003], &[3003]);
                trial.table.dropout_key = 0xdead_beef;
                trial.agrees(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StepTable;
    use crate::engine::ops::testing::{EXACT, check_over, numbers};
    use crate::graph::layers::StepOp;

    #[test]
    fn the_share_given_is_dropped_and_the_rest_scaled_up() {
        let (batch, len, probability) = (20, 501, 0.3f32);
        let table = StepTable { dropout_key: 77, ..StepTable::default() };
        let key = Key(77).with(4);
        let x = numbers(1, batch * len);
        let keeps = |i: usize| key.uniform(i as u32) >= probability;
        let y: Vec<f64> = (0..x.len()).map(|i| if keeps(i) { x[i] as f64 / 0.7 } else { 0.0 }).collect();
        let share = y.iter().filter(|&&y| y == 0.0).count() as f64 / y.len() as f64;
        assert!((share - 0.3).abs() < 0.025, "{share}");
        let op = StepOp::Dropout(DropoutStep { probability, layer: 4, batch, len });
        check_over(op, table, &[&x], &[vec![0.0; x.len()]], &[y], EXACT);
    }
}
