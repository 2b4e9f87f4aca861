//! Pooling: the largest or the mean value under a window, channel by channel.

use super::{Pass, StepOp, Window};
use crate::experiment::layers::{Pool, PoolMode};
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct PoolNode {
    pub mode: PoolMode,
    pub window: Window,
}

/// `Forward`: x → y, and for a maximum also the winner's place under each window, `u·kW + v` (the first of
/// equals). `Backward`: dy[, winners] → dx.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolStep {
    pub pass: Pass,
    pub mode: PoolMode,
    pub batch: usize,
    /// Of x, `(C, H, W)`.
    pub input: Extent,
    /// Of y, `(C, H', W')`.
    pub output: Extent,
    pub window: Window,
}

pub(in crate::graph) fn add(pool: &Pool, builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let window = Window { stride: pool.stride, padding: pool.padding, ..Window::new(pool.window) };
    // Otherwise a window could lie in the padding alone, where a maximum has nothing to choose from.
    if (0..2).any(|axis| 2 * pool.padding[axis] > pool.window[axis]) {
        return Err("The padding of a pool can be half its window at most. Reduce it.".into());
    }
    add_window(pool.mode, window, builder, input)
}

pub(in crate::graph) fn add_global(builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let x = builder.extent(input);
    let window = Window::new([x.height, x.width]);
    add_window(PoolMode::Average, window, builder, input)
}

fn add_window(
    mode: PoolMode,
    window: Window,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let x = builder.extent(input);
    let [height, width] = window.slide("window", x.height, x.width)?;
    let field = builder.field(input).through(&window);
    let op = super::Op::Pool(PoolNode { mode, window });
    builder.node(op, vec![input], Extent::new(x.channels, height, width), field)
}

impl PoolNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let y = emit.batch_of(emit.extent(node));
        let mut outputs = vec![y];
        if self.mode == PoolMode::Max {
            let winners = emit.batch_of(emit.extent(node));
            emit.save(node, vec![winners]);
            outputs.push(winners);
        }
        emit.step(self.step(emit, node, Pass::Forward), vec![x], outputs);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let x = emit.graph.node(node).inputs[0];
        if !emit.wants_gradient(x) {
            return;
        }
        let dx = emit.batch_of(emit.extent(x));
        let mut inputs = vec![gradient];
        inputs.extend_from_slice(emit.saved(node));
        emit.step(self.step(emit, node, Pass::Backward), inputs, vec![dx]);
        emit.contribute(x, dx);
    }

    fn step(&self, emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
        StepOp::Pool(PoolStep {
            pass,
            mode: self.mode,
            batch: emit.batch,
            input: emit.extent(emit.graph.node(node).inputs[0]),
            output: emit.extent(node),
            window: self.window,
        })
    }
}
