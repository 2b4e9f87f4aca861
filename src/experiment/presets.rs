//! Networks by name: those of the lecture and of the papers it speaks of.
//!
//! A family is one file here. `resnet-18`, `-34`, `-50`, `-101` and `-152` are the nets for ImageNet of He et al.
//! 2015, Table 1, with their plain twins `plain-18` and `plain-34`; every other `resnet-N` and `plain-N` is one
//! of the nets for CIFAR-10 of section 4.2, with `N = 6n + 2`. Two depths are both, `50 = 6·8 + 2` and
//! `152 = 6·25 + 2`: for these `resnet-N` is the net for ImageNet, as everybody uses the names.

mod alexnet;
pub mod blocks;
mod lenet;
mod residual;
mod residual_imagenet;
mod vgg;

use super::layers::{
    Activation, BatchNorm, Conv, Dropout, Kind, Layer, Linear, Lrn, Padding, Pool, PoolMode, Repeat,
};
use super::words::{nearest, shortened};
use super::{Network, Problem};
use crate::tensor::Extent;

/// Presets to offer in a menu, in this order, `(what they have in common, names)`.
pub const GROUPS: [(&str, &[&str]); 4] = [
    ("Small pictures", &["quickstart", "mlp", "lenet", "lenet-5"]),
    (
        "CIFAR-10, plain and residual",
        &[
            "plain-20",
            "plain-32",
            "plain-44",
            "plain-56",
            "plain-110",
            "resnet-20",
            "resnet-32",
            "resnet-44",
            "resnet-56",
            "resnet-110",
        ],
    ),
    ("ImageNet", &["alexnet", "zfnet", "vgg-16", "vgg-19"]),
    (
        "ImageNet, plain and residual",
        &["plain-18", "plain-34", "resnet-18", "resnet-34", "resnet-50", "resnet-101", "resnet-152"],
    ),
];

const MNIST: Extent = Extent::new(1, 28, 28);
const CIFAR: Extent = Extent::new(3, 32, 32);
const IMAGENET: Extent = Extent::new(3, 224, 224);

/// What a preset's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preset {
    Quickstart,
    Mlp,
    Lenet,
    Lenet5,
    AlexNet,
    ZfNet,
    Vgg(vgg::Depth),
    Imagenet(residual_imagenet::Design),
    /// Without shortcuts, `n` pairs of convolutions in each of the three stages.
    Plain(usize),
    /// With shortcuts around each of the `n` pairs.
    Residual(usize),
}

/// The names of [`GROUPS`], one after the other.
pub fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().flat_map(|(_, names)| names.iter().copied())
}

/// The network called `name` for pictures of shape `input` with `n_classes` classes.
///
/// # Errors
/// No preset has this name. Whether the pictures are large enough is for the graph to say.
pub fn build(name: &str, input: Extent, n_classes: usize) -> Result<Network, Problem> {
    let layers = match Preset::from_name(name)? {
        Preset::Quickstart => quickstart(n_classes),
        Preset::Mlp => mlp(n_classes),
        Preset::Lenet => lenet::lenet(n_classes),
        Preset::Lenet5 => lenet::lenet5(input, n_classes),
        Preset::AlexNet => alexnet::alexnet(input, n_classes),
        Preset::ZfNet => alexnet::zfnet(n_classes),
        Preset::Vgg(depth) => vgg::net(depth, n_classes),
        Preset::Imagenet(design) => design.net(n_classes),
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

/// The shape of the pictures that the preset was made for.
pub fn customary_input(name: &str) -> Extent {
    match Preset::from_name(name) {
        Ok(Preset::Plain(_) | Preset::Residual(_)) => CIFAR,
        Ok(Preset::AlexNet) => alexnet::ALEXNET_INPUT,
        Ok(Preset::ZfNet | Preset::Vgg(_) | Preset::Imagenet(_)) => IMAGENET,
        Ok(Preset::Lenet5) => lenet::LENET5_INPUT,
        Ok(Preset::Quickstart | Preset::Mlp | Preset::Lenet) | Err(_) => MNIST,
    }
}

/// The number of classes that it was made for.
pub fn customary_classes(name: &str) -> usize {
    if customary_input(name).height > 200 { 1000 } else { 10 }
}

/// What the preset is, in a sentence for a menu; `None` where there is no such preset.
pub fn describe(name: &str) -> Option<String> {
    Some(match Preset::from_name(name).ok()? {
        Preset::Quickstart => {
            "Two small convolutions with pooling and a classifier; trains within seconds.".into()
        }
        Preset::Mlp => "Two hidden layers of 300 and 100 ReLU units, fully connected: no convolution.".into(),
        Preset::Lenet => "LeNet: two 5×5 convolutions with max pooling, then 500 ReLU units.".into(),
        Preset::Lenet5 => {
            "LeNet-5, with all connections of C3: 61,706 parameters on 32×32 digits (LeCun et al. 1998)."
                .into()
        }
        Preset::AlexNet => {
            "AlexNet as published, with convolutions in two groups; for 227×227 pictures (Krizhevsky et al. 2012)."
                .into()
        }
        Preset::ZfNet => {
            "AlexNet with a finer first layer and no groups; for 224×224 pictures (Zeiler and Fergus 2014).".into()
        }
        Preset::Vgg(depth) => format!(
            "{} weighted layers, all convolutions 3×3; for 224×224 pictures (Simonyan and Zisserman 2015).",
            depth.n_weighted()
        ),
        Preset::Imagenet(design) => design.describe(),
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
            "lenet-5" => return Ok(Self::Lenet5),
            "alexnet" => return Ok(Self::AlexNet),
            "zfnet" => return Ok(Self::ZfNet),
            "vgg-16" => return Ok(Self::Vgg(vgg::Depth::Sixteen)),
            "vgg-19" => return Ok(Self::Vgg(vgg::Depth::Nineteen)),
            _ => {}
        }
        for (prefix, family) in [("plain-", Self::Plain as fn(usize) -> Self), ("resnet-", Self::Residual)] {
            if let Some(depth) = name.strip_prefix(prefix)
                && !depth.is_empty()
                && depth.bytes().all(|byte| byte.is_ascii_digit())
            {
                return match residual_imagenet::Design::from_name(name) {
                    Some(design) => Ok(Self::Imagenet(design)),
                    None => residual::n_blocks(prefix, depth).map(family),
                };
            }
        }
        let remedy = match nearest(name, names()) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => {
                let others =
                    names().filter(|name| !name.starts_with("plain-") && !name.starts_with("resnet-"));
                let others: Vec<String> = others.map(|name| format!("`{name}`")).collect();
                format!("; there are {}, `plain-N` and `resnet-N`.", others.join(", "))
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

/// The two layers of 4,096 units, of which dropout takes half, and the output, that crowned the nets for
/// ImageNet before global pooling did (Krizhevsky et al. 2012, section 4.2).
fn classifier(n_classes: usize) -> Vec<Layer> {
    vec![linear(4096), relu(), dropout(), linear(4096), relu(), dropout(), linear(n_classes)]
}

/// Square filters over maps without padding, pixel by pixel, with a bias.
fn conv(filters: usize, kernel: usize) -> Layer {
    Layer::new(Kind::Conv(plain_conv(filters, kernel)))
}

fn plain_conv(filters: usize, kernel: usize) -> Conv {
    Conv { filters, kernel: [kernel; 2], ..Conv::default() }
}

/// A convolution that batch normalisation follows, whose shift stands in for its bias; padded so that only the
/// stride changes the size.
fn conv_before_norm(filters: usize, kernel: usize, stride: usize) -> Layer {
    Layer::new(Kind::Conv(Conv {
        stride: [stride; 2],
        padding: Padding::Each([kernel / 2; 2]),
        bias: false,
        ..plain_conv(filters, kernel)
    }))
}

/// Rows and columns to add on each side of pictures that are up to four pixels short of the side that a net was
/// made for: MNIST's digits of 28×28 in LeNet-5's field of 32×32. Others stay as they are.
fn margin(input: Extent, made_for: Extent) -> [usize; 2] {
    [(input.height, made_for.height), (input.width, made_for.width)].map(|(side, wanted)| {
        match wanted.checked_sub(side) {
            Some(short @ 1..=4) => short.div_ceil(2),
            _ => 0,
        }
    })
}

fn batch_norm() -> Layer {
    Layer::new(Kind::BatchNorm(BatchNorm::default()))
}

fn relu() -> Layer {
    Layer::new(Kind::Activation(Activation::Relu))
}

fn lrn() -> Layer {
    Layer::new(Kind::Lrn(Lrn::default()))
}

fn dropout() -> Layer {
    Layer::new(Kind::Dropout(Dropout::default()))
}

fn max_pool(window: usize) -> Layer {
    Layer::new(Kind::Pool(Pool::new(PoolMode::Max, window)))
}

fn linear(outputs: usize) -> Layer {
    Layer::new(Kind::Linear(Linear { outputs, ..Linear::default() }))
}

/// The layers so many times in a row; one time needs no repetition around it.
fn repeated(times: usize, layers: Vec<Layer>) -> Vec<Layer> {
    match times {
        0 => Vec::new(),
        1 => layers,
        _ => vec![Layer::new(Kind::Repeat(Repeat { times, layers }))],
    }
}

#[cfg(test)]
mod tests;
