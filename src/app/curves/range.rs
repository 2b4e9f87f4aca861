//! What part of the plane is seen: all of it, but for outliers, or what was zoomed into.

use egui::{CursorIcon, PointerButton, Pos2, Rect, Stroke, StrokeKind, Ui};
use egui_plot::PlotTransform;

use super::State;
use super::series::Series;
use crate::app::theme::{self, Palette};

/// Plots that have a vertical range of their own: error, loss, rate.
pub const N_PLOTS: usize = 3;

/// What was zoomed into, in the units of the axes; none where all is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Zoom {
    pub x: Option<[f64; 2]>,
    pub y: [Option<[f64; 2]>; N_PLOTS],
}

/// A stretch of the pointer over one of the plots.
#[derive(Clone, Copy, Debug)]
pub struct Drag {
    plot: usize,
    from: Pos2,
}

/// Shorter stretches zoom in one direction only, or are a slip of the hand.
const SLIP: f32 = 8.0;

/// How far beyond the middle 96 % of the values the range may reach, in multiples of what these span.
const REACH: f64 = 1.5;

/// A beginning that lies further off than so many ranges of all else is left out too.
const FAR: f64 = 30.0;

/// The range of values that a person wants to see: all, unless a few lie far from the others. A loss that leapt to
/// 10⁴ for three steps must not press all others into a line.
pub fn robust(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.retain(|value| value.is_finite());
    let least = values.iter().copied().reduce(f64::min)?;
    let most = values.iter().copied().reduce(f64::max)?;
    let last = (values.len() - 1) as f64;
    let mut at =
        |share: f64| *values.select_nth_unstable_by((last * share).round() as usize, f64::total_cmp).1;
    let (low, high) = (at(0.02), at(0.98));
    let reach = REACH * (high - low);
    // Where the middle is all one value, there is nothing to measure outliers by.
    Some(if reach > 0.0 { [least.max(low - reach), most.min(high + reach)] } else { [least, most] })
}

/// A little more on both sides; never nothing.
pub fn padded([from, to]: [f64; 2], share: f64) -> [f64; 2] {
    let span = if to > from { to - from } else { from.abs().max(1e-9) };
    [from - share * span, to + share * span]
}

impl State {
    /// The part of the horizontal axis that is seen, in its own units.
    pub(super) fn x_range(&self) -> [f64; 2] {
        let whole = || {
            let axis = self.settings.axis;
            let first = |series: &Series| series.x(axis, 0);
            let last = |series: &Series| series.x(axis, series.len() - 1);
            let shown: Vec<&Series> = self.shown().filter(|series| !series.is_empty()).collect();
            let end = shown.iter().map(|series| last(series)).fold(0.0, f64::max);
            let least = shown.iter().map(|series| first(series)).filter(|x| *x > 0.0).fold(end, f64::min);
            [if self.settings.log_x { least } else { 0.0 }, end]
        };
        self.zoom.x.unwrap_or_else(whole)
    }

    /// What is seen of the horizontal axis, and whether any plot was zoomed into.
    #[cfg(test)]
    pub fn seen(&self) -> ([f64; 2], bool) {
        (self.x_range(), self.zoom != Zoom::default())
    }

    /// Whether the vertical axis is logarithmic, and how many runs are drawn together in each family.
    #[cfg(test)]
    pub fn manner(&self) -> (bool, Vec<usize>) {
        (self.settings.log_y, self.together().iter().map(|(_, all)| all.len()).collect())
    }

    /// The same as it is drawn, with a little room.
    pub(super) fn x_drawn(&self) -> [f64; 2] {
        let [from, to] = self.x_range();
        let drawn = match self.settings.log_x {
            true => [from.max(1e-12).log10(), to.max(1e-12).log10()],
            false => [from, to],
        };
        let [wider_from, wider_to] = padded(drawn, 0.01);
        if self.zoom.x.is_some() {
            drawn
        } else {
            [if self.settings.log_x { wider_from } else { drawn[0] }, wider_to]
        }
    }

    /// The vertical range of a plot as it is drawn; `points` are those that are seen, the
    /// `beginnings` of the curves among them, and `floor` belongs to them.
    pub(super) fn y_drawn(
        &self,
        plot: usize,
        log_y: bool,
        points: impl Iterator<Item = f64>,
        beginnings: impl Iterator<Item = f64>,
        floor: Option<f64>,
    ) -> [f64; 2] {
        if let Some(zoomed) = self.zoom.y[plot] {
            return if log_y { zoomed.map(|y| y.max(1e-12).log10()) } else { zoomed };
        }
        let mut found = robust(points.collect()).unwrap_or([0.0, 1.0]);
        // However short it is beside a long run, its beginning is no outlier.
        let near = found[1] + FAR * (found[1] - found[0]);
        for begin in beginnings.filter(|begin| (found[0]..near).contains(begin)).collect::<Vec<_>>() {
            found[1] = found[1].max(begin);
        }
        match floor.filter(|_| !log_y) {
            Some(floor) => [floor.min(found[0]), padded([floor, found[1].max(floor)], 0.06)[1]],
            None => padded(found, 0.06),
        }
    }
}

/// Drag to zoom, double click to fit.
pub fn zoom_ui(
    ui: &Ui,
    state: &mut State,
    plot: usize,
    response: &egui::Response,
    transform: &PlotTransform,
    log_y: bool,
) {
    if response.double_clicked() {
        (state.zoom, state.drag) = (Zoom::default(), None);
        return;
    }
    if response.drag_started_by(PointerButton::Primary)
        && let Some(from) = ui.input(|input| input.pointer.press_origin())
    {
        state.drag = Some(Drag { plot, from });
    }
    let Some(drag) = state.drag.filter(|drag| drag.plot == plot) else { return };
    let Some(to) = ui.input(|input| input.pointer.latest_pos()) else { return };
    let frame = *transform.frame();
    let area = stretched(Rect::from_two_pos(drag.from, to).intersect(frame), frame);
    if response.drag_stopped() {
        state.drag = None;
        if let Some(area) = area {
            zoom_into(state, plot, area, transform, log_y);
        }
        return;
    }
    if let Some(area) = area {
        let palette = Palette::of(ui);
        let stroke = Stroke::new(1.0, palette.accent);
        let fill = palette.accent.gamma_multiply(0.12);
        ui.painter().rect(area, theme::CORNER, fill, stroke, StrokeKind::Inside);
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
}

/// A stretch that goes hardly up or down takes in all of the height, and the other way round; none for a slip.
fn stretched(area: Rect, frame: Rect) -> Option<Rect> {
    match (area.width() >= SLIP, area.height() >= SLIP) {
        (true, true) => Some(area),
        (true, false) => Some(Rect::from_x_y_ranges(area.x_range(), frame.y_range())),
        (false, true) => Some(Rect::from_x_y_ranges(frame.x_range(), area.y_range())),
        (false, false) => None,
    }
}

fn zoom_into(state: &mut State, plot: usize, area: Rect, transform: &PlotTransform, log_y: bool) {
    let (a, b) =
        (transform.value_from_position(area.left_bottom()), transform.value_from_position(area.right_top()));
    let unlog = |x: f64, is_log: bool| if is_log { 10f64.powf(x) } else { x };
    let frame = transform.frame();
    if area.width() < frame.width() {
        state.zoom.x = Some([a.x, b.x].map(|x| unlog(x, state.settings.log_x)));
    }
    if area.height() < frame.height() {
        state.zoom.y[plot] = Some([a.y, b.y].map(|y| unlog(y, log_y)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_values_far_off_are_left_out_and_many_are_not() {
        let mut values: Vec<f64> = (0..1000).map(|i| 2.3 * (-f64::from(i) / 200.0).exp()).collect();
        let [least, most] = robust(values.clone()).expect("values");
        assert!(least < 0.02 && most > 2.29, "the beginning of a curve is no outlier: {most}");
        values.extend([1e4, f64::NAN, 3e5]);
        let [_, most] = robust(values.clone()).expect("values");
        assert!((2.29..7.0).contains(&most), "{most}");
        values.extend(std::iter::repeat_n(50.0, 200));
        assert!(robust(values).expect("values")[1] >= 50.0, "a fifth of all is no outlier");
        assert_eq!(robust(vec![f64::NAN]), None);
        assert_eq!(robust(vec![3.0, 3.0, 3.0, 9.0]), Some([3.0, 9.0]));
    }
}
