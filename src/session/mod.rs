//! The one bridge between the window and the engine: commands go in, snapshots come out.
//!
//! A [`Session`] owns a worker thread with the device, the pictures and the runs. The window never waits for
//! it: it sends a [`Command`] and reads the latest [`Snapshot`], plain data that is replaced as a whole. The
//! worker works in turns of some hundredths of a second, so that a command takes effect at the next step. Runs
//! share one device and its arena: a turn is one run's, or that of twins in lockstep, and ends with a step.

mod courtesy;
mod fetcher;
mod keeping;
mod loader;
mod runs;
mod share;
mod slot;
mod snapshot;
mod speed;
#[cfg(test)]
mod tests;
mod watching;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};

use crate::engine::{Device, DeviceChoice, EngineError};
use crate::experiment::Experiment;
use courtesy::Reserve;
pub use courtesy::{Frames, MOST_SHARE, SHARE};
pub use fetcher::{Download, DownloadStage};
pub use keeping::{Keeping, Kept};
pub use share::Sharing;
pub use snapshot::{Activity, PicturesReady, PicturesState, Refused, RunSnapshot, Seen, Shortage, Snapshot};
pub use watching::{At, Elsewhere, Spent, Watch};

/// At most so many runs are there at once.
pub const MOST_RUNS: usize = 16;

/// How long a session waits for its worker to end.
const MOST_PATIENCE: Duration = Duration::from_secs(12);

/// A run of this session. Whoever adds one gives it its identity, so that nobody waits to learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

impl RunId {
    /// One that nobody has had.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What the window asks for. What concerns a run that is not there, is passed over. What is asked of a run in
/// lockstep is asked of its twins as well, except where it says otherwise.
#[derive(Clone, Debug)]
pub enum Command {
    /// This is the experiment of the run now; a run that is not there yet is added behind the current one.
    /// Pictures are opened at once if they changed; rate, schedule, momentum and weight decay take effect at
    /// the next step; anything else makes a run that has begun stale. Of this run alone.
    Describe(RunId, Box<Experiment>),
    Add(Box<NewRun>),
    /// Adds a run of the past, which goes on from the last checkpoint in its folder.
    Open(Box<OpenRun>),
    /// Takes it away, twins left; [`Command::Restore`] brings the last one back as it was.
    Remove(RunId),
    Restore,
    Rename(RunId, String),
    /// This is the run that is looked at.
    Select(RunId),
    /// It goes on by itself from now on, without its twins.
    Part(RunId),
    /// Trains until paused or the last epoch is done. Begins anew where it has not begun, or is stale.
    Play(RunId),
    /// [`Command::Play`]; where that begins anew, with the weights of the layers that still fit what it has trained.
    /// Its twins begin as ever.
    PlayKeeping(RunId),
    Pause(RunId),
    /// One step, then pause.
    Step(RunId),
    /// To the end of the epoch, then pause.
    Epoch(RunId),
    /// Back to step 0 with the same initial weights: those that it drew, or kept of what was trained before.
    Reset(RunId),
    /// Evaluates on the test pictures now, this run alone.
    Evaluate(RunId),
    /// What runs have equal parts of.
    Share(Sharing),
    /// Of the processor's time, this share is left to the frames of the window that fall into it, 0 to [`MOST_SHARE`];
    /// [`SHARE`] at first. What is computed does not depend on it.
    Leave(f64),
    /// Whether and how runs are kept on the disk; at first nothing is.
    Keep(Keeping),
    /// Moves to another device, where all runs go on.
    UseDevice(DeviceChoice),
    /// Fetches the published data set of this name from the internet, on the user's word.
    Fetch(String),
    /// Stops fetching.
    StopFetching,
    /// What the window shows at present; nothing else is computed for it.
    Watch(Watch),
}

/// A run to be added.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub id: RunId,
    pub name: String,
    pub experiment: Experiment,
    /// Behind which it is shown; at the end where it is not given.
    pub behind: Option<RunId>,
    /// With which it goes in lockstep from now on.
    pub twin_of: Option<RunId>,
}

/// A run of the past to be opened.
#[derive(Clone, Debug)]
pub struct OpenRun {
    /// As what; its experiment is the one in the folder.
    pub new: Box<NewRun>,
    pub path: PathBuf,
    /// Whether it goes on at once.
    pub trains: bool,
}

/// The window's end of the bridge. Dropping it ends the worker after its present turn, once the runs that it keeps are
/// on the disk.
pub struct Session {
    commands: Option<Sender<Command>>,
    /// Ends with the worker.
    end: Receiver<()>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    frames: Frames,
}

impl Session {
    /// Starts the worker. `notify` is called from its thread whenever there is a new snapshot.
    ///
    /// # Errors
    /// The device chosen cannot be had, or the system gives no thread.
    pub fn start(
        choice: &DeviceChoice,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, SessionError> {
        courtesy::lower_pool();
        Self::on(crate::engine::open(choice)?, choice, notify)
    }

    /// [`Session::start`] on a device that answered to the choice.
    fn on(
        device: Arc<dyn Device>,
        choice: &DeviceChoice,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, SessionError> {
        let (commands, inbox) = crossbeam_channel::unbounded();
        let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::first(device.info().clone())));
        let (alive, end) = crossbeam_channel::bounded(0);
        let reserve = Reserve::default();
        let frames = reserve.frames.clone();
        let ends = worker::Ends { inbox, published: snapshot.clone(), notify: Box::new(notify), alive };
        worker::spawn(device, choice.clone(), ends, reserve)?;
        Ok(Self { commands: Some(commands), end, snapshot, frames })
    }

    /// Asks for something. Never waits.
    pub fn send(&self, command: Command) {
        // The worker lives as long as this sender; if it died of a bug, the snapshot stays as it was.
        let _ = self.commands.as_ref().map(|commands| commands.send(command));
    }

    /// The latest state. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Where the window says when it draws.
    pub fn frames(&self) -> Frames {
        self.frames.clone()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.commands = None;
        // Nothing is ever sent: this waits until the worker is gone, or for so long as a person waits for a window to
        // close.
        let _ = self.end.recv_timeout(MOST_PATIENCE);
    }
}

/// Why the worker could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("The system gives no thread to train in: {0}.")]
    Thread(#[from] std::io::Error),
}
