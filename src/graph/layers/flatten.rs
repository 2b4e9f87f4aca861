//! Maps as one vector in the logical order, `y[n, (c·H + h)·W + w] = x[n,c,h,w]`, so that the weights of a fully
//! connected layer behind it are ordered as in PyTorch. As devices keep the channel last, numbers do move;
//! where there is one channel or one pixel, no step is needed.

use super::{Pass, StepOp, Window};
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct FlattenNode;

/// `Forward`: x → y. `Backward`: dy → dx.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlattenStep {
    pub pass: Pass,
    pub batch: usize,
    /// Of x, `(C, H, W)`.
    pub input: Extent,
}

pub(in crate::graph) fn add(builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let x = builder.extent(input);
    // The numbers of a vector have no place; what is said of them is said of all together.
    let field = builder.field(input).through(&Window::new([x.height, x.width]));
    builder.node(super::Op::Flatten(FlattenNode), vec![input], Extent::vector(x.len()), field)
}

impl FlattenNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let y = reordered(emit, node, Pass::Forward, x);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let input = emit.graph.node(node).inputs[0];
        if emit.wants_gradient(input) {
            let dx = reordered(emit, node, Pass::Backward, gradient);
            emit.contribute(input, dx);
        }
    }
}

fn reordered(emit: &mut Emit, node: NodeId, pass: Pass, from: ValueId) -> ValueId {
    let input = emit.extent(emit.graph.node(node).inputs[0]);
    if input.channels == 1 || input.is_vector() {
        return from;
    }
    let to = emit.batch_of(input);
    let step = FlattenStep { pass, batch: emit.batch, input };
    emit.step(StepOp::Flatten(step), vec![from], vec![to]);
    to
}
