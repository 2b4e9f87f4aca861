//! What all runs have at the place of the pointer.

use egui::{Align2, FontId, Galley, LayerId, Order, Pos2, Rect, TextStyle, Ui, UiBuilder, vec2};
use std::sync::Arc;

use super::State;
use super::series::{Axis, Quantity, Series};
use crate::app::format;
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};

/// A line of the list: the mark of its run, the run's name, its values.
struct Line {
    mark: Option<usize>,
    name: String,
    values: String,
}

/// Step, epoch and time at the pointer, and below, where there are several runs, the values of each.
pub fn values_ui(ui: &mut Ui, state: &State, quantity: Quantity, rect: Rect, pointer: f32) {
    let Some(x) = state.hovered else { return };
    let Some(head) = head(state, x) else { return };
    let mut lines = vec![Line { mark: None, name: head, values: String::new() }];
    if state.runs.len() > 1 {
        lines.extend(state.runs.iter().filter_map(|run| {
            let series = state.series.get(&run.id).filter(|_| !state.is_hidden(run.id))?;
            let values = values(series, state.settings.axis, x, quantity)?;
            Some(Line { mark: Some(run.mark), name: run.name.clone(), values })
        }));
    }
    // Above all else: several runs take more lines than a low plot has room for.
    let layer = LayerId::new(Order::Tooltip, ui.scope_id().with("values at the pointer"));
    let screen = ui.ctx().content_rect();
    let mut above = ui.new_child(UiBuilder::new().layer_id(layer).max_rect(screen));
    above.set_clip_rect(screen);
    draw(&above, rect, pointer, &lines);
}

/// By the run in front, else by any that has come anywhere.
fn head(state: &State, x: f64) -> Option<String> {
    let any = state.series.values().find(|series| !series.is_empty());
    let series = if state.present().is_empty() { any? } else { state.present() };
    let i = series.nearest(state.settings.axis, x)?;
    let (epoch, time) = (series.x(Axis::Epoch, i), format::duration(series.x(Axis::Seconds, i)));
    let axis = state.settings.axis;
    let more = match axis {
        Axis::Pictures | Axis::MultiplyAdds => {
            format!(", {} {}", format::short(series.x(axis, i) as u64), axis.title())
        }
        Axis::Step | Axis::Epoch | Axis::Seconds => String::new(),
    };
    Some(format!("step {}, epoch {epoch:.2}, {time}{more}", format::count(i as u64 + 1)))
}

/// `train 12.3 %  test 14.0 %`; none where the run has not come so far.
fn values(series: &Series, axis: Axis, x: f64, quantity: Quantity) -> Option<String> {
    let i = series.nearest(axis, x)?;
    // A little beyond the end is still near it.
    let is_beyond = i + 1 == series.len() && x > 1.02 * series.x(axis, i) + 1.0;
    let text = |value: f64| match quantity {
        Quantity::Error => format::percent(value),
        Quantity::Loss => format::number(value),
    };
    let train = text(series.smooth(quantity).get(i).filter(|_| !is_beyond)? as f64);
    let test = series.tests.iter().rev().find(|test| series.x_of_test(axis, test) <= x);
    let test = test.map_or("–".into(), |test| text(quantity.of_test(test)));
    Some(format!("train {train:>7}  test {test:>7}"))
}

fn draw(ui: &Ui, rect: Rect, pointer: f32, lines: &[Line]) {
    let palette = Palette::of(ui);
    let (font, figures) = (TextStyle::Small.resolve(ui.style()), FontId::monospace(10.5));
    let laid =
        |text: &str, font: &FontId| ui.painter().layout_no_wrap(text.into(), font.clone(), palette.text);
    let laid: Vec<[Arc<Galley>; 2]> = lines
        .iter()
        .map(|line| {
            // The head has the width to itself.
            let name = if line.mark.is_some() { shortened(&line.name) } else { line.name.clone() };
            [laid(&name, &font), laid(&line.values, &figures)]
        })
        .collect();
    let swatch = if lines.len() > 1 { 26.0 } else { 0.0 };
    let names = laid[1..].iter().map(|[name, _]| name.size().x).fold(0.0, f32::max);
    let values = laid.iter().map(|[_, values]| values.size().x).fold(0.0, f32::max);
    let width = (swatch + names + 8.0 + values).max(laid[0][0].size().x);
    let height = 15.0 * lines.len() as f32;
    let left = if pointer < rect.center().x { pointer + 8.0 } else { pointer - 8.0 - width };
    let left = left.clamp(rect.left(), (rect.right() - width).max(rect.left()));
    let area = Rect::from_min_size(Pos2::new(left, rect.top() + 4.0), vec2(width, height));
    ui.painter().rect_filled(area.expand(4.0), theme::CORNER, palette.panel.gamma_multiply(0.92));
    for (i, (line, [name, values])) in lines.iter().zip(laid).enumerate() {
        let row = Rect::from_min_size(area.min + vec2(0.0, 15.0 * i as f32), vec2(width, 15.0));
        let indent = match line.mark {
            Some(own) => {
                mark::swatch(ui, Rect::from_min_size(row.min, vec2(20.0, 15.0)), own, false);
                swatch
            }
            None => 0.0,
        };
        ui.painter().galley(row.min + vec2(indent, 0.0), name, palette.text);
        let place = Align2::RIGHT_TOP.anchor_size(row.right_top(), values.size());
        ui.painter().galley(place.min, values, palette.text);
    }
}

/// A name as long as there is room for.
fn shortened(name: &str) -> String {
    const MOST: usize = 28;
    match name.chars().count() {
        0..=MOST => name.into(),
        _ => name.chars().take(MOST - 1).chain(['…']).collect(),
    }
}
