//! Banks and pictures in the processor's memory.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::arena::Tenants;
use crate::engine::{EngineError, Memory, PictureSource, Pictures};
use crate::graph::program::{Bank, Placement};

/// The memory of transient values, in which all plans of the processor take turns.
#[derive(Default)]
pub struct SharedArena {
    state: Mutex<ArenaState>,
}

#[derive(Default)]
struct ArenaState {
    numbers: Vec<f32>,
    tenants: Tenants,
}

impl SharedArena {
    pub fn join(&self, len: usize) {
        self.lock().tenants.join(len);
    }

    /// Gives memory back where the plans that are left need much less.
    pub fn leave(&self, len: usize) {
        let mut state = self.lock();
        state.tenants.leave(len);
        if state.tenants.outgrown_by(state.numbers.len()) {
            state.numbers = Vec::new();
        }
    }

    /// Calls `work` with numbers enough for the longest plan; what they hold does not last.
    pub fn with<T>(&self, work: impl FnOnce(&mut [f32]) -> T) -> T {
        let mut state = self.lock();
        let len = state.tenants.longest();
        if state.numbers.len() < len {
            // The old one first, so that never both are there.
            state.numbers = Vec::new();
            state.numbers = vec![0.0; len];
        }
        work(&mut state.numbers)
    }

    pub fn bytes(&self) -> u64 {
        4 * self.lock().numbers.len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, ArenaState> {
        // A panic in a kernel leaves plain numbers behind, nothing inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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

    fn read_part(&self, bank: Bank, offset: usize, len: usize) -> Result<Vec<f32>, EngineError> {
        Ok(self.lock()[bank as usize][offset..offset + len].to_vec())
    }

    fn lend(
        &self,
        bank: Bank,
        offset: usize,
        len: usize,
        look: &mut dyn FnMut(&[f32]),
    ) -> Result<(), EngineError> {
        look(&self.lock()[bank as usize][offset..offset + len]);
        Ok(())
    }

    fn fill(
        &self,
        bank: Bank,
        offset: usize,
        len: usize,
        fill: &mut dyn FnMut(&mut [f32]),
    ) -> Result<(), EngineError> {
        fill(&mut self.lock()[bank as usize][offset..offset + len]);
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_grows_to_its_longest_plan_and_shrinks_behind_it() {
        let arena = SharedArena::default();
        let len = || arena.with(|numbers| numbers.len());
        arena.join(10);
        arena.join(1000);
        assert_eq!(len(), 1000);
        // Two plans that take turns never make it move.
        arena.join(900);
        arena.leave(1000);
        assert_eq!((len(), arena.bytes()), (1000, 4000));
        arena.leave(900);
        assert_eq!(arena.bytes(), 0);
        assert_eq!(len(), 10);
    }
}
