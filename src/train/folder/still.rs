//! A checkpoint taken at one moment and written at another, while the run goes on.

use std::sync::Arc;

use super::checkpoint::{Head, Record};
use crate::engine::DeviceInfo;
use crate::train::curves::Curves;
use crate::train::series::Kept;
use crate::train::weights::Numbers;
use crate::train::weights::container::Writer;
use crate::train::{Run, Standing, TrainError};

/// All that a checkpoint holds.
pub struct Still {
    pub(super) head: Head,
    pub(super) curves: Curves,
    stand: Stand,
    /// What the run began with, where that was given to it.
    pub(super) start: Option<Arc<Numbers>>,
    /// In the order of [`Run::lasting`].
    tensors: Vec<Vec<f32>>,
    /// What is kept of the run beside it.
    pub steps: Vec<Arc<Kept>>,
}

/// Where a run stands and on what it is computed, as its checkpoint tells it.
pub(super) struct Stand {
    standing: Standing,
    n_steps: u64,
    error: f64,
    test_error: Option<f64>,
    device: DeviceInfo,
    kernels: String,
}

/// What the folder, not the run, tells in the checkpoint.
pub(super) struct Place<'a> {
    pub last_step: Option<u64>,
    pub metrics_bytes: u64,
    /// Digest of the data set.
    pub pictures: u64,
    /// Whether the weights that the run began with are there.
    pub has_start: bool,
    /// Where relative paths begin.
    pub begin: &'a str,
}

impl Still {
    /// The run as it is once all steps asked for are done, which it waits for.
    pub fn of(run: &mut Run) -> Result<Self, TrainError> {
        let stand = Stand::of(run)?;
        let tensors = run.lasting().into_iter().map(|tensor| run.read_lasting(tensor));
        let tensors = tensors.collect::<Result<_, _>>()?;
        let (head, curves, start) = (Head::of(run), run.curves.clone(), run.start().cloned());
        Ok(Self { head, curves, stand, start, tensors, steps: Vec::new() })
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.stand.standing.step
    }

    pub(super) fn record(&self, place: &Place<'_>) -> Record {
        self.stand.record(&self.curves, place)
    }

    pub(super) fn put(&self, writer: &mut Writer) -> Result<(), TrainError> {
        Ok(self.tensors.iter().try_for_each(|numbers| writer.put(numbers))?)
    }
}

impl Stand {
    pub fn of(run: &mut Run) -> Result<Self, TrainError> {
        let standing = run.standing()?;
        let progress = run.progress();
        let mean = run.curves.mean_of_last_epoch();
        Ok(Self {
            standing,
            n_steps: progress.n_steps,
            error: mean.map_or(f64::NAN, |(_, error)| error),
            test_error: run.curves.tests.last().map(|test| test.error).filter(|error| error.is_finite()),
            device: run.device().info().clone(),
            kernels: run.device().kernels(),
        })
    }

    pub fn record(&self, curves: &Curves, place: &Place<'_>) -> Record {
        let Standing { step, seconds, plateau, leg, rule_since } = self.standing;
        // A run that was made shorter, or went on beyond it, does not end there any more.
        let last_step = place.last_step.filter(|last_step| (step..=self.n_steps).contains(last_step));
        Record {
            step,
            n_steps: last_step.unwrap_or(self.n_steps),
            seconds,
            n_epochs_heard: plateau.n_epochs,
            best_error: plateau.best,
            n_bad_epochs: plateau.n_bad,
            rate_factor: plateau.factor,
            metrics_bytes: place.metrics_bytes,
            pictures: place.pictures,
            folder: place.begin.into(),
            device: self.device.clone(),
            kernels: self.kernels.clone(),
            error: self.error,
            test_error: self.test_error,
            leg,
            rule_since,
            changes: curves.changes.clone(),
            batches: curves.batches.clone(),
            multiply_adds: curves.multiply_adds,
            has_start: place.has_start,
        }
    }
}
