//! The graphics processors of tests.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::product::Shape;
use super::{Gpu, Measures, Products, Settings};
use crate::engine::Device;

/// Workgroups in a row of a dispatch's grid, at most: so few that most dispatches need several rows.
const LONGEST_ROW: u32 = 5;

/// The graphics processor that tests use: hardware if there is any, else the driver that runs on the CPU; none
/// where there is neither, in which case the test is left out, except on the machines that decide on changes. It is
/// opened with the limits that any adapter has which implements WebGPU, 16 KiB of memory in a workgroup among them,
/// and without further features; and with very short rows of workgroups.
pub fn gpu() -> Option<Arc<dyn Device>> {
    gpu_with(Products::Tiled)
}

/// [`gpu`] by every way to compute products.
pub fn gpus() -> Vec<Arc<dyn Device>> {
    let ways = [Products::Plain, Products::Tiled];
    ways.into_iter().filter_map(gpu_with).collect()
}

/// [`gpu`] with products computed in a way that is given.
pub fn gpu_with(products: Products) -> Option<Arc<dyn Device>> {
    static GPUS: Mutex<Vec<(Products, Arc<dyn Device>)>> = Mutex::new(Vec::new());
    let mut gpus = GPUS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, gpu)) = gpus.iter().find(|(other, _)| *other == products) {
        return Some(gpu.clone());
    }
    let Some(adapter) = super::adapters().into_iter().next() else {
        assert!(std::env::var_os("CI").is_none(), "no Vulkan driver; Debian has mesa-vulkan-drivers");
        println!("left out: there is no Vulkan driver on this machine");
        return None;
    };
    let mut gpu = Gpu::open_as(&adapter, &settings(products)).unwrap();
    Arc::get_mut(&mut gpu.context).unwrap().limits.max_compute_workgroups_per_dimension = LONGEST_ROW;
    let gpu: Arc<dyn Device> = Arc::new(gpu);
    gpus.push((products, gpu.clone()));
    Some(gpu)
}

/// [`gpu`], not shared with other tests, with limits changed.
pub fn own_gpu(change: impl FnOnce(&mut wgpu::Limits)) -> Option<Gpu> {
    let mut own = Gpu::open_as(gpu()?.info(), &settings(Products::Tiled)).unwrap();
    change(&mut Arc::get_mut(&mut own.context).unwrap().limits);
    Some(own)
}

/// [`gpu`] with its rows of workgroups as long as WebGPU lets them be.
pub fn with_true_rows(products: Products) -> Option<Gpu> {
    Some(Gpu::open_as(gpu()?.info(), &settings(products)).unwrap())
}

/// [`gpu`] with all its tiles of one shape.
pub fn with_tiles(shape: &'static Shape) -> Option<Gpu> {
    let settings = Settings { shape: Some(shape), ..settings(Products::Tiled) };
    Some(Gpu::open_as(gpu()?.info(), &settings).unwrap())
}

/// [`gpu`], measured, with what was found kept in a folder.
pub fn measuring(folder: &Path) -> Option<Gpu> {
    let tiles = Some(folder.to_owned());
    let settings = Settings { measures: Measures::Everything, tiles, ..settings(Products::Tiled) };
    Some(Gpu::open_as(gpu()?.info(), &settings).unwrap())
}

/// [`gpu`] with operands of 16 bits; none where the adapter has none.
pub fn half() -> Option<Gpu> {
    gpu()?;
    let adapter = super::adapters().into_iter().find(super::adapter::is_half);
    Some(Gpu::open_as(&adapter?, &settings(Products::Half)).unwrap())
}

fn settings(products: Products) -> Settings {
    let limits = Some(wgpu::Limits::default());
    Settings { products, measures: Measures::Nothing, tiles: None, shape: None, limits }
}
