//! The steps of a run: what each is told, and the metrics that come back.

use std::time::Instant;

use super::Run;
use crate::engine::{StepCost, StepTable};
use crate::experiment::{Experiment, Moment, Schedule};
use crate::graph::program::{Feed, Mode, Program, Request, Update};
use crate::graph::{Goal, Graph};
use crate::tensor::random::{Key, Purpose};
use crate::train::curves::StepRecord;
use crate::train::{TrainError, rate, table};

impl Run {
    /// Trains for at most `n` steps and at most to the end of the epoch; gives how many. May return before
    /// the device has finished; [`Run::collect`] brings the metrics in.
    pub fn advance(&mut self, n: u64) -> Result<u64, TrainError> {
        self.hear_of_epoch()?;
        let begin = Instant::now();
        let progress = self.progress();
        let n = n.min(progress.left_in_epoch()).min(progress.n_steps.saturating_sub(progress.step));
        let epoch = (self.step / progress.steps_per_epoch) as u32;
        if n > 0 && self.ordered != Some(epoch) {
            self.train_pictures.set_order(&self.order(epoch))?;
            self.ordered = Some(epoch);
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
        let steps_per_epoch = self.progress().steps_per_epoch;
        let n_epochs = self.step / steps_per_epoch;
        let is_due = self.step.is_multiple_of(steps_per_epoch) && n_epochs > self.plateau.n_epochs;
        if is_due && matches!(self.experiment.train.schedule, Schedule::Plateau { .. }) {
            self.collect(true)?;
            if let Some((_, error)) = self.curves.mean_of_last(steps_per_epoch as usize) {
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
            let Some((step, epoch, rate)) = self.awaited.pop_front() else { break };
            let (error, seconds) = (metrics.error(), self.seconds);
            self.curves.push(StepRecord { step, epoch, loss: metrics.loss, error, rate, seconds });
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

    /// The table of the next step, which thereby counts as asked for.
    fn next_table(&mut self) -> StepTable {
        let train = &self.experiment.train;
        let steps_per_epoch = self.progress().steps_per_epoch;
        let moment = Moment { step: self.step, steps_per_epoch, n_epochs: train.epochs };
        let rate = rate::rate(train, moment, &self.plateau);
        self.step += 1;
        let end = Moment { step: self.step, ..moment };
        self.awaited.push_back((self.step, end.epoch(), rate));
        table::of(&self.experiment, moment, rate)
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
