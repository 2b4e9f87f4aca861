//! How a signal fares in a net of any depth that has learned nothing: equal 3×3 convolutions behind each other,
//! each followed by one function, on a few of the built-in pictures.

use std::sync::Arc;

use super::batch::Batch;
use super::statistics::{self, Options, Statistics};
use crate::data::{DataSet, catalogue};
use crate::engine::Device;
use crate::experiment::layers::{Activation, BatchNorm, Conv, Linear, Padding};
use crate::experiment::{Data, Experiment, Initialisation, Kind, Layer, NetworkChoice, Train};
use crate::train::{Net, TrainError};

/// The most layers that are stacked.
pub const DEEPEST: usize = 100;

const N_CHANNELS: usize = 16;
/// Height and width of the pictures.
const SIDE: usize = 12;
const N_PICTURES: usize = 16;
const N_DRAWS: usize = 4;

/// Layers of one kind behind each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stack {
    /// Convolutions, 1 to [`DEEPEST`].
    pub depth: usize,
    pub function: Activation,
    pub initialisation: Initialisation,
    /// Whether a batch normalisation stands behind each convolution.
    pub is_normalised: bool,
}

impl Stack {
    /// Draws the weights several times and measures each convolution.
    ///
    /// # Errors
    /// A device without room.
    pub fn measure(&self, device: &dyn Device) -> Result<Statistics, TrainError> {
        let experiment = self.experiment();
        let set: Arc<DataSet> = Arc::new(catalogue::open(&experiment)?);
        let net = Net::initial(&experiment, &set)?;
        let batch = Batch::first(N_PICTURES, &set, &set.train, experiment.train.loss, &net.normalisation);
        let options = Options { batch: N_PICTURES, n_draws: Some(N_DRAWS), histograms: false };
        Ok(statistics::statistics(&net, &batch, device, &options)?)
    }

    fn experiment(&self) -> Experiment {
        let data = Data {
            source: "shapes".into(),
            train: Some(N_PICTURES),
            test: Some(1),
            size: Some([SIDE, SIDE]),
            ..Data::default()
        };
        let conv = Conv { filters: N_CHANNELS, padding: Padding::Each([1, 1]), ..Conv::default() };
        let mut layers = Vec::new();
        for _ in 0..self.depth.clamp(1, DEEPEST) {
            layers.push(Layer::new(Kind::Conv(conv.clone())));
            if self.is_normalised {
                layers.push(Layer::new(Kind::BatchNorm(BatchNorm::default())));
            }
            layers.push(Layer::new(Kind::Activation(self.function)));
        }
        layers.push(Layer::new(Kind::GlobalAveragePool));
        layers.push(Layer::new(Kind::Linear(Linear { outputs: 10, ..Linear::default() })));
        let train = Train { initialisation: self.initialisation, ..Train::default() };
        let network = NetworkChoice::Layers { input: None, layers };
        Experiment { data, network, train, ..Experiment::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, DeviceChoice};

    const DEEP: Stack = Stack {
        depth: 12,
        function: Activation::Relu,
        initialisation: Initialisation::HE,
        is_normalised: false,
    };

    /// By what the signal's deviation grows from the first convolution to the last.
    fn growth(stack: Stack) -> f64 {
        let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
        let found = stack.measure(&*device).expect("there is room");
        let convs: Vec<_> = found.layers.iter().filter(|layer| layer.kind == "conv").collect();
        assert_eq!(convs.len(), stack.depth);
        convs[convs.len() - 1].signal.deviation / convs[0].signal.deviation
    }

    /// Eleven halves of the power are `2^(−5.5)` of the deviation.
    #[test]
    fn what_the_rule_says_is_what_the_depth_multiplies() {
        let (he, xavier) = (growth(DEEP), growth(Stack { initialisation: Initialisation::XAVIER, ..DEEP }));
        assert!((he / xavier / 2f64.powf(5.5) - 1.0).abs() < 0.02, "He {he}, Xavier {xavier}");
        assert!(he > 0.2 && he < 1.5, "{he}");
    }

    #[test]
    fn a_normalisation_forgets_the_scale_of_the_weights() {
        let normal = Stack { is_normalised: true, ..DEEP };
        let small = Initialisation::He { fan_out: false, uniform: false, own_gain: false, scale: 0.1 };
        let ratio = growth(Stack { initialisation: small, ..normal }) / growth(normal);
        assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    }
}
