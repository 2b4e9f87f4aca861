//! Marks on the time axis: what was changed on the way, and where the loss was no number.

use egui::{Align2, Color32, FontId, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, vec2};
use egui_plot::PlotTransform;

use super::State;
use super::plot;
use super::series::Series;
use crate::app::format;
use crate::app::runs::mark;
use crate::app::theme::Palette;
use crate::train::changes::Changed;

/// Half the width of the place that can be pointed at.
const GRIP: f32 = 7.0;

/// All changes of one step of one run.
struct Mark<'a> {
    x: f32,
    colour: Color32,
    run: Option<&'a str>,
    changes: Vec<&'a Changed>,
}

/// Draws the marks on one plot. Those of the lowest have words, and tell more where they are pointed at.
pub fn marks_ui(ui: &mut Ui, state: &State, transform: &PlotTransform, is_last: bool) {
    let mut marks: Vec<Mark<'_>> = Vec::new();
    let own = plot::colours(ui, state).train;
    let is_one = state.runs.len() == 1;
    for run in state.runs.iter().filter(|run| !state.is_hidden(run.id)) {
        let Some(series) = state.series.get(&run.id) else { continue };
        let is_front = Some(run.id) == state.front;
        let colour = if is_front { own } else { mark::colour(ui, run.mark) };
        let name = (!is_one).then_some(&*run.name);
        marks.extend(marks_of(series, state, transform, colour, name));
        broken(ui, series, state, transform);
    }
    marks.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut free = f32::NEG_INFINITY;
    for (i, mark) in marks.iter().enumerate() {
        draw(ui, transform.frame(), mark);
        if is_last {
            free = words_ui(ui, transform.frame(), mark, free, i);
        }
    }
}

fn marks_of<'a>(
    series: &'a Series,
    state: &State,
    transform: &PlotTransform,
    colour: Color32,
    run: Option<&'a str>,
) -> Vec<Mark<'a>> {
    let mut marks: Vec<Mark<'a>> = Vec::new();
    for change in &series.changes {
        let x = on_screen(state, transform, series.x_of_change(state.settings.axis, change));
        match marks.last_mut() {
            Some(last) if last.changes.iter().all(|other| other.step == change.step) => {
                last.changes.push(change)
            }
            _ => marks.push(Mark { x, colour, run, changes: vec![change] }),
        }
    }
    let frame = transform.frame();
    marks.retain(|mark| frame.x_range().contains(mark.x));
    marks
}

fn on_screen(state: &State, transform: &PlotTransform, x: f64) -> f32 {
    let drawn = if state.settings.log_x { x.max(1e-12).log10() } else { x };
    transform.position_from_point_x(drawn)
}

/// A thin line up, and a triangle on the axis.
fn draw(ui: &Ui, frame: &Rect, mark: &Mark<'_>) {
    let painter = ui.painter().with_clip_rect(*frame);
    painter.vline(mark.x, frame.y_range(), Stroke::new(1.0, mark.colour.gamma_multiply(0.3)));
    let at = |x: f32, y: f32| Pos2::new(mark.x + x, frame.bottom() + y);
    let corners = vec![at(-4.5, 0.0), at(0.0, -7.0), at(4.5, 0.0)];
    painter.add(Shape::convex_polygon(corners, mark.colour, Stroke::NONE));
}

/// The words beside the triangle, where there is room from `free` on; gives up to where they reach.
fn words_ui(ui: &mut Ui, frame: &Rect, mark: &Mark<'_>, free: f32, i: usize) -> f32 {
    let grip = Rect::from_center_size(Pos2::new(mark.x, frame.bottom() - 5.0), vec2(2.0 * GRIP, 16.0));
    let response = ui.interact(grip, ui.scope_id().with(("change", i)), Sense::hover());
    let told = told(mark);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &told));
    response.on_hover_text(&told);
    let font = FontId::proportional(10.0);
    let galley = ui.painter().layout_no_wrap(short(mark), font, mark.colour);
    let left = mark.x + 6.0;
    if left < free || left + galley.size().x > frame.right() {
        return free;
    }
    let place = Align2::LEFT_BOTTOM.anchor_size(Pos2::new(left, frame.bottom() - 1.0), galley.size());
    let ground = Palette::of(ui).panel.gamma_multiply(0.8);
    ui.painter().rect_filled(place.expand(1.0), 2.0, ground);
    let end = place.right() + 6.0;
    ui.painter().galley(place.min, galley, mark.colour);
    end
}

/// `rate 0.05`, or `rate, batch`.
fn short(mark: &Mark<'_>) -> String {
    match mark.changes[..] {
        [change] => format!("{} {}", change.what, change.to),
        _ => mark.changes.iter().map(|change| &*change.what).collect::<Vec<_>>().join(", "),
    }
}

/// `Step 1,200, epoch 7.69: rate from 0.1 to 0.05`
fn told(mark: &Mark<'_>) -> String {
    let lines =
        mark.changes.iter().map(|change| format!("{} from {} to {}", change.what, change.from, change.to));
    let first = mark.changes.first();
    let (step, epoch) = first.map_or((0, 0.0), |change| (change.step, change.epoch));
    let run = mark.run.map_or(String::new(), |name| format!("{name}, "));
    format!("{run}step {}, epoch {epoch:.2}: {}", format::count(step), lines.collect::<Vec<_>>().join("; "))
}

/// Where the loss was no number: a band with crosses along the upper edge.
fn broken(ui: &Ui, series: &Series, state: &State, transform: &PlotTransform) {
    const MOST: usize = 200;
    let (frame, colour) = (transform.frame(), Palette::of(ui).danger);
    let painter = ui.painter().with_clip_rect(*frame);
    let axis = state.settings.axis;
    for [first, last] in series.broken.iter().take(MOST) {
        let at = |step: u64| on_screen(state, transform, series.x(axis, step as usize - 1));
        let (from, to) = (at(*first), at(*last));
        if to >= frame.left() && from <= frame.right() {
            let band = Rect::from_x_y_ranges(from - 0.5..=to + 0.5, frame.y_range());
            painter.rect_filled(band, 0.0, colour.gamma_multiply(0.18));
            let centre = Pos2::new(from.max(frame.left() + 5.0), frame.top() + 6.0);
            let stroke = Stroke::new(1.5, colour);
            painter.line_segment([centre + vec2(-3.0, -3.0), centre + vec2(3.0, 3.0)], stroke);
            painter.line_segment([centre + vec2(-3.0, 3.0), centre + vec2(3.0, -3.0)], stroke);
        }
    }
}
