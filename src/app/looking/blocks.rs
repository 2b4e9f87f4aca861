//! What the net is worth without each of its blocks, and that identity layers set into it change nothing.

use egui::{Ui, vec2};
use egui_plot::{PlotPoints, Points};

use super::plots::{self, Axes, Bars, Curve, bars_and_curves_ui};
use super::{other, waiting_ui};
use crate::app::bridge::Desk;
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::inspect::insertion::Form;
use crate::inspect::live::blocks::Inserted;
use crate::inspect::look::{Look, View};
use crate::inspect::removal::{Removal, Without};
use crate::session::{RunId, RunSnapshot};

pub struct State {
    shown: Shown,
    n_layers: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Removal,
    Insertion,
}

impl Default for State {
    fn default() -> Self {
        Self { shown: Shown::Removal, n_layers: 36 }
    }
}

/// Test pictures that errors are measured on, at most.
const N_PICTURES: usize = 500;

/// Identity layers that can be set in, at most.
const MOST_LAYERS: usize = 200;

pub fn blocks_ui(ui: &mut Ui, desk: &Desk<'_>, beside: &mut Option<RunId>, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        let options = [
            (
                Shown::Removal,
                "Without a block",
                "The error if one block is taken out and nothing is trained again (Veit, Wilber, Belongie 2016)",
            ),
            (
                Shown::Insertion,
                "With identity layers",
                "A deeper net that answers the same, by construction (He et al. 2015, section 1)",
            ),
        ];
        widgets::choice_ui(ui, &mut state.shown, &options);
        match state.shown {
            Shown::Removal => other::other_ui(ui, desk, beside, "beside it"),
            Shown::Insertion => {
                widgets::group_ui(ui, "layers", |ui| {
                    widgets::caption_ui(ui, "set in");
                    widgets::count_ui(ui, "Identity layers", &mut state.n_layers, 1..=MOST_LAYERS);
                    widgets::caption_ui(ui, "layers");
                });
            }
        }
    });
    match state.shown {
        Shown::Removal => {
            let runs = [desk.snapshot.begun(), beside.and_then(|id| desk.snapshot.run_of(id))];
            runs.into_iter().flatten().for_each(|run| removal_ui(ui, desk, run));
            said(
                ui,
                "Nothing is trained again. Of a residual block the shortcut is left: the net is a crowd of shallow ones \
                 and hardly misses it. Of a plain layer the identity is left, and all that stands behind it was trained \
                 on what is gone.",
            );
        }
        Shown::Insertion => {
            let n_layers = state.n_layers;
            let seen = desk.look(Look::Insertion { n_layers, n_pictures: N_PICTURES });
            if let Some(View::Insertion(found)) = waiting_ui(ui, desk, seen) {
                insertion_ui(ui, found);
            }
        }
    }
}

fn said(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
}

/// A bar for each block, and a line at the error of the whole net.
fn removal_ui(ui: &mut Ui, desk: &Desk<'_>, run: &RunSnapshot) {
    let seen = desk.look_at(run.id, Look::Removal { n_pictures: N_PICTURES });
    let Some(View::Removal(found)) = waiting_ui(ui, desk, seen) else { return };
    let places: Vec<String> = found.blocks.iter().map(|block| block.path.clone()).collect();
    let points: Vec<[f64; 2]> =
        found.blocks.iter().enumerate().map(|(i, block)| [i as f64, 100.0 * block.error]).collect();
    let last = places.len() as f64 - 0.5;
    let whole = Curve::new(
        "the whole net",
        Palette::of(ui).text,
        [[-0.5, 100.0 * found.error], [last, 100.0 * found.error]],
    );
    let name = format!("Error without each block of {}", run.name);
    let axes = Axes {
        name: &name,
        across: "block left out",
        places: Some(&places),
        is_logarithmic: false,
        covers: &[0.0, 100.0],
    };
    let colour = mark::colour(ui, run.mark);
    let name = format!("{}: error without the block, %", run.name);
    bars_and_curves_ui(ui, &axes, &Bars { name: &name, colour, points: &points }, &[whole]);
    said(ui, &removal_words(found, seen.is_some_and(|seen| seen.is_whole)));
}

/// The whole net's error, and what the loss of one block costs at most and in the middle.
fn removal_words(found: &Removal, is_whole: bool) -> String {
    let mut costs: Vec<f64> = found.blocks.iter().map(|block| block.error - found.error).collect();
    costs.sort_by(f64::total_cmp);
    let points = |x: f64| format!("{:.1}", 100.0 * x);
    let [median, most] = [costs[costs.len() / 2], costs[costs.len() - 1]];
    let worst = found.blocks.iter().max_by(|a, b| a.error.total_cmp(&b.error));
    let where_to = worst.map_or_else(String::new, |Without { path, .. }| format!(" ({path})"));
    format!(
        "{}The whole net is wrong on {} of {}. Without one block: {} points more in the median, {} at most{where_to}.",
        if is_whole {
            String::new()
        } else {
            format!("{} so far. ", format::counted(costs.len() as u64, "block"))
        },
        format::percent(found.error),
        format::counted(found.n_pictures as u64, "test picture"),
        points(median),
        points(most)
    )
}

fn insertion_ui(ui: &mut Ui, found: &Inserted) {
    let [before, after] = found.n_weighted;
    let comparison = &found.comparison;
    let form = match found.form {
        Form::Plain => "convolutions that pass every channel on",
        Form::Residual => "residual blocks whose branch gives 0",
    };
    let errors = found.errors.map_or_else(String::new, |[before, after]| {
        format!(" It is wrong on {}, as before on {}.", format::percent(after), format::percent(before))
    });
    ui.label(theme::strong(format!(
        "{} with weights became {after}: {form}.",
        format::counted(before as u64, "layer")
    )));
    said(
        ui,
        &format!(
            "Of its answers to {}, numbers up to {}, none changed by more than {}; taken for something else: {}.{errors}",
            format::counted(comparison.n_pictures as u64, "test picture"),
            format::number(comparison.largest),
            format::number(comparison.largest_difference),
            format::counted(comparison.n_answers_changed as u64, "picture")
        ),
    );
    answers_ui(ui, found);
    let places: Vec<String> = found
        .places
        .iter()
        .map(|place| format!("{} behind {} ({})", place.n_layers, place.behind, place.extent))
        .collect();
    said(ui, &format!("Set in: {}.", places.join(", ")));
    said(
        ui,
        "So a deeper net need not be worse: it can do what the shallower one does. Where training finds a deeper net with \
         a higher training error, the fault is with the training (He et al. 2015).",
    );
}

/// Every answer of the deeper net over that of the net as it was.
fn answers_ui(ui: &mut Ui, found: &Inserted) {
    let [before, after] = &found.comparison.answers;
    let points: Vec<[f64; 2]> = before.iter().zip(after).map(|(&a, &b)| [a.into(), b.into()]).collect();
    let axes = Axes {
        name: "Answers before and after",
        across: "logit of the net as it is",
        places: None,
        is_logarithmic: false,
        covers: &[],
    };
    let colour = Palette::of(ui).train;
    ui.allocate_ui(vec2(ui.available_width().min(460.0), 0.0), |ui| {
        widgets::caption_ui(ui, "logit of the deeper net");
        let response = plots::base(ui, &axes).show(ui, |plot| {
            plot.points(Points::new("logits", PlotPoints::from(points)).color(colour).radius(1.5));
        });
        widgets::named(response.response, axes.name);
    });
}
