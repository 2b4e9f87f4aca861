//! What a step of training is told: its place in the order of the pictures, the keys of its draws, its rate and
//! the constants of the update rule.

use super::rate::{self, Plateau};
use crate::data;
use crate::engine::StepTable;
use crate::experiment::{Experiment, Moment, Optimiser};
use crate::tensor::random::{Key, Purpose};

/// The table of the step that begins at this moment, with this rate.
pub fn of(experiment: &Experiment, moment: Moment, rate: f32) -> StepTable {
    let train = &experiment.train;
    let (epoch, in_epoch) = (moment.step / moment.steps_per_epoch, moment.step % moment.steps_per_epoch);
    // Steps are counted from 1 in all that follows.
    let t = moment.step + 1;
    let table = StepTable {
        first: in_epoch as u32 * train.batch as u32,
        augment_key: data::augment::key(experiment.seed, epoch as u32).0,
        dropout_key: Key::new(experiment.seed, Purpose::Dropout).with(t as u32).0,
        rate,
        weight_decay: train.weight_decay,
        other_decay: if train.decay_all { train.weight_decay } else { 0.0 },
        clip: train.clip.unwrap_or(f32::INFINITY),
        ..StepTable::default()
    };
    with_constants(table, train.optimiser, t)
}

/// The table of the first step of all.
pub fn first(experiment: &Experiment) -> StepTable {
    let moment = Moment { step: 0, steps_per_epoch: 1, n_epochs: experiment.train.epochs };
    of(experiment, moment, rate::rate(&experiment.train, moment, &Plateau::default()))
}

/// The table with the constants of the optimiser in step `t = 1, 2, …`.
pub fn with_constants(table: StepTable, optimiser: Optimiser, t: u64) -> StepTable {
    match optimiser {
        Optimiser::Sgd => table,
        Optimiser::Momentum { momentum } | Optimiser::Nesterov { momentum } => {
            StepTable { momentum, ..table }
        }
        Optimiser::AdaGrad { epsilon } => StepTable { epsilon, ..table },
        Optimiser::RmsProp { decay, epsilon } => StepTable { momentum: decay, epsilon, ..table },
        Optimiser::Adam { beta1, beta2, epsilon } | Optimiser::AdamW { beta1, beta2, epsilon } => {
            let correction = |beta: f32| (1.0 - (beta as f64).powf(t as f64)) as f32;
            let (correction1, correction2) = (correction(beta1), correction(beta2));
            StepTable { momentum: beta1, beta2, epsilon, correction1, correction2, ..table }
        }
    }
}
