//! A figure drawn: in points, or in pixels of a picture.

use std::ops::Range;
use std::sync::Once;

use anyhow::{Context as _, anyhow};
use egui::Color32;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use super::SIZE;
use super::figure::{Curve, Figure, Panel, Stroke, corners};
use crate::app::curves::axes;
use crate::app::theme;

/// Pixels of a picture for each point of a drawing.
const PIXELS: u32 = 2;

/// A picture is drawn so many times larger and then reduced, which rounds its edges.
const REDUCED: u32 = 2;

/// Tests are marked one by one up to so many.
const MOST_MARKS: usize = 60;

type Chart<'a, B> = ChartContext<'a, B, Cartesian2d<Keyed, Keyed>>;

/// An axis with its numbers at given places.
struct Keyed {
    range: Range<f64>,
    places: Vec<f64>,
}

impl Ranged for Keyed {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        // What lies far outside is cut off there anyway.
        limit.0 + (share.clamp(-1.0, 2.0) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.places.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

pub fn picture(figure: &Figure) -> anyhow::Result<image::RgbImage> {
    let scale = PIXELS * REDUCED;
    let (width, height) = (SIZE.0 * scale, SIZE.1 * scale);
    let mut pixels = vec![0; 3 * (width * height) as usize];
    draw(BitMapBackend::with_buffer(&mut pixels, (width, height)), figure, scale)?;
    let whole: image::RgbImage = image::ImageBuffer::from_raw(width, height, pixels)
        .context("the picture has another size than was asked for")?;
    let filter = image::imageops::FilterType::Triangle;
    Ok(image::imageops::resize(&whole, width / REDUCED, height / REDUCED, filter))
}

/// Draws on a backend that has so many units for each point.
pub fn draw<B: DrawingBackend>(backend: B, figure: &Figure, scale: u32) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    load_font();
    let area = backend.into_drawing_area();
    area.fill(&WHITE).map_err(plain)?;
    let edge = 16 * scale;
    let area = area.margin(edge, edge, edge, edge);
    let area = area.titled(&figure.title, ("sans-serif", 26 * scale)).map_err(plain)?;
    let parts = area.split_evenly((figure.panels.len().max(1), 1));
    for (part, panel) in parts.iter().zip(&figure.panels) {
        draw_panel(part, figure, panel, scale)?;
    }
    area.present().map_err(plain)
}

fn draw_panel<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    figure: &Figure,
    panel: &Panel,
    scale: u32,
) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let [x, y] =
        [(figure.x, figure.log_x), (panel.y, panel.log_y)].map(|(range, is_log)| keyed(range, is_log));
    let mut chart = ChartBuilder::on(area)
        .margin(8 * scale)
        .x_label_area_size(48 * scale)
        .y_label_area_size(72 * scale)
        .build_cartesian_2d(x, y)
        .map_err(plain)?;
    let font = ("sans-serif", 17 * scale);
    let number = |is_log: bool| move |v: &f64| axes::plain(if is_log { 10f64.powf(*v) } else { *v });
    let (x_number, y_number) = (number(figure.log_x), number(panel.log_y));
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(figure.x_label).y_desc(&panel.label).label_style(font).axis_desc_style(font);
    mesh.x_label_formatter(&x_number).y_label_formatter(&y_number);
    mesh.bold_line_style(BLACK.mix(0.12)).light_line_style(TRANSPARENT).draw().map_err(plain)?;
    for area in &panel.areas {
        let fill = rgb(area.colour).mix(0.18).filled();
        chart.draw_series([Polygon::new(area.edge.clone(), fill)]).map_err(plain)?;
    }
    for (i, (x, words)) in panel.changes.iter().enumerate() {
        // Neighbours stand one above the other.
        let height = 14 * scale as i32 * (i % 3) as i32;
        draw_change(&mut chart, panel, (*x, height), words, scale)?;
    }
    for curve in &panel.curves {
        draw_curve(&mut chart, curve, scale)?;
    }
    draw_legend(&mut chart, scale)
}

/// An axis with its numbers at round places.
fn keyed([from, to]: [f64; 2], is_log: bool) -> Keyed {
    let to = if to > from { to } else { from + 1e-9 };
    Keyed { range: from..to, places: axes::round_places([from, to], 8, is_log) }
}

fn draw_curve<'a, B: DrawingBackend + 'a>(
    chart: &mut Chart<'a, B>,
    curve: &Curve,
    scale: u32,
) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let colour = rgb(curve.colour);
    let style = match curve.stroke {
        Stroke::Faint => colour.mix(0.25).stroke_width(scale),
        Stroke::Mean | Stroke::Dashed => colour.stroke_width(2 * scale),
    };
    let points = curve.points.clone();
    let is_dashed = curve.stroke == Stroke::Dashed;
    let drawn = match is_dashed {
        true => chart.draw_series(DashedLineSeries::new(points, 6 * scale, 4 * scale, style)),
        false => chart.draw_series(LineSeries::new(points, style)),
    };
    let drawn = drawn.map_err(plain)?;
    // A run alone has no mark of its own: its tests are diamonds, as in the window.
    let mark = curve.mark.or(is_dashed.then_some(1));
    if let Some(name) = &curve.name {
        let length = 24 * scale as i32;
        let line = move |x, y| PathElement::new([(x, y), (x + length, y)], style);
        let drawn = drawn.label(name);
        match mark {
            Some(mark) => drawn.legend(move |(x, y)| {
                EmptyElement::at((x, y)) + line(0, 0) + marker((length / 2, 0), mark, colour, scale)
            }),
            None => drawn.legend(move |(x, y)| line(x, y)),
        };
    }
    let Some(mark) = mark else { return Ok(()) };
    let marked: Vec<(f64, f64)> = match is_dashed {
        true if curve.points.len() <= MOST_MARKS => curve.points.clone(),
        false if curve.stroke == Stroke::Mean => curve.points.last().copied().into_iter().collect(),
        _ => Vec::new(),
    };
    let marks = marked.into_iter().map(|at| EmptyElement::at(at) + marker((0, 0), mark, colour, scale));
    chart.draw_series(marks).map_err(plain)?;
    Ok(())
}

/// A run's marker around a place.
fn marker((x, y): (i32, i32), mark: usize, colour: RGBColor, scale: u32) -> Polygon<(i32, i32)> {
    let radius = 5.0 * f64::from(scale);
    let at = |(dx, dy): (f64, f64)| (x + (dx * radius).round() as i32, y + (dy * radius).round() as i32);
    Polygon::new(corners(mark).into_iter().map(at).collect::<Vec<_>>(), colour.filled())
}

fn draw_change<B: DrawingBackend>(
    chart: &mut Chart<'_, B>,
    panel: &Panel,
    (x, height): (f64, i32),
    words: &str,
    scale: u32,
) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let ends = [(x, panel.y[0]), (x, panel.y[1])];
    let style = BLACK.mix(0.4).stroke_width(scale);
    chart.draw_series(DashedLineSeries::new(ends, 2 * scale, 4 * scale, style)).map_err(plain)?;
    let font = ("sans-serif", 13 * scale).into_font().color(&BLACK.mix(0.7));
    let font = font.pos(Pos::new(HPos::Left, VPos::Bottom));
    let text = Text::new(words.to_string(), (4 * scale as i32, -(2 * scale as i32) - height), font);
    chart.draw_series([EmptyElement::at(ends[0]) + text]).map_err(plain)?;
    Ok(())
}

fn draw_legend<'a, B: DrawingBackend + 'a>(chart: &mut Chart<'a, B>, scale: u32) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let mut labels = chart.configure_series_labels();
    labels.position(SeriesLabelPosition::UpperRight).label_font(("sans-serif", 15 * scale));
    labels
        .legend_area_size(30 * scale as i32)
        .margin(8 * scale)
        .background_style(WHITE.mix(0.8))
        .draw()
        .map_err(plain)
}

fn rgb(colour: Color32) -> RGBColor {
    RGBColor(colour.r(), colour.g(), colour.b())
}

/// Makes the window's own font known to the drawing library.
fn load_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It can only fail if the embedded font were broken, and then text is left out.
        let _ = register_font("sans-serif", FontStyle::Normal, theme::INTER);
    });
}

/// The drawing library's errors borrow from what is drawn on: keep the text only.
fn plain<E: std::error::Error>(error: E) -> anyhow::Error {
    anyhow!("{error}")
}
