//! One file per op: its mathematics, its plain reference, its CPU code, its GPU step, its tests. An op is
//! registered by its line in the list below; neither executor knows any op by name.

mod activation;
mod add;
mod batch_norm;
mod bias;
mod concat;
mod conv;
mod cross_entropy;
mod dropout;
mod flatten;
mod gather;
mod linear;
mod lrn;
mod permute;
mod norm;
mod pixel_cross_entropy;
mod pool;
mod prelu;
mod shortcut;
mod strongest;
#[cfg(test)]
pub mod testing;
mod unit_loss;
mod update;
mod upsample;

use super::cpu::Kernel;
use super::gpu::Lowering;
use super::plain::{Plain, PlainIo, Real};
use crate::graph::layers::StepOp;

/// How an op is computed on each executor.
pub trait Lower {
    /// The step as a kernel for the CPU.
    fn cpu(&self) -> Box<dyn Kernel>;

    /// Adds the step's dispatches.
    fn gpu(&self, lowering: &mut Lowering);
}

/// Makes [`lower`] and [`plain`] out of the list of all ops.
macro_rules! ops {
    ($($op:ident,)*) => {
        /// The op of a step, for the executors.
        pub fn lower(op: &StepOp) -> &dyn Lower {
            match op {
                $(StepOp::$op(step) => step,)*
            }
        }

        /// Carries out a step by its plain reference.
        pub fn plain<R: Real>(op: &StepOp, io: PlainIo<'_, R>) {
            match op {
                $(StepOp::$op(step) => step.plain(io),)*
            }
        }
    };
}

ops! {
    Gather,
    Conv,
    Linear,
    BatchNorm,
    Bias,
    Activation,
    Prelu,
    Pool,
    Lrn,
    Dropout,
    Upsample,
    Flatten,
    Permute,
    Shortcut,
    Add,
    Concat,
    CrossEntropy,
    Norm,
    PixelCrossEntropy,
    UnitLoss,
    Strongest,
    Update,
}
