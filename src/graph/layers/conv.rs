//! Convolution (cross-correlation): `y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[n, c, i·s+u−p, j·s+v−p]`.

use super::{Pass, StepOp, Window, activation};
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
        let x = emit.graph.node(node).inputs[0];
        let mut inputs = vec![emit.forward_value(x), emit.parameter(self.weight)];
        inputs.extend(self.bias.map(|bias| emit.parameter(bias)));
        let y = emit.batch_of(emit.extent(node));
        emit.step(self.step(emit, node, Pass::Forward), inputs, vec![y]);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let x = emit.graph.node(node).inputs[0];
        let gradient = match self.relu {
            true => activation::emit_relu_backward(emit, node, gradient),
            false => gradient,
        };
        let inputs = vec![emit.forward_value(x), gradient];
        let mut outputs = vec![emit.parameter_gradient(self.weight)];
        outputs.extend(self.bias.map(|bias| emit.parameter_gradient(bias)));
        emit.step(self.step(emit, node, Pass::Weights), inputs, outputs);
        if emit.wants_gradient(x) {
            let dx = emit.batch_of(emit.extent(x));
            let inputs = vec![gradient, emit.parameter(self.weight)];
            emit.step(self.step(emit, node, Pass::Backward), inputs, vec![dx]);
            emit.contribute(x, dx);
        }
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
