//! Shaders compiled, each once for every set of constants it is asked for with.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::shaders;

/// A shader's entry point with values for its `override` constants.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The stem of a file in `shaders/`.
    pub shader: &'static str,
    /// Stems of what is put before it besides what it always draws on.
    pub parts: Vec<&'static str>,
    pub entry: &'static str,
    pub constants: Vec<(&'static str, f64)>,
    /// Arrays bound in group 0, from binding 0 on.
    pub n_operands: usize,
    /// Whether the step's table is bound in group 1.
    pub reads_table: bool,
}

/// The shaders' entry points ready for use. Shared by all plans of a device: layers of one shape, and plans
/// that differ in the batch alone, mostly find theirs here.
pub struct Pipelines {
    device: wgpu::Device,
    table_layout: wgpu::BindGroupLayout,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// By the shader and the parts before it.
    modules: HashMap<(&'static str, Vec<&'static str>), wgpu::ShaderModule>,
    /// By the number of arrays.
    operand_layouts: HashMap<usize, wgpu::BindGroupLayout>,
    pipelines: HashMap<Key, wgpu::ComputePipeline>,
}

/// A kernel's shader, the parts before it, its entry point and constants, the latter as bits.
type Key = (&'static str, Vec<&'static str>, &'static str, Vec<(&'static str, u64)>);

impl Pipelines {
    pub fn new(device: &wgpu::Device) -> Self {
        let table = wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: None,
            },
            count: None,
        };
        let table_layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("table"),
            entries: &[table],
        });
        Self { device: device.clone(), table_layout, cache: Mutex::default() }
    }

    pub fn table_layout(&self) -> &wgpu::BindGroupLayout {
        &self.table_layout
    }

    /// The layout of a bind group of so many arrays.
    pub fn operand_layout(&self, n_operands: usize) -> wgpu::BindGroupLayout {
        self.lock().operand_layout(&self.device, n_operands).clone()
    }

    /// Compiles what is not there yet, on all cores: a driver may take a tenth of a second for each.
    pub fn prepare<'a>(&self, kernels: impl Iterator<Item = &'a Kernel>) {
        let distinct: HashMap<Key, &Kernel> = kernels.map(|kernel| (kernel.key(), kernel)).collect();
        distinct.into_par_iter().for_each(|(_, kernel)| drop(self.get(kernel)));
    }

    pub fn get(&self, kernel: &Kernel) -> wgpu::ComputePipeline {
        let key = kernel.key();
        if let Some(pipeline) = self.lock().pipelines.get(&key) {
            return pipeline.clone();
        }
        // Unlocked, so that others can compile at the same time.
        let pipeline = self.compile(kernel);
        self.lock().pipelines.insert(key, pipeline.clone());
        pipeline
    }

    fn compile(&self, kernel: &Kernel) -> wgpu::ComputePipeline {
        let (operands, module) = {
            let mut cache = self.lock();
            let operands = cache.operand_layout(&self.device, kernel.n_operands).clone();
            let module = cache
                .modules
                .entry((kernel.shader, kernel.parts.clone()))
                .or_insert_with(|| shaders::module(&self.device, kernel.shader, &kernel.parts));
            (operands, module.clone())
        };
        let groups = [Some(&operands), Some(&self.table_layout)];
        let layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(kernel.shader),
            bind_group_layouts: if kernel.reads_table { &groups } else { &groups[..1] },
            immediate_size: 0,
        });
        self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.shader),
            layout: Some(&layout),
            module: &module,
            entry_point: Some(kernel.entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &kernel.constants,
                // Workgroup memory is filled before it is read.
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kernel {
    fn key(&self) -> Key {
        let bits = self.constants.iter().map(|&(name, value)| (name, value.to_bits())).collect();
        (self.shader, self.parts.clone(), self.entry, bits)
    }
}

impl Cache {
    fn operand_layout(&mut self, device: &wgpu::Device, n_operands: usize) -> &wgpu::BindGroupLayout {
        self.operand_layouts.entry(n_operands).or_insert_with(|| {
            // All are bound for reading and writing, because wgpu checks usage by whole buffers, and most
            // arrays of a step are ranges of one and the same.
            let entry = |binding| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Storage { read_only: false },
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
                count: None,
            };
            let entries: Vec<_> = (0..n_operands as u32).map(entry).collect();
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some("operands"),
                entries: &entries,
            })
        })
    }
}
