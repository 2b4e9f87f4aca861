//! What all plans on one graphics processor share: the device, its pipelines, its arena, its failures.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Settings;
use super::heap;
use super::measure::Measures;
use super::pipelines::Pipelines;
use super::product::Products;
use super::tiles::Tiles;
use crate::engine::arena::Tenants;
use crate::engine::{DeviceKind, EngineError, room};
use crate::graph::program::Placement;

pub struct Context {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub limits: wgpu::Limits,
    pub products: Products,
    pub measures: Measures,
    pub tiles: Arc<Tiles>,
    pub pipelines: Pipelines,
    /// The first thing that went wrong outside an error scope. wgpu reports such things through callbacks, at
    /// its own time; they are kept until somebody asks.
    failure: Arc<Mutex<Option<EngineError>>>,
    arena: Mutex<SharedArena>,
    turn: Mutex<()>,
    adapter: wgpu::Adapter,
}

/// The memory of transient values, and the plans that work in it.
struct SharedArena {
    buffer: wgpu::Buffer,
    tenants: Tenants,
}

impl Context {
    pub fn new(adapter: &wgpu::Adapter, tiles: Arc<Tiles>, settings: &Settings) -> Result<Self, EngineError> {
        let limits = match &settings.limits {
            Some(limits) => limits.clone().or_worse_values_from(&adapter.limits()),
            None => adapter.limits(),
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("ConvScope"),
            required_features: match settings.products {
                Products::Half => wgpu::Features::SHADER_F16,
                Products::Plain | Products::Tiled | Products::Winograd => wgpu::Features::empty(),
            },
            required_limits: limits.clone(),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| EngineError::DeviceLost(error.to_string()))?;
        let failure = Arc::new(Mutex::new(None));
        let keep = |failure: &Arc<Mutex<Option<EngineError>>>| {
            let failure = failure.clone();
            move |message: String| {
                let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert(EngineError::DeviceLost(first_line(&message)));
            }
        };
        let keep_error = keep(&failure);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| keep_error(error.to_string())));
        let keep_loss = keep(&failure);
        device.set_device_lost_callback(move |reason, message| keep_loss(lost(reason, &message)));
        let arena = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("arena"),
            size: 4 * Placement::ALIGN as u64,
            usage: STORAGE,
            mapped_at_creation: false,
        });
        Ok(Self {
            products: settings.products,
            measures: settings.measures,
            tiles,
            pipelines: Pipelines::new(&device),
            device,
            queue,
            limits,
            failure,
            arena: Mutex::new(SharedArena { buffer: arena, tenants: Tenants::default() }),
            turn: Mutex::new(()),
            adapter: adapter.clone(),
        })
    }

    /// # Errors
    /// What went wrong on the device so far, if anything did.
    pub fn check(&self) -> Result<(), EngineError> {
        match &*self.failure.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    /// A buffer of so many numbers of 32 bits, zeroed. `what` begins the sentence if there is no room.
    pub fn buffer(
        &self,
        what: &str,
        n_numbers: usize,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, EngineError> {
        let bytes = 4 * n_numbers as u64;
        if bytes > self.limits.max_buffer_size {
            return Err(out_of_memory(what, bytes, self.limits.max_buffer_size));
        }
        match self.try_buffer(what, bytes, usage) {
            Some(buffer) => Ok(buffer),
            // The driver does not say how much it has left, so it is asked for less and less.
            None => {
                let mut less = bytes / 2;
                while less > 4096 && self.try_buffer(what, less & !3, usage).is_none() {
                    less /= 2;
                }
                Err(out_of_memory(what, bytes, less))
            }
        }
    }

    /// A buffer, or none where the driver has no room for it.
    pub fn try_buffer(&self, label: &str, size: u64, usage: wgpu::BufferUsages) -> Option<wgpu::Buffer> {
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let descriptor =
            wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
        let buffer = self.device.create_buffer(&descriptor);
        pollster::block_on(scope.pop()).is_none().then_some(buffer)
    }

    /// # Errors
    /// An array of so many numbers is more than a shader may be handed at once.
    pub fn check_binding(&self, what: &str, n_numbers: usize) -> Result<(), EngineError> {
        let (bytes, most) = (4 * n_numbers as u64, self.limits.max_storage_buffer_binding_size);
        if bytes > most { Err(out_of_memory(what, bytes, most)) } else { Ok(()) }
    }

    /// The arena, at least so many numbers long. A longer one replaces the old, which lives on in the plans
    /// bound to it until they look again.
    pub fn arena(&self, n_numbers: usize) -> Result<wgpu::Buffer, EngineError> {
        let mut arena = self.lock_arena();
        if arena.buffer.size() < 4 * n_numbers as u64 {
            arena.buffer = self.buffer("What the network remembers of a batch", n_numbers, STORAGE)?;
        }
        Ok(arena.buffer.clone())
    }

    /// A plan begins to work in so many numbers of the arena.
    pub fn join_arena(&self, n_numbers: usize) {
        self.lock_arena().tenants.join(n_numbers);
    }

    /// A plan ends. Gives memory back where those that are left need much less.
    pub fn leave_arena(&self, n_numbers: usize) {
        let mut arena = self.lock_arena();
        arena.tenants.leave(n_numbers);
        if arena.tenants.outgrown_by(arena.buffer.size() as usize / 4) {
            let len = arena.tenants.longest().max(Placement::ALIGN);
            // Where even the smaller one cannot be had, the larger one stays.
            if let Some(smaller) = self.try_buffer("arena", 4 * len as u64, STORAGE) {
                arena.buffer = smaller;
            }
        }
    }

    fn lock_arena(&self) -> MutexGuard<'_, SharedArena> {
        self.arena.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that can be had, where anybody tells: of the computer's memory where that is what the device takes, of
    /// the card's own otherwise.
    pub fn available(&self) -> Option<u64> {
        let left = if self.shares_memory() { room::available() } else { heap::left(&self.adapter) };
        Some(left? + self.lock_arena().buffer.size())
    }

    /// Whether it has no memory of its own.
    pub fn shares_memory(&self) -> bool {
        matches!(self.adapter.get_info().device_type, wgpu::DeviceType::Cpu | wgpu::DeviceType::IntegratedGpu)
    }

    /// Holds back the other plans, whose values lie in the same arena, until a step is complete.
    pub fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a submission is done, or without one, until all are.
    pub fn wait(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<(), EngineError> {
        self.poll(wgpu::PollType::Wait { submission_index: submission, timeout: None })
    }

    /// Lets the callbacks of what is done so far run.
    pub fn poll(&self, how: wgpu::PollType) -> Result<(), EngineError> {
        // wgpu panics here, and only here, when the device is lost; there is no asking beforehand.
        match catch_unwind(AssertUnwindSafe(|| self.device.poll(how))) {
            Ok(Ok(_)) => self.check(),
            Ok(Err(error)) => Err(EngineError::DeviceLost(error.to_string())),
            Err(_) => {
                self.check()?;
                Err(EngineError::DeviceLost("the driver no longer answers".into()))
            }
        }
    }

    /// Copies numbers back, once all work submitted so far is done.
    pub fn read(&self, buffer: &wgpu::Buffer, offset: usize, len: usize) -> Result<Vec<f32>, EngineError> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.buffer("A copy for reading", len, usage)?;
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 4 * offset as u64, &staging, 0, 4 * len as u64);
        let submission = self.queue.submit([encoder.finish()]);
        staging.map_async(wgpu::MapMode::Read, .., |_| {});
        self.wait(Some(submission))?;
        let view = staging.get_mapped_range(..).map_err(|e| EngineError::DeviceLost(e.to_string()))?;
        Ok(bytemuck::pod_collect_to_vec(&view))
    }
}

/// What every buffer that shaders compute with can be used for.
pub const STORAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

fn out_of_memory(what: &str, needed: u64, available: u64) -> EngineError {
    EngineError::out_of_memory(DeviceKind::Gpu, what, needed, available)
}

/// Why a device was lost.
fn lost(reason: wgpu::DeviceLostReason, message: &str) -> String {
    match (reason, message.trim()) {
        (wgpu::DeviceLostReason::Destroyed, _) => "it was taken away".into(),
        (_, "") => "the driver says no more".into(),
        (_, message) => message.into(),
    }
}

/// wgpu's messages run over many lines; the first says what.
fn first_line(message: &str) -> String {
    message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason given").into()
}
