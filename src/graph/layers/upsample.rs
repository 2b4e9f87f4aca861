//! Maps made larger by a whole factor: every pixel repeated, or straight lines between the pixels' centres.
//! Along each axis an output pixel is a mixture of two neighbouring input pixels at most, see [`Mixture`].

use super::{Pass, StepOp, Window};
use crate::experiment::layers::{Upsample, UpsampleMode};
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct UpsampleNode {
    pub mode: UpsampleMode,
    pub factor: [usize; 2],
}

/// `Forward`: x → y. `Backward`: dy → dx.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpsampleStep {
    pub pass: Pass,
    pub mode: UpsampleMode,
    pub batch: usize,
    /// Of x, `(C, H, W)`; y is `(C, f·H, f·W)`.
    pub input: Extent,
    pub factor: [usize; 2],
}

/// What an output pixel is along one axis: `(1 − share) · x[first] + share · x[second]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    pub first: usize,
    pub second: usize,
    /// In `[0, 1)`: a whole number of parts of so many.
    pub share: (usize, usize),
}

pub(in crate::graph) fn add(
    upsample: &Upsample,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let x = builder.extent(input);
    let Upsample { mode, factor } = *upsample;
    let y = Extent::new(x.channels, factor[0] * x.height, factor[1] * x.width);
    let field = builder.field(input).through_transposed(&window(mode, factor));
    builder.node(super::Op::Upsample(UpsampleNode { mode, factor }), vec![input], y, field)
}

/// The window of the transposed convolution that does the same, apart from the edges (Long, Shelhamer, Darrell
/// 2015, section 3.3).
fn window(mode: UpsampleMode, factor: [usize; 2]) -> Window {
    let (kernel, padding) = match mode {
        UpsampleMode::Nearest => (factor, [0, 0]),
        UpsampleMode::Bilinear => (factor.map(|f| 2 * f - f % 2), factor.map(|f| f / 2)),
    };
    Window { stride: factor, padding, ..Window::new(kernel) }
}

impl UpsampleStep {
    /// `(C, f·H, f·W)`.
    pub fn output(&self) -> Extent {
        let Extent { channels, height, width } = self.input;
        Extent::new(channels, self.factor[0] * height, self.factor[1] * width)
    }

    /// Reading backwards: the output pixels that an input pixel may be in lie under this window.
    pub fn window(&self) -> Window {
        window(self.mode, self.factor)
    }

    /// What output pixel `at` is along `axis`. Its centre lies at `(at + ½) / f − ½` in input pixels, which is
    /// `(2·at + 1 − f) / 2f`.
    pub fn mixture(&self, axis: usize, at: usize) -> Mixture {
        let f = self.factor[axis];
        if self.mode == UpsampleMode::Nearest {
            return Mixture { first: at / f, second: at / f, share: (0, 1) };
        }
        let size = [self.input.height, self.input.width][axis];
        let place = (2 * at + 1).saturating_sub(f);
        let first = place / (2 * f);
        Mixture { first, second: (first + 1).min(size - 1), share: (place % (2 * f), 2 * f) }
    }
}

impl UpsampleNode {
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
        let input = emit.extent(emit.graph.node(node).inputs[0]);
        let (mode, factor) = (self.mode, self.factor);
        StepOp::Upsample(UpsampleStep { pass, mode, batch: emit.batch, input, factor })
    }
}
