//! Fully connected layer, `y = x·Wᵀ + b` with x `(N, in)` and W `(out, in)`; backward `dx = dy·W`,
//! `dW = dyᵀ·x`, `db = Σ_n dy`. In storage W is `(in, out)`.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::linear::LinearStep;

impl Lower for LinearStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

mod cpu {
    use super::*;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::matrix::{self, Matrix};
    use crate::graph::layers::Pass;

    pub fn kernel(step: LinearStep) -> Box<dyn Kernel> {
        let LinearStep { pass, batch, inputs, outputs, bias, relu } = step;
        match pass {
            Pass::Forward => Box::new(move |io: Io<'_>| {
                let y = &mut *io.outputs[0];
                if bias {
                    y.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(io.inputs[2]));
                } else {
                    y.fill(0.0);
                }
                let x = Matrix::rows(io.inputs[0], batch, inputs);
                matrix::add_product(x, Matrix::rows(io.inputs[1], inputs, outputs), y);
                if relu {
                    y.iter_mut().for_each(|y| *y = y.max(0.0));
                }
            }),
            Pass::Backward => Box::new(move |io: Io<'_>| {
                let dy = Matrix::rows(io.inputs[0], batch, outputs);
                let weights = Matrix::rows(io.inputs[1], inputs, outputs);
                io.outputs[0].fill(0.0);
                matrix::add_product(dy, weights.transposed(), io.outputs[0]);
            }),
            Pass::Weights => Box::new(move |io: Io<'_>| {
                let x = Matrix::rows(io.inputs[0], batch, inputs);
                let dy = Matrix::rows(io.inputs[1], batch, outputs);
                io.outputs[0].fill(0.0);
                matrix::add_product(x.transposed(), dy, io.outputs[0]);
                if bias {
                    matrix::column_sums(dy, io.outputs[1]);
                }
            }),
        }
    }
}

mod gpu {
    use super::*;

    pub fn lower(_step: &LinearStep, _lowering: &mut Lowering) {}
}
