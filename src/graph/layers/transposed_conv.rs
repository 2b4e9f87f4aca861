//! Transposed convolution: the gradient of a convolution by its input, used forwards,
//! `y[n,o,h,w] = b[o] + Σ_{c,u,v} w[c,o,u,v] · x[n, c, (h+p−d·u)/s, (w+p−d·v)/s]` over the taps where both
//! quotients are whole (Zeiler et al. 2010; Dumoulin, Visin 2016, chapter 4).
//!
//! It needs no step of its own: with the roles of input and output exchanged, forward is a convolution's
//! backward step, backward its forward step, and the gradient by the weights is the same.

use super::conv::{ConvStep, check_groups};
use super::{Pass, StepOp, Window, bias};
use crate::experiment::layers::TransposedConv;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::graph::{NodeId, ParameterId, Role};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct TransposedConvNode {
    /// That of the convolution from y to x.
    pub window: Window,
    pub groups: usize,
    /// `(I, O/groups, kH, kW)`.
    pub weight: ParameterId,
    /// `(O)`.
    pub bias: Option<ParameterId>,
}

pub(in crate::graph) fn add(
    conv: &TransposedConv,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let x = builder.extent(input);
    check_groups(conv.groups, ["input channels", "filters"], [x.channels, conv.filters])?;
    let window =
        Window { kernel: conv.kernel, stride: conv.stride, padding: conv.padding, dilation: conv.dilation };
    let [height, width] = spread(conv, &window, [x.height, x.width])?;
    let y = Extent::new(conv.filters, height, width);
    let filters = conv.filters / conv.groups;
    // Each output number meets one in s² of its window's taps.
    let fan_in = (x.channels / conv.groups * window.area()).div_ceil(window.stride[0] * window.stride[1]);
    let shape = vec![x.channels, filters, conv.kernel[0], conv.kernel[1]];
    let weight = builder.parameter("weight", shape, Role::TransposedConvWeight { fan_in })?;
    let bias = match conv.bias {
        true => Some(builder.parameter("bias", vec![conv.filters], Role::Bias)?),
        false => None,
    };
    builder.count_multiply_adds(x.len() as u64 * (filters * window.area()) as u64);
    let field = builder.field(input).through_transposed(&window);
    let op = TransposedConvNode { window, groups: conv.groups, weight, bias };
    builder.node(super::Op::TransposedConv(op), vec![input], y, field)
}

/// `(height, width)` of the output, `(H − 1)·s − 2p + d·(k − 1) + output padding + 1`.
fn spread(conv: &TransposedConv, window: &Window, input: [usize; 2]) -> Result<[usize; 2], String> {
    let (mut out, span) = ([0; 2], window.span());
    for axis in 0..2 {
        let more = conv.output_padding[axis];
        let below = window.stride[axis].max(window.dilation[axis]);
        if more >= below {
            return Err(format!(
                "The output padding must be smaller than the stride or the dilation, whichever is larger; here \
                 {more} is not below {below}. Reduce it."
            ));
        }
        let whole = (input[axis] - 1) * window.stride[axis] + span[axis] + more;
        out[axis] = whole.saturating_sub(2 * window.padding[axis]);
        if out[axis] == 0 {
            return Err(format!(
                "A padding of {} at each end of the {whole} pixels to which this layer spreads the maps leaves \
                 nothing. Reduce it.",
                window.padding[axis]
            ));
        }
    }
    Ok(out)
}

impl TransposedConvNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let inputs = vec![x, emit.parameter(self.weight)];
        let sum = emit.batch_of(emit.extent(node));
        emit.step(self.step(emit, node, Pass::Backward), inputs, vec![sum]);
        let y = match self.bias {
            Some(bias) => bias::emit_forward(emit, node, sum, bias),
            None => sum,
        };
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let x = emit.graph.node(node).inputs[0];
        if emit.learns {
            if let Some(bias) = self.bias {
                bias::emit_backward(emit, node, gradient, bias);
            }
            let inputs = vec![gradient, emit.forward_value(x)];
            let outputs = vec![emit.parameter_gradient(self.weight)];
            emit.step(self.step(emit, node, Pass::Weights), inputs, outputs);
        }
        if emit.wants_gradient(x) {
            let dx = emit.batch_of(emit.extent(x));
            let inputs = vec![gradient, emit.parameter(self.weight)];
            emit.step(self.step(emit, node, Pass::Forward), inputs, vec![dx]);
            emit.contribute(x, dx);
        }
    }

    /// A step of the convolution from y to x.
    fn step(&self, emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
        StepOp::Conv(ConvStep {
            pass,
            batch: emit.batch,
            input: emit.extent(node),
            output: emit.extent(emit.graph.node(node).inputs[0]),
            window: self.window,
            groups: self.groups,
            bias: false,
            relu: false,
        })
    }
}
