//! Pictures: where they come from, how they are read, what is done to them on the way into a net.
//!
//! A [`DataSet`] is plain bytes and labels; it lies on the device as it is. [`Normalisation`] and the
//! drawing of augmentations ([`augment`]) are computed from it; applying them to a batch is the work of the
//! engine's `gather` op. The only module that decodes images, and the only one that knows the internet
//! ([`download`]).

pub mod augment;
pub mod catalogue;
mod cifar;
mod decode;
pub mod download;
mod error;
pub mod findings;
mod folder;
mod glyphs;
mod idx;
mod known;
mod labels;
mod masks;
mod names;
mod noise;
pub mod normalise;
pub mod permute;
mod png;
mod points;
mod procedural;
mod resize;
mod shapes;
mod source;
pub mod survey;
mod tags;

use crate::experiment::Loss;
pub use crate::experiment::MAX_SIDE;
use crate::graph::Goal;
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};
pub use decode::{is_picture, read_picture};
pub use error::DataError;
pub use labels::{Labels, MAX_PIXEL_CLASSES, PixelClasses, Tags, VOID};
pub use png::png;
pub use source::{Prospect, Source, prospect};
use std::path::Path;

/// The most classes a data set may have.
pub const MAX_CLASSES: usize = 1000;

/// The most characters that the name of a class may have: what a folder may be called.
pub const MAX_NAME: usize = 255;

/// Labelled pictures of one shape, split into those to learn from and those to test on.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// As a person would call it: `glyphs`, `CIFAR-10`, the folder's name.
    pub name: String,
    /// Shape of every picture, `(C, H, W)`.
    pub extent: Extent,
    /// Name of each class or tag, in the order of the labels.
    pub classes: Vec<String>,
    pub train: Split,
    pub test: Split,
    /// The training labels as they were before noise made some of them wrong; none where no noise did.
    pub clean: Option<Labels>,
    /// What the user should know about this copy of the data, a sentence each: "The test file holds 1,000
    /// pictures; the published one holds 10,000."
    pub notes: Vec<String>,
}

/// One part of a data set: `labels.len()` pictures.
#[derive(Clone, Default)]
pub struct Split {
    /// `(N, C, H, W)`, 0 to 255.
    pub pictures: Vec<u8>,
    pub labels: Labels,
}

/// `x = (byte / 255 − mean) · scale`: what a net sees of a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// `(C, H, W)`, in units of the full brightness 1.
    pub mean: Vec<f32>,
    /// `(C)`, one over a standard deviation or 1.
    pub scale: Vec<f32>,
    /// The seed of the permutation that stirs the pixels of every picture beforehand, if one does
    /// ([`permute`]). The pictures of a [`DataSet`] are stirred when it is opened.
    pub permute: Option<u64>,
}

impl std::fmt::Debug for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} pictures", self.labels.len())
    }
}

impl DataSet {
    /// What a net must be made for to be trained on these pictures with this loss.
    pub fn goal(&self, loss: Loss) -> Goal {
        Goal { loss, labels: self.train.labels.kind(), n_classes: self.classes.len() }
    }
}

impl Split {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The bytes of one picture, `(C, H, W)`.
    pub fn picture(&self, extent: Extent, index: usize) -> &[u8] {
        &self.pictures[index * extent.len()..][..extent.len()]
    }

    /// Pictures of each class, pictures with each tag, or pixels of each class, `(n_classes)`.
    pub fn class_counts(&self, n_classes: usize) -> Vec<usize> {
        self.labels.counts(n_classes)
    }

    /// Forgets all but the first `n` pictures.
    fn truncate(&mut self, extent: Extent, n: usize) {
        self.labels.truncate(n);
        self.pictures.truncate(n * extent.len());
        self.pictures.shrink_to_fit();
    }

    /// Puts the pictures into another order: each place gets the one that lies at the place `order` says. They change
    /// places where they lie, for beside so many there may be no room for as many again.
    fn reorder(&mut self, extent: Extent, order: &[u32]) {
        let len = extent.len();
        let mut is_done = vec![false; order.len()];
        for start in 0..order.len() {
            let first = self.picture(extent, start).to_vec();
            let mut place = start;
            while !std::mem::replace(&mut is_done[place], true) {
                let from = order[place] as usize;
                if from == start {
                    self.pictures[place * len..][..len].copy_from_slice(&first);
                } else {
                    self.pictures.copy_within(from * len..(from + 1) * len, place * len);
                }
                place = from;
            }
        }
        self.labels = self.labels.select(order.iter().map(|&i| i as usize));
    }

    /// Takes off all but the first `n` pictures.
    fn split_off(&mut self, extent: Extent, n: usize) -> Split {
        let labels = self.labels.select(n..self.len());
        let pictures = self.pictures.split_off(n * extent.len());
        self.truncate(extent, n);
        Split { pictures, labels }
    }
}

/// The share of the pictures that is put aside for testing where nobody says otherwise.
pub const HOLD_OUT: f32 = 0.2;

/// How many of the `n` pictures of a class [`split_at_random`] puts aside for testing.
fn n_held_out(n: usize, hold_out: f32) -> usize {
    match n {
        0 | 1 => 0,
        n => ((n as f64 * f64::from(hold_out)).round() as usize).clamp(1, n - 1),
    }
}

/// Divides pictures into those for training and those for testing: the share `hold_out` of each class, of a class
/// of two or more at least one and not all, is put aside for testing. Pictures that have not one class each are taken as of
/// one class. Both parts come in an order drawn by `seed`.
fn split_at_random(mut all: Split, extent: Extent, hold_out: f32, seed: u64) -> (Split, Split) {
    let classes = all.labels.classes();
    let class = |picture: usize| classes.map_or(0, |classes| classes[picture] as usize);
    let n_classes = (0..all.len()).map(class).max().map_or(0, |largest| largest + 1);
    let mut counts = vec![0; n_classes];
    (0..all.len()).for_each(|picture| counts[class(picture)] += 1);
    let mut quotas: Vec<usize> = counts.iter().map(|&n| n_held_out(n, hold_out)).collect();
    let order = Key::new(seed, Purpose::Split).permutation(all.len());
    let (test, mut order): (Vec<u32>, Vec<u32>) = order.into_iter().partition(|&i| {
        let quota = &mut quotas[class(i as usize)];
        let is_for_testing = *quota > 0;
        *quota = quota.saturating_sub(1);
        is_for_testing
    });
    let n_train = order.len();
    order.extend(test);
    all.reorder(extent, &order);
    let test = all.split_off(extent, n_train);
    (all, test)
}

/// `20 %`.
fn percent(share: f32) -> String {
    format!("{} %", (f64::from(share) * 1000.0).round() / 10.0)
}

/// What a person calls the folder (or file) at `path`, even where the path ends in `.` or `..`.
fn folder_name(path: &Path) -> String {
    let named = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let resolved = || path.canonicalize().ok()?.file_name().map(|name| name.to_string_lossy().into_owned());
    named.or_else(resolved).unwrap_or_else(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_split_takes_one_in_five_of_each_class() {
        let extent = Extent::vector(1);
        let labels: Vec<u16> = [vec![0; 50], vec![1; 10], vec![2; 2], vec![3]].concat();
        let all = Split { pictures: (0..63).collect(), labels: labels.into() };
        let (train, test) = split_at_random(all.clone(), extent, HOLD_OUT, 4);
        assert_eq!(test.class_counts(4), [10, 2, 1, 0]);
        assert_eq!(train.class_counts(4), [40, 8, 1, 1]);
        let mut pictures = [&train.pictures[..], &test.pictures].concat();
        assert!(!pictures.is_sorted(), "the order is drawn");
        pictures.sort();
        assert!(pictures.into_iter().eq(0..63), "each picture is in one part");
        assert_ne!(split_at_random(all.clone(), extent, HOLD_OUT, 5).1.pictures, test.pictures);
        let (train, test) = split_at_random(all, extent, 0.5, 4);
        assert_eq!((train.class_counts(4), test.class_counts(4)), (vec![25, 5, 1, 1], vec![25, 5, 1, 0]));
    }
}
