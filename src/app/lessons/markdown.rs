//! Text with formulas. Those on a line of their own are centred, those within a line stand in it.

use egui::Ui;
use egui_commonmark::{CommonMarkCache, CommonMarkViewer};

use crate::app::formula::{Setting, formula_ui};
use crate::app::theme::{self, Palette};

/// Draws a text. What is between double dollars on lines of its own is taken out first.
pub fn markdown_ui(ui: &mut Ui, cache: &mut CommonMarkCache, text: &str) {
    for (i, part) in text.split("$$").enumerate() {
        match i % 2 {
            0 => {
                if !part.trim().is_empty() {
                    prose_ui(ui, cache, part);
                }
            }
            _ => {
                ui.add_space(theme::SMALL_GAP);
                ui.vertical_centered(|ui| formula_ui(ui, part.trim(), Setting::Display));
                ui.add_space(theme::GAP);
            }
        }
    }
}

fn prose_ui(ui: &mut Ui, cache: &mut CommonMarkCache, text: &str) {
    let math = |ui: &mut Ui, latex: &str, is_inline: bool| {
        let setting = if is_inline { Setting::Inline } else { Setting::Display };
        formula_ui(ui, latex, setting);
    };
    let width = ui.available_width() as usize;
    ui.scope(|ui| {
        // What is bold has no face of its own there, only the colour of what is active.
        ui.visuals_mut().widgets.active.fg_stroke.color = Palette::of(ui).accent;
        CommonMarkViewer::new().default_width(Some(width)).render_math_fn(Some(&math)).show(ui, cache, text);
    });
}
