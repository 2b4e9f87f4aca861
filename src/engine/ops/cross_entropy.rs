//! Softmax cross-entropy. With `p = softmax(z)`, `L = −1/N · Σ_n log p_n[label_n]` and
//! `dz = (p − one-hot(label)) / N`. The largest logit is taken off first, so that no exponential overflows.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::loss::CrossEntropyStep;

impl Lower for CrossEntropyStep {
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

    pub fn kernel(step: CrossEntropyStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let labels = io.inputs[1];
            let [gradient, metrics] = io.outputs else { unreachable!("a loss has two outputs") };
            let (mut loss, mut n_wrong) = (0.0f64, 0.0);
            let rows = io.inputs[0].chunks_exact(step.classes).zip(gradient.chunks_exact_mut(step.classes));
            for ((z, dz), &label) in rows.zip(labels) {
                let label = label as usize;
                let (answer, largest) = argmax(z);
                let mut total = 0.0;
                for (dz, &z) in dz.iter_mut().zip(z) {
                    *dz = (z - largest).exp();
                    total += *dz;
                }
                loss += (total.ln() + largest - z[label]) as f64;
                n_wrong += (answer != label) as u32 as f32;
                for dz in dz.iter_mut() {
                    *dz /= total * step.batch as f32;
                }
                dz[label] -= 1.0 / step.batch as f32;
            }
            metrics[0] = (loss / step.batch as f64) as f32;
            metrics[1] = n_wrong;
        })
    }

    /// The first of the largest numbers, and its value; a NaN wins, so that it is not overlooked.
    fn argmax(z: &[f32]) -> (usize, f32) {
        let mut best = (0, z[0]);
        for (i, &z) in z.iter().enumerate().skip(1) {
            if z > best.1 || (z.is_nan() && !best.1.is_nan()) {
                best = (i, z);
            }
        }
        best
    }
}

mod gpu {
    use super::*;

    pub fn lower(_step: &CrossEntropyStep, _lowering: &mut Lowering) {}
}
