//! `convscope inspect … statistics`.

use std::path::PathBuf;

use super::super::{Failure, text};
use super::InspectArguments;
use crate::data::DataSet;
use crate::engine::Device;
use crate::inspect::batch::Batch;
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Up};
use crate::inspect::picture::Picture;
use crate::inspect::statistics::{self, LayerStatistics, Options, Statistics};
use crate::train::Net;

#[derive(clap::Args)]
pub struct StatisticsArguments {
    /// Training pictures to measure on, at most.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=4096))]
    batch: u32,

    /// How often to draw the weights of a net before its first step; of no effect with `--weights`.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    draws: u32,

    /// What to draw: signal and gradient through the depth, updates by layer, dead units, batch against running
    /// statistics, or the size of each convolution's response (He et al. 2015, Figure 7).
    #[arg(long, value_enum, default_value = "signal")]
    show: ShowChoice,

    /// Another experiment, whose responses are drawn beside this one's: a plain net beside a residual one.
    #[arg(long, value_name = "EXPERIMENT")]
    beside: Option<String>,

    /// The weights of that; without them, those before its first step.
    #[arg(long, value_name = "FILE", requires = "beside")]
    beside_weights: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ShowChoice {
    Signal,
    Updates,
    Dead,
    Norms,
    Responses,
}

/// Pixels of the picture: its height, and its width, which grows with the layers.
const HEIGHT: usize = 560;
const WIDTH: std::ops::RangeInclusive<usize> = 960..=2400;
const PITCH: usize = 12;

pub(super) fn run(arguments: &InspectArguments, what: &StatisticsArguments) -> Result<(), Failure> {
    let (net, set, device) = arguments.net_and_pictures()?;
    let own = measured(&net, &set, what, (arguments.weights.is_none(), arguments.json), &*device)?;
    let beside = match &what.beside {
        Some(name) => {
            let (net, set) = arguments.beside(name, what.beside_weights.as_deref(), &*device)?;
            let is_initial = what.beside_weights.is_none();
            let found = measured(&net, &set, what, (is_initial, arguments.json), &*device)?;
            Some((net.experiment.title, found))
        }
        None => None,
    };
    let told = |found: &Statistics| {
        serde_json::json!({
            "statistics": found,
            "growth": found.growth(),
            "first_against_last": found.first_against_last(),
        })
    };
    let mut json = told(&own);
    if let Some((_, found)) = &beside {
        json["beside"] = told(found);
    }
    let all: Vec<(&str, &Statistics)> = std::iter::once((net.experiment.title.as_str(), &own))
        .chain(beside.iter().map(|(name, found)| (name.as_str(), found)))
        .collect();
    arguments.show(|| picture(what.show, &all), json, || print(&own))
}

/// Measures a net; whether its weights are those before the first step, and whether its numbers are told.
fn measured(
    net: &Net,
    set: &DataSet,
    what: &StatisticsArguments,
    (is_initial, is_told): (bool, bool),
    device: &dyn Device,
) -> Result<Statistics, Failure> {
    let n_draws = is_initial.then_some(what.draws as usize);
    let options = Options { batch: what.batch as usize, n_draws, histograms: is_told };
    let batch = Batch::first(options.batch, set, &set.train, net.experiment.train.loss, &net.normalisation);
    Ok(statistics::statistics(net, &batch, device, &options)?)
}

/// What is asked for through the depth.
fn picture(show: ShowChoice, all: &[(&str, &Statistics)]) -> Picture {
    let found = all[0].1;
    let curve = |name: &str, i: usize, values: Vec<f64>| Curve::over_places(name, COLOURS[i], values);
    let of_layers = |of: &dyn Fn(&LayerStatistics) -> f64| found.layers.iter().map(of).collect::<Vec<f64>>();
    let layers = || found.layers.iter().map(|layer| format!("{} {}", layer.path, layer.kind)).collect();
    let weighted = || found.weights.iter().map(|weight| weight.path.clone()).collect();
    let percent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
    let (title, names, up, curves): (&str, Vec<String>, Up, Vec<Curve>) = match show {
        ShowChoice::Signal => (
            "Signal and gradient through the depth",
            layers(),
            Up::logarithmic("standard deviation"),
            vec![
                curve("each layer's output", 0, of_layers(&|layer| layer.signal.deviation)),
                curve(
                    "gradient of the loss by it",
                    1,
                    of_layers(&|layer| layer.gradient.map_or(f64::NAN, |gradient| gradient.deviation)),
                ),
            ],
        ),
        ShowChoice::Updates => (
            "Updates by layer",
            weighted(),
            Up::logarithmic("|Δw| / |w|, and |gradient|"),
            vec![
                curve("|Δw| / |w|", 0, found.weights.iter().map(|weight| weight.update_ratio).collect()),
                curve("|gradient|", 1, found.weights.iter().map(|weight| weight.gradient_norm).collect()),
            ],
        ),
        ShowChoice::Dead => (
            "Dead units by layer",
            layers(),
            Up { covers: vec![0.0, 100.0], ..Up::linear("%") },
            vec![
                curve("units dead", 1, of_layers(&|layer| percent(layer.dead))),
                curve("numbers that are 0", 0, of_layers(&|layer| percent(layer.zeros))),
            ],
        ),
        ShowChoice::Norms => (
            "Batch against running statistics",
            found.norms.iter().map(|norm| norm.path.clone()).collect(),
            Up { covers: vec![0.0, 1.0], ..Up::linear("deviations, and ratio") },
            vec![
                curve("means apart, in deviations", 0, found.norms.iter().map(|n| n.means_apart).collect()),
                curve(
                    "variance of the batch / running",
                    1,
                    found.norms.iter().map(|n| n.variance_ratio).collect(),
                ),
            ],
        ),
        ShowChoice::Responses => {
            let own = |(i, (name, found)): (usize, &(&str, &Statistics))| {
                curve(name, i, found.responses.iter().map(|response| response.deviation).collect())
            };
            // The longer of two nets names the places.
            let longest =
                all.iter().max_by_key(|(_, found)| found.responses.len()).map_or(found, |(_, f)| *f);
            (
                "Response of each convolution, behind its normalisation",
                longest.responses.iter().map(|response| response.path.clone()).collect(),
                Up { covers: vec![0.0], ..Up::linear("standard deviation") },
                all.iter().enumerate().map(own).collect(),
            )
        }
    };
    let draws = if found.n_draws == 1 { String::new() } else { format!(", mean of {} draws", found.n_draws) };
    let width = (PITCH * names.len() + 100).clamp(*WIDTH.start(), *WIDTH.end());
    let title = format!("{title}: {}{draws}", text::counted(found.n_pictures as u64, "picture"));
    Chart { title, across: Across::Names(names), up, curves }.drawn([width, HEIGHT])
}

fn print(found: &Statistics) {
    let header = ["layer", "kind", "signal", "gradient", "dead", "theory", "measured", "|g|", "|Δw|/|w|"];
    let mut rows = vec![header.map(String::from).to_vec()];
    let number = |x: Option<f64>| x.map_or_else(|| "–".into(), |x| format!("{x:.3e}"));
    let ratio = |x: Option<f64>| x.map_or_else(|| "–".into(), |x| format!("{x:.3}"));
    for layer in &found.layers {
        let weight = found.weights.iter().find(|weight| weight.path == layer.path);
        rows.push(vec![
            layer.path.clone(),
            layer.kind.into(),
            number(Some(layer.signal.deviation)),
            number(layer.gradient.map(|gradient| gradient.deviation)),
            layer.dead.map_or_else(|| "–".into(), text::percent),
            ratio(weight.and_then(|weight| weight.theory)),
            ratio(weight.and_then(|weight| weight.measured)),
            number(weight.map(|weight| weight.gradient_norm)),
            number(weight.map(|weight| weight.update_ratio)),
        ]);
    }
    text::print_table(&[false, false, true, true, true, true, true, true, true], &rows);
    text::print_line(&format!(
        "{}, {} of the weights; deviations of each layer's output and of the gradient by it",
        text::counted(found.n_pictures as u64, "picture"),
        if found.n_draws == 1 { "one draw".into() } else { format!("mean of {} draws", found.n_draws) },
    ));
    if let Some(growth) = found.growth() {
        text::print_line(&format!(
            "from layer to layer the signal's power is multiplied by {:.3}, by theory by {:.3} (geometric mean of {})",
            growth.measured, growth.theory, growth.n_layers
        ));
    }
    if let Some(times) = found.first_against_last() {
        text::print_line(&format!(
            "the gradient by the first layer's weights is {times:.3e} times as long as that by the last's"
        ));
    }
}
