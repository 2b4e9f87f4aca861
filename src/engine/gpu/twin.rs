//! The graphics processors of tests.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Gpu, Products};
use crate::engine::Device;

/// The graphics processor that tests use: hardware if there is any, else the driver that runs on the CPU; none
/// where there is neither, in which case the test is left out, except on the machines that decide on changes.
pub fn gpu() -> Option<Arc<dyn Device>> {
    gpu_with(Products::Tiled)
}

/// [`gpu`] by every way to compute products.
pub fn gpus() -> Vec<Arc<dyn Device>> {
    let ways = [Products::Plain, Products::Tiled];
    ways.into_iter().filter_map(gpu_with).collect()
}

/// [`gpu`] with products computed in a way that is given.
fn gpu_with(products: Products) -> Option<Arc<dyn Device>> {
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
    let gpu: Arc<dyn Device> = Arc::new(Gpu::open_with(&adapter, products).unwrap());
    gpus.push((products, gpu.clone()));
    Some(gpu)
}

/// [`gpu`], not shared with other tests, with limits changed.
pub fn own_gpu(change: impl FnOnce(&mut wgpu::Limits)) -> Option<Gpu> {
    let mut own = Gpu::open(gpu()?.info()).unwrap();
    change(&mut Arc::get_mut(&mut own.context).unwrap().limits);
    Some(own)
}
