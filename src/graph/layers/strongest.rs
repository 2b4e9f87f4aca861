//! The strongest responses of every channel so far, kept on the device while pictures go by.

use crate::tensor::Extent;

/// maps → kept, `(C, K, 3)`: of each channel its K strongest responses as `[value, picture, place]`, strongest
/// first, the picture counted as [`StepTable::first`](crate::engine::StepTable) and its place in the batch, the
/// place `row·W + column`. What was kept before takes part; a place that holds nothing yet has the least
/// value there is and the picture −1. Of equals the earlier picture comes first, and in it the earlier place. Nothing is kept twice,
/// so that a batch may go by again, and what is no number is not kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StrongestStep {
    pub batch: usize,
    /// Of the maps, `(C, H, W)`.
    pub extent: Extent,
    /// K.
    pub n_kept: usize,
    /// Whether each picture takes part with its strongest place alone.
    pub one_each: bool,
}

/// Numbers by which a response is kept.
pub const N_NUMBERS: usize = 3;

impl StrongestStep {
    /// Numbers of all that is kept.
    pub fn kept_len(&self) -> usize {
        self.extent.channels * self.n_kept * N_NUMBERS
    }

    /// Where nothing is kept yet.
    pub fn nothing(&self) -> Vec<f32> {
        [f32::MIN, -1.0, -1.0].repeat(self.extent.channels * self.n_kept)
    }
}
