//! A described net as layers of candle.

use candle_core::{D, Result, Tensor};
use candle_nn::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Linear, Module,
    ModuleT, VarBuilder,
};

use crate::nets;

pub struct Net {
    layers: Vec<Layer>,
}

enum Layer {
    Conv(Conv2d),
    Doubling(ConvTranspose2d),
    BatchNorm(BatchNorm),
    Relu,
    MaxPool { size: usize },
    OverlappingMaxPool,
    GlobalAveragePool,
    Linear(Linear),
    Add { layers: Net, shortcut: Shortcut },
    Concat(Net),
}

enum Shortcut {
    Identity,
    Halving { added: usize },
    Projection(Net),
}

impl Net {
    pub fn new(layers: &[nets::Layer], variables: &VarBuilder) -> Result<Self> {
        let layers = layers.iter().enumerate();
        Ok(Self {
            layers: layers.map(|(i, layer)| Layer::new(layer, &variables.pp(i))).collect::<Result<_>>()?,
        })
    }

    /// (N, C, H, W) → (N, classes, H', W').
    pub fn forward(&self, x: &Tensor, is_training: bool) -> Result<Tensor> {
        self.layers.iter().try_fold(x.clone(), |x, layer| layer.forward(&x, is_training))
    }
}

impl Layer {
    fn new(layer: &nets::Layer, variables: &VarBuilder) -> Result<Self> {
        Ok(match layer {
            nets::Layer::Conv(conv) => Self::Conv(new_conv(conv, variables)?),
            nets::Layer::Doubling { inputs, outputs } => {
                let config = ConvTranspose2dConfig { stride: 2, ..ConvTranspose2dConfig::default() };
                Self::Doubling(candle_nn::conv_transpose2d(*inputs, *outputs, 2, config, variables.clone())?)
            }
            nets::Layer::BatchNorm { channels } => Self::BatchNorm(candle_nn::batch_norm(
                *channels,
                BatchNormConfig::default(),
                variables.clone(),
            )?),
            nets::Layer::Relu => Self::Relu,
            nets::Layer::MaxPool { kernel, stride, padding: 0 } if kernel == stride => {
                Self::MaxPool { size: *kernel }
            }
            nets::Layer::MaxPool { kernel: 3, stride: 2, padding: 1 } => Self::OverlappingMaxPool,
            nets::Layer::MaxPool { .. } => candle_core::bail!("There is no pooling of this shape here."),
            nets::Layer::GlobalAveragePool => Self::GlobalAveragePool,
            nets::Layer::Linear { inputs, outputs } => {
                Self::Linear(candle_nn::linear(*inputs, *outputs, variables.clone())?)
            }
            nets::Layer::Add { layers, shortcut } => Self::Add {
                layers: Net::new(layers, &variables.pp("layers"))?,
                shortcut: match shortcut {
                    nets::Shortcut::Identity => Shortcut::Identity,
                    nets::Shortcut::Halving { added } => Shortcut::Halving { added: *added },
                    nets::Shortcut::Projection(layers) => {
                        Shortcut::Projection(Net::new(layers, &variables.pp("projection"))?)
                    }
                },
            },
            nets::Layer::Concat { layers } => Self::Concat(Net::new(layers, variables)?),
        })
    }

    fn forward(&self, x: &Tensor, is_training: bool) -> Result<Tensor> {
        match self {
            Self::Conv(conv) => conv.forward(x),
            Self::Doubling(conv) => conv.forward(x),
            Self::BatchNorm(norm) => norm.forward_t(x, is_training),
            Self::Relu => x.relu(),
            Self::MaxPool { size } => x.max_pool2d(*size),
            Self::OverlappingMaxPool => overlapping_max_pool(x),
            Self::GlobalAveragePool => x.mean_keepdim((2, 3)),
            // (N, C, H, W) → (N, C·H·W) → (N, outputs, 1, 1).
            Self::Linear(linear) => {
                linear.forward(&x.flatten_from(1)?)?.unsqueeze(D::Minus1)?.unsqueeze(D::Minus1)
            }
            Self::Add { layers, shortcut } => {
                let y = layers.forward(x, is_training)?;
                y + match shortcut {
                    Shortcut::Identity => x.clone(),
                    Shortcut::Halving { added } => every_second(x)?.pad_with_zeros(1, 0, *added)?,
                    Shortcut::Projection(layers) => layers.forward(x, is_training)?,
                }
            }
            Self::Concat(layers) => Tensor::cat(&[x, &layers.forward(x, is_training)?], 1),
        }
    }
}

fn new_conv(conv: &nets::Conv, variables: &VarBuilder) -> Result<Conv2d> {
    let config = Conv2dConfig { stride: conv.stride, padding: conv.padding, ..Conv2dConfig::default() };
    let new = if conv.bias { candle_nn::conv2d } else { candle_nn::conv2d_no_bias };
    new(conv.inputs, conv.outputs, conv.kernel, config, variables.clone())
}

/// (N, C, H, W) → (N, C, H/2, W/2), of even H and W.
fn every_second(x: &Tensor) -> Result<Tensor> {
    let (n, channels, height, width) = x.dims4()?;
    let pairs = x.reshape((n, channels, height / 2, 2, width / 2, 2))?;
    pairs.narrow(5, 0, 1)?.narrow(3, 0, 1)?.reshape((n, channels, height / 2, width / 2))
}

/// Maxima under 3×3 with stride 2 and padding 1, of even H and W: (N, C, H, W) → (N, C, H/2, W/2). candle has neither
/// the padding nor a gradient where windows overlap, so they are made by comparing rows, then columns. The padding may
/// be zeros, since what comes in has passed a ReLU.
fn overlapping_max_pool(x: &Tensor) -> Result<Tensor> {
    let (n, channels, height, width) = x.dims4()?;
    let (rows, columns) = (height / 2, width / 2);
    let pairs = x.pad_with_zeros(2, 1, 1)?.reshape((n, channels, rows + 1, 2, width))?;
    let [even, odd] = [pairs.narrow(3, 0, 1)?, pairs.narrow(3, 1, 1)?];
    let x = even.narrow(2, 0, rows)?.maximum(&odd.narrow(2, 0, rows)?)?.maximum(&even.narrow(2, 1, rows)?)?;
    let x = x.reshape((n, channels, rows, width))?;
    let pairs = x.pad_with_zeros(3, 1, 1)?.reshape((n, channels, rows, columns + 1, 2))?;
    let [even, odd] = [pairs.narrow(4, 0, 1)?, pairs.narrow(4, 1, 1)?];
    let x = even.narrow(3, 0, columns)?.maximum(&odd.narrow(3, 0, columns)?)?;
    x.maximum(&even.narrow(3, 1, columns)?)?.reshape((n, channels, rows, columns))
}
