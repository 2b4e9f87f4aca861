//! What a step of training is told: its place in the order of the pictures, the keys of its draws, its rate and
//! the constants of the update rule.

use super::rate::{self, Plateau};
use crate::data;
use crate::engine::StepTable;
use crate::experiment::{Experiment, Moment, Optimiser};
use crate::tensor::random::{Key, Purpose};

/// Where a step stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct At {
    /// Steps done before it.
    pub step: u64,
    /// Those of them that the optimiser remembers.
    pub rule_step: u64,
    /// Epochs done before it.
    pub epoch: u32,
    /// Its place in the order of the pictures.
    pub first: u32,
}

/// The table of a step, with its rate.
pub fn of(experiment: &Experiment, at: At, rate: f32) -> StepTable {
    let train = &experiment.train;
    // Steps are counted from 1 in all that follows.
    let (t, rule_t) = (at.step + 1, at.rule_step + 1);
    let table = StepTable {
        first: at.first,
        augment_key: data::augment::key(experiment.seed, at.epoch).0,
        dropout_key: Key::new(experiment.seed, Purpose::Dropout).with(t as u32).0,
        rate,
        weight_decay: train.weight_decay,
        other_decay: if train.decay_all { train.weight_decay } else { 0.0 },
        clip: train.clip.unwrap_or(f32::INFINITY),
        ..StepTable::default()
    };
    with_constants(table, train.optimiser, rule_t)
}

/// The table of the first step of all.
pub fn first(experiment: &Experiment) -> StepTable {
    let moment = Moment { step: 0, steps_per_epoch: 1, n_epochs: experiment.train.epochs };
    of(experiment, At::default(), rate::rate(&experiment.train, moment, &Plateau::default()))
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
