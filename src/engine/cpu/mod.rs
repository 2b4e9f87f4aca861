//! The executor on the processor: all cores, vectorised, one block of memory.
//!
//! A plan is a list of kernels with the places of their operands. The places were checked against each other
//! when the plan was made, so that a kernel may be handed several disjoint slices of one block at once; that
//! is the only unsafe code outside the vector kernels, and it stands in [`CpuPlan::run`].

pub mod activation;
pub mod channels;
pub mod conv;
pub mod dense;
pub mod functions;
pub mod matrix;
mod memory;
mod plan;
pub mod pool;
pub mod product;
pub mod simd;
#[cfg(test)]
pub mod small;

use std::sync::Arc;

use super::{
    Device, DeviceInfo, DeviceKind, EngineError, Footprint, Memory, PictureSource, Pictures, Plan, StepTable,
};
use super::{arena, ops, room};
use crate::experiment::figures::counted;
use crate::graph::program::{Bank, Placement, Program};
use memory::SharedArena;
pub use memory::{CpuMemory, CpuPictures};

/// `max(0, x)`; what is no number stays so, that a diverged net is not taken for a silent one.
#[inline(always)]
pub fn rectified(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

/// Which version of the kernels this is: one more wherever what they compute changes in its last digits, so that a run
/// that goes on can say so. Version 1 summed every convolution directly; 2 had Winograd's; 3 their adjoints; 4 has its own
/// linear layers, and Winograd's convolutions of many channels.
const KERNELS: u32 = 4;

/// A step made ready: everything that depends on shapes alone is decided.
pub trait Kernel: Send {
    /// Numbers of working memory that a run wants; it is handed to one kernel after the other.
    fn scratch_len(&self) -> usize {
        0
    }

    /// What it keeps from one run to the next besides.
    fn kept(&self) -> Kept {
        Kept::default()
    }

    fn run(&mut self, io: Io<'_>);
}

/// Memory that kernels keep beside what they are handed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Bytes of its own.
    pub own: usize,
    /// Numbers of a padded picture, which each thread keeps for all kernels.
    pub padded: usize,
    /// Numbers of tiles at their points, likewise.
    pub tiles: usize,
}

impl Kept {
    /// What one kernel keeps of its own.
    pub fn own(bytes: usize) -> Self {
        Self { own: bytes, ..Self::default() }
    }

    /// Of several kernels, which take turns on the same threads.
    fn beside(self, other: Self) -> Self {
        Self {
            own: self.own + other.own,
            padded: self.padded.max(other.padded),
            tiles: self.tiles.max(other.tiles),
        }
    }

    fn bytes(self) -> usize {
        self.own + 4 * rayon::current_num_threads() * (self.padded + self.tiles)
    }
}

/// A kernel that keeps so many bytes of its own.
pub struct Holding<F>(pub usize, pub F);

impl<F: FnMut(Io<'_>) + Send> Kernel for Holding<F> {
    fn kept(&self) -> Kept {
        Kept::own(self.0)
    }

    fn run(&mut self, io: Io<'_>) {
        self.1(io);
    }
}

/// What a kernel reads and writes, in the order of the step's inputs and outputs.
pub struct Io<'a> {
    pub inputs: &'a [&'a [f32]],
    pub outputs: &'a mut [&'a mut [f32]],
    /// As long as the kernel asked for. What it holds is what others left there.
    pub scratch: &'a mut [f32],
    pub table: &'a StepTable,
    /// The pictures that batches are gathered from, if the plan has any.
    pub pictures: Option<&'a CpuPictures>,
}

impl<F: FnMut(Io<'_>) + Send> Kernel for F {
    fn run(&mut self, io: Io<'_>) {
        self(io);
    }
}

/// The processor as a device. All its plans share one arena and so take turns.
pub struct Cpu {
    info: DeviceInfo,
    arena: Arc<SharedArena>,
}

impl Cpu {
    pub fn new() -> Self {
        let threads = rayon::current_num_threads();
        let info = DeviceInfo {
            kind: DeviceKind::Cpu,
            name: "CPU".into(),
            detail: format!("{}, {}", simd::level().name(), counted(threads as u64, "thread")),
            is_software: false,
        };
        Self { info, arena: Arc::default() }
    }
}

/// What a program takes on the processor, kernels' memory and all. Nothing is made ready for it.
pub fn footprint(placement: &Placement, program: &Program) -> Footprint {
    let values = arena::assign(program);
    let (mut scratch_len, mut kept) = (0, Kept::default());
    for step in &program.steps {
        let kernel = ops::lower(&step.op).cpu();
        scratch_len = scratch_len.max(kernel.scratch_len());
        kept = kept.beside(kernel.kept());
    }
    Footprint::new(placement, program, &values, scratch_len + kept.bytes().div_ceil(4))
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Device for Cpu {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn kernels(&self) -> String {
        format!("{}, version {KERNELS} of the kernels", simd::level().name())
    }

    fn footprint(&self, placement: &Placement, program: &Program) -> Result<Footprint, EngineError> {
        Ok(footprint(placement, program))
    }

    fn available(&self) -> Option<u64> {
        Some(room::available()? + self.arena.bytes())
    }

    fn shares_memory(&self) -> bool {
        true
    }

    fn memory(&self, placement: &Placement) -> Result<Arc<dyn Memory>, EngineError> {
        let n_numbers: usize = Bank::ALL.iter().map(|&bank| placement.len(bank)).sum();
        self.check("The memory of the network", 4 * n_numbers as u64)?;
        Ok(Arc::new(CpuMemory::new(placement)))
    }

    fn pictures(&self, source: &PictureSource) -> Result<Arc<dyn Pictures>, EngineError> {
        Ok(Arc::new(CpuPictures::new(source.clone())))
    }

    fn plan(
        &self,
        program: &Program,
        memory: &Arc<dyn Memory>,
        pictures: Option<&Arc<dyn Pictures>>,
    ) -> Result<Box<dyn Plan>, EngineError> {
        let values = arena::assign(program);
        let plan = plan::CpuPlan::new(program, &values, memory, pictures, self.arena.clone());
        self.check(&format!("A step over {}", counted(program.batch as u64, "picture")), plan.arena_bytes())?;
        Ok(Box::new(plan))
    }
}

impl Cpu {
    fn check(&self, what: &str, bytes: u64) -> Result<(), EngineError> {
        match self.available() {
            Some(available) if bytes > available => {
                Err(EngineError::out_of_memory(DeviceKind::Cpu, what, bytes, available))
            }
            _ => Ok(()),
        }
    }
}
