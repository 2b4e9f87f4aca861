//! The run folders of a session: nothing that the window trains is lost. The worker takes a [`Still`] of a run, which
//! costs a copy of its numbers, and goes on training; a thread of its own writes ([`writer`]), so that no disk keeps
//! the training waiting, and a full one does not end it.

mod writer;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::RunId;
use crate::experiment::Experiment;
use crate::train::folder::{Folder, Open, Still};
use crate::train::series::Kept as KeptStep;
use crate::train::{Run, TrainError};
pub use writer::{Done, Writer};
use writer::{Held, Job, Work};

/// Whether and how runs are kept on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Where their folders are made; none where nothing is kept.
    pub home: Option<PathBuf>,
    /// Time between two checkpoints of a run.
    pub every: Duration,
}

impl Keeping {
    pub const EVERY: Duration = Duration::from_secs(20);

    pub const NOTHING: Self = Self { home: None, every: Self::EVERY };

    /// What can be set between two checkpoints.
    pub const SECONDS: RangeInclusive<u64> = 1..=3600;

    /// As its user has set it for runs under `home`; as usual where nothing was set.
    pub fn load(home: &Path) -> Self {
        let read = fs::read_to_string(Setting::file(home)).ok();
        let Setting { is_on, seconds } =
            read.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let seconds = seconds.clamp(*Self::SECONDS.start(), *Self::SECONDS.end());
        Self { home: is_on.then(|| home.into()), every: Duration::from_secs(seconds) }
    }

    /// Keeps the setting for the next start.
    pub fn save(&self, home: &Path) -> io::Result<()> {
        let setting = Setting { is_on: self.home.is_some(), seconds: self.every.as_secs() };
        fs::create_dir_all(home)?;
        fs::write(Setting::file(home), serde_json::to_string(&setting)?)
    }
}

/// What is set, as its file has it.
#[derive(Serialize, Deserialize)]
struct Setting {
    is_on: bool,
    seconds: u64,
}

impl Default for Setting {
    fn default() -> Self {
        Self { is_on: true, seconds: Keeping::EVERY.as_secs() }
    }
}

impl Setting {
    fn file(home: &Path) -> PathBuf {
        home.join("keeping.json")
    }
}

/// What of a run is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its folder; none until the first checkpoint, or where nothing is kept.
    pub path: Option<PathBuf>,
    /// The step of the last checkpoint.
    pub step: Option<u64>,
    /// Why the last attempt to write failed, in a sentence or two for a person.
    pub problem: Option<String>,
}

/// Metrics are written so often between two checkpoints, for others to read.
const APPEND_EVERY: Duration = Duration::from_secs(1);

/// A checkpoint may take one part of the training's time in so many.
const LEAST_SHARE: u32 = 50;

/// Sees to the folder of one run, from the moment that it begins until it begins anew.
#[derive(Default)]
pub struct Keeper {
    /// How often the run had begun when this one began to see to it.
    pub number: u64,
    /// The folder, unless the writer has it.
    held: Option<Held>,
    is_away: bool,
    /// The last checkpoint that was tried, whatever came of it.
    tried: Option<Tried>,
    appended: Option<Instant>,
    /// How it stands in the window, as was noted last.
    noted: Option<Open>,
    /// What a run was before it began anew, if that is worth keeping and the writer has its folder still.
    parting: Option<Parting>,
    pub kept: Kept,
}

/// A last checkpoint, and how often the run had begun by then.
struct Parting {
    number: u64,
    still: Box<Still>,
}

/// When a checkpoint was tried, what it took to take it, and of what.
struct Tried {
    at: Instant,
    took: Duration,
    of: Content,
}

/// All in which two checkpoints of a run can differ.
#[derive(PartialEq)]
struct Content {
    step: u64,
    n_tests: usize,
    experiment: Experiment,
}

impl Content {
    fn of(run: &Run) -> Self {
        let (step, n_tests) = (run.progress().step, run.curves.tests.len());
        Self { step, n_tests, experiment: run.experiment.clone() }
    }
}

/// A run whose folder is to be seen to.
pub struct Kin<'a> {
    /// Which run, and how often it has begun.
    pub of: (RunId, u64),
    pub run: &'a mut Run,
    pub is_at_rest: bool,
    /// What is kept of it beside its last checkpoint.
    pub steps: &'a [Arc<KeptStep>],
    /// How a window has it open; none where it has been taken away.
    pub open: Option<Open>,
}

impl Keeper {
    /// Of a run that goes on from this folder.
    pub fn of_folder(folder: Folder, run: &Run) -> Self {
        let kept = Kept { path: Some(folder.path.clone()), step: Some(run.progress().step), problem: None };
        let tried = Tried { at: Instant::now(), took: Duration::ZERO, of: Content::of(run) };
        let held = Held { folder, is_worth_keeping: true };
        Self { held: Some(held), tried: Some(tried), kept, ..Self::default() }
    }

    /// Has written what is due: a checkpoint after a while of training and wherever training stops; metrics in
    /// between. Returns at once, but for the copy of the run's numbers.
    ///
    /// # Errors
    /// The device does not give them.
    pub fn see_to(&mut self, kin: Kin<'_>, keeping: &Keeping, writer: &mut Writer) -> Result<(), TrainError> {
        let Kin { of, is_at_rest, .. } = kin;
        if self.number != of.1 {
            self.leave(writer);
            *self = Self { number: of.1, parting: self.parting.take(), ..Self::default() };
        }
        if self.is_away || self.held.is_none() && (keeping.home.is_none() || kin.run.progress().step == 0) {
            return Ok(());
        }
        if self.is_due(kin.run, is_at_rest, keeping) {
            return self.checkpoint(kin, keeping, writer);
        }
        let Kin { run, open, .. } = kin;
        let is_noted = self.noted == open;
        let is_new = self.appended.is_none_or(|at| at.elapsed() >= APPEND_EVERY);
        let appends = keeping.home.is_some() && is_new && !is_at_rest;
        if is_noted && !appends {
            return Ok(());
        }
        let Some(held) = self.held.take() else { return Ok(()) };
        let work = match is_noted {
            false => Work::Note(held, open.clone()),
            true => Work::Append(held, run.curves.clone()),
        };
        (self.appended, self.noted) = (Some(Instant::now()), open);
        self.send(writer, Job { of, work });
        Ok(())
    }

    /// The run is about to begin anew: what it has learned since its last checkpoint is kept, if that is as much as is
    /// usual between two of them.
    ///
    /// # Errors
    /// The device does not give its numbers.
    pub fn part(&mut self, kin: Kin<'_>, keeping: &Keeping, writer: &mut Writer) -> Result<(), TrainError> {
        let Some(tried) = self.tried.as_ref().filter(|_| keeping.home.is_some() && self.number == kin.of.1)
        else {
            return Ok(());
        };
        let is_little = tried.at.elapsed() < keeping.every.min(Keeping::EVERY);
        if is_little || tried.of == Content::of(kin.run) {
            return Ok(());
        }
        match self.is_away {
            false => self.checkpoint(kin, keeping, writer),
            true => {
                let mut still = Still::of(kin.run)?;
                still.steps = kin.steps.to_vec();
                self.parting = Some(Parting { number: kin.of.1, still: Box::new(still) });
                Ok(())
            }
        }
    }

    /// The last checkpoint that the folder of a run that has begun anew since is to be left with.
    pub fn parting_of(&mut self, number: u64) -> Option<Box<Still>> {
        self.parting.take_if(|parting| parting.number == number).map(|parting| parting.still)
    }

    fn is_due(&self, run: &Run, is_at_rest: bool, keeping: &Keeping) -> bool {
        let Some(tried) = &self.tried else { return keeping.home.is_some() };
        let time = keeping.every.max(tried.took * LEAST_SHARE);
        let may = keeping.home.is_some() && (is_at_rest || tried.at.elapsed() >= time);
        // What failed is tried again.
        may && (tried.of != Content::of(run) || self.kept.problem.is_some() && tried.at.elapsed() >= time)
    }

    fn checkpoint(&mut self, kin: Kin<'_>, keeping: &Keeping, writer: &mut Writer) -> Result<(), TrainError> {
        let Kin { of, run, steps, open, .. } = kin;
        let at = Instant::now();
        let mut still = Still::of(run)?;
        still.steps = steps.to_vec();
        self.tried = Some(Tried { at, took: at.elapsed(), of: Content::of(run) });
        let work = match (self.held.take(), &keeping.home) {
            (Some(held), _) => Work::Checkpoint(held, Box::new(still), open.clone()),
            (None, Some(home)) => Work::Begin {
                home: home.clone(),
                set: Arc::clone(&run.set),
                still: Box::new(still),
                open: open.clone(),
            },
            (None, None) => return Ok(()),
        };
        (self.appended, self.noted) = (Some(at), open);
        self.send(writer, Job { of, work });
        Ok(())
    }

    fn send(&mut self, writer: &mut Writer, job: Job) {
        match writer.send(job) {
            Ok(()) => self.is_away = true,
            Err(error) => {
                self.kept.problem = Some(format!("The system gives no thread to write in: {error}."))
            }
        }
    }

    /// Takes the folder back, with what came of the writing.
    pub fn take_back(&mut self, done: Done) {
        // It has not begun anew after all.
        (self.is_away, self.parting) = (false, None);
        self.kept.path = done.held.as_ref().map(|held| held.folder.path.clone()).or(self.kept.path.take());
        self.held = done.held;
        match done.outcome {
            Ok(None) => {}
            Ok(Some(step)) => (self.kept.step, self.kept.problem) = (Some(step), None),
            Err(problem) => self.kept.problem = Some(told(problem, self.kept.step)),
        }
    }

    /// Gives the folder up: the run has begun anew. Where it holds no more than the first steps of a run that nobody
    /// stopped at, it is not worth keeping.
    fn leave(&mut self, writer: &mut Writer) {
        if let Some(held) = self.held.take() {
            writer.leave(held, None);
        }
    }

    /// The folder, to go on from its last checkpoint; none where there is none, or the writer has it.
    pub fn take(&mut self) -> Option<Folder> {
        self.held.take().map(|held| held.folder)
    }

    /// What the writer had comes back no more.
    pub fn lose_folder(&mut self) {
        if std::mem::take(&mut self.is_away) {
            let problem = "Writing the run broke off by a mistake in the program.".to_string();
            *self = Self { number: self.number, ..Self::default() };
            self.kept.problem = Some(told(problem, None));
        }
    }

    pub fn is_away(&self) -> bool {
        self.is_away
    }
}

fn told(problem: String, step: Option<u64>) -> String {
    match step {
        Some(step) => format!("{problem} Training goes on; the last checkpoint is that of step {step}."),
        None => format!("{problem} Training goes on, and nothing of it is kept."),
    }
}

#[cfg(test)]
mod tests;
