//! What befalls a run: another device, none at all, a mistake in the program.

use std::sync::Arc;

use super::{Goal, Lost, Slot, Testing};
use crate::engine::{Device, EngineError};
use crate::session::keeping::Done;
use crate::session::snapshot::Shortage;
use crate::session::speed::Speed;
use crate::train::TrainError;
use crate::train::folder::Stored;
use crate::train::series::Series;

/// What of a run is left where its device has gone.
pub enum Left {
    Stored(Box<Stored>),
    /// What the writer has still.
    Late,
    Nothing,
}

impl Slot {
    /// Goes on, on another device. Where that has no room, it stays where it is.
    pub fn move_to(&mut self, device: &Arc<dyn Device>) -> Result<(), TrainError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let (before, now) = (run.device().kernels(), device.kernels());
        *run = run.on(device.clone())?;
        let step = run.progress().step;
        if self.testing == Testing::Going {
            self.testing = Testing::No;
            self.mind_test();
        }
        self.seen.problem = None;
        self.seen.note = (before != now).then(|| {
            format!(
                "From step {step} on the run is computed with {now}, before with {before}: its numbers may differ in \
                 their last digits."
            )
        });
        self.speed = Speed::default();
        Ok(())
    }

    /// Gives up the run, but for its description and its curves.
    pub fn leave_device(&mut self) {
        self.rest();
        self.testing = Testing::No;
        self.keep_curves();
        self.run = None;
        self.series = Series::default();
        self.lost = None;
        self.seen.problem = None;
    }

    pub fn note(&mut self, result: Result<(), TrainError>) {
        match result {
            Ok(()) => {
                if self.seen.problem.take().is_some() {
                    self.seen.shortage = None;
                }
            }
            Err(error) => {
                self.seen.shortage = Shortage::of(&error);
                if let TrainError::Engine(EngineError::DeviceLost(reason)) = &error {
                    let goal = self.goal;
                    self.lost.get_or_insert_with(|| Lost { reason: reason.clone(), goal });
                }
                self.goal = Goal::Rest;
                self.testing = Testing::No;
                self.seen.problem = Some(error.to_string());
            }
        }
    }

    /// After a mistake in the program: the run is in an unknown state and goes.
    pub fn give_up(&mut self) {
        let left = self.left();
        let what_now = match &left {
            Left::Stored(_) | Left::Late => "Press play to go on from its last checkpoint.",
            Left::Nothing => "The run is lost: press play to begin anew.",
        };
        self.leave_device();
        match left {
            Left::Stored(stored) => self.go_on_from(*stored),
            Left::Late => self.late = Some(Goal::Rest),
            Left::Nothing => {}
        }
        self.seen.problem = Some(format!("Training stopped by a mistake in the program. {what_now}"));
    }

    /// What of the run is on the disk. A slow disk may have its folder for long: that is no reason to give it up.
    pub fn left(&mut self) -> Left {
        if self.keeper.is_away() {
            return Left::Late;
        }
        let stored = self.keeper.take().and_then(|folder| folder.reopen().ok());
        stored.map_or(Left::Nothing, |stored| Left::Stored(Box::new(stored)))
    }

    /// The folder comes back from the writer; a run that waited for it goes on from there.
    pub fn take_folder(&mut self, done: Done) {
        self.keeper.take_back(done);
        self.end_waiting();
    }

    /// Where the run waited for its folder: goes on from it, or says that there is none.
    pub fn end_waiting(&mut self) {
        let Some(goal) = self.late.take() else { return };
        match self.left() {
            Left::Stored(stored) => {
                self.goal = goal;
                self.go_on_from(*stored);
            }
            Left::Late | Left::Nothing => {
                let text = "The run had no checkpoint on the disk and is lost: press play to begin anew.";
                self.seen.problem = Some(text.into());
            }
        }
    }
}
