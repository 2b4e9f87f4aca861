//! Softmax cross-entropy: `L = −1/N · Σ_n log softmax(z_n)[label_n]`, with gradient
//! `∂L/∂z = (softmax(z) − one-hot) / N`.

use super::StepOp;
use crate::graph::NodeId;
use crate::graph::program::Emit;

/// logits `(N, K)`, labels `(N)` → gradient by the logits, `[mean loss, wrong answers]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossEntropyStep {
    pub batch: usize,
    pub classes: usize,
}

pub(in crate::graph) fn forward(emit: &mut Emit, output: NodeId) {
    let step = CrossEntropyStep { batch: emit.batch, classes: emit.extent(output).len() };
    let gradient = emit.batch_of(emit.extent(output));
    let metrics = emit.transient(2);
    let inputs = vec![emit.forward_value(output), emit.labels()];
    emit.step(StepOp::CrossEntropy(step), inputs, vec![gradient, metrics]);
    emit.metrics = Some(metrics);
    emit.contribute(output, gradient);
}
