//! Non-linearities, applied to each number.

use super::{Pass, StepOp};
use crate::experiment::layers::Activation;
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{BackwardRule, Emit, ValueId};

#[derive(Clone, Debug, PartialEq)]
pub struct ActivationNode {
    pub function: Activation,
}

/// `Forward`: x → y. `Backward`: y, dy → dx, or x, dy → dx where [`Activation::derives_from_output`] is false.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivationStep {
    pub pass: Pass,
    pub function: Activation,
    /// Numbers in the whole batch.
    pub len: usize,
}

pub(in crate::graph) fn add(
    function: Activation,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let op = super::Op::Activation(ActivationNode { function });
    builder.node(op, vec![input], builder.extent(input), builder.field(input))
}

impl ActivationNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let y = emit.batch_of(emit.extent(node));
        emit.step(step(emit, node, self.function, Pass::Forward), vec![x], vec![y]);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let input = emit.graph.node(node).inputs[0];
        if emit.wants_gradient(input) {
            let dx = emit_backward(emit, node, self.function, gradient);
            emit.contribute(input, dx);
        }
    }
}

/// The gradient before the ReLU that a node's own step applied: dy where y > 0, or by another rule.
pub(super) fn emit_relu_backward(emit: &mut Emit, node: NodeId, gradient: ValueId) -> ValueId {
    emit_backward(emit, node, Activation::Relu, gradient)
}

fn emit_backward(emit: &mut Emit, node: NodeId, function: Activation, gradient: ValueId) -> ValueId {
    match (function, emit.rule) {
        (Activation::Relu, BackwardRule::Guided) => {
            let dx = emit_plain_backward(emit, node, function, gradient);
            emit_rectified(emit, node, dx)
        }
        (Activation::Relu, BackwardRule::Deconvnet) => emit_rectified(emit, node, gradient),
        _ => emit_plain_backward(emit, node, function, gradient),
    }
}

/// What of a gradient is above 0.
fn emit_rectified(emit: &mut Emit, node: NodeId, gradient: ValueId) -> ValueId {
    let rectified = emit.batch_of(emit.extent(node));
    emit.step(step(emit, node, Activation::Relu, Pass::Forward), vec![gradient], vec![rectified]);
    rectified
}

fn emit_plain_backward(emit: &mut Emit, node: NodeId, function: Activation, gradient: ValueId) -> ValueId {
    let dx = emit.batch_of(emit.extent(node));
    let at = if function.derives_from_output() { node } else { emit.graph.node(node).inputs[0] };
    let inputs = vec![emit.forward_value(at), gradient];
    emit.step(step(emit, node, function, Pass::Backward), inputs, vec![dx]);
    dx
}

fn step(emit: &Emit, node: NodeId, function: Activation, pass: Pass) -> StepOp {
    StepOp::Activation(ActivationStep { pass, function, len: emit.batch * emit.extent(node).len() })
}
