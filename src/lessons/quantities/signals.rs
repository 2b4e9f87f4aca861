//! How a signal fares on its way through the layers and its gradient on the way back, before the first step or
//! after the last: what `convscope inspect … statistics` prints.

use super::{Kind, Measure, Quantity, Sitting, Unit};
use crate::inspect::batch::Batch;
use crate::inspect::statistics::{self, Growth, LayerStatistics, Options, Statistics, WeightStatistics};
use crate::lessons::settings::{Moment, Setting, Sort};
use crate::train::{Net, Run, TrainError};

/// Draws of the weights that are averaged over before the first step.
const N_DRAWS: usize = 8;
/// Pictures on which a net is measured, at most.
const N_PICTURES: usize = 16;

const AT: Setting =
    Setting { name: "at", sort: Sort::Moment, help: "\"start\" or \"end\"; the end where left out" };
const LAYER: Setting = Setting {
    name: "layer",
    sort: Sort::Layer,
    help: "a layer with weights by its path, or \"first\" or \"last\"; the last where left out",
};

pub const SIGNAL_FACTOR: Kind = Kind {
    name: "signal-factor",
    words: "factor on the signal's power from layer to layer",
    help: "by what the signal's power is multiplied from layer to layer, the geometric mean over the layers (and at the start over 8 draws of the weights)",
    unit: Unit::Plain,
    settings: &[AT],
    measure: Measure::Run(|quantity, sitting| Ok(growth(quantity, sitting)?.measured)),
};

pub const THEORY_FACTOR: Kind = Kind {
    name: "theory-factor",
    words: "the same factor by theory",
    help: "what theory says of it: n·E[w²], times ½ behind a ReLU, with n counted inside the picture",
    unit: Unit::Plain,
    settings: &[AT],
    measure: Measure::Run(|quantity, sitting| Ok(growth(quantity, sitting)?.theory)),
};

pub const SIGNAL: Kind = Kind {
    name: "signal",
    words: "deviation of the signal",
    help: "the standard deviation of a layer's output over pictures, channels and positions",
    unit: Unit::Plain,
    settings: &[LAYER, AT],
    measure: Measure::Run(|quantity, sitting| {
        let found = statistics(quantity, sitting)?;
        let path = &weighted(quantity, found)?.path;
        let layer = found.layers.iter().find(|layer| layer.path == *path);
        Ok(layer.ok_or("The layer gives nothing of its own.")?.signal.deviation)
    }),
};

pub const GRADIENT: Kind = Kind {
    name: "gradient",
    words: "length of the gradient",
    help: "|g|, of the gradient of the loss by a layer's weights",
    unit: Unit::Plain,
    settings: &[LAYER, AT],
    measure: Measure::Run(|quantity, sitting| {
        let found = statistics(quantity, sitting)?;
        Ok(weighted(quantity, found)?.gradient_norm)
    }),
};

pub const UPDATE_RATIO: Kind = Kind {
    name: "update-ratio",
    words: "length of a step beside that of the weights",
    help: "|Δw| / |w| of a layer's weights, in the step that the optimiser would take as its first",
    unit: Unit::Plain,
    settings: &[LAYER, AT],
    measure: Measure::Run(|quantity, sitting| {
        let found = statistics(quantity, sitting)?;
        Ok(weighted(quantity, found)?.update_ratio)
    }),
};

pub const DEAD_SHARE: Kind = Kind {
    name: "dead-share",
    words: "share of dead units",
    help: "the share of channels behind ReLUs that are 0 for every picture at every position, the mean over the layers",
    unit: Unit::Share,
    settings: &[AT],
    measure: Measure::Run(|quantity, sitting| {
        let found = statistics(quantity, sitting)?;
        let dead: Vec<f64> = found.layers.iter().filter_map(|layer: &LayerStatistics| layer.dead).collect();
        match dead.len() {
            0 => Err("The net has no ReLU.".into()),
            n => Ok(dead.iter().sum::<f64>() / n as f64),
        }
    }),
};

/// Measures the net of a run as it stands; at the start over several draws of its weights.
fn statistics<'a>(quantity: &Quantity, sitting: &'a mut Sitting<'_>) -> Result<&'a Statistics, String> {
    if sitting.statistics.is_none() {
        let n_draws = (quantity.settings.moment() == Moment::Start).then_some(N_DRAWS);
        let found = measured(sitting.run, n_draws).map_err(|error| error.to_string())?;
        sitting.statistics = Some(found);
    }
    sitting.statistics.as_ref().ok_or_else(|| "Nothing was measured.".into())
}

fn measured(run: &Run, n_draws: Option<usize>) -> Result<Statistics, TrainError> {
    let options = Options { batch: N_PICTURES, n_draws, histograms: false };
    let net = Net::of(run)?;
    let loss = net.experiment.train.loss;
    let batch = Batch::first(N_PICTURES, &run.set, &run.set.train, loss, &net.normalisation);
    Ok(statistics::statistics(&net, &batch, &**run.device(), &options)?)
}

fn growth(quantity: &Quantity, sitting: &mut Sitting<'_>) -> Result<Growth, String> {
    let found = statistics(quantity, sitting)?;
    found.growth().ok_or_else(|| "Theory says nothing of the layers of this net.".into())
}

/// The layer with weights that is asked for.
fn weighted<'a>(quantity: &Quantity, found: &'a Statistics) -> Result<&'a WeightStatistics, String> {
    let asked = quantity.settings.text("layer").unwrap_or("last");
    let layer = match asked {
        "first" => found.weights.first(),
        "last" => found.weights.last(),
        path => found.weights.iter().find(|weight| weight.path == path),
    };
    let first =
        || found.weights.first().map_or_else(String::new, |first| format!("; its first is `{}`", first.path));
    layer.ok_or_else(|| {
        let asked = crate::experiment::words::shortened(asked);
        format!("The net has no layer `{asked}` with weights{}.", first())
    })
}
