//! What a run is to be like: descriptions that come in while it goes on.

use std::sync::Arc;

use super::{Goal, Slot, Span, until};
use crate::engine::EngineError;
use crate::experiment::Experiment;
use crate::session::snapshot::{PicturesState, Refused};
use crate::train::TrainError;
use crate::train::changes::{self, Setting};

impl Slot {
    /// Takes over a description; whether it asks for other pictures.
    pub fn describe(&mut self, experiment: Experiment) -> bool {
        if self.stored.is_some() && matches!(self.goal, Goal::Begin(_)) || self.late.is_some() {
            self.later = Some(experiment);
            return false;
        }
        if experiment == *self.described && self.later.is_none() {
            // What was refused has been taken back, or nothing has changed.
            self.seen.refused = None;
            return false;
        }
        self.later = None;
        let before = self.wish();
        self.described = Arc::new(experiment);
        self.adjust();
        if let PicturesState::Ready(ready) = &mut self.seen.pictures {
            ready.spec = self.described.data.clone();
        }
        self.wish() != before
    }

    /// The run takes over what it can of the description.
    fn adjust(&mut self) {
        (self.seen.note, self.seen.shortage, self.seen.refused) = (None, None, None);
        self.refuse();
        let Some(run) = &mut self.run else { return };
        let adjusted = run.adjust(&self.described);
        let progress = run.progress();
        self.seen.is_stale = !matches!(adjusted, Ok(true));
        match adjusted {
            Err(error @ TrainError::Engine(EngineError::DeviceLost(_))) => return self.note(Err(error)),
            // A batch larger than the training split, say: no reason to stop.
            Err(error) => return self.seen.note = Some(format!("{error} Training goes on as before.")),
            Ok(_) => {}
        }
        match self.goal {
            // What was asked for already will begin as it is described then.
            Goal::Begin(_) if self.seen.is_stale => {}
            _ if self.seen.is_stale => self.rest(),
            // It need not begin anew after all.
            Goal::Begin(span) => self.goal = Goal::Until(until(run, span, progress.step), span),
            // More epochs, or fewer; or an epoch of more steps, or fewer.
            Goal::Until(_, Span::All) => self.goal = Goal::Until(progress.n_steps, Span::All),
            Goal::Until(_, Span::Epoch) if !progress.is_at_end_of_epoch() => {
                let end = progress.step + progress.left_in_epoch();
                self.goal = Goal::Until(end.min(progress.n_steps), Span::Epoch);
            }
            Goal::Until(step, span) => self.goal = Goal::Until(step.min(progress.n_steps), span),
            Goal::Rest => {}
        }
        self.mind_test();
    }

    /// Takes out of the description what there is no room for: the run keeps what it has of that.
    fn refuse(&mut self) {
        let Some(run) = &mut self.run else { return };
        let Err(error @ TrainError::Engine(EngineError::OutOfMemory { .. })) = run.adjust(&self.described)
        else {
            return;
        };
        let kept = Arc::new(run.as_compiled(&self.described));
        let stays: Vec<String> = changes::between(&kept, &self.described)
            .iter()
            .map(|Setting { what, from, .. }| format!("{what} {from}"))
            .collect();
        self.seen.note = Some(format!("{error} Training goes on with {}.", stays.join(", ")));
        let asked = std::mem::replace(&mut self.described, kept.clone());
        self.seen.refused = Some(Refused { asked, kept });
    }
}
