//! Run folders: what a run leaves on disk, so that nothing is lost. The only module that knows them.
//!
//! - `experiment.toml`, what is trained, to be read and to be trained anew;
//! - `metrics.csv`, what each step and each test said ([`metrics`]);
//! - `checkpoint.safetensors`, where the run stands ([`checkpoint`]);
//! - `start.safetensors`, where the run began, if not at weights that its seed says ([`start`]);
//! - `steps/`, its weights at some of its steps ([`steps`](mod@steps));
//! - `window.json`, where a window has the run open ([`open`](mod@open));
//! - `written.toml`, what was written or changed by hand and is not trained ([`written`](mod@written)).
//!
//! The metrics are on the disk before the checkpoint that counts on them, and the checkpoint takes the place of the
//! one before in one act: whenever the program ends, and however, the run goes on from the last checkpoint, and from
//! there as if it had never stopped. What the metrics hold beyond it is then cut off.

mod checkpoint;
mod metrics;
mod open;
mod past;
mod start;
mod steps;
mod still;
mod written;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::curves::Curves;
use super::replace::{self, replace};
use super::series::Kept;
use super::weights::Numbers;
use super::weights::check;
use super::{Run, TrainError, digest};
use crate::data::{DataSet, catalogue};
use crate::engine::{self, Device};
use crate::experiment::figures::counted;
use crate::experiment::{Experiment, file, unwritable};
use checkpoint::{Checkpoint, Head, Record};
use metrics::Metrics;
pub use open::{Open, of as noted, put_away};
pub use past::{Past, PastState, delete, fresh, home, list, look, sweep_away};
pub use steps::{kept, steps};
pub use still::Still;
use still::{Place, Stand};
pub use written::{keep_written, written};

/// The experiment's file in a run folder.
pub const EXPERIMENT: &str = "experiment.toml";

/// Held for as long as a program writes the run.
const LOCK: &str = ".lock";

/// Why a folder cannot be written to or gone on from, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(
        "{} already holds a run of {}. Go on with it (`--resume {}`), or choose another folder.",
        path.display(), counted(*step, "step"), path.display()
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
    #[error("{} cannot be written: {reason}", path.display())]
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
    /// Whether the weights that the run began with are there.
    has_start: bool,
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
        let mut folder = Self::begin(path, &run.set, last_step)?;
        folder.checkpoint(run)?;
        Ok(folder)
    }

    /// A folder for a run on these pictures, without a checkpoint of it: one that is ended now leaves nothing.
    ///
    /// # Errors
    /// It holds a run, or files that would be overwritten; it cannot be written.
    pub fn begin(path: &Path, set: &DataSet, last_step: Option<u64>) -> Result<Self, FolderError> {
        check_free(path)?;
        fs::create_dir_all(path).map_err(|error| cannot_write(path, error))?;
        let lock = lock(path)?;
        let begin = working_folder();
        let metrics =
            Metrics::create(path).map_err(|error| cannot_write(&path.join(metrics::FILE), error))?;
        let pictures = digest::of_pictures(set, &set.classes);
        let (written, has_start) = (None, false);
        Ok(Self { path: path.into(), last_step, metrics, written, pictures, has_start, begin, _lock: lock })
    }

    /// Writes the metrics that have come in since, which is all that others see of the run between two checkpoints.
    pub fn append(&mut self, curves: &Curves) -> Result<(), FolderError> {
        let appended = self.metrics.append(curves);
        appended.map_err(|error| cannot_write(&self.path.join(metrics::FILE), error))
    }

    /// Writes metrics and a checkpoint of the run as it is once all steps asked for are done.
    ///
    /// # Errors
    /// The disk is full, say. The checkpoint before is still there and valid, and the next attempt may succeed.
    pub fn checkpoint(&mut self, run: &mut Run) -> Result<(), TrainError> {
        let stand = Stand::of(run)?;
        let head = Head::of(run);
        self.write_start(&head, run.start())?;
        let metrics_bytes = self.metrics_of(&run.curves)?;
        let record = stand.record(&run.curves, &self.place(metrics_bytes));
        checkpoint::write(&self.path, &head, &record, |writer| {
            run.lasting().into_iter().try_for_each(|tensor| run.put_lasting(tensor, writer))
        })?;
        Ok(self.write_experiment(&run.experiment)?)
    }

    /// [`Folder::checkpoint`] of a run as it was.
    pub fn write(&mut self, still: &Still) -> Result<(), TrainError> {
        self.write_start(&still.head, still.start.as_ref())?;
        let metrics_bytes = self.metrics_of(&still.curves)?;
        let record = still.record(&self.place(metrics_bytes));
        checkpoint::write(&self.path, &still.head, &record, |writer| still.put(writer))?;
        self.write_experiment(&still.head.experiment)?;
        steps::write(&self.path, &still.head, &still.steps)
    }

    /// Writes what is kept of the run beside its last checkpoint.
    ///
    /// # Errors
    /// As of [`Folder::checkpoint`], which does not depend on it.
    pub fn keep_steps(&self, run: &Run, kept: &[Arc<Kept>]) -> Result<(), TrainError> {
        steps::write(&self.path, &Head::of(run), kept)
    }

    /// Notes that a window has the run open.
    pub fn note_open(&self, open: &Open) -> Result<(), FolderError> {
        open::note(&self.path, open)
    }

    /// The run as its last checkpoint tells of it, to go on with in place of this.
    ///
    /// # Errors
    /// Somebody has tampered with it.
    pub fn reopen(self) -> Result<Stored, FolderError> {
        stored(&self.path, self._lock)
    }

    /// Puts all metrics on the disk; how many bytes they are.
    fn metrics_of(&mut self, curves: &Curves) -> Result<u64, FolderError> {
        self.append(curves)?;
        self.metrics.sync().map_err(|error| cannot_write(&self.path.join(metrics::FILE), error))
    }

    fn place(&self, metrics_bytes: u64) -> Place<'_> {
        let Self { last_step, pictures, has_start, ref begin, .. } = *self;
        Place { last_step, metrics_bytes, pictures, has_start, begin }
    }

    /// Sees that the weights that the run began with are there, where they were given to it.
    fn write_start(&mut self, head: &Head, start: Option<&Arc<Numbers>>) -> Result<(), FolderError> {
        if let Some(start) = start.filter(|_| !self.has_start) {
            start::write(&self.path, head, start)?;
            self.has_start = true;
        }
        Ok(())
    }

    /// Keeps the experiment's file at what is trained: settings may change while a run goes on.
    fn write_experiment(&mut self, experiment: &Experiment) -> Result<(), FolderError> {
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
    // First: what is wrong with a checkpoint is no matter where another program is about to replace it.
    Checkpoint::open(path)?;
    stored(path, lock(path)?)
}

fn stored(path: &Path, lock: Option<File>) -> Result<Stored, FolderError> {
    let checkpoint = Checkpoint::open(path)?;
    let experiment = checkpoint.experiment_here();
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

    /// Whether the pictures are those of then, but that some of their classes have other names now.
    fn knows_renamed(&self, set: &DataSet) -> bool {
        let Some(classes) = self.checkpoint.classes() else { return false };
        check::are_the_same(classes, &set.classes)
            && digest::of_pictures(set, classes) == self.checkpoint.record.pictures
    }

    /// Goes on: a run that stands where the checkpoint was written, and its folder, rid of what came after.
    ///
    /// # Errors
    /// The pictures are not those of then; a device without room; a folder that has been tampered with.
    pub fn resume(mut self, set: Arc<DataSet>, device: Arc<dyn Device>) -> Result<(Run, Folder), TrainError> {
        let record = self.checkpoint.record.clone();
        let pictures = digest::of_pictures(&set, &set.classes);
        if pictures != record.pictures && !self.knows_renamed(&set) {
            return Err(FolderError::OtherPictures { path: self.path }.into());
        }
        let mut run = Run::new(&self.experiment, set, device)?;
        self.checkpoint.restore(&mut run)?;
        if record.has_start {
            run.set_start(start::read(&self.path, &run)?.into());
        }
        let damaged = |what: String| FolderError::Damaged { path: self.path.clone(), what };
        let (metrics, curves) =
            Metrics::open(&self.path, record.metrics_bytes, record.step).map_err(damaged)?;
        if !run.stand(record.standing(), record.course(curves, &self.experiment))? {
            let what = "its checkpoint tells of a place where no run can be".to_string();
            return Err(FolderError::Damaged { path: self.path.clone(), what }.into());
        }
        // What was growing when the program ended.
        for name in [checkpoint::FILE, start::FILE, EXPERIMENT] {
            let _ = fs::remove_file(replace::partial(&self.path.join(name)));
        }
        let folder = Folder {
            last_step: Some(record.n_steps).filter(|&n_steps| n_steps != run.progress().n_steps),
            metrics,
            written: None,
            pictures,
            has_start: record.has_start,
            begin: working_folder(),
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
    let taken = [metrics::FILE, start::FILE, EXPERIMENT].into_iter().find(is_taken);
    taken.map_or(Ok(()), |name| Err(FolderError::Foreign { path: path.into(), name }))
}

fn working_folder() -> String {
    std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned()
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
    FolderError::Write { path: path.into(), reason: unwritable::reason(path, &error) }
}

#[cfg(test)]
mod tests;
