//! A described net as modules of Burn.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d, Relu};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, s};

use crate::nets;

#[derive(Module, Debug)]
pub struct Net {
    layers: Vec<Layer>,
}

#[derive(Module, Debug)]
enum Layer {
    Conv(Conv2d),
    Doubling(ConvTranspose2d),
    BatchNorm(BatchNorm),
    Relu(Relu),
    MaxPool(MaxPool2d),
    GlobalAveragePool(GlobalAveragePool),
    Linear(Linear),
    Add(Add),
    Concat(Net),
}

/// Burn asks each kind for a module of its own.
#[derive(Module, Debug)]
struct GlobalAveragePool {}

#[derive(Module, Debug)]
struct Add {
    layers: Net,
    /// None for what passes as it is; else zero maps added after halving, unless there is a projection.
    projection: Option<Net>,
    halving: Option<usize>,
}

impl Net {
    pub fn new(layers: &[nets::Layer], device: &Device) -> Self {
        Self { layers: layers.iter().map(|layer| Layer::new(layer, device)).collect() }
    }

    /// (N, C, H, W) → (N, classes, H', W').
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.layers.iter().fold(x, |x, layer| layer.forward(x))
    }
}

impl Layer {
    fn new(layer: &nets::Layer, device: &Device) -> Self {
        match *layer {
            nets::Layer::Conv(conv) => Self::Conv(new_conv(conv, device)),
            nets::Layer::Doubling { inputs, outputs } => {
                let config = ConvTranspose2dConfig::new([inputs, outputs], [2, 2]);
                Self::Doubling(config.with_stride([2, 2]).init(device))
            }
            nets::Layer::BatchNorm { channels } => {
                Self::BatchNorm(BatchNormConfig::new(channels).init(device))
            }
            nets::Layer::Relu => Self::Relu(Relu::new()),
            nets::Layer::MaxPool { kernel, stride, padding } => {
                let config = MaxPool2dConfig::new([kernel; 2]).with_strides([stride; 2]);
                Self::MaxPool(config.with_padding(all_around(padding)).init())
            }
            nets::Layer::GlobalAveragePool => Self::GlobalAveragePool(GlobalAveragePool {}),
            nets::Layer::Linear { inputs, outputs } => {
                Self::Linear(LinearConfig::new(inputs, outputs).init(device))
            }
            nets::Layer::Add { ref layers, ref shortcut } => {
                Self::Add(Add::new(Net::new(layers, device), shortcut, device))
            }
            nets::Layer::Concat { ref layers } => Self::Concat(Net::new(layers, device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Conv(conv) => conv.forward(x),
            Self::Doubling(conv) => conv.forward(x),
            Self::BatchNorm(norm) => norm.forward(x),
            Self::Relu(relu) => relu.forward(x),
            Self::MaxPool(pool) => pool.forward(x),
            Self::GlobalAveragePool(_) => x.mean_dim(3).mean_dim(2),
            Self::Linear(linear) => {
                // (N, C, H, W) → (N, C·H·W) → (N, outputs).
                let y = linear.forward(x.flatten::<2>(1, 3));
                let [n, outputs] = y.dims();
                y.reshape([n, outputs, 1, 1])
            }
            Self::Add(add) => add.forward(x),
            Self::Concat(layers) => Tensor::cat(vec![x.clone(), layers.forward(x)], 1),
        }
    }
}

impl Add {
    fn new(layers: Net, shortcut: &nets::Shortcut, device: &Device) -> Self {
        let (projection, halving) = match shortcut {
            nets::Shortcut::Identity => (None, None),
            nets::Shortcut::Halving { added } => (None, Some(*added)),
            nets::Shortcut::Projection(layers) => (Some(Net::new(layers, device)), None),
        };
        Self { layers, projection, halving }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = self.layers.forward(x.clone());
        let passed = match (&self.projection, self.halving) {
            (Some(projection), _) => projection.forward(x),
            (None, Some(added)) => {
                // (N, C, H, W) → (N, C + added, H/2, W/2).
                let halved = x.slice(s![.., .., ..;2, ..;2]);
                halved.pad([(0, 0), (0, added), (0, 0), (0, 0)], PadMode::Constant(0.0))
            }
            (None, None) => x,
        };
        y + passed
    }
}

fn new_conv(conv: nets::Conv, device: &Device) -> Conv2d {
    Conv2dConfig::new([conv.inputs, conv.outputs], [conv.kernel; 2])
        .with_stride([conv.stride; 2])
        .with_padding(all_around(conv.padding))
        .with_bias(conv.bias)
        .init(device)
}

fn all_around(padding: usize) -> PaddingConfig2d {
    PaddingConfig2d::Explicit(padding, padding, padding, padding)
}
