//! The worker and the run folders: when they are seen to, and how runs come back from them.

use std::time::{Duration, Instant};

use super::Worker;
use crate::session::keeping::{Done, Kin, Writer};
use crate::session::slot::{Goal, Slot, Span, Testing};
use crate::session::{Keeping, OpenRun, RunId};
use crate::train::TrainError;
use crate::train::folder::{self, Open};

/// So long at least until a disk is tried again.
const LEAST_RETRY: Duration = Duration::from_secs(1);

/// How long the end of a session waits for its last checkpoints.
const MOST_PATIENCE: Duration = Duration::from_secs(10);

impl Worker {
    /// Has the folders of all runs written as far as that is due.
    pub(super) fn see_to_folders(&mut self, is_ending: bool) {
        for place in 0..self.runs.slots.len() {
            let open = self.open_of(place);
            self.see_to_folder(place, open, is_ending);
        }
        if let Some((_, slot)) = &mut self.runs.removed {
            // What goes wrong with a run that is gone is told of nowhere.
            let _ = Self::see_to(slot, None, true, &self.keeping, &mut self.writer);
        }
    }

    fn see_to_folder(&mut self, place: usize, open: Open, is_ending: bool) {
        let slot = &mut self.runs.slots[place];
        let seen_to = Self::see_to(slot, Some(open), is_ending, &self.keeping, &mut self.writer);
        if seen_to.is_err() {
            slot.note(seen_to);
        }
    }

    fn see_to(
        slot: &mut Slot,
        open: Option<Open>,
        is_ending: bool,
        keeping: &Keeping,
        writer: &mut Writer,
    ) -> Result<(), TrainError> {
        let is_at_rest = slot.goal == Goal::Rest && slot.testing != Testing::Going;
        let of = (slot.id(), slot.seen.number);
        let Some(run) = &mut slot.run else { return Ok(()) };
        let steps = slot.series.kept();
        let kin = Kin { of, run, is_at_rest: is_at_rest || is_ending, steps, open };
        slot.keeper.see_to(kin, keeping, writer)
    }

    /// These are about to begin anew: what is worth keeping of them is kept.
    pub(super) fn part_from(&mut self, places: Vec<usize>) {
        for place in places {
            let open = self.open_of(place);
            let slot = &mut self.runs.slots[place];
            let of = (slot.id(), slot.seen.number);
            let Some(run) = &mut slot.run else { continue };
            let steps = slot.series.kept();
            let kin = Kin { of, run, is_at_rest: true, steps, open: Some(open) };
            let parted = slot.keeper.part(kin, &self.keeping, &mut self.writer);
            if parted.is_err() {
                slot.note(parted);
            }
        }
    }

    /// How a run stands in the window.
    fn open_of(&self, place: usize) -> Open {
        let slot = &self.runs.slots[place];
        let party = slot.seen.twins.map(|number| self.origin.wrapping_add(number));
        let (name, mark) = (slot.seen.name.clone(), Some(slot.seen.mark));
        Open { name, place, party, trains: slot.goal != Goal::Rest, mark }
    }

    /// A run that has not gone on yet leaves the window: it is not offered again.
    pub(super) fn put_away(&mut self, id: RunId) {
        let waiting = self.runs.find(id).filter(|slot| slot.run.is_none());
        if let Some(stored) = waiting.and_then(|slot| slot.stored.as_ref()) {
            // At the worst it is offered once more.
            let _ = folder::put_away(&stored.path);
        }
    }

    /// A folder comes back from the writer.
    pub(super) fn take_folder(&mut self, done: Done) {
        let removed = self.runs.removed.iter_mut().map(|(_, slot)| slot);
        let slot = self.runs.slots.iter_mut().chain(removed).find(|slot| slot.id() == done.of.0);
        match slot {
            Some(slot) if slot.keeper.number == done.of.1 => slot.take_folder(done),
            // The run has begun anew since, or is gone.
            other => {
                let last = other.and_then(|slot| slot.keeper.parting_of(done.of.1));
                if let Some(held) = done.held {
                    self.writer.leave(held, last);
                }
            }
        }
        // A run whose folder was waited for goes on with the pictures of then.
        self.open_pictures();
    }

    /// How long nothing need be done where nothing trains: a disk that was full is tried again.
    pub(super) fn until_retry(&self) -> Duration {
        let has_failed = self.runs.slots.iter().any(|slot| slot.keeper.kept.problem.is_some());
        let keeps = self.keeping.home.is_some();
        if has_failed && keeps { self.keeping.every.max(LEAST_RETRY) } else { Duration::MAX }
    }

    /// After a mistake in the program: what the writer had is no longer written to, and the next checkpoints go to new
    /// folders, by a new thread.
    pub(super) fn lose_writer(&mut self) {
        self.writer = Writer::default();
        let removed = self.runs.removed.iter_mut().map(|(_, slot)| slot);
        for slot in self.runs.slots.iter_mut().chain(removed) {
            slot.keeper.lose_folder();
            slot.end_waiting();
        }
    }

    /// Writes what is not written yet. The window is gone by then.
    pub(super) fn finish(&mut self) {
        let begin = Instant::now();
        loop {
            self.see_to_folders(true);
            let removed = self.runs.removed.iter().map(|(_, slot)| slot);
            let is_away = self.runs.slots.iter().chain(removed).any(|slot| slot.keeper.is_away());
            let left = MOST_PATIENCE.saturating_sub(begin.elapsed());
            let Some(arrival) = self.writer.arrival().filter(|_| is_away) else { return };
            match arrival.recv_timeout(left) {
                Ok(done) => self.take_folder(done),
                Err(_) => return,
            }
        }
    }

    /// Opens a run of the past, which goes on from its last checkpoint.
    pub(super) fn open_run(&mut self, open: OpenRun) {
        let OpenRun { new, path, trains } = open;
        let id = new.id;
        let opened = folder::open(&path).map_err(|error| error.to_string()).and_then(|stored| {
            self.runs.add(*new)?;
            Ok(stored)
        });
        let stored = match opened {
            Ok(stored) => stored,
            Err(problem) => return self.state.problem = Some(problem),
        };
        if let Some(mark) = folder::noted(&path).and_then(|open| open.mark) {
            self.runs.mark(id, mark);
        }
        if let Some(slot) = self.runs.get(id) {
            slot.described = stored.experiment.clone().into();
            slot.stored = Some(stored);
            slot.goal = Goal::Begin(if trains { Span::All } else { Span::Nothing });
        }
        self.want_pictures(id);
    }
}
