//! What layers with weights have in common: `y = f(x, w) + b`, linear in each.

use super::{Pass, StepOp, activation};
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, ParameterId};

/// The parameters of such a layer, and whether a ReLU follows within its step.
pub(super) struct Weighted {
    pub weight: ParameterId,
    pub bias: Option<ParameterId>,
    pub relu: bool,
}

impl Weighted {
    /// Emits x, w[, b] → y.
    pub fn forward(&self, emit: &mut Emit, node: NodeId, step: StepOp) {
        let x = emit.graph.node(node).inputs[0];
        let mut inputs = vec![emit.forward_value(x), emit.parameter(self.weight)];
        inputs.extend(self.bias.map(|bias| emit.parameter(bias)));
        let y = emit.batch_of(emit.extent(node));
        emit.step(step, inputs, vec![y]);
        emit.set_forward(node, y);
    }

    /// Emits x, dy → dw[, db], and dy, w → dx where dx is of use.
    pub fn backward(
        &self,
        emit: &mut Emit,
        node: NodeId,
        gradient: ValueId,
        step: impl Fn(&Emit, Pass) -> StepOp,
    ) {
        let x = emit.graph.node(node).inputs[0];
        let gradient = match self.relu {
            true => activation::emit_relu_backward(emit, node, gradient),
            false => gradient,
        };
        if emit.learns {
            let inputs = vec![emit.forward_value(x), gradient];
            let mut outputs = vec![emit.parameter_gradient(self.weight)];
            outputs.extend(self.bias.map(|bias| emit.parameter_gradient(bias)));
            emit.step(step(emit, Pass::Weights), inputs, outputs);
        }
        if emit.wants_gradient(x) {
            let dx = emit.batch_of(emit.extent(x));
            let inputs = vec![gradient, emit.parameter(self.weight)];
            emit.step(step(emit, Pass::Backward), inputs, vec![dx]);
            emit.contribute(x, dx);
        }
    }
}
