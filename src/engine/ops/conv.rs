//! Convolution: `y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[n, c, i·s+u−p, j·s+v−p]`, with x zero outside.
//! Backward `dx[n,c,h,w] = Σ_{o,u,v} w[o,c,u,v] · dy[n, o, (h+p−u)/s, (w+p−v)/s]` over the taps where both
//! quotients are whole; `dw[o,c,u,v] = Σ_{n,i,j} x[n, c, i·s+u−p, j·s+v−p] · dy[n,o,i,j]`; `db = Σ dy`.
//!
//! On the CPU all three are [`Product`]s over a picture with its padding written out: see
//! [`crate::engine::cpu::conv`].

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::conv::ConvStep;

impl Lower for ConvStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

mod cpu {
    use super::*;
    use crate::engine::cpu::{Io, conv};
    use crate::graph::layers::Pass;

    pub fn kernel(step: ConvStep) -> Box<dyn Kernel> {
        match step.pass {
            Pass::Forward => Box::new(move |io: Io<'_>| {
                let bias = io.inputs.get(2).copied();
                conv::forward(&step, io.inputs[0], io.inputs[1], bias, io.outputs[0]);
            }),
            Pass::Backward => {
                let mut backward = conv::Backward::new(&step);
                Box::new(move |io: Io<'_>| backward.run(io.inputs[0], io.inputs[1], io.outputs[0]))
            }
            Pass::Weights => {
                let mut weights = conv::Weights::new(&step);
                Box::new(move |io: Io<'_>| match io.outputs {
                    [dw] => weights.run(io.inputs[0], io.inputs[1], dw, None),
                    [dw, db] => weights.run(io.inputs[0], io.inputs[1], dw, Some(db)),
                    _ => unreachable!("weights and perhaps a bias"),
                })
            }
        }
    }
}

mod gpu {
    use super::*;

    pub fn lower(_step: &ConvStep, _lowering: &mut Lowering) {}
}
