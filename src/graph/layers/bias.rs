//! A learned constant for each channel, `y[n,c,h,w] = x[n,c,h,w] + b[c]`, for layers whose own step adds none.

use super::{Pass, StepOp};
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, ParameterId};
use crate::tensor::Extent;

/// `Forward`: x, b → y. `Weights`: dy → db. The gradient by x is dy itself, which takes no step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiasStep {
    pub pass: Pass,
    pub batch: usize,
    /// Of x and y, `(C, H, W)`.
    pub extent: Extent,
}

/// Emits x, b → y for maps of a node's shape.
pub(super) fn emit_forward(emit: &mut Emit, node: NodeId, x: ValueId, bias: ParameterId) -> ValueId {
    let y = emit.batch_of(emit.extent(node));
    let inputs = vec![x, emit.parameter(bias)];
    emit.step(step(emit, node, Pass::Forward), inputs, vec![y]);
    y
}

/// Emits dy → db.
pub(super) fn emit_backward(emit: &mut Emit, node: NodeId, gradient: ValueId, bias: ParameterId) {
    let outputs = vec![emit.parameter_gradient(bias)];
    emit.step(step(emit, node, Pass::Weights), vec![gradient], outputs);
}

fn step(emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
    StepOp::Bias(BiasStep { pass, batch: emit.batch, extent: emit.extent(node) })
}
