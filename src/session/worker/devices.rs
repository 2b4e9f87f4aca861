//! The worker and its device: another one is chosen, or the present one stops working.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Worker;
use crate::engine::{self, Device, DeviceChoice};
use crate::session::slot::misfortune::Left;
use crate::session::slot::{Goal, Lost, Slot};

/// A device that is lost twice within so long is not opened a third time.
const TRUST: Duration = Duration::from_secs(60);

/// How long it is waited for folders that the writer has. Runs whose folders take longer go on once they are back.
const MOST_PATIENCE: Duration = Duration::from_secs(2);

/// What becomes of a run whose device has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    GoesOn,
    /// Once its checkpoint is written.
    Waits,
    IsLost,
}

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
        let patience = Instant::now() + MOST_PATIENCE;
        let left: Vec<Left> =
            (0..self.runs.slots.len()).map(|place| self.give_up_run(place, patience)).collect();
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
        let fates: Vec<Fate> =
            self.runs.slots.iter_mut().zip(left).map(|(slot, left)| slot.revive(left)).collect();
        self.state.problem = Some(told(&name, &reason, &device.info().name, &fates));
        self.take_device(device);
        self.open_pictures();
        self.publish();
    }

    /// Gives up what of a run lay on the device, for what of it is on the disk. The writer has until then to bring its
    /// folder back.
    fn give_up_run(&mut self, place: usize, patience: Instant) -> Left {
        while self.runs.slots[place].keeper.is_away() {
            match self.writer.arrival().map(|arrival| arrival.recv_deadline(patience)) {
                Some(Ok(done)) => self.take_folder(done),
                _ => break,
            }
        }
        let slot = &mut self.runs.slots[place];
        slot.lost.get_or_insert_with(|| Lost { reason: String::new(), goal: slot.goal });
        match slot.run.take() {
            Some(_) => slot.left(),
            None => Left::Nothing,
        }
    }
}

impl Slot {
    /// Goes on from there, if there is something to go on from.
    fn revive(&mut self, left: Left) -> Fate {
        let goal = self.lost.take().map_or(Goal::Rest, |lost| lost.goal);
        let had_begun = self.seen.has_begun;
        let late = self.late;
        self.leave_device();
        let begins = matches!(goal, Goal::Begin(_));
        let stored = match left {
            Left::Stored(stored) => Some(*stored),
            Left::Late => {
                self.late = Some(Goal::Begin(goal.span()));
                return Fate::Waits;
            }
            // It waits for its folder already.
            Left::Nothing if late.is_some() => {
                self.late = late;
                return Fate::Waits;
            }
            Left::Nothing => None,
        };
        let is_lost = had_begun && stored.is_none() && !begins;
        if stored.is_some() || begins {
            self.goal = Goal::Begin(goal.span());
        }
        if let Some(stored) = stored.or(self.stored.take()) {
            self.go_on_from(stored);
        }
        if is_lost { Fate::IsLost } else { Fate::GoesOn }
    }
}

fn told(name: &str, reason: &str, now: &str, fates: &[Fate]) -> String {
    let count = |fate: Fate| fates.iter().filter(|other| **other == fate).count();
    let how = match (count(Fate::IsLost), count(Fate::Waits), fates.len()) {
        (0, 0, 1) => "The run goes on from its last checkpoint".to_string(),
        (0, 1, 1) => "The run goes on from its last checkpoint once the disk has written it".to_string(),
        (0, 0, _) => "The runs go on from their last checkpoints".to_string(),
        (0, _, _) => "The runs go on from their last checkpoints once the disk has written them".to_string(),
        (n, _, all) if n == all => "Nothing was kept on the disk: train anew".to_string(),
        (n, 0, _) => format!("{n} of the runs had no checkpoint and are lost; the others go on"),
        (n, _, _) => format!(
            "{n} of the runs had no checkpoint and are lost; the others go on, some once the disk has written them"
        ),
    };
    let place = if now == name { format!("on {now}, which was opened again") } else { format!("on {now}") };
    format!("{name} stopped working: {reason}. {how}, {place}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue;
    use crate::experiment::{Data, Experiment, NetworkChoice, Train, file};
    use crate::session::keeping::{Kin, Writer};
    use crate::session::slot::Span;
    use crate::session::{Activity, Keeping, RunId};
    use crate::train::Run;

    /// A run whose first checkpoint, of its second step, is with the writer.
    fn slot(home: &std::path::Path, writer: &mut Writer) -> Slot {
        let text = "network.layers = [{ linear = 10 }]";
        let network: NetworkChoice = file::parse(text).expect("an experiment").network;
        let data = Data { train: Some(20), test: Some(10), ..Data::default() };
        let train = Train { batch: 10, ..Train::default() };
        let experiment = Experiment { data, network, train, ..Experiment::default() };
        let set = Arc::new(catalogue::open(&experiment).expect("built in"));
        let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
        let mut run = Run::new(&experiment, set, device).expect("a run");
        run.advance(2).expect("steps");
        let mut slot = Slot::new(RunId(9_300_000), experiment, 0);
        let keeping = Keeping { home: Some(home.into()), every: Keeping::EVERY };
        let kin = Kin { of: (slot.id(), 0), run: &mut run, is_at_rest: false, steps: &[], open: None };
        slot.keeper.see_to(kin, &keeping, writer).expect("its numbers");
        slot.run = Some(run);
        slot.look();
        slot
    }

    fn arrive(slot: &mut Slot, writer: &Writer) {
        let done = writer.arrival().expect("it is under way").recv().expect("the writer lives");
        slot.take_folder(done);
    }

    /// However long the writer needs: the run goes on once its folder is back, and as far as it was to go.
    #[test]
    fn a_slow_disk_loses_no_run() {
        let (home, mut writer) = (tempfile::tempdir().expect("a folder"), Writer::default());
        let mut slot = slot(home.path(), &mut writer);
        slot.goal = Goal::Until(20, Span::All);
        slot.lost = Some(Lost { reason: "it is gone".into(), goal: slot.goal });
        let left = slot.left();
        assert!(matches!(left, Left::Late));
        slot.run = None;
        assert_eq!(slot.revive(left), Fate::Waits);
        slot.look();
        assert_eq!((slot.seen.activity, slot.is_waiting()), (Activity::Preparing, true));
        arrive(&mut slot, &writer);
        assert_eq!(slot.goal, Goal::Begin(Span::All));
        assert_eq!(slot.stored.as_ref().map(|stored| stored.step), Some(2));
        assert!(slot.seen.problem.is_none());
    }

    /// The same after a mistake in the program; what is asked for meanwhile is done then.
    #[test]
    fn a_mistake_beside_a_slow_disk_loses_no_run() {
        let (home, mut writer) = (tempfile::tempdir().expect("a folder"), Writer::default());
        let mut slot = slot(home.path(), &mut writer);
        slot.give_up();
        let problem = slot.seen.problem.clone().unwrap_or_default();
        assert!(problem.contains("go on from its last checkpoint"), "{problem}");
        slot.aim(Span::Epoch, 0);
        assert_eq!(slot.goal, Goal::Rest, "it does not begin anew");
        arrive(&mut slot, &writer);
        assert_eq!(slot.goal, Goal::Begin(Span::Epoch));
        assert_eq!(slot.stored.as_ref().map(|stored| stored.step), Some(2));
    }

    #[test]
    fn what_becomes_of_the_runs_is_told() {
        use Fate::{GoesOn, IsLost, Waits};
        let told = |fates: &[Fate]| told("GPU", "it is gone", "CPU", fates);
        assert!(
            told(&[Waits]).contains("goes on from its last checkpoint once the disk has written it, on CPU")
        );
        assert!(told(&[GoesOn, Waits]).contains("go on from their last checkpoints once"));
        assert!(told(&[IsLost, Waits]).contains("1 of the runs had no checkpoint and are lost"));
        assert!(told(&[IsLost]).contains("train anew"));
    }
}
