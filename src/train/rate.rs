//! The rate of each step, and what a rate that falls on plateaus remembers.

use crate::experiment::{Moment, Schedule, Train, decimal};

/// What is remembered of the training errors of the epochs so far, see [`Schedule::Plateau`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Plateau {
    /// Epochs that were heard of.
    pub n_epochs: u64,
    /// The least error that was progress.
    pub best: f64,
    /// Epochs since without progress.
    pub n_bad: usize,
    /// All drops together.
    pub factor: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { n_epochs: 0, best: f64::INFINITY, n_bad: 0, factor: 1.0 }
    }
}

impl Plateau {
    /// Takes note of the mean training error of the epoch that is over, 0 to 1, after `n_epochs` in all. What
    /// happens in a warm-up says nothing of the rate.
    pub fn hear(&mut self, train: &Train, n_epochs: u64, error: f64) {
        self.n_epochs = n_epochs;
        let Schedule::Plateau { factor, patience, threshold } = train.schedule else { return };
        if (n_epochs as f64) <= train.warm_up.epochs as f64 {
            return;
        }
        if error < self.best * (1.0 - decimal(threshold)) {
            (self.best, self.n_bad) = (error, 0);
        } else {
            self.n_bad += 1;
        }
        if self.n_bad > patience {
            self.factor *= decimal(factor);
            self.n_bad = 0;
        }
    }
}

/// The rate of the step that begins at this moment, all taken together.
pub fn rate(train: &Train, moment: Moment, plateau: &Plateau) -> f32 {
    let factor = match train.schedule {
        Schedule::Plateau { .. } => plateau.factor,
        _ => 1.0,
    };
    (train.rate_at(moment) * factor) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::WarmUp;

    /// The factor after each of the epochs with these errors.
    fn factors(warm_up: f32, errors: &[f64]) -> Vec<f64> {
        let schedule = Schedule::Plateau { factor: 0.5, patience: 1, threshold: 0.1 };
        let warm_up = WarmUp { epochs: warm_up, ..WarmUp::NONE };
        let train = Train { schedule, warm_up, ..Train::default() };
        let mut plateau = Plateau::default();
        let hear = |(i, &error): (usize, &f64)| {
            plateau.hear(&train, i as u64 + 1, error);
            plateau.factor
        };
        errors.iter().enumerate().map(hear).collect()
    }

    /// 0.77 is less than 0.8, but not by a tenth; after two epochs of that the rate drops, and the count begins
    /// anew. PyTorch's `ReduceLROnPlateau` gives the same.
    #[test]
    fn the_rate_drops_when_patience_is_over() {
        let errors = [0.9, 0.8, 0.77, 0.75, 0.74, 0.73, 0.5, 0.5, 0.5];
        assert_eq!(factors(0.0, &errors), [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
    }

    #[test]
    fn a_warm_up_is_not_heard() {
        assert_eq!(factors(3.0, &[0.5, 0.5, 0.5, 0.5, 0.5, 0.5]), [1.0, 1.0, 1.0, 1.0, 1.0, 0.5]);
    }

    #[test]
    fn an_error_that_is_no_number_is_no_progress() {
        assert_eq!(factors(0.0, &[f64::NAN, f64::NAN]), [1.0, 0.5]);
    }

    /// Goyal et al. 2017: 0.1 for 256 pictures is 3.2 for 8192, reached from 0.1 in five epochs.
    #[test]
    fn the_rate_is_scaled_with_the_batch() {
        let train = Train {
            rate: 0.1,
            batch: 8192,
            reference_batch: Some(256),
            warm_up: WarmUp { epochs: 5.0, from: 0.03125 },
            schedule: Schedule::Steps { drop: 0.1, at: vec![30.0] },
            ..Train::default()
        };
        let at = |epoch: u64| {
            rate(
                &train,
                Moment { step: 156 * epoch, steps_per_epoch: 156, n_epochs: 90 },
                &Plateau::default(),
            )
        };
        assert_eq!([at(0), at(5), at(29), at(30)], [0.1, 3.2, 3.2, 0.32]);
    }
}
