//! Fully connected layer: `y[n,o] = b[o] + Σ_i w[o,i] · x[n,i]`, over all `C·H·W` numbers of the input.

use super::weighted::Weighted;
use super::{Pass, StepOp, Window};
use crate::experiment::layers::Linear;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, ParameterId, Role};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct LinearNode {
    /// `(out, C·H·W)`.
    pub weight: ParameterId,
    /// `(out)`.
    pub bias: Option<ParameterId>,
    /// Whether a ReLU follows within the same step.
    pub relu: bool,
}

/// `Forward`: x, w[, b] → y. `Backward`: dy, w → dx. `Weights`: x, dy → dw[, db].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearStep {
    pub pass: Pass,
    pub batch: usize,
    /// Numbers in one input.
    pub inputs: usize,
    pub outputs: usize,
    pub bias: bool,
    /// Only forward: `y ← max(0, y)`.
    pub relu: bool,
}

pub(in crate::graph) fn add(linear: &Linear, builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let x = builder.extent(input);
    let role = Role::LinearWeight { input: x };
    let weight = builder.parameter("weight", vec![linear.outputs, x.len()], role)?;
    let bias = match linear.bias {
        true => Some(builder.parameter("bias", vec![linear.outputs], Role::Bias)?),
        false => None,
    };
    builder.count_multiply_adds((linear.outputs * x.len()) as u64);
    // A window as large as the maps: every unit sees all that its input sees.
    let window = Window::new([x.height, x.width]);
    let field = builder.field(input).through(&window);
    let node = super::Op::Linear(LinearNode { weight, bias, relu: false });
    builder.node(node, vec![input], Extent::vector(linear.outputs), field)
}

impl LinearNode {
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
        StepOp::Linear(LinearStep {
            pass,
            batch: emit.batch,
            inputs: emit.extent(emit.graph.node(node).inputs[0]).len(),
            outputs: emit.extent(node).len(),
            bias: self.bias.is_some(),
            relu: self.relu,
        })
    }
}
