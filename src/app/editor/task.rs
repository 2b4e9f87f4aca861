//! What a network must be made for: the pictures and what is to be said of them.

use crate::experiment::{Data, LabelKind};
use crate::tensor::Extent;

/// What a network must be made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Shape of a picture, `(C, H, W)`.
    pub input: Extent,
    pub n_classes: usize,
    pub labels: LabelKind,
}

pub const GREY: Task = Task { input: Extent::new(1, 28, 28), n_classes: 10, labels: LabelKind::Classes };
pub const COLOUR: Task = Task { input: Extent::new(3, 32, 32), ..GREY };

/// What the pictures of a well-known data set are like, to go by until they have been read.
pub fn expected(data: &Data) -> Option<Task> {
    let task = match data.source.as_str() {
        "glyphs" | "mnist" | "fashion-mnist" => GREY,
        "shapes" | "cifar-10" => COLOUR,
        "scenes" => Task { n_classes: 6, labels: LabelKind::Tags, ..COLOUR },
        "scene-masks" => Task { n_classes: 7, labels: LabelKind::Pixels, ..COLOUR },
        "cifar-100" => Task { n_classes: 100, ..COLOUR },
        _ => return None,
    };
    Some(Task { input: resized(task.input, data.size), ..task })
}

/// Pictures of this shape once they are resized to `(height, width)`, if they are.
pub fn resized(input: Extent, size: Option<[usize; 2]>) -> Extent {
    size.map_or(input, |[height, width]| Extent::new(input.channels, height, width))
}
