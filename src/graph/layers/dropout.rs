//! Dropout: in training each number is zeroed with probability p and the others divided by 1 − p. The mask
//! is a hash of (seed, step, layer, place), computed again on the way back rather than stored.

use super::StepOp;
use crate::experiment::layers::Dropout;
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, Mode, ValueId};

#[derive(Clone, Debug, PartialEq)]
pub struct DropoutNode {
    pub probability: f32,
}

/// x → y, or dy → dx: the same mask either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropoutStep {
    pub probability: f32,
    /// Sets the masks of different layers apart: the node's number.
    pub layer: u32,
    pub batch: usize,
    /// Numbers for one picture.
    pub len: usize,
}

pub(in crate::graph) fn add(
    dropout: &Dropout,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let op = super::Op::Dropout(DropoutNode { probability: dropout.probability });
    builder.node(op, vec![input], builder.extent(input), builder.field(input))
}

impl DropoutNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let y = self.mask(emit, node, x);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let input = emit.graph.node(node).inputs[0];
        if emit.wants_gradient(input) {
            let dx = self.mask(emit, node, gradient);
            emit.contribute(input, dx);
        }
    }

    fn mask(&self, emit: &mut Emit, node: NodeId, x: ValueId) -> ValueId {
        if emit.mode == Mode::Test {
            return x;
        }
        let extent = emit.extent(node);
        let y = emit.batch_of(extent);
        let step = DropoutStep {
            probability: self.probability,
            layer: node.0 as u32,
            batch: emit.batch,
            len: extent.len(),
        };
        emit.step(StepOp::Dropout(step), vec![x], vec![y]);
        y
    }
}
