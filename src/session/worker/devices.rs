//! The worker and its device: another one is chosen, or the present one stops working.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Worker;
use crate::engine::{self, Device, DeviceChoice};
use crate::session::slot::{Goal, Lost, Slot};
use crate::train::folder::Stored;

/// A device that is lost twice within so long is not opened a third time.
const TRUST: Duration = Duration::from_secs(60);

/// How long the writer may keep a folder that is needed.
const MOST_PATIENCE: Duration = Duration::from_secs(10);

impl Worker {
    /// All runs move to another device and go on there, to other last digits.
    pub(super) fn use_device(&mut self, choice: &DeviceChoice) {
        let device = match engine::open(choice) {
            Ok(device) => device,
            Err(error) => return self.state.problem = Some(error.to_string()),
        };
        self.take_device(device.clone());
        self.choice = choice.clone();
        self.state.problem = None;
        self.runs.removed = None;
        for slot in &mut self.runs.slots {
            let moved = slot.move_to(&device);
            if moved.is_err() {
                slot.note(moved);
            }
        }
    }

    fn take_device(&mut self, device: Arc<dyn Device>) {
        self.watching.let_go();
        self.state.device = device.info().clone();
        self.device = device;
    }

    /// Where the device has stopped working, opens it again, or else the processor, and lets each run go on there from
    /// its last checkpoint.
    pub(super) fn mend_device(&mut self) {
        let Some(reason) = self.runs.slots.iter().find_map(|slot| Some(slot.lost.as_ref()?.reason.clone()))
        else {
            return;
        };
        let is_trusted = self.lost_at.is_none_or(|at| at.elapsed() > TRUST);
        self.lost_at = Some(Instant::now());
        let name = self.device.info().name.clone();
        self.runs.removed = None;
        let stored: Vec<Option<Stored>> =
            (0..self.runs.slots.len()).map(|place| self.give_up_run(place)).collect();
        // What is left of the old one must be gone before it is opened again.
        self.watching.let_go();
        let again = if is_trusted { engine::open(&self.choice).ok() } else { None };
        let device = match again {
            Some(device) => device,
            None => match engine::open(&DeviceChoice::Cpu) {
                Ok(device) => device,
                Err(error) => return self.state.problem = Some(error.to_string()),
            },
        };
        let has_lost: Vec<bool> =
            self.runs.slots.iter_mut().zip(stored).map(|(slot, stored)| slot.revive(stored)).collect();
        self.state.problem = Some(told(&name, &reason, &device.info().name, &has_lost));
        self.take_device(device);
        self.open_pictures();
        self.publish();
    }

    /// Gives up what of a run lay on the device, for what of it is on the disk.
    fn give_up_run(&mut self, place: usize) -> Option<Stored> {
        let begin = Instant::now();
        while self.runs.slots[place].keeper.is_away() {
            let left = MOST_PATIENCE.saturating_sub(begin.elapsed());
            match self.writer.arrival().map(|arrival| arrival.recv_timeout(left)) {
                Some(Ok(done)) => self.take_folder(done),
                _ => break,
            }
        }
        let slot = &mut self.runs.slots[place];
        slot.lost.get_or_insert_with(|| Lost { reason: String::new(), goal: slot.goal });
        slot.run.take()?;
        slot.keeper.take()?.reopen().ok()
    }
}

impl Slot {
    /// Goes on from there, if there is something to go on from; whether the run is lost.
    fn revive(&mut self, stored: Option<Stored>) -> bool {
        let goal = self.lost.take().map_or(Goal::Rest, |lost| lost.goal);
        let had_begun = self.seen.has_begun;
        self.leave_device();
        let is_lost = had_begun && stored.is_none() && !matches!(goal, Goal::Begin(_));
        if stored.is_some() || matches!(goal, Goal::Begin(_)) {
            self.goal = Goal::Begin(goal.span());
        }
        if let Some(stored) = stored.or(self.stored.take()) {
            self.go_on_from(stored);
        }
        is_lost
    }
}

fn told(name: &str, reason: &str, now: &str, has_lost: &[bool]) -> String {
    let n_lost = has_lost.iter().filter(|is_lost| **is_lost).count();
    let how = match (n_lost, has_lost.len()) {
        (0, 1) => "The run goes on from its last checkpoint".to_string(),
        (0, _) => "The runs go on from their last checkpoints".to_string(),
        (n, all) if n == all => "Nothing was kept on the disk: train anew".to_string(),
        (n, _) => format!("{n} of the runs had no checkpoint and are lost; the others go on"),
    };
    let place = if now == name { format!("on {now}, which was opened again") } else { format!("on {now}") };
    format!("{name} stopped working: {reason}. {how}, {place}.")
}
