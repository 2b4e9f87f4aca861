//! All data sets by name, and the way from what an experiment names to pictures in memory.

use super::download::{self, Offer};
use super::error::DataError;
use super::known::{CIFAR_10, CIFAR_100, FASHION_MNIST, Known, MNIST};
use super::normalise::{Moments, channel_moments};
use super::procedural::Procedural;
pub use super::source::open;
use super::{DataSet, Prospect, cifar, folder_name, glyphs, idx, points, shapes};
use crate::experiment::{Experiment, LabelKind};
use crate::tensor::Extent;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The environment variable that names the folder of data sets.
pub const FOLDER_VARIABLE: &str = "CONVSCOPE_DATA";

/// A data set that can be called by name.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub name: &'static str,
    /// What is in the pictures, as a sentence.
    pub what: &'static str,
    /// `(C, H, W)`.
    pub extent: Extent,
    /// What is known of each picture.
    pub labels: LabelKind,
    /// Names of the classes or tags.
    pub classes: Vec<&'static str>,
    /// Training pictures as published; of a built-in set, those made where the experiment gives no number.
    pub train: usize,
    /// Test pictures, likewise.
    pub test: usize,
    pub availability: Availability,
    /// Bytes that the program would fetch, and the computers it would ask; none where it makes the pictures.
    pub download: Option<Download>,
    pub origin: &'static str,
    pub licence: &'static str,
}

/// What it takes to fetch a published data set.
#[derive(Clone, Debug, Serialize)]
pub struct Download {
    pub bytes: u64,
    /// As a person reads them.
    pub hosts: String,
}

/// Where a data set is to be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Availability {
    /// Made by the program.
    BuiltIn,
    /// On this computer, in the given folder.
    At(PathBuf),
    /// Not on this computer; the sentence says where to put which files.
    Absent(String),
}

/// What `convscope data info` tells.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    pub name: String,
    /// The entry in the catalogue, if it has one.
    pub entry: Option<Entry>,
    /// What was found on opening it; `None` for an entry whose files are not on this computer.
    pub contents: Option<Contents>,
}

/// What is in a data set, as found.
#[derive(Clone, Debug, Serialize)]
pub struct Contents {
    pub extent: Extent,
    pub labels: LabelKind,
    /// How many pictures are of a class or have a tag, or how many pixels are of a class.
    pub classes: Vec<ClassCount>,
    pub train: usize,
    pub test: usize,
    /// Of the training pictures, one for each channel.
    pub channels: Vec<Moments>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassCount {
    pub name: String,
    pub train: usize,
    pub test: usize,
}

/// How the files of a published data set are found and read.
pub(super) struct Published {
    pub name: &'static str,
    known: &'static Known,
    what: &'static str,
    extent: Extent,
    /// The sub-folder of a folder of data sets in which the files lie.
    folder: &'static str,
    files: &'static [&'static str],
    is_in: fn(&Path) -> bool,
    pub open: fn(&Path) -> Result<DataSet, DataError>,
    /// Training and test pictures, without reading them.
    count: fn(&Path) -> Option<[usize; 2]>,
    origin: &'static str,
    licence: &'static str,
}

pub(super) static BUILT_IN: [&Procedural; 6] = [
    &glyphs::GLYPHS,
    &shapes::SHAPES,
    &shapes::scene::SCENES,
    &shapes::scene::SCENE_MASKS,
    &points::RINGS,
    &points::SPIRALS,
];

static PUBLISHED: [Published; 4] = [
    Published {
        name: "mnist",
        known: &MNIST,
        what: "Handwritten digits, centred",
        extent: Extent::new(1, 28, 28),
        folder: "mnist",
        files: &idx::FILES,
        // Fashion-MNIST's files have the very same names.
        is_in: |folder| idx::is_in(folder) && !folder_name(folder).to_lowercase().contains("fashion"),
        open: |folder| idx::open(folder, Some(&MNIST)),
        count: idx::counts,
        origin: "Y. LeCun, C. Cortes, C. J. C. Burges, 1998: http://yann.lecun.com/exdb/mnist/",
        licence: "not stated by its authors; its pictures come from NIST's special databases 1 and 3",
    },
    Published {
        name: "fashion-mnist",
        known: &FASHION_MNIST,
        what: "Articles of clothing in grey",
        extent: Extent::new(1, 28, 28),
        folder: "fashion-mnist",
        files: &idx::FILES,
        is_in: |folder| idx::is_in(folder) && folder_name(folder).to_lowercase().contains("fashion"),
        open: |folder| idx::open(folder, Some(&FASHION_MNIST)),
        count: idx::counts,
        origin: "H. Xiao, K. Rasul, R. Vollgraf, 2017: https://github.com/zalandoresearch/fashion-mnist",
        licence: "MIT",
    },
    Published {
        name: "cifar-10",
        known: &CIFAR_10,
        what: "Small photographs of animals and vehicles",
        extent: Extent::new(3, 32, 32),
        folder: "cifar-10-batches-bin",
        files: &cifar::FILES_10,
        is_in: cifar::is_ten_in,
        open: cifar::open_ten,
        count: cifar::counts_ten,
        origin: "A. Krizhevsky, 2009: https://www.cs.toronto.edu/~kriz/cifar.html",
        licence: "not stated by its authors",
    },
    Published {
        name: "cifar-100",
        known: &CIFAR_100,
        what: "Small photographs of a hundred kinds of things",
        extent: Extent::new(3, 32, 32),
        folder: "cifar-100-binary",
        files: &cifar::FILES_100,
        is_in: cifar::is_hundred_in,
        open: cifar::open_hundred,
        count: cifar::counts_hundred,
        origin: "A. Krizhevsky, 2009: https://www.cs.toronto.edu/~kriz/cifar.html",
        licence: "not stated by its authors",
    },
];

/// Every data set that can be called by name, and where it is.
pub fn list() -> Vec<Entry> {
    let built_in = BUILT_IN.iter().map(|set| Entry {
        name: set.name,
        what: set.what,
        extent: set.extent,
        labels: set.painter.labels(),
        classes: set.classes.to_vec(),
        train: set.counts[0],
        test: set.counts[1],
        availability: Availability::BuiltIn,
        download: None,
        origin: "made by the program from the seed of the experiment",
        licence: "no restriction",
    });
    built_in.chain(PUBLISHED.iter().map(Published::entry)).collect()
}

/// What fetching the data set of this name would take, and where to it would go: the place where [`open`] looks
/// first. Whether it is there already is told by [`list`]. None for a name that is not that of a published set.
pub fn offer(name: &str) -> Option<Offer> {
    let set = published(name)?;
    download::offer(name, named_folder().or_else(user_folder).unwrap_or_default().join(set.folder))
}

/// The names of all data sets.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|set| set.name).chain(PUBLISHED.iter().map(|set| set.name))
}

/// Opens a data set and tells what is in it; of one in the catalogue that is absent, what is known of it.
///
/// # Errors
/// Those of [`open`], except that the files of a data set in the catalogue may be absent.
pub fn info(experiment: &Experiment) -> Result<Info, DataError> {
    let source = &experiment.data.source;
    let entry = list().into_iter().find(|entry| entry.name == source);
    match open(experiment) {
        Ok(set) => Ok(Info { name: set.name.clone(), entry, contents: Some(contents(&set)) }),
        Err(DataError::Absent { .. }) => Ok(Info { name: source.clone(), entry, contents: None }),
        Err(error) => Err(error),
    }
}

fn contents(set: &DataSet) -> Contents {
    let n_classes = set.classes.len();
    let counts = set.train.class_counts(n_classes).into_iter().zip(set.test.class_counts(n_classes));
    let class =
        |(name, (train, test)): (&String, (usize, usize))| ClassCount { name: name.clone(), train, test };
    Contents {
        extent: set.extent,
        labels: set.train.labels.kind(),
        classes: set.classes.iter().zip(counts).map(class).collect(),
        train: set.train.len(),
        test: set.test.len(),
        channels: channel_moments(&set.train, set.extent),
        notes: set.notes.clone(),
    }
}

impl Published {
    /// With as many pictures as the files hold where they are, else as were published.
    fn entry(&self) -> Entry {
        let found = self.find();
        let counts = found.as_ref().ok().and_then(|folder| (self.count)(folder));
        let [train, test] = counts.unwrap_or(self.known.counts);
        Entry {
            name: self.name,
            what: self.what,
            extent: self.extent,
            labels: LabelKind::Classes,
            classes: self.known.classes.to_vec(),
            train,
            test,
            availability: match found {
                Ok(folder) => Availability::At(folder),
                Err(absent) => Availability::Absent(absent.to_string()),
            },
            download: offer(self.name).map(|offer| Download { bytes: offer.bytes(), hosts: offer.hosts() }),
            origin: self.origin,
            licence: self.licence,
        }
    }

    /// What its files hold, or held when they were published where they are not there.
    pub fn prospect(&self) -> Prospect {
        let counts = self.find().ok().and_then(|folder| (self.count)(&folder));
        let [train, test] = counts.unwrap_or(self.known.counts);
        Prospect {
            name: self.known.name.into(),
            extent: self.extent,
            labels: LabelKind::Classes,
            classes: Some(self.known.class_names()),
            train,
            test,
        }
    }

    /// The folder that holds the files.
    pub fn find(&self) -> Result<PathBuf, DataError> {
        self.find_in(named_folder(), user_folder())
    }

    /// Looks in the folder that the user has `named`, then in the program's `own`.
    fn find_in(&self, named: Option<PathBuf>, own: Option<PathBuf>) -> Result<PathBuf, DataError> {
        let places = named.iter().chain(&own).flat_map(|root| [root.join(self.folder), root.clone()]);
        if let Some(found) = places.into_iter().find(|place| (self.is_in)(place)) {
            return Ok(found);
        }
        let other_place = named.is_some();
        let gzipped = if self.files == idx::FILES { " (gzipped or not)" } else { "" };
        let root = named.or(own).unwrap_or_default();
        Err(DataError::Absent {
            title: self.known.name,
            name: self.name,
            files: in_words(self.files) + gzipped,
            folder: root.join(self.folder),
            other_place,
        })
    }
}

/// The folder of data sets that the user has named.
fn named_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Where the program keeps data sets for this user.
fn user_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "ConvScope").map(|folders| folders.data_dir().to_owned())
}

pub(super) fn published(name: &str) -> Option<&'static Published> {
    PUBLISHED.iter().find(|set| set.name == name)
}

/// "a, b and c".
fn in_words(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
