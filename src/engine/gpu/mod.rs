//! The executor on a graphics processor, by wgpu compute shaders.

use std::sync::Arc;

use super::{Device, DeviceInfo, EngineError, Memory, PictureSource, Pictures, Plan};
use crate::graph::program::{Placement, Program};

pub struct Gpu {
    info: DeviceInfo,
}

/// What an op's `gpu` sees: it adds dispatches for its step.
pub struct Lowering;

/// All adapters that can compute.
pub fn adapters() -> Vec<DeviceInfo> {
    Vec::new()
}

impl Gpu {
    pub fn open(_adapter: &DeviceInfo) -> Result<Self, EngineError> {
        Err(EngineError::NoGpu)
    }
}

impl Device for Gpu {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn memory(&self, _placement: &Placement) -> Result<Arc<dyn Memory>, EngineError> {
        Err(EngineError::NoGpu)
    }

    fn pictures(&self, _source: &PictureSource) -> Result<Arc<dyn Pictures>, EngineError> {
        Err(EngineError::NoGpu)
    }

    fn plan(
        &self,
        _program: &Program,
        _memory: &Arc<dyn Memory>,
        _pictures: Option<&Arc<dyn Pictures>>,
    ) -> Result<Box<dyn Plan>, EngineError> {
        Err(EngineError::NoGpu)
    }
}
