//! Networks by name: `quickstart`, `lenet`, `mlp`, `plain-N`, `resnet-N`.

mod residual;

use super::layers::{Activation, BatchNorm, Conv, Kind, Layer, Linear, Pool, PoolMode};
use super::words::{nearest, shortened};
use super::{Network, Problem};
use crate::tensor::Extent;

/// Presets to offer in a menu, in this order. Every `plain-N` and `resnet-N` with `N = 6n + 2` exists.
pub const NAMES: [&str; 13] = [
    "quickstart",
    "mlp",
    "lenet",
    "plain-20",
    "resnet-20",
    "plain-32",
    "resnet-32",
    "plain-44",
    "resnet-44",
    "plain-56",
    "resnet-56",
    "plain-110",
    "resnet-110",
];

/// What a preset's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preset {
    Quickstart,
    Mlp,
    Lenet,
    /// Without shortcuts, `n` pairs of convolutions in each of the three stages.
    Plain(usize),
    /// With shortcuts around each of the `n` pairs.
    Residual(usize),
}

/// The network called `name` for pictures of shape `input` with `n_classes` classes.
///
/// # Errors
/// No preset has this name. Whether the pictures are large enough is for the graph to say.
pub fn build(name: &str, input: Extent, n_classes: usize) -> Result<Network, Problem> {
    let layers = match Preset::from_name(name)? {
        Preset::Quickstart => quickstart(n_classes),
        Preset::Mlp => mlp(n_classes),
        Preset::Lenet => lenet(n_classes),
        Preset::Plain(n) => residual::plain(n, n_classes),
        Preset::Residual(n) => residual::residual(n, n_classes),
    };
    Ok(Network { input, layers })
}

/// Whether there is a preset of this name.
///
/// # Errors
/// There is none; the message names the nearest ones.
pub fn check(name: &str) -> Result<(), Problem> {
    Preset::from_name(name).map(|_| ())
}

/// The shape of the pictures that the preset was made for: MNIST's or CIFAR's.
pub fn customary_input(name: &str) -> Extent {
    match Preset::from_name(name) {
        Ok(Preset::Plain(_) | Preset::Residual(_)) => Extent::new(3, 32, 32),
        Ok(Preset::Quickstart | Preset::Mlp | Preset::Lenet) | Err(_) => Extent::new(1, 28, 28),
    }
}

/// What the preset is, in a sentence for a menu; `None` where there is no such preset.
pub fn describe(name: &str) -> Option<String> {
    Some(match Preset::from_name(name).ok()? {
        Preset::Quickstart => {
            "Two small convolutions with pooling and a classifier; trains within seconds.".into()
        }
        Preset::Mlp => "Two hidden layers of 300 and 100 ReLU units, fully connected: no convolution.".into(),
        Preset::Lenet => "LeNet: two 5×5 convolutions with max pooling, then 500 ReLU units.".into(),
        Preset::Plain(n) => {
            format!("{} layers stacked simply, without shortcuts (He et al. 2015).", 6 * n + 2)
        }
        Preset::Residual(n) => {
            format!(
                "{} layers in residual blocks with shortcuts that cost no weights (He et al. 2015).",
                6 * n + 2
            )
        }
    })
}

impl Preset {
    fn from_name(name: &str) -> Result<Self, Problem> {
        match name {
            "quickstart" => return Ok(Self::Quickstart),
            "mlp" => return Ok(Self::Mlp),
            "lenet" => return Ok(Self::Lenet),
            _ => {}
        }
        for (prefix, family) in [("plain-", Self::Plain as fn(usize) -> Self), ("resnet-", Self::Residual)] {
            if let Some(depth) = name.strip_prefix(prefix)
                && !depth.is_empty()
                && depth.bytes().all(|byte| byte.is_ascii_digit())
            {
                return residual::n_blocks(prefix, depth).map(family);
            }
        }
        let remedy = match nearest(name, NAMES) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => {
                "; there are `quickstart`, `mlp`, `lenet`, `plain-N` and `resnet-N` with N = 6n + 2.".into()
            }
        };
        Err(Problem::new(format!("There is no preset `{}`{remedy}", shortened(name))))
    }
}

/// Small enough for seconds on a laptop, with first-layer filters (5×5) large enough to look at.
fn quickstart(n_classes: usize) -> Vec<Layer> {
    vec![conv(8, 5), relu(), max_pool(2), conv(16, 5), relu(), max_pool(2), linear(n_classes)]
}

/// The fully connected 300-100 network of LeCun et al. 1998, section III.C, with ReLU in place of tanh.
fn mlp(n_classes: usize) -> Vec<Layer> {
    vec![linear(300), relu(), linear(100), relu(), linear(n_classes)]
}

/// The descendant of LeNet-5 (LeCun et al. 1998) that came as an example with Caffe, the lecture's first
/// convnet: no padding, and no non-linearity but max pooling below the classifier.
fn lenet(n_classes: usize) -> Vec<Layer> {
    vec![conv(20, 5), max_pool(2), conv(50, 5), max_pool(2), linear(500), relu(), linear(n_classes)]
}

fn conv(filters: usize, kernel: usize) -> Layer {
    Layer::new(Kind::Conv(Conv { filters, kernel: [kernel; 2], ..Conv::default() }))
}

fn batch_norm() -> Layer {
    Layer::new(Kind::BatchNorm(BatchNorm::default()))
}

fn relu() -> Layer {
    Layer::new(Kind::Activation(Activation::Relu))
}

fn max_pool(window: usize) -> Layer {
    Layer::new(Kind::Pool(Pool::new(PoolMode::Max, window)))
}

fn linear(outputs: usize) -> Layer {
    Layer::new(Kind::Linear(Linear { outputs, ..Linear::default() }))
}

#[cfg(test)]
mod tests;
