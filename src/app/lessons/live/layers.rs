//! The account of a net: what each layer gives, holds and costs.

use egui::{Grid, Ui};

use crate::app::bridge::Desk;
use crate::app::theme;
use crate::app::{format, widgets};
use crate::lessons::bench;
use crate::lessons::live::Live;
use crate::lessons::{Lesson, own};

/// How high the table is before it scrolls.
const HEIGHT: f32 = 280.0;

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
    let total = graph.total();
    egui::ScrollArea::both()
        .id_salt(("layers", name))
        .max_height(HEIGHT)
        .min_scrolled_height(HEIGHT)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            Grid::new(("layers of", name)).striped(true).num_columns(5).spacing([10.0, 2.0]).show(ui, |ui| {
                for head in ["layer", "output", "parameters", "multiply-adds", "sees"] {
                    widgets::caption_ui(ui, head);
                }
                ui.end_row();
                for layer in &graph.layers {
                    ui.label(layer.kind).on_hover_text(&layer.path);
                    ui.label(layer.output.to_string());
                    ui.label(if layer.parameters > 0 {
                        format::count(layer.parameters)
                    } else {
                        String::new()
                    });
                    ui.label(if layer.multiply_adds > 0 {
                        format::short(layer.multiply_adds)
                    } else {
                        String::new()
                    });
                    let [height, width] = layer.receptive_field.size;
                    ui.label(format!("{height}×{width}"));
                    ui.end_row();
                }
                ui.label(theme::strong("all"));
                ui.label("");
                ui.label(theme::strong(format::count(total.parameters)));
                ui.label(theme::strong(format::short(total.multiply_adds)));
                ui.end_row();
            });
        });
}
