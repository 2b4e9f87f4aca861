//! `checkpoint.safetensors`: everything that a run needs to go on bit for bit, in a file that is replaced as a whole.
//!
//! It is a file of weights, with the running statistics, and can be used as one (`--weights`, `--init`); beside them
//! lie the optimiser's slots (`optimiser.0.layers.3.weight`), and the metadata say where the run stands. Nothing
//! random is in it: every draw is a function of the experiment's seed and of the place.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::FolderError;
use crate::engine::DeviceInfo;
use crate::experiment::{Experiment, file};
use crate::train::changes::Changed;
use crate::train::curves::Curves;
use crate::train::rate::Plateau;
use crate::train::weights::About;
use crate::train::weights::container::{self, Container, Entry, Writer};
use crate::train::weights::{WeightsError, check};
use crate::train::{Leg, Run, Standing, TrainError};

pub const FILE: &str = "checkpoint.safetensors";

/// Of the words below. A file of a later version is refused rather than misread.
const VERSION: &str = "1";

/// The metadata's keys for the version and for the [`Record`].
const VERSION_KEY: &str = "checkpoint";
const RECORD_KEY: &str = "run";

/// Steps beyond which no run has gone.
const MOST_STEPS: u64 = 1 << 53;

/// Where a run stands, as the file tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub step: u64,
    /// Steps after which the run ends.
    pub n_steps: u64,
    #[serde(with = "exact")]
    pub seconds: f64,
    pub n_epochs_heard: u64,
    #[serde(with = "exact")]
    pub best_error: f64,
    pub n_bad_epochs: usize,
    #[serde(with = "exact")]
    pub rate_factor: f64,
    /// Bytes of the metrics that belong to it.
    pub metrics_bytes: u64,
    /// Digest of the data set.
    pub pictures: u64,
    /// Where relative paths began.
    pub folder: String,
    pub device: DeviceInfo,
    pub kernels: String,
    /// Mean training error over the last epoch.
    #[serde(with = "exact")]
    pub error: f64,
    /// The last that was measured.
    pub test_error: Option<f64>,
    /// Of a run whose settings were changed on the way: since when the batches have their size, when the optimiser
    /// began with an empty memory, and what was changed.
    #[serde(default)]
    pub leg: Leg,
    #[serde(default)]
    pub rule_since: u64,
    #[serde(default)]
    pub changes: Vec<Changed>,
    #[serde(default)]
    pub batches: Vec<(u64, usize)>,
    /// For one picture, forward.
    #[serde(default)]
    pub multiply_adds: u64,
    /// Whether the run began with weights that were given to it, which then stand in a file of their own.
    #[serde(default)]
    pub has_start: bool,
}

/// A number to its last bit, whatever it is: JSON knows neither infinity nor what is no number.
mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Record {
    pub fn standing(&self) -> Standing {
        let plateau = Plateau {
            n_epochs: self.n_epochs_heard,
            best: self.best_error,
            n_bad: self.n_bad_epochs,
            factor: self.rate_factor,
        };
        let Self { step, seconds, leg, rule_since, .. } = *self;
        Standing { step, seconds, plateau, leg, rule_since }
    }

    /// The records of the metrics, with what the checkpoint says of the run's course.
    pub fn course(&self, mut curves: Curves, experiment: &Experiment) -> Curves {
        (curves.changes, curves.batches) = (self.changes.clone(), self.batches.clone());
        curves.multiply_adds = self.multiply_adds;
        if curves.batches.is_empty() {
            curves.batches.push((0, experiment.train.batch));
        }
        curves
    }
}

/// What the file says of a run besides its numbers.
pub struct Head {
    pub experiment: Experiment,
    pub(super) about: About,
    /// Names and logical shapes, in the order in which the numbers follow.
    pub(super) entries: Vec<(String, Vec<usize>)>,
}

impl Head {
    pub fn of(run: &Run) -> Self {
        let entries = run.lasting().into_iter().map(|tensor| run.describe_lasting(tensor)).collect();
        Self { experiment: run.experiment.clone(), about: run.about(), entries }
    }

    /// What a file of weights says of itself.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        self.about.to_map()
    }

    /// The first `n` tensors: those of the weights come before those of the optimiser.
    pub fn entries_of_weights(&self, n: usize) -> Vec<Entry> {
        let entry = |(name, shape): &(String, Vec<usize>)| Entry::floats(name.clone(), shape.clone());
        self.entries.iter().take(n).map(entry).collect()
    }
}

/// Writes the file. `put` writes the numbers of its tensors in their order, piece by piece, so that a large net need not
/// be there twice.
pub fn write(
    folder: &Path,
    head: &Head,
    record: &Record,
    put: impl FnOnce(&mut Writer) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let path = folder.join(FILE);
    let mut metadata = head.metadata();
    metadata.insert(VERSION_KEY.into(), VERSION.into());
    let record = serde_json::to_string(record)
        .map_err(|error| FolderError::Write { path: path.clone(), reason: format!("{error}.") })?;
    metadata.insert(RECORD_KEY.into(), record);
    let entries = head.entries_of_weights(head.entries.len());
    container::write(&path, &metadata, &entries, put).map_err(disk_trouble)
}

/// A disk that cannot take it is the folder's matter: the run goes on, and the next attempt may succeed.
pub fn disk_trouble(error: TrainError) -> TrainError {
    match error {
        TrainError::Weights(WeightsError::Write { path, reason }) => {
            FolderError::Write { path, reason }.into()
        }
        error => error,
    }
}

/// A checkpoint whose header has been read.
pub struct Checkpoint {
    pub experiment: Experiment,
    pub record: Record,
    about: About,
    container: Container,
}

impl Checkpoint {
    /// Reads the header of the checkpoint in a folder.
    ///
    /// # Errors
    /// There is none, or it tells what cannot be.
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(FolderError::Nothing { path: folder.into() });
        }
        let damaged = |what: String| FolderError::Damaged { path: folder.into(), what };
        let of_weights = |error: WeightsError| match error {
            WeightsError::Read { reason, .. } | WeightsError::Format { reason, .. } => {
                damaged(format!("{FILE}: {reason}"))
            }
            error => damaged(error.to_string()),
        };
        let container = Container::open(&path).map_err(of_weights)?;
        let about = About::of(&container).map_err(of_weights)?;
        let told = |key: &str| container.header.metadata().as_ref().and_then(|map| map.get(key));
        match told(VERSION_KEY).map(String::as_str) {
            Some(VERSION) => {}
            Some(other) => {
                let other = check::shortened(other);
                return Err(damaged(format!("its checkpoint is of version {other}, not of {VERSION}")));
            }
            None => return Err(damaged(format!("{FILE} holds weights alone"))),
        }
        let unreadable = |error: serde_json::Error| damaged(check::shortened(&error.to_string()));
        let record = told(RECORD_KEY).map_or("", String::as_str);
        let record: Record = serde_json::from_str(record).map_err(unreadable)?;
        if record.step > MOST_STEPS
            || record.n_steps > MOST_STEPS
            || record.seconds.is_nan()
            || record.seconds < 0.0
        {
            return Err(damaged("its checkpoint counts steps or seconds that cannot be".into()));
        }
        let text = about.experiment.as_deref().unwrap_or_default();
        let experiment = file::parse(text).map_err(|problem| damaged(problem.to_string()))?;
        Ok(Self { experiment, record, about, container })
    }

    /// Names of the classes that it tells apart, as they were then.
    pub fn classes(&self) -> Option<&[String]> {
        self.about.classes.as_deref()
    }

    /// What is trained, with the source of its pictures as it is to be found from here.
    pub fn experiment_here(&self) -> Experiment {
        let mut experiment = self.experiment.clone();
        if let Some(source) = super::moved_source(&experiment.data.source, &self.record.folder) {
            experiment.data.source = source;
        }
        experiment
    }

    /// Lays its tensors into a run that has just been made of its experiment, which then sees the pictures as the
    /// recorded one did.
    ///
    /// # Errors
    /// They are not those of the run. Some may have been laid all the same: the run is of no use then.
    pub fn restore(&mut self, run: &mut Run) -> Result<(), TrainError> {
        let lasting = run.lasting();
        let wanted: Vec<(String, Vec<usize>)> =
            lasting.iter().map(|&tensor| run.describe_lasting(tensor)).collect();
        let folder = self.container.path.parent().unwrap_or(Path::new("")).to_path_buf();
        let damaged = |what: String| FolderError::Damaged { path: folder.clone(), what };
        check::fits(&self.container.header, &wanted, &[]).map_err(damaged)?;
        check::are_floats(&self.container.header, &wanted).map_err(damaged)?;
        if let Some(normalisation) = self.about.normalisation.clone() {
            run.set_normalisation(normalisation)?;
        }
        for (&tensor, (name, _)) in lasting.iter().zip(&wanted) {
            self.container.seek(name)?;
            // Whatever they are: a run that diverged goes on diverging.
            run.fill_lasting(tensor, |piece| self.container.read(piece))?;
        }
        Ok(())
    }
}
