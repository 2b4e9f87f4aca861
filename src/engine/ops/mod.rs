//! One file per op: its mathematics, its CPU code, its GPU step, its tests. An op is registered by its line
//! in [`lower`]; neither executor knows any op by name.

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
