//! How long a product takes by each shape of tiles: a few runs over zeros, in memory of their own.

use std::time::{Duration, Instant};

use super::context::{Context, STORAGE};
use super::lowering::{Dispatch, Lowering, Operand, Unmeasured};
use super::plan::{self, Command};
use super::product::{Products, SHAPES, Shape};
use crate::engine::arena::{Block, Place};
use crate::engine::{EngineError, ops};
use crate::graph::layers::conv::ConvStep;
use crate::graph::layers::{Pass, StepOp, Window};
use crate::graph::program::Placement;
use crate::tensor::Extent;

/// What a new plan may spend on measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measures {
    /// Nothing: a software driver's times say nothing of graphics processors, and it compiles slowly.
    Nothing,
    /// So long that nobody minds, the largest products first; what is left over is measured by the plans to come.
    Quickly,
    /// As long as it takes.
    Everything,
}

impl Measures {
    fn budget(self) -> Duration {
        match self {
            Self::Nothing => Duration::ZERO,
            Self::Quickly => Duration::from_millis(500),
            Self::Everything => Duration::MAX,
        }
    }
}

/// How long a series of runs takes at least, so that starting and ending it do not count.
const SERIES: Duration = Duration::from_millis(2);
const MOST_RUNS: usize = 256;
/// Series, the quickest of which counts; but one for what takes longer than a series.
const N_SERIES: usize = 3;

/// The quickest shape of each product, the largest products first, as far as the time reaches and there is room.
///
/// # Errors
/// The device stopped working.
pub fn quickest(
    context: &Context,
    unmeasured: &[Unmeasured],
) -> Result<Vec<(String, &'static Shape)>, EngineError> {
    let (begin, budget) = (Instant::now(), context.measures.budget());
    let mut products: Vec<&Unmeasured> = unmeasured.iter().collect();
    products.sort_by_key(|unmeasured| std::cmp::Reverse(unmeasured.product.work()));
    let mut found = Vec::new();
    for Unmeasured { key, product, dispatch } in products {
        if begin.elapsed() >= budget {
            break;
        }
        // Results that several shapes cover by the same tiles need be measured but once; the first is named.
        let mut candidates: Vec<(&Shape, Dispatch)> = Vec::new();
        for shape in &SHAPES {
            let candidate = shape.applied(dispatch.clone(), product);
            if candidates.iter().all(|(_, other)| *other != candidate) {
                candidates.push((shape, candidate));
            }
        }
        let Some(place) = Room::for_operands(context, dispatch) else { continue };
        context.pipelines.prepare(candidates.iter().map(|(_, dispatch)| &dispatch.kernel));
        let mut best: Option<(f64, &Shape)> = None;
        for (shape, dispatch) in &candidates {
            let secs = place.secs_of(context, dispatch, best.map(|best| best.0))?;
            if best.is_none_or(|best| secs < best.0) {
                best = Some((secs, shape));
            }
        }
        found.extend(best.map(|(_, shape)| (key.clone(), shape)));
    }
    Ok(found)
}

/// Whether a 3×3 convolution of the fewest channels that Winograd's algorithm is used for takes less by it. Its
/// rounding is not that of the direct sums, so for a slight gain it is not taken.
///
/// # Errors
/// The device stopped working.
pub fn winograd_gains(context: &Context) -> Result<bool, EngineError> {
    let extent = Extent::new(64, 32, 32);
    let window = Window { padding: [1, 1], ..Window::new([3, 3]) };
    let (pass, batch) = (Pass::Forward, 32);
    let conv =
        ConvStep { pass, batch, input: extent, output: extent, window, groups: 1, bias: false, relu: false };
    let (maps, weights) = (batch * extent.len(), window.area() * extent.channels * extent.channels);
    let secs = |products| secs_of_step(context, &StepOp::Conv(conv), [maps, weights, maps], products);
    Ok(match (secs(Products::Tiled)?, secs(Products::Winograd)?) {
        (Some(tiled), Some(winograd)) => winograd < 0.9 * tiled,
        _ => false,
    })
}

/// Seconds of the dispatches of a step of two inputs and one output, of these lengths, by its quickest tiles; none
/// where there is no room.
fn secs_of_step(
    context: &Context,
    op: &StepOp,
    lens: [usize; 3],
    products: Products,
) -> Result<Option<f64>, EngineError> {
    let place = |len| Place { block: Block::Arena, offset: 0, len };
    let [first, second, result] = lens.map(place);
    let lower = || {
        let mut lowering = Lowering::by(context, products);
        lowering.step(vec![first, second], vec![result]);
        ops::lower(op).gpu(&mut lowering);
        lowering
    };
    context.tiles.learn(quickest(context, lower().unmeasured())?);
    let mut secs = 0.0;
    for dispatch in lower().dispatches() {
        let Some(room) = Room::for_operands(context, dispatch) else { return Ok(None) };
        secs += room.secs_of(context, dispatch, None)?;
    }
    Ok(Some(secs))
}

/// Memory for the operands of a dispatch, one behind the other.
struct Room {
    buffer: wgpu::Buffer,
    /// Where each begins, and its length.
    parts: Vec<(usize, usize)>,
}

impl Room {
    /// None where there is no room.
    fn for_operands(context: &Context, dispatch: &Dispatch) -> Option<Self> {
        let mut end = 0;
        let mut parts = Vec::new();
        for operand in &dispatch.operands {
            let Operand::Place(place) = operand else { return None };
            parts.push((end, place.len));
            end += place.len.next_multiple_of(Placement::ALIGN);
        }
        let bytes = 4 * end as u64;
        let fits = bytes <= context.limits.max_buffer_size / 2;
        let buffer = fits.then(|| context.try_buffer("measuring", bytes, STORAGE)).flatten()?;
        Some(Self { buffer, parts })
    }

    /// Seconds that a dispatch takes. Where the first run takes twice as long as the best of the others, no more.
    fn secs_of(&self, context: &Context, dispatch: &Dispatch, best: Option<f64>) -> Result<f64, EngineError> {
        let command = self.command(context, dispatch);
        // The first run finds memory and caches cold.
        self.run(context, &command, 1)?;
        let single = self.run(context, &command, 1)?;
        if best.is_some_and(|best| single > 2.0 * best.max(1e-4)) {
            return Ok(single);
        }
        let n = (SERIES.as_secs_f64() / single).ceil().clamp(1.0, MOST_RUNS as f64) as usize;
        let n_series = if n == 1 { 1 } else { N_SERIES };
        let mut quickest = single;
        for _ in 0..n_series {
            quickest = quickest.min(self.run(context, &command, n)?);
        }
        Ok(quickest)
    }

    fn command(&self, context: &Context, dispatch: &Dispatch) -> Command {
        let parts = self.parts.iter().map(|&(offset, len)| plan::part_of(&self.buffer, offset, len));
        Command::new(context, dispatch, parts)
    }

    /// Seconds for each of so many runs, one after the other.
    fn run(&self, context: &Context, command: &Command, n: usize) -> Result<f64, EngineError> {
        let mut encoder = context.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        (0..n).for_each(|_| command.record(&mut pass));
        drop(pass);
        let commands = encoder.finish();
        let begin = Instant::now();
        let submission = context.queue.submit([commands]);
        context.wait(Some(submission))?;
        Ok(begin.elapsed().as_secs_f64() / n as f64)
    }
}
