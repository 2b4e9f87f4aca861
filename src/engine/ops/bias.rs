//! A constant for each channel: `y[n,c,h,w] = x[n,c,h,w] + b[c]`; backward `db[c] = Σ_{n,h,w} dy[n,c,h,w]`,
//! while dx is dy itself.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::bias::BiasStep;

impl Lower for BiasStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for BiasStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let channels = self.extent.channels;
        let out = &mut *io.outputs[0];
        match self.pass {
            Pass::Forward => {
                let pixels = io.inputs[0].chunks_exact(channels).zip(out.chunks_exact_mut(channels));
                for (x, y) in pixels {
                    y.iter_mut().zip(x).zip(io.inputs[1]).for_each(|((y, &x), &b)| *y = x + b);
                }
            }
            Pass::Backward | Pass::Weights => {
                out.fill(R::zero());
                for dy in io.inputs[0].chunks_exact(channels) {
                    out.iter_mut().zip(dy).for_each(|(db, &dy)| *db += dy);
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::channels::{PictureSums, Tiled, add_up};
    use crate::engine::cpu::simd::vectorised;

    pub fn kernel(step: BiasStep) -> Box<dyn Kernel> {
        let (n, channels) = (step.extent.len(), step.extent.channels);
        match step.pass {
            Pass::Forward => {
                let mut bias = Tiled::new(channels);
                Box::new(move |io: Io<'_>| {
                    bias.set(|c| io.inputs[1][c]);
                    let row = bias.row();
                    let pictures = io.inputs[0].par_chunks(n).zip(io.outputs[0].par_chunks_mut(n));
                    pictures.for_each(|(x, y)| add(x, row, y));
                })
            }
            Pass::Backward | Pass::Weights => {
                let mut sums = PictureSums::new(step.batch, channels);
                Box::new(move |io: Io<'_>| {
                    let dy = io.inputs[0];
                    sums.gather(|i, sums, _| add_up(&dy[i * n..][..n], sums));
                    for (c, db) in io.outputs[0].iter_mut().enumerate() {
                        *db = sums.of_channel(0, c).sum::<f64>() as f32;
                    }
                })
            }
        }
    }

    vectorised! {
        fn add(x: &[f32], row: &[f32], y: &mut [f32]) {
            for (x, y) in x.chunks(row.len()).zip(y.chunks_mut(row.len())) {
                for ((y, &x), &b) in y.iter_mut().zip(x).zip(row) {
                    *y = x + b;
                }
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;
    use crate::engine::gpu::product::{PixelParts, Sum, sum_parts};

    pub fn lower(step: &BiasStep, lowering: &mut Lowering) {
        let channels = step.extent.channels;
        let dispatch = |entry| Dispatch::new("bias", entry).size("CHANNELS", channels);
        let (first, result) = (lowering.input(0), lowering.output(0));
        if step.pass == Pass::Forward {
            let forward = dispatch("forward").bind(&[first, lowering.input(1), result]);
            lowering.push(forward.invocations(result.len));
            return;
        }
        let PixelParts { n_pixels, rows, n_parts } = PixelParts::of(step.batch * step.extent.area());
        let parts = if n_parts == 1 { result } else { lowering.scratch(n_parts * channels) };
        let sums = dispatch("sums").size("COUNT", n_pixels).size("ROWS", rows).bind(&[first, parts]);
        lowering.push(sums.invocations(n_parts * channels));
        sum_parts(lowering, n_parts, parts, channels, Sum::of_all(result));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, check_slopes};
    use crate::graph::layers::StepOp;
    use crate::tensor::Extent;

    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        for (batch, extent) in
            [(1, Extent::vector(7)), (3, Extent::new(5, 6, 7)), (2, Extent::new(16, 9, 11))]
        {
            let len = batch * extent.len();
            let step = |pass| StepOp::Bias(BiasStep { pass, batch, extent });
            let forward = Trial::new(step(Pass::Forward), &[len, extent.channels], &[len]);
            let weights = Trial::new(step(Pass::Weights), &[len], &[extent.channels]);
            forward.agrees(1e-6);
            // Sums of some two hundred numbers.
            weights.agrees(1e-5);
            check_slopes(&weights.plain()[0], &forward.slopes(1, &weights.inputs[0]), 1e-7);
        }
    }
}
