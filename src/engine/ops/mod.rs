//! One file per op: its mathematics, its CPU code, its GPU step, its tests. An op is registered by its line
//! in [`lower`]; neither executor knows any op by name.

mod activation;
mod add;
mod batch_norm;
mod concat;
mod conv;
mod cross_entropy;
mod dropout;
mod gather;
mod linear;
mod pool;
mod shortcut;
#[cfg(test)]
pub mod testing;
mod update;

use super::cpu::Kernel;
use super::gpu::Lowering;
use crate::graph::layers::StepOp;

/// How an op is computed on each executor.
pub trait Lower {
    /// The step as a kernel for the CPU.
    fn cpu(&self) -> Box<dyn Kernel>;

    /// Adds the step's dispatches.
    fn gpu(&self, lowering: &mut Lowering);
}

/// The list of all ops.
pub fn lower(op: &StepOp) -> &dyn Lower {
    match op {
        StepOp::Gather(step) => step,
        StepOp::Conv(step) => step,
        StepOp::Linear(step) => step,
        StepOp::BatchNorm(step) => step,
        StepOp::Activation(step) => step,
        StepOp::Pool(step) => step,
        StepOp::Dropout(step) => step,
        StepOp::Shortcut(step) => step,
        StepOp::Add(step) => step,
        StepOp::Concat(step) => step,
        StepOp::CrossEntropy(step) => step,
        StepOp::Update(step) => step,
    }
}
