//! A ReLU with a learned slope below 0: `y = x` where `x > 0`, else `y = a·x` (He et al. 2015, equation 1).
//! Backward from x, since a slope may become 0 or negative.

use super::{Pass, StepOp};
use crate::experiment::layers::Prelu;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, ParameterId, Role};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct PreluNode {
    /// `(1)` or `(C)`.
    pub slope: ParameterId,
}

/// `Forward`: x, a → y. `Backward`: x, dy, a → dx. `Weights`: x, dy → da.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreluStep {
    pub pass: Pass,
    pub batch: usize,
    /// Of x and y, `(C, H, W)`.
    pub extent: Extent,
    /// 1 or C.
    pub n_slopes: usize,
}

pub(in crate::graph) fn add(prelu: &Prelu, builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let extent = builder.extent(input);
    let n_slopes = if prelu.per_channel { extent.channels } else { 1 };
    let slope = builder.parameter("weight", vec![n_slopes], Role::Slope)?;
    builder.node(super::Op::Prelu(PreluNode { slope }), vec![input], extent, builder.field(input))
}

impl PreluNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let inputs = vec![emit.forward_value(emit.graph.node(node).inputs[0]), emit.parameter(self.slope)];
        let y = emit.batch_of(emit.extent(node));
        emit.step(self.step(emit, node, Pass::Forward), inputs, vec![y]);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let input = emit.graph.node(node).inputs[0];
        let x = emit.forward_value(input);
        if emit.learns {
            let slopes = vec![emit.parameter_gradient(self.slope)];
            emit.step(self.step(emit, node, Pass::Weights), vec![x, gradient], slopes);
        }
        if emit.wants_gradient(input) {
            let dx = emit.batch_of(emit.extent(input));
            let inputs = vec![x, gradient, emit.parameter(self.slope)];
            emit.step(self.step(emit, node, Pass::Backward), inputs, vec![dx]);
            emit.contribute(input, dx);
        }
    }

    fn step(&self, emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
        let n_slopes = emit.graph.parameters[self.slope.0].len();
        StepOp::Prelu(PreluStep { pass, batch: emit.batch, extent: emit.extent(node), n_slopes })
    }
}
