//! The filters of the first convolution as pictures.

use crate::graph::{Graph, Op};
use crate::tensor::Tensor;

/// Filters as they stand at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// Path of the convolution, `layers.0`.
    pub path: String,
    /// `(O, I, kH, kW)`.
    pub weights: Tensor,
}

/// The index of the weights of the first convolution, if the net has one.
pub fn first_convolution(graph: &Graph) -> Option<crate::graph::ParameterId> {
    graph.nodes.iter().find_map(|node| match &node.op {
        Op::Conv(conv) => Some(conv.weight),
        _ => None,
    })
}

impl Filters {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.weights.shape[0]
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `(height, width)` of each.
    pub fn size(&self) -> [usize; 2] {
        [self.weights.shape[2], self.weights.shape[3]]
    }

    /// Filter `i` as red, green and blue for each pixel, row by row. Each filter is scaled symmetrically, so
    /// that mid grey is weight 0 and the largest weight by magnitude is black or white. A filter over three
    /// channels is shown in colour, any other by the mean over its channels.
    pub fn picture(&self, i: usize) -> Vec<[u8; 3]> {
        let [_, channels, height, width] = [0, 1, 2, 3].map(|axis| self.weights.shape[axis]);
        let area = height * width;
        let filter = &self.weights.data[i * channels * area..][..channels * area]; // (I, kH, kW)
        let shown: Vec<[f32; 3]> = (0..area)
            .map(|p| match channels {
                3 => [0, 1, 2].map(|c| filter[c * area + p]),
                _ => [(0..channels).map(|c| filter[c * area + p]).sum::<f32>() / channels as f32; 3],
            })
            .collect();
        let largest = shown.iter().flatten().fold(0.0f32, |largest, w| largest.max(w.abs()));
        let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        shown.iter().map(|pixel| pixel.map(|w| (128.0 + w * scale) as u8)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_grey_and_the_extremes_are_black_and_white() {
        let weights = Tensor::new(vec![1, 1, 1, 3], vec![-2.0, 0.0, 2.0]);
        let filters = Filters { path: "layers.0".into(), weights };
        assert_eq!(filters.picture(0), [[1; 3], [128; 3], [255; 3]]);
    }

    #[test]
    fn three_channels_are_a_colour() {
        let weights = Tensor::new(vec![1, 3, 1, 1], vec![1.0, 0.0, -1.0]);
        let filters = Filters { path: "layers.0".into(), weights };
        assert_eq!(filters.picture(0), [[255, 128, 1]]);
    }
}
