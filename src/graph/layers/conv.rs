//! Convolution (cross-correlation): `y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[n, c, i·s+u−p, j·s+v−p]`.

use super::weighted::Weighted;
use super::{Pass, StepOp, Window};
use crate::experiment::layers::Conv;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, ParameterId, Role};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct ConvNode {
    pub window: Window,
    /// `(O, I, kH, kW)`.
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
    pub bias: bool,
    /// Only forward: `y ← max(0, y)`.
    pub relu: bool,
}

pub(in crate::graph) fn add(conv: &Conv, builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let x = builder.extent(input);
    let window = Window { kernel: conv.kernel, stride: conv.stride, padding: conv.padding };
    let [height, width] = window.slide("kernel", x.height, x.width)?;
    let y = Extent::new(conv.filters, height, width);
    let shape = vec![conv.filters, x.channels, conv.kernel[0], conv.kernel[1]];
    let weight = builder.parameter("weight", shape, Role::ConvWeight)?;
    let bias = match conv.bias {
        true => Some(builder.parameter("bias", vec![conv.filters], Role::Bias)?),
        false => None,
    };
    builder.count_multiply_adds(y.len() as u64 * (x.channels * window.area()) as u64);
    let field = builder.field(input).through(&window);
    builder.node(super::Op::Conv(ConvNode { window, weight, bias, relu: false }), vec![input], y, field)
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
            bias: self.bias.is_some(),
            relu: self.relu,
        })
    }
}
