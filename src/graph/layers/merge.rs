//! Where branches meet: the sum of several values, or their channels one behind the other.

use super::{Op, Pass, StepOp, activation};
use crate::experiment::layers::Merge;
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct MergeNode {
    pub merge: Merge,
    /// Whether a ReLU follows within the same step; only behind a sum.
    pub relu: bool,
}

/// a, b → a + b, with a ReLU on top where asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AddStep {
    /// Numbers in the whole batch.
    pub len: usize,
    pub relu: bool,
}

/// Copies `part` into the channels of `whole` from `first` on (`Forward`: part → whole, the other channels
/// left as they are) or out of them (`Backward`: whole → part).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConcatStep {
    pub pass: Pass,
    pub batch: usize,
    /// Positions in the plane, `H·W`.
    pub area: usize,
    pub part: usize,
    pub whole: usize,
    pub first: usize,
}

pub(in crate::graph) fn add(
    merge: Merge,
    builder: &mut Builder,
    inputs: Vec<NodeId>,
) -> Result<NodeId, String> {
    let extents: Vec<Extent> = inputs.iter().map(|&input| builder.extent(input)).collect();
    let agree = |other: &Extent| match merge {
        Merge::Add => *other == extents[0],
        Merge::Concat => (other.height, other.width) == (extents[0].height, extents[0].width),
    };
    if !extents.iter().all(agree) {
        let shapes = extents.iter().map(Extent::to_string).collect::<Vec<_>>().join(", ");
        return Err(match merge {
            Merge::Add => format!(
                "The branches end in {shapes}; to be added they must be equal. Put a zero-padded shortcut or a \
                 1×1 convolution on the shorter branch."
            ),
            Merge::Concat => format!(
                "The branches end in {shapes}; to be stacked, heights and widths must be equal. Use the same \
                 strides in each."
            ),
        });
    }
    let channels = match merge {
        Merge::Add => extents[0].channels,
        Merge::Concat => extents.iter().map(|extent| extent.channels).sum(),
    };
    let extent = Extent { channels, ..extents[0] };
    let fields = inputs.iter().map(|&input| builder.field(input));
    let field = fields.reduce(|a, b| a.join(b)).ok_or("There are no branches to meet.")?;
    builder.node(Op::Merge(MergeNode { merge, relu: false }), inputs, extent, field)
}

impl MergeNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let inputs = emit.graph.node(node).inputs.clone();
        let y = match self.merge {
            Merge::Add => self.sum(emit, node, &inputs),
            Merge::Concat => {
                let y = emit.batch_of(emit.extent(node));
                for (part, step) in self.parts(emit, node, Pass::Forward) {
                    let part = emit.forward_value(part);
                    emit.step(step, vec![part], vec![y]);
                }
                y
            }
        };
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        match self.merge {
            Merge::Add => {
                let gradient = match self.relu {
                    true => activation::emit_relu_backward(emit, node, gradient),
                    false => gradient,
                };
                for input in emit.graph.node(node).inputs.clone() {
                    if emit.wants_gradient(input) {
                        emit.contribute(input, gradient);
                    }
                }
            }
            Merge::Concat => {
                for (part, step) in self.parts(emit, node, Pass::Backward) {
                    if emit.wants_gradient(part) {
                        let dx = emit.batch_of(emit.extent(part));
                        emit.step(step, vec![gradient], vec![dx]);
                        emit.contribute(part, dx);
                    }
                }
            }
        }
    }

    fn sum(&self, emit: &mut Emit, node: NodeId, inputs: &[NodeId]) -> ValueId {
        let len = emit.batch * emit.extent(node).len();
        let mut sum = emit.forward_value(inputs[0]);
        for (i, &input) in inputs.iter().enumerate().skip(1) {
            let relu = self.relu && i + 1 == inputs.len();
            let y = emit.transient(len);
            let terms = vec![sum, emit.forward_value(input)];
            emit.step(StepOp::Add(AddStep { len, relu }), terms, vec![y]);
            sum = y;
        }
        sum
    }

    /// Each input with the step that copies it in or out.
    fn parts(&self, emit: &Emit, node: NodeId, pass: Pass) -> Vec<(NodeId, StepOp)> {
        let whole = emit.extent(node);
        let mut first = 0;
        let inputs = &emit.graph.node(node).inputs;
        inputs
            .iter()
            .map(|&input| {
                let part = emit.extent(input).channels;
                let step = ConcatStep {
                    pass,
                    batch: emit.batch,
                    area: whole.area(),
                    part,
                    whole: whole.channels,
                    first,
                };
                first += part;
                (input, StepOp::Concat(step))
            })
            .collect()
    }
}

/// The sum of two gradients by the value of `node`.
pub(in crate::graph) fn emit_sum(emit: &mut Emit, node: NodeId, a: ValueId, b: ValueId) -> ValueId {
    let len = emit.batch * emit.extent(node).len();
    let sum = emit.transient(len);
    emit.step(StepOp::Add(AddStep { len, relu: false }), vec![a, b], vec![sum]);
    sum
}
