//! The parameter-free shortcut where the shape changes (He et al. 2015, option A): every s-th pixel, and
//! channels of zeros behind its own.

use super::{Pass, StepOp, Window};
use crate::experiment::layers::Shortcut;
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct ShortcutNode {
    pub stride: [usize; 2],
}

/// `Forward`: x → y. `Backward`: dy → dx.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShortcutStep {
    pub pass: Pass,
    pub batch: usize,
    /// Of x, `(C, H, W)`.
    pub input: Extent,
    /// Of y, `(C', ⌈H/s⌉, ⌈W/s⌉)` with `C' ≥ C`.
    pub output: Extent,
    pub stride: [usize; 2],
}

pub(in crate::graph) fn add(
    shortcut: &Shortcut,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let x = builder.extent(input);
    if shortcut.channels < x.channels {
        return Err(format!(
            "A zero-padded shortcut cannot reduce {} channels to {}. Use a 1×1 convolution instead.",
            x.channels, shortcut.channels
        ));
    }
    let window = Window { stride: shortcut.stride, ..Window::new([1, 1]) };
    let [height, width] = window.slide("stride", x.height, x.width)?;
    let field = builder.field(input).through(&window);
    let op = super::Op::Shortcut(ShortcutNode { stride: shortcut.stride });
    builder.node(op, vec![input], Extent::new(shortcut.channels, height, width), field)
}

impl ShortcutNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let y = emit.batch_of(emit.extent(node));
        emit.step(self.step(emit, node, Pass::Forward), vec![x], vec![y]);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let x = emit.graph.node(node).inputs[0];
        if emit.wants_gradient(x) {
            let dx = emit.batch_of(emit.extent(x));
            emit.step(self.step(emit, node, Pass::Backward), vec![gradient], vec![dx]);
            emit.contribute(x, dx);
        }
    }

    fn step(&self, emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
        StepOp::Shortcut(ShortcutStep {
            pass,
            batch: emit.batch,
            input: emit.extent(emit.graph.node(node).inputs[0]),
            output: emit.extent(node),
            stride: self.stride,
        })
    }
}
