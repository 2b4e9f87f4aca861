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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{SUMS, check, numbers};
    use crate::graph::layers::{Pass, StepOp};

    #[test]
    fn a_fully_connected_layer_matches_the_naive_sums() {
        for (batch, inputs, outputs, bias, relu) in [
            (1, 1, 1, true, false),
            (7, 13, 5, true, true),
            (33, 70, 41, false, false),
            (3, 5, 130, true, true),
        ] {
            let (x, w, b) = (numbers(1, batch * inputs), numbers(2, inputs * outputs), numbers(3, outputs));
            let dy = numbers(4, batch * outputs);
            let mut y = vec![0.0; dy.len()];
            let (mut dx, mut dw, mut db) = (vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; outputs]);
            for (n, o) in (0..batch).flat_map(|n| (0..outputs).map(move |o| (n, o))) {
                let at = n * outputs + o;
                y[at] = if bias { b[o] as f64 } else { 0.0 };
                db[o] += dy[at] as f64;
                for i in 0..inputs {
                    y[at] += x[n * inputs + i] as f64 * w[i * outputs + o] as f64;
                    dx[n * inputs + i] += dy[at] as f64 * w[i * outputs + o] as f64;
                    dw[i * outputs + o] += dy[at] as f64 * x[n * inputs + i] as f64;
                }
                y[at] = if relu { y[at].max(0.0) } else { y[at] };
            }
            let pass = |pass| StepOp::Linear(LinearStep { pass, batch, inputs, outputs, bias, relu });
            let forward_inputs: &[&[f32]] = if bias { &[&x, &w, &b] } else { &[&x, &w] };
            check(pass(Pass::Forward), forward_inputs, &[y], SUMS);
            check(pass(Pass::Backward), &[&dy, &w], &[dx], SUMS);
            let gradients = if bias { vec![dw, db] } else { vec![dw] };
            check(pass(Pass::Weights), &[&x, &dy], &gradients, SUMS);
        }
    }
}
