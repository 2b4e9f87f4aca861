//! Batch normalisation (Ioffe and Szegedy 2015, Algorithm 1), for each channel over `(N, H, W)`, M numbers:
//! `x̂ = (x − μ)·ι` with `ι = 1/√(σ² + ε)`, `y = γ·x̂ + β`. Backward in training
//! `dγ = Σ dy·x̂`, `dβ = Σ dy`, `dx = γ·ι·(dy − dβ/M − x̂·dγ/M)`; in testing, where μ and σ² are constants,
//! `dx = γ·ι·dy`. Behind a fused ReLU, dy counts only where y > 0.

mod gpu;

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::batch_norm::BatchNormStep;
use crate::graph::program::Mode;

impl Lower for BatchNormStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for BatchNormStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        (0..self.extent.channels).for_each(|c| match self.pass {
            Pass::Forward => self.plain_forward(c, io.inputs, io.outputs),
            Pass::Backward | Pass::Weights => self.plain_backward(c, io.inputs, io.outputs),
        });
    }
}

impl BatchNormStep {
    /// The places of channel `c`'s numbers in a batch.
    fn of_channel(&self, c: usize) -> impl Iterator<Item = usize> + Clone + use<> {
        (c..self.batch * self.extent.len()).step_by(self.extent.channels)
    }

    fn plain_forward<R: Real>(&self, c: usize, inputs: &[&[R]], outputs: &mut [&mut [R]]) {
        let (x, gamma, beta) = (inputs[0], inputs[1][c], inputs[2][c]);
        let (mean, inverse) = match self.mode {
            Mode::Train => {
                let count = R::whole(self.batch * self.extent.area());
                let mean = self.of_channel(c).map(|i| x[i]).sum::<R>() / count;
                let squares: R = self.of_channel(c).map(|i| (x[i] - mean).powi(2)).sum();
                let inverse = self.inverse_deviation(squares / count);
                // With one number there is no unbiased variance; PyTorch refuses, here the biased one is kept.
                let unbiased = squares / (count - R::one()).max(R::one());
                let momentum = R::of(self.momentum.into());
                (outputs[1][c], outputs[2][c]) = (mean, inverse);
                outputs[3][c] += momentum * (mean - outputs[3][c]);
                outputs[4][c] += momentum * (unbiased - outputs[4][c]);
                (mean, inverse)
            }
            Mode::Test => (inputs[3][c], self.inverse_deviation(inputs[4][c])),
        };
        for i in self.of_channel(c) {
            let y = gamma * (x[i] - mean) * inverse + beta;
            outputs[0][i] = if self.relu { y.rectified() } else { y };
        }
    }

    fn plain_backward<R: Real>(&self, c: usize, inputs: &[&[R]], outputs: &mut [&mut [R]]) {
        let (x, dy, gamma, beta, mean) = (inputs[0], inputs[1], inputs[2][c], inputs[3][c], inputs[4][c]);
        let inverse = match self.mode {
            Mode::Train => inputs[5][c],
            Mode::Test => self.inverse_deviation(inputs[5][c]),
        };
        let normalised = |i: usize| (x[i] - mean) * inverse;
        let passes = |i: usize| !self.relu || gamma * normalised(i) + beta > R::zero();
        let dy = |i: usize| if passes(i) { dy[i] } else { R::zero() };
        let d_gamma: R = self.of_channel(c).map(|i| dy(i) * normalised(i)).sum();
        let d_beta: R = self.of_channel(c).map(dy).sum();
        let count = R::whole(self.batch * self.extent.area());
        for i in self.of_channel(c) {
            let by_statistics = match self.mode {
                Mode::Train => (d_beta + normalised(i) * d_gamma) / count,
                Mode::Test => R::zero(),
            };
            outputs[0][i] = gamma * inverse * (dy(i) - by_statistics);
        }
        (outputs[1][c], outputs[2][c]) = (d_gamma, d_beta);
    }

    fn inverse_deviation<R: Real>(&self, variance: R) -> R {
        R::one() / (variance + R::of(self.epsilon.into())).sqrt()
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::channels::{Moments, PictureSums, Tiled};
    use crate::engine::cpu::rectified;
    use crate::engine::cpu::simd::vectorised;
    use crate::engine::cpu::{Holding, Io};

    pub fn kernel(step: BatchNormStep) -> Box<dyn Kernel> {
        let channels = step.extent.channels;
        let mut row = Row::new(channels);
        match (step.pass, step.mode) {
            (Pass::Forward, Mode::Train) => {
                let mut moments = Moments::new(step.batch, channels);
                let held = row.bytes() + moments.bytes();
                Box::new(Holding(held, move |io: Io<'_>| forward_train(&step, &mut moments, &mut row, io)))
            }
            (Pass::Forward, Mode::Test) => Box::new(Holding(row.bytes(), move |io: Io<'_>| {
                let [x, gamma, beta, mean, variance] = *io.inputs else { unreachable!("five inputs") };
                row.set(mean, beta, |c| gamma[c] * inverse_deviation(variance[c], &step));
                apply(&step, x, &row, io.outputs[0]);
            })),
            (Pass::Backward | Pass::Weights, _) => {
                let mut sums = PictureSums::new(step.batch, channels);
                let mut rest = Rest { by_x: Tiled::new(channels), constant: Tiled::new(channels) };
                let held = row.bytes() + sums.bytes() + rest.by_x.bytes() + rest.constant.bytes();
                Box::new(Holding(held, move |io: Io<'_>| backward(&step, &mut sums, &mut row, &mut rest, io)))
            }
        }
    }

    /// Coefficients of `y = scale·(x − mean) + shift`. The mean is taken off first, so that one far from 0
    /// costs no digits.
    struct Row {
        mean: Tiled,
        scale: Tiled,
        shift: Tiled,
    }

    impl Row {
        fn new(channels: usize) -> Self {
            Self { mean: Tiled::new(channels), scale: Tiled::new(channels), shift: Tiled::new(channels) }
        }

        fn bytes(&self) -> usize {
            self.mean.bytes() + self.scale.bytes() + self.shift.bytes()
        }

        fn set(&mut self, mean: &[f32], beta: &[f32], scale: impl Fn(usize) -> f32) {
            self.mean.set(|c| mean[c]);
            self.scale.set(scale);
            self.shift.set(|c| beta[c]);
        }
    }

    /// What the batch's own statistics add: `dx = scale·dy − by_x·(x − mean) − constant`.
    struct Rest {
        by_x: Tiled,
        constant: Tiled,
    }

    fn inverse_deviation(variance: f32, step: &BatchNormStep) -> f32 {
        (1.0 / (variance as f64 + step.epsilon as f64).sqrt()) as f32
    }

    fn forward_train(step: &BatchNormStep, moments: &mut Moments, row: &mut Row, io: Io<'_>) {
        let [x, gamma, beta] = *io.inputs else { unreachable!("three inputs") };
        let [y, mean, inverse, running_mean, running_variance] = io.outputs else {
            unreachable!("five outputs")
        };
        let count = step.batch * step.extent.area();
        moments.measure(x, step.extent);
        for c in 0..step.extent.channels {
            let variance = moments.squares[c] / count as f64;
            mean[c] = moments.mean[c] as f32;
            inverse[c] = (1.0 / (variance + step.epsilon as f64).sqrt()) as f32;
            // With one number there is no unbiased variance; PyTorch refuses, here the biased one is kept.
            let unbiased = moments.squares[c] / (count.max(2) - 1) as f64;
            running_mean[c] += step.momentum * (mean[c] - running_mean[c]);
            running_variance[c] += step.momentum * (unbiased as f32 - running_variance[c]);
        }
        row.set(mean, beta, |c| gamma[c] * inverse[c]);
        apply(step, x, row, y);
    }

    fn apply(step: &BatchNormStep, x: &[f32], row: &Row, y: &mut [f32]) {
        let n = step.extent.len();
        x.par_chunks(n).zip(y.par_chunks_mut(n)).for_each(|(x, y)| match step.relu {
            true => affine_rectified(x, row, y),
            false => affine_plain(x, row, y),
        });
    }

    fn backward(step: &BatchNormStep, sums: &mut PictureSums, row: &mut Row, rest: &mut Rest, io: Io<'_>) {
        let [x, dy, gamma, beta, mean, spread] = *io.inputs else { unreachable!("six inputs") };
        let [dx, dgamma, dbeta] = io.outputs else { unreachable!("three outputs") };
        let inverse = |c: usize| match step.mode {
            Mode::Train => spread[c],
            Mode::Test => inverse_deviation(spread[c], step),
        };
        row.set(mean, beta, |c| gamma[c] * inverse(c));
        let (row, n) = (&*row, step.extent.len());
        // Σ dy and Σ dy·(x − μ), picture by picture, then over the pictures in order.
        sums.gather(|i, plain, centred| {
            let (x, dy) = (&x[i * n..][..n], &dy[i * n..][..n]);
            match step.relu {
                true => sum_rectified(x, dy, row, plain, centred),
                false => sum_plain(x, dy, row, plain, centred),
            }
        });
        for c in 0..step.extent.channels {
            let total = |which| sums.of_channel(which, c).sum::<f64>();
            dbeta[c] = total(0) as f32;
            dgamma[c] = (total(1) * inverse(c) as f64) as f32;
        }
        let count = (step.batch * step.extent.area()) as f32;
        let of_batch = if step.mode == Mode::Train { 1.0 / count } else { 0.0 };
        let scale = |c: usize| gamma[c] * inverse(c);
        rest.by_x.set(|c| scale(c) * inverse(c) * dgamma[c] * of_batch);
        rest.constant.set(|c| scale(c) * dbeta[c] * of_batch);
        let rest = &*rest;
        let incoming = x.par_chunks(n).zip(dy.par_chunks(n));
        incoming.zip(dx.par_chunks_mut(n)).for_each(|((x, dy), dx)| match step.relu {
            true => input_rectified(x, dy, row, rest, dx),
            false => input_plain(x, dy, row, rest, dx),
        });
    }

    // In all that follows a picture is cut into rows as long as the tiled coefficients, each row a whole
    // number of pixels, the last one perhaps shorter.

    vectorised! {
        fn affine_plain(x: &[f32], row: &Row, y: &mut [f32]) {
            let n = row.mean.row().len();
            for (x, y) in x.chunks(n).zip(y.chunks_mut(n)) {
                let channel = row.mean.row().iter().zip(row.scale.row()).zip(row.shift.row());
                for ((y, &x), ((&mean, &scale), &shift)) in y.iter_mut().zip(x).zip(channel) {
                    *y = (x - mean) * scale + shift;
                }
            }
        }
    }

    vectorised! {
        fn affine_rectified(x: &[f32], row: &Row, y: &mut [f32]) {
            let n = row.mean.row().len();
            for (x, y) in x.chunks(n).zip(y.chunks_mut(n)) {
                let channel = row.mean.row().iter().zip(row.scale.row()).zip(row.shift.row());
                for ((y, &x), ((&mean, &scale), &shift)) in y.iter_mut().zip(x).zip(channel) {
                    *y = rectified((x - mean) * scale + shift);
                }
            }
        }
    }

    vectorised! {
        fn sum_plain(x: &[f32], dy: &[f32], row: &Row, plain: &mut [f32], centred: &mut [f32]) {
            for (x, dy) in x.chunks(plain.len()).zip(dy.chunks(plain.len())) {
                let sums = plain.iter_mut().zip(centred.iter_mut());
                for ((((plain, centred), &x), &dy), &mean) in sums.zip(x).zip(dy).zip(row.mean.row()) {
                    *plain += dy;
                    *centred += dy * (x - mean);
                }
            }
        }
    }

    vectorised! {
        fn sum_rectified(x: &[f32], dy: &[f32], row: &Row, plain: &mut [f32], centred: &mut [f32]) {
            for (x, dy) in x.chunks(plain.len()).zip(dy.chunks(plain.len())) {
                let sums = plain.iter_mut().zip(centred.iter_mut());
                let channel = row.mean.row().iter().zip(row.scale.row()).zip(row.shift.row());
                for ((((plain, centred), &x), &dy), ((&mean, &scale), &shift)) in
                    sums.zip(x).zip(dy).zip(channel)
                {
                    let dy = if (x - mean) * scale + shift > 0.0 { dy } else { 0.0 };
                    *plain += dy;
                    *centred += dy * (x - mean);
                }
            }
        }
    }

    vectorised! {
        fn input_plain(x: &[f32], dy: &[f32], row: &Row, rest: &Rest, dx: &mut [f32]) {
            let n = row.mean.row().len();
            for ((x, dy), dx) in x.chunks(n).zip(dy.chunks(n)).zip(dx.chunks_mut(n)) {
                let affine = row.mean.row().iter().zip(row.scale.row());
                let channel = affine.zip(rest.by_x.row()).zip(rest.constant.row());
                for (((dx, &x), &dy), (((&mean, &scale), &by_x), &constant)) in
                    dx.iter_mut().zip(x).zip(dy).zip(channel)
                {
                    *dx = scale * dy - by_x * (x - mean) - constant;
                }
            }
        }
    }

    vectorised! {
        fn input_rectified(x: &[f32], dy: &[f32], row: &Row, rest: &Rest, dx: &mut [f32]) {
            let n = row.mean.row().len();
            for ((x, dy), dx) in x.chunks(n).zip(dy.chunks(n)).zip(dx.chunks_mut(n)) {
                let affine = row.mean.row().iter().zip(row.scale.row()).zip(row.shift.row());
                let channel = affine.zip(rest.by_x.row()).zip(rest.constant.row());
                for (((dx, &x), &dy), ((((&mean, &scale), &shift), &by_x), &constant)) in
                    dx.iter_mut().zip(x).zip(dy).zip(channel)
                {
                    let dy = if (x - mean) * scale + shift > 0.0 { dy } else { 0.0 };
                    *dx = scale * dy - by_x * (x - mean) - constant;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
