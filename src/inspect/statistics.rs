//! How a signal fares on its way through the layers, and its gradient on the way back.
//!
//! A step of training is taken on a memory of its own, so that nothing that trains is touched. Of a net before its
//! first step the weights are drawn several times: how a signal grows is a matter of the rule by which they are
//! drawn, and one draw strays from it. What multiplies from layer to layer is averaged by its logarithm.

mod numbers;
mod probe;
mod report;
mod theory;

use crate::engine::{Device, EngineError, StepTable};
use crate::inspect::batch::Batch;
use crate::train::weights::Numbers;
use crate::train::{Net, table};
pub use numbers::{Histogram, Moments, norm, of_channels};
pub use probe::{Probe, State, Step};
pub use report::{Growth, LayerStatistics, NormStatistics, Response, Statistics, WeightStatistics};
pub use theory::Link;

/// What is measured, and how often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Pictures at most; as many as there is room for are taken, and [`Statistics::n_pictures`] says how many.
    pub batch: usize,
    /// How often the weights of a net before its first step are drawn, with the seeds behind its own; none where
    /// they are to be taken as they are.
    pub n_draws: Option<usize>,
    /// Whether to count how often numbers lie where.
    pub histograms: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { batch: 32, n_draws: None, histograms: true }
    }
}

/// Measures a net on a batch, as in the first step of its experiment: what a layer gives in training mode, the
/// gradient that comes back, and the update.
///
/// # Errors
/// A device without room.
pub fn statistics(
    net: &Net,
    batch: &Batch,
    device: &dyn Device,
    options: &Options,
) -> Result<Statistics, EngineError> {
    let n_pictures = batch.n_pictures.min(options.batch);
    let mut probe = Probe::new(&net.graph, &net.experiment, batch.goal, n_pictures, device)?;
    let batch = batch.shortened(probe.batch);
    let table: StepTable = table::first(&net.experiment);
    let mut measure = |numbers: &Numbers, histograms: bool| {
        let state = State { numbers, slots: None, table };
        let step = probe.step(&state, &batch)?;
        Ok(Statistics::of(&probe.graph, numbers, &step, histograms))
    };
    let Some(n_draws) = options.n_draws else { return measure(&net.numbers, options.histograms) };
    let draws = (0..n_draws.max(1) as u64).map(|draw| {
        let seed = net.experiment.seed.wrapping_add(draw);
        let numbers = Numbers::initial(&net.graph, &net.experiment.train, seed);
        measure(&numbers, options.histograms && draw == 0)
    });
    Ok(Statistics::mean(draws.collect::<Result<Vec<_>, EngineError>>()?))
}

#[cfg(test)]
mod tests;
