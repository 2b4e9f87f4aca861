//! Dropout: `y = x / (1 − p)` where `u ≥ p`, else 0, with u uniform in `[0, 1)` drawn by hash from the key of
//! the step, the layer and the place of the number in the batch as it lies in memory.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::dropout::DropoutStep;

impl Lower for DropoutStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;
    use crate::tensor::random::Key;

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

    pub fn lower(_step: &DropoutStep, _lowering: &mut Lowering) {}
}
