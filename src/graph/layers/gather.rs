//! The batch: pictures picked from the data set on the device, normalised and augmented.

use crate::experiment::{Augment, LabelKind};
use crate::tensor::Extent;

/// → pictures `(N, C, H, W)`, labels. Which pictures, and the draws of the augmentation, come from the table of
/// the step and the data set that the executor holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GatherStep {
    pub batch: usize,
    pub extent: Extent,
    pub augment: Augment,
    /// What is told of the pictures; nothing where nobody asks.
    pub labels: Option<LabelKind>,
    /// Numbers that tell it of one picture: 1 for classes, `(N)`; K for tags, `(N, K)`; `H · W` for pixels,
    /// `(N, H, W)`.
    pub label_len: usize,
}
