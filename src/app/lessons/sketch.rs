//! A curve sketched on the empty plot by dragging over it, and later what happened drawn over it.

use egui::{Color32, Sense, Ui, vec2};
use egui_plot::{Line, LineStyle, Plot, PlotPoints, PlotUi, Points};

use super::calm;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::lessons::quantities::{Quantity, Unit};
use crate::session::RunSnapshot;
use crate::train::curves::StepRecord;

/// Points that a sketch has.
const N_POINTS: usize = 25;
const HEIGHT: f32 = 150.0;
/// A pen that has come over such a share of the width has come to its end.
const ENOUGH: f64 = 0.95;
/// Up to so many points each of them is marked.
const MOST_MARKED: usize = 30;

/// Whether the pen has been over the whole width.
pub fn is_whole(curve: &[[f64; 2]]) -> bool {
    curve.len() == N_POINTS
}

/// How high the plot is.
fn top(quantity: &Quantity) -> f64 {
    if quantity.kind.unit == Unit::Share { 1.0 } else { 3.0 }
}

fn plot<'a>(palette: &Palette, quantity: &Quantity, epochs: f64) -> Plot<'a> {
    let is_share = quantity.kind.unit == Unit::Share;
    calm(Plot::new(("sketch", quantity.to_string())), palette)
        .height(HEIGHT)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
        .default_x_bounds(0.0, epochs)
        // A little more, so that the number at the top is to be read.
        .default_y_bounds(0.0, 1.06 * top(quantity))
        .x_axis_label("epoch")
        .y_axis_formatter(move |mark, _| match is_share {
            true => format!("{:.0} %", 100.0 * mark.value),
            false => format!("{}", mark.value),
        })
}

/// The empty plot, to draw on; `curve` has a point for each place that the pen has been over, at equal distances.
pub fn sketch_ui(ui: &mut Ui, quantity: &Quantity, curve: &mut Vec<[f64; 2]>, epochs: f64) {
    let palette = Palette::of(ui);
    let shown = curve.clone();
    let response = plot(palette, quantity, epochs).sense(Sense::click_and_drag()).show(ui, |plot| {
        plot.line(Line::new("prediction", PlotPoints::from(shown)).color(palette.accent).width(2.0));
        plot.pointer_coordinate()
    });
    let name = format!("Sketch of the {}", quantity.kind.words);
    let area = widgets::named(response.response, &name);
    if let Some(at) = response.inner.filter(|_| area.dragged() || area.clicked()) {
        draw(curve, [at.x / epochs, (at.y / top(quantity)).clamp(0.0, 1.0) * top(quantity)], epochs);
    }
    ui.horizontal(|ui| {
        let hint = if curve.is_empty() {
            "Draw from the left edge to the right."
        } else {
            "Go on to the right edge."
        };
        if !is_whole(curve) {
            widgets::caption_ui(ui, hint);
        }
        if !curve.is_empty() && ui.small_button("Draw anew").clicked() {
            curve.clear();
        }
    });
}

/// Sets the point under the pen, and those that it has skipped on its way from the last one, on a straight line.
fn draw(curve: &mut Vec<[f64; 2]>, [share, value]: [f64; 2], epochs: f64) {
    let last = (N_POINTS - 1) as f64;
    // Nobody need hit the very edge.
    let place = if share > ENOUGH { N_POINTS - 1 } else { (share.max(0.0) * last).round() as usize };
    let x = |i: usize| epochs * i as f64 / last;
    if place < curve.len() {
        curve[place][1] = value;
        return;
    }
    let (from, start) = curve.last().map_or((0, value), |point| (curve.len(), point[1]));
    for i in from..=place {
        let part = (i - from + 1) as f64 / (place - from + 1) as f64;
        curve.push([x(i), (1.0 - part) * start + part * value]);
    }
}

/// What was predicted and what happened so far, in one plot.
pub fn compared_ui(ui: &mut Ui, quantity: &Quantity, predicted: &[[f64; 2]], run: Option<&RunSnapshot>) {
    let palette = Palette::of(ui);
    let happened = run.map(|run| curve_of(run, quantity.kind.name)).unwrap_or_default();
    let epochs = predicted.last().map_or(1.0, |point| point[0]);
    plot(palette, quantity, epochs).show(ui, |plot| {
        let guess = Line::new("your prediction", PlotPoints::from(predicted.to_vec())).color(palette.muted);
        plot.line(guess.style(LineStyle::dashed_loose()));
        plot.line(
            Line::new("what happened", PlotPoints::from(happened.clone())).color(palette.accent).width(2.0),
        );
        marks_ui(plot, &happened, palette.accent);
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::GAP, 0.0);
        ui.label(theme::caption(ui, "dashed: your prediction"));
        let text =
            if happened.is_empty() { "the curve appears as the run trains" } else { "solid: what happened" };
        ui.label(theme::caption(ui, text));
    });
}

/// Marks the points of a curve where they are few: of one alone there is no line.
pub fn marks_ui(plot: &mut PlotUi<'_>, points: &[[f64; 2]], colour: Color32) {
    if points.len() <= MOST_MARKED {
        plot.points(
            Points::new("", PlotPoints::from(points.to_vec())).color(colour).radius(2.5).allow_hover(false),
        );
    }
}

/// `(epoch, value)` of a run: one point an evaluation, or some hundred means over the steps.
pub fn curve_of(run: &RunSnapshot, kind: &str) -> Vec<[f64; 2]> {
    let tests = &run.curves.tests;
    match kind {
        "test-error" => tests.iter().map(|test| [test.epoch, test.error]).collect(),
        "test-loss" => tests.iter().map(|test| [test.epoch, test.loss]).collect(),
        _ => steps_of(run, kind, |record| record.epoch),
    }
}

/// Some hundred means over the steps, `(x, value)` with x the mean of what `place` gives.
pub fn steps_of(run: &RunSnapshot, kind: &str, place: fn(&StepRecord) -> f64) -> Vec<[f64; 2]> {
    let n = run.curves.len();
    let width = n.div_ceil(200).max((run.steps_per_epoch as usize / 10).max(1));
    let records: Vec<&StepRecord> = run.curves.from(0).collect();
    let value =
        |record: &StepRecord| f64::from(if kind == "train-error" { record.error } else { record.loss });
    let mean = |chunk: &[&StepRecord]| {
        let of = |what: &dyn Fn(&StepRecord) -> f64| {
            chunk.iter().map(|record| what(record)).sum::<f64>() / chunk.len() as f64
        };
        [of(&place), of(&value)]
    };
    records.chunks(width).map(mean).filter(|point| point[1].is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_pen_leaves_no_gap_and_can_mend_what_it_drew() {
        let mut curve = Vec::new();
        draw(&mut curve, [0.0, 0.9], 4.0);
        draw(&mut curve, [0.5, 0.5], 4.0);
        assert_eq!(curve.len(), 13);
        assert!(curve.is_sorted_by(|a, b| a[1] >= b[1]), "{curve:?}");
        draw(&mut curve, [1.0, 0.1], 4.0);
        assert!(is_whole(&curve) && curve[24] == [4.0, 0.1]);
        draw(&mut curve, [0.25, 0.2], 4.0);
        assert!(is_whole(&curve) && curve[6] == [1.0, 0.2]);
        let mut short = Vec::new();
        draw(&mut short, [0.9, 0.5], 4.0);
        assert!(!is_whole(&short));
        draw(&mut short, [0.96, 0.5], 4.0);
        assert!(is_whole(&short), "the edge itself need not be hit");
    }
}
