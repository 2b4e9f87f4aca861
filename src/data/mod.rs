//! Pictures: where they come from, how they are read, what is done to them on the way into a net.
//!
//! A [`DataSet`] is plain bytes and labels; it lies on the device as it is. [`Normalisation`] and the
//! drawing of augmentations ([`augment`]) are computed from it; applying them to a batch is the work of the
//! engine's `gather` op. The only module that decodes images.

pub mod augment;
mod normalise;

use crate::tensor::Extent;

/// Labelled pictures of one shape, split into those to learn from and those to test on.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// As a person would call it: `glyphs`, `CIFAR-10`, the folder's name.
    pub name: String,
    /// Shape of every picture, `(C, H, W)`.
    pub extent: Extent,
    /// Name of each class, in the order of the labels.
    pub classes: Vec<String>,
    pub train: Split,
    pub test: Split,
    /// What the user should know about this copy of the data, a sentence each: "The test file holds 1,000
    /// pictures; the published one holds 10,000."
    pub notes: Vec<String>,
}

/// One part of a data set: `labels.len()` pictures.
#[derive(Clone, Debug, Default)]
pub struct Split {
    /// `(N, C, H, W)`, 0 to 255.
    pub pictures: Vec<u8>,
    /// Index of each picture's class.
    pub labels: Vec<u16>,
}

/// `x = (byte / 255 − mean) · scale`: what a net sees of a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// `(C, H, W)`, in units of the full brightness 1.
    pub mean: Vec<f32>,
    /// `(C)`, one over a standard deviation or 1.
    pub scale: Vec<f32>,
}

impl Split {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}
