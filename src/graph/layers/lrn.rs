//! Local response normalisation across channels, `y[c] = x[c] · s[c]^−β` with
//! `s[c] = k + α · Σ x[j]²` over the neighbours j of c (Krizhevsky et al. 2012, section 3.3).

use super::{Pass, StepOp};
use crate::experiment::layers::Lrn;
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct LrnNode {
    pub lrn: Lrn,
}

/// `Forward`: x → y, s. `Backward`: x, y, s, dy → dx.
#[derive(Clone, Debug, PartialEq)]
pub struct LrnStep {
    pub pass: Pass,
    pub batch: usize,
    /// Of all values, `(C, H, W)`.
    pub extent: Extent,
    pub lrn: Lrn,
}

pub(in crate::graph) fn add(lrn: &Lrn, builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let op = super::Op::Lrn(LrnNode { lrn: lrn.clone() });
    builder.node(op, vec![input], builder.extent(input), builder.field(input))
}

impl LrnStep {
    /// How many channels before a number's own count as its neighbours, and how many behind.
    pub fn reach(&self) -> [usize; 2] {
        [self.lrn.size / 2, (self.lrn.size - 1) / 2]
    }
}

impl LrnNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let [y, sums] = [0, 1].map(|_| emit.batch_of(emit.extent(node)));
        emit.save(node, vec![sums]);
        emit.step(self.step(emit, node, Pass::Forward), vec![x], vec![y, sums]);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let input = emit.graph.node(node).inputs[0];
        if emit.wants_gradient(input) {
            let dx = emit.batch_of(emit.extent(input));
            let sums = emit.saved(node)[0];
            let inputs = vec![emit.forward_value(input), emit.forward_value(node), sums, gradient];
            emit.step(self.step(emit, node, Pass::Backward), inputs, vec![dx]);
            emit.contribute(input, dx);
        }
    }

    fn step(&self, emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
        let step = LrnStep { pass, batch: emit.batch, extent: emit.extent(node), lrn: self.lrn.clone() };
        StepOp::Lrn(step)
    }
}
