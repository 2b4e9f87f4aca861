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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::Trial;
    use crate::graph::layers::StepOp;

    fn trial(probability: f32) -> Trial {
        let step = DropoutStep { probability, layer: 5, batch: 20, len: 501 };
        let mut trial = Trial::new(StepOp::Dropout(step), &[20 * 501], &[20 * 501]);
        trial.table.dropout_key = 0xdead_beef;
        trial
    }

    /// The same mask; the quotient may be off by units in the last place.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        [0.0, 0.3, 0.9].into_iter().for_each(|probability| trial(probability).agrees(1e-6));
    }

    #[test]
    fn the_share_given_is_dropped_and_the_rest_scaled_up() {
        let trial = trial(0.3);
        let y = &trial.plain()[0];
        let share = y.iter().filter(|&&y| y == 0.0).count() as f64 / y.len() as f64;
        // Five standard deviations of a share of 10,020 draws.
        assert!((share - 0.3).abs() < 0.023, "{share}");
        for (y, &x) in y.iter().zip(&trial.inputs[0]).filter(|(y, _)| **y != 0.0) {
            assert!((y - x as f64 / 0.7).abs() < 1e-6, "{y} from {x}");
        }
    }
}
