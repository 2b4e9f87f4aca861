//! The rules of each kind of layer, one file a kind: its shape, cost and receptive field, the node it
//! becomes, and the steps of its forward and backward pass. A kind is registered by its lines here.

pub mod activation;
pub mod batch_norm;
pub mod bias;
pub mod conv;
pub mod dropout;
pub mod flatten;
pub mod gather;
pub mod linear;
pub mod loss;
pub mod lrn;
pub mod merge;
pub mod permute;
pub mod pool;
pub mod prelu;
pub mod shortcut;
pub mod strongest;
pub mod transposed_conv;
pub mod update;
pub mod upsample;
mod weighted;

use super::build::Builder;
use super::program::Emit;
use super::{NodeId, ParameterId};
use crate::experiment::Kind;
pub(super) use merge::add as merge;

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The batch of pictures.
    Input,
    Conv(conv::ConvNode),
    TransposedConv(transposed_conv::TransposedConvNode),
    Linear(linear::LinearNode),
    BatchNorm(batch_norm::BatchNormNode),
    Activation(activation::ActivationNode),
    Prelu(prelu::PreluNode),
    Pool(pool::PoolNode),
    Lrn(lrn::LrnNode),
    Dropout(dropout::DropoutNode),
    Upsample(upsample::UpsampleNode),
    Flatten(flatten::FlattenNode),
    Permute(permute::PermuteNode),
    Shortcut(shortcut::ShortcutNode),
    Merge(merge::MergeNode),
}

impl Op {
    /// What it multiplies its inputs with into sums, if anything.
    pub fn weight(&self) -> Option<ParameterId> {
        match self {
            Self::Conv(conv) => Some(conv.weight),
            Self::TransposedConv(conv) => Some(conv.weight),
            Self::Linear(linear) => Some(linear.weight),
            _ => None,
        }
    }

    /// Parts of equally many channels that have nothing to do with each other.
    pub fn groups(&self) -> usize {
        match self {
            Self::Conv(conv) => conv.groups,
            Self::TransposedConv(conv) => conv.groups,
            _ => 1,
        }
    }
}

/// What a step computes, with all its sizes.
#[derive(Clone, Debug, PartialEq)]
pub enum StepOp {
    Gather(gather::GatherStep),
    Conv(conv::ConvStep),
    Linear(linear::LinearStep),
    BatchNorm(batch_norm::BatchNormStep),
    Bias(bias::BiasStep),
    Activation(activation::ActivationStep),
    Prelu(prelu::PreluStep),
    Pool(pool::PoolStep),
    Lrn(lrn::LrnStep),
    Dropout(dropout::DropoutStep),
    Upsample(upsample::UpsampleStep),
    Flatten(flatten::FlattenStep),
    Permute(permute::PermuteStep),
    Shortcut(shortcut::ShortcutStep),
    Add(merge::AddStep),
    Concat(merge::ConcatStep),
    CrossEntropy(loss::CrossEntropyStep),
    Norm(update::NormStep),
    PixelCrossEntropy(loss::PixelCrossEntropyStep),
    UnitLoss(loss::UnitLossStep),
    Strongest(strongest::StrongestStep),
    Update(update::UpdateStep),
}

impl StepOp {
    /// Numbers in the constant table that a step carries with it.
    pub fn constant_len(&self) -> usize {
        match self {
            Self::Permute(step) => step.permutation.n,
            _ => 0,
        }
    }

    /// What the step does, for a person: `conv, by the weights`.
    pub fn label(&self) -> String {
        let (name, pass) = match self {
            Self::Gather(_) => ("gather", None),
            Self::Conv(step) => ("conv", Some(step.pass)),
            Self::Bias(step) => ("bias", Some(step.pass)),
            Self::Linear(step) => ("linear", Some(step.pass)),
            Self::BatchNorm(step) => ("batch-norm", Some(step.pass)),
            Self::Activation(step) => ("activation", Some(step.pass)),
            Self::Pool(step) => ("pool", Some(step.pass)),
            Self::Prelu(step) => ("prelu", Some(step.pass)),
            Self::Lrn(step) => ("lrn", Some(step.pass)),
            Self::Dropout(_) => ("dropout", None),
            Self::Upsample(step) => ("upsample", Some(step.pass)),
            Self::Flatten(step) => ("flatten", Some(step.pass)),
            Self::Permute(_) => ("permute", None),
            Self::Shortcut(step) => ("shortcut", Some(step.pass)),
            Self::Add(_) => ("add", None),
            Self::Concat(_) => ("concat", None),
            Self::Norm(_) => ("norm", None),
            Self::CrossEntropy(_) | Self::PixelCrossEntropy(_) | Self::UnitLoss(_) => ("loss", None),
            Self::Strongest(_) => ("strongest", None),
            Self::Update(_) => ("update", None),
        };
        match pass {
            Some(Pass::Forward) => format!("{name}, forward"),
            Some(Pass::Backward) => format!("{name}, backward"),
            Some(Pass::Weights) => format!("{name}, by the weights"),
            None => name.into(),
        }
    }
}

/// Which of a layer's computations a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    Forward,
    /// The gradient by the input.
    Backward,
    /// The gradient by the weights.
    Weights,
}

/// A sliding window, vertically and horizontally: output pixel i sees the input pixels `i·s + d·u − p` for
/// its taps `u` from 0 to k − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Rows of padding above the maps and columns before them. How far the padding behind reaches follows
    /// from the size of the output.
    pub padding: [usize; 2],
    /// Pixels from one tap to the next.
    pub dilation: [usize; 2],
}

impl Window {
    /// A window that moves by single pixels over maps without padding.
    pub const fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1, 1], padding: [0, 0], dilation: [1, 1] }
    }

    /// Numbers under the window in one channel.
    pub const fn area(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Rows and columns from the first tap to the last, `d·(k − 1) + 1`.
    pub fn span(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.dilation[axis] * (self.kernel[axis] - 1) + 1)
    }

    /// Where the taps lie along an axis, from the place of output pixel 0: `d·u − p`.
    pub fn taps(&self, axis: usize) -> impl Iterator<Item = i64> + use<> {
        let [dilation, padding] = [self.dilation[axis], self.padding[axis]].map(|n| n as i64);
        (0..self.kernel[axis] as i64).map(move |tap| dilation * tap - padding)
    }

    /// `(height, width)` of what a window sliding over maps of `height × width` gives, with as much padding
    /// behind them as before.
    fn slide(&self, what: &str, height: usize, width: usize) -> Result<[usize; 2], String> {
        let (mut out, span) = ([0; 2], self.span());
        for (axis, size) in [height, width].into_iter().enumerate() {
            let padded = size + 2 * self.padding[axis];
            if span[axis] > padded {
                let [kh, kw] = self.kernel;
                let dilated = if span == self.kernel {
                    String::new()
                } else {
                    format!(", dilated to {}×{},", span[0], span[1])
                };
                return Err(format!(
                    "A {what} of {kh}×{kw}{dilated} does not fit into {height}×{width} maps{}. \
                     Make it smaller, add padding, or pool less before.",
                    if self.padding == [0, 0] { "" } else { " even with their padding" }
                ));
            }
            out[axis] = (padded - span[axis]) / self.stride[axis] + 1;
        }
        Ok(out)
    }

    /// Sets the padding that makes the output `⌈size / stride⌉`, half of it, rounded down, above; and gives that
    /// output's `(height, width)`.
    fn keep_size(&mut self, height: usize, width: usize) -> [usize; 2] {
        self.padding = self.same_padding(height, width).map(|total| total / 2);
        [height.div_ceil(self.stride[0]), width.div_ceil(self.stride[1])]
    }

    /// Rows and columns that are added in all, above and below, to make the output `⌈size / stride⌉`:
    /// `(H' − 1)·s + span − H`, if that is any.
    pub fn same_padding(&self, height: usize, width: usize) -> [usize; 2] {
        let span = self.span();
        [(0, height), (1, width)].map(|(axis, size)| {
            let reach = (size.div_ceil(self.stride[axis]) - 1) * self.stride[axis] + span[axis];
            reach.saturating_sub(size)
        })
    }
}

/// Adds one layer's nodes to the graph and gives the last of them.
pub(super) fn add(kind: &Kind, builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    match kind {
        Kind::Conv(conv) => conv::add(conv, builder, input),
        Kind::TransposedConv(conv) => transposed_conv::add(conv, builder, input),
        Kind::Linear(linear) => linear::add(linear, builder, input),
        Kind::BatchNorm(norm) => batch_norm::add(norm, builder, input),
        Kind::Activation(activation) => activation::add(*activation, builder, input),
        Kind::Pool(pool) => pool::add(pool, builder, input),
        Kind::Prelu(prelu) => prelu::add(prelu, builder, input),
        Kind::GlobalAveragePool => pool::add_global(builder, input),
        Kind::Lrn(lrn) => lrn::add(lrn, builder, input),
        Kind::Dropout(dropout) => dropout::add(dropout, builder, input),
        Kind::Upsample(upsample) => upsample::add(upsample, builder, input),
        Kind::Flatten => flatten::add(builder, input),
        Kind::Identity => Ok(input),
        Kind::PermutePixels(permute) => permute::add(permute, builder, input),
        Kind::Shortcut(shortcut) => shortcut::add(shortcut, builder, input),
        Kind::Branches(_) | Kind::Repeat(_) => unreachable!("combinators are unrolled by the builder"),
    }
}

/// Emits the forward steps of a node.
pub(super) fn forward(emit: &mut Emit, node: NodeId) {
    match emit.graph.node(node).op.clone() {
        Op::Input => {}
        Op::Conv(op) => op.forward(emit, node),
        Op::TransposedConv(op) => op.forward(emit, node),
        Op::Linear(op) => op.forward(emit, node),
        Op::BatchNorm(op) => op.forward(emit, node),
        Op::Activation(op) => op.forward(emit, node),
        Op::Pool(op) => op.forward(emit, node),
        Op::Prelu(op) => op.forward(emit, node),
        Op::Lrn(op) => op.forward(emit, node),
        Op::Dropout(op) => op.forward(emit, node),
        Op::Upsample(op) => op.forward(emit, node),
        Op::Flatten(op) => op.forward(emit, node),
        Op::Permute(op) => op.forward(emit, node),
        Op::Shortcut(op) => op.forward(emit, node),
        Op::Merge(op) => op.forward(emit, node),
    }
}

/// Emits the backward steps of a node, if the loss depends on it.
pub(super) fn backward(emit: &mut Emit, node: NodeId) {
    let Some(gradient) = emit.gradient(node) else { return };
    match emit.graph.node(node).op.clone() {
        Op::Input => {}
        Op::Conv(op) => op.backward(emit, node, gradient),
        Op::TransposedConv(op) => op.backward(emit, node, gradient),
        Op::Linear(op) => op.backward(emit, node, gradient),
        Op::BatchNorm(op) => op.backward(emit, node, gradient),
        Op::Activation(op) => op.backward(emit, node, gradient),
        Op::Pool(op) => op.backward(emit, node, gradient),
        Op::Prelu(op) => op.backward(emit, node, gradient),
        Op::Lrn(op) => op.backward(emit, node, gradient),
        Op::Dropout(op) => op.backward(emit, node, gradient),
        Op::Upsample(op) => op.backward(emit, node, gradient),
        Op::Flatten(op) => op.backward(emit, node, gradient),
        Op::Permute(op) => op.backward(emit, node, gradient),
        Op::Shortcut(op) => op.backward(emit, node, gradient),
        Op::Merge(op) => op.backward(emit, node, gradient),
    }
}
