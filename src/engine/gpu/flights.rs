//! Work on its way through the device, and the metrics that come back from it.
//!
//! At most two submissions are under way at a time: one that the device works on, one that waits, so that it
//! never idles and never falls far behind. How much goes into a submission is found by measuring, so that
//! each takes a few milliseconds, whatever the network and the device.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::context::Context;
use crate::engine::{EngineError, Metrics};
use crate::graph::layers::loss::N_METRICS;

/// Submissions under way at once.
const MOST_FLIGHTS: usize = 2;

/// How long one submission should keep the device: a window on the same card draws in between.
const TARGET: Duration = Duration::from_millis(4);

/// Dispatches in a submission, however quick they are.
const MOST_DISPATCHES: usize = 1 << 14;

/// Steps whose metrics fit into one submission.
pub const MOST_STEPS: usize = 64;

/// The submissions of one plan.
pub struct Flights {
    context: Arc<Context>,
    flying: VecDeque<Flight>,
    /// Buffers for metrics that are not under way.
    free: Vec<wgpu::Buffer>,
    landed: Vec<Metrics>,
    last_landing: Option<Instant>,
    n_dispatches: usize,
}

/// A submission: its number, the metrics it brings, whether it is done.
struct Flight {
    index: wgpu::SubmissionIndex,
    cargo: Option<Cargo>,
    is_done: Arc<AtomicBool>,
    launched: Instant,
    n_dispatches: usize,
}

/// Metrics of so many steps, [`N_METRICS`] numbers each.
pub struct Cargo {
    pub buffer: wgpu::Buffer,
    pub n_steps: usize,
}

impl Flights {
    /// For a plan of so many dispatches a step.
    pub fn new(context: &Arc<Context>, n_dispatches: usize) -> Self {
        Self {
            context: context.clone(),
            flying: VecDeque::new(),
            free: Vec::new(),
            landed: Vec::new(),
            last_landing: None,
            n_dispatches: n_dispatches.max(1),
        }
    }

    /// Dispatches that the next submission should hold.
    pub fn n_dispatches(&self) -> usize {
        self.n_dispatches
    }

    /// An empty buffer for the metrics of up to [`MOST_STEPS`] steps.
    pub fn cargo(&mut self) -> Result<Cargo, EngineError> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let buffer = match self.free.pop() {
            Some(buffer) => buffer,
            None => self.context.buffer("The metrics of a few steps", N_METRICS * MOST_STEPS, usage)?,
        };
        Ok(Cargo { buffer, n_steps: 0 })
    }

    /// Submits work, once there is room for it.
    pub fn launch(
        &mut self,
        commands: wgpu::CommandBuffer,
        n_dispatches: usize,
        cargo: Option<Cargo>,
    ) -> Result<(), EngineError> {
        if self.flying.len() >= MOST_FLIGHTS {
            self.make_room()?;
        }
        let index = self.context.queue.submit([commands]);
        if let Some(cargo) = &cargo {
            // Whether the mapping succeeded shows when the range is asked for.
            cargo.buffer.map_async(wgpu::MapMode::Read, .., |_| {});
        }
        let is_done = Arc::new(AtomicBool::new(false));
        let done = is_done.clone();
        self.context.queue.on_submitted_work_done(move || done.store(true, Ordering::Release));
        self.flying.push_back(Flight { index, cargo, is_done, launched: Instant::now(), n_dispatches });
        Ok(())
    }

    /// Lands what is done; with `wait`, everything.
    pub fn land(&mut self, wait: bool) -> Result<(), EngineError> {
        match self.flying.back() {
            None => return self.context.check(),
            Some(last) if wait => self.context.wait(Some(last.index.clone()))?,
            Some(_) => self.context.poll(wgpu::PollType::Poll)?,
        }
        while self.flying.front().is_some_and(|flight| wait || flight.is_done()) {
            self.land_first()?;
        }
        Ok(())
    }

    /// Metrics that have come back since the last call.
    pub fn take(&mut self) -> Vec<Metrics> {
        std::mem::take(&mut self.landed)
    }

    /// Waits for the oldest submission, and learns from the waiting.
    fn make_room(&mut self) -> Result<(), EngineError> {
        self.context.poll(wgpu::PollType::Poll)?;
        let Some(first) = self.flying.front() else { return Ok(()) };
        if first.is_done() {
            // The device was faster than we were with recording: give it more at a time.
            self.n_dispatches = (2 * self.n_dispatches).min(MOST_DISPATCHES);
        } else {
            let begun = self.last_landing.map_or(first.launched, |landing| landing.max(first.launched));
            let n_dispatches = first.n_dispatches;
            self.context.wait(Some(first.index.clone()))?;
            self.n_dispatches = paced(n_dispatches, begun.elapsed());
        }
        self.land_first()
    }

    fn land_first(&mut self) -> Result<(), EngineError> {
        let Some(flight) = self.flying.pop_front() else { return Ok(()) };
        self.last_landing = Some(Instant::now());
        let Some(Cargo { buffer, n_steps }) = flight.cargo else { return Ok(()) };
        {
            let view = buffer
                .get_mapped_range(..(4 * N_METRICS * n_steps) as u64)
                .map_err(|error| EngineError::DeviceLost(error.to_string()))?;
            let numbers: Vec<f32> = bytemuck::pod_collect_to_vec(&view);
            self.landed.extend(numbers.chunks_exact(N_METRICS).map(Metrics::of));
        }
        buffer.unmap();
        self.free.push(buffer);
        Ok(())
    }
}

impl Flight {
    fn is_done(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }
}

/// How many dispatches would take [`TARGET`], if so many took `duration`; half or twice as many at most, since
/// a single measurement may be off.
fn paced(n_dispatches: usize, duration: Duration) -> usize {
    let ratio = TARGET.as_secs_f64() / duration.as_secs_f64().max(1e-6);
    ((n_dispatches as f64 * ratio.clamp(0.5, 2.0)).ceil() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submissions_are_brought_to_a_few_milliseconds() {
        assert_eq!(paced(100, TARGET), 100);
        assert_eq!(paced(100, TARGET * 10), 50);
        assert_eq!(paced(100, TARGET / 10), 200);
        assert_eq!(paced(1, TARGET * 100), 1);
    }
}
