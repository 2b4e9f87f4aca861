//! The executor on a graphics processor, by wgpu compute shaders (`shaders/*.wgsl`).
//!
//! A plan is an inert list of dispatches: which shader with which constants, over which ranges of memory, in
//! how many workgroups. The ops write that list once ([`Lowering`]), the plan turns it into pipelines and bind
//! groups and replays it; no step allocates, and all it uploads is its [`StepTable`](super::StepTable). The
//! device is this module's own and never the window's, and submissions are kept short, so that a window that
//! draws on the same card is not held up.

mod adapter;
mod context;
mod flights;
mod heap;
mod lowering;
mod memory;
mod pictures;
mod pipelines;
mod plan;
pub mod product;
mod shaders;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub mod twin;

use std::sync::Arc;

pub use super::arena::Place;
use super::{Device, DeviceInfo, EngineError, Footprint, Memory, PictureSource, Pictures, Plan};
use crate::graph::program::{Placement, Program};
pub use adapter::adapters;
use context::Context;
pub use lowering::{Dispatch, Lowering, Source};
pub use product::Products;
pub use shaders::source as shader;

/// A graphics processor as a device. All its plans share one arena and so take turns.
pub struct Gpu {
    info: DeviceInfo,
    context: Arc<Context>,
}

impl Gpu {
    /// Opens the adapter that [`adapters`] described so.
    ///
    /// # Errors
    /// The adapter is gone, or its driver refuses.
    pub fn open(wanted: &DeviceInfo) -> Result<Self, EngineError> {
        Self::open_with(wanted, Products::Tiled)
    }

    /// Takes the device away, as a driver that is reset does.
    #[cfg(test)]
    pub fn destroy(&self) {
        self.context.device.destroy();
    }

    /// [`Gpu::open`], with products computed in a way that is given.
    pub fn open_with(wanted: &DeviceInfo, products: Products) -> Result<Self, EngineError> {
        let adapter = adapter::find(wanted).ok_or(EngineError::NoGpu)?;
        let context = Context::new(&adapter, products)?;
        Ok(Self { info: wanted.clone(), context: Arc::new(context) })
    }
}

impl Device for Gpu {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn kernels(&self) -> String {
        format!("{} products on {}, {}", self.context.products.name(), self.info.name, self.info.detail)
    }

    fn footprint(&self, placement: &Placement, program: &Program) -> Result<Footprint, EngineError> {
        plan::footprint(&self.context, placement, program)
    }

    fn available(&self) -> Option<u64> {
        self.context.available()
    }

    fn memory(&self, placement: &Placement) -> Result<Arc<dyn Memory>, EngineError> {
        Ok(Arc::new(memory::GpuMemory::new(&self.context, placement)?))
    }

    fn pictures(&self, source: &PictureSource) -> Result<Arc<dyn Pictures>, EngineError> {
        Ok(Arc::new(pictures::GpuPictures::new(&self.context, source)?))
    }

    fn plan(
        &self,
        program: &Program,
        memory: &Arc<dyn Memory>,
        pictures: Option<&Arc<dyn Pictures>>,
    ) -> Result<Box<dyn Plan>, EngineError> {
        Ok(Box::new(plan::GpuPlan::new(&self.context, program, memory, pictures)?))
    }
}
