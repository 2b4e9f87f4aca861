use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::activation::ActivationStep;

impl Lower for ActivationStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

mod cpu {
    use super::*;

    pub fn kernel(_step: ActivationStep) -> Box<dyn Kernel> {
        Box::new(|_io: crate::engine::cpu::Io<'_>| {})
    }
}

mod gpu {
    use super::*;

    pub fn lower(_step: &ActivationStep, _lowering: &mut Lowering) {}
}
