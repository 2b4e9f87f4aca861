//! How signal, gradient and update fare in the run as it stands, see [`statistics`](crate::inspect::statistics).

use std::time::Duration;

use super::pictures;
use crate::experiment::Moment;
use crate::graph::program::Bank;
use crate::inspect::batch::Batch;
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::statistics::{Probe, State, Statistics};
use crate::train::rate::{self, Plateau};
use crate::train::table;
use crate::train::weights::Numbers;

/// Takes the next step of training on a memory of its own, and measures every layer.
pub struct Measuring {
    /// Pictures that are measured on, at most.
    batch: usize,
    histograms: bool,
    ready: Option<(Probe, Batch)>,
}

impl Measuring {
    pub fn new(batch: usize, histograms: bool) -> Self {
        Self { batch, histograms, ready: None }
    }
}

impl Instrument for Measuring {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let (mut probe, batch) = match self.ready.take() {
            Some(ready) => ready,
            None => made_ready(subject, self.batch)?,
        };
        let numbers = Numbers::read_from(subject.graph, subject.placement, &**subject.memory)?;
        let slot = |bank: Bank| match subject.placement.has_room[bank as usize] {
            true => subject.memory.read(bank),
            false => Ok(Vec::new()),
        };
        let slots = [slot(Bank::Slot0)?, slot(Bank::Slot1)?];
        // Weights from a file, or of a step that is past, come without what the optimiser remembered.
        let has_slots = slots.iter().any(|slot| !slot.is_empty());
        let state = State {
            numbers: &numbers,
            slots: has_slots.then_some([&slots[0], &slots[1]]),
            table: next_table(subject, batch.n_pictures),
        };
        let step = probe.step(&state, &batch)?;
        let found = Statistics::of(&probe.graph, &numbers, &step, self.histograms);
        self.ready = Some((probe, batch));
        Ok(Glance::whole(View::Statistics(Box::new(found))))
    }
}

fn made_ready(subject: &Subject<'_>, batch: usize) -> Result<(Probe, Batch), LookError> {
    let set = pictures(subject)?;
    let goal = set.goal(subject.experiment.train.loss);
    let n = set.train.len().min(batch);
    let probe = Probe::new(subject.graph, subject.experiment, goal, n, &**subject.device)?;
    let loss = subject.experiment.train.loss;
    let batch = Batch::first(probe.batch, set, &set.train, loss, subject.normalisation);
    Ok((probe, batch))
}

/// What the next step of the run will be told; of a plateau that has lowered the rate nothing is known here.
fn next_table(subject: &Subject<'_>, n_pictures: usize) -> crate::engine::StepTable {
    let train = &subject.experiment.train;
    let n_train = subject.set.map_or(n_pictures, |set| set.train.len());
    let steps_per_epoch = (n_train / train.batch.max(1)).max(1) as u64;
    let moment = Moment { step: subject.step, steps_per_epoch, n_epochs: train.epochs };
    let at = table::At {
        step: subject.step,
        rule_step: subject.rule_step,
        epoch: (subject.step / steps_per_epoch) as u32,
        first: 0,
    };
    table::of(subject.experiment, at, rate::rate(train, moment, &Plateau::default()))
}
