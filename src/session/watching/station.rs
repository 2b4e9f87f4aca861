//! A place from which a run is looked at: the run as it stands, or with the weights of one of its steps or of a file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{AGAIN_AFTER, At};
use crate::data::Normalisation;
use crate::engine::{EngineError, Memory};
use crate::graph::program::Placement;
use crate::inspect::look::{Beside, Glance, Instrument, Look, LookError, Subject};
use crate::session::RunId;
use crate::session::runs::Runs;
use crate::session::slot::Slot;
use crate::session::snapshot::Seen;
use crate::train::weights::{Numbers, WeightsFile};
use crate::train::{Run, TrainError};

/// Of the next view, see [`Seen::serial`].
static SERIAL: AtomicU64 = AtomicU64::new(1);

/// A piece of looking: short against a person's patience, as a turn of training is.
const SPAN: Duration = Duration::from_millis(20);

pub struct Station {
    /// The one in front where none is given.
    pub run: Option<RunId>,
    pub at: At,
    /// The run that the instruments stand before, and how often it had begun.
    of: Option<(RunId, u64)>,
    /// Where the weights lie, if they are not those that train.
    laid: Option<Laid>,
    watched: Vec<Watched>,
}

/// Weights on the device, apart from the run.
struct Laid {
    at: At,
    placement: Placement,
    memory: Arc<dyn Memory>,
    normalisation: Arc<Normalisation>,
    /// What is to be noted of their file.
    note: Option<Arc<str>>,
}

struct Watched {
    look: Look,
    instrument: Option<Box<dyn Instrument>>,
    /// When it was looked at last.
    looked_at: Option<Instant>,
    /// Whether that look is only half done.
    is_going: bool,
    /// Whether it broke off by a mistake in the program, which would only happen again.
    is_broken: bool,
    seen: Option<Seen>,
}

impl Station {
    pub fn new(run: Option<RunId>) -> Self {
        Self { run, at: At::Now, of: None, laid: None, watched: Vec::new() }
    }

    /// This is to be seen from here from now on.
    pub fn turn_to(&mut self, at: At, mut looks: Vec<Look>) {
        if self.at != at {
            self.at = at;
            // What was half seen was seen of other weights.
            self.watched.iter_mut().for_each(Watched::begin_again);
        }
        let mut before = std::mem::take(&mut self.watched);
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

    /// Gives back all that was made ready. What has been seen stays to be shown until it is seen anew.
    pub fn let_go(&mut self) {
        (self.of, self.laid) = (None, None);
        for watched in &mut self.watched {
            *watched = Watched { seen: watched.seen.take(), ..Watched::new(watched.look.clone()) };
        }
    }

    pub fn run_of(&self, runs: &Runs) -> Option<RunId> {
        self.run.or(runs.current)
    }

    /// The run that is looked at from here, if it has begun.
    fn slot<'a>(&self, runs: &'a Runs) -> Option<(&'a Slot, &'a Run)> {
        let slot = runs.find(self.run_of(runs)?)?;
        Some((slot, slot.run.as_ref()?))
    }

    /// Stands before the run as it has begun now; whether that is another than before.
    pub fn follow(&mut self, runs: &Runs) -> bool {
        let of = self.slot(runs).map(|(slot, _)| (slot.id(), slot.seen.number));
        let is_other = self.of != of;
        if is_other {
            self.let_go();
            self.of = of;
            for watched in &mut self.watched {
                watched.seen.take_if(|seen| Some((seen.run, seen.number)) != of);
            }
        }
        is_other
    }

    /// Steps behind the weights that are looked at.
    fn step(&self, run: &Run) -> u64 {
        match self.at {
            At::Now => run.progress().step,
            At::Step(step) => step,
            At::File(_) => 0,
        }
    }

    /// Whether there is something to look at where nothing trains.
    pub fn is_due(&self, runs: &Runs, is_blind: bool) -> bool {
        let Some((slot, run)) = self.slot(runs) else { return false };
        let is_other = self.of != Some((slot.id(), slot.seen.number));
        let step = self.step(run);
        self.watched.iter().any(|watched| is_other || !is_blind && watched.is_behind(step, &self.at))
    }

    /// What has waited longest of all that is due, with when it was looked at, and its place.
    pub fn due(&self, runs: &Runs, trains: bool) -> Option<(Option<Instant>, usize)> {
        let (_, run) = self.slot(runs)?;
        let step = self.step(run);
        let is_due = |watched: &Watched| {
            let may = watched.looked_at.is_none_or(|at| at.elapsed() >= AGAIN_AFTER);
            watched.is_behind(step, &self.at) && (!trains || watched.is_going || may)
        };
        let due = self.watched.iter().enumerate().filter(|(_, watched)| is_due(watched));
        due.map(|(place, watched)| (watched.looked_at, place)).min()
    }

    /// Looks for a while. What cannot be seen is told in its place; only a device that is lost is an error.
    pub fn look(&mut self, place: usize, runs: &Runs, beside: Option<Beside<'_>>) -> Result<(), TrainError> {
        let (Some((slot, run)), Some(of)) = (self.slot(runs), self.of) else { return Ok(()) };
        let step = self.step(run);
        let laid = self.lay(slot, run);
        let Self { laid: there, watched, at, .. } = self;
        let Some(watched) = watched.get_mut(place) else { return Ok(()) };
        let mut subject = Subject { past: slot.series.kept(), beside, step, ..Subject::of(run) };
        if let Some(there) = there.as_ref().filter(|_| *at != At::Now) {
            (subject.placement, subject.memory) = (&there.placement, &there.memory);
            (subject.normalisation, subject.rule_step) = (&there.normalisation, 0);
        }
        let note = there.as_ref().filter(|_| *at != At::Now).and_then(|there| there.note.clone());
        watched.look(laid.map(|()| subject), (of, &*at, step), note)
    }

    /// Lays the weights that are to be looked at on the device, where they do not lie yet.
    fn lay(&mut self, slot: &Slot, run: &Run) -> Result<(), LookError> {
        if self.at == At::Now || self.laid.as_ref().is_some_and(|laid| laid.at == self.at) {
            return Ok(());
        }
        let own = run.normalisation.clone();
        let kept;
        let read;
        let (numbers, normalisation, note): (&Numbers, _, Option<Arc<str>>) = match &self.at {
            At::Now => return Ok(()),
            At::Step(step) => {
                let gone = || {
                    let text = format!("The weights of step {step} are kept no more. Choose another step.");
                    LookError::Impossible(text)
                };
                kept = slot.series.at(*step).cloned().ok_or_else(gone)?;
                (&kept.numbers, own, None)
            }
            At::File(path) => {
                let mut file = WeightsFile::open(path).map_err(TrainError::from)?;
                let fits = file.expect_pictures(run.set.extent, &run.set.classes);
                fits.and_then(|()| file.expect_permutation(run.normalisation.permute))
                    .map_err(TrainError::from)?;
                read = file.numbers(&run.graph).map_err(TrainError::from)?;
                let note = file.renamed(&run.set.classes).map(Arc::from);
                (&read, file.about.normalisation.take().map_or(own, Arc::new), note)
            }
        };
        let (placement, memory) = match self.laid.take() {
            Some(laid) => (laid.placement, laid.memory),
            None => {
                let placement = Placement::forward_only(&run.graph);
                let memory = run.device().memory(&placement)?;
                (placement, memory)
            }
        };
        numbers.write_to(&run.graph, &placement, &*memory)?;
        self.laid = Some(Laid { at: self.at.clone(), placement, memory, normalisation, note });
        Ok(())
    }

    /// What has been seen from here.
    pub fn seen(&self) -> impl Iterator<Item = Seen> {
        self.watched.iter().filter_map(|watched| watched.seen.clone())
    }
}

impl Watched {
    fn new(look: Look) -> Self {
        Self { look, instrument: None, looked_at: None, is_going: false, is_broken: false, seen: None }
    }

    fn turn_to(&mut self, look: Look) {
        if self.look == look {
            return;
        }
        if let Some(instrument) = &mut self.instrument {
            instrument.turn_to(look.clone());
        }
        // A new question is not kept waiting behind others.
        (self.look, self.looked_at, self.is_going, self.is_broken) = (look, None, false, false);
    }

    /// Drops what is half done.
    fn begin_again(&mut self) {
        if self.is_going {
            self.instrument = None;
        }
        (self.looked_at, self.is_going) = (None, false);
    }

    /// Whether there is more to see of these weights than has been seen.
    fn is_behind(&self, step: u64, at: &At) -> bool {
        match &self.seen {
            Some(seen) if seen.look != self.look || seen.at != *at => true,
            // What could not be seen yet, of a run that has hardly begun, may be seen after another step.
            Some(seen) => !self.is_broken && (!seen.is_whole || seen.step != step),
            None => true,
        }
    }

    fn look(
        &mut self,
        subject: Result<Subject<'_>, LookError>,
        ((run, number), at, step): ((RunId, u64), &At, u64),
        note: Option<Arc<str>>,
    ) -> Result<(), TrainError> {
        let glance = subject.and_then(|subject| {
            let instrument = self.instrument.get_or_insert_with(|| self.look.instrument());
            // A mistake in the program must not cost the run that is looked at.
            let glance = catch_unwind(AssertUnwindSafe(|| instrument.look(&subject, SPAN)));
            self.is_broken = glance.is_err();
            let broken = || LookError::Impossible("Looking broke off by a mistake in the program.".into());
            glance.unwrap_or_else(|_| Err(broken()))
        });
        self.looked_at = Some(Instant::now());
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
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let (look, at) = (self.look.clone(), at.clone());
        self.seen = Some(Seen { serial, look, run, number, at, step, note, is_whole, view });
        Ok(())
    }
}
