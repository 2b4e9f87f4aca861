//! The batch: pictures picked from the data set on the device, normalised and augmented.

use crate::experiment::Augment;
use crate::tensor::Extent;

/// → pictures `(N, C, H, W)`, labels `(N)`. Which pictures, and the draws of the augmentation, come from the
/// table of the step and the data set that the executor holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GatherStep {
    pub batch: usize,
    pub extent: Extent,
    pub augment: Augment,
}
