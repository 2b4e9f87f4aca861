//! Where branches meet: the sum of several values, or their channels one behind the other.

use super::{Op, Pass, StepOp, activation};
use crate::experiment::layers::Merge;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, Stride};
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
        return Err(apart(merge, builder, &inputs));
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

/// What keeps these branches apart, and what brings them together: by how far their neighbours see from one
/// another it is told whether they were strided differently, or only padded.
fn apart(merge: Merge, builder: &Builder, ends: &[NodeId]) -> String {
    let extents: Vec<Extent> = ends.iter().map(|&end| builder.extent(end)).collect();
    let shapes = extents.iter().map(Extent::to_string).collect::<Vec<_>>().join(", ");
    let must = match merge {
        Merge::Add => "to be added they must be equal",
        Merge::Concat => "to be stacked, heights and widths must be equal",
    };
    let sides = |extent: &Extent| (extent.height, extent.width);
    let stride = |end: NodeId| builder.field(end).stride.map(Stride::mean);
    let remedy = if extents.iter().all(|extent| sides(extent) == sides(&extents[0])) {
        "Put a zero-padded shortcut or a 1×1 convolution on the branch with fewer channels."
    } else if ends.iter().all(|&end| stride(end) == stride(ends[0])) {
        "Their strides agree, so that it is the padding, or a rest that a stride left over: pad kernels and windows so \
         that they keep the size of the maps (`padding = \"same\"`, or 1 for 3×3), and stride over sizes that divide."
    } else {
        match merge {
            Merge::Add => {
                "Use the same strides in each, or put a zero-padded shortcut or a 1×1 convolution with the stride of \
                 the other on the shorter branch."
            }
            Merge::Concat => "Use the same strides in each.",
        }
    };
    format!("The branches end in {shapes}; {must}. {remedy}")
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
