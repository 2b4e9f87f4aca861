//! The curves as a table, a picture or a drawing.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Once;

use anyhow::{Context as _, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::lines::View;
use super::series::{Axis, Quantity, Series};
use crate::app::theme;
use crate::train::curves::Curves;

/// Size of a drawing in points.
const SIZE: (u32, u32) = (1200, 900);

/// Pixels of a picture for each point of a drawing.
const PIXELS: u32 = 2;

/// A picture is drawn so many times larger and then reduced, which rounds its edges.
const REDUCED: u32 = 2;

/// Writes the curves in the format that the ending of `path` names; `window` is that of the running mean.
pub fn write(curves: &Curves, window: f32, title: &str, path: &Path) -> anyhow::Result<()> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let written = match ending.as_str() {
        "csv" => std::fs::write(path, table(curves)).map_err(anyhow::Error::from),
        "png" => picture(curves, window, title).and_then(|picture| Ok(picture.save(path)?)),
        "svg" => draw(SVGBackend::new(path, SIZE), &Sheet::new(curves, window, title, 1)),
        _ => Err(anyhow!("its name must end in .csv, .png or .svg")),
    };
    written.with_context(|| format!("The curves could not be written to {}", path.display()))
}

/// One line for each training step and each evaluation.
fn table(curves: &Curves) -> String {
    let mut text = String::from("split,step,epoch,loss,error,rate,seconds\n");
    for r in curves.from(0) {
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "train,{},{},{},{},{},{}", r.step, r.epoch, r.loss, r.error, r.rate, r.seconds);
    }
    for t in &curves.tests {
        let _ = writeln!(text, "test,{},{},{},{},,{}", t.step, t.epoch, t.loss, t.error, t.seconds);
    }
    text
}

fn picture(curves: &Curves, window: f32, title: &str) -> anyhow::Result<image::RgbImage> {
    let scale = PIXELS * REDUCED;
    let (width, height) = (SIZE.0 * scale, SIZE.1 * scale);
    let mut pixels = vec![0; 3 * (width * height) as usize];
    let sheet = Sheet::new(curves, window, title, scale);
    draw(BitMapBackend::with_buffer(&mut pixels, (width, height)), &sheet)?;
    let whole: image::RgbImage = image::ImageBuffer::from_raw(width, height, pixels)
        .context("the picture has another size than was asked for")?;
    let filter = image::imageops::FilterType::Triangle;
    Ok(image::imageops::resize(&whole, width / REDUCED, height / REDUCED, filter))
}

/// What is drawn, and how large.
struct Sheet<'a> {
    title: &'a str,
    panels: [Panel; 2],
    /// Units of the drawing area for each point.
    scale: u32,
}

/// One of the two plots, `(step, value)`.
struct Panel {
    label: &'static str,
    raw: Vec<(f64, f64)>,
    train: Vec<(f64, f64)>,
    test: Vec<(f64, f64)>,
}

impl<'a> Sheet<'a> {
    fn new(curves: &Curves, window: f32, title: &'a str, scale: u32) -> Self {
        let mut series = Series::default();
        series.set_window(window);
        series.follow(1, curves);
        let view = View {
            axis: Axis::Step,
            from: 0.0,
            to: f64::INFINITY,
            columns: SIZE.0 as usize,
            log_x: false,
            log_y: false,
        };
        let plain = |points: Vec<egui_plot::PlotPoint>| points.into_iter().map(|p| (p.x, p.y)).collect();
        let panel = |label, quantity, factor| Panel {
            label,
            raw: plain(view.points(&series, series.raw(quantity), factor)),
            train: plain(view.points(&series, series.smooth(quantity), factor)),
            test: plain(view.tests(&series, quantity, factor)),
        };
        let panels = [panel("error (%)", Quantity::Error, 100.0), panel("loss", Quantity::Loss, 1.0)];
        Self { title, panels, scale }
    }
}

fn draw<B: DrawingBackend>(backend: B, sheet: &Sheet<'_>) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    load_font();
    let area = backend.into_drawing_area();
    area.fill(&WHITE).map_err(plain)?;
    let edge = 16 * sheet.scale;
    let area = area.margin(edge, edge, edge, edge);
    let area = area.titled(sheet.title, ("sans-serif", 26 * sheet.scale)).map_err(plain)?;
    let halves = area.split_evenly((2, 1));
    for (half, panel) in halves.iter().zip(&sheet.panels) {
        draw_panel(half, panel, sheet.scale)?;
    }
    area.present().map_err(plain)
}

fn draw_panel<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    panel: &Panel,
    scale: u32,
) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let all = || panel.raw.iter().chain(&panel.test);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(0.0, f64::max).max(1e-9);
    let mut chart = ChartBuilder::on(area)
        .margin(8 * scale)
        .x_label_area_size(48 * scale)
        .y_label_area_size(64 * scale)
        .build_cartesian_2d(0.0..most(|p| p.0), 0.0..1.05 * most(|p| p.1))
        .map_err(plain)?;
    let font = ("sans-serif", 17 * scale);
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("step").y_desc(panel.label).label_style(font).axis_desc_style(font);
    mesh.x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| format!("{}", (y * 1e6).round() / 1e6));
    mesh.bold_line_style(BLACK.mix(0.12)).light_line_style(TRANSPARENT).draw().map_err(plain)?;
    let palette = theme::Palette::of_theme(egui::Theme::Light);
    let colour = |c: egui::Color32| RGBColor(c.r(), c.g(), c.b());
    let (train, test) = (colour(palette.train), colour(palette.test));
    let line = |points: &[(f64, f64)], style: ShapeStyle| LineSeries::new(points.to_vec(), style);
    let (thin, thick) = (train.mix(0.25).stroke_width(scale), train.stroke_width(2 * scale));
    let tested = test.stroke_width(2 * scale);
    let length = 24 * scale as i32;
    let legend = move |style: ShapeStyle| move |(x, y)| PathElement::new([(x, y), (x + length, y)], style);
    chart.draw_series(line(&panel.raw, thin)).map_err(plain)?;
    chart.draw_series(line(&panel.train, thick)).map_err(plain)?.label("train").legend(legend(thick));
    chart.draw_series(line(&panel.test, tested)).map_err(plain)?.label("test").legend(legend(tested));
    let marks = panel.test.iter().map(|&at| Circle::new(at, 4 * scale, test.filled()));
    chart.draw_series(marks).map_err(plain)?;
    let mut labels = chart.configure_series_labels();
    labels.position(SeriesLabelPosition::UpperRight).label_font(font);
    let background = WHITE.mix(0.8);
    labels
        .legend_area_size(length + 6 * scale as i32)
        .margin(8 * scale)
        .background_style(background)
        .draw()
        .map_err(plain)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::curves::{StepRecord, TestRecord};

    fn curves() -> Curves {
        let mut curves = Curves::default();
        for step in 1..=5000u64 {
            let loss = if step == 77 { f32::NAN } else { 2.0 / step as f32 };
            curves.push(StepRecord {
                step,
                epoch: step as f64 / 100.0,
                loss,
                error: 0.25,
                rate: 0.1,
                seconds: 1.5,
                batch: 0,
            });
        }
        curves.tests.push(TestRecord { step: 2500, epoch: 25.0, loss: 0.5, error: 0.125, seconds: 1.0 });
        curves
    }

    #[test]
    fn the_table_has_a_line_for_each_record() {
        let table = table(&curves());
        assert_eq!(table.lines().count(), 1 + 5000 + 1);
        assert_eq!(table.lines().nth(1), Some("train,1,0.01,2,0.25,0.1,1.5"));
        assert_eq!(table.lines().last(), Some("test,2500,25,0.5,0.125,,1"));
    }

    #[test]
    fn every_format_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["curves.csv", "curves.png", "curves.SVG"] {
            let path = folder.path().join(name);
            write(&curves(), 20.0, "A run", &path).unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > 1000, "{name}");
        }
        let svg = std::fs::read_to_string(folder.path().join("curves.SVG")).unwrap();
        assert!(svg.contains("error (%)") && svg.contains("A run"));
        let error = write(&curves(), 20.0, "A run", Path::new("/nowhere/at/all.csv")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all.csv"));
        assert!(write(&Curves::default(), 20.0, "Nothing yet", &folder.path().join("empty.svg")).is_ok());
    }
}
