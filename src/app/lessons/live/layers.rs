//! The account of a net: what each layer gives, holds and costs.

use egui::{Grid, Ui};

use crate::app::bridge::Desk;
use crate::app::theme;
use crate::app::{format, widgets};
use crate::graph::Graph;
use crate::lessons::bench;
use crate::lessons::live::Live;
use crate::lessons::{Lesson, own};

/// How high the table is before it scrolls.
const HEIGHT: f32 = 360.0;

pub fn layers_ui(ui: &mut Ui, desk: &Desk<'_>, lesson: &Lesson, live: &Live) {
    let name = live.settings.text("of").unwrap_or_default();
    let Some(setup) = lesson.setup(name) else { return };
    // The student's own net where it is on the table.
    let run = own::run_of(desk.snapshot, name);
    let experiment = run.map_or(setup.experiment(), |run| &*run.experiment);
    let graph = match bench::graph(setup, experiment) {
        Ok(graph) => graph,
        Err(message) => {
            widgets::caption_ui(ui, &message);
            return;
        }
    };
    ui.label(theme::strong(name));
    egui::ScrollArea::both()
        .id_salt(("layers", name))
        .max_height(HEIGHT)
        .min_scrolled_height(HEIGHT)
        .auto_shrink([false, true])
        .show(ui, |ui| table_ui(ui, &graph, name));
}

/// A row for each layer, and their sum.
fn table_ui(ui: &mut Ui, graph: &Graph, name: &str) {
    let some = |n: u64, written: fn(u64) -> String| if n > 0 { written(n) } else { String::new() };
    Grid::new(("layers of", name)).striped(true).num_columns(5).spacing([8.0, 2.0]).show(ui, |ui| {
        // Broken in two, so that the five columns fit beside each other in a narrow window.
        for head in ["\nlayer", "\noutput", "\nparameters", "multiply-\nadds", "\nsees"] {
            widgets::caption_ui(ui, head);
        }
        ui.end_row();
        for layer in &graph.layers {
            ui.label(layer.kind).on_hover_text(&layer.path);
            ui.label(layer.output.to_string());
            ui.label(some(layer.parameters, format::count));
            ui.label(some(layer.multiply_adds, format::short));
            let [height, width] = layer.receptive_field.size;
            ui.label(format!("{height}×{width}"));
            ui.end_row();
        }
        let total = graph.total();
        ui.label(theme::strong("all"));
        ui.label("");
        ui.label(theme::strong(format::count(total.parameters)));
        ui.label(theme::strong(format::short(total.multiply_adds)));
        ui.end_row();
    });
}
