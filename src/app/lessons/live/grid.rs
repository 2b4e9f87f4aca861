//! What the runs of a grid came to, as a map: the last key that is varied from left to right, the others from top
//! to bottom. It fills while a check that asks after the grid is measured.

use egui::{Align2, Color32, Rect, Sense, Ui, pos2, vec2};

use super::super::trial;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::lessons::live::Live;
use crate::lessons::quantities::{KINDS, Measured, Unit};
use crate::lessons::{Lesson, Setup};

const ROW: f32 = 26.0;
/// Room for the values on the left.
const LABELS: f32 = 44.0;
const GAP: f32 = 2.0;

pub fn grid_ui(ui: &mut Ui, lesson: &Lesson, trial: &trial::State, live: &Live) {
    let shown = live.settings.text("show").unwrap_or("train-error");
    for setup in live.setups().filter_map(|name| lesson.setup(name)) {
        let number = |place| trial.number(&setup.name, shown, place);
        let n = setup.cells(crate::lessons::Form::Quick).len();
        let n_known = (0..n).filter(|&place| number(place).is_some()).count();
        let words = KINDS.iter().find(|kind| kind.name == shown).map_or(shown, |kind| kind.words);
        widgets::caption_ui(ui, &format!("{words} of {}, {n_known} of {n} runs measured", setup.name));
        map_ui(ui, setup, &number, unit(shown));
        widgets::caption_ui(ui, &axes(setup));
        ui.add_space(theme::GAP);
    }
}

fn unit(kind: &str) -> Unit {
    KINDS.iter().find(|known| known.name == kind).map_or(Unit::Plain, |known| known.unit)
}

fn map_ui<'a>(ui: &mut Ui, setup: &Setup, number: &dyn Fn(usize) -> Option<&'a Measured>, unit: Unit) {
    let Some((across, down)) = setup.axes.split_last() else { return };
    let n_columns = across.values.len();
    let cells = setup.cells(crate::lessons::Form::Quick);
    let n_rows = cells.len() / n_columns.max(1);
    let palette = Palette::of(ui);
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, (n_rows + 1) as f32 * ROW), Sense::hover());
    let cell = (width - LABELS) / n_columns as f32;
    let place = |row: usize, column: usize| {
        let min = pos2(rect.left() + LABELS + column as f32 * cell, rect.top() + row as f32 * ROW);
        Rect::from_min_size(min, vec2(cell - GAP, ROW - GAP))
    };
    let font = egui::TextStyle::Small.resolve(ui.style());
    let text = |at, align, text: &str, colour| {
        ui.painter().text(at, align, text, font.clone(), colour);
    };
    for row in 0..n_rows {
        let values: Vec<&str> =
            cells[row * n_columns].values[..down.len()].iter().map(String::as_str).collect();
        let at = pos2(rect.left() + LABELS - 6.0, place(row, 0).center().y);
        text(at, Align2::RIGHT_CENTER, &values.join(" "), palette.muted);
        for column in 0..n_columns {
            let (own, found) = (place(row, column), number(row * n_columns + column));
            let (fill, ink) = colours(ui, found, unit);
            ui.painter().rect_filled(own, theme::CORNER, fill);
            let shown = match found {
                Some(Ok(found)) => unit.text(*found),
                Some(Err(_)) => "–".into(),
                None => String::new(),
            };
            text(own.center(), Align2::CENTER_CENTER, &short(&shown), ink);
            let id = ui.scope_id().with(("cell", &setup.name, row, column));
            let response = ui.interact(own, id, Sense::hover());
            let settings = format!("{} {}", across.key, across.values[column]);
            let name = format!("{} {}: {settings}", setup.name, values.join(" "));
            widgets::named(response, &name).on_hover_ui(|ui| {
                for (axis, value) in setup.axes.iter().zip(&cells[row * n_columns + column].values) {
                    ui.label(format!("{} = {value}", axis.key));
                }
                ui.label(if shown.is_empty() { "not measured yet" } else { &shown });
            });
        }
    }
    for (column, value) in across.values.iter().enumerate() {
        let at = place(n_rows, column).center();
        text(at, Align2::CENTER_CENTER, value, palette.muted);
    }
}

/// What the axes are: "across: rate, down: initialisation.scale".
fn axes(setup: &Setup) -> String {
    let own = |key: &str| key.strip_prefix("train.").unwrap_or(key).to_string();
    let Some((across, down)) = setup.axes.split_last() else { return String::new() };
    let down: Vec<String> = down.iter().map(|axis| own(&axis.key)).collect();
    match down.is_empty() {
        true => format!("across: {}", own(&across.key)),
        false => format!("across: {}, down: {}", own(&across.key), down.join(" and ")),
    }
}

/// Without what does not fit into a cell: "75.3 %" is "75 %".
fn short(text: &str) -> String {
    match text.strip_suffix(" %").and_then(|number| number.parse::<f64>().ok()) {
        Some(percent) => format!("{percent:.0} %"),
        None if text == "no number" => "NaN".into(),
        None => text.into(),
    }
}

/// Of a cell and of the text in it: the lower the number, the stronger the colour.
fn colours(ui: &Ui, found: Option<&Measured>, unit: Unit) -> (Color32, Color32) {
    let palette = Palette::of(ui);
    match found {
        Some(Ok(number)) if number.is_finite() => {
            let share = if unit == Unit::Share { 1.0 - number.clamp(0.0, 1.0) as f32 } else { 0.5 };
            // 90 % of wrong answers is guessing: from there the colour begins.
            let strength = ((share - 0.1) / 0.9).clamp(0.0, 1.0).sqrt();
            let fill = palette.background.lerp_to_gamma(palette.accent, strength);
            (fill, if strength > 0.55 { palette.on_accent } else { palette.text })
        }
        Some(_) => (palette.danger_area, palette.danger),
        None => (palette.background, palette.muted),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_cell_holds_whole_per_cents() {
        for (text, expected) in [("75.3 %", "75 %"), ("no number", "NaN"), ("–", "–"), ("1.23", "1.23")] {
            assert_eq!(short(text), expected);
        }
    }
}
