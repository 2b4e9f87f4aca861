//! How a network is trained: the loss, the rule, its rate over time, the start.

mod initialisation;
mod loss;
mod optimiser;
mod schedule;

use std::ops::RangeInclusive;

pub use initialisation::Initialisation;
pub use loss::{LabelKind, Loss};
pub use optimiser::Optimiser;

pub use schedule::{Moment, Schedule, WarmUp, decimal};

/// The training part of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Train {
    pub loss: Loss,
    pub optimiser: Optimiser,
    /// Learning rate η at the start.
    pub rate: f32,
    /// The batch for which the rate is meant: with another it is scaled in proportion (Goyal et al. 2017). As it
    /// stands where not given.
    pub reference_batch: Option<usize>,
    pub warm_up: WarmUp,
    pub schedule: Schedule,
    /// λ of the L2 penalty `λ/2 · |w|²`, which comes into the gradient of the weights (see [`Optimiser`]).
    pub weight_decay: f32,
    /// Whether biases, the slopes of PReLUs and the scales and shifts of normalisations decay too.
    pub decay_all: bool,
    /// The most that the gradient by all parameters together may measure, `√Σ g²`; what is longer is shortened
    /// to it (Pascanu, Mikolov, Bengio 2013).
    pub clip: Option<f32>,
    /// Pictures per step.
    pub batch: usize,
    pub epochs: usize,
    pub initialisation: Initialisation,
    /// Whether the scale of the normalisation that ends a residual branch begins at 0, so that every block begins
    /// as the identity (Goyal et al. 2017, section 5.1; He et al. 2019).
    pub zero_residual: bool,
}

impl Default for Train {
    fn default() -> Self {
        Self {
            loss: Loss::CrossEntropy { smoothing: 0.0 },
            optimiser: Optimiser::Momentum { momentum: 0.9 },
            rate: 0.01,
            reference_batch: None,
            warm_up: WarmUp::NONE,
            schedule: Schedule::Constant,
            weight_decay: 0.0,
            decay_all: false,
            clip: None,
            batch: 64,
            epochs: 10,
            initialisation: Initialisation::HE,
            zero_residual: false,
        }
    }
}

/// Within which bounds the numbers may lie.
impl Train {
    pub const RATE: RangeInclusive<f32> = 0.0..=1000.0;
    pub const WEIGHT_DECAY: RangeInclusive<f32> = 0.0..=1000.0;
    pub const CLIP: RangeInclusive<f32> = 1e-6..=1e6;
    pub const BATCH: RangeInclusive<usize> = 1..=65_536;
    pub const EPOCHS: RangeInclusive<usize> = 1..=1_000_000;
}

impl Train {
    /// By what the rate is multiplied for the batch.
    pub fn batch_factor(&self) -> f64 {
        self.reference_batch.map_or(1.0, |reference| self.batch as f64 / reference.max(1) as f64)
    }

    /// The rate of the step that begins at this moment, but for what a plateau has taken off it.
    pub fn rate_at(&self, moment: Moment) -> f64 {
        let rate = decimal(self.rate) * self.batch_factor();
        rate * self.warm_up.factor(moment.epoch()) * self.schedule.factor(rate, moment, self.warm_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rate in the log is the one that the range test names, whatever the batch that it was scaled for.
    #[test]
    fn a_range_test_ends_where_it_says() {
        let schedule = Schedule::Range { to: 2.0 };
        let train =
            Train { rate: 0.01, batch: 512, reference_batch: Some(128), schedule, ..Train::default() };
        let at = |step| train.rate_at(Moment { step, steps_per_epoch: 4, n_epochs: 10 });
        assert!((at(0) - 0.04).abs() < 1e-12 && (at(39) - 2.0).abs() < 1e-12, "{} to {}", at(0), at(39));
    }
}
