//! One plot: the curves of a quantity with their values above.

use egui::{Align2, Color32, Role, Sense, Stroke, TextStyle, Ui, Vec2, WidgetInfo, vec2};
use egui_plot::{
    Line, LineStyle, MarkerShape, PlotBounds, PlotPoint, PlotPoints, PlotTransform, PlotUi, Points, VLine,
};

use super::drawing::Drawing;
use super::lines::View;
use super::series::Quantity;
use super::{State, axes, hover, legend, marks, range};
use crate::app::bridge::Desk;
use crate::app::format;
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};
use crate::session::Activity;

/// Evaluations are marked one by one up to so many.
pub(super) const MOST_MARKS: usize = 60;

/// Points of the screen that a dash is long, at least; the gap behind it is shorter by the golden section.
const DASH: f32 = 6.0;
const LONGEST_DASH: f32 = 60.0;

/// Lengths of a dash in a curve, about: each dash is a shape of its own.
const MOST_DASHES: f32 = 250.0;

/// The place of the rate among the plots that can be zoomed into.
const RATE: usize = 2;

/// Error and loss; where the pointer is on the horizontal axis, if it is on this plot.
pub fn quantity_ui(
    ui: &mut Ui,
    desk: &Desk<'_>,
    state: &mut State,
    quantity: Quantity,
    size: Vec2,
    is_last: bool,
) -> Option<f64> {
    let top = ui.cursor().top();
    legend::legend_ui(ui, state, quantity);
    let height = size.y - (ui.cursor().top() - top) - theme::SMALL_GAP;
    if is_empty(state) {
        let is_first = quantity == Quantity::Error || state.settings.shown == super::Shown::Loss;
        empty_ui(ui, desk, vec2(size.x, height), is_first);
        return None;
    }
    let (settings, hovered) = (state.settings, state.hovered);
    let view = view(state, size.x, settings.log_y);
    let drawing = Drawing::new(ui, state, &view, quantity);
    let y =
        state.y_drawn(quantity as usize, settings.log_y, drawing.heights(), drawing.beginnings(), Some(0.0));
    let bounds = bounds(state.x_drawn(), y);
    let pointer = hovered.map(|x| (view.x(x), Palette::of(ui).strong_border));
    let plot = axes::plot(ui, quantity.title(), settings, is_last, vec2(size.x, height));
    let response = plot.show(ui, |plot_ui| {
        plot_ui.set_plot_bounds(bounds);
        drawing.draw(plot_ui);
        pointer_line(plot_ui, pointer);
    });
    let title = quantity.title();
    response.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("{title} curve")));
    marks::marks_ui(ui, state, &response.transform, is_last);
    let here = hovered_x(&response.response, &response.transform, settings.log_x);
    if let (Some(_), Some(pointer)) = (here, response.response.hover_pos())
        && state.drag.is_none()
    {
        hover::values_ui(ui, state, quantity, response.response.rect, pointer.x);
    }
    range::zoom_ui(ui, state, quantity as usize, &response.response, &response.transform, settings.log_y);
    here
}

fn bounds(x: [f64; 2], y: [f64; 2]) -> PlotBounds {
    let wide =
        |[from, to]: [f64; 2]| if to > from { [from, to] } else { [from, from + 1e-6 + from.abs() * 1e-6] };
    let (x, y) = (wide(x), wide(y));
    PlotBounds::from_min_max([x[0], y[0]], [x[1], y[1]])
}

fn pointer_line(plot: &mut PlotUi<'_>, pointer: Option<(f64, Color32)>) {
    if let Some((x, colour)) = pointer.filter(|(x, _)| x.is_finite()) {
        plot.vline(VLine::new("pointer", x).color(colour).width(1.0).allow_hover(false));
    }
}

/// How the run in front is drawn: alone by what is measured, among others by its own colour and marker.
pub(super) struct Colours {
    pub train: Color32,
    pub test: Color32,
    pub shape: MarkerShape,
}

pub(super) fn colours(ui: &Ui, state: &State) -> Colours {
    let palette = Palette::of(ui);
    match state.front_mark() {
        Some(own) => {
            let colour = mark::colour(ui, own);
            Colours { train: colour, test: colour, shape: mark::shape(own) }
        }
        None => Colours { train: palette.train, test: palette.test, shape: MarkerShape::Diamond },
    }
}

fn is_empty(state: &State) -> bool {
    state.shown().all(|series| series.is_empty())
}

/// The learning rate over the same axis.
pub fn rate_ui(ui: &mut Ui, state: &mut State, size: Vec2) -> Option<f64> {
    let last = state
        .hovered
        .and_then(|x| state.present().nearest(state.settings.axis, x))
        .or(state.present().len().checked_sub(1));
    let rate = last.and_then(|i| state.present().rates().get(i));
    let palette = Palette::of(ui);
    let top = ui.cursor().top();
    ui.horizontal(|ui| {
        ui.label(theme::strong("Rate"));
        legend::sample_ui(ui, palette.rate, state.thickness, false);
        legend::value_ui(ui, "η", rate.map(format::setting));
    });
    let view = view(state, size.x, false);
    let rates = view.points(state.present(), state.present().rates(), 1.0);
    let others: Vec<_> = state
        .beside()
        .map(|(run, series)| (mark::colour(ui, run.mark), view.points(series, series.rates(), 1.0)))
        .collect();
    let (settings, pointer) = (state.settings, state.hovered.map(|x| (view.x(x), palette.strong_border)));
    let heights = rates.iter().chain(others.iter().flat_map(|(_, points)| points)).map(|point| point.y);
    let bounds = bounds(state.x_drawn(), state.y_drawn(RATE, false, heights, std::iter::empty(), Some(0.0)));
    let height = size.y - (ui.cursor().top() - top) - theme::SMALL_GAP;
    let plot = axes::plot(ui, "Rate", settings, true, vec2(size.x, height));
    let response = plot.show(ui, |plot_ui| {
        plot_ui.set_plot_bounds(bounds);
        for (colour, rates) in &others {
            line(plot_ui, "rate of another run", rates, *colour, state.thickness);
        }
        line(plot_ui, "rate", &rates, palette.rate, 1.5 * state.thickness);
        pointer_line(plot_ui, pointer);
    });
    response.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Rate curve"));
    marks::marks_ui(ui, state, &response.transform, true);
    range::zoom_ui(ui, state, RATE, &response.response, &response.transform, false);
    hovered_x(&response.response, &response.transform, settings.log_x)
}

/// What part of the plane is seen.
fn view(state: &State, width: f32, log_y: bool) -> View {
    let [from, to] = state.x_range();
    View {
        axis: state.settings.axis,
        from,
        to,
        columns: width.max(64.0) as usize,
        log_x: state.settings.log_x,
        log_y,
    }
}

fn hovered_x(response: &egui::Response, transform: &PlotTransform, log_x: bool) -> Option<f64> {
    let x = transform.value_from_position(response.hover_pos()?).x;
    Some(if log_x { 10f64.powf(x) } else { x })
}

pub(super) fn line<'a>(
    plot: &mut PlotUi<'a>,
    name: &str,
    points: &'a [PlotPoint],
    colour: Color32,
    width: f32,
) {
    if !points.is_empty() {
        plot.line(
            Line::new(name, PlotPoints::Borrowed(points)).color(colour).width(width).allow_hover(false),
        );
    }
}

pub(super) fn dashed<'a>(
    plot: &mut PlotUi<'a>,
    name: &str,
    points: &'a [PlotPoint],
    colour: Color32,
    width: f32,
) {
    if !points.is_empty() {
        let style = LineStyle::Dashed { length: dash(plot, points) };
        plot.line(
            Line::new(name, PlotPoints::Borrowed(points))
                .color(colour)
                .width(width)
                .style(style)
                .allow_hover(false),
        );
    }
}

/// How long each dash is on the screen: longer where a curve that goes up and down all the time would have very many.
fn dash(plot: &PlotUi<'_>, points: &[PlotPoint]) -> f32 {
    let [x, y] = plot.transform().dpos_dvalue().map(f64::abs);
    let path = |pair: &[PlotPoint]| (x * (pair[1].x - pair[0].x)).hypot(y * (pair[1].y - pair[0].y));
    let path: f64 = points.windows(2).map(path).sum();
    match path as f32 / MOST_DASHES {
        length if length > DASH => length.min(LONGEST_DASH),
        // Or no number, before the plot has its place.
        _ => DASH,
    }
}

pub(super) fn points<'a>(
    plot: &mut PlotUi<'a>,
    points: &'a [PlotPoint],
    shape: MarkerShape,
    colour: Color32,
) {
    let shape = Points::new("test", PlotPoints::Borrowed(points)).shape(shape).radius(4.0).color(colour);
    plot.points(shape.allow_hover(false));
}

/// What is drawn where there are no curves yet.
fn empty_ui(ui: &mut Ui, desk: &Desk<'_>, size: Vec2, is_first: bool) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let stroke = Stroke::new(1.0, palette.border);
    ui.painter().rect(rect, theme::CORNER, palette.background, stroke, egui::StrokeKind::Inside);
    let text = match (desk.snapshot.activity(), desk.obstacle()) {
        // Once is enough where both are shown.
        _ if !is_first => String::new(),
        (Activity::Preparing, _) => "Preparing…".to_string(),
        (_, Some(_)) => "The network cannot be trained as it stands.".into(),
        (_, None) => "Press Space to train".into(),
    };
    let font = TextStyle::Body.resolve(ui.style());
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, &text, font, palette.muted);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
}
