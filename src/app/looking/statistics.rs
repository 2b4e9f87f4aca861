//! How signal, gradient and update fare through the depth: of the run in front as it stands; before it has begun, of
//! the net as it is edited, redrawn with every change.

use std::sync::Arc;

use egui::Ui;

use super::plots::{Axes, Bars, Curve, bars_ui, curves_ui};
use super::{other, waiting_ui};
use crate::app::beside::Beside;
use crate::app::bridge::Desk;
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::data::DataSet;
use crate::engine::{self, DeviceChoice};
use crate::experiment::Experiment;
use crate::inspect::batch::Batch;
use crate::inspect::look::{Look, View};
use crate::inspect::statistics::{self, Histogram, Options, Statistics};
use crate::session::{PicturesState, RunId, RunSnapshot};
use crate::train::Net;

#[derive(Default)]
pub struct State {
    shown: Shown,
    /// Of which layer histograms are drawn, by its place.
    layer: usize,
    /// Whether responses are shown by their size rather than by their place.
    is_ranked: bool,
    before: Beside<Before, Result<Statistics, String>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Shown {
    #[default]
    Signal,
    Updates,
    Dead,
    Histograms,
    Norms,
    Responses,
}

/// A net before its first step.
#[derive(Clone)]
struct Before {
    experiment: Experiment,
    set: Arc<DataSet>,
}

impl PartialEq for Before {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.set, &other.set) && self.experiment == other.experiment
    }
}

/// Pictures and draws of the weights before the first step: few, so that it is redrawn while a slider moves.
const PICTURES: usize = 8;
const DRAWS: usize = 2;

/// Pictures that a run is measured on: as many as the cards ask for, so that both are measured at once.
const BATCH: usize = 32;

/// What is drawn of a net's responses: its name, its colour, and what was measured.
type Responses<'a> = (&'a str, egui::Color32, &'a Statistics);

const VIEWS: [(Shown, &str, &str); 6] = [
    (Shown::Signal, "Signal", "Standard deviation of each layer's output, and of the gradient by it"),
    (
        Shown::Updates,
        "Updates",
        "How much of its size each layer's weights change in a step: 1e-3 is customary",
    ),
    (Shown::Dead, "Dead units", "Share of each ReLU's units that are 0 for every picture"),
    (Shown::Histograms, "Histograms", "How a layer's weights, outputs and gradients are distributed"),
    (Shown::Norms, "Norms", "Batch normalisation: how far the batch's statistics are from the running ones"),
    (Shown::Responses, "Responses", "Size of each convolution's response (He et al. 2015, Figure 7)"),
];

pub fn statistics_ui(ui: &mut Ui, desk: &Desk<'_>, beside: &mut Option<RunId>, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        widgets::choice_ui(ui, &mut state.shown, &VIEWS);
    });
    if let Some(run) = desk.snapshot.begun().filter(|run| !run.is_stale) {
        return state.run_ui(ui, desk, run, beside);
    }
    let PicturesState::Ready(ready) = desk.snapshot.pictures() else {
        widgets::caption_ui(ui, "The pictures are being opened.");
        return;
    };
    let question = Before { experiment: desk.editor.experiment.clone(), set: ready.set.clone() };
    let State { before, .. } = state;
    let answer = before.answer(ui.ctx(), &question, measure).map(|(_, answer)| answer.clone());
    match answer {
        Some(Ok(found)) => {
            widgets::caption_ui(ui, "Before the first step, as the net stands now:");
            state.found_ui(ui, &found);
        }
        Some(Err(message)) => {
            ui.add(egui::Label::new(theme::caption(ui, message)).wrap());
        }
        None => {
            widgets::caption_ui(ui, "Measuring the net before its first step…");
        }
    }
}

fn measure(before: &Before) -> Result<Statistics, String> {
    let net = Net::initial(&before.experiment, &before.set).map_err(|error| error.to_string())?;
    let (set, loss) = (&before.set, before.experiment.train.loss);
    let batch = Batch::first(PICTURES, set, &set.train, loss, &net.normalisation);
    let device = engine::open(&DeviceChoice::Cpu).map_err(|error| error.to_string())?;
    let options = Options { batch: PICTURES, n_draws: Some(DRAWS), histograms: true };
    statistics::statistics(&net, &batch, &*device, &options).map_err(|error| error.to_string())
}

impl State {
    /// Of a run as it stands, with the responses of another one beside its own.
    fn run_ui(&mut self, ui: &mut Ui, desk: &Desk<'_>, run: &RunSnapshot, beside: &mut Option<RunId>) {
        let look = Look::Statistics { batch: BATCH, histograms: self.shown == Shown::Histograms };
        if self.shown != Shown::Responses {
            if let Some(View::Statistics(found)) = waiting_ui(ui, desk, desk.look(look)) {
                self.found_ui(ui, found);
            }
            return;
        }
        ui.horizontal_wrapped(|ui| self.responses_settings_ui(ui, desk, beside));
        let other = beside.and_then(|id| desk.snapshot.run_of(id));
        let mut seen: Vec<Responses<'_>> = Vec::new();
        for run in [Some(run), other].into_iter().flatten() {
            let found = waiting_ui(ui, desk, desk.look_at(run.id, look.clone()));
            if let Some(View::Statistics(found)) = found {
                seen.push((&run.name, mark::colour(ui, run.mark), found));
            }
        }
        responses_ui(ui, &seen, self.is_ranked);
    }

    fn responses_settings_ui(&mut self, ui: &mut Ui, desk: &Desk<'_>, beside: &mut Option<RunId>) {
        let orders = [
            (false, "by layer", "In the order of the layers"),
            (true, "by size", "Largest first, as in the lower half of the figure"),
        ];
        widgets::choice_ui(ui, &mut self.is_ranked, &orders);
        other::other_ui(ui, desk, beside, "beside it");
    }

    fn found_ui(&mut self, ui: &mut Ui, found: &Statistics) {
        match self.shown {
            Shown::Signal => signal_ui(ui, found),
            Shown::Updates => updates_ui(ui, found),
            Shown::Dead => dead_ui(ui, found),
            Shown::Histograms => histograms_ui(ui, found, &mut self.layer),
            Shown::Norms => norms_ui(ui, found),
            Shown::Responses => {
                let colour = Palette::of(ui).train;
                responses_ui(ui, &[("standard deviation", colour, found)], self.is_ranked)
            }
        }
    }
}

fn said(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
}

fn over_layers<'a>(name: &'a str, places: &'a [String], is_logarithmic: bool) -> Axes<'a> {
    Axes { name, across: "layer", places: Some(places), is_logarithmic, covers: &[] }
}

fn signal_ui(ui: &mut Ui, found: &Statistics) {
    let palette = Palette::of(ui);
    let places: Vec<String> =
        found.layers.iter().map(|layer| format!("{} {}", layer.path, layer.kind)).collect();
    let signal = found.layers.iter().map(|layer| layer.signal.deviation.log10());
    let gradient = found
        .layers
        .iter()
        .map(|layer| layer.gradient.map_or(f64::NAN, |gradient| gradient.deviation.log10()));
    let curves = [
        Curve::over_places("signal", palette.train, signal),
        Curve::over_places("gradient", palette.test, gradient).dashed(),
    ];
    curves_ui(ui, &over_layers("Signal and gradient through the depth", &places, true), &curves);
    // Between two normalisations nothing adds up from layer to layer.
    if let Some(growth) = found.growth().filter(|_| found.norms.is_empty()) {
        said(
            ui,
            &format!(
                "From layer to layer the signal's power is multiplied by {:.3}, by theory by {:.3}.",
                growth.measured, growth.theory
            ),
        );
    }
    if let Some(times) = found.first_against_last() {
        said(
            ui,
            &format!(
                "The gradient by the first layer's weights is {} times as long as that by the last's.",
                format::number(times)
            ),
        );
    }
}

fn updates_ui(ui: &mut Ui, found: &Statistics) {
    let palette = Palette::of(ui);
    let places: Vec<String> = found.weights.iter().map(|weight| weight.path.clone()).collect();
    let curves = [
        Curve::over_places("|Δw| / |w|", palette.train, found.weights.iter().map(|w| w.update_ratio.log10())),
        Curve::over_places("|gradient|", palette.test, found.weights.iter().map(|w| w.gradient_norm.log10()))
            .dashed(),
    ];
    curves_ui(ui, &over_layers("Updates by layer", &places, true), &curves);
    said(ui, "Far above 1e-2 a layer is shaken, far below 1e-4 it hardly learns.");
}

fn dead_ui(ui: &mut Ui, found: &Statistics) {
    let relus: Vec<_> = found.layers.iter().filter(|layer| layer.dead.is_some()).collect();
    if relus.is_empty() {
        widgets::caption_ui(ui, "This net has no ReLU, and so no unit that can die.");
        return;
    }
    let palette = Palette::of(ui);
    let places: Vec<String> = relus.iter().map(|layer| layer.path.clone()).collect();
    let percent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
    let curves = [
        Curve::over_places("units dead, %", palette.test, relus.iter().map(|layer| percent(layer.dead))),
        Curve::over_places(
            "numbers that are 0, %",
            palette.train,
            relus.iter().map(|layer| percent(layer.zeros)),
        )
        .dashed(),
    ];
    let axes = Axes { covers: &[0.0, 100.0], ..over_layers("Dead units by layer", &places, false) };
    curves_ui(ui, &axes, &curves);
    said(
        ui,
        &format!(
            "A unit is dead that is 0 everywhere for all of {}.",
            format::counted(found.n_pictures as u64, "picture")
        ),
    );
}

fn histograms_ui(ui: &mut Ui, found: &Statistics, layer: &mut usize) {
    let Some(last) = found.layers.len().checked_sub(1) else { return };
    *layer = (*layer).min(last);
    let own = &found.layers[*layer];
    ui.horizontal(|ui| {
        widgets::caption_ui(ui, "layer");
        egui::ComboBox::from_id_salt("layer of histograms")
            .selected_text(format!("{} {}", own.path, own.kind))
            .show_ui(ui, |ui| {
                for (i, other) in found.layers.iter().enumerate() {
                    ui.selectable_value(layer, i, format!("{} {}", other.path, other.kind));
                }
            });
    });
    let weights = found.weights.iter().find(|weight| weight.path == own.path);
    let palette = Palette::of(ui);
    let all = [
        ("output", own.signal_histogram.as_ref(), palette.train),
        ("gradient by the output", own.gradient_histogram.as_ref(), palette.test),
        ("weights", weights.and_then(|weights| weights.weight_histogram.as_ref()), palette.rate),
        (
            "gradient by the weights",
            weights.and_then(|weights| weights.gradient_histogram.as_ref()),
            palette.test,
        ),
    ];
    let there: Vec<_> =
        all.into_iter().filter_map(|(name, found, colour)| Some((name, found?, colour))).collect();
    // Beside each other where there is room.
    let n_columns = if ui.available_width() > 560.0 { 2 } else { 1 };
    for row in there.chunks(n_columns) {
        ui.columns(n_columns, |columns| {
            for (ui, &(name, histogram, colour)) in columns.iter_mut().zip(row) {
                histogram_ui(ui, name, histogram, colour);
            }
        });
    }
}

fn histogram_ui(ui: &mut Ui, name: &str, histogram: &Histogram, colour: egui::Color32) {
    let width = (histogram.high - histogram.low) / histogram.counts.len().max(1) as f64;
    let point = |(i, &count): (usize, &u64)| [histogram.low + (i as f64 + 0.5) * width, count as f64];
    let points: Vec<[f64; 2]> = histogram.counts.iter().enumerate().map(point).collect();
    let axes = Axes { name, across: name, places: None, is_logarithmic: false, covers: &[0.0] };
    bars_ui(ui, &axes, &Bars { name: "how many", colour, points: &points });
    if histogram.n_not_finite > 0 {
        said(ui, &format!("{} are no numbers.", histogram.n_not_finite));
    }
}

fn norms_ui(ui: &mut Ui, found: &Statistics) {
    if found.norms.is_empty() {
        widgets::caption_ui(ui, "This net has no batch normalisation.");
        return;
    }
    let palette = Palette::of(ui);
    let places: Vec<String> = found.norms.iter().map(|norm| norm.path.clone()).collect();
    let curves = [
        Curve::over_places(
            "means apart, in deviations",
            palette.train,
            found.norms.iter().map(|n| n.means_apart),
        ),
        Curve::over_places(
            "variance of the batch / running",
            palette.test,
            found.norms.iter().map(|n| n.variance_ratio),
        )
        .dashed(),
    ];
    let axes =
        Axes { covers: &[0.0, 1.0], ..over_layers("Batch against running statistics", &places, false) };
    curves_ui(ui, &axes, &curves);
    said(ui, "Alike would be 0 apart and a ratio of 1: then both modes of the net answer the same.");
}

fn responses_ui(ui: &mut Ui, all: &[Responses<'_>], is_ranked: bool) {
    let Some((.., first)) = all.first() else { return };
    if first.responses.is_empty() {
        widgets::caption_ui(ui, "This net has no convolution larger than 1×1.");
        return;
    }
    let places: Vec<String> = first.responses.iter().map(|response| response.path.clone()).collect();
    let curve = |(name, colour, found): &Responses<'_>| {
        let mut deviations: Vec<f64> = found.responses.iter().map(|response| response.deviation).collect();
        if is_ranked {
            deviations.sort_by(|a, b| b.total_cmp(a));
        }
        let mean = deviations.iter().sum::<f64>() / deviations.len().max(1) as f64;
        let name = format!("{name}, mean {}", format::number(mean));
        Curve::over_places(&name, *colour, deviations)
    };
    let curves: Vec<Curve> = all.iter().map(curve).collect();
    let has_paths = !is_ranked && all.len() == 1;
    let axes = Axes {
        name: "Response of each convolution",
        across: if is_ranked { "convolutions, largest response first" } else { "convolution" },
        places: has_paths.then_some(&places[..]),
        is_logarithmic: false,
        covers: &[0.0],
    };
    curves_ui(ui, &axes, &curves);
    said(
        ui,
        "Standard deviation of each 3×3 convolution's output behind its normalisation, before any sum or non-linearity. \
         A residual net's blocks change little each, and the deeper it is the less (He et al. 2015, Figure 7).",
    );
}
