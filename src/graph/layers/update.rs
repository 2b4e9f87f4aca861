//! The optimiser's step over all parameters at once, by the rules of [`Optimiser`].

use super::StepOp;
use crate::experiment::Optimiser;
use crate::graph::program::{Bank, Emit};

/// gradients → parameters, and for all rules but plain descent also slot 0, for Adam slot 1. Rate, decay and
/// step number come from the table of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateStep {
    pub rule: Optimiser,
    pub len: usize,
    /// Numbers from here on do not decay.
    pub decay_end: usize,
}

pub(in crate::graph) fn emit(emit: &mut Emit, rule: Optimiser) {
    let mut outputs = vec![emit.bank(Bank::Parameters)];
    let n_slots = match rule {
        Optimiser::Sgd => 0,
        Optimiser::Momentum { .. } | Optimiser::Nesterov { .. } => 1,
        Optimiser::Adam { .. } => 2,
    };
    for slot in [Bank::Slot0, Bank::Slot1].into_iter().take(n_slots) {
        outputs.push(emit.bank(slot));
    }
    let gradients = emit.bank(Bank::Gradients);
    let len = emit.placement.parameters_len;
    let step = UpdateStep { rule, len, decay_end: emit.placement.decay_end };
    emit.step(StepOp::Update(step), vec![gradients], outputs);
}
