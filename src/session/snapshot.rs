//! What the worker publishes: plain data, the latest state of everything.

use std::sync::Arc;

use super::RunId;
use super::fetcher::Download;
use super::keeping::Kept;
use super::share::Sharing;
use super::watching::{At, Spent};
use crate::data::DataSet;
use crate::engine::{DeviceInfo, DeviceKind, EngineError};
use crate::experiment::{self, Experiment};
use crate::graph::Graph;
use crate::inspect::look::{Look, View};
use crate::tensor::Extent;
use crate::train::TrainError;
use crate::train::curves::Curves;

/// The latest state of everything, replaced as a whole.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub device: DeviceInfo,
    pub devices: Arc<[DeviceInfo]>,
    /// In the order in which they are shown.
    pub runs: Vec<RunSnapshot>,
    /// The run that cards, filters and instruments look at.
    pub current: Option<RunId>,
    /// What the runs have equal parts of.
    pub sharing: Sharing,
    /// What is seen of what is watched.
    pub views: Vec<Seen>,
    /// What looking took of training's time.
    pub spent: Spent,
    /// The run that was removed last and can be had back, with its name.
    pub removed: Option<(RunId, String)>,
    /// The data set that is being fetched, or was last.
    pub download: Option<Download>,
    /// What went wrong with the session itself, in a sentence or two for a person.
    pub problem: Option<String>,
}

/// A run as it stands; it need not have begun.
#[derive(Clone, Debug)]
pub struct RunSnapshot {
    pub id: RunId,
    pub name: String,
    /// By which colour and which marker it is known: the least number that no other run has.
    pub mark: usize,
    /// With which others it goes in lockstep: those of the same number.
    pub twins: Option<u64>,
    /// What it trains, or will train once it begins.
    pub experiment: Arc<Experiment>,
    /// What its experiment asks for.
    pub pictures: PicturesState,
    pub activity: Activity,
    /// What went wrong with it last, in a sentence or two for a person; none once something else succeeded.
    pub problem: Option<String>,
    /// Where that, or the note, is that memory is short: how much there was.
    pub shortage: Option<Shortage>,
    /// What a person should know of it though nothing went wrong.
    pub note: Option<String>,
    /// A description that the run could not take over, for want of memory; none once another has come in.
    pub refused: Option<Refused>,
    /// What of it is on the disk.
    pub kept: Kept,
    /// Whether there are weights: before, everything that follows is empty.
    pub has_begun: bool,
    /// Grows by one each time it begins anew.
    pub number: u64,
    /// Whether the experiment has since changed in a way that needs a new beginning.
    pub is_stale: bool,
    pub step: u64,
    /// Steps at which it can be looked at again ([`At::Step`]).
    pub kept_steps: Arc<[u64]>,
    pub steps_per_epoch: u64,
    /// Steps at the end of the last epoch.
    pub n_steps: u64,
    /// Training speed over the last second or so, turns of other runs counted in; 0 while not training.
    pub images_per_second: f64,
    pub curves: Arc<Curves>,
    /// The curves before it began anew, for comparison.
    pub previous: Option<Arc<Curves>>,
    /// The net that it trains, as drawn.
    pub graph: Option<Arc<Graph>>,
    /// Bytes of the device's memory for a step's transient values.
    pub arena_bytes: u64,
    /// Of a picture.
    pub input: Option<Extent>,
}

/// A description for which there was no room.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub asked: Arc<Experiment>,
    /// What the run is described by instead: the same, but for what there was no room for.
    pub kept: Arc<Experiment>,
}

/// How much there was where memory was short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub kind: DeviceKind,
    pub available_bytes: u64,
}

impl Shortage {
    pub(super) fn of(error: &TrainError) -> Option<Self> {
        match error {
            TrainError::Engine(EngineError::OutOfMemory { kind, available, .. }) => {
                Some(Self { kind: *kind, available_bytes: *available })
            }
            _ => None,
        }
    }
}

/// What was seen of a run at one step.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Another one for each view that this program has seen: two views may come to lie at one address.
    pub serial: u64,
    pub look: Look,
    pub run: RunId,
    /// How often the run had begun.
    pub number: u64,
    pub at: At,
    /// Steps behind the weights that were looked at; 0 of those of a file.
    pub step: u64,
    /// What is to be noted of the file that the weights are from: other names of the classes, say.
    pub note: Option<Arc<str>>,
    /// Whether that is all there is to see; otherwise there is more to come.
    pub is_whole: bool,
    /// Or why it cannot be seen, in a sentence or two for a person.
    pub view: Result<Arc<View>, String>,
}

/// The pictures that an experiment asks for.
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
    /// Ahead of twins in lockstep, until they have caught up.
    Waiting,
    /// Running through the test pictures.
    Testing,
    /// The last epoch is done.
    Finished,
}

impl Activity {
    /// Whether it is on its way to what was asked for.
    pub fn is_work(self) -> bool {
        matches!(self, Self::Preparing | Self::Training | Self::Waiting | Self::Testing)
    }
}

/// Of a session without runs.
static NO_PICTURES: PicturesState = PicturesState::Opening { source: String::new() };

impl Snapshot {
    pub(super) fn first(device: DeviceInfo) -> Self {
        Self {
            devices: Arc::new([device.clone()]),
            device,
            runs: Vec::new(),
            current: None,
            sharing: Sharing::default(),
            views: Vec::new(),
            spent: Spent::default(),
            removed: None,
            download: None,
            problem: None,
        }
    }

    /// The current run, which may not have begun.
    pub fn run(&self) -> Option<&RunSnapshot> {
        self.run_of(self.current?)
    }

    pub fn run_of(&self, id: RunId) -> Option<&RunSnapshot> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// The current run, if it has begun.
    pub fn begun(&self) -> Option<&RunSnapshot> {
        self.run().filter(|run| run.has_begun)
    }

    /// What the current run's experiment asks for.
    pub fn pictures(&self) -> &PicturesState {
        self.run().map_or(&NO_PICTURES, |run| &run.pictures)
    }

    /// What goes on with the current run.
    pub fn activity(&self) -> Activity {
        self.run().map_or(Activity::Idle, |run| run.activity)
    }

    /// What is seen of the current run by this look, if anything yet.
    pub fn seen(&self, look: &Look) -> Option<&Seen> {
        self.current.and_then(|run| self.views_of(run, &At::Now).find(|seen| seen.look == *look))
    }

    /// The same, or until that is there what was seen last by a look that is [alike](Look::is_alike).
    pub fn seen_about(&self, look: &Look) -> Option<&Seen> {
        self.current.and_then(|run| self.seen_of(run, &At::Now, look))
    }

    /// What is seen of a run; until that is there, what was seen last by a look that is [alike](Look::is_alike), or at
    /// another of its steps.
    pub fn seen_of<'a>(&'a self, run: RunId, at: &At, look: &Look) -> Option<&'a Seen> {
        let views = || self.views_of(run, at);
        views().find(|seen| seen.look == *look).or_else(|| views().find(|seen| seen.look.is_alike(look)))
    }

    fn views_of<'a, 'b>(&'a self, run: RunId, at: &'b At) -> impl Iterator<Item = &'a Seen> + use<'a, 'b> {
        let begun = self.run_of(run).filter(|run| run.has_begun).map(|run| (run.id, run.number));
        self.views.iter().filter(move |seen| Some((seen.run, seen.number)) == begun && seen.at.is_alike(at))
    }

    /// What went wrong with the session or with the current run.
    pub fn problem(&self) -> Option<&String> {
        self.problem.as_ref().or_else(|| self.run()?.problem.as_ref())
    }
}

impl RunSnapshot {
    /// Epochs done, with a fraction.
    pub fn epochs_done(&self) -> f64 {
        let by_steps = self.step as f64 / self.steps_per_epoch.max(1) as f64;
        // Where the batch was changed on the way, the records know better.
        let is_even = self.curves.batches.len() < 2;
        self.curves.last().filter(|_| !is_even).map_or(by_steps, |record| record.epoch)
    }

    /// Epochs in all.
    pub fn n_epochs(&self) -> u64 {
        match self.curves.batches.len() {
            0 | 1 => self.n_steps / self.steps_per_epoch.max(1),
            _ => self.experiment.train.epochs as u64,
        }
    }

    /// A run of this experiment that nothing has been done with.
    pub fn new(id: RunId, experiment: Arc<Experiment>) -> Self {
        Self {
            id,
            name: experiment.title.clone(),
            mark: 0,
            twins: None,
            pictures: PicturesState::Opening { source: experiment.data.source.clone() },
            experiment,
            activity: Activity::Idle,
            problem: None,
            shortage: None,
            note: None,
            refused: None,
            kept: Kept::default(),
            has_begun: false,
            number: 0,
            is_stale: false,
            step: 0,
            kept_steps: Arc::new([]),
            steps_per_epoch: 0,
            n_steps: 0,
            images_per_second: 0.0,
            curves: Arc::default(),
            previous: None,
            graph: None,
            arena_bytes: 0,
            input: None,
        }
    }
}
