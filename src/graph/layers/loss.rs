//! The losses: each a mean over the answers of a batch, with its gradient in the same step.
//!
//! Every step leaves `[mean loss, wrong answers, answers given]`. An answer is a class named for a picture or
//! for a pixel, or, where a picture has tags, one yes or no.

use super::StepOp;
use crate::experiment::{LabelKind, Loss};
use crate::graph::NodeId;
use crate::graph::goal::Goal;
use crate::graph::program::Emit;

/// Numbers that a loss says of its batch.
pub const N_METRICS: usize = 3;

/// Softmax and cross-entropy over the classes of each picture: logits `(N, K)`, labels `(N)` → gradient by the
/// logits, metrics.
///
/// `L = −1/N · Σ_n Σ_k t[n,k] · log softmax(z_n)[k]` with the wanted probabilities
/// `t[n,k] = (1 − ε)·[k = label_n] + ε/K`; `∂L/∂z = (softmax(z) − t) / N`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossEntropyStep {
    pub batch: usize,
    pub classes: usize,
    /// ε.
    pub smoothing: f32,
}

/// Softmax and cross-entropy over the classes of each pixel: logits `(N, K, H, W)`, labels `(N, H, W)` →
/// gradient by the logits, metrics. The mean is over the pixels that count; where none does, all is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelCrossEntropyStep {
    /// All pixels of the batch, `N · H · W`.
    pub pixels: usize,
    pub classes: usize,
    /// The class whose pixels do not count, besides those of which nothing is known (`data::VOID`) and those of
    /// classes that the net does not tell apart.
    pub void: Option<usize>,
}

/// A loss of single numbers against 0 and 1: outputs `(N, K)`, labels `(N)` or `(N, K)` → gradient by the
/// outputs, metrics. `L = 1/(N·K) · Σ ℓ(z, t)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitLossStep {
    pub rule: UnitRule,
    pub wanted: Wanted,
    pub batch: usize,
    /// K.
    pub outputs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitRule {
    /// `ℓ = (z − t)²`; yes where `z > 1/2`.
    Squared,
    /// `ℓ = −t·log σ(z) − (1 − t)·log(1 − σ(z))`; yes where `z > 0`.
    Sigmoid,
}

/// Where the wanted numbers t come from, and so what an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// 1 for the class of the picture; the largest output is the answer.
    Class,
    /// 1 for each tag that is there; each output is an answer.
    Tags,
}

pub(in crate::graph) fn forward(emit: &mut Emit, output: NodeId, goal: &Goal) {
    let extent = emit.extent(output);
    let (batch, outputs) = (emit.batch, extent.len());
    let unit = |rule| {
        let wanted = if goal.labels == LabelKind::Tags { Wanted::Tags } else { Wanted::Class };
        StepOp::UnitLoss(UnitLossStep { rule, wanted, batch, outputs })
    };
    let step = match goal.loss {
        Loss::CrossEntropy { smoothing } => {
            StepOp::CrossEntropy(CrossEntropyStep { batch, classes: outputs, smoothing })
        }
        Loss::SquaredError => unit(UnitRule::Squared),
        Loss::SigmoidCrossEntropy => unit(UnitRule::Sigmoid),
        Loss::PixelCrossEntropy { void } => StepOp::PixelCrossEntropy(PixelCrossEntropyStep {
            pixels: batch * extent.area(),
            classes: extent.channels,
            void,
        }),
    };
    let gradient = emit.batch_of(extent);
    let metrics = emit.transient(N_METRICS);
    let inputs = vec![emit.forward_value(output), emit.labels()];
    emit.step(step, inputs, vec![gradient, metrics]);
    emit.metrics = Some(metrics);
    emit.contribute(output, gradient);
}
