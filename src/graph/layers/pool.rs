//! Pooling: the largest value, the mean or the sum under a window, channel by channel.

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
    let x = builder.extent(input);
    let hanging = if pool.ceil { hanging(&window, [x.height, x.width]) } else { None };
    let size = match hanging {
        Some(size) => size,
        None => window.slide("window", x.height, x.width)?,
    };
    add_window(pool.mode, window, size, builder, input)
}

/// `(height, width)` of the output where the last window may hang over the end, as PyTorch's `ceil_mode` has
/// it: `⌈(H + 2p − k) / s⌉ + 1`, or one less if the last of these would begin in the padding behind. None where
/// not even one window fits.
fn hanging(window: &Window, input: [usize; 2]) -> Option<[usize; 2]> {
    let mut out = [0; 2];
    for axis in 0..2 {
        let (stride, padding) = (window.stride[axis], window.padding[axis]);
        let n = (input[axis] + 2 * padding + stride - 1).checked_sub(window.kernel[axis])? / stride + 1;
        let begins_behind = (n - 1) * stride >= input[axis] + padding;
        out[axis] = if begins_behind { n - 1 } else { n };
    }
    Some(out)
}

pub(in crate::graph) fn add_global(builder: &mut Builder, input: NodeId) -> Result<NodeId, String> {
    let x = builder.extent(input);
    add_window(PoolMode::Average, Window::new([x.height, x.width]), [1, 1], builder, input)
}

fn add_window(
    mode: PoolMode,
    window: Window,
    [height, width]: [usize; 2],
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let x = builder.extent(input);
    let field = builder.field(input).through(&window);
    let op = super::Op::Pool(PoolNode { mode, window });
    builder.node(op, vec![input], Extent::new(x.channels, height, width), field)
}

impl PoolStep {
    /// What the sum under the window of output pixel `(i, j)` is divided by: for a mean the pixels under it,
    /// those of the padding counted, those beyond the padding not (PyTorch's rule).
    pub fn divisor(&self, i: usize, j: usize) -> usize {
        if self.mode != PoolMode::Average {
            return 1;
        }
        let under = |axis: usize, at: usize, size: usize| {
            let padded = size + 2 * self.window.padding[axis];
            self.window.kernel[axis].min(padded - at * self.window.stride[axis])
        };
        under(0, i, self.input.height) * under(1, j, self.input.width)
    }
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
