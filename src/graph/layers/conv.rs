//! Convolution (cross-correlation): `y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[n, c, i·s+d·u−p, j·s+d·v−p]`,
//! where c runs over the channels of filter o's own group.

use super::weighted::Weighted;
use super::{Pass, StepOp, Window};
use crate::experiment::layers::{Conv, Padding};
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, ParameterId, Role};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct ConvNode {
    pub window: Window,
    pub groups: usize,
    /// `(O, I/groups, kH, kW)`.
    pub weight: ParameterId,
    /// `(O)`.
    pub bias: Option<ParameterId>,
    /// Whether a ReLU follows within the same step.
    pub relu: bool,
}

/// `Forward`: x, w[, b] → y. `Backward`: dy, w → dx. `Weights`: x, dy → dw[, db].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvStep {
    pub pass: Pass,
    pub batch: usize,
    /// Of x, `(C, H, W)`.
    pub input: Extent,
    /// Of y, `(O, H', W')`.
    pub output: Extent,
    pub window: Window,
    /// Parts of equally many channels and filters each.
    pub groups: usize,
    pub bias: bool,
    /// Only forward: `y ← max(0, y)`.
    pub relu: bool,
}

pub(in crate::graph) fn add(conv: &Conv, builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let x = builder.extent(input);
    check_groups(conv.groups, ["input channels", "filters"], [x.channels, conv.filters])?;
    let mut window = Window { stride: conv.stride, dilation: conv.dilation, ..Window::new(conv.kernel) };
    let [height, width] = match conv.padding {
        Padding::Same => window.keep_size(x.height, x.width),
        Padding::Each(padding) => {
            window.padding = padding;
            window.slide("kernel", x.height, x.width)?
        }
    };
    let y = Extent::new(conv.filters, height, width);
    let channels = x.channels / conv.groups;
    let shape = vec![conv.filters, channels, conv.kernel[0], conv.kernel[1]];
    let weight = builder.parameter("weight", shape, Role::ConvWeight)?;
    let bias = match conv.bias {
        true => Some(builder.parameter("bias", vec![conv.filters], Role::Bias)?),
        false => None,
    };
    builder.count_multiply_adds((y.len() as u64).saturating_mul((channels * window.area()) as u64));
    let field = builder.field(input).through(&window);
    let op = ConvNode { window, groups: conv.groups, weight, bias, relu: false };
    builder.node(super::Op::Conv(op), vec![input], y, field)
}

/// Refuses groups that do not divide both numbers of channels.
pub(super) fn check_groups(groups: usize, names: [&str; 2], channels: [usize; 2]) -> Result<(), String> {
    let divides = |groups: &usize| channels.iter().all(|n| n.is_multiple_of(*groups));
    if divides(&groups) {
        return Ok(());
    }
    let nearest = (1..groups).rev().find(divides).unwrap_or(1);
    let [(first, m), (second, n)] = [(names[0], channels[0]), (names[1], channels[1])];
    Err(format!(
        "{m} {first} and {n} {second} cannot be cut into {groups} equal groups. Choose a number of groups that \
         divides both, such as {nearest}."
    ))
}

impl ConvNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        self.weighted().forward(emit, node, self.step(emit, node, Pass::Forward));
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        self.weighted().backward(emit, node, gradient, |emit, pass| self.step(emit, node, pass));
    }

    fn weighted(&self) -> Weighted {
        Weighted { weight: self.weight, bias: self.bias, relu: self.relu }
    }

    fn step(&self, emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
        StepOp::Conv(ConvStep {
            pass,
            batch: emit.batch,
            input: emit.extent(emit.graph.node(node).inputs[0]),
            output: emit.extent(node),
            window: self.window,
            groups: self.groups,
            bias: self.bias.is_some(),
            relu: self.relu,
        })
    }
}
