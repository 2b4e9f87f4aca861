//! Curves and bars as the instruments draw them: over layers or numbers, with the value under the pointer.

use egui::{Color32, ColorImage, Sense, Stroke, Ui, pos2, vec2};
use egui_plot::{AxisHints, Bar, BarChart, GridMark, HoverPosition, Line, LineStyle, Plot, PlotPoints};

use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::inspect::chart::{self, nice_step};
use crate::inspect::picture::Picture;

/// How high a plot is, as a share of its width and within bounds: one in the middle of the window has room.
const PROPORTION: f32 = 0.5;
const LOWEST: f32 = 200.0;
const HIGHEST: f32 = 360.0;

/// Room for the numbers at the axes and what they count, so that nothing is cut off when a plot is first drawn.
const NUMBERS: f32 = 44.0;
const BELOW: f32 = 34.0;

/// One curve.
pub struct Curve {
    pub name: String,
    pub colour: Color32,
    /// `(across, up)`; what is no number is left out.
    pub points: Vec<[f64; 2]>,
    pub is_dashed: bool,
}

impl Curve {
    pub fn new(name: &str, colour: Color32, points: impl IntoIterator<Item = [f64; 2]>) -> Self {
        let points = points.into_iter().filter(|point| point.iter().all(|x| x.is_finite()));
        Self { name: name.into(), colour, points: points.collect(), is_dashed: false }
    }

    /// A curve over places 0, 1, 2, ….
    pub fn over_places(name: &str, colour: Color32, values: impl IntoIterator<Item = f64>) -> Self {
        Self::new(name, colour, values.into_iter().enumerate().map(|(i, value)| [i as f64, value]))
    }

    pub fn dashed(self) -> Self {
        Self { is_dashed: true, ..self }
    }

    fn line(&self) -> Line<'static> {
        let line = Line::new(self.name.clone(), PlotPoints::from(self.points.clone()));
        let style = if self.is_dashed { LineStyle::dashed_loose() } else { LineStyle::Solid };
        line.color(self.colour).width(2.0).style(style)
    }
}

/// How a plot is labelled.
pub struct Axes<'a> {
    /// What screen readers call the plot.
    pub name: &'a str,
    pub across: &'a str,
    /// What stands at places 0, 1, 2, … where they are no numbers.
    pub places: Option<&'a [String]>,
    /// Whether points are logarithms (to the base of 10) of what is shown.
    pub is_logarithmic: bool,
    /// Numbers that the upward axis reaches over in any case.
    pub covers: &'a [f64],
}

/// A plot that is looked at, not moved.
pub fn base<'a>(ui: &Ui, axes: &'a Axes<'a>) -> Plot<'a> {
    let is_logarithmic = axes.is_logarithmic;
    let shown = |y: f64| format::number(if axes.is_logarithmic { 10f64.powf(y) } else { y });
    let plot = Plot::new(axes.name)
        .height((PROPORTION * ui.available_width()).clamp(LOWEST, HIGHEST))
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .y_grid_spacer(move |input| lines(input.bounds, is_logarithmic))
        .grid_color(Palette::of(ui).border)
        .label_formatter(move |hover| match hover {
            HoverPosition::NearDataPoint { plot_name, position, .. } => {
                let at = match axes.places {
                    Some(places) => {
                        places.get(position.x.round().max(0.0) as usize).cloned().unwrap_or_default()
                    }
                    None => format!("{} {}", axes.across, neat(position.x)),
                };
                Some(format!("{plot_name}\n{at}\n{}", shown(position.y)))
            }
            HoverPosition::Elsewhere { .. } => None,
        })
        .custom_x_axes(vec![across(axes)])
        .y_axis_min_width(NUMBERS)
        .y_axis_formatter(move |mark, _| match axes.is_logarithmic {
            true => power(mark.value),
            false => chart::number(mark.value, mark.step_size),
        });
    axes.covers.iter().fold(plot, |plot, &y| plot.include_y(y))
}

/// The axis of layers or numbers.
fn across<'a>(axes: &'a Axes<'a>) -> AxisHints<'a> {
    AxisHints::new_x().label(axes.across).min_thickness(BELOW).formatter(move |mark, _| match axes.places {
        // Between two places there is none.
        Some(_) if mark.value.fract() != 0.0 => String::new(),
        Some(places) => places.get(mark.value.max(0.0) as usize).map_or_else(String::new, |name| short(name)),
        None => chart::number(mark.value, mark.step_size),
    })
}

/// A power of ten as a person writes it; nothing between two of them.
pub fn power(exponent: f64) -> String {
    match exponent {
        e if e.fract() != 0.0 => String::new(),
        e if (-3.0..=4.0).contains(&e) => format!("{}", 10f64.powi(e as i32)),
        e => format!("1e{e:.0}"),
    }
}

/// A number without the zeros behind its point: `3`, `0.25`.
fn neat(x: f64) -> String {
    let text = format::number(x);
    match text.contains('.') && !text.contains('e') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}

/// Lines at round numbers, far enough apart for each to have its number beside it.
fn lines((low, high): (f64, f64), is_logarithmic: bool) -> Vec<GridMark> {
    let step = nice_step(1.6 * (high - low));
    let step = if is_logarithmic { step.round().max(1.0) } else { step };
    let places = (low / step).ceil() as i64..=(high / step).floor() as i64;
    places.take(20).map(|i| GridMark { value: i as f64 * step, step_size: step }).collect()
}

/// Of a layer's path and kind what there is room for at an axis: `3.0.2`.
fn short(place: &str) -> String {
    let path = place.split(' ').next().unwrap_or(place);
    path.trim_start_matches("layers.").replace(".branches.", ".")
}

pub fn curves_ui(ui: &mut Ui, axes: &Axes<'_>, curves: &[Curve]) {
    if curves.len() > 1 {
        legend_ui(ui, curves);
    }
    let response = base(ui, axes).show(ui, |plot| curves.iter().for_each(|curve| plot.line(curve.line())));
    widgets::named(response.response, axes.name);
}

/// Which colour is whose, above the plot, where it covers nothing.
fn legend_ui<'a>(ui: &mut Ui, curves: impl IntoIterator<Item = &'a Curve>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::SMALL_GAP, 0.0);
        for curve in curves {
            widgets::group_ui(ui, &curve.name, |ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(16.0, 12.0), Sense::hover());
                let y = rect.center().y;
                // One stroke, or two dashes.
                let gap = if curve.is_dashed { 2.0 } else { 0.0 };
                for [from, to] in
                    [[rect.left(), rect.center().x - gap], [rect.center().x + gap, rect.right()]]
                {
                    ui.painter().line_segment([pos2(from, y), pos2(to, y)], Stroke::new(2.0, curve.colour));
                }
                widgets::caption_ui(ui, &curve.name);
            });
        }
    });
}

/// Bars at places 0, 1, 2, … or at numbers, each as wide as there is room between them.
pub struct Bars<'a> {
    pub name: &'a str,
    pub colour: Color32,
    pub points: &'a [[f64; 2]],
}

impl Bars<'_> {
    fn chart(&self) -> BarChart {
        let points = self.points;
        let width = points.windows(2).map(|pair| pair[1][0] - pair[0][0]).fold(f64::INFINITY, f64::min);
        let width = if width.is_finite() && width > 0.0 { 0.9 * width } else { 0.9 };
        let bars = points.iter().filter(|point| point[1].is_finite());
        let bars = bars.map(|&[x, y]| Bar::new(x, y).width(width)).collect();
        BarChart::new(self.name, bars).color(self.colour)
    }
}

pub fn bars_ui(ui: &mut Ui, axes: &Axes<'_>, bars: &Bars<'_>) {
    bars_and_curves_ui(ui, axes, bars, &[]);
}

/// Bars, and curves over them.
pub fn bars_and_curves_ui(ui: &mut Ui, axes: &Axes<'_>, bars: &Bars<'_>, curves: &[Curve]) {
    if !curves.is_empty() {
        let bars = Curve::new(bars.name, bars.colour, []);
        legend_ui(ui, std::iter::once(&bars).chain(curves));
    }
    let response = base(ui, axes).show(ui, |plot| {
        plot.bar_chart(bars.chart());
        curves.iter().for_each(|curve| plot.line(curve.line()));
    });
    widgets::named(response.response, axes.name);
}

/// A picture for a texture.
pub fn image(picture: &Picture) -> ColorImage {
    let pixels = picture.pixels.iter().map(|&[r, g, b]| Color32::from_rgb(r, g, b)).collect();
    ColorImage::new([picture.width, picture.height], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_axes_have_no_more_figures_than_they_need() {
        assert_eq!([-5.0, -3.0, 0.0, 2.0, 0.5].map(power), ["1e-5", "0.001", "1", "100", ""]);
        assert_eq!([3.0, 0.25, 100.0, 1e-7].map(neat), ["3", "0.25", "100", "1.0e-7"]);
    }
}
