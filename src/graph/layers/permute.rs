//! The pixels of all maps put elsewhere by one permutation, `y[n,c,p] = x[n, c, places[p]]` with p over the
//! `H·W` places. The way back is the inverse permutation, by the same step.
//!
//! The table of places is a constant of the step. It follows from a seed and a size, which are all that the
//! graph and the program know of it: a device draws it when it makes the step ready, once for each plan. So
//! graphs stay small and quick to make, and what the tables take is counted before any is drawn.

use super::StepOp;
use crate::experiment::layers::PermutePixels;
use crate::graph::NodeId;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, ValueId};
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};

#[derive(Clone, Debug, PartialEq)]
pub struct PermuteNode {
    pub permutation: Permutation,
}

/// A permutation of `0..n`, drawn by seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    pub seed: u64,
    pub n: usize,
    pub is_inverse: bool,
}

/// x → y, or dy → dx with the inverse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PermuteStep {
    pub batch: usize,
    /// Of x and y, `(C, H, W)`.
    pub extent: Extent,
    pub permutation: Permutation,
}

/// Pixels whose places fit into a table without a thought for memory: maps of 4096×4096.
const MOST_PIXELS: usize = 1 << 24;

pub(in crate::graph) fn add(
    permute: &PermutePixels,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let extent = builder.extent(input);
    if extent.area() > MOST_PIXELS {
        return Err(format!(
            "Up to {MOST_PIXELS} pixels can be permuted, and here are {}. Pool them first, or use smaller pictures.",
            extent.area()
        ));
    }
    let permutation = Permutation { seed: permute.seed as u64, n: extent.area(), is_inverse: false };
    let field = builder.field(input).anywhere([extent.height, extent.width]);
    builder.node(super::Op::Permute(PermuteNode { permutation }), vec![input], extent, field)
}

impl Permutation {
    /// The permutation that undoes this one.
    pub fn inverse(self) -> Self {
        Self { is_inverse: !self.is_inverse, ..self }
    }

    /// Which input pixel each output pixel shows, `(n)`; every one once.
    pub fn places(self) -> Vec<u32> {
        let places = Key::new(self.seed, Purpose::PixelPermutation).permutation(self.n);
        if !self.is_inverse {
            return places;
        }
        let mut inverse = vec![0; self.n];
        for (to, from) in (0..).zip(places) {
            inverse[from as usize] = to;
        }
        inverse
    }
}

impl PermuteNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.forward_value(emit.graph.node(node).inputs[0]);
        let y = permuted(emit, node, self.permutation, x);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let input = emit.graph.node(node).inputs[0];
        if emit.wants_gradient(input) {
            let dx = permuted(emit, node, self.permutation.inverse(), gradient);
            emit.contribute(input, dx);
        }
    }
}

fn permuted(emit: &mut Emit, node: NodeId, permutation: Permutation, x: ValueId) -> ValueId {
    let extent = emit.extent(node);
    let y = emit.batch_of(extent);
    let step = PermuteStep { batch: emit.batch, extent, permutation };
    emit.step(StepOp::Permute(step), vec![x], vec![y]);
    y
}
