//! Banks and pictures in the processor's memory.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::{EngineError, Memory, PictureSource, Pictures};
use crate::graph::program::{Bank, Placement};

/// The five banks, in the order of [`Bank::ALL`].
pub struct CpuMemory {
    banks: Mutex<[Vec<f32>; 5]>,
}

impl CpuMemory {
    pub fn new(placement: &Placement) -> Self {
        Self { banks: Mutex::new(Bank::ALL.map(|bank| vec![0.0; placement.len(bank)])) }
    }

    pub fn lock(&self) -> MutexGuard<'_, [Vec<f32>; 5]> {
        // A panic in a kernel leaves plain numbers behind, nothing inconsistent.
        self.banks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory for CpuMemory {
    fn read(&self, bank: Bank) -> Result<Vec<f32>, EngineError> {
        Ok(self.lock()[bank as usize].clone())
    }

    fn write(&self, bank: Bank, offset: usize, numbers: &[f32]) -> Result<(), EngineError> {
        self.lock()[bank as usize][offset..offset + numbers.len()].copy_from_slice(numbers);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Pictures as bytes, with their normalisation and the order in which batches take them.
pub struct CpuPictures {
    pub source: PictureSource,
    order: Mutex<Vec<u32>>,
}

impl CpuPictures {
    pub fn new(source: PictureSource) -> Self {
        let order = (0..source.split().len() as u32).collect();
        Self { source, order: Mutex::new(order) }
    }

    /// Calls `work` with the pictures of a batch.
    pub fn with_batch(&self, first: u32, batch: usize, work: impl FnOnce(&[u32])) {
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        work(&order[first as usize..first as usize + batch]);
    }
}

impl Pictures for CpuPictures {
    fn set_order(&self, order: &[u32]) -> Result<(), EngineError> {
        assert!(order.iter().all(|&i| (i as usize) < self.source.split().len()), "an order names pictures");
        *self.order.lock().unwrap_or_else(PoisonError::into_inner) = order.to_vec();
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
