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
mod fusion;
mod heap;
mod lowered;
mod lowering;
mod measure;
mod memory;
mod pictures;
mod pipelines;
mod plan;
pub mod product;
mod shaders;
#[cfg(test)]
mod tests;
mod tiles;
#[cfg(test)]
pub mod twin;

use std::path::PathBuf;
use std::sync::Arc;

pub use super::arena::Place;
use super::{Device, DeviceInfo, EngineError, Footprint, Memory, PictureSource, Pictures, Plan};
use crate::graph::program::{Placement, Program};
pub use adapter::adapters;
use context::Context;
pub use lowering::{Dispatch, Lowering, Source};
pub use measure::Measures;
pub use product::{Products, Shape};
pub use shaders::source as shader;
use tiles::Tiles;

/// A graphics processor as a device. All its plans share one arena and so take turns.
pub struct Gpu {
    info: DeviceInfo,
    context: Arc<Context>,
}

/// How a graphics processor is opened.
pub struct Settings {
    pub products: Products,
    pub measures: Measures,
    /// The folder that remembers which tiles are the quickest.
    pub tiles: Option<PathBuf>,
    /// The shape of all tiles, instead of the quickest or the customary ones.
    pub shape: Option<&'static Shape>,
    /// Limits instead of the adapter's own, where those are higher.
    pub limits: Option<wgpu::Limits>,
}

impl Settings {
    /// As an adapter is opened where nothing else is asked for: measured where measuring says something.
    fn customary(info: &DeviceInfo, products: Products) -> Self {
        let measures = if info.is_software { Measures::Nothing } else { Measures::Quickly };
        Self { products, measures, tiles: tiles::folder(), shape: None, limits: None }
    }
}

impl Gpu {
    /// Opens the adapter that [`adapters`] described so, with its products computed in the way that was measured to be
    /// the quickest there, or, under the name that says so, with operands of 16 bits.
    ///
    /// # Errors
    /// The adapter is gone, or its driver refuses.
    pub fn open(wanted: &DeviceInfo) -> Result<Self, EngineError> {
        Self::open_choosing(wanted, Settings::customary(wanted, Products::Tiled))
    }

    /// The same, with all measured that was not measured yet, however long it takes.
    pub fn open_measuring(wanted: &DeviceInfo) -> Result<Self, EngineError> {
        let settings = Settings::customary(wanted, Products::Tiled);
        Self::open_choosing(wanted, Settings { measures: Measures::Everything, ..settings })
    }

    /// [`Gpu::open`], with products computed in a way that is given.
    pub fn open_with(wanted: &DeviceInfo, products: Products) -> Result<Self, EngineError> {
        Self::open_as(wanted, &Settings::customary(wanted, products))
    }

    /// [`Gpu::open`] with everything given.
    pub fn open_as(wanted: &DeviceInfo, settings: &Settings) -> Result<Self, EngineError> {
        let context = Self::context(wanted, settings)?;
        Ok(Self { info: wanted.clone(), context: Arc::new(context) })
    }

    fn open_choosing(wanted: &DeviceInfo, mut settings: Settings) -> Result<Self, EngineError> {
        if adapter::is_half(wanted) {
            settings.products = Products::Half;
            return Self::open_as(wanted, &settings);
        }
        let mut context = Self::context(wanted, &settings)?;
        if context.measures != Measures::Nothing {
            let gains = match context.tiles.winograd() {
                Some(gains) => gains,
                None => {
                    let gains = measure::winograd_gains(&context)?;
                    context.tiles.learn_winograd(gains);
                    gains
                }
            };
            context.products = if gains { Products::Winograd } else { Products::Tiled };
        }
        Ok(Self { info: wanted.clone(), context: Arc::new(context) })
    }

    fn context(wanted: &DeviceInfo, settings: &Settings) -> Result<Context, EngineError> {
        let adapter = adapter::find(wanted).ok_or(EngineError::NoGpu)?;
        let tiles = Tiles::new(wanted, settings.tiles.as_deref()).all_of(settings.shape);
        Context::new(&adapter, Arc::new(tiles), settings)
    }

    /// Takes the device away, as a driver that is reset does.
    #[cfg(test)]
    pub fn destroy(&self) {
        self.context.device.destroy();
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
        lowered::footprint(&self.context, placement, program)
    }

    fn available(&self) -> Option<u64> {
        self.context.available()
    }

    fn shares_memory(&self) -> bool {
        self.context.shares_memory()
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
