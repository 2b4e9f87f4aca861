//! One plot: the curves of a quantity with their values above.

use egui::{Align2, Color32, Id, Pos2, Role, Sense, Stroke, TextStyle, Ui, Vec2, WidgetInfo, vec2};
use egui_plot::{
    AxisHints, GridInput, GridMark, Line, LineStyle, MarkerShape, Plot, PlotPoints, PlotUi, Points, VLine,
};

use super::families::Band;
use super::hover;
use super::lines::View;
use super::others::Other;
use super::series::{Axis, Quantity, Series};
use super::{Settings, State};
use crate::app::bridge::Desk;
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::session::Activity;

/// Evaluations are marked one by one up to so many.
pub(super) const MOST_MARKS: usize = 60;

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
    if is_empty(state) {
        let is_first = quantity == Quantity::Error || state.settings.shown == super::Shown::Loss;
        empty_ui(ui, desk, vec2(size.x, height), is_first);
        return None;
    }
    let view = view(state, size.x, state.settings.log_y);
    let factor = if quantity == Quantity::Error { 100.0 } else { 1.0 };
    let (present, previous, settings) = (state.present(), &state.previous, state.settings);
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
    let colours = colours(ui, state);
    let others: Vec<Other> =
        state.beside().map(|(run, series)| Other::new(ui, &view, run, series, quantity, factor)).collect();
    let bands: Vec<Band> = state
        .together()
        .iter()
        .map(|(mark, all)| Band::new(ui, &view, *mark, all, quantity, factor))
        .collect();
    let hovered = state.hovered;
    let mut plot = base(ui, quantity.title(), settings, is_last, vec2(size.x, height));
    if !settings.log_y {
        plot = plot.include_y(0.0);
    }
    let response = plot.show(ui, |plot_ui| {
        line(plot_ui, "run before", &before, palette.previous, 1.0);
        dashed(plot_ui, "test of the run before", &before_tests, palette.previous);
        bands.iter().for_each(|band| band.draw(plot_ui));
        others.iter().for_each(|other| other.draw(plot_ui));
        line(plot_ui, "train, each step", &raw, colours.train.gamma_multiply(0.3), 1.0);
        line(plot_ui, "train", &smooth, colours.train, if others.is_empty() { 2.0 } else { 2.5 });
        dashed(plot_ui, "test", &tests, colours.test);
        if tests.len() <= MOST_MARKS {
            points(plot_ui, &tests, colours.shape, colours.test);
        }
        if let Some(x) = hovered {
            plot_ui.vline(
                VLine::new("pointer", view.x(x)).color(palette.strong_border).width(1.0).allow_hover(false),
            );
        }
    });
    let title = quantity.title();
    response.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("{title} curve")));
    let here = hovered_x(&response.response, &response.transform, settings.log_x);
    if let (Some(_), Some(pointer)) = (here, response.response.hover_pos()) {
        hover::values_ui(ui, state, quantity, response.response.rect, pointer.x);
    }
    remember_view(state, &response.transform);
    here
}

/// How the run in front is drawn: alone by what is measured, among others by its own colour and marker.
struct Colours {
    train: Color32,
    test: Color32,
    shape: MarkerShape,
}

fn colours(ui: &Ui, state: &State) -> Colours {
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
    let has_previous = !state.previous.is_empty() && state.settings.with_previous;
    state.present().is_empty() && !has_previous && state.beside().next().is_none()
}

/// The learning rate over the same axis.
pub fn rate_ui(ui: &mut Ui, state: &mut State, size: Vec2) -> Option<f64> {
    let last = state
        .hovered
        .and_then(|x| state.present().nearest(state.settings.axis, x))
        .or(state.present().len().checked_sub(1));
    let rate = last.and_then(|i| state.present().rates().get(i));
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.label(theme::strong("Rate"));
        sample_ui(ui, palette.rate, false);
        value_ui(ui, "η", rate.map(format::setting));
    });
    let view = view(state, size.x, false);
    let rates = view.points(state.present(), state.present().rates(), 1.0);
    let other_rates: Vec<_> = state
        .beside()
        .map(|(run, series)| (mark::colour(ui, run.mark), view.points(series, series.rates(), 1.0)))
        .collect();
    let settings = state.settings;
    let response = base(ui, "Rate", settings, true, vec2(size.x, size.y - theme::ROW)).include_y(0.0).show(
        ui,
        |plot_ui| {
            for (colour, rates) in &other_rates {
                line(plot_ui, "rate of another run", rates, *colour, 1.0);
            }
            line(plot_ui, "rate", &rates, palette.rate, 1.5);
        },
    );
    response.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Rate curve"));
    hovered_x(&response.response, &response.transform, settings.log_x)
}

fn base<'a>(ui: &Ui, name: &'static str, settings: Settings, is_last: bool, size: Vec2) -> Plot<'a> {
    let group = Id::unique(("curves", settings.axis as u8, settings.log_x));
    let log_y = settings.log_y && name != "Rate";
    let (palette, font) = (Palette::of(ui), TextStyle::Small.resolve(ui.style()));
    let axis = |hints: AxisHints<'a>| hints.tick_label_color(palette.muted).tick_label_font(font.clone());
    let x_axis = axis(AxisHints::new_x()).formatter(move |mark, _| axis_text(mark, settings.log_x));
    let y_axis = axis(AxisHints::new_y()).min_thickness(40.0).label_spacing(16.0..=24.0);
    let y_axis = y_axis.formatter(move |mark, _| match (name, log_y) {
        ("Error", log) => format!("{} %", axis_text(mark, log)),
        (_, log) => axis_text(mark, log),
    });
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
        .grid_spacing(16.0..=120.0)
        .x_grid_spacer(move |input| grid(&input, 4.0, settings.log_x))
        .y_grid_spacer(move |input| grid(&input, 1.5, log_y))
        .grid_color(palette.border)
        .grid_fade(0.4)
        .show_axes([is_last, true])
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis])
        .label_formatter(|_| None)
}

/// Lines at round numbers, at least `factor` times as far apart as the smallest grid.
fn grid(input: &GridInput, factor: f64, is_log: bool) -> Vec<GridMark> {
    let (from, to) = input.bounds;
    let step = round_up(input.base_step_size * factor);
    if is_log && step <= 1.0 {
        // At 1, 2 and 5 of each decade while these are apart, else at the decades.
        let within: &[f64] = if input.base_step_size * factor <= 0.35 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let decades = from.floor() as i32..=to.ceil() as i32;
        let marks = decades.flat_map(|decade| within.iter().map(move |m| decade as f64 + m.log10()));
        let seen = marks.filter(|mark| (from..=to).contains(mark));
        return seen.map(|value| GridMark { value, step_size: 1.0 }).collect();
    }
    let marks = (from / step).ceil() as i64..=(to / step).floor() as i64;
    marks.take(200).map(|i| GridMark { value: i as f64 * step, step_size: step }).collect()
}

/// The next of 1, 2, 5, 10, 20, ….
fn round_up(x: f64) -> f64 {
    let decade = 10f64.powf(x.max(1e-12).log10().floor());
    let digit = x / decade;
    decade * [1.0, 2.0, 5.0].into_iter().find(|&round| digit <= round * 1.0001).unwrap_or(10.0)
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

pub(super) fn line<'a>(
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

pub(super) fn dashed<'a>(
    plot: &mut PlotUi<'a>,
    name: &str,
    points: &'a [egui_plot::PlotPoint],
    colour: Color32,
) {
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

pub(super) fn points<'a>(
    plot: &mut PlotUi<'a>,
    points: &'a [egui_plot::PlotPoint],
    shape: MarkerShape,
    colour: Color32,
) {
    let shape = Points::new("test", PlotPoints::Borrowed(points)).shape(shape).radius(4.0).color(colour);
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
    state.seen = Some((from, if to >= state.end() { f64::INFINITY } else { to }));
}

fn hovered_x(response: &egui::Response, transform: &egui_plot::PlotTransform, log_x: bool) -> Option<f64> {
    let x = transform.value_from_position(response.hover_pos()?).x;
    Some(if log_x { 10f64.powf(x) } else { x })
}

/// The names of the curves with their values: at the pointer, else the latest.
fn legend_ui(ui: &mut Ui, state: &State, quantity: Quantity) {
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
        sample_ui(ui, colours.train, false);
        value_ui(ui, "train", train);
        sample_ui(ui, colours.test, true);
        value_ui(ui, "test", test);
        if let Some(raw) = raw {
            ui.add(egui::Label::new(theme::caption(ui, format!("this batch {raw}"))).truncate());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_at_round_numbers() {
        let values = |bounds, base_step_size, is_log| -> Vec<f64> {
            grid(&GridInput { bounds, base_step_size }, 1.5, is_log).iter().map(|mark| mark.value).collect()
        };
        assert_eq!(values((0.0, 100.0), 12.0, false), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        let decades: Vec<i32> =
            values((-1.0, 0.9), 0.1, true).iter().map(|x| (10f64.powf(*x) * 10.0).round() as i32).collect();
        assert_eq!(decades, [1, 2, 5, 10, 20, 50]);
        assert_eq!(values((-3.0, 0.0), 0.6, true), [-3.0, -2.0, -1.0, 0.0]);
    }
}
