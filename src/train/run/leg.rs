//! How a run is divided into epochs, also where the size of its batches changes on the way.
//!
//! With one size all along, step `s` is step `s % n` of epoch `s / n`, where an epoch has `n = ⌊N / batch⌋` steps. A
//! change in the middle of an epoch begins a new [`Leg`]: the pictures that the epoch has not seen yet go on in batches
//! of the new size, and the leg counts its steps so that this epoch ends where any other would.

use serde::{Deserialize, Serialize};

use super::Progress;

/// A stretch of a run with one size of batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Steps of the run before it.
    pub first: u64,
    /// Epochs that had ended before it.
    pub epochs: u64,
    /// Pictures that the epoch under way had seen before it.
    pub seen: u64,
}

/// How many pictures there are, how many to a batch, and how many epochs.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub n_pictures: u64,
    pub batch: u64,
    pub epochs: u64,
}

impl Sizes {
    pub fn steps_per_epoch(self) -> u64 {
        self.n_pictures / self.batch.max(1)
    }
}

impl Leg {
    /// Steps of this leg that the epoch has which it begins in.
    fn n_first(self, sizes: Sizes) -> u64 {
        sizes.n_pictures.saturating_sub(self.seen) / sizes.batch.max(1)
    }

    /// How far a run of this leg has come after `step` steps in all.
    pub fn progress(self, step: u64, sizes: Sizes) -> Progress {
        let steps_per_epoch = sizes.steps_per_epoch();
        let begin = (self.epochs + 1).saturating_mul(steps_per_epoch) - self.n_first(sizes);
        let place = begin.saturating_add(step - self.first);
        let left = sizes.epochs.saturating_mul(steps_per_epoch).saturating_sub(place);
        Progress { step, place, steps_per_epoch, n_steps: step.saturating_add(left) }
    }

    /// Pictures of the epoch under way that were seen by then: where in their order the next step begins.
    pub fn seen_at(self, progress: Progress, sizes: Sizes) -> u64 {
        let in_epoch = progress.place % progress.steps_per_epoch;
        let is_first = progress.epoch() == self.epochs;
        match is_first {
            true => self.seen + (in_epoch + self.n_first(sizes) - progress.steps_per_epoch) * sizes.batch,
            false => in_epoch * sizes.batch,
        }
    }

    /// The leg that begins there with batches of another size.
    pub fn next(self, progress: Progress, before: Sizes, batch: u64) -> Self {
        let (epochs, seen) = (progress.epoch(), self.seen_at(progress, before));
        match before.n_pictures - seen >= batch {
            true => Self { first: progress.step, epochs, seen },
            // What is left is no batch any more: the next epoch begins.
            false => Self { first: progress.step, epochs: epochs + 1, seen: 0 },
        }
    }

    /// Whether a run of so many steps on so many pictures can be in this leg.
    pub fn is_possible(self, step: u64, sizes: Sizes) -> bool {
        let fits = self.seen == 0 || self.seen.saturating_add(sizes.batch) <= sizes.n_pictures;
        self.first <= step && self.epochs <= self.first && fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(batch: u64) -> Sizes {
        Sizes { n_pictures: 100, batch, epochs: 3 }
    }

    /// The pictures that each step of a run begins with, epoch by epoch, where the batch is another from step to step
    /// as given.
    fn firsts(changes: &[(u64, u64)]) -> Vec<Vec<u64>> {
        let (mut leg, mut batch) = (Leg::default(), changes[0].1);
        let mut epochs = vec![Vec::new(); 3];
        for step in 0.. {
            if let Some((_, to)) = changes.iter().find(|(at, _)| *at == step && *at > 0) {
                leg = leg.next(leg.progress(step, sizes(batch)), sizes(batch), *to);
                batch = *to;
            }
            let progress = leg.progress(step, sizes(batch));
            if progress.is_finished() {
                return epochs;
            }
            let first = leg.seen_at(progress, sizes(batch));
            assert!(first + batch <= 100, "the batch lies within the pictures");
            epochs[progress.epoch() as usize].push(first);
        }
        epochs
    }

    #[test]
    fn with_one_size_every_epoch_is_the_same() {
        assert_eq!(firsts(&[(0, 30)]), vec![vec![0, 30, 60]; 3]);
        let progress = Leg::default().progress(4, sizes(30));
        assert_eq!((progress.place, progress.n_steps, progress.left_in_epoch()), (4, 9, 2));
    }

    #[test]
    fn a_change_within_an_epoch_goes_on_with_the_pictures_that_are_left() {
        let found = firsts(&[(0, 30), (4, 20)]);
        assert_eq!(found, [vec![0, 30, 60], vec![0, 30, 50, 70], vec![0, 20, 40, 60, 80]]);
        let found = firsts(&[(0, 20), (1, 40), (2, 10)]);
        assert_eq!(found[0], [0, 20, 60, 70, 80, 90]);
    }

    #[test]
    fn a_change_between_two_epochs_or_to_more_than_is_left_begins_the_next() {
        assert_eq!(firsts(&[(0, 50), (2, 100)]), [vec![0, 50], vec![0], vec![0]]);
        assert_eq!(firsts(&[(0, 30), (2, 60)]), [vec![0, 30], vec![0], vec![0]]);
    }
}
