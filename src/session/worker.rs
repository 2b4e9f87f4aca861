//! The worker thread: it alone holds the device and the runs. Commands and pictures come in, turns are taken,
//! snapshots go out.

mod devices;
mod folders;
mod pictures;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};

use super::fetcher::{Download, DownloadStage, Fetcher};
use super::keeping::{Done, Keeping, Writer};
use super::loader::{Loaded, Loader};
use super::runs::Runs;
use super::share::{self, Sharing};
use super::slot::{Goal, Slot, Span, Testing, Work};
use super::snapshot::Snapshot;
use super::watching::Watching;
use super::{Command, RunId};
use crate::engine::{self, Device, DeviceChoice};
use crate::experiment::Experiment;
use crate::train::TrainError;

/// Work between two looks at the commands: short against a person's patience.
const SLICE: Duration = Duration::from_millis(25);

/// At most so often is a snapshot published while training.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

type Notify = Box<dyn Fn() + Send + Sync>;

pub(super) fn spawn(
    device: Arc<dyn Device>,
    choice: DeviceChoice,
    inbox: Receiver<Command>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    notify: Notify,
    alive: Sender<()>,
) -> io::Result<()> {
    let state = (**snapshot.load()).clone();
    let worker = Worker {
        device,
        choice,
        inbox,
        published: snapshot,
        notify,
        state,
        runs: Runs::default(),
        loader: Loader::default(),
        fetcher: Fetcher::default(),
        watching: Watching::default(),
        sharing: Sharing::default(),
        keeping: Keeping::NOTHING,
        writer: Writer::default(),
        origin: origin(),
        lost_at: None,
        at_work: None,
        published_at: Instant::now(),
    };
    let work = move || {
        worker.work();
        drop(alive);
    };
    std::thread::Builder::new().name("training".into()).spawn(work).map(drop)
}

/// A number that no other session has had.
fn origin() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

struct Worker {
    device: Arc<dyn Device>,
    choice: DeviceChoice,
    inbox: Receiver<Command>,
    published: Arc<ArcSwap<Snapshot>>,
    notify: Notify,
    /// The snapshot as it will be published next, but for the runs.
    state: Snapshot,
    runs: Runs,
    loader: Loader,
    fetcher: Fetcher,
    watching: Watching,
    sharing: Sharing,
    keeping: Keeping,
    writer: Writer,
    /// Tells the twins of this session from those of others.
    origin: u64,
    /// When the device was lost last.
    lost_at: Option<Instant>,
    /// The run whose turn it is.
    at_work: Option<RunId>,
    published_at: Instant,
}

/// What a wait brought.
enum News {
    Command(Command),
    Pictures(Loaded),
    Download(Download),
    Folder(Box<Done>),
    /// The thread that writes folders has broken off.
    NoWriter,
    Nothing,
    /// The window is gone.
    End,
}

impl Worker {
    fn work(mut self) {
        self.state.devices = engine::devices().into();
        self.publish();
        loop {
            self.mend_device();
            let news = self.news();
            // A mistake in the program must not leave a window that waits for ever.
            let done = catch_unwind(AssertUnwindSafe(|| match news {
                News::Command(command) => {
                    self.obey(command);
                    self.see_to_folders(false);
                    self.publish();
                    true
                }
                News::Download(report) => {
                    self.take_download(report);
                    self.publish();
                    true
                }
                News::Pictures(loaded) => {
                    self.take_pictures(loaded);
                    self.publish();
                    true
                }
                News::Folder(done) => {
                    self.take_folder(*done);
                    self.see_to_folders(false);
                    self.publish();
                    true
                }
                News::NoWriter => {
                    self.lose_writer();
                    self.publish();
                    true
                }
                News::Nothing => {
                    self.turn();
                    true
                }
                News::End => {
                    self.finish();
                    false
                }
            }));
            match done {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => self.give_up(),
            }
        }
    }

    /// The next command or pictures. Waits for them where there is nothing else to do.
    fn news(&self) -> News {
        let works = self.runs.parties().iter().any(|party| !self.runs.due(party).is_empty());
        let looks = self.watching.is_due(&self.runs);
        let arrival = self.loader.arrival().unwrap_or_else(crossbeam_channel::never);
        let download = self.fetcher.arrival().unwrap_or_else(crossbeam_channel::never);
        let folder = self.writer.arrival().unwrap_or_else(crossbeam_channel::never);
        let broke_off = || Err("Reading the pictures broke off. Choose them again.".to_string());
        let download_broke_off = || Download {
            name: self.state.download.as_ref().map_or_else(String::new, |download| download.name.clone()),
            stage: DownloadStage::Failed(
                "The download broke off by a mistake in the program: try again.".into(),
            ),
        };
        crossbeam_channel::select! {
            recv(self.inbox) -> command => command.map_or(News::End, News::Command),
            recv(download) -> report => News::Download(report.unwrap_or_else(|_| download_broke_off())),
            recv(folder) -> done => done.map_or(News::NoWriter, |done| News::Folder(Box::new(done))),
            recv(arrival) -> loaded => News::Pictures(loaded.unwrap_or_else(|_| broke_off())),
            default(if works || looks { Duration::ZERO } else { self.until_retry() }) => News::Nothing,
        }
    }

    /// After a panic: the run at work is in an unknown state and goes, the others stay.
    fn give_up(&mut self) {
        self.watching.let_go();
        match self.at_work.take().and_then(|id| self.runs.get(id)) {
            Some(slot) => slot.give_up(),
            None => self.runs.slots.iter_mut().for_each(Slot::give_up),
        }
        self.publish();
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Describe(id, experiment) => self.describe(id, *experiment),
            Command::Add(new) => {
                let id = new.id;
                match self.runs.add(*new) {
                    Ok(()) => self.want_pictures(id),
                    Err(problem) => self.state.problem = Some(problem),
                }
            }
            Command::Open(open) => self.open_run(*open),
            Command::Keep(keeping) => self.keeping = keeping,
            Command::Remove(id) => self.runs.remove(id),
            Command::Restore => self.runs.restore(),
            Command::Rename(id, name) => {
                if let Some(slot) = self.runs.get(id) {
                    slot.seen.name = name;
                }
            }
            Command::Select(id) => self.select(id),
            Command::Part(id) => self.runs.part(id),
            Command::Play(id) => self.aim(id, Span::All),
            Command::PlayKeeping(id) => {
                if let Some(slot) = self.runs.get(id) {
                    slot.keeps = true;
                }
                self.aim(id, Span::All);
            }
            Command::Step(id) => self.aim(id, Span::Step),
            Command::Epoch(id) => self.aim(id, Span::Epoch),
            Command::Pause(id) => self.each(id, Slot::rest),
            Command::Reset(id) => self.each(id, Slot::reset),
            Command::Evaluate(id) => {
                if let Some(slot) = self.runs.get(id) {
                    slot.begin_test();
                }
            }
            Command::Share(sharing) => self.share(sharing),
            Command::UseDevice(choice) => self.use_device(&choice),
            Command::Fetch(name) => {
                if let Err(error) = self.fetcher.begin(&name) {
                    self.state.problem = Some(format!("The system gives no thread to fetch in: {error}."));
                }
            }
            Command::StopFetching => self.fetcher.stop(),
            Command::Watch(watch) => self.watching.set(watch),
        }
    }

    fn describe(&mut self, id: RunId, experiment: Experiment) {
        let memory = |runs: &mut Runs| runs.get(id).and_then(|slot| slot.memory());
        let before = memory(&mut self.runs);
        match self.runs.describe(id, experiment) {
            Ok(true) => self.want_pictures(id),
            Ok(false) => {}
            Err(problem) => self.state.problem = Some(problem),
        }
        // What was made ready to look at the run reads the memory of before.
        let is_same = match (&before, &memory(&mut self.runs)) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            _ => true,
        };
        if !is_same {
            self.watching.let_go();
        }
    }

    /// Does the same with a run and its twins.
    fn each(&mut self, id: RunId, act: impl Fn(&mut Slot)) {
        self.runs.with_twins(id).into_iter().for_each(|i| act(&mut self.runs.slots[i]));
    }

    fn select(&mut self, id: RunId) {
        if self.runs.get(id).is_some() {
            self.runs.current = Some(id);
        }
    }

    fn share(&mut self, sharing: Sharing) {
        self.sharing = sharing;
        // What was had in seconds says nothing of pictures.
        self.runs.slots.iter_mut().for_each(|slot| slot.spent = 0.0);
    }

    fn aim(&mut self, id: RunId, span: Span) {
        self.state.problem = None;
        self.runs.aim(id, span);
        self.open_pictures();
    }

    /// Some work for the one whose turn it is.
    fn turn(&mut self) {
        let parties = self.runs.parties();
        let claims = self.runs.claims(&parties);
        // Where nothing trains, there is time for looking.
        let Some(turn) = share::next(&claims) else {
            self.see_to_folders(false);
            return self.publish();
        };
        let party = &parties[turn];
        let begin = Instant::now();
        while begin.elapsed() < SLICE {
            let due = self.runs.due(party);
            if due.is_empty() || !self.work_together(party, &due) {
                break;
            }
        }
        self.watching.trained(begin.elapsed().as_secs_f64());
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
            self.carry_out(i, |slot, _| slot.test(SLICE));
            return false;
        }
        if let Some(i) = of(|slot| matches!(slot.goal, Goal::Begin(_))) {
            // Compiling takes its time, and a person should see why nothing moves.
            self.publish();
            // What looks at the run before would keep its memory from being given back.
            self.watching.let_go();
            self.carry_out(i, Slot::begin);
            return false;
        }
        let span = SLICE / due.len() as u32;
        let most = due.iter().map(|&i| self.runs.slots[i].n_possible(span)).min().unwrap_or(0);
        let n = most.min(self.runs.gap(party));
        for &i in due {
            self.carry_out(i, |slot, _| slot.train(n));
        }
        n > 0
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

    fn publish(&mut self) {
        self.runs.slots.iter_mut().for_each(Slot::look);
        let trains = self.runs.parties().iter().any(|party| !self.runs.due(party).is_empty());
        self.watching.look(&mut self.runs, trains);
        let removed = self.runs.removed.as_ref();
        self.state.removed = removed.map(|(_, slot)| (slot.id(), slot.seen.name.clone()));
        self.state.sharing = self.sharing;
        self.state.current = self.runs.current;
        self.state.views = self.watching.seen();
        self.state.spent = self.watching.spent;
        self.state.runs = self.runs.slots.iter().map(|slot| slot.seen.clone()).collect();
        self.published.store(Arc::new(self.state.clone()));
        self.published_at = Instant::now();
        (self.notify)();
    }
}
