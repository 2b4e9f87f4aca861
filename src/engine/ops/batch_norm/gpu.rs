//! Batch normalisation as dispatches.

use super::*;
use crate::engine::gpu::{Dispatch, Place};

/// Workgroups that share the pixels of a batch between them, at most.
const MOST_PARTS: usize = 1024;
/// Invocations in the workgroups that sum.
const LANES: usize = 256;
/// Rows of the shader's `rest`.
const REST: usize = 5;

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
            let [mean, inverse, running_mean, running_variance] = [1, 2, 3, 4].map(|i| lowering.output(i));
            let parts = lowering.scratch(2 * split.n_parts * channels);
            let measure = dispatch(step, &split, "measure").bind(&[x, parts]);
            lowering.push(measure.groups(split.n_groups(channels)));
            let arrays = [parts, mean, inverse, running_mean, running_variance];
            lowering.push(dispatch(step, &split, "merge").bind(&arrays).groups(channels));
            [mean, inverse]
        }
        Mode::Test => [lowering.input(3), lowering.input(4)],
    };
    // A sum that takes in y is made at once, and y itself then never written.
    let addition = lowering.addition();
    let (y, term) = addition.map_or((y, x), |addition| (addition.result, addition.term));
    let step = BatchNormStep { relu: addition.map_or(step.relu, |addition| addition.relu), ..*step };
    let operands = [x, gamma, beta, mean, spread, y, term];
    let entries = ["forward", "forward_fours"];
    lowering.push(each_number(&step, &split, entries, &operands).constant("ADD", addition.is_some()));
}

fn backward(step: &BatchNormStep, lowering: &mut Lowering) {
    let channels = step.extent.channels;
    let split = Split::of(step);
    let [x, dy, gamma, beta, mean, spread] = [0, 1, 2, 3, 4, 5].map(|i| lowering.input(i));
    let [dx, d_gamma, d_beta] = [0, 1, 2].map(|i| lowering.output(i));
    let parts = lowering.scratch(2 * split.n_parts * channels);
    let rest = lowering.scratch(REST * channels);
    let of_channel: [Place; 4] = [gamma, beta, mean, spread];
    let sums = dispatch(step, &split, "sums").bind(&[x]).bind(&of_channel).bind(&[dy, parts]);
    lowering.push(sums.groups(split.n_groups(channels)));
    let gradients =
        dispatch(step, &split, "gradients").bind(&[parts]).bind(&of_channel).bind(&[d_gamma, d_beta, rest]);
    lowering.push(gradients.groups(channels));
    lowering.push(each_number(step, &split, ["backward", "backward_fours"], &[x, rest, dy, dx]));
}

/// A dispatch over all numbers: one in each invocation, or, where channels come in fours, four.
fn each_number(
    step: &BatchNormStep,
    split: &Split,
    [ones, fours]: [&'static str; 2],
    operands: &[Place],
) -> Dispatch {
    let len = step.batch * step.extent.len();
    if !step.extent.channels.is_multiple_of(4) {
        return dispatch(step, split, ones).bind(operands).invocations(len);
    }
    let operands: Vec<_> = operands.iter().map(|place| place.in_fours()).collect();
    dispatch(step, split, fours).bind(&operands).invocations(len / 4)
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
