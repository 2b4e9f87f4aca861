//! What a net makes of every point of a plane: its decision surface, where pictures are points.

use std::sync::Arc;

use crate::engine::Device;
use crate::tensor::Extent;
use crate::train::{Model, Net, TrainError};

/// Pictures that are points: one pixel, two channels, the coordinates.
pub const POINTS: Extent = Extent::new(2, 1, 1);

/// Answers over a square of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Points along a side.
    pub side: usize,
    pub n_classes: usize,
    /// Probabilities `(side, side, K)`: rows from the top, where y is largest; columns from the left.
    pub probabilities: Vec<f32>,
}

impl Plane {
    /// Asks a net for `side × side` points. None where its pictures are no points or it gives no classes.
    ///
    /// # Errors
    /// A device without room.
    pub fn of(net: &Net, device: Arc<dyn Device>, side: usize) -> Result<Option<Self>, TrainError> {
        let n_classes = net.graph.node(net.graph.output).extent.len();
        if net.graph.input() != POINTS || n_classes != net.classes.len() || side < 2 {
            return Ok(None);
        }
        let byte = |i: usize| ((255 * i + (side - 1) / 2) / (side - 1)) as u8;
        let points: Vec<Vec<u8>> =
            (0..side * side).map(|i| vec![byte(i % side), 255 - byte(i / side)]).collect();
        let model = Model::new(net, device, points.len())?;
        let mut reader = model.reader()?;
        let mut probabilities = Vec::with_capacity(points.len() * n_classes);
        for points in points.chunks(model.batch()) {
            for logits in reader.read(points)? {
                probabilities.extend(softmax(&logits));
            }
        }
        Ok(Some(Self { side, n_classes, probabilities }))
    }

    /// The probabilities of a point.
    pub fn at(&self, row: usize, column: usize) -> &[f32] {
        let first = (row * self.side + column) * self.n_classes;
        &self.probabilities[first..first + self.n_classes]
    }
}

/// `p_k = e^{z_k} / Σ e^{z_j}`, without overflow.
fn softmax(logits: &[f32]) -> impl Iterator<Item = f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|z| (z - largest).exp()).sum();
    logits.iter().map(move |z| (z - largest).exp() / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue;
    use crate::engine::{self, DeviceChoice};
    use crate::experiment::file;

    /// One linear layer from x alone to the first class: the probability grows to the right and not upwards.
    #[test]
    fn a_linear_net_divides_the_plane_by_a_line() {
        let text = "data = { source = \"rings\", train = 16, test = 4, normalise = \"none\" }\n\
                    network.layers = [{ linear = 2 }]";
        let experiment = file::parse(text).expect("an experiment");
        let set = catalogue::open(&experiment.data, 1).expect("built-in points");
        let mut net = Net::initial(&experiment, &set).expect("it fits");
        net.numbers.parameters = vec![vec![4.0, 0.0, 0.0, 0.0], vec![-2.0, 0.0]];
        let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
        let plane = Plane::of(&net, device, 5).expect("there is room").expect("points");
        for row in 0..5 {
            for (column, expected) in [(0, -2.0f32), (4, 2.0)] {
                let wanted = 1.0 / (1.0 + (-expected).exp());
                assert!((plane.at(row, column)[0] - wanted).abs() < 1e-5, "{row}, {column}");
            }
        }
    }
}
