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
