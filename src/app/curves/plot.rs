//! One plot: the curves of a quantity with their values above.

use egui::{
    Align2, Color32, Id, Pos2, Rect, RichText, Role, Sense, Stroke, TextStyle, Ui, Vec2, WidgetInfo, vec2,
};
use egui_plot::{GridMark, Line, LineStyle, MarkerShape, Plot, PlotPoints, PlotUi, Points, VLine};

use super::lines::View;
use super::series::{Axis, Quantity, Series};
use super::{Settings, State};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::session::Activity;

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
    legend_ui(ui, state, quantity);
    let height = size.y - (ui.cursor().top() - top) - theme::SMALL_GAP;
    let view = view(state, size.x, state.settings.log_y);
    let factor = if quantity == Quantity::Error { 100.0 } else { 1.0 };
    let (present, previous, settings) = (&state.present, &state.previous, state.settings);
    let raw = view.points(present, present.raw(quantity), factor);
    let smooth = view.points(present, present.smooth(quantity), factor);
    let tests = view.tests(present, quantity, factor);
    let (before, before_tests) = match settings.with_previous {
        true => {
            (view.points(previous, previous.smooth(quantity), factor), view.tests(previous, quantity, factor))
        }
        false => (Vec::new(), Vec::new()),
    };
    let palette = Palette::of(ui);
    let hovered = state.hovered;
    let mut plot = base(quantity.title(), settings, is_last, vec2(size.x, height));
    if !settings.log_y {
        plot = plot.include_y(0.0);
    }
    let response = plot.show(ui, |plot_ui| {
        line(plot_ui, "run before", &before, palette.previous, 1.0);
        dashed(plot_ui, "test of the run before", &before_tests, palette.previous);
        line(plot_ui, "train, each step", &raw, palette.train.gamma_multiply(0.3), 1.0);
        line(plot_ui, "train", &smooth, palette.train, 2.0);
        dashed(plot_ui, "test", &tests, palette.test);
        points(plot_ui, &tests, palette.test);
        if let Some(x) = hovered {
            plot_ui.vline(
                VLine::new("pointer", view.x(x)).color(palette.strong_border).width(1.0).allow_hover(false),
            );
        }
    });
    let title = quantity.title();
    response.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("{title} curve")));
    if present.is_empty() {
        empty_ui(ui, desk, response.response.rect);
    }
    remember_view(state, &response.transform);
    hovered_x(&response.response, &response.transform, settings.log_x)
}

/// The learning rate over the same axis.
pub fn rate_ui(ui: &mut Ui, state: &mut State, size: Vec2) -> Option<f64> {
    let last = state
        .hovered
        .and_then(|x| state.present.nearest(state.settings.axis, x))
        .or(state.present.len().checked_sub(1));
    let rate = last.and_then(|i| state.present.rates().get(i));
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.label(theme::strong("Rate"));
        sample_ui(ui, palette.rate, false);
        value_ui(ui, "η", rate.map(|rate| format::setting(rate)));
    });
    let view = view(state, size.x, false);
    let rates = view.points(&state.present, state.present.rates(), 1.0);
    let settings = state.settings;
    let response =
        base("Rate", settings, true, vec2(size.x, size.y - theme::ROW)).include_y(0.0).show(ui, |plot_ui| {
            line(plot_ui, "rate", &rates, palette.rate, 1.5);
        });
    response.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Rate curve"));
    hovered_x(&response.response, &response.transform, settings.log_x)
}

fn base<'a>(name: &'static str, settings: Settings, is_last: bool, size: Vec2) -> Plot<'a> {
    let group = Id::unique(("curves", settings.axis as u8, settings.log_x));
    let log_y = settings.log_y && name != "Rate";
    Plot::new((name, settings.axis as u8, settings.log_x, log_y))
        .width(size.x)
        .height(size.y.max(48.0))
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .allow_scroll(false)
        .allow_boxed_zoom(true)
        .set_margin_fraction(vec2(0.01, 0.06))
        .link_axis(group, [true, false])
        .grid_spacing(24.0..=120.0)
        .show_axes([is_last, true])
        .y_axis_min_width(40.0)
        .label_formatter(|_| None)
        .x_axis_formatter(move |mark, _| axis_text(mark, settings.log_x))
        .y_axis_formatter(move |mark, _| match (name, log_y) {
            ("Error", false) => format!("{} %", trimmed(mark.value)),
            (_, log) => axis_text(mark, log),
        })
}

fn axis_text(mark: GridMark, is_log: bool) -> String {
    let value = if is_log { 10f64.powf(mark.value) } else { mark.value };
    match value.abs() {
        a if a >= 10_000.0 => format!("{} k", trimmed(value / 1000.0)),
        a if a < 1e-3 && a > 0.0 => format!("{value:.0e}"),
        _ => trimmed(value),
    }
}

/// At most three decimals, and none that are zero.
fn trimmed(x: f64) -> String {
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn line<'a>(
    plot: &mut PlotUi<'a>,
    name: &str,
    points: &'a [egui_plot::PlotPoint],
    colour: Color32,
    width: f32,
) {
    if !points.is_empty() {
        plot.line(
            Line::new(name, PlotPoints::Borrowed(points)).color(colour).width(width).allow_hover(false),
        );
    }
}

fn dashed<'a>(plot: &mut PlotUi<'a>, name: &str, points: &'a [egui_plot::PlotPoint], colour: Color32) {
    if !points.is_empty() {
        let style = LineStyle::Dashed { length: 6.0 };
        plot.line(
            Line::new(name, PlotPoints::Borrowed(points))
                .color(colour)
                .width(1.5)
                .style(style)
                .allow_hover(false),
        );
    }
}

fn points<'a>(plot: &mut PlotUi<'a>, points: &'a [egui_plot::PlotPoint], colour: Color32) {
    let shape = Points::new("test", PlotPoints::Borrowed(points))
        .shape(MarkerShape::Diamond)
        .radius(4.0)
        .color(colour);
    plot.points(shape.allow_hover(false));
}

/// What is seen, as far as it is known from the last frame.
fn view(state: &State, width: f32, log_y: bool) -> View {
    let Settings { axis, log_x, .. } = state.settings;
    let (from, to) = state.seen.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    View { axis, from, to, columns: width.max(64.0) as usize, log_x, log_y }
}

fn remember_view(state: &mut State, transform: &egui_plot::PlotTransform) {
    let bounds = transform.bounds();
    let unlog = |x: f64| if state.settings.log_x { 10f64.powf(x) } else { x };
    let (from, to) = (unlog(bounds.min()[0]), unlog(bounds.max()[0]));
    // All that is beyond the newest record will be seen as soon as it comes.
    let end =
        state.present.len().checked_sub(1).map_or(0.0, |last| state.present.x(state.settings.axis, last));
    state.seen = Some((from, if to >= end { f64::INFINITY } else { to }));
}

fn hovered_x(response: &egui::Response, transform: &egui_plot::PlotTransform, log_x: bool) -> Option<f64> {
    let x = transform.value_from_position(response.hover_pos()?).x;
    Some(if log_x { 10f64.powf(x) } else { x })
}

/// The names of the curves with their values: at the pointer, else the latest.
fn legend_ui(ui: &mut Ui, state: &State, quantity: Quantity) {
    let (palette, axis, series) = (Palette::of(ui), state.settings.axis, &state.present);
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
        sample_ui(ui, palette.train, false);
        value_ui(ui, "train", train);
        sample_ui(ui, palette.test, true);
        value_ui(ui, "test", test);
        if let (Some(i), Some(raw)) = (at, raw) {
            let text = format!(
                "this batch {raw}, step {}, epoch {:.2}",
                format::count(i as u64 + 1),
                series.x(Axis::Epoch, i)
            );
            ui.add(egui::Label::new(theme::caption(ui, text)).truncate());
        }
    });
}

/// The last evaluation, or the last before the pointer.
fn test_at(series: &Series, axis: Axis, x: Option<f64>) -> Option<&crate::train::curves::TestRecord> {
    match x {
        Some(x) => series.tests.iter().rev().find(|test| axis.of_test(test) <= x),
        None => series.tests.last(),
    }
}

fn value_ui(ui: &mut Ui, name: &str, value: Option<String>) {
    widgets::caption_ui(ui, name);
    let text = value.unwrap_or_else(|| "–".into());
    let size = vec2(64.0, 18.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let font = TextStyle::Monospace.resolve(ui.style());
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, &text, font, Palette::of(ui).text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {text}")));
}

/// A piece of a curve as it is drawn in the plot: whole, or dashed with its mark.
fn sample_ui(ui: &mut Ui, colour: Color32, is_test: bool) {
    let (rect, _) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
    let ends = [rect.left_center(), rect.right_center()];
    if is_test {
        ui.painter().extend(egui::Shape::dashed_line(&ends, Stroke::new(1.5, colour), 5.0, 3.0));
        diamond(ui, rect.center(), colour);
    } else {
        ui.painter().line_segment(ends, Stroke::new(2.0, colour));
    }
}

fn diamond(ui: &Ui, centre: Pos2, colour: Color32) {
    let corners =
        [vec2(0.0, -4.0), vec2(4.0, 0.0), vec2(0.0, 4.0), vec2(-4.0, 0.0)].map(|offset| centre + offset);
    ui.painter().add(egui::Shape::convex_polygon(corners.into(), colour, Stroke::NONE));
}

/// What is said where there are no curves yet.
fn empty_ui(ui: &Ui, desk: &Desk<'_>, rect: Rect) {
    let text = match (desk.snapshot.activity, desk.obstacle()) {
        (Activity::Preparing, _) => "Preparing…".to_string(),
        (_, Some(_)) => "The network cannot be trained as it stands.".into(),
        (_, None) => "Press Space to train".into(),
    };
    let text = RichText::new(text).color(Palette::of(ui).muted);
    let galley = egui::WidgetText::from(text).into_galley(ui, None, rect.width(), TextStyle::Body);
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, Palette::of(ui).muted);
}
