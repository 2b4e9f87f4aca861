//! By what rate an optimiser that gives each weight its own really moves them.

use super::{Kind, Measure, Unit};
use crate::experiment::Optimiser;
use crate::graph::ParameterId;
use crate::train::{Lasting, Run};

pub const EFFECTIVE_RATE: Kind = Kind {
    name: "effective-rate",
    words: "effective rate",
    help: "the median over the weights of what the gradient is multiplied by at the end: η, or η / (√G + ε) of AdaGrad and likewise of RMSProp and Adam",
    unit: Unit::Plain,
    settings: &[],
    measure: Measure::Run(|_, sitting| {
        let run = &*sitting.run;
        let rate = run.curves.last().ok_or("Nothing has been trained yet.")?.rate as f64;
        // The memory of squared gradients is Adam's second.
        let (slot, epsilon) = match run.experiment.train.optimiser {
            Optimiser::Sgd | Optimiser::Momentum { .. } | Optimiser::Nesterov { .. } => return Ok(rate),
            Optimiser::AdaGrad { epsilon } | Optimiser::RmsProp { epsilon, .. } => (0, epsilon),
            Optimiser::Adam { epsilon, .. } | Optimiser::AdamW { epsilon, .. } => (1, epsilon),
        };
        let correction = correction(run);
        let mut rates = Vec::new();
        for id in (0..run.graph.parameters.len()).map(ParameterId) {
            let squares = run.read_lasting(Lasting::Slot(slot, id)).map_err(|error| error.to_string())?;
            let of = |square: &f32| rate / ((*square as f64 / correction).sqrt() + epsilon as f64);
            rates.extend(squares.iter().map(of));
        }
        rates.sort_by(f64::total_cmp);
        Ok(rates[rates.len() / 2])
    }),
};

/// What Adam divides its second moment by, since it began at 0.
fn correction(run: &Run) -> f64 {
    match run.experiment.train.optimiser {
        Optimiser::Adam { beta2, .. } | Optimiser::AdamW { beta2, .. } => {
            1.0 - f64::from(beta2).powf(run.progress().step as f64)
        }
        _ => 1.0,
    }
}
