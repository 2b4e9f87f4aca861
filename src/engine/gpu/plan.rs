//! Dispatches bound to buffers, replayed.

use std::sync::Arc;
use std::time::Instant;

use super::context::{Context, STORAGE};
use super::flights::{Cargo, Flights, MOST_STEPS};
use super::lowered::lowered;
use super::lowering::{Constant, Dispatch, Operand, Source};
use super::measure::{self, Measures};
use super::memory::GpuMemory;
use super::pictures::GpuPictures;
use crate::engine::arena::{self, Block, Place};
use crate::engine::{EngineError, Memory, Metrics, Pictures, Plan, StepCost, StepTable};
use crate::graph::layers::loss::N_METRICS;
use crate::graph::program::{Placement, Program, ValueId};

pub struct GpuPlan {
    context: Arc<Context>,
    memory: Arc<dyn Memory>,
    pictures: Option<Arc<dyn Pictures>>,
    dispatches: Vec<Dispatch>,
    /// For each step of the program, how many dispatches there are up to its end.
    step_ends: Vec<usize>,
    places: Vec<Option<Place>>,
    metrics_at: Option<Place>,
    arena_len: usize,
    /// Values that outlive a run of the plan.
    kept: wgpu::Buffer,
    /// Tables that steps carry with them.
    constants: Vec<wgpu::Buffer>,
    /// Tables of the steps in a submission, each at a multiple of `table_stride` bytes.
    tables: wgpu::Buffer,
    table_group: wgpu::BindGroup,
    table_stride: usize,
    bound: Bound,
    flights: Flights,
}

/// The dispatches with their pipelines and the buffers they were bound to.
struct Bound {
    commands: Vec<Command>,
    arena: wgpu::Buffer,
    order: Option<wgpu::Buffer>,
}

/// A dispatch bound to buffers.
pub struct Command {
    pipeline: wgpu::ComputePipeline,
    operands: wgpu::BindGroup,
    reads_table: bool,
    grid: [u32; 2],
}

impl Command {
    /// With a resource for each operand.
    pub fn new<'a>(
        context: &Context,
        dispatch: &Dispatch,
        resources: impl Iterator<Item = wgpu::BindingResource<'a>>,
    ) -> Self {
        let entry = |(i, resource)| wgpu::BindGroupEntry { binding: i as u32, resource };
        let entries: Vec<_> = resources.enumerate().map(entry).collect();
        let pipelines = &context.pipelines;
        let operands = context.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(dispatch.kernel.shader),
            layout: &pipelines.operand_layout(entries.len()),
            entries: &entries,
        });
        Self {
            pipeline: pipelines.get(&dispatch.kernel),
            operands,
            reads_table: dispatch.kernel.reads_table,
            grid: dispatch.grid(context.limits.max_compute_workgroups_per_dimension),
        }
    }

    /// Adds the dispatch to a pass. What it reads of the step's table is bound by the caller.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.operands, &[]);
        pass.dispatch_workgroups(self.grid[0], self.grid[1], 1);
    }
}

/// So many numbers of a buffer from `offset` on.
pub fn part_of(buffer: &wgpu::Buffer, offset: usize, len: usize) -> wgpu::BindingResource<'_> {
    wgpu::BindingResource::Buffer(wgpu::BufferBinding {
        buffer,
        offset: 4 * offset as u64,
        size: wgpu::BufferSize::new(4 * len as u64),
    })
}

/// Work being recorded.
struct Recording {
    encoder: wgpu::CommandEncoder,
    /// The tables used so far, one for each compute pass.
    tables: Vec<StepTable>,
    n_dispatches: usize,
    cargo: Option<Cargo>,
}

impl GpuPlan {
    pub fn new(
        context: &Arc<Context>,
        program: &Program,
        memory: &Arc<dyn Memory>,
        pictures: Option<&Arc<dyn Pictures>>,
    ) -> Result<Self, EngineError> {
        let ranges = pictures.map(|pictures| on_device(pictures).ranges()).unwrap_or_default();
        let values = arena::assign(program);
        let (places, kept_len) = arena::places(program, &values);
        let (mut lowering, mut step_ends) = lowered(context, program, &values, &places, ranges.clone());
        if context.measures != Measures::Nothing && !lowering.unmeasured().is_empty() {
            context.tiles.learn(measure::quickest(context, lowering.unmeasured())?);
            (lowering, step_ends) = lowered(context, program, &values, &places, ranges);
        }
        let (dispatches, arena_len, constants) = lowering.finish(context)?;
        let kept = context.buffer("What is kept of a batch", kept_len.max(Placement::ALIGN), STORAGE)?;
        let table_stride = size_of::<StepTable>()
            .next_multiple_of(context.limits.min_uniform_buffer_offset_alignment as usize);
        let (tables, table_group) = tables(context, table_stride)?;
        let mut plan = Self {
            context: context.clone(),
            memory: memory.clone(),
            pictures: pictures.cloned(),
            metrics_at: program.metrics.and_then(|value| places[value.0]),
            places,
            arena_len,
            kept,
            constants: constants
                .into_iter()
                .map(|permutation| constant(context, &permutation.places()))
                .collect::<Result<_, _>>()?,
            tables,
            table_group,
            table_stride,
            bound: Bound { commands: Vec::new(), arena: context.arena(arena_len)?, order: None },
            flights: Flights::new(context, dispatches.len()),
            dispatches,
            step_ends,
        };
        context.join_arena(arena_len);
        plan.bind()?;
        context.check()?;
        Ok(plan)
    }

    /// Binds all dispatches to the buffers as they are now.
    fn bind(&mut self) -> Result<(), EngineError> {
        let arena = self.context.arena(self.arena_len)?;
        let order = self.order();
        self.context.pipelines.prepare(self.dispatches.iter().map(|dispatch| &dispatch.kernel));
        let commands = self.dispatches.iter().map(|dispatch| self.command(dispatch, &arena)).collect();
        self.bound = Bound { commands, arena, order };
        self.context.check()
    }

    /// Binds again where another plan made the arena grow or the pictures got a longer order.
    fn follow_moved_buffers(&mut self) -> Result<(), EngineError> {
        let arena = self.context.arena(self.arena_len)?;
        if arena != self.bound.arena || self.order() != self.bound.order {
            self.bind()?;
        }
        Ok(())
    }

    fn order(&self) -> Option<wgpu::Buffer> {
        self.pictures.as_ref().map(|pictures| on_device(pictures).buffer(Source::Order))
    }

    fn command(&self, dispatch: &Dispatch, arena: &wgpu::Buffer) -> Command {
        let buffers: Vec<wgpu::Buffer> =
            dispatch.operands.iter().map(|operand| self.buffer(operand, arena)).collect();
        let operands = dispatch.operands.iter().zip(&buffers);
        let resources = operands.map(|(operand, buffer)| match operand {
            Operand::Place(place) => part_of(buffer, place.offset, place.len),
            Operand::Source(_) | Operand::Constant(_) => buffer.as_entire_binding(),
        });
        Command::new(&self.context, dispatch, resources)
    }

    fn buffer(&self, operand: &Operand, arena: &wgpu::Buffer) -> wgpu::Buffer {
        match operand {
            Operand::Place(Place { block: Block::Arena, .. }) => arena.clone(),
            Operand::Place(Place { block: Block::Kept, .. }) => self.kept.clone(),
            Operand::Place(Place { block: Block::Bank(bank), .. }) => {
                let memory = self.memory.as_any().downcast_ref::<GpuMemory>();
                memory.expect("a plan runs over memory of its own device").bank(*bank).clone()
            }
            Operand::Constant(Constant(i)) => self.constants[*i].clone(),
            Operand::Source(source) => {
                let pictures = self.pictures.as_ref().expect("a plan fed from a data set has its pictures");
                on_device(pictures).buffer(*source)
            }
        }
    }

    /// Records the dispatches of each table, in as many submissions as they take.
    fn record(&mut self, tables: &[StepTable]) -> Result<(), EngineError> {
        let mut recording = self.begin();
        for table in tables {
            let mut next = 0;
            while next < self.bound.commands.len() {
                let room = self.flights.n_dispatches().saturating_sub(recording.n_dispatches);
                if room == 0 {
                    let full = std::mem::replace(&mut recording, self.begin());
                    self.submit(full)?;
                    continue;
                }
                let end = self.bound.commands.len().min(next + room);
                self.dispatch(&mut recording, next..end, table);
                next = end;
            }
            if let Some(metrics) = self.metrics_at {
                self.copy_metrics(&mut recording, metrics)?;
            }
        }
        self.submit(recording)
    }

    fn begin(&self) -> Recording {
        let encoder = self.context.device.create_command_encoder(&Default::default());
        Recording { encoder, tables: Vec::new(), n_dispatches: 0, cargo: None }
    }

    fn dispatch(&self, recording: &mut Recording, range: std::ops::Range<usize>, table: &StepTable) {
        let offset = (recording.tables.len() * self.table_stride) as u32;
        recording.tables.push(*table);
        recording.n_dispatches += range.len();
        let mut pass = recording.encoder.begin_compute_pass(&Default::default());
        for command in &self.bound.commands[range] {
            if command.reads_table {
                pass.set_bind_group(1, &self.table_group, &[offset]);
            }
            command.record(&mut pass);
        }
    }

    fn copy_metrics(&mut self, recording: &mut Recording, from: Place) -> Result<(), EngineError> {
        let mut cargo = match recording.cargo.take() {
            Some(cargo) => cargo,
            None => self.flights.cargo()?,
        };
        let len = 4 * N_METRICS as u64;
        let (source, target) = (4 * from.offset as u64, len * cargo.n_steps as u64);
        recording.encoder.copy_buffer_to_buffer(&self.kept, source, &cargo.buffer, target, len);
        cargo.n_steps += 1;
        recording.cargo = Some(cargo);
        Ok(())
    }

    fn submit(&mut self, recording: Recording) -> Result<(), EngineError> {
        let mut bytes = vec![0; recording.tables.len() * self.table_stride];
        for (slot, table) in bytes.chunks_exact_mut(self.table_stride).zip(&recording.tables) {
            slot[..size_of::<StepTable>()].copy_from_slice(bytemuck::bytes_of(table));
        }
        // Takes effect before this submission and after the one before it.
        self.context.queue.write_buffer(&self.tables, 0, &bytes);
        self.flights.launch(recording.encoder.finish(), recording.n_dispatches, recording.cargo)
    }

    fn kept_place(&self, value: ValueId) -> Place {
        match self.places[value.0] {
            Some(place) if place.block == Block::Kept => place,
            _ => panic!("only values asked for when the plan was made can be read or written"),
        }
    }
}

impl Plan for GpuPlan {
    fn run(&mut self, tables: &[StepTable]) -> Result<(), EngineError> {
        self.context.check()?;
        let context = self.context.clone();
        for tables in tables.chunks(MOST_STEPS) {
            let _turn = context.take_turn();
            self.follow_moved_buffers()?;
            self.record(tables)?;
        }
        context.check()
    }

    fn take_metrics(&mut self, wait: bool) -> Result<Vec<Metrics>, EngineError> {
        self.flights.land(wait)?;
        Ok(self.flights.take())
    }

    fn write(&mut self, value: ValueId, numbers: &[f32]) -> Result<(), EngineError> {
        let place = self.kept_place(value);
        assert_eq!(numbers.len(), place.len, "a value is written whole");
        self.context.queue.write_buffer(&self.kept, 4 * place.offset as u64, bytemuck::cast_slice(numbers));
        self.context.check()
    }

    fn read(&mut self, value: ValueId) -> Result<Vec<f32>, EngineError> {
        let place = self.kept_place(value);
        self.context.read(&self.kept, place.offset, place.len)
    }

    fn profile(&mut self, table: &StepTable) -> Result<Vec<StepCost>, EngineError> {
        let context = self.context.clone();
        let _turn = context.take_turn();
        self.follow_moved_buffers()?;
        let (mut first, mut costs) = (0, Vec::with_capacity(self.step_ends.len()));
        for end in self.step_ends.clone() {
            let begin = Instant::now();
            let mut recording = self.begin();
            self.dispatch(&mut recording, first..end, table);
            self.submit(recording)?;
            self.flights.land(true)?;
            let secs = begin.elapsed().as_secs_f64();
            let n_bytes = self.dispatches[first..end].iter().map(Dispatch::n_bytes).sum();
            costs.push(StepCost { secs, n_dispatches: end - first, n_bytes: Some(n_bytes) });
            first = end;
        }
        Ok(costs)
    }

    fn arena_bytes(&self) -> u64 {
        4 * self.arena_len as u64
    }
}

impl Drop for GpuPlan {
    fn drop(&mut self) {
        self.context.leave_arena(self.arena_len);
    }
}

fn on_device(pictures: &Arc<dyn Pictures>) -> &GpuPictures {
    pictures.as_any().downcast_ref().expect("a plan gathers pictures of its own device")
}

/// A table that a step carries with it, on the device.
fn constant(context: &Context, numbers: &[u32]) -> Result<wgpu::Buffer, EngineError> {
    let what = "The table of a permutation";
    context.check_binding(what, numbers.len())?;
    let buffer = context.buffer(what, numbers.len(), STORAGE)?;
    context.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(numbers));
    Ok(buffer)
}

/// A buffer for the tables of the steps in a submission, and the group that binds one of them.
fn tables(context: &Context, stride: usize) -> Result<(wgpu::Buffer, wgpu::BindGroup), EngineError> {
    let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
    let buffer = context.buffer("The table of each step", MOST_STEPS * stride / 4, usage)?;
    let group = context.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("table"),
        layout: context.pipelines.table_layout(),
        entries: &[wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: &buffer,
                offset: 0,
                size: wgpu::BufferSize::new(size_of::<StepTable>() as u64),
            }),
        }],
    });
    Ok((buffer, group))
}
