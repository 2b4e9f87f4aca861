//! Some pictures of a data set as a net sees them, to look at it with.

use crate::data::{DataSet, Normalisation, Split};
use crate::experiment::Loss;
use crate::graph::Goal;
use crate::tensor::Extent;

/// Pictures as a net sees them, with what is known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub n_pictures: usize,
    /// Shape of one picture, `(C, H, W)`.
    pub extent: Extent,
    /// `(N, C, H, W)`, normalised.
    pub pictures: Vec<f32>,
    /// As [`Program::labels`](crate::graph::program::Program::labels) has them.
    pub labels: Vec<f32>,
    /// What a net's answers to them are held against.
    pub goal: Goal,
}

impl Batch {
    /// The pictures of these indices, in their order.
    pub fn of(
        set: &DataSet,
        split: &Split,
        loss: Loss,
        normalisation: &Normalisation,
        indices: &[usize],
    ) -> Self {
        let (goal, extent) = (set.goal(loss), set.extent);
        let label_len = goal.label_len(extent);
        let mut pictures = Vec::with_capacity(indices.len() * extent.len());
        let mut labels = vec![0f32; indices.len() * label_len];
        for (&i, labels) in indices.iter().zip(labels.chunks_exact_mut(label_len)) {
            pictures.extend(normalisation.apply(extent, split.picture(extent, i)));
            split.labels.write(i, Some, labels);
        }
        Self { n_pictures: indices.len(), extent, pictures, labels, goal }
    }

    /// The first `n` pictures, or all if they are fewer.
    pub fn first(n: usize, set: &DataSet, split: &Split, loss: Loss, normalisation: &Normalisation) -> Self {
        let indices: Vec<usize> = (0..split.len().min(n)).collect();
        Self::of(set, split, loss, normalisation, &indices)
    }

    /// The first `n` of these, or all if they are fewer.
    pub fn shortened(&self, n: usize) -> Self {
        let n = n.min(self.n_pictures);
        let label_len = self.labels.len() / self.n_pictures.max(1);
        Self {
            n_pictures: n,
            pictures: self.pictures[..n * self.extent.len()].to_vec(),
            labels: self.labels[..n * label_len].to_vec(),
            ..*self
        }
    }
}
