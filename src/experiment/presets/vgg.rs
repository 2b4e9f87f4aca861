//! The nets of Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image
//! recognition", Table 1, columns D and E: 3×3 convolutions that keep the size in five stages with max pooling
//! behind each, then three fully connected layers with dropout between them (section 3.1).

use super::{classifier, max_pool, plain_conv, relu, repeated};
use crate::experiment::layers::{Conv, Kind, Layer, Padding};

/// How many layers have weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Sixteen,
    Nineteen,
}

/// Filters in the convolutions of each stage.
const STAGES: [usize; 5] = [64, 128, 256, 512, 512];

impl Depth {
    pub fn n_weighted(self) -> usize {
        self.n_convolutions().iter().sum::<usize>() + 3
    }

    /// In each stage.
    fn n_convolutions(self) -> [usize; 5] {
        match self {
            Self::Sixteen => [2, 2, 3, 3, 3],
            Self::Nineteen => [2, 2, 4, 4, 4],
        }
    }
}

pub(super) fn net(depth: Depth, n_classes: usize) -> Vec<Layer> {
    let mut layers = Vec::new();
    for (filters, n) in STAGES.into_iter().zip(depth.n_convolutions()) {
        let conv = Conv { padding: Padding::Each([1, 1]), ..plain_conv(filters, 3) };
        layers.extend(repeated(n, vec![Layer::new(Kind::Conv(conv)), relu()]));
        layers.push(max_pool(2));
    }
    layers.extend(classifier(n_classes));
    layers
}
