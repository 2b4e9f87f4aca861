//! The one bridge between the window and the engine: commands go in, snapshots come out.
//!
//! A [`Session`] owns a worker thread with the device, the pictures and the runs. The window never waits for
//! it: it sends a [`Command`] and reads the latest [`Snapshot`], plain data that is replaced as a whole. The
//! worker works in turns of some hundredths of a second, so that a command takes effect at the next step. Runs
//! share one device and its arena: a turn is one run's, or that of twins in lockstep, and ends with a step.

mod fetcher;
mod loader;
mod runs;
mod share;
mod slot;
mod snapshot;
mod speed;
mod watching;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use crossbeam_channel::Sender;

use crate::engine::{DeviceChoice, EngineError};
use crate::experiment::Experiment;
pub use fetcher::{Download, DownloadStage};
pub use share::Sharing;
pub use snapshot::{Activity, PicturesReady, PicturesState, RunSnapshot, Seen, Snapshot};
pub use watching::{Spent, Watch};

/// At most so many runs are there at once.
pub const MOST_RUNS: usize = 16;

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
    /// Back to step 0 with the same initial weights.
    Reset(RunId),
    /// Evaluates on the test pictures now, this run alone.
    Evaluate(RunId),
    /// What runs have equal parts of.
    Share(Sharing),
    /// Moves to another device; all runs start anew.
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

/// The window's end of the bridge. Dropping it ends the worker after its present turn.
pub struct Session {
    commands: Sender<Command>,
    snapshot: Arc<ArcSwap<Snapshot>>,
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
        let device = crate::engine::open(choice)?;
        let (commands, inbox) = crossbeam_channel::unbounded();
        let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::first(device.info().clone())));
        worker::spawn(device, choice.clone(), inbox, snapshot.clone(), Box::new(notify))?;
        Ok(Self { commands, snapshot })
    }

    /// Asks for something. Never waits.
    pub fn send(&self, command: Command) {
        // The worker lives as long as this sender; if it died of a bug, the snapshot stays as it was.
        let _ = self.commands.send(command);
    }

    /// The latest state. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
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
