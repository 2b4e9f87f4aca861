//! Kernels with the places of their operands, carried out in order.

use std::sync::Arc;
use std::time::Instant;

use super::memory::SharedArena;
use super::{CpuMemory, CpuPictures, Io, Kernel};
use crate::engine::arena::{self, Arena, Block, Place};
use crate::engine::{EngineError, Memory, Metrics, Pictures, Plan, StepCost, StepTable, ops};
use crate::graph::program::{Program, ValueId};

/// The most operands a step has on either side, with room to spare.
const MOST_OPERANDS: usize = 8;

pub struct CpuPlan {
    steps: Vec<CpuStep>,
    places: Vec<Option<Place>>,
    metrics_at: Option<ValueId>,
    metrics: Vec<Metrics>,
    memory: Arc<dyn Memory>,
    pictures: Option<Arc<dyn Pictures>>,
    arena: Arc<SharedArena>,
    arena_len: usize,
    /// Values that outlive a run of the plan.
    kept: Vec<f32>,
}

struct CpuStep {
    kernel: Box<dyn Kernel>,
    inputs: Vec<Place>,
    outputs: Vec<Place>,
    /// Behind all values in the arena.
    scratch: Place,
}

impl CpuPlan {
    pub fn new(
        program: &Program,
        values: &Arena,
        memory: &Arc<dyn Memory>,
        pictures: Option<&Arc<dyn Pictures>>,
        arena: Arc<SharedArena>,
    ) -> Self {
        assert!(memory.as_any().is::<CpuMemory>(), "a plan runs over memory of its own device");
        let (places, kept_len) = arena::places(program, values);
        let place = |value: &ValueId| places[value.0].expect("a step's operands have places");
        let steps: Vec<CpuStep> = program
            .steps
            .iter()
            .map(|step| {
                let kernel = ops::lower(&step.op).cpu();
                let inputs = step.inputs.iter().map(place).collect();
                let outputs = step.outputs.iter().map(place).collect();
                let scratch = Place { block: Block::Arena, offset: values.len, len: kernel.scratch_len() };
                CpuStep { kernel, inputs, outputs, scratch }
            })
            .collect();
        steps.iter().for_each(CpuStep::check);
        let arena_len = values.len + steps.iter().map(|step| step.scratch.len).max().unwrap_or(0);
        arena.join(arena_len);
        Self {
            steps,
            metrics_at: program.metrics,
            metrics: Vec::new(),
            memory: memory.clone(),
            pictures: pictures.cloned(),
            arena,
            arena_len,
            kept: vec![0.0; kept_len],
            places,
        }
    }

    /// Carries out the program once, each of its steps by way of `around`.
    fn each_step(&mut self, table: &StepTable, mut around: impl FnMut(&mut dyn FnMut())) {
        let memory =
            self.memory.as_any().downcast_ref::<CpuMemory>().expect("checked when the plan was made");
        let pictures = self.pictures.as_ref().and_then(|pictures| pictures.as_any().downcast_ref());
        self.arena.with(|arena| {
            let mut banks = memory.lock();
            let blocks = Blocks::new(arena, &mut self.kept, &mut banks);
            for step in &mut self.steps {
                around(&mut || step.run(&blocks, table, pictures));
            }
        });
        if let Some(value) = self.metrics_at {
            let numbers = &self.kept[self.kept_range(value)];
            self.metrics.push(Metrics::of(numbers));
        }
    }

    fn kept_range(&self, value: ValueId) -> std::ops::Range<usize> {
        match self.places[value.0] {
            Some(Place { block: Block::Kept, offset, len }) => offset..offset + len,
            _ => panic!("only values asked for when the plan was made can be read or written"),
        }
    }
}

impl Plan for CpuPlan {
    fn run(&mut self, tables: &[StepTable]) -> Result<(), EngineError> {
        tables.iter().for_each(|table| self.each_step(table, |step| step()));
        Ok(())
    }

    fn take_metrics(&mut self, _wait: bool) -> Result<Vec<Metrics>, EngineError> {
        Ok(std::mem::take(&mut self.metrics))
    }

    fn write(&mut self, value: ValueId, numbers: &[f32]) -> Result<(), EngineError> {
        let range = self.kept_range(value);
        self.kept[range].copy_from_slice(numbers);
        Ok(())
    }

    fn read(&mut self, value: ValueId) -> Result<Vec<f32>, EngineError> {
        Ok(self.kept[self.kept_range(value)].to_vec())
    }

    fn profile(&mut self, table: &StepTable) -> Result<Vec<StepCost>, EngineError> {
        let mut costs = Vec::with_capacity(self.steps.len());
        self.each_step(table, |step| {
            let begin = Instant::now();
            step();
            costs.push(StepCost { secs: begin.elapsed().as_secs_f64(), n_dispatches: 1, n_bytes: None });
        });
        Ok(costs)
    }

    fn arena_bytes(&self) -> u64 {
        4 * self.arena_len as u64
    }
}

impl Drop for CpuPlan {
    fn drop(&mut self) {
        self.arena.leave(self.arena_len);
    }
}

impl CpuStep {
    /// The step's outputs and scratch overlap neither each other nor its inputs; [`CpuStep::run`] relies on
    /// it.
    fn check(&self) {
        assert!(self.inputs.len() <= MOST_OPERANDS && self.outputs.len() <= MOST_OPERANDS);
        for (i, output) in self.outputs.iter().chain([&self.scratch]).enumerate() {
            let others = self.inputs.iter().chain(self.outputs.iter().skip(i + 1));
            assert!(others.into_iter().all(|other| !output.overlaps(other)), "operands overlap");
        }
    }

    fn run(&mut self, blocks: &Blocks, table: &StepTable, pictures: Option<&CpuPictures>) {
        let mut inputs: [&[f32]; MOST_OPERANDS] = [&[]; MOST_OPERANDS];
        let mut outputs: [&mut [f32]; MOST_OPERANDS] = Default::default();
        for (slice, place) in inputs.iter_mut().zip(&self.inputs) {
            // SAFETY: `Blocks` borrows every block mutably for as long as it lives, `pointer` checked that
            // the range lies within it, and `check` that no output of this step overlaps an input.
            *slice = unsafe { std::slice::from_raw_parts(blocks.pointer(place), place.len) };
        }
        for (slice, place) in outputs.iter_mut().zip(&self.outputs) {
            // SAFETY: as above; outputs do not overlap each other either.
            *slice = unsafe { std::slice::from_raw_parts_mut(blocks.pointer(place), place.len) };
        }
        // SAFETY: as above; scratch overlaps nothing either.
        let scratch =
            unsafe { std::slice::from_raw_parts_mut(blocks.pointer(&self.scratch), self.scratch.len) };
        let (n_inputs, n_outputs) = (self.inputs.len(), self.outputs.len());
        self.kernel.run(Io {
            inputs: &inputs[..n_inputs],
            outputs: &mut outputs[..n_outputs],
            scratch,
            table,
            pictures,
        });
    }
}

/// Start and length of every block, all borrowed for the lifetime.
struct Blocks<'a> {
    starts: [(*mut f32, usize); 7],
    borrowed: std::marker::PhantomData<&'a mut [f32]>,
}

impl<'a> Blocks<'a> {
    fn new(arena: &'a mut [f32], kept: &'a mut [f32], banks: &'a mut [Vec<f32>; 5]) -> Self {
        let mut starts = [(std::ptr::null_mut(), 0); 7];
        starts[0] = (arena.as_mut_ptr(), arena.len());
        starts[1] = (kept.as_mut_ptr(), kept.len());
        for (start, bank) in starts[2..].iter_mut().zip(banks) {
            *start = (bank.as_mut_ptr(), bank.len());
        }
        Self { starts, borrowed: std::marker::PhantomData }
    }

    fn pointer(&self, place: &Place) -> *mut f32 {
        let (start, len) = match place.block {
            Block::Arena => self.starts[0],
            Block::Kept => self.starts[1],
            Block::Bank(bank) => self.starts[2 + bank as usize],
        };
        assert!(place.offset + place.len <= len, "a place lies within its block");
        // The assertion keeps the offset within the block.
        start.wrapping_add(place.offset)
    }
}
