//! The steps of a run: what each is told, and the metrics that come back.

use std::time::Instant;

use super::{Progress, Run};
use crate::engine::{StepCost, StepTable};
use crate::experiment::{Experiment, Moment, Schedule};
use crate::graph::program::{Feed, Mode, Program, Request, Update};
use crate::graph::{Goal, Graph};
use crate::tensor::random::{Key, Purpose};
use crate::train::curves::StepRecord;
use crate::train::{TrainError, batches, rate, table};

/// What is known of a step before its metrics are.
pub(super) struct Awaited {
    step: u64,
    epoch: f64,
    rate: f32,
    batch: u64,
}

impl Run {
    /// Trains for at most `n` steps and at most to the end of the epoch; gives how many. May return before
    /// the device has finished; [`Run::collect`] brings the metrics in.
    pub fn advance(&mut self, n: u64) -> Result<u64, TrainError> {
        self.hear_of_epoch()?;
        let begin = Instant::now();
        let progress = self.progress();
        let n = n.min(progress.left_in_epoch()).min(progress.n_steps.saturating_sub(progress.step));
        let epoch = progress.epoch() as u32;
        if n > 0 && self.ordered.as_ref().is_none_or(|(ordered, _)| *ordered != epoch) {
            let order = self.order(epoch);
            self.train_pictures.set_order(&order)?;
            self.ordered = Some((epoch, order));
        }
        let tables: Vec<StepTable> = (0..n).map(|_| self.next_table()).collect();
        self.plan.run(&tables)?;
        self.seconds += begin.elapsed().as_secs_f64();
        self.collect(false)?;
        Ok(n)
    }

    /// Tells a schedule that goes by the training error of the epoch that has just ended, whose metrics it waits
    /// for.
    fn hear_of_epoch(&mut self) -> Result<(), TrainError> {
        let progress = self.progress();
        let n_epochs = progress.epoch();
        let is_due = progress.is_at_end_of_epoch() && n_epochs > self.plateau.n_epochs;
        if is_due && matches!(self.experiment.train.schedule, Schedule::Plateau { .. }) {
            self.collect(true)?;
            if let Some((_, error)) = self.curves.mean_since(n_epochs as f64 - 1.0) {
                self.plateau.hear(&self.experiment.train, n_epochs, error);
            }
        }
        Ok(())
    }

    /// Brings in the metrics of finished steps; with `wait`, of all steps.
    pub fn collect(&mut self, wait: bool) -> Result<(), TrainError> {
        let begin = Instant::now();
        let metrics = self.plan.take_metrics(wait)?;
        if wait {
            self.seconds += begin.elapsed().as_secs_f64();
        }
        for metrics in metrics {
            let Some(Awaited { step, epoch, rate, batch }) = self.awaited.pop_front() else { break };
            let (loss, error, seconds) = (metrics.loss, metrics.error(), self.seconds);
            self.curves.push(StepRecord { step, epoch, loss, error, rate, seconds, batch });
        }
        Ok(())
    }

    /// The steps of the training program and what each takes. For measuring alone: the step is taken at a rate
    /// of 0 and in no curve, but it moves running statistics and the optimiser's memory.
    pub fn profile(&mut self) -> Result<(Program, Vec<StepCost>), TrainError> {
        self.collect(true)?;
        let costs = self.plan.profile(&StepTable {
            epsilon: 1.0,
            correction1: 1.0,
            correction2: 1.0,
            ..StepTable::default()
        })?;
        self.plan.take_metrics(true)?;
        Ok((train_program(&self.experiment, self.goal(), &self.fused), costs))
    }

    /// The order of the training pictures in an epoch.
    fn order(&self, epoch: u32) -> Vec<u32> {
        let n = self.set.train.len();
        match self.experiment.data.shuffle {
            true => Key::new(self.experiment.seed, Purpose::Shuffle).with(epoch).permutation(n),
            false => (0..n as u32).collect(),
        }
    }

    /// Steps done that the optimiser remembers: all since the last change of its rule.
    pub fn rule_step(&self) -> u64 {
        self.step - self.rule_since
    }

    /// The table of the next step, which thereby counts as asked for.
    fn next_table(&mut self) -> StepTable {
        let train = &self.experiment.train;
        let progress = self.progress();
        let Progress { place, steps_per_epoch, .. } = progress;
        let moment = Moment { step: place, steps_per_epoch, n_epochs: train.epochs };
        let rate = rate::rate(train, moment, &self.plateau);
        let at = table::At {
            step: self.step,
            rule_step: self.rule_step(),
            epoch: progress.epoch() as u32,
            first: self.leg.seen_at(progress, self.sizes()) as u32,
        };
        let table = table::of(&self.experiment, at, rate);
        let batch = self.batch_digest(&table);
        self.step += 1;
        let end = Moment { step: place + 1, ..moment };
        self.awaited.push_back(Awaited { step: self.step, epoch: end.epoch(), rate, batch });
        table
    }

    /// What the batch of a step shows, whose epoch's order has been set.
    fn batch_digest(&self, table: &StepTable) -> u64 {
        let order = self.ordered.as_ref().map_or(&[][..], |(_, order)| order);
        let first = table.first as usize;
        let indices = &order[first.min(order.len())..order.len().min(first + self.experiment.train.batch)];
        batches::digest(&self.set, indices, &self.experiment.data.augment, Key(table.augment_key))
    }
}

/// A whole step of training over a graph, fused or not.
pub fn train_program(experiment: &Experiment, goal: Goal, fused: &Graph) -> Program {
    let request = Request {
        batch: experiment.train.batch,
        mode: Mode::Train,
        feed: Feed::DataSet { augment: experiment.data.augment },
        loss: Some(goal),
        gradients: true,
        update: Some(Update { rule: experiment.train.optimiser, clips: experiment.train.clip.is_some() }),
        wanted: Vec::new(),
    };
    Program::new(fused, &request)
}
