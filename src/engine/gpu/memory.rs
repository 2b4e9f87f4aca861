//! The banks of a run in the memory of the device.

use std::any::Any;
use std::sync::Arc;

use super::context::{Context, STORAGE};
use crate::engine::{EngineError, Memory};
use crate::graph::program::{Bank, Placement};

pub struct GpuMemory {
    context: Arc<Context>,
    /// In the order of [`Bank::ALL`].
    banks: Vec<wgpu::Buffer>,
}

impl GpuMemory {
    pub fn new(context: &Arc<Context>, placement: &Placement) -> Result<Self, EngineError> {
        let bank = |bank: Bank| {
            let what = match bank {
                Bank::Parameters => "The memory of the weights",
                Bank::Gradients => "The memory of the gradients",
                Bank::Statistics => "The memory of the running statistics",
                Bank::Slot0 | Bank::Slot1 => "The memory of the optimiser",
            };
            context.buffer(what, placement.len(bank), STORAGE)
        };
        let banks = Bank::ALL.into_iter().map(bank).collect::<Result<_, _>>()?;
        Ok(Self { context: context.clone(), banks })
    }

    pub fn bank(&self, bank: Bank) -> &wgpu::Buffer {
        &self.banks[bank as usize]
    }
}

impl Memory for GpuMemory {
    fn read(&self, bank: Bank) -> Result<Vec<f32>, EngineError> {
        let buffer = self.bank(bank);
        self.context.read(buffer, 0, buffer.size() as usize / 4)
    }

    fn read_part(&self, bank: Bank, offset: usize, len: usize) -> Result<Vec<f32>, EngineError> {
        self.context.read(self.bank(bank), offset, len)
    }

    fn write(&self, bank: Bank, offset: usize, numbers: &[f32]) -> Result<(), EngineError> {
        let buffer = self.bank(bank);
        assert!(4 * (offset + numbers.len()) as u64 <= buffer.size(), "what is written lies within the bank");
        self.context.queue.write_buffer(buffer, 4 * offset as u64, bytemuck::cast_slice(numbers));
        self.context.check()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
