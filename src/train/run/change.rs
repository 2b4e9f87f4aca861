//! What can change while a run goes on. It takes effect at the next step; what is compiled into the plan is compiled
//! anew over the same weights.

use super::leg::Sizes;
use super::{Run, check_settings, train_program};
use crate::engine::Beside;
use crate::experiment::{Data, Experiment, Named, Optimiser, Train};
use crate::graph::program::{Bank, Placement};
use crate::train::changes::{self, Changed};
use crate::train::{TrainError, changes::Setting};

impl Run {
    /// Takes over what can change without beginning anew: how large the batches are and what is done to their
    /// pictures, the optimiser, its rate, schedule and decay, the epochs. Gives whether that covers all the
    /// differences.
    ///
    /// A rule that remembers other things than the one before begins with an empty memory.
    ///
    /// # Errors
    /// A batch of none or of more than the training split, augmentation that can leave nothing of a picture; a device
    /// without room for the larger batch or memory. The run then goes on as it was.
    pub fn adjust(&mut self, experiment: &Experiment) -> Result<bool, TrainError> {
        let old = &self.experiment;
        let next = Experiment {
            title: experiment.title.clone(),
            data: Data { augment: experiment.data.augment, ..old.data.clone() },
            train: Train {
                loss: old.train.loss,
                initialisation: old.train.initialisation,
                zero_residual: old.train.zero_residual,
                ..experiment.train.clone()
            },
            ..old.clone()
        };
        if is_compiled_otherwise(&next, old) {
            self.recompile(&next)?;
        }
        self.note_changes(&next);
        self.experiment = next;
        Ok(self.experiment == *experiment)
    }

    /// An experiment as this run can have it without another plan.
    pub fn as_compiled(&self, experiment: &Experiment) -> Experiment {
        let mut kept = experiment.clone();
        let (own, train) = (&self.experiment, &mut kept.train);
        kept.data.augment = own.data.augment;
        train.batch = own.train.batch;
        if train.optimiser.name() != own.train.optimiser.name() {
            train.optimiser = own.train.optimiser;
        }
        if train.clip.is_some() != own.train.clip.is_some() {
            train.clip = own.train.clip;
        }
        kept
    }

    /// Makes ready the plan of an experiment that differs in what is compiled.
    fn recompile(&mut self, next: &Experiment) -> Result<(), TrainError> {
        let batch = next.train.batch;
        check_settings(next, self.set.extent, self.set.train.len())?;
        // The old plan must have nothing more to say.
        self.collect(true)?;
        let program = train_program(next, self.goal(), &self.fused);
        let placement = Placement::for_program(&self.graph, &program);
        // Memory of the same places is gone on with; other memory is made while the old is still there to be read.
        let released = if placement == self.placement { self.bank_bytes() } else { 0 };
        let beside = Beside { released, ..Beside::default() };
        Self::check_room(next, self.goal(), &self.graph, &*self.device, beside)?;
        let (old, rule) = (self.experiment.train.optimiser, next.train.optimiser);
        let is_forgotten = !remembers_the_same(old, rule);
        let memory = match placement == self.placement {
            true => self.memory.clone(),
            false => self.device.memory(&placement)?,
        };
        let plan = self.device.plan(&program, &memory, Some(&self.train_pictures))?;
        if placement != self.placement {
            for bank in [Bank::Parameters, Bank::Statistics] {
                memory.write(bank, 0, &self.memory.read(bank)?)?;
            }
            // It reads the old memory.
            self.evaluator = None;
        }
        (self.plan, self.memory, self.placement) = (plan, memory, placement);
        if is_forgotten {
            for bank in [Bank::Slot0, Bank::Slot1] {
                self.clear(bank)?;
            }
            self.rule_since = self.step;
        }
        if batch != self.experiment.train.batch {
            self.leg = self.leg.next(self.progress(), self.sizes(), batch as u64);
            self.curves.batches.push((self.step, batch));
        }
        Ok(())
    }

    /// Marks in the curves what is about to change.
    fn note_changes(&mut self, next: &Experiment) {
        let epoch = self.progress().epochs_done();
        for Setting { what, from, to } in changes::between(&self.experiment, next) {
            let (step, seconds) = (self.step, self.seconds);
            self.curves.note(Changed { step, epoch, seconds, what: what.into(), from, to });
        }
    }

    pub(super) fn sizes(&self) -> Sizes {
        let train = &self.experiment.train;
        Sizes {
            n_pictures: self.set.train.len() as u64,
            batch: train.batch as u64,
            epochs: train.epochs as u64,
        }
    }
}

/// Whether the two do not share a compiled plan: constants and rates come from the table of each step.
fn is_compiled_otherwise(a: &Experiment, b: &Experiment) -> bool {
    let compiled = |experiment: &Experiment| {
        let train = &experiment.train;
        // Whether the gradient's length is known at all is compiled, not what it may be.
        (train.batch, train.optimiser.name(), train.clip.is_some(), experiment.data.augment)
    };
    compiled(a) != compiled(b)
}

/// Whether what the one rule remembers means the same to the other: the last update, or both moments.
fn remembers_the_same(a: Optimiser, b: Optimiser) -> bool {
    use Optimiser::{Adam, AdamW, Momentum, Nesterov};
    let kind = |rule: Optimiser| match rule {
        Momentum { .. } | Nesterov { .. } => "the last update",
        Adam { .. } | AdamW { .. } => "both moments",
        other => other.name(),
    };
    kind(a) == kind(b)
}
