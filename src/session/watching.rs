//! What the window looks at: computed between turns, of the current run alone, and for no more than a share of the
//! time that goes into training.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RunId;
use super::slot::Slot;
use super::snapshot::Seen;
use crate::engine::EngineError;
use crate::inspect::look::{Glance, Instrument, Look, LookError, Subject};
use crate::train::TrainError;

/// Seconds of training for each second of looking. What was spent is measured and owed: nothing is looked at while
/// training until so much of it has passed.
const TRAINING_FOR_LOOKING: f64 = 12.0;

/// At most so often is the same looked at again while training.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A piece of looking: short against a person's patience, as a turn of training is.
const SPAN: Duration = Duration::from_millis(20);

/// What is to be seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    pub looks: Vec<Look>,
}

/// What is looked at, and what has been seen of it.
#[derive(Default)]
pub struct Watching {
    watched: Vec<Watched>,
    /// The run that the instruments stand before, and how often it had begun.
    of: Option<(RunId, u64)>,
    /// Seconds of training that must pass before the next look.
    owed: f64,
    /// What went where while something trained.
    pub spent: Spent,
    /// Whether the device failed, which no further look would mend.
    is_blind: bool,
}

/// Seconds that went into training and into looking meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    pub training: f64,
    pub looking: f64,
    /// Of looking, those of the last look, which training has yet to make up for.
    pub last_look: f64,
}

struct Watched {
    look: Look,
    instrument: Option<Box<dyn Instrument>>,
    /// When it was looked at last.
    at: Option<Instant>,
    /// Whether that look is only half done.
    is_going: bool,
    seen: Option<Seen>,
}

impl Watching {
    /// This is to be seen from now on. What was looked at before goes on where it was, and what was made ready for a
    /// question that is alike is used for the new one.
    pub fn set(&mut self, watch: Watch) {
        let mut before = std::mem::take(&mut self.watched);
        let mut looks = watch.looks;
        let mut take = |looks: &mut Vec<Look>, is_same: fn(&Look, &Look) -> bool| {
            looks.retain(|look| {
                let same = before.iter().position(|watched| is_same(&watched.look, look));
                if let Some(i) = same {
                    let mut watched = before.swap_remove(i);
                    watched.turn_to(look.clone());
                    self.watched.push(watched);
                }
                same.is_none()
            });
        };
        take(&mut looks, |a, b| a == b);
        take(&mut looks, Look::is_alike);
        self.watched.extend(looks.into_iter().map(Watched::new));
    }

    /// Seconds have gone into training.
    pub fn trained(&mut self, seconds: f64) {
        self.owed = (self.owed - seconds).max(0.0);
        self.spent.training += seconds;
    }

    /// Gives back all that was made ready, as when the run goes that it was made ready for.
    pub fn let_go(&mut self) {
        self.of = None;
        self.is_blind = false;
        for watched in &mut self.watched {
            *watched = Watched::new(watched.look.clone());
        }
    }

    /// Whether there is something to look at in this run where nothing trains.
    pub fn is_due(&self, slot: &Slot) -> bool {
        let Some(run) = &slot.run else { return false };
        let is_other = self.of != Some((slot.id(), slot.seen.number));
        let is_behind = |watched: &Watched| watched.is_behind(run.progress().step);
        self.watched.iter().any(|watched| is_other || !self.is_blind && is_behind(watched))
    }

    /// Looks at what is due of this run for a while: where anything trains only if enough of that went before.
    ///
    /// # Errors
    /// The device is lost.
    pub fn look(&mut self, slot: &mut Slot, trains: bool) -> Result<(), TrainError> {
        let looked = self.look_on(slot, trains);
        self.is_blind |= looked.is_err();
        looked
    }

    fn look_on(&mut self, slot: &mut Slot, trains: bool) -> Result<(), TrainError> {
        let of = (slot.id(), slot.seen.number);
        if self.of != Some(of) || slot.run.is_none() {
            self.let_go();
            self.of = Some(of);
        }
        let Some(step) = slot.run.as_ref().map(|run| run.progress().step) else { return Ok(()) };
        let is_due = |watched: &&mut Watched| {
            watched.is_behind(step)
                && (!trains || watched.is_going || watched.at.is_none_or(|at| at.elapsed() >= AGAIN_AFTER))
        };
        if self.is_blind || trains && self.owed > 0.0 {
            return Ok(());
        }
        let Some(watched) = self.watched.iter_mut().filter(is_due).min_by_key(|watched| watched.at) else {
            return Ok(());
        };
        // What training left to be done is no cost of looking.
        slot.settle()?;
        let Some(run) = &slot.run else { return Ok(()) };
        let begin = Instant::now();
        watched.look(&Subject::of(run), of)?;
        if trains {
            let seconds = begin.elapsed().as_secs_f64();
            self.owed += seconds * TRAINING_FOR_LOOKING;
            self.spent.looking += seconds;
            self.spent.last_look = seconds;
        }
        Ok(())
    }

    /// What has been seen of the current run.
    pub fn seen(&self) -> Vec<Seen> {
        self.watched.iter().filter_map(|watched| watched.seen.clone()).collect()
    }
}

impl Watched {
    fn new(look: Look) -> Self {
        Self { look, instrument: None, at: None, is_going: false, seen: None }
    }

    fn turn_to(&mut self, look: Look) {
        if self.look == look {
            return;
        }
        if let Some(instrument) = &mut self.instrument {
            instrument.turn_to(look.clone());
        }
        // A new question is not kept waiting behind others.
        (self.look, self.at, self.is_going) = (look, None, false);
    }

    /// Whether there is more to see at this step than has been seen.
    fn is_behind(&self, step: u64) -> bool {
        match &self.seen {
            Some(seen) if seen.look != self.look => true,
            Some(seen) => seen.view.is_ok() && (!seen.is_whole || seen.step != step),
            None => true,
        }
    }

    /// Looks for a while. What cannot be seen is told in its place; only a device that is lost is an error.
    fn look(&mut self, subject: &Subject<'_>, (run, number): (RunId, u64)) -> Result<(), TrainError> {
        let instrument = self.instrument.get_or_insert_with(|| self.look.instrument());
        // A mistake in the program must not cost the run that is looked at.
        let glance = catch_unwind(AssertUnwindSafe(|| instrument.look(subject, SPAN)));
        self.at = Some(Instant::now());
        let broken = || LookError::Impossible("Looking broke off by a mistake in the program.".into());
        let glance = glance.unwrap_or_else(|_| Err(broken()));
        self.is_going = glance.as_ref().is_ok_and(|glance| !glance.is_whole);
        let (view, is_whole) = match glance {
            Ok(Glance { view: Some(view), is_whole }) => (Ok(Arc::new(view)), is_whole),
            Ok(Glance { view: None, .. }) => return Ok(()),
            Err(LookError::Train(lost @ TrainError::Engine(EngineError::DeviceLost(_)))) => return Err(lost),
            Err(error) => {
                self.instrument = None;
                (Err(error.to_string()), true)
            }
        };
        self.seen = Some(Seen { look: self.look.clone(), run, number, step: subject.step, is_whole, view });
        Ok(())
    }
}
