//! For tests: one step carried out on both executors, which must agree.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Gpu, Products};
use crate::engine::cpu::Cpu;
use crate::engine::ops::testing;
use crate::engine::{Device, PictureSource, StepTable};
use crate::graph::layers::StepOp;
use crate::tensor::random::{Key, Purpose};

/// A step with all that it reads.
pub struct Trial {
    pub op: StepOp,
    pub inputs: Vec<Vec<f32>>,
    /// What the outputs hold beforehand; most steps overwrite it.
    pub outputs: Vec<Vec<f32>>,
    pub table: StepTable,
    pub pictures: Option<PictureSource>,
}

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

/// Numbers of the standard normal distribution.
pub fn normal(name: u32, len: usize) -> Vec<f32> {
    let key = Key::new(1, Purpose::InitialWeights).with(name);
    (0..len as u32).map(|i| key.normal(i)).collect()
}

impl Trial {
    /// A trial of normally distributed inputs and outputs that are written whole.
    pub fn new(op: StepOp, inputs: &[usize], outputs: &[usize]) -> Self {
        Self {
            op,
            inputs: inputs.iter().enumerate().map(|(i, &len)| normal(i as u32, len)).collect(),
            outputs: outputs.iter().map(|&len| vec![0.0; len]).collect(),
            table: StepTable::default(),
            pictures: None,
        }
    }

    /// Both executors give the same numbers, up to `tolerance` of the largest of each output.
    pub fn agrees(&self, tolerance: f32) {
        if let Some(gpu) = gpu() {
            self.agrees_on(&*gpu, tolerance);
        }
    }

    /// [`Trial::agrees`] for steps that are products, by every way to compute them.
    pub fn agrees_in_every_way(&self, tolerance: f32) {
        gpus().iter().for_each(|gpu| self.agrees_on(&**gpu, tolerance));
    }

    pub fn agrees_on(&self, gpu: &dyn Device, tolerance: f32) {
        let expected = self.run(&Cpu::new());
        let found = self.run(gpu);
        for (i, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
            for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
                let is_close = (expected - found).abs() <= tolerance * largest.max(1e-3);
                assert!(is_close, "{:?}: output {i}[{place}] is {found}, not {expected}", self.op);
            }
        }
    }

    fn run(&self, device: &dyn Device) -> Vec<Vec<f32>> {
        let inputs: Vec<&[f32]> = self.inputs.iter().map(Vec::as_slice).collect();
        let pictures = self.pictures.as_ref();
        testing::run(device, self.op.clone(), self.table, &inputs, &self.outputs, pictures)
    }
}
