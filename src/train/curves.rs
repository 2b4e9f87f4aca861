//! What a run has to tell, step by step: append-only, so that a copy for the window costs next to nothing.

use std::sync::Arc;

use super::changes::{self, Changed};

/// What one training step said of its batch, in training mode, before its update.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct StepRecord {
    /// Counted from 1.
    pub step: u64,
    /// Epochs done after this step, with a fraction.
    pub epoch: f64,
    /// Mean loss over the batch.
    pub loss: f32,
    /// Share of wrong answers in the batch, 0 to 1.
    pub error: f32,
    /// The rate with which the step updated the weights.
    pub rate: f32,
    /// Training time so far, evaluations and pauses left out.
    pub seconds: f64,
    /// What the batch showed ([`batches::digest`](super::batches::digest)).
    pub batch: u64,
}

/// What an evaluation over a whole split found, in test mode.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct TestRecord {
    /// Training steps done before it.
    pub step: u64,
    pub epoch: f64,
    /// Mean loss over all pictures.
    pub loss: f64,
    /// Share of wrong answers, 0 to 1.
    pub error: f64,
    pub seconds: f64,
}

/// The records of a run. Cloning shares what is full and copies only the last, unfilled chunk.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    full: Vec<Arc<[StepRecord]>>,
    tail: Vec<StepRecord>,
    pub tests: Vec<TestRecord>,
    /// What was changed on the way.
    pub changes: Vec<Changed>,
    /// From which step on a batch had how many pictures.
    pub batches: Vec<(u64, usize)>,
    /// Multiply-adds of the net for one picture, forward; 0 where nobody has said.
    pub multiply_adds: u64,
}

/// Records in a full chunk.
const CHUNK: usize = 4096;

impl Curves {
    pub fn push(&mut self, record: StepRecord) {
        self.tail.push(record);
        if self.tail.len() == CHUNK {
            self.full.push(std::mem::take(&mut self.tail).into());
        }
    }

    /// Number of training steps recorded.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.tail.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn last(&self) -> Option<&StepRecord> {
        self.tail.last().or_else(|| self.full.last()?.last())
    }

    /// The records from number `first` on, counted from 0.
    pub fn from(&self, first: usize) -> impl Iterator<Item = &StepRecord> {
        let skipped = (first / CHUNK).min(self.full.len());
        let chunks = self.full[skipped..].iter().flat_map(|chunk| chunk.iter());
        chunks.chain(&self.tail).skip(first - skipped * CHUNK)
    }

    /// Marks a change.
    pub fn note(&mut self, change: Changed) {
        changes::note(&mut self.changes, change);
    }

    /// Pictures learned from in the first `step` steps; 0 where nobody has said how large the batches were.
    pub fn n_pictures(&self, step: u64) -> u64 {
        let ends = self.batches.iter().skip(1).map(|(first, _)| *first).chain([u64::MAX]);
        let of = |(&(first, batch), end): (&(u64, usize), u64)| {
            end.min(step).saturating_sub(first).saturating_mul(batch as u64)
        };
        self.batches.iter().zip(ends).map(of).fold(0, u64::saturating_add)
    }

    /// Mean loss and error over the last `n` steps, or over all if they are fewer.
    pub fn mean_of_last(&self, n: usize) -> Option<(f64, f64)> {
        let n = n.min(self.len());
        let (mut loss, mut error) = (0.0, 0.0);
        for record in self.from(self.len() - n) {
            loss += record.loss as f64;
            error += record.error as f64;
        }
        (n > 0).then(|| (loss / n as f64, error / n as f64))
    }

    /// Mean loss and error over the pictures learned from since `epoch` epochs were done, whatever the size of the
    /// batches that they came in.
    pub fn mean_since(&self, epoch: f64) -> Option<(f64, f64)> {
        let (mut loss, mut error, mut n_pictures) = (0.0, 0.0, 0.0);
        let backwards = self.full.iter().rev().flat_map(|chunk| chunk.iter().rev());
        for record in self.tail.iter().rev().chain(backwards).take_while(|record| record.epoch > epoch) {
            let batch = self.batch_of(record.step) as f64;
            loss += record.loss as f64 * batch;
            error += record.error as f64 * batch;
            n_pictures += batch;
        }
        (n_pictures > 0.0).then(|| (loss / n_pictures, error / n_pictures))
    }

    /// [`Curves::mean_since`] a tenth of an epoch ago, at least over the last twenty steps: what it has come to just now.
    pub fn mean_of_end(&self) -> Option<(f64, f64)> {
        let tenth = self.last()?.epoch - 0.1 + 2e-6;
        let before = self.len().checked_sub(21).and_then(|place| self.from(place).next());
        self.mean_since(before.map_or(f64::NEG_INFINITY, |record| record.epoch.min(tenth)))
    }

    /// [`Curves::mean_since`] one epoch ago, or from the beginning if that is later.
    pub fn mean_of_last_epoch(&self) -> Option<(f64, f64)> {
        // What has been on the disk has its epochs to six places.
        self.mean_since(self.last()?.epoch - 1.0 + 2e-6)
    }

    /// Pictures in the batch of a step; 1 where nobody has said.
    fn batch_of(&self, step: u64) -> usize {
        self.batches.iter().rev().find(|(first, _)| *first < step).map_or(1, |(_, batch)| *batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_across_chunks() {
        let mut curves = Curves::default();
        for step in 1..=2 * CHUNK as u64 + 10 {
            curves.push(StepRecord {
                step,
                epoch: 0.0,
                loss: step as f32,
                error: 0.5,
                rate: 0.1,
                seconds: 0.0,
                batch: 0,
            });
        }
        assert_eq!(curves.len(), 2 * CHUNK + 10);
        assert_eq!(curves.from(CHUNK - 1).next().map(|r| r.step), Some(CHUNK as u64));
        assert_eq!(curves.from(2 * CHUNK + 3).count(), 7);
        assert_eq!(curves.last().map(|r| r.step), Some(2 * CHUNK as u64 + 10));
        let (loss, error) = curves.mean_of_last(2).expect("there are records");
        assert_eq!((loss, error), (2.0 * CHUNK as f64 + 9.5, 0.5));
    }

    /// An epoch in batches of 50, and one in batches of 20 that after two of them are of 10.
    #[test]
    fn an_epoch_has_all_its_pictures_whatever_its_batches() {
        let epochs = [0.5, 1.0, 1.2, 1.4, 1.7, 1.8, 1.9, 2.0];
        let errors = [1.0, 1.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0];
        let mut curves = Curves { batches: vec![(0, 50), (2, 20), (4, 10)], ..Curves::default() };
        assert_eq!((curves.mean_since(0.0), curves.mean_of_last_epoch()), (None, None));
        for (step, (epoch, error)) in (1..).zip(epochs.into_iter().zip(errors)) {
            let (loss, rate) = (2.0 * error, 0.1);
            curves.push(StepRecord { step, epoch, loss, error, rate, seconds: 0.0, batch: 0 });
        }
        assert_eq!(curves.mean_since(1.0), Some((0.5, 0.25)), "20 of 80");
        assert_eq!(curves.mean_of_last_epoch(), curves.mean_since(1.0));
        assert_eq!(curves.mean_since(0.0), Some((4.0 / 3.0, 2.0 / 3.0)), "120 of 180");
    }
}
