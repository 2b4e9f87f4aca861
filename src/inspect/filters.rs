//! The filters of a convolution as pictures.

use std::time::Duration;

use super::look::{Glance, Instrument, LookError, Subject, View};
use super::picture::{Picture, columns};
use crate::graph::{Graph, Op, ParameterId};
use crate::tensor::Tensor;

/// Filters as they stand at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// Path of the convolution, `layers.0`.
    pub path: String,
    /// `(O, I, kH, kW)`.
    pub weights: Tensor,
}

/// What the largest weight by magnitude is measured over, which becomes black or white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Each filter by itself: its form shows, however small its weights.
    Own,
    /// All filters together: their sizes can be compared.
    Common,
}

/// The index of the weights of the first convolution, if the net has one.
pub fn first_convolution(graph: &Graph) -> Option<ParameterId> {
    convolutions(graph).first().map(|(_, weight)| *weight)
}

/// Path and weights of every convolution, in order.
pub fn convolutions(graph: &Graph) -> Vec<(String, ParameterId)> {
    let path = |weight: ParameterId| graph.parameters[weight.0].name.trim_end_matches(".weight").to_string();
    let nodes = graph.nodes.iter();
    nodes
        .filter_map(|node| match &node.op {
            Op::Conv(conv) => Some((path(conv.weight), conv.weight)),
            _ => None,
        })
        .collect()
}

/// Path and weights of the convolution at `layer`, or of the first one.
///
/// # Errors
/// There is none; which there are is said.
pub fn convolution_at(graph: &Graph, layer: Option<&str>) -> Result<(String, ParameterId), LookError> {
    let convolutions = convolutions(graph);
    let found = match layer {
        None => convolutions.first(),
        Some(layer) => convolutions.iter().find(|(path, _)| path == layer),
    };
    let known = || convolutions.iter().map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    found.cloned().ok_or_else(|| {
        LookError::Impossible(match layer {
            Some(layer) if !convolutions.is_empty() => {
                format!("There is no convolution `{layer}` in this net; there is {}.", known())
            }
            _ => "This net has no convolution, and so no filters.".into(),
        })
    })
}

/// Reads filters as they are.
pub struct Reading {
    pub layer: Option<String>,
}

impl Instrument for Reading {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let (path, weight) = convolution_at(subject.graph, self.layer.as_deref())?;
        Ok(Glance::whole(View::Filters(Filters { path, weights: subject.parameter(weight)? })))
    }
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
        let shown = self.shown(i);
        coloured(&shown, largest(&shown))
    }

    /// All filters in one picture. Those over three channels or one are set side by side; of any others each
    /// has a row of its own, with a tile for each channel that it reads.
    pub fn mosaic(&self, scale: Scale, factor: usize) -> Picture {
        let [height, width] = self.size();
        let rows: Vec<Vec<Vec<[f32; 3]>>> = (0..self.len())
            .map(|i| if self.by_channel() { self.channels(i) } else { vec![self.shown(i)] })
            .collect();
        let of_row = |row: &Vec<Vec<[f32; 3]>>| row.iter().map(|tile| largest(tile)).fold(0.0, f32::max);
        let common = rows.iter().map(of_row).fold(0.0, f32::max);
        let picture = |row: &Vec<Vec<[f32; 3]>>| -> Vec<Picture> {
            let largest = if scale == Scale::Common { common } else { of_row(row) };
            let tile = |tile: &Vec<[f32; 3]>| Picture { width, height, pixels: coloured(tile, largest) };
            row.iter().map(|shown| tile(shown).enlarged(factor)).collect()
        };
        let n_columns = if self.by_channel() { self.weights.shape[1] } else { columns(self.len()) };
        Picture::mosaic(&rows.iter().flat_map(picture).collect::<Vec<_>>(), n_columns, [0; 3])
    }

    /// The Euclidean length of filter `i`.
    pub fn norm(&self, i: usize) -> f64 {
        let numbers = self.weights.data.len() / self.len();
        let filter = &self.weights.data[i * numbers..][..numbers];
        filter.iter().map(|&w| (w as f64).powi(2)).sum::<f64>().sqrt()
    }

    fn by_channel(&self) -> bool {
        ![1, 3].contains(&self.weights.shape[1])
    }

    /// Each channel of filter `i` in grey.
    fn channels(&self, i: usize) -> Vec<Vec<[f32; 3]>> {
        let [height, width] = self.size();
        let filter = self.weights.data.chunks_exact(height * width).skip(i * self.weights.shape[1]);
        filter.take(self.weights.shape[1]).map(|plane| plane.iter().map(|&w| [w; 3]).collect()).collect()
    }

    /// The weights that filter `i` is shown by.
    fn shown(&self, i: usize) -> Vec<[f32; 3]> {
        let [_, channels, height, width] = [0, 1, 2, 3].map(|axis| self.weights.shape[axis]);
        let area = height * width;
        let filter = &self.weights.data[i * channels * area..][..channels * area]; // (I, kH, kW)
        (0..area)
            .map(|p| match channels {
                3 => [0, 1, 2].map(|c| filter[c * area + p]),
                _ => [(0..channels).map(|c| filter[c * area + p]).sum::<f32>() / channels as f32; 3],
            })
            .collect()
    }
}

fn largest(shown: &[[f32; 3]]) -> f32 {
    shown.iter().flatten().fold(0.0f32, |largest, w| largest.max(w.abs()))
}

/// Weights as colours: 0 is mid grey, `largest` black or white.
fn coloured(shown: &[[f32; 3]], largest: f32) -> Vec<[u8; 3]> {
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    shown.iter().map(|pixel| pixel.map(|w| (128.0 + w * scale) as u8)).collect()
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

    #[test]
    fn a_common_scale_keeps_small_filters_grey() {
        let weights = Tensor::new(vec![2, 1, 1, 1], vec![1.0, -0.5]);
        let filters = Filters { path: "layers.0".into(), weights };
        let greys = |scale| filters.mosaic(scale, 1).pixels.iter().map(|p| p[0]).filter(|&p| p > 0).collect();
        let (own, common): (Vec<u8>, Vec<u8>) = (greys(Scale::Own), greys(Scale::Common));
        assert_eq!((own, common), (vec![255, 1], vec![255, 64]));
        assert_eq!(filters.norm(1), 0.5);
    }

    #[test]
    fn deeper_filters_have_a_row_each() {
        let weights = Tensor::new(vec![2, 5, 3, 3], vec![0.1; 90]);
        let whole = Filters { path: "layers.3".into(), weights }.mosaic(Scale::Own, 2);
        assert_eq!((whole.width, whole.height), (4 + 5 * 10, 4 + 2 * 10));
    }
}
