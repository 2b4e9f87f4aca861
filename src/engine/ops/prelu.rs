//! A ReLU with a learned slope: `y = x` where `x > 0`, else `a·x`. Backward `dx = dy` or `a·dy`, and
//! `da = Σ x·dy` over the numbers with `x ≤ 0`, all of them or those of each channel.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::prelu::PreluStep;

impl Lower for PreluStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for PreluStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let x = io.inputs[0];
        // As the channel comes last, number i has slope i mod C, or the only one.
        let slope_of = |i: usize| i % self.n_slopes;
        let out = &mut *io.outputs[0];
        match self.pass {
            Pass::Forward => {
                for (i, &x) in x.iter().enumerate() {
                    out[i] = if x > R::zero() { x } else { io.inputs[1][slope_of(i)] * x };
                }
            }
            Pass::Backward => {
                for (i, &x) in x.iter().enumerate() {
                    let slope = if x > R::zero() { R::one() } else { io.inputs[2][slope_of(i)] };
                    out[i] = slope * io.inputs[1][i];
                }
            }
            Pass::Weights => {
                out.fill(R::zero());
                for (i, (&x, &dy)) in x.iter().zip(io.inputs[1]).enumerate() {
                    out[slope_of(i)] += if x > R::zero() { R::zero() } else { x * dy };
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::channels::{PictureSums, Tiled};
    use crate::engine::cpu::simd::vectorised;

    pub fn kernel(step: PreluStep) -> Box<dyn Kernel> {
        let (n, channels, n_slopes) = (step.extent.len(), step.extent.channels, step.n_slopes);
        if step.pass == Pass::Weights {
            let mut sums = PictureSums::new(step.batch, channels);
            return Box::new(move |io: Io<'_>| {
                let (x, dy) = (io.inputs[0], io.inputs[1]);
                sums.gather(|i, sums, _| {
                    let picture = i * n..(i + 1) * n;
                    add_up_slopes(&x[picture.clone()], &dy[picture], sums);
                });
                let of_channel = |c: usize| sums.of_channel(0, c).sum::<f64>();
                match n_slopes {
                    1 => io.outputs[0][0] = (0..channels).map(of_channel).sum::<f64>() as f32,
                    _ => io.outputs[0].iter_mut().enumerate().for_each(|(c, da)| *da = of_channel(c) as f32),
                }
            });
        }
        let mut slopes = Tiled::new(channels);
        Box::new(move |io: Io<'_>| {
            let a = io.inputs[io.inputs.len() - 1];
            slopes.set(|c| a[c % n_slopes]);
            let row = slopes.row();
            let out = io.inputs[0].par_chunks(n).zip(io.outputs[0].par_chunks_mut(n));
            match step.pass {
                Pass::Forward => out.for_each(|(x, y)| forward(x, row, y)),
                _ => out.zip(io.inputs[1].par_chunks(n)).for_each(|((x, dx), dy)| backward(x, dy, row, dx)),
            }
        })
    }

    vectorised! {
        fn forward(x: &[f32], row: &[f32], y: &mut [f32]) {
            for (x, y) in x.chunks(row.len()).zip(y.chunks_mut(row.len())) {
                for ((y, &x), &a) in y.iter_mut().zip(x).zip(row) {
                    *y = if x > 0.0 { x } else { a * x };
                }
            }
        }
    }

    vectorised! {
        fn backward(x: &[f32], dy: &[f32], row: &[f32], dx: &mut [f32]) {
            let len = row.len();
            for ((x, dy), dx) in x.chunks(len).zip(dy.chunks(len)).zip(dx.chunks_mut(len)) {
                for (((dx, &dy), &x), &a) in dx.iter_mut().zip(dy).zip(x).zip(row) {
                    *dx = if x > 0.0 { dy } else { a * dy };
                }
            }
        }
    }

    vectorised! {
        fn add_up_slopes(x: &[f32], dy: &[f32], sums: &mut [f32]) {
            for (x, dy) in x.chunks(sums.len()).zip(dy.chunks(sums.len())) {
                for ((sum, &x), &dy) in sums.iter_mut().zip(x).zip(dy) {
                    *sum += if x > 0.0 { 0.0 } else { x * dy };
                }
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;
    use crate::engine::gpu::product::{PixelParts, Sum, sum_parts};

    pub fn lower(step: &PreluStep, lowering: &mut Lowering) {
        let channels = step.extent.channels;
        let dispatch =
            |entry| Dispatch::new("prelu", entry).size("CHANNELS", channels).size("SLOPES", step.n_slopes);
        let (x, second, result) = (lowering.input(0), lowering.input(1), lowering.output(0));
        match step.pass {
            Pass::Forward => {
                let forward = dispatch("forward").bind(&[x, second, result]);
                lowering.push(forward.invocations(result.len));
            }
            Pass::Backward => {
                let backward = dispatch("backward").bind(&[x, second, lowering.input(2), result]);
                lowering.push(backward.invocations(result.len));
            }
            Pass::Weights => {
                let cut = PixelParts::of(step.batch * step.extent.area());
                let parts = lowering.scratch(cut.n_parts * channels);
                let sums = dispatch("sums").size("COUNT", cut.n_pixels).size("ROWS", cut.rows);
                lowering.push(sums.bind(&[x, second, parts]).invocations(parts.len));
                if step.n_slopes == channels {
                    return sum_parts(lowering, cut.n_parts, parts, channels, Sum::of_all(result));
                }
                // First each channel's sum, then theirs.
                let of_channels = lowering.scratch(channels);
                sum_parts(lowering, cut.n_parts, parts, channels, Sum::of_all(of_channels));
                sum_parts(lowering, channels, of_channels, 1, Sum::of_all(result));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, check_slopes};
    use crate::graph::layers::StepOp;
    use crate::tensor::Extent;

    const SHAPES: [(usize, Extent); 4] = [
        (1, Extent::vector(7)),
        (3, Extent::new(5, 6, 7)),
        (2, Extent::new(16, 9, 11)),
        (3, Extent::new(1, 5, 5)),
    ];

    /// One slope below 0 and, where there are more, one of each sign.
    fn trials(batch: usize, extent: Extent, n_slopes: usize) -> [Trial; 3] {
        let n = batch * extent.len();
        let step = |pass| StepOp::Prelu(PreluStep { pass, batch, extent, n_slopes });
        let forward = Trial::new(step(Pass::Forward), &[n, n_slopes], &[n]);
        let mut backward = Trial::new(step(Pass::Backward), &[n, n, n_slopes], &[n]);
        (backward.inputs[0], backward.inputs[2]) = (forward.inputs[0].clone(), forward.inputs[1].clone());
        let mut weights = Trial::new(step(Pass::Weights), &[n, n], &[n_slopes]);
        weights.inputs[0] = forward.inputs[0].clone();
        [forward, backward, weights]
    }

    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        for (batch, extent) in SHAPES {
            for n_slopes in [1, extent.channels] {
                let [forward, backward, weights] = trials(batch, extent, n_slopes);
                forward.agrees(1e-6);
                backward.agrees(1e-6);
                // Sums of up to some three thousand numbers.
                weights.agrees(1e-5);
                // The kink at 0 is 1e-5 away at least.
                assert!(forward.inputs[0].iter().all(|x| x.abs() > 1e-5));
                check_slopes(&backward.plain()[0], &forward.slopes(0, &backward.inputs[1]), 1e-7);
                check_slopes(&weights.plain()[0], &forward.slopes(1, &weights.inputs[1]), 1e-7);
            }
        }
    }

    #[test]
    fn what_is_no_number_passes() {
        let mut trial = trials(1, Extent::vector(3), 1)[0].clone();
        trial.inputs = vec![vec![f32::NAN, -2.0, 2.0], vec![0.25]];
        trial.gives(&[vec![f64::NAN, -0.5, 2.0]], 0.0);
    }
}
