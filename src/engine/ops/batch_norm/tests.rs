use super::*;
use crate::engine::ops::testing::{Trial, check_slopes, normal};
use crate::graph::layers::StepOp;
use crate::tensor::Extent;

/// Over batches of several parts and of less than one, with channels that fill the lanes of a graphics
/// processor and that do not.
const SHAPES: [(usize, Extent); 5] = [
    (3, Extent::new(5, 4, 7)),
    (8, Extent::new(16, 12, 11)),
    (1, Extent::new(70, 1, 1)),
    (40, Extent::new(2, 9, 9)),
    (4, Extent::new(5, 3, 7)),
];

fn step(pass: Pass, mode: Mode, batch: usize, extent: Extent, relu: bool) -> StepOp {
    StepOp::BatchNorm(BatchNormStep { pass, mode, batch, extent, epsilon: 1e-5, momentum: 0.1, relu })
}

fn positive(name: u32, len: usize) -> Vec<f32> {
    normal(name, len).iter().map(|x| 0.5 + x * x).collect()
}

fn forward(mode: Mode, batch: usize, extent: Extent, relu: bool) -> Trial {
    let (n, c) = (batch * extent.len(), extent.channels);
    let op = step(Pass::Forward, mode, batch, extent, relu);
    match mode {
        Mode::Train => {
            let mut trial = Trial::new(op, &[n, c, c], &[n, c, c, c, c]);
            trial.outputs[3] = normal(20, c);
            trial.outputs[4] = positive(21, c);
            trial
        }
        Mode::Test => {
            let mut trial = Trial::new(op, &[n, c, c, c, c], &[n]);
            trial.inputs[4] = positive(22, c);
            trial
        }
    }
}

/// Over what [`forward`] reads and finds.
fn backward(mode: Mode, batch: usize, extent: Extent, relu: bool) -> Trial {
    let forward = forward(mode, batch, extent, relu);
    let (n, c) = (batch * extent.len(), extent.channels);
    let mut trial =
        Trial::new(step(Pass::Backward, mode, batch, extent, relu), &[n, n, c, c, c, c], &[n, c, c]);
    let found = forward.plain();
    let [mean, spread]: [Vec<f32>; 2] = match mode {
        Mode::Train => [1, 2].map(|i| found[i].iter().map(|&x| x as f32).collect()),
        Mode::Test => [3, 4].map(|i| forward.inputs[i].clone()),
    };
    let [x, gamma, beta] = [0, 1, 2].map(|i| forward.inputs[i].clone());
    trial.inputs = vec![x, normal(24, n), gamma, beta, mean, spread];
    trial
}

#[test]
fn forward_agrees_with_the_plain_reference() {
    for (batch, extent) in SHAPES {
        for relu in [false, true] {
            // The statistics are sums over a batch, rounded once more as they enter the running ones.
            forward(Mode::Train, batch, extent, relu).agrees(3e-5);
            forward(Mode::Test, batch, extent, relu).agrees(3e-6);
        }
    }
}

#[test]
fn backward_agrees_with_the_plain_reference() {
    for (batch, extent) in SHAPES {
        for (relu, mode) in [(false, Mode::Train), (true, Mode::Train), (true, Mode::Test)] {
            // Sums over a batch that largely cancel.
            backward(mode, batch, extent, relu).agrees(3e-5);
        }
    }
}

#[test]
fn a_large_mean_costs_no_digits() {
    let mut trial = forward(Mode::Train, 8, Extent::new(3, 16, 16), false);
    trial.inputs[0].iter_mut().for_each(|x| *x += 1000.0);
    // x itself has lost three digits to its mean, which the reference is spared.
    trial.agrees(1e-3);
}

/// One channel of the numbers 1, 3 and 5, 7: worked out by hand.
#[test]
fn training_normalises_by_the_batch_and_moves_the_running_statistics() {
    let mut trial = forward(Mode::Train, 2, Extent::new(1, 1, 2), false);
    trial.inputs = vec![vec![1.0, 3.0, 5.0, 7.0], vec![2.0], vec![10.0]];
    trial.outputs[3] = vec![0.5];
    trial.outputs[4] = vec![2.0];
    // Mean 4, variance 5 and, of the population, 20/3.
    let inverse = 1.0 / (5.0 + 1e-5f64).sqrt();
    let y = [-3.0, -1.0, 1.0, 3.0].map(|x| 10.0 + 2.0 * x * inverse).to_vec();
    let running = [vec![0.9 * 0.5 + 0.1 * 4.0], vec![0.9 * 2.0 + 0.1 * 20.0 / 3.0]];
    let [mean, variance] = running;
    trial.gives(&[y, vec![4.0], vec![inverse], mean, variance], 1e-6);
}

#[test]
fn testing_normalises_by_the_running_statistics() {
    let mut trial = forward(Mode::Test, 2, Extent::new(1, 1, 1), true);
    trial.inputs = vec![vec![1.0, 5.0], vec![2.0], vec![1.0], vec![3.0], vec![4.0]];
    trial.gives(&[vec![0.0, 3.0]], 1e-5);
}

/// Through the batch's own statistics, and with those given. Mean and spread come to the backward step as single
/// precision has them, which costs the seventh digit.
#[test]
fn gradients_match_finite_differences() {
    let extent = Extent::new(5, 3, 7);
    for (relu, mode) in [(false, Mode::Train), (true, Mode::Train), (true, Mode::Test)] {
        let forward = forward(mode, 4, extent, relu);
        let backward = backward(mode, 4, extent, relu);
        for (which, found) in backward.plain().iter().enumerate() {
            check_slopes(found, &forward.slopes(which, &backward.inputs[1]), 1e-6);
        }
    }
}
