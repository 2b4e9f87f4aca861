//! The worker thread: it alone holds the device and the runs. Commands and pictures come in, turns are taken,
//! snapshots go out.

mod devices;
mod folders;
mod pictures;
mod turns;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};

use super::courtesy::{self, Reserve};
use super::fetcher::{Download, DownloadStage, Fetcher};
use super::keeping::{Done, Keeping, Writer};
use super::loader::{Loaded, Loader};
use super::runs::Runs;
use super::share::Sharing;
use super::slot::{Slot, Span};
use super::snapshot::{Activity, Snapshot};
use super::watching::Watching;
use super::{Command, RunId};
use crate::engine::{self, Device, DeviceChoice};
use crate::experiment::Experiment;

/// At most so often is a snapshot published while training.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

type Notify = Box<dyn Fn() + Send + Sync>;

/// The worker's ends of what ties it to the window.
pub(super) struct Ends {
    pub inbox: Receiver<Command>,
    pub published: Arc<ArcSwap<Snapshot>>,
    pub notify: Notify,
    /// Goes when the worker does.
    pub alive: Sender<()>,
}

pub(super) fn spawn(
    device: Arc<dyn Device>,
    choice: DeviceChoice,
    ends: Ends,
    reserve: Reserve,
) -> io::Result<()> {
    let Ends { inbox, published, notify, alive } = ends;
    let state = (**published.load()).clone();
    let worker = Worker {
        device,
        choice,
        inbox,
        published,
        notify,
        state,
        runs: Runs::default(),
        loader: Loader::default(),
        fetcher: Fetcher::default(),
        watching: Watching::default(),
        sharing: Sharing::default(),
        reserve,
        keeping: Keeping::NOTHING,
        writer: Writer::default(),
        origin: origin(),
        lost_at: None,
        at_work: None,
        published_at: Instant::now(),
    };
    let work = move || {
        courtesy::lower_thread();
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
    /// What is left to the window.
    reserve: Reserve,
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
            // A mistake in the program, or in a driver, must not leave a window that waits for ever.
            let done = catch_unwind(AssertUnwindSafe(|| self.act()));
            match done {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => self.give_up(),
            }
        }
    }

    /// Does what is to be done next; whether there will be more.
    fn act(&mut self) -> bool {
        self.mend_device();
        match self.news() {
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
        // Should this be where the mistake lies, the next command is heard all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| self.publish()));
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
            Command::Remove(id) => {
                self.put_away(id);
                self.runs.remove(id);
            }
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
                self.aim(id, Span::All);
                if let Some(slot) = self.runs.get(id) {
                    slot.keeps = true;
                }
            }
            Command::Step(id) => self.aim(id, Span::Step),
            Command::Epoch(id) => self.aim(id, Span::Epoch),
            Command::Pause(id) => self.each(id, Slot::rest),
            Command::Reset(id) => {
                self.part_from(self.runs.with_twins(id));
                self.each(id, Slot::reset);
                self.open_pictures();
            }
            Command::Evaluate(id) => {
                if let Some(slot) = self.runs.get(id) {
                    slot.begin_test();
                }
            }
            Command::Share(sharing) => self.share(sharing),
            Command::Leave(share) => self.reserve.set(share),
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

    pub(super) fn describe(&mut self, id: RunId, experiment: Experiment) {
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

    fn publish(&mut self) {
        self.runs.slots.iter_mut().for_each(Slot::look);
        for ahead in self.runs.ahead() {
            let seen = &mut self.runs.slots[ahead].seen;
            (seen.activity, seen.images_per_second) = (Activity::Waiting, 0.0);
        }
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
