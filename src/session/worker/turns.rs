//! Turns: some hundredths of a second in which one run, or twins in lockstep, have the device.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{PUBLISH_EVERY, Worker};
use crate::engine::{Device, DeviceKind};
use crate::session::share::{self, Sharing};
use crate::session::slot::{Goal, Slot, Testing, Work};
use crate::train::TrainError;

/// Work between two looks at the commands: short against a person's patience.
const SLICE: Duration = Duration::from_millis(25);

/// The same on a processor that leaves something to the window: it rests between two of them.
const SHORT_SLICE: Duration = Duration::from_millis(8);

impl Worker {
    /// Some work for the one whose turn it is.
    pub(super) fn turn(&mut self) {
        let parties = self.runs.parties();
        let claims = self.runs.claims(&parties);
        // Where nothing trains, there is time for looking.
        let Some(turn) = share::next(&claims) else {
            self.see_to_folders(false);
            return self.publish();
        };
        let party = &parties[turn];
        let (begin, mut rested) = (Instant::now(), Duration::ZERO);
        while begin.elapsed() < SLICE {
            let due = self.runs.due(party);
            let at = Instant::now();
            let goes_on = !due.is_empty() && self.work_together(party, &due);
            rested += self.leave_frame(at.elapsed());
            if !goes_on {
                break;
            }
        }
        self.watching.trained((begin.elapsed() - rested).as_secs_f64());
        let n_due = claims.iter().filter(|claim| claim.is_due).count();
        for &i in party.iter().filter(|_| n_due > 1) {
            self.carry_out(i, |slot, _| slot.settle().map(|()| Work::default()));
        }
        self.see_to_folders(false);
        let rests = self.runs.parties().iter().all(|party| self.runs.due(party).is_empty());
        if rests || self.published_at.elapsed() >= PUBLISH_EVERY {
            self.publish();
        }
    }

    /// The next piece of work of a party, whose members `due` are level: the same steps for all of them. Gives
    /// whether there may be more in this turn.
    fn work_together(&mut self, party: &[usize], due: &[usize]) -> bool {
        let of = |is: fn(&Slot) -> bool| due.iter().copied().find(|&i| is(&self.runs.slots[i]));
        if let Some(i) = of(|slot| slot.testing == Testing::Going) {
            let span = self.span();
            self.carry_out(i, |slot, _| slot.test(span));
            return true;
        }
        if let Some(i) = of(|slot| matches!(slot.goal, Goal::Begin(_))) {
            self.part_from(vec![i]);
            // Compiling takes its time, and a person should see why nothing moves.
            self.publish();
            // What looks at the run before would keep its memory from being given back.
            self.watching.let_go();
            self.carry_out(i, Slot::begin);
            let slot = &mut self.runs.slots[i];
            if slot.run.is_some()
                && let Some(later) = slot.later.take()
            {
                let id = slot.id();
                self.describe(id, later);
            }
            return false;
        }
        let span = self.span() / due.len() as u32;
        let most = due.iter().map(|&i| self.runs.slots[i].n_possible(span)).min().unwrap_or(0);
        let n = most.min(self.runs.gap(party));
        for &i in due {
            self.carry_out(i, |slot, _| slot.train(n));
        }
        n > 0
    }

    /// How long to work before the window is thought of.
    fn span(&self) -> Duration {
        if self.leaves_frames() { SHORT_SLICE } else { SLICE }
    }

    /// A GPU has nothing that the window lacks.
    fn leaves_frames(&self) -> bool {
        self.device.info().kind == DeviceKind::Cpu && self.reserve.is_some()
    }

    /// Work has taken so long; rests while a frame is drawn, as far as that is the window's. Gives how long.
    fn leave_frame(&mut self, worked: Duration) -> Duration {
        let begin = Instant::now();
        if self.leaves_frames() {
            let rest = self.reserve.rest_after(worked, begin);
            if !rest.is_zero() {
                std::thread::sleep(rest);
            }
        }
        begin.elapsed()
    }

    /// Does a piece of work of one run, and takes note of what it took and what went wrong.
    fn carry_out(
        &mut self,
        place: usize,
        work: impl FnOnce(&mut Slot, &Arc<dyn Device>) -> Result<Work, TrainError>,
    ) {
        let slot = &mut self.runs.slots[place];
        self.at_work = Some(slot.id());
        let done = work(slot, &self.device);
        if let Ok(work) = &done {
            slot.spent += match self.sharing {
                Sharing::Seconds => work.seconds,
                Sharing::Pictures => work.n_pictures as f64,
            };
        }
        slot.note(done.map(drop));
        self.at_work = None;
    }
}
