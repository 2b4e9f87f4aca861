//! Above a plot: the names of the curves of the run in front, with their values.

use egui::{Align, Align2, Color32, Layout, Pos2, Role, Sense, Stroke, TextStyle, Ui, WidgetInfo, vec2};

use super::State;
use super::plot::colours;
use super::series::{Axis, Quantity, Series};
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};

/// What the name of a mean takes.
const BAND_WIDTH: f32 = 100.0;

/// The names of the curves with their values: at the pointer, else the latest.
pub fn legend_ui(ui: &mut Ui, state: &State, quantity: Quantity) {
    let (colours, axis, series) = (colours(ui, state), state.settings.axis, state.present());
    let text = |value: f64| match quantity {
        Quantity::Error => format::percent(value),
        Quantity::Loss => format::number(value),
    };
    let at = state.hovered.and_then(|x| series.nearest(axis, x));
    let index = at.or(series.len().checked_sub(1));
    let train = index.and_then(|i| series.smooth(quantity).get(i)).map(|value| text(value as f64));
    let raw = at.and_then(|i| series.raw(quantity).get(i)).map(|value| text(value as f64));
    let test = test_at(series, axis, state.hovered).map(|test| text(quantity.of_test(test)));
    ui.horizontal(|ui| {
        ui.set_min_height(20.0);
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        ui.label(theme::strong(quantity.title()));
        ui.add_space(theme::SMALL_GAP);
        sample_ui(ui, colours.train, state.thickness, false);
        value_ui(ui, "train", train);
        sample_ui(ui, colours.test, state.thickness, true);
        value_ui(ui, "test", test);
        if let Some(raw) = raw {
            ui.add(egui::Label::new(theme::caption(ui, format!("this batch {raw}"))).truncate());
        }
        bands_ui(ui, state);
    });
}

/// Which lines are means, of how many runs, on the right where there is room.
fn bands_ui(ui: &mut Ui, state: &State) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        for (mark, runs) in state.together().iter().rev() {
            let text = format!("mean of {}", runs.len());
            if ui.available_width() < BAND_WIDTH {
                return;
            }
            let help =
                "The thick line is the mean of these runs, the area reaches from the least to the largest.";
            widgets::caption_ui(ui, &text).on_hover_text(help);
            let (rect, _) = ui.allocate_exact_size(vec2(18.0, 12.0), Sense::hover());
            let colour = mark::colour(ui, *mark);
            ui.painter().rect_filled(rect, 0.0, colour.gamma_multiply(0.18));
            let stroke = Stroke::new(2.5 * state.thickness, colour);
            ui.painter().line_segment([rect.left_center(), rect.right_center()], stroke);
            ui.add_space(theme::SMALL_GAP);
        }
    });
}

/// The last evaluation, or the last before the pointer.
fn test_at(series: &Series, axis: Axis, x: Option<f64>) -> Option<&crate::train::curves::TestRecord> {
    match x {
        Some(x) => series.tests.iter().rev().find(|test| series.x_of_test(axis, test) <= x),
        None => series.tests.last(),
    }
}

pub fn value_ui(ui: &mut Ui, name: &str, value: Option<String>) {
    widgets::caption_ui(ui, name);
    let text = value.unwrap_or_else(|| "–".into());
    let size = vec2(64.0, 18.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let font = TextStyle::Monospace.resolve(ui.style());
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, &text, font, Palette::of(ui).text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {text}")));
}

/// A piece of a curve as it is drawn in the plot: whole, or dashed with its mark.
pub fn sample_ui(ui: &mut Ui, colour: Color32, thickness: f32, is_test: bool) {
    let (rect, _) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
    let ends = [rect.left_center(), rect.right_center()];
    if is_test {
        ui.painter().extend(egui::Shape::dashed_line(&ends, Stroke::new(1.5 * thickness, colour), 5.0, 3.0));
        diamond(ui, rect.center(), colour);
    } else {
        ui.painter().line_segment(ends, Stroke::new(2.0 * thickness, colour));
    }
}

fn diamond(ui: &Ui, centre: Pos2, colour: Color32) {
    let corners =
        [vec2(0.0, -4.0), vec2(4.0, 0.0), vec2(0.0, 4.0), vec2(-4.0, 0.0)].map(|offset| centre + offset);
    ui.painter().add(egui::Shape::convex_polygon(corners.into(), colour, Stroke::NONE));
}
