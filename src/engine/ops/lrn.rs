//! Local response normalisation across channels: `y[c] = x[c] · s[c]^−β` with `s[c] = k + α·Σ x[j]²` over the
//! neighbours j of c at the same pixel. Backward
//! `dx[j] = dy[j] · s[j]^−β − 2·α·β · x[j] · Σ dy[c]·y[c] / s[c]` over the channels c that have j for a neighbour.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::lrn::LrnStep;

impl Lower for LrnStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(self.clone())
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for LrnStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let channels = self.extent.channels;
        let [before, behind] = self.reach();
        let [alpha, beta, k] = [self.lrn.alpha, self.lrn.beta, self.lrn.k].map(|x| R::of(x.into()));
        for pixel in 0..self.batch * self.extent.area() {
            let at = |c: usize| pixel * channels + c;
            for c in 0..channels {
                if self.pass == Pass::Forward {
                    let x = io.inputs[0];
                    let neighbours = c.saturating_sub(before)..(c + behind + 1).min(channels);
                    let sum = k + alpha * neighbours.map(|j| x[at(j)] * x[at(j)]).sum::<R>();
                    io.outputs[0][at(c)] = x[at(c)] * sum.powf(-beta);
                    io.outputs[1][at(c)] = sum;
                } else {
                    let [x, y, sums, dy] = [0, 1, 2, 3].map(|i| io.inputs[i]);
                    let readers = c.saturating_sub(behind)..(c + before + 1).min(channels);
                    let shared: R = readers.map(|r| dy[at(r)] * y[at(r)] / sums[at(r)]).sum();
                    io.outputs[0][at(c)] =
                        dy[at(c)] * sums[at(c)].powf(-beta) - R::of(2.0) * alpha * beta * x[at(c)] * shared;
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::simd::vectorised;
    use crate::engine::cpu::{Holding, Io};

    /// Channels, how many before and behind count, α, β, k.
    #[derive(Clone, Copy)]
    struct Settings {
        channels: usize,
        reach: [usize; 2],
        alpha: f32,
        beta: f32,
        k: f32,
    }

    pub fn kernel(step: LrnStep) -> Box<dyn Kernel> {
        let (n, channels) = (step.extent.len(), step.extent.channels);
        let reach = step.reach().map(|reach| reach.min(channels - 1));
        let settings =
            Settings { channels, reach, alpha: step.lrn.alpha, beta: step.lrn.beta, k: step.lrn.k };
        if step.pass == Pass::Forward {
            return Box::new(move |io: Io<'_>| {
                let [y, sums] = io.outputs else { unreachable!("sums are left for the way back") };
                let out = y.par_chunks_mut(n).zip(sums.par_chunks_mut(n));
                io.inputs[0].par_chunks(n).zip(out).for_each(|(x, (y, sums))| {
                    squares(x, sums, settings);
                    powers(sums, y, settings.beta);
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y *= x);
                });
            });
        }
        // For one pixel of each picture, (N, 2, C): what each number hands to its neighbours, and what it gets.
        let mut shared = vec![0.0; step.batch * 2 * channels];
        Box::new(Holding(4 * shared.len(), move |io: Io<'_>| {
            let [x, y, sums, dy] = [0, 1, 2, 3].map(|i| io.inputs[i].par_chunks(n));
            let inputs = x.zip(y).zip(sums.zip(dy));
            let out = io.outputs[0].par_chunks_mut(n).zip(shared.par_chunks_mut(2 * channels));
            inputs.zip(out).for_each(|(((x, y), (sums, dy)), (dx, shared))| {
                powers(sums, dx, settings.beta);
                backward(x, y, sums, dy, dx, shared, settings);
            });
        }))
    }

    vectorised! {
        /// `s = k + α·Σ x²`.
        fn squares(x: &[f32], sums: &mut [f32], settings: Settings) {
            let Settings { channels, reach, alpha, k, .. } = settings;
            for (x, sums) in x.chunks_exact(channels).zip(sums.chunks_exact_mut(channels)) {
                sums.fill(0.0);
                add_neighbours(x, reach, sums, |x| x * x);
                sums.iter_mut().for_each(|sum| *sum = k + alpha * *sum);
            }
        }
    }

    vectorised! {
        /// `s^−β`, by roots for the paper's β.
        fn powers(sums: &[f32], powers: &mut [f32], beta: f32) {
            if beta == 0.75 {
                for (power, &sum) in powers.iter_mut().zip(sums) {
                    let root = sum.sqrt();
                    *power = 1.0 / (root * root.sqrt());
                }
            } else {
                for (power, &sum) in powers.iter_mut().zip(sums) {
                    *power = sum.powf(-beta);
                }
            }
        }
    }

    vectorised! {
        /// Over `s^−β` in dx.
        fn backward(
            x: &[f32], y: &[f32], sums: &[f32], dy: &[f32], dx: &mut [f32], shared: &mut [f32], settings: Settings,
        ) {
            let Settings { channels, reach: [before, behind], alpha, beta, .. } = settings;
            let scale = 2.0 * alpha * beta;
            for (at, dx) in dx.chunks_exact_mut(channels).enumerate() {
                let pixel = at * channels..(at + 1) * channels;
                let [x, y, sums, dy] = [x, y, sums, dy].map(|numbers| &numbers[pixel.clone()]);
                let (given, got) = shared.split_at_mut(channels);
                for (((given, &y), &sum), &dy) in given.iter_mut().zip(y).zip(sums).zip(dy) {
                    *given = dy * y / sum;
                }
                got.fill(0.0);
                add_neighbours(given, [behind, before], got, |given| given);
                for (((dx, &x), &dy), &got) in dx.iter_mut().zip(x).zip(dy).zip(got.iter()) {
                    *dx = dy * *dx - scale * x * got;
                }
            }
        }
    }

    /// Adds `f(x[j])` to `sums[c]` for every c and its neighbours j.
    #[inline(always)]
    fn add_neighbours(x: &[f32], [before, behind]: [usize; 2], sums: &mut [f32], f: impl Fn(f32) -> f32) {
        let channels = x.len();
        for shift in (1..=before).rev() {
            sums[shift..].iter_mut().zip(x).for_each(|(sum, &x)| *sum += f(x));
        }
        for shift in 0..=behind {
            sums[..channels - shift].iter_mut().zip(&x[shift..]).for_each(|(sum, &x)| *sum += f(x));
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &LrnStep, lowering: &mut Lowering) {
        let entry = match step.pass {
            Pass::Forward => "forward",
            Pass::Backward | Pass::Weights => "backward",
        };
        let [before, behind] = step.reach();
        let inputs = (0..lowering.n_inputs()).map(|i| lowering.input(i));
        let n_outputs = if step.pass == Pass::Forward { 2 } else { 1 };
        let operands: Vec<_> = inputs.chain((0..n_outputs).map(|i| lowering.output(i))).collect();
        lowering.push(
            Dispatch::new("lrn", entry)
                .size("CHANNELS", step.extent.channels)
                .size("BEFORE", before)
                .size("BEHIND", behind)
                .constant("ALPHA", step.lrn.alpha)
                .constant("BETA", step.lrn.beta)
                .constant("K", step.lrn.k)
                .bind(&operands)
                .invocations(step.batch * step.extent.len()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, check_slopes};
    use crate::experiment::layers::Lrn;
    use crate::graph::layers::StepOp;
    use crate::tensor::Extent;

    /// Forward, and backward from what it found.
    fn trials(lrn: Lrn, batch: usize, extent: Extent) -> [Trial; 2] {
        let n = batch * extent.len();
        let step = |pass| StepOp::Lrn(LrnStep { pass, batch, extent, lrn: lrn.clone() });
        let forward = Trial::new(step(Pass::Forward), &[n], &[n, n]);
        let mut backward = Trial::new(step(Pass::Backward), &[n; 4], &[n]);
        backward.inputs[0] = forward.inputs[0].clone();
        for (input, found) in backward.inputs[1..3].iter_mut().zip(forward.plain()) {
            *input = found.iter().map(|&x| x as f32).collect();
        }
        [forward, backward]
    }

    /// The paper's settings, and such as leave more of a mark; windows of one channel, of even size, and wider
    /// than there are channels.
    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        let lrn = |size, alpha, beta, k| Lrn { size, alpha, beta, k };
        for (lrn, batch, extent) in [
            (Lrn::default(), 2, Extent::new(16, 3, 4)),
            (lrn(5, 0.3, 0.75, 1.0), 2, Extent::new(12, 3, 2)),
            (lrn(3, 1.0, 0.5, 0.5), 1, Extent::new(7, 2, 5)),
            (lrn(4, 0.7, 1.3, 2.0), 3, Extent::new(9, 2, 2)),
            (lrn(1, 0.5, 0.75, 1.0), 1, Extent::new(5, 2, 2)),
            (lrn(11, 0.2, 0.75, 1.0), 2, Extent::new(3, 3, 3)),
            (lrn(2, 0.2, 0.75, 1.0), 2, Extent::vector(1)),
        ] {
            let [forward, backward] = trials(lrn, batch, extent);
            // Powers are exponentials of logarithms, rounded more roughly on graphics processors.
            forward.agrees(3e-6);
            backward.agrees(5e-6);
            // y and s enter rounded to single precision.
            check_slopes(&backward.plain()[0], &forward.slopes(0, &backward.inputs[3]), 1e-6);
        }
    }

    /// `F.local_response_norm(torch.arange(1., 6.).view(1, 5, 1, 1), size, alpha=size * 0.1, beta=0.75, k=2.0)`.
    #[test]
    fn values_are_those_of_pytorch() {
        let check = |size, y: [f64; 5], sums: [f64; 5]| {
            let lrn = Lrn { size, alpha: 0.1, ..Lrn::default() };
            let mut forward = trials(lrn, 1, Extent::vector(5))[0].clone();
            forward.inputs[0] = vec![1.0, 2.0, 3.0, 4.0, 5.0];
            forward.gives(&[y.to_vec(), sums.to_vec()], 1e-6);
        };
        check(
            3,
            [
                0.5029733718731741,
                0.7987682757159081,
                0.9109073255437746,
                0.9294723209701633,
                1.288168360804001,
            ],
            [2.5, 3.4, 4.9, 7.0, 6.1],
        );
        // Two channels before, one behind.
        check(
            4,
            [
                0.5029733718731741,
                0.7987682757159081,
                0.8972092687327323,
                0.8915304921761186,
                1.1618404012127042,
            ],
            [2.5, 3.4, 5.0, 7.4, 7.0],
        );
    }
}
