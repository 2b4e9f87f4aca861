//! Each kind of layer in PyTorch's words.

use super::expression::{Argument, Expression, Role, flag, number, pair};
use crate::experiment::layers::{
    Activation, BatchNorm, Conv, Dropout, Linear, Lrn, Padding, Pool, PoolMode, Prelu, Shortcut,
    TransposedConv, Upsample, UpsampleMode,
};
use crate::graph::layers::Window;
use crate::tensor::Extent;

/// A class that the exported file defines because PyTorch has none like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Helper {
    FullyConnected,
    FullyConnectedMaps,
    FlattenMaps,
    PermutePixels,
    SameConv2d,
    ZeroPaddedShortcut,
}

impl Helper {
    pub fn name(self) -> &'static str {
        match self {
            Self::FullyConnected | Self::FullyConnectedMaps => "FullyConnected",
            Self::FlattenMaps => "FlattenMaps",
            Self::PermutePixels => "PermutePixels",
            Self::SameConv2d => "SameConv2d",
            Self::ZeroPaddedShortcut => "ZeroPaddedShortcut",
        }
    }

    /// The class in Python.
    pub fn text(self) -> &'static str {
        match self {
            Self::FullyConnected => include_str!("helpers/fully_connected.py"),
            Self::FullyConnectedMaps => include_str!("helpers/fully_connected_maps.py"),
            Self::FlattenMaps => include_str!("helpers/flatten_maps.py"),
            Self::PermutePixels => include_str!("helpers/permute_pixels.py"),
            Self::SameConv2d => include_str!("helpers/same_conv2d.py"),
            Self::ZeroPaddedShortcut => include_str!("helpers/zero_padded_shortcut.py"),
        }
    }
}

/// The module of a layer, and the class it needs, if PyTorch's do not suffice.
pub type Written = (Expression, Option<Helper>);

/// `(N, C, H, W)` in, `(N, C', H', W')` out.
pub fn conv(conv: &Conv, x: Extent) -> Written {
    let (padding, helper) = match conv.padding {
        Padding::Each(padding) => (pair(padding), None),
        Padding::Same => match same_padding(conv, x) {
            // The same on both sides, as is usual.
            Some(padding) => (pair(padding), None),
            None if conv.stride == [1, 1] => ("\"same\"".into(), None),
            None => ("0".into(), Some(Helper::SameConv2d)),
        },
    };
    let arguments = vec![
        Argument::channels(Role::In, x.channels),
        Argument::channels(Role::Out, conv.filters),
        Argument::named("kernel_size", pair(conv.kernel)),
        Argument::optional("stride", pair(conv.stride), "1"),
        Argument::optional("padding", padding, "0"),
        Argument::optional("dilation", pair(conv.dilation), "1"),
        Argument::optional("groups", conv.groups.to_string(), "1"),
        Argument::optional("bias", flag(conv.bias), "True"),
    ];
    (Expression::call(helper.map_or("nn.Conv2d", Helper::name), arguments), helper)
}

/// `(N, C, H, W)` in, `(N, C', H', W')` out, enlarged by the stride.
pub fn transposed_conv(conv: &TransposedConv, x: Extent) -> Expression {
    let arguments = vec![
        Argument::channels(Role::In, x.channels),
        Argument::channels(Role::Out, conv.filters),
        Argument::named("kernel_size", pair(conv.kernel)),
        Argument::optional("stride", pair(conv.stride), "1"),
        Argument::optional("padding", pair(conv.padding), "0"),
        Argument::optional("output_padding", pair(conv.output_padding), "0"),
        Argument::optional("groups", conv.groups.to_string(), "1"),
        Argument::optional("bias", flag(conv.bias), "True"),
        Argument::optional("dilation", pair(conv.dilation), "1"),
    ];
    Expression::call("nn.ConvTranspose2d", arguments)
}

/// The padding that keeps the size, where it is the same before and behind the maps.
fn same_padding(conv: &Conv, x: Extent) -> Option<[usize; 2]> {
    let window = Window { stride: conv.stride, dilation: conv.dilation, ..Window::new(conv.kernel) };
    let total = window.same_padding(x.height, x.width);
    total.iter().all(|n| n.is_multiple_of(2)).then(|| total.map(|n| n / 2))
}

pub fn linear(linear: &Linear, x: Extent, is_flat: bool, keeps_maps: bool) -> Written {
    let helper = match (keeps_maps, is_flat) {
        (true, _) => Some(Helper::FullyConnectedMaps),
        (false, true) => None,
        (false, false) => Some(Helper::FullyConnected),
    };
    let arguments = vec![
        Argument::channels(Role::In, x.len()),
        Argument::channels(Role::Out, linear.outputs),
        Argument::optional("bias", flag(linear.bias), "True"),
    ];
    (Expression::call(helper.map_or("nn.Linear", Helper::name), arguments), helper)
}

pub fn batch_norm(norm: &BatchNorm, x: Extent, is_flat: bool) -> Expression {
    let arguments = vec![
        Argument::channels(Role::In, x.channels),
        Argument::optional("eps", number(norm.epsilon), number(1e-5)),
        Argument::optional("momentum", number(norm.momentum), number(0.1)),
    ];
    Expression::call(if is_flat { "nn.BatchNorm1d" } else { "nn.BatchNorm2d" }, arguments)
}

pub fn activation(activation: Activation) -> Expression {
    let plain = |name: &str| Expression::call(name, Vec::new());
    match activation {
        Activation::Relu => plain("nn.ReLU"),
        Activation::LeakyRelu { slope } => {
            let slope = Argument::optional("negative_slope", number(slope), number(0.01));
            Expression::call("nn.LeakyReLU", vec![slope])
        }
        Activation::Elu { alpha } => {
            Expression::call("nn.ELU", vec![Argument::optional("alpha", number(alpha), number(1.0))])
        }
        Activation::Selu => plain("nn.SELU"),
        Activation::Gelu => plain("nn.GELU"),
        Activation::Silu => plain("nn.SiLU"),
        Activation::Tanh => plain("nn.Tanh"),
        Activation::Sigmoid => plain("nn.Sigmoid"),
    }
}

pub fn prelu(prelu: &Prelu, x: Extent) -> Expression {
    let n_slopes = if prelu.per_channel { x.channels } else { 1 };
    Expression::call("nn.PReLU", vec![Argument::optional("num_parameters", n_slopes.to_string(), "1")])
}

pub fn lrn(lrn: &Lrn) -> Expression {
    let arguments = vec![
        Argument::named("size", lrn.size.to_string()),
        // PyTorch divides the sum by the size.
        Argument::named("alpha", format!("{} * {}", lrn.size, number(lrn.alpha))),
        Argument::optional("beta", number(lrn.beta), number(0.75)),
        Argument::named("k", number(lrn.k)),
    ];
    Expression::call("nn.LocalResponseNorm", arguments)
}

pub fn upsample(upsample: &Upsample) -> Expression {
    let mode = match upsample.mode {
        UpsampleMode::Nearest => "\"nearest\"",
        UpsampleMode::Bilinear => "\"bilinear\"",
    };
    let arguments =
        vec![Argument::named("scale_factor", pair(upsample.factor)), Argument::named("mode", mode)];
    Expression::call("nn.Upsample", arguments)
}

pub fn flatten(keeps_maps: bool) -> Written {
    let helper = keeps_maps.then_some(Helper::FlattenMaps);
    (Expression::call(helper.map_or("nn.Flatten", Helper::name), Vec::new()), helper)
}

pub fn permute_pixels(x: Extent) -> Written {
    let helper = Helper::PermutePixels;
    let n_pixels = Argument::named("n_pixels", x.area().to_string());
    (Expression::call(helper.name(), vec![n_pixels]), Some(helper))
}

pub fn pool(pool: &Pool) -> Expression {
    let (name, divisor) = match pool.mode {
        PoolMode::Max => ("nn.MaxPool2d", None),
        PoolMode::Average => ("nn.AvgPool2d", None),
        // A sum is a mean that is divided by 1.
        PoolMode::Sum => ("nn.AvgPool2d", Some(Argument::named("divisor_override", "1"))),
    };
    let mut arguments = vec![
        Argument::named("kernel_size", pair(pool.window)),
        Argument::optional("stride", pair(pool.stride), pair(pool.window)),
        Argument::optional("padding", pair(pool.padding), "0"),
        Argument::optional("ceil_mode", flag(pool.ceil), "False"),
    ];
    arguments.extend(divisor);
    Expression::call(name, arguments)
}

pub fn global_average_pool() -> Expression {
    Expression::call("nn.AdaptiveAvgPool2d", vec![Argument::named("output_size", "1")])
}

pub fn dropout(dropout: &Dropout) -> Expression {
    Expression::call("nn.Dropout", vec![Argument::named("p", number(dropout.probability))])
}

pub fn shortcut(shortcut: &Shortcut, x: Extent) -> Written {
    let arguments = vec![
        Argument::channels(Role::In, x.channels),
        Argument::channels(Role::Out, shortcut.channels),
        Argument::optional("stride", pair(shortcut.stride), "1"),
    ];
    let helper = Helper::ZeroPaddedShortcut;
    (Expression::call(helper.name(), arguments), Some(helper))
}
