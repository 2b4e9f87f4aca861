//! A net that was changed after it was trained: what it would keep of what was learned, and the offer to go on with
//! that.

use std::sync::Arc;

use egui::{Popup, ScrollArea, Ui};
use lucide_icons::Icon;

use crate::app::bridge::{Desk, Request};
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, Gravity, named};
use crate::experiment::Experiment;
use crate::graph::{Goal, Graph};
use crate::session::Command;
use crate::train::keeping::{Keeping, Kept};

/// What was found last, and of which experiments.
#[derive(Default)]
pub struct State {
    of: Option<(Arc<Experiment>, Experiment)>,
    found: Option<Keeping>,
}

/// The offer, where the run in front has been trained and its net was changed since.
pub fn kept_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let run = desk.snapshot.begun().filter(|run| run.is_stale && run.step > 0);
    let Some(run) = run.filter(|_| desk.obstacle().is_none()) else { return };
    let is_known = state
        .of
        .as_ref()
        .is_some_and(|(old, new)| Arc::ptr_eq(old, &run.experiment) && *new == desk.editor.experiment);
    if !is_known {
        state.of = Some((run.experiment.clone(), desk.editor.experiment.clone()));
        state.found = found(desk, &run.experiment);
    }
    let Some(keeping) = state.found.as_ref().filter(|keeping| keeping.n_kept() > 0) else { return };
    ui.add_space(theme::SMALL_GAP);
    widgets::message_ui(ui, Gravity::Note, &sentence(keeping), |ui| {
        ui.horizontal_wrapped(|ui| {
            let label = "Train on with what fits";
            let help = "Begins at step 0 with the trained weights of the layers that still fit; the others draw new ones. \
                        Reset goes back to just these weights. Start again draws all of them.";
            let button = named(ui.button((widgets::icon(Icon::Play), label)), label);
            if button.on_hover_text(help).clicked() {
                desk.requests.push(Request::Send(Command::PlayKeeping(desk.run)));
            }
            let which = named(ui.button(("Which", widgets::icon(Icon::ChevronDown))), "Which layers keep their weights");
            Popup::menu(&which).show(|ui| list_ui(ui, keeping));
        });
    });
}

/// None where one of the nets cannot be.
fn found(desk: &Desk<'_>, trained: &Experiment) -> Option<Keeping> {
    let task = desk.editor.task();
    let graph = |experiment: &Experiment| {
        let goal = Goal { loss: experiment.train.loss, labels: task.labels, n_classes: task.n_classes };
        let network = experiment.network.network(task.input, goal.n_outputs()).ok()?;
        Graph::for_goal(&network, &goal).ok()
    };
    Some(Keeping::new(&graph(trained)?, &graph(&desk.editor.experiment)?))
}

fn sentence(keeping: &Keeping) -> String {
    let (n, n_kept) = (keeping.layers.len(), keeping.n_kept());
    match n - n_kept {
        0 if n == 1 => "Changed since it was trained. The layer with weights still fits.".into(),
        0 => format!("Changed since it was trained. All {n} layers with weights still fit."),
        1 => {
            format!("Changed since it was trained. Of {n} layers with weights {n_kept} still fit, 1 is new.")
        }
        n_new => format!(
            "Changed since it was trained. Of {n} layers with weights {n_kept} still fit, {n_new} are new."
        ),
    }
}

/// Layer by layer: whose weights it keeps, or that it begins anew.
fn list_ui(ui: &mut Ui, keeping: &Keeping) {
    ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
        egui::Grid::new("kept layers").num_columns(3).spacing([theme::LARGE_GAP, 4.0]).show(ui, |ui| {
            for layer in &keeping.layers {
                let (symbol, colour) = match layer.from {
                    Some(_) => (Icon::Check, Palette::of(ui).accent),
                    None => (Icon::Sparkles, Palette::of(ui).muted),
                };
                ui.label(widgets::icon(symbol).color(colour));
                ui.label(egui::RichText::new(&layer.name).monospace());
                ui.label(theme::caption(ui, fate(layer)));
                ui.end_row();
            }
        });
    });
}

fn fate(layer: &Kept) -> String {
    let sides: Vec<String> = layer.shape.iter().map(usize::to_string).collect();
    let shape = sides.join("×");
    match &layer.from {
        Some(from) if *from == layer.name => format!("keeps its weights, {shape}"),
        Some(from) => format!("keeps those of {from}, {shape}"),
        None => format!("new, {shape}"),
    }
}
