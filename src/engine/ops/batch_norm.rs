//! Batch normalisation (Ioffe and Szegedy 2015, Algorithm 1), for each channel over `(N, H, W)`, M numbers:
//! `x̂ = (x − μ)·ι` with `ι = 1/√(σ² + ε)`, `y = γ·x̂ + β`. Backward in training
//! `dγ = Σ dy·x̂`, `dβ = Σ dy`, `dx = γ·ι·(dy − dβ/M − x̂·dγ/M)`; in testing, where μ and σ² are constants,
//! `dx = γ·ι·dy`. Behind a fused ReLU, dy counts only where y > 0.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::batch_norm::BatchNormStep;

impl Lower for BatchNormStep {
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
    use crate::engine::cpu::channels::{self, Moments};
    use crate::engine::cpu::simd::vectorised;
    use crate::graph::layers::Pass;
    use crate::graph::program::Mode;

    pub fn kernel(step: BatchNormStep) -> Box<dyn Kernel> {
        match (step.pass, step.mode) {
            (Pass::Forward, Mode::Train) => Box::new(move |io: Io<'_>| forward_train(&step, io)),
            (Pass::Forward, Mode::Test) => Box::new(move |io: Io<'_>| {
                let [x, gamma, beta, mean, variance] = *io.inputs else { unreachable!("five inputs") };
                let inverse: Vec<f32> = variance.iter().map(|v| inverse_deviation(*v, &step)).collect();
                apply(&step, x, &Affine::new(gamma, beta, mean, &inverse), io.outputs[0]);
            }),
            (Pass::Backward | Pass::Weights, _) => Box::new(move |io: Io<'_>| backward(&step, io)),
        }
    }

    /// `y = scale·x + shift` for each channel.
    struct Affine {
        scale: Vec<f32>,
        shift: Vec<f32>,
    }

    impl Affine {
        fn new(gamma: &[f32], beta: &[f32], mean: &[f32], inverse: &[f32]) -> Self {
            let scale: Vec<f32> = gamma.iter().zip(inverse).map(|(g, i)| g * i).collect();
            let shift = beta.iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
            Self { scale, shift }
        }
    }

    fn inverse_deviation(variance: f32, step: &BatchNormStep) -> f32 {
        (1.0 / (variance as f64 + step.epsilon as f64).sqrt()) as f32
    }

    fn forward_train(step: &BatchNormStep, io: Io<'_>) {
        let [x, gamma, beta] = *io.inputs else { unreachable!("three inputs") };
        let [y, mean, inverse, running_mean, running_variance] = io.outputs else {
            unreachable!("five outputs")
        };
        let count = step.batch * step.extent.area();
        let moments = Moments::of(x, step.extent);
        for c in 0..step.extent.channels {
            let variance = moments.squares[c] / count as f64;
            mean[c] = moments.mean[c] as f32;
            inverse[c] = (1.0 / (variance + step.epsilon as f64).sqrt()) as f32;
            // With one number there is no unbiased variance; PyTorch refuses, here the biased one is kept.
            let unbiased = moments.squares[c] / (count.max(2) - 1) as f64;
            running_mean[c] += step.momentum * (mean[c] - running_mean[c]);
            running_variance[c] += step.momentum * (unbiased as f32 - running_variance[c]);
        }
        apply(step, x, &Affine::new(gamma, beta, mean, inverse), y);
    }

    fn apply(step: &BatchNormStep, x: &[f32], affine: &Affine, y: &mut [f32]) {
        let scale = channels::tile(&affine.scale);
        let shift = channels::tile(&affine.shift);
        let n = step.extent.len();
        x.par_chunks(n).zip(y.par_chunks_mut(n)).for_each(|(x, y)| match step.relu {
            true => affine_rectified(x, &scale, &shift, y),
            false => affine_plain(x, &scale, &shift, y),
        });
    }

    fn backward(step: &BatchNormStep, io: Io<'_>) {
        let [x, dy, gamma, beta, mean, spread] = *io.inputs else { unreachable!("six inputs") };
        let [dx, dgamma, dbeta] = io.outputs else { unreachable!("three outputs") };
        let inverse: Vec<f32> = match step.mode {
            Mode::Train => spread.to_vec(),
            Mode::Test => spread.iter().map(|v| inverse_deviation(*v, step)).collect(),
        };
        let affine = Affine::new(gamma, beta, mean, &inverse);
        let row = Row {
            mean: channels::tile(mean),
            scale: channels::tile(&affine.scale),
            shift: channels::tile(&affine.shift),
        };
        sum_gradients(step, x, dy, &row, &inverse, dgamma, dbeta);
        let count = (step.batch * step.extent.area()) as f32;
        let of_batch = if step.mode == Mode::Train { 1.0 / count } else { 0.0 };
        let by_x: Vec<f32> =
            (0..dgamma.len()).map(|c| affine.scale[c] * inverse[c] * dgamma[c] * of_batch).collect();
        let constant: Vec<f32> = (0..dbeta.len()).map(|c| affine.scale[c] * dbeta[c] * of_batch).collect();
        let rest = Rest { by_x: channels::tile(&by_x), constant: channels::tile(&constant) };
        let n = step.extent.len();
        let incoming = x.par_chunks(n).zip(dy.par_chunks(n));
        incoming.zip(dx.par_chunks_mut(n)).for_each(|((x, dy), dx)| match step.relu {
            true => input_rectified(x, dy, &row, &rest, dx),
            false => input_plain(x, dy, &row, &rest, dx),
        });
    }

    /// Coefficients of `y = scale·x + shift` and the mean of x, tiled.
    struct Row {
        mean: Vec<f32>,
        scale: Vec<f32>,
        shift: Vec<f32>,
    }

    /// What the batch's own statistics add: `dx = scale·dy − by_x·(x − mean) − constant`, tiled.
    struct Rest {
        by_x: Vec<f32>,
        constant: Vec<f32>,
    }

    /// dγ and dβ from `Σ dy` and `Σ dy·(x − μ)`, picture by picture, then over the pictures in order.
    fn sum_gradients(
        step: &BatchNormStep,
        x: &[f32],
        dy: &[f32],
        row: &Row,
        inverse: &[f32],
        dgamma: &mut [f32],
        dbeta: &mut [f32],
    ) {
        let (n, tiled) = (step.extent.len(), row.mean.len());
        let sums: Vec<[Vec<f32>; 2]> = (x.par_chunks(n).zip(dy.par_chunks(n)))
            .map(|(x, dy)| {
                let mut sums = [vec![0.0; tiled], vec![0.0; tiled]];
                let [plain, centred] = &mut sums;
                match step.relu {
                    true => sum_rectified(x, dy, row, plain, centred),
                    false => sum_plain(x, dy, &row.mean, plain, centred),
                }
                sums.map(|sum| channels::fold(&sum, step.extent.channels))
            })
            .collect();
        for c in 0..step.extent.channels {
            let total = |which: usize| sums.iter().map(|sum| sum[which][c] as f64).sum::<f64>();
            dbeta[c] = total(0) as f32;
            dgamma[c] = (total(1) * inverse[c] as f64) as f32;
        }
    }

    // In all that follows a picture is cut into rows as long as the tiled coefficients, each row a whole
    // number of pixels, the last one perhaps shorter.

    vectorised! {
        fn affine_plain(x: &[f32], scale: &[f32], shift: &[f32], y: &mut [f32]) {
            for (x, y) in x.chunks(scale.len()).zip(y.chunks_mut(scale.len())) {
                for (((y, &x), &scale), &shift) in y.iter_mut().zip(x).zip(scale).zip(shift) {
                    *y = x * scale + shift;
                }
            }
        }
    }

    vectorised! {
        fn affine_rectified(x: &[f32], scale: &[f32], shift: &[f32], y: &mut [f32]) {
            for (x, y) in x.chunks(scale.len()).zip(y.chunks_mut(scale.len())) {
                for (((y, &x), &scale), &shift) in y.iter_mut().zip(x).zip(scale).zip(shift) {
                    let z = x * scale + shift;
                    *y = if z > 0.0 { z } else { 0.0 };
                }
            }
        }
    }

    vectorised! {
        fn sum_plain(x: &[f32], dy: &[f32], mean: &[f32], plain: &mut [f32], centred: &mut [f32]) {
            for (x, dy) in x.chunks(mean.len()).zip(dy.chunks(mean.len())) {
                let sums = plain.iter_mut().zip(centred.iter_mut());
                for ((((plain, centred), &x), &dy), &mean) in sums.zip(x).zip(dy).zip(mean) {
                    *plain += dy;
                    *centred += dy * (x - mean);
                }
            }
        }
    }

    vectorised! {
        fn sum_rectified(x: &[f32], dy: &[f32], row: &Row, plain: &mut [f32], centred: &mut [f32]) {
            for (x, dy) in x.chunks(row.mean.len()).zip(dy.chunks(row.mean.len())) {
                let sums = plain.iter_mut().zip(centred.iter_mut());
                let affine = row.mean.iter().zip(&row.scale).zip(&row.shift);
                for ((((plain, centred), &x), &dy), ((&mean, &scale), &shift)) in
                    sums.zip(x).zip(dy).zip(affine)
                {
                    let dy = if x * scale + shift > 0.0 { dy } else { 0.0 };
                    *plain += dy;
                    *centred += dy * (x - mean);
                }
            }
        }
    }

    vectorised! {
        fn input_plain(x: &[f32], dy: &[f32], row: &Row, rest: &Rest, dx: &mut [f32]) {
            let n = row.mean.len();
            for ((x, dy), dx) in x.chunks(n).zip(dy.chunks(n)).zip(dx.chunks_mut(n)) {
                let channel = row.mean.iter().zip(&row.scale).zip(&rest.by_x).zip(&rest.constant);
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
            let n = row.mean.len();
            for ((x, dy), dx) in x.chunks(n).zip(dy.chunks(n)).zip(dx.chunks_mut(n)) {
                let affine = row.mean.iter().zip(&row.scale).zip(&row.shift);
                let channel = affine.zip(&rest.by_x).zip(&rest.constant);
                for (((dx, &x), &dy), ((((&mean, &scale), &shift), &by_x), &constant)) in
                    dx.iter_mut().zip(x).zip(dy).zip(channel)
                {
                    let dy = if x * scale + shift > 0.0 { dy } else { 0.0 };
                    *dx = scale * dy - by_x * (x - mean) - constant;
                }
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::{Dispatch, Place};
    use crate::graph::layers::Pass;
    use crate::graph::program::Mode;

    /// Workgroups that share the pixels of a batch between them, at most.
    const MOST_PARTS: usize = 1024;
    /// Invocations in the workgroups that sum.
    const LANES: usize = 256;
    /// Numbers in the shader's `Channel`.
    const CHANNEL: usize = 6;

    /// How the sums over a batch are split: by shape alone, so that they are the same everywhere.
    struct Split {
        lanes_c: usize,
        rows: usize,
        n_parts: usize,
    }

    impl Split {
        fn of(step: &BatchNormStep) -> Self {
            let count = step.batch * step.extent.area();
            let lanes_c = step.extent.channels.next_power_of_two().min(16);
            // At least 16 pixels for each invocation.
            let rows = (16 * LANES / lanes_c).max(count.div_ceil(MOST_PARTS));
            Self { lanes_c, rows, n_parts: count.div_ceil(rows) }
        }

        fn n_groups(&self, channels: usize) -> usize {
            self.n_parts * channels.div_ceil(self.lanes_c)
        }
    }

    pub fn lower(step: &BatchNormStep, lowering: &mut Lowering) {
        match step.pass {
            Pass::Forward => forward(step, lowering),
            Pass::Backward | Pass::Weights => backward(step, lowering),
        }
    }

    fn forward(step: &BatchNormStep, lowering: &mut Lowering) {
        let channels = step.extent.channels;
        let split = Split::of(step);
        let [x, gamma, beta] = [0, 1, 2].map(|i| lowering.input(i));
        let y = lowering.output(0);
        let [mean, spread] = match step.mode {
            Mode::Train => {
                let [mean, inverse, running_mean, running_variance] =
                    [1, 2, 3, 4].map(|i| lowering.output(i));
                let parts = lowering.scratch(2 * split.n_parts * channels);
                let measure = dispatch(step, &split, "measure").bind(&[x, parts]);
                lowering.push(measure.groups(split.n_groups(channels)));
                let arrays = [parts, mean, inverse, running_mean, running_variance];
                lowering.push(dispatch(step, &split, "merge").bind(&arrays).groups(channels));
                [mean, inverse]
            }
            Mode::Test => [lowering.input(3), lowering.input(4)],
        };
        let forward = dispatch(step, &split, "forward").bind(&[x, gamma, beta, mean, spread, y]);
        lowering.push(forward.invocations(y.len));
    }

    fn backward(step: &BatchNormStep, lowering: &mut Lowering) {
        let channels = step.extent.channels;
        let split = Split::of(step);
        let [x, dy, gamma, beta, mean, spread] = [0, 1, 2, 3, 4, 5].map(|i| lowering.input(i));
        let [dx, d_gamma, d_beta] = [0, 1, 2].map(|i| lowering.output(i));
        let parts = lowering.scratch(2 * split.n_parts * channels);
        let coefficients = lowering.scratch(CHANNEL * channels);
        let of_channel: [Place; 4] = [gamma, beta, mean, spread];
        let sums = dispatch(step, &split, "sums").bind(&[x]).bind(&of_channel).bind(&[dy, parts]);
        lowering.push(sums.groups(split.n_groups(channels)));
        let gradients = dispatch(step, &split, "gradients").bind(&[parts]).bind(&of_channel).bind(&[
            d_gamma,
            d_beta,
            coefficients,
        ]);
        lowering.push(gradients.groups(channels));
        let backward = dispatch(step, &split, "backward").bind(&[x, coefficients, dy, dx]);
        lowering.push(backward.invocations(dx.len));
    }

    fn dispatch(step: &BatchNormStep, split: &Split, entry: &'static str) -> Dispatch {
        Dispatch::new("batch_norm", entry)
            .size("CHANNELS", step.extent.channels)
            .size("COUNT", step.batch * step.extent.area())
            .size("PARTS", split.n_parts)
            .size("ROWS", split.rows)
            .size("LANES_C", split.lanes_c)
            .size("LANES_R", LANES / split.lanes_c)
            .constant("EPSILON", step.epsilon)
            .constant("MOMENTUM", step.momentum)
            .constant("RELU", step.relu)
            .constant("TRAIN", step.mode == Mode::Train)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::engine::gpu::twin::{Trial, normal};
        use crate::graph::layers::StepOp;
        use crate::tensor::Extent;

        /// Over batches of several parts and of less than one, with channels that fill the lanes and that
        /// do not.
        const SHAPES: [(usize, Extent); 4] = [
            (3, Extent::new(5, 4, 7)),
            (8, Extent::new(16, 12, 11)),
            (1, Extent::new(70, 1, 1)),
            (40, Extent::new(2, 9, 9)),
        ];

        fn step(pass: Pass, mode: Mode, batch: usize, extent: Extent, relu: bool) -> StepOp {
            let (epsilon, momentum) = (1e-5, 0.1);
            StepOp::BatchNorm(BatchNormStep { pass, mode, batch, extent, epsilon, momentum, relu })
        }

        fn positive(name: u32, len: usize) -> Vec<f32> {
            normal(name, len).iter().map(|x| 0.5 + x * x).collect()
        }

        #[test]
        fn forward_agrees_with_the_cpu() {
            for (batch, extent) in SHAPES {
                let (n, c) = (batch * extent.len(), extent.channels);
                for relu in [false, true] {
                    let train = step(Pass::Forward, Mode::Train, batch, extent, relu);
                    let mut trial = Trial::new(train, &[n, c, c], &[n, c, c, c, c]);
                    trial.outputs[3] = normal(20, c);
                    trial.outputs[4] = positive(21, c);
                    trial.agrees(3e-5);
                    let test = step(Pass::Forward, Mode::Test, batch, extent, relu);
                    let mut trial = Trial::new(test, &[n, c, c, c, c], &[n]);
                    trial.inputs[4] = positive(22, c);
                    trial.agrees(3e-6);
                }
            }
        }

        #[test]
        fn a_large_mean_costs_no_digits() {
            let (batch, extent) = (8, Extent::new(3, 16, 16));
            let (n, c) = (batch * extent.len(), extent.channels);
            let train = step(Pass::Forward, Mode::Train, batch, extent, false);
            let mut trial = Trial::new(train, &[n, c, c], &[n, c, c, c, c]);
            trial.inputs[0].iter_mut().for_each(|x| *x += 1000.0);
            // x itself has lost three digits to its mean.
            trial.agrees(1e-3);
        }

        #[test]
        fn backward_agrees_with_the_cpu() {
            for (batch, extent) in SHAPES {
                let (n, c) = (batch * extent.len(), extent.channels);
                for (relu, mode) in [(false, Mode::Train), (true, Mode::Train), (true, Mode::Test)] {
                    let op = step(Pass::Backward, mode, batch, extent, relu);
                    let mut trial = Trial::new(op, &[n, n, c, c, c, c], &[n, c, c]);
                    trial.inputs[5] = positive(23, c);
                    // Sums over a batch that largely cancel.
                    trial.agrees(3e-5);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StepTable;
    use crate::engine::ops::testing::{SUMS, check, check_over, double, numbers};
    use crate::graph::layers::{Pass, StepOp};
    use crate::graph::program::Mode;
    use crate::tensor::Extent;

    const EPSILON: f64 = 1e-5;

    fn step(pass: Pass, mode: Mode, relu: bool) -> BatchNormStep {
        let extent = Extent::new(5, 3, 7);
        BatchNormStep { pass, mode, batch: 4, extent, epsilon: 1e-5, momentum: 0.1, relu }
    }

    /// Mean and biased variance of channel `c` of 5.
    fn moments(x: &[f64], c: usize) -> (f64, f64) {
        let channel: Vec<f64> = x.iter().skip(c).step_by(5).copied().collect();
        let mean = channel.iter().sum::<f64>() / channel.len() as f64;
        (mean, channel.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / channel.len() as f64)
    }

    fn normalised(x: &[f64], gamma: &[f64], beta: &[f64], moments: &[(f64, f64)], relu: bool) -> Vec<f64> {
        let one = |(i, x): (usize, &f64)| {
            let (mean, variance) = moments[i % 5];
            let y = gamma[i % 5] * (x - mean) / (variance + EPSILON).sqrt() + beta[i % 5];
            if relu { y.max(0.0) } else { y }
        };
        x.iter().enumerate().map(one).collect()
    }

    #[test]
    fn training_normalises_by_the_batch_and_moves_the_running_statistics() {
        let x = numbers(1, 4 * 5 * 21);
        let (gamma, beta) = (numbers(2, 5), numbers(3, 5));
        for relu in [false, true] {
            let found: Vec<(f64, f64)> = (0..5).map(|c| moments(&double(&x), c)).collect();
            let y = normalised(&double(&x), &double(&gamma), &double(&beta), &found, relu);
            let mean: Vec<f64> = found.iter().map(|m| m.0).collect();
            let inverse = found.iter().map(|m| 1.0 / (m.1 + EPSILON).sqrt()).collect();
            let unbiased = 84.0 / 83.0;
            let running_mean = found.iter().map(|m| 0.9 * 0.5 + 0.1 * m.0).collect();
            let running_variance = found.iter().map(|m| 0.9 * 2.0 + 0.1 * m.1 * unbiased).collect();
            let before = [vec![0.0; x.len()], vec![0.0; 5], vec![0.0; 5], vec![0.5; 5], vec![2.0; 5]];
            let expected = [y, mean, inverse, running_mean, running_variance];
            let op = StepOp::BatchNorm(step(Pass::Forward, Mode::Train, relu));
            check_over(op, StepTable::default(), &[&x, &gamma, &beta], &before, &expected, SUMS);
        }
    }

    #[test]
    fn testing_normalises_by_the_running_statistics() {
        let x = numbers(1, 4 * 5 * 21);
        let (gamma, beta, mean) = (numbers(2, 5), numbers(3, 5), numbers(4, 5));
        let variance: Vec<f32> = numbers(5, 5).iter().map(|v| v.abs() + 0.1).collect();
        let running: Vec<(f64, f64)> = double(&mean).into_iter().zip(double(&variance)).collect();
        let y = normalised(&double(&x), &double(&gamma), &double(&beta), &running, true);
        let op = StepOp::BatchNorm(step(Pass::Forward, Mode::Test, true));
        check(op, &[&x, &gamma, &beta, &mean, &variance], &[y], SUMS);
    }

    /// Against finite differences of `Σ y·dy` in double precision, through the batch's own statistics.
    #[test]
    fn the_gradient_matches_finite_differences() {
        let (x, dy) = (numbers(1, 4 * 5 * 21), numbers(6, 4 * 5 * 21));
        let (gamma, beta) = (numbers(2, 5), numbers(3, 5));
        for (relu, mode) in [(false, Mode::Train), (true, Mode::Train), (true, Mode::Test)] {
            let fixed: Vec<(f64, f64)> = (0..5).map(|c| moments(&double(&x), c)).collect();
            let objective = |x: &[f64], gamma: &[f64], beta: &[f64]| {
                let of_x: Vec<(f64, f64)> = (0..5).map(|c| moments(x, c)).collect();
                let moments = if mode == Mode::Train { &of_x } else { &fixed };
                let y = normalised(x, gamma, beta, moments, relu);
                y.iter().zip(&dy).map(|(y, &dy)| y * dy as f64).sum::<f64>()
            };
            let start = [double(&x), double(&gamma), double(&beta)];
            let slope = |which: usize, i: usize| {
                let moved = |by: f64| {
                    let mut at = start.clone();
                    at[which][i] += by;
                    objective(&at[0], &at[1], &at[2])
                };
                (moved(1e-6) - moved(-1e-6)) / 2e-6
            };
            let expected = [(0, x.len()), (1, 5), (2, 5)]
                .map(|(which, n)| (0..n).map(|i| slope(which, i)).collect::<Vec<f64>>());
            let mean: Vec<f32> = fixed.iter().map(|m| m.0 as f32).collect();
            let spread: Vec<f32> = match mode {
                Mode::Train => fixed.iter().map(|m| (1.0 / (m.1 + EPSILON).sqrt()) as f32).collect(),
                Mode::Test => fixed.iter().map(|m| m.1 as f32).collect(),
            };
            let op = StepOp::BatchNorm(step(Pass::Backward, mode, relu));
            check(op, &[&x, &dy, &gamma, &beta, &mean, &spread], &expected, SUMS);
        }
    }
}
