//! Run folders: what a run leaves on disk, so that nothing is lost. The only module that knows them.
//!
//! - `experiment.toml`, what is trained, to be read and to be trained anew;
//! - `metrics.csv`, what each step and each test said ([`metrics`]);
//! - `checkpoint.safetensors`, where the run stands ([`checkpoint`]).
//!
//! The metrics are on the disk before the checkpoint that counts on them, and the checkpoint takes the place of the
//! one before in one act: whenever the program ends, and however, the run goes on from the last checkpoint, and from
//! there as if it had never stopped. What the metrics hold beyond it is then cut off.

mod checkpoint;
mod metrics;
mod past;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::replace::{self, replace};
use super::{Run, TrainError, digest};
use crate::data::{DataSet, catalogue};
use crate::engine::{self, Device};
use crate::experiment::{Experiment, file};
use checkpoint::{Checkpoint, Record};
use metrics::Metrics;
pub use past::{Past, PastState, delete, fresh, home, list};

/// The experiment's file in a run folder.
pub const EXPERIMENT: &str = "experiment.toml";

/// Held for as long as a program writes the run.
const LOCK: &str = ".lock";

/// Why a folder cannot be written to or gone on from, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(
        "{} already holds a run of {step} steps. Go on with it (`--resume {}`), or choose another folder.",
        path.display(), path.display()
    )]
    Occupied { path: PathBuf, step: u64 },
    #[error("{} already holds a file called `{name}`, which a run would overwrite. Choose another folder.", path.display())]
    Foreign { path: PathBuf, name: &'static str },
    #[error("{} holds no run to go on with. Give a folder that `--out` has written.", path.display())]
    Nothing { path: PathBuf },
    #[error("{} is being written by another window or command. Wait until it has ended, or end it.", path.display())]
    InUse { path: PathBuf },
    #[error(
        "The run in {} cannot be gone on with: {what}. Train its experiment anew, in another folder.",
        path.display()
    )]
    Damaged { path: PathBuf, what: String },
    #[error(
        "The pictures are not those that the run in {} was trained on. Put them back as they were, or begin anew from \
         its weights (`--init {}`).",
        path.display(), path.join(checkpoint::FILE).display()
    )]
    OtherPictures { path: PathBuf },
    #[error("{} cannot be written: {reason}. Make room, or choose another place.", path.display())]
    Write { path: PathBuf, reason: String },
    #[error("{} cannot be deleted: {reason}.", path.display())]
    Delete { path: PathBuf, reason: String },
}

/// A run folder that is being written.
pub struct Folder {
    pub path: PathBuf,
    /// Steps after which the run ends, where that is not the end of its last epoch.
    pub last_step: Option<u64>,
    metrics: Metrics,
    /// The experiment as it stands in its file.
    written: Option<Experiment>,
    pictures: u64,
    /// Where relative paths begin.
    begin: String,
    _lock: Option<File>,
}

impl Folder {
    /// A folder for a run, with a first checkpoint of it; made if it is not there.
    ///
    /// # Errors
    /// It holds a run, or files that would be overwritten; it cannot be written.
    pub fn create(path: &Path, run: &mut Run, last_step: Option<u64>) -> Result<Self, TrainError> {
        check_free(path)?;
        fs::create_dir_all(path).map_err(|error| cannot_write(path, error))?;
        let lock = lock(path)?;
        let begin = std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned();
        let metrics =
            Metrics::create(path).map_err(|error| cannot_write(&path.join(metrics::FILE), error))?;
        let pictures = digest::of_pictures(&run.set);
        let mut folder =
            Self { path: path.into(), last_step, metrics, written: None, pictures, begin, _lock: lock };
        folder.checkpoint(run)?;
        Ok(folder)
    }

    /// Writes the metrics that have come in since, which is all that others see of the run between two checkpoints.
    pub fn append(&mut self, run: &Run) -> Result<(), TrainError> {
        let path = || self.path.join(metrics::FILE);
        let appended = self.metrics.append(&run.curves);
        Ok(appended.map_err(|error| cannot_write(&path(), error))?)
    }

    /// Writes metrics and a checkpoint of the run as it is once all steps asked for are done.
    ///
    /// # Errors
    /// The disk is full, say. The checkpoint before is still there and valid, and the next attempt may succeed.
    pub fn checkpoint(&mut self, run: &mut Run) -> Result<(), TrainError> {
        let standing = run.standing()?;
        self.append(run)?;
        let synced = self.metrics.sync();
        let metrics_bytes = synced.map_err(|error| cannot_write(&self.path.join(metrics::FILE), error))?;
        let progress = run.progress();
        let (_, error) =
            run.curves.mean_of_last(progress.steps_per_epoch as usize).unwrap_or((f64::NAN, f64::NAN));
        let record = Record {
            step: standing.step,
            n_steps: self.last_step.unwrap_or(progress.n_steps),
            seconds: standing.seconds,
            n_epochs_heard: standing.plateau.n_epochs,
            best_error: standing.plateau.best,
            n_bad_epochs: standing.plateau.n_bad,
            rate_factor: standing.plateau.factor,
            metrics_bytes,
            pictures: self.pictures,
            folder: self.begin.clone(),
            device: run.device().info().clone(),
            kernels: run.device().kernels(),
            error,
            test_error: run.curves.tests.last().map(|test| test.error).filter(|error| error.is_finite()),
        };
        checkpoint::write(&self.path, run, &record)?;
        self.write_experiment(&run.experiment)
    }

    /// Keeps the experiment's file at what is trained: settings may change while a run goes on.
    fn write_experiment(&mut self, experiment: &Experiment) -> Result<(), TrainError> {
        if self.written.as_ref() == Some(experiment) {
            return Ok(());
        }
        let path = self.path.join(EXPERIMENT);
        let text = file::write(experiment);
        let failed = |error| cannot_write(&path, error);
        replace(&path, failed, |file| std::io::Write::write_all(file, text.as_bytes()).map_err(failed))?;
        self.written = Some(experiment.clone());
        Ok(())
    }
}

/// A run as its folder tells of it, not yet going on.
pub struct Stored {
    pub path: PathBuf,
    /// As it was at the checkpoint, but for the source of the pictures, which is where it is to be found from here.
    pub experiment: Experiment,
    /// Steps done.
    pub step: u64,
    /// Steps after which the run ends.
    pub n_steps: u64,
    checkpoint: Checkpoint,
    lock: Option<File>,
}

/// Opens a run folder to go on with, and keeps others from writing it.
///
/// # Errors
/// It holds no run, a damaged one, or one that is being written.
pub fn open(path: &Path) -> Result<Stored, FolderError> {
    let checkpoint = Checkpoint::open(path)?;
    let lock = lock(path)?;
    let mut experiment = checkpoint.experiment.clone();
    if let Some(source) = moved_source(&experiment.data.source, &checkpoint.record.folder) {
        experiment.data.source = source;
    }
    let Record { step, n_steps, .. } = checkpoint.record;
    Ok(Stored { path: path.into(), experiment, step, n_steps, checkpoint, lock })
}

impl Stored {
    /// The device on which the run was computed.
    pub fn device(&self) -> Result<Arc<dyn Device>, TrainError> {
        let Record { device, kernels, .. } = &self.checkpoint.record;
        Ok(engine::open_again(device, kernels)?)
    }

    /// The name of that device.
    pub fn device_name(&self) -> &str {
        &self.checkpoint.record.device.name
    }

    /// Why the run would not go on bit for bit on this device, if so.
    pub fn difference(&self, device: &dyn Device) -> Option<String> {
        let recorded = &self.checkpoint.record.kernels;
        let now = device.kernels();
        (*recorded != now).then(|| {
            format!(
                "The run was computed with {recorded} and goes on with {now}: from here on its numbers may differ in \
                 their last digits."
            )
        })
    }

    /// Goes on: a run that stands where the checkpoint was written, and its folder, rid of what came after.
    ///
    /// # Errors
    /// The pictures are not those of then; a device without room; a folder that has been tampered with.
    pub fn resume(mut self, set: Arc<DataSet>, device: Arc<dyn Device>) -> Result<(Run, Folder), TrainError> {
        let record = self.checkpoint.record.clone();
        if digest::of_pictures(&set) != record.pictures {
            return Err(FolderError::OtherPictures { path: self.path }.into());
        }
        let mut run = Run::new(&self.experiment, set, device)?;
        self.checkpoint.restore(&mut run)?;
        let damaged = |what: String| FolderError::Damaged { path: self.path.clone(), what };
        let (metrics, curves) =
            Metrics::open(&self.path, record.metrics_bytes, record.step).map_err(damaged)?;
        run.stand(record.standing(), curves)?;
        // What was growing when the program ended.
        for name in [checkpoint::FILE, EXPERIMENT] {
            let _ = fs::remove_file(replace::partial(&self.path.join(name)));
        }
        let folder = Folder {
            last_step: Some(record.n_steps).filter(|&n_steps| n_steps != run.progress().n_steps),
            metrics,
            written: None,
            pictures: record.pictures,
            begin: std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned(),
            path: self.path,
            _lock: self.lock,
        };
        Ok((run, folder))
    }
}

/// Whether a folder can take a new run; makes nothing.
///
/// # Errors
/// It holds a run, or files that would be overwritten.
pub fn check_free(path: &Path) -> Result<(), FolderError> {
    match Checkpoint::open(path) {
        Ok(found) => return Err(FolderError::Occupied { path: path.into(), step: found.record.step }),
        Err(FolderError::Nothing { .. }) => {}
        Err(_) => return Err(FolderError::Foreign { path: path.into(), name: checkpoint::FILE }),
    }
    // A run that was ended before its first checkpoint leaves metrics without a row, which nobody misses.
    let is_taken =
        |name: &&str| path.join(name).exists() && !(*name == metrics::FILE && metrics::is_empty(path));
    let taken = [metrics::FILE, EXPERIMENT].into_iter().find(is_taken);
    taken.map_or(Ok(()), |name| Err(FolderError::Foreign { path: path.into(), name }))
}

/// Keeps other programs from writing the run until it is dropped, or the program ends, however it ends; where the file
/// system knows no locks nobody is kept from it.
fn lock(folder: &Path) -> Result<Option<File>, FolderError> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(|error| cannot_write(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(FolderError::InUse { path: folder.into() }),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Where a relative source of pictures is to be found, seen from another working folder than the recorded one.
fn moved_source(source: &str, recorded: &str) -> Option<String> {
    let is_named = catalogue::names().any(|name| name == source);
    if is_named || Path::new(source).is_absolute() || Path::new(source).exists() {
        return None;
    }
    let there = Path::new(recorded).join(source);
    there.exists().then(|| there.to_string_lossy().into_owned())
}

fn cannot_write(path: &Path, error: std::io::Error) -> FolderError {
    FolderError::Write { path: path.into(), reason: error.to_string() }
}

#[cfg(test)]
mod tests;
