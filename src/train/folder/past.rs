//! Runs of the past: where the program keeps them for this user, what they are, and their end.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::checkpoint::{self, Checkpoint};
use super::open::{self, Open};
use super::{EXPERIMENT, FolderError, LOCK, lock, metrics, start, steps, written};
use crate::experiment::Experiment;
use crate::train::curves::Curves;
use crate::train::replace;

/// A run folder as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    pub path: PathBuf,
    pub title: String,
    /// What it trains; none where that cannot be read.
    pub experiment: Option<Box<Experiment>>,
    pub state: PastState,
    pub step: u64,
    /// Steps after which it ends.
    pub n_steps: u64,
    /// Mean training error over its last epoch, 0 to 1; none before the first step.
    pub error: Option<f64>,
    /// The last that was measured.
    pub test_error: Option<f64>,
    /// What it takes on the disk.
    pub bytes: u64,
    /// When it was written last.
    pub changed: SystemTime,
    /// How a window has it open, or had it when it ended.
    pub open: Option<Open>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastState {
    Finished,
    /// It can go on.
    Interrupted,
    /// It is being written at this moment, here or elsewhere.
    Running,
    /// It cannot be gone on with, for the reason given.
    Damaged(String),
}

/// Where the program keeps the runs of this user, where the system has a place for that.
pub fn home() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "ConvScope").map(|folders| folders.data_dir().join("runs"))
}

/// A folder under `home` that is not there yet, named after the run's title. Nothing is made.
pub fn fresh(home: &Path, title: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = title.chars().take(60).map(plain).collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    let name = if words.is_empty() { "run".to_string() } else { words.join("-") };
    let numbered = |n: u64| if n == 1 { home.join(&name) } else { home.join(format!("{name}-{n}")) };
    let mut n = 1;
    while numbered(n).exists() {
        n += 1;
    }
    numbered(n)
}

/// The run folders under `home`, those written last first. What cannot be read of a run is told in its place.
pub fn list(home: &Path) -> Vec<Past> {
    let entries = fs::read_dir(home).into_iter().flatten().flatten();
    let mut found: Vec<Past> = entries.filter_map(|entry| read(&entry.path())).collect();
    found.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.path.cmp(&b.path)));
    found
}

/// What a folder tells of its run; none where it holds none.
fn read(path: &Path) -> Option<Past> {
    let checkpoint = path.join(checkpoint::FILE);
    let changed = fs::metadata(&checkpoint).and_then(|about| about.modified()).ok()?;
    let files = own_files(path).into_iter().chain(steps::steps(path).into_iter().map(|(_, file)| file));
    let bytes = files.filter_map(|file| fs::metadata(file).ok()).map(|about| about.len()).sum();
    let nameless = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let past = Past {
        path: path.into(),
        title: nameless,
        experiment: None,
        state: PastState::Interrupted,
        step: 0,
        n_steps: 0,
        error: None,
        test_error: None,
        bytes,
        changed,
        open: open::of(path),
    };
    let checkpoint = match Checkpoint::open(path) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Some(Past { state: PastState::Damaged(error.to_string()), ..past }),
    };
    let experiment = checkpoint.experiment_here();
    let record = checkpoint.record;
    let state = match record.step >= record.n_steps {
        _ if is_being_written(path) => PastState::Running,
        true => PastState::Finished,
        false => PastState::Interrupted,
    };
    Some(Past {
        title: experiment.title.clone(),
        experiment: Some(Box::new(experiment)),
        state,
        step: record.step,
        n_steps: record.n_steps,
        error: Some(record.error).filter(|error| error.is_finite()),
        test_error: record.test_error,
        ..past
    })
}

fn is_being_written(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Deletes a run for good: the files that a run folder has, and the folder if it is then empty.
///
/// # Errors
/// It holds no run, or one that is being written; the system refuses.
pub fn delete(path: &Path) -> Result<(), FolderError> {
    if !path.join(checkpoint::FILE).exists() {
        return Err(FolderError::Nothing { path: path.into() });
    }
    let held = lock(path)?;
    let refused = |error: io::Error| FolderError::Delete { path: path.into(), reason: error.to_string() };
    for file in own_files(path) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
    }
    steps::sweep(path);
    drop(held);
    match fs::remove_file(path.join(LOCK)).and_then(|()| fs::remove_dir(path)) {
        // Somebody has put something else there, which is not ours to delete.
        Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(refused(error)),
        _ => Ok(()),
    }
}

/// Deletes what was begun and holds no checkpoint, as far as the system lets it.
pub fn sweep_away(path: &Path) {
    if !path.join(checkpoint::FILE).exists() {
        own_files(path).iter().for_each(|file| drop(fs::remove_file(file)));
        steps::sweep(path);
        let _ = fs::remove_file(path.join(LOCK)).and_then(|()| fs::remove_dir(path));
    }
}

/// What a run folder has to show beside others: its experiment, and the records up to its last checkpoint. It may be
/// written at the same time.
///
/// # Errors
/// It holds no run, or a damaged one.
pub fn look(path: &Path) -> Result<(Experiment, Curves), FolderError> {
    let Checkpoint { experiment, record, .. } = Checkpoint::open(path)?;
    let curves = metrics::look(path, record.metrics_bytes, record.step);
    let damaged = |what: String| FolderError::Damaged { path: path.into(), what };
    let curves = record.course(curves.map_err(damaged)?, &experiment);
    Ok((experiment, curves))
}

/// All files that a run folder may have but the lock. The checkpoint is the last: what has begun to be deleted is
/// still known for a run.
fn own_files(folder: &Path) -> Vec<PathBuf> {
    let names = [EXPERIMENT, open::FILE, written::FILE, metrics::FILE, start::FILE, checkpoint::FILE];
    let names = names.map(|name| folder.join(name));
    let partial = names.iter().map(|path| replace::partial(path)).collect::<Vec<_>>();
    partial.into_iter().chain(names).collect()
}
