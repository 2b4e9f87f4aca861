//! The one bridge between the window and the engine: commands go in, snapshots come out.
//!
//! A [`Session`] owns a worker thread with the device, the pictures and the run. The window never waits for
//! it: it sends a [`Command`] and reads the latest [`Snapshot`], plain data that is replaced as a whole. The
//! worker works in slices of some hundredths of a second, so that a command takes effect at the next step.

mod loader;
mod speed;
mod worker;

use std::sync::Arc;

use arc_swap::ArcSwap;
use crossbeam_channel::Sender;

use crate::data::DataSet;
use crate::engine::{DeviceChoice, DeviceInfo, EngineError};
use crate::experiment::{self, Experiment};
use crate::inspect::filters::Filters;
use crate::tensor::Extent;
use crate::train::curves::Curves;

/// What the window asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// This is the experiment now. Pictures are opened at once if they changed; rate, schedule, momentum and
    /// weight decay take effect at the next step; anything else makes the present run stale.
    Describe(Box<Experiment>),
    /// Trains until paused or the last epoch is done. Begins a new run if there is none, or if it is stale.
    Play,
    Pause,
    /// One step, then pause.
    Step,
    /// To the end of the epoch, then pause.
    Epoch,
    /// Back to step 0 with the same initial weights.
    Reset,
    /// Evaluates on the test pictures now.
    Evaluate,
    /// Moves to another device; the run starts anew.
    UseDevice(DeviceChoice),
    /// What the window shows at present; nothing else is computed for it.
    Watch(Watch),
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    pub filters: bool,
}

/// The latest state of everything, replaced as a whole.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub device: DeviceInfo,
    pub devices: Arc<[DeviceInfo]>,
    pub pictures: PicturesState,
    pub activity: Activity,
    /// The present run; none before the first.
    pub run: Option<RunSnapshot>,
    /// The curves of the run before, for comparison.
    pub previous: Option<Arc<Curves>>,
    /// What went wrong last, in a sentence or two for a person; none once something else succeeded.
    pub problem: Option<String>,
}

/// The pictures that the experiment asks for.
#[derive(Clone, Debug)]
pub enum PicturesState {
    /// Being made or read.
    Opening {
        source: String,
    },
    Ready(PicturesReady),
    Failed {
        source: String,
        message: String,
    },
}

#[derive(Clone, Debug)]
pub struct PicturesReady {
    /// The part of the experiment that they answer to.
    pub spec: experiment::Data,
    pub set: Arc<DataSet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Nothing is going on.
    Idle,
    /// Compiling, or waiting for the pictures in order to train.
    Preparing,
    Training,
    /// Running through the test pictures.
    Testing,
    /// The last epoch is done.
    Finished,
}

/// A run as it stands.
#[derive(Clone, Debug)]
pub struct RunSnapshot {
    /// Grows by one with each new run.
    pub number: u64,
    /// What it trains.
    pub experiment: Arc<Experiment>,
    /// Whether the experiment has since changed in a way that needs a new run.
    pub is_stale: bool,
    pub step: u64,
    pub steps_per_epoch: u64,
    /// Steps at the end of the last epoch.
    pub n_steps: u64,
    /// Training speed over the last second or so; 0 while not training.
    pub images_per_second: f64,
    pub curves: Arc<Curves>,
    /// Of the first convolution, if it is watched and there is one.
    pub filters: Option<Arc<Filters>>,
    /// Bytes of the device's memory for a step's transient values.
    pub arena_bytes: u64,
    pub input: Extent,
}

/// The window's end of the bridge. Dropping it ends the worker after its present slice of work.
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

impl Snapshot {
    fn first(device: DeviceInfo) -> Self {
        Self {
            devices: Arc::new([device.clone()]),
            device,
            pictures: PicturesState::Opening { source: String::new() },
            activity: Activity::Idle,
            run: None,
            previous: None,
            problem: None,
        }
    }
}
