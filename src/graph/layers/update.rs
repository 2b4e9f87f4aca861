//! The optimiser's step over all parameters at once, by the rules of [`Optimiser`], and the gradient's length
//! by which it is clipped before (Pascanu, Mikolov, Bengio 2013).

use super::StepOp;
use crate::experiment::Optimiser;
use crate::graph::program::{Bank, Emit, Update};

/// gradients[, norm and factor] → parameters, and the rule's slots. Rate, decay and step number come from the
/// table of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateStep {
    pub rule: Optimiser,
    pub len: usize,
    /// Numbers from here on are biases, slopes, scales and shifts.
    pub decay_end: usize,
    /// Whether the gradient is multiplied by a [`NormStep`]'s factor.
    pub clips: bool,
}

/// gradients → [norm, factor]: the length of all gradients together, `√Σ g²`, and the factor
/// `min(1, clip / (norm + 10⁻⁶))` that clips it, with `clip` from the table of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormStep {
    pub len: usize,
}

pub(in crate::graph) fn emit(emit: &mut Emit, update: Update) {
    let Update { rule, clips } = update;
    let len = emit.placement.parameters_len;
    let mut inputs = vec![emit.bank(Bank::Gradients)];
    if clips {
        let norm = emit.transient(2);
        emit.step(StepOp::Norm(NormStep { len }), inputs.clone(), vec![norm]);
        inputs.push(norm);
    }
    let slots = [Bank::Slot0, Bank::Slot1].into_iter().take(rule.n_slots());
    let outputs = [Bank::Parameters].into_iter().chain(slots).map(|bank| emit.bank(bank)).collect();
    let step = UpdateStep { rule, len, decay_end: emit.placement.decay_end, clips };
    emit.step(StepOp::Update(step), inputs, outputs);
}
