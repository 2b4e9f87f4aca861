//! The filters of a convolution as pictures.

use std::time::Duration;

use super::look::{Glance, Instrument, LookError, Subject, View};
use super::picture::{Picture, columns};
use super::tuning::GreyFilter;
use crate::graph::{Graph, NodeId, Op, ParameterId};
use crate::tensor::Tensor;
use crate::train::initial::Start;

/// Filters as they stand at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// Path of the convolution, `layers.0`.
    pub path: String,
    /// `(O, I, kH, kW)`.
    pub weights: Tensor,
    /// Where they began, likewise; none where that is not known.
    pub initial: Option<Vec<f32>>,
    /// What the normalisation multiplies each channel's pixels by, where the filters read the pictures themselves.
    pub scale: Option<Vec<f32>>,
}

/// In which order filters are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Number,
    /// Longest first.
    Norm,
    /// By the angle of the stripes that each prefers; first those that prefer one clearly.
    Orientation,
    /// Most colourful first.
    Colour,
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
    layer: Option<String>,
    /// Where the weights began if their seed has drawn them, once it has been worked out.
    initial: Option<Vec<f32>>,
}

impl Reading {
    pub fn new(layer: Option<String>) -> Self {
        Self { layer, initial: None }
    }
}

impl Instrument for Reading {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let (path, weight) = convolution_at(subject.graph, self.layer.as_deref())?;
        let mut drawn = || {
            let draw = || {
                let start = Start::new(subject.graph, &subject.experiment.train, subject.experiment.seed);
                start.numbers(weight)
            };
            self.initial.get_or_insert_with(draw).clone()
        };
        let initial = subject.start.map_or_else(&mut drawn, |start| start.parameters[weight.0].clone());
        let scale = reads_pictures(subject.graph, weight).then(|| subject.normalisation.scale.clone());
        let (weights, initial) = (subject.parameter(weight)?, Some(initial));
        Ok(Glance::whole(View::Filters(Filters { path, weights, initial, scale })))
    }
}

/// Whether a convolution reads all channels of the pictures themselves.
pub fn reads_pictures(graph: &Graph, weight: ParameterId) -> bool {
    graph.nodes.iter().any(|node| match &node.op {
        Op::Conv(conv) => conv.weight == weight && node.inputs == [NodeId(0)] && conv.groups == 1,
        _ => false,
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

    /// The filters as they changed since they began, weight by weight.
    pub fn change(&self) -> Option<Self> {
        let initial = self.initial.as_ref()?;
        let data = self.weights.data.iter().zip(initial).map(|(now, then)| now - then).collect();
        Some(Self { weights: Tensor::new(self.weights.shape.clone(), data), ..self.clone() })
    }

    /// The filters' numbers in this order; equals in that of their numbers.
    pub fn order(&self, by: Order) -> Vec<usize> {
        let key = |i: usize| match by {
            Order::Number => 0.0,
            Order::Norm => -self.norm(i),
            Order::Orientation => self.orientation(i).unwrap_or(360.0),
            Order::Colour => -self.colourfulness(i),
        };
        let mut order: Vec<(f64, usize)> = (0..self.len()).map(|i| (key(i), i)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        order.into_iter().map(|(_, i)| i).collect()
    }

    /// The filters of these numbers, in this order.
    pub fn in_order(&self, order: &[usize]) -> Self {
        let numbers = self.weights.data.len() / self.len().max(1);
        let sorted = |data: &[f32]| -> Vec<f32> {
            order.iter().flat_map(|&i| &data[i * numbers..][..numbers]).copied().collect()
        };
        let mut shape = self.weights.shape.clone();
        shape[0] = order.len();
        let initial = self.initial.as_ref().map(|initial| sorted(initial));
        Self { weights: Tensor::new(shape, sorted(&self.weights.data)), initial, ..self.clone() }
    }

    /// The angle of the stripes that filter `i` prefers, in degrees; none where it does not read the pictures or
    /// prefers none clearly (selectivity below 0.2, see [`super::tuning`]).
    pub fn orientation(&self, i: usize) -> Option<f64> {
        let numbers = self.weights.data.len() / self.len();
        let filter = &self.weights.data[i * numbers..][..numbers];
        let tuning = GreyFilter::new(filter, self.size(), self.scale.as_ref()?).tuning()?;
        (tuning.selectivity >= 0.2).then_some(tuning.orientation_degrees)
    }

    /// Which share of filter `i` is colour: of the sum of its squares, that of what is left when from each place the
    /// mean over its channels is taken. 0 for a grey filter.
    pub fn colourfulness(&self, i: usize) -> f64 {
        let [height, width] = self.size();
        let (area, channels) = (height * width, self.weights.shape[1]);
        let filter = &self.weights.data[i * channels * area..][..channels * area]; // (I, kH, kW)
        let at = |c: usize, p: usize| f64::from(filter[c * area + p]);
        let (mut colour, mut all) = (0.0, 0.0);
        for p in 0..area {
            let mean = (0..channels).map(|c| at(c, p)).sum::<f64>() / channels as f64;
            colour += (0..channels).map(|c| (at(c, p) - mean).powi(2)).sum::<f64>();
            all += (0..channels).map(|c| at(c, p).powi(2)).sum::<f64>();
        }
        if all > 0.0 { colour / all } else { 0.0 }
    }

    /// One channel of filter `i` in grey, on the scale of `largest`.
    pub fn kernel(&self, i: usize, channel: usize, largest: f32) -> Picture {
        let [height, width] = self.size();
        let at = (i * self.weights.shape[1] + channel) * height * width;
        let plane: Vec<[f32; 3]> =
            self.weights.data[at..][..height * width].iter().map(|&w| [w; 3]).collect();
        Picture { width, height, pixels: coloured(&plane, largest) }
    }

    /// Filter `i` as [`Filters::picture`] shows it, on the scale of `largest`.
    pub fn picture_on(&self, i: usize, largest: f32) -> Vec<[u8; 3]> {
        coloured(&self.shown(i), largest)
    }

    /// The largest number by magnitude by which filter `i` is shown.
    pub fn largest(&self, i: usize) -> f32 {
        largest(&self.shown(i))
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

    fn filters(weights: Tensor) -> Filters {
        let scale = Some(vec![1.0; weights.shape[1]]);
        Filters { path: "layers.0".into(), initial: Some(vec![0.25; weights.data.len()]), weights, scale }
    }

    #[test]
    fn zero_is_grey_and_the_extremes_are_black_and_white() {
        let weights = Tensor::new(vec![1, 1, 1, 3], vec![-2.0, 0.0, 2.0]);
        let filters = filters(weights);
        assert_eq!(filters.picture(0), [[1; 3], [128; 3], [255; 3]]);
    }

    #[test]
    fn three_channels_are_a_colour() {
        let weights = Tensor::new(vec![1, 3, 1, 1], vec![1.0, 0.0, -1.0]);
        let filters = filters(weights);
        assert_eq!(filters.picture(0), [[255, 128, 1]]);
    }

    #[test]
    fn a_common_scale_keeps_small_filters_grey() {
        let weights = Tensor::new(vec![2, 1, 1, 1], vec![1.0, -0.5]);
        let filters = filters(weights);
        let greys = |scale| filters.mosaic(scale, 1).pixels.iter().map(|p| p[0]).filter(|&p| p > 0).collect();
        let (own, common): (Vec<u8>, Vec<u8>) = (greys(Scale::Own), greys(Scale::Common));
        assert_eq!((own, common), (vec![255, 1], vec![255, 64]));
        assert_eq!(filters.norm(1), 0.5);
    }

    #[test]
    fn deeper_filters_have_a_row_each() {
        let weights = Tensor::new(vec![2, 5, 3, 3], vec![0.1; 90]);
        let whole = filters(weights).mosaic(Scale::Own, 2);
        assert_eq!((whole.width, whole.height), (4 + 5 * 10, 4 + 2 * 10));
    }

    /// A grey bar down, a red-against-green one, and a longer one across.
    #[test]
    fn filters_are_put_in_order() {
        let bar = |place: fn(usize) -> usize| (0..9).map(move |p| [-1.0, 2.0, -1.0][place(p)]);
        let mut data: Vec<f32> = (0..3).flat_map(|_| bar(|p| p % 3)).collect();
        data.extend([1.0, -1.0, 0.0].iter().flat_map(|sign| bar(|p| p % 3).map(move |w| sign * w)));
        data.extend((0..3).flat_map(|_| bar(|p| p / 3)).map(|w| 2.0 * w));
        let filters = filters(Tensor::new(vec![3, 3, 3, 3], data));
        assert_eq!(filters.order(Order::Norm), [2, 0, 1]);
        assert_eq!(filters.order(Order::Colour), [1, 0, 2]);
        assert_eq!(filters.order(Order::Orientation), [2, 0, 1], "stripes across lie at 0°, down at 90°");
        assert_eq!((filters.colourfulness(0), filters.colourfulness(1)), (0.0, 1.0));
        let change = filters.change().expect("it is known where they began");
        assert_eq!(change.weights.data[0], filters.weights.data[0] - 0.25);
    }
}
