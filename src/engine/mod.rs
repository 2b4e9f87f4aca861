//! Programs carried out: two devices, equal in rights.
//!
//! A [`Device`] compiles a [`Program`] into a [`Plan`] bound to the [`Memory`] of a run and to [`Pictures`]
//! on the device; the plan is then replayed, step after step, without allocating and almost without
//! uploading. How each op is computed stands in [`ops`], one file per op, CPU and GPU side by side; the two
//! executors know memory, order and threads, and no op. The only module that computes with wgpu, on a device
//! of its own that the window never sees.
//!
//! Both executors keep maps in memory as `(N, H, W, C)` and weights with the output channel last
//! ([`layout`]); `(N, C, H, W)` is the logical order that everyone else is told of.

mod arena;
pub mod cpu;
mod footprint;
pub mod gpu;
pub mod layout;
mod opening;
pub mod ops;
pub mod plain;
#[cfg(test)]
mod properties;
pub mod room;

use std::sync::Arc;

use crate::data::{DataSet, Normalisation, Split};
use crate::experiment::figures::{bytes_left, bytes_needed};
use crate::graph::program::{Bank, Placement, Program, ValueId};
use crate::tensor::Extent;
pub use footprint::{Beside, Footprint, transient_bytes};
pub use gpu::shader;
pub use opening::{devices, open, open_again, open_measuring};

/// Something that computes.
pub trait Device: Send + Sync {
    fn info(&self) -> &DeviceInfo;

    /// What decides to the last bit how this device computes, in words: a run that goes on where this is the same
    /// goes on as if it had never stopped.
    fn kernels(&self) -> String;

    /// What the program and the banks of this placement would take here.
    fn footprint(&self, placement: &Placement, program: &Program) -> Result<Footprint, EngineError>;

    /// Bytes that can be had, where the device tells. What its plans share of them is not counted as taken.
    fn available(&self) -> Option<u64>;

    /// Whether what lies on it takes of this computer's memory.
    fn shares_memory(&self) -> bool;

    /// The banks of a run, zeroed.
    fn memory(&self, placement: &Placement) -> Result<Arc<dyn Memory>, EngineError>;

    /// Lays pictures on the device, once for all plans that read them.
    fn pictures(&self, source: &PictureSource) -> Result<Arc<dyn Pictures>, EngineError>;

    /// Makes a program ready to run over `memory`. `pictures` are those that a program fed from a data set
    /// gathers its batches from.
    fn plan(
        &self,
        program: &Program,
        memory: &Arc<dyn Memory>,
        pictures: Option<&Arc<dyn Pictures>>,
    ) -> Result<Box<dyn Plan>, EngineError>;
}

/// The banks of a run: parameters, gradients, statistics and the optimiser's slots, in storage order.
pub trait Memory: Send + Sync {
    /// A whole bank, as it is once all steps asked for so far are done.
    fn read(&self, bank: Bank) -> Result<Vec<f32>, EngineError>;

    /// `len` numbers of a bank from `offset` on, likewise.
    fn read_part(&self, bank: Bank, offset: usize, len: usize) -> Result<Vec<f32>, EngineError>;

    /// Shows `len` numbers of a bank from `offset` on, where they lie if the processor can see them there.
    fn lend(
        &self,
        bank: Bank,
        offset: usize,
        len: usize,
        look: &mut dyn FnMut(&[f32]),
    ) -> Result<(), EngineError> {
        look(&self.read_part(bank, offset, len)?);
        Ok(())
    }

    /// Lets `len` numbers of a bank from `offset` on be overwritten, all of them, where they lie if the processor can
    /// reach them there.
    fn fill(
        &self,
        bank: Bank,
        offset: usize,
        len: usize,
        fill: &mut dyn FnMut(&mut [f32]),
    ) -> Result<(), EngineError> {
        let mut numbers = vec![0.0; len];
        fill(&mut numbers);
        self.write(bank, offset, &numbers)
    }

    /// Overwrites numbers of a bank from `offset` on.
    fn write(&self, bank: Bank, offset: usize, numbers: &[f32]) -> Result<(), EngineError>;

    /// For the executor that made it.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// The pictures of one split on a device.
pub trait Pictures: Send + Sync {
    /// Sets the order in which batches take pictures: batch entry `i` of a step is picture
    /// `order[first + i]`. Every index must be below the number of pictures.
    fn set_order(&self, order: &[u32]) -> Result<(), EngineError>;

    /// For the executor that made it.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// A program ready to run.
pub trait Plan: Send {
    /// Carries out the program once for each table, in order. May return before the device has finished.
    fn run(&mut self, tables: &[StepTable]) -> Result<(), EngineError>;

    /// The metrics of the steps finished since the last call, in order; with `wait`, of all steps asked for.
    fn take_metrics(&mut self, wait: bool) -> Result<Vec<Metrics>, EngineError>;

    /// Writes a value that the caller provides (pictures or labels of a program fed directly), in storage
    /// order.
    fn write(&mut self, value: ValueId, numbers: &[f32]) -> Result<(), EngineError>;

    /// Reads a wanted value after [`Plan::run`], in storage order. Waits for the device.
    fn read(&mut self, value: ValueId) -> Result<Vec<f32>, EngineError>;

    /// Carries out the program once, waiting after each of its steps, and tells what each took. On a GPU the
    /// waiting costs more than many a step; it shows where the time goes, not how much there is of it.
    fn profile(&mut self, table: &StepTable) -> Result<Vec<StepCost>, EngineError>;

    /// Bytes of transient values, sharing counted once.
    fn arena_bytes(&self) -> u64;
}

/// The pictures of a split and what is done to each pixel.
#[derive(Clone)]
pub struct PictureSource {
    pub set: Arc<DataSet>,
    pub part: Part,
    pub normalisation: Arc<Normalisation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    Train,
    Test,
}

impl Part {
    /// `train` or `test`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

impl PictureSource {
    pub fn split(&self) -> &Split {
        match self.part {
            Part::Train => &self.set.train,
            Part::Test => &self.set.test,
        }
    }

    pub fn extent(&self) -> Extent {
        self.set.extent
    }
}

/// What changes from one step to the next; everything else is compiled. Three rows of 16 bytes, as a uniform
/// wants it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct StepTable {
    /// Place in the pictures' order of the batch's first picture.
    pub first: u32,
    /// Key of the augmentation's draws in this epoch ([`crate::data::augment`]).
    pub augment_key: u32,
    /// Key of the dropout masks in this step.
    pub dropout_key: u32,
    /// η.
    pub rate: f32,
    /// λ of the weights.
    pub weight_decay: f32,
    /// λ of the parameters that do not decay by nature: biases, scales and shifts.
    pub other_decay: f32,
    /// Norm to which a longer gradient is clipped.
    pub clip: f32,
    /// μ of momentum and of RMSProp, β₁ of Adam.
    pub momentum: f32,
    /// β₂ of Adam.
    pub beta2: f32,
    /// ε of the rules that divide by a root.
    pub epsilon: f32,
    /// `1 − β₁ᵗ` in step t = 1, 2, ….
    pub correction1: f32,
    /// `1 − β₂ᵗ`.
    pub correction2: f32,
}

/// What one step of a program took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepCost {
    pub secs: f64,
    /// Starts of a shader, each of which waits for the one before; calls of a kernel on the CPU.
    pub n_dispatches: usize,
    /// Bytes of the arrays that these read and write, each array once for each of them; none where nobody counts.
    pub n_bytes: Option<u64>,
}

/// What a step says of its batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Mean loss over the batch.
    pub loss: f32,
    /// Wrong answers in the batch.
    pub n_wrong: f32,
    /// Answers given: one for each picture that has one class, for each tag, for each pixel that counts.
    pub n_answers: f32,
}

impl Metrics {
    /// As a loss leaves them: `[mean loss, wrong answers, answers given]`.
    fn of(numbers: &[f32]) -> Self {
        Self { loss: numbers[0], n_wrong: numbers[1], n_answers: numbers[2] }
    }

    /// Share of wrong answers; 0 where none was given.
    pub fn error(&self) -> f32 {
        self.n_wrong / self.n_answers.max(1.0)
    }
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DeviceInfo {
    pub kind: DeviceKind,
    /// As its maker calls it.
    pub name: String,
    /// Backend and driver, or instruction set and threads.
    pub detail: String,
    /// A GPU's driver that runs on the CPU, over a hundred times slower than the CPU used directly.
    pub is_software: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    Cpu,
    Gpu,
}

/// Which device is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU.
    #[default]
    Auto,
    Cpu,
    /// A hardware GPU if there is one, else a software one.
    Gpu,
    /// The first adapter with this, or all its words, in its name, upper and lower case alike.
    Named(String),
}

/// What a device could not do, in a sentence or two for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    #[error("There is no GPU that this program can use. Choose the CPU (`--device cpu`).")]
    NoGpu,
    #[error("No device is called `{wanted}`. There are: {known}.")]
    UnknownDevice { wanted: String, known: String },
    /// In bytes.
    #[error("{what} needs {}, but {}", bytes_needed(*.needed), .kind.offers(*.available))]
    OutOfMemory { kind: DeviceKind, what: String, needed: u64, available: u64 },
    #[error("The device stopped working: {0}. Reset the run, or go on with the CPU.")]
    DeviceLost(String),
}

impl EngineError {
    /// `what` needs so many bytes of so many.
    fn out_of_memory(kind: DeviceKind, what: &str, needed: u64, available: u64) -> Self {
        Self::OutOfMemory { kind, what: what.into(), needed, available }
    }
}

impl DeviceKind {
    /// The end of a sentence on what does not fit.
    fn offers(self, available: u64) -> String {
        let left = self.left(available);
        match self {
            Self::Cpu => format!("{left}. Use a smaller batch, network or size of the pictures."),
            Self::Gpu => format!("{left}. Use a smaller batch or network, or the CPU."),
        }
    }

    /// How much memory there is, in words.
    pub fn left(self, bytes: u64) -> String {
        match self {
            Self::Cpu => format!("this computer has {} left", bytes_left(bytes)),
            Self::Gpu => format!("the device offers {}", bytes_left(bytes)),
        }
    }
}

impl std::str::FromStr for DeviceChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.trim().to_lowercase().as_str() {
            "auto" | "" => Self::Auto,
            "cpu" => Self::Cpu,
            "gpu" => Self::Gpu,
            _ => Self::Named(text.trim().into()),
        })
    }
}
