//! A processor beside little memory, for tests.

use std::sync::Arc;

use super::Cpu;
use crate::engine::{Device, DeviceInfo, EngineError, Footprint, Memory, PictureSource, Pictures, Plan};
use crate::graph::program::{Placement, Program};

/// The processor of a computer that has so many bytes left, whatever is taken.
pub struct Small(pub Cpu, pub u64);

impl Device for Small {
    fn info(&self) -> &DeviceInfo {
        self.0.info()
    }

    fn kernels(&self) -> String {
        self.0.kernels()
    }

    fn footprint(&self, placement: &Placement, program: &Program) -> Result<Footprint, EngineError> {
        self.0.footprint(placement, program)
    }

    fn available(&self) -> Option<u64> {
        Some(self.1)
    }

    fn shares_memory(&self) -> bool {
        true
    }

    fn memory(&self, placement: &Placement) -> Result<Arc<dyn Memory>, EngineError> {
        self.0.memory(placement)
    }

    fn pictures(&self, source: &PictureSource) -> Result<Arc<dyn Pictures>, EngineError> {
        self.0.pictures(source)
    }

    fn plan(
        &self,
        program: &Program,
        memory: &Arc<dyn Memory>,
        pictures: Option<&Arc<dyn Pictures>>,
    ) -> Result<Box<dyn Plan>, EngineError> {
        self.0.plan(program, memory, pictures)
    }
}
