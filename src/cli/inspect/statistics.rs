//! `convscope inspect … statistics`.

use super::super::{Failure, text};
use super::InspectArguments;
use crate::engine;
use crate::inspect::batch::Batch;
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Up};
use crate::inspect::picture::Picture;
use crate::inspect::statistics::{self, Options, Statistics};

#[derive(clap::Args)]
pub struct StatisticsArguments {
    /// Training pictures to measure on, at most.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=4096))]
    batch: u32,

    /// How often to draw the weights of a net before its first step; of no effect with `--weights`.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    draws: u32,
}

/// Pixels of the picture: its height, and its width, which grows with the layers.
const HEIGHT: usize = 560;
const WIDTH: std::ops::RangeInclusive<usize> = 960..=2400;
const PITCH: usize = 12;

pub(super) fn run(arguments: &InspectArguments, what: &StatisticsArguments) -> Result<(), Failure> {
    let (net, set) = arguments.net_and_pictures()?;
    let options = Options {
        batch: what.batch as usize,
        n_draws: arguments.weights.is_none().then_some(what.draws as usize),
        histograms: arguments.json,
    };
    let batch = Batch::first(options.batch, &set, &set.train, net.experiment.train.loss, &net.normalisation);
    let device = engine::open(&arguments.device)?;
    let found = statistics::statistics(&net, &batch, &*device, &options)?;
    let json = serde_json::json!({
        "statistics": found,
        "growth": found.growth(),
        "first_against_last": found.first_against_last(),
    });
    arguments.show(|| picture(&found), json, || print(&found))
}

/// Deviations through the depth, of the signal and of the gradient.
fn picture(found: &Statistics) -> Picture {
    let signal = found.layers.iter().map(|layer| layer.signal.deviation);
    let gradient = found.layers.iter().map(|layer| layer.gradient.map_or(f64::NAN, |g| g.deviation));
    let names = found.layers.iter().map(|layer| format!("{} {}", layer.path, layer.kind)).collect();
    let draws = if found.n_draws == 1 { String::new() } else { format!(", mean of {} draws", found.n_draws) };
    let chart = Chart {
        title: format!("Signal and gradient through the depth: {} pictures{draws}", found.n_pictures),
        across: Across::Names(names),
        up: Up::logarithmic("standard deviation"),
        curves: vec![
            Curve::over_places("each layer's output", COLOURS[0], signal),
            Curve::over_places("gradient of the loss by it", COLOURS[1], gradient),
        ],
    };
    let width = (PITCH * found.layers.len() + 100).clamp(*WIDTH.start(), *WIDTH.end());
    chart.drawn([width, HEIGHT])
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
        "{} pictures, {} of the weights; deviations of each layer's output and of the gradient by it",
        found.n_pictures,
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
