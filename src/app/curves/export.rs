//! The curves as a table, a picture or a drawing.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Once;

use anyhow::{Context as _, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::app::theme;
use crate::train::curves::{Curves, StepRecord};

/// Size of a picture in pixels, of a drawing in points.
const SIZE: (u32, u32) = (1200, 900);

/// Points of a curve in a picture: beyond that they cannot be told apart.
const MOST_POINTS: usize = 2000;

/// Writes the curves in the format that the ending of `path` names.
pub fn write(curves: &Curves, title: &str, path: &Path) -> anyhow::Result<()> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let written = match ending.as_str() {
        "csv" => std::fs::write(path, table(curves)).map_err(anyhow::Error::from),
        "png" => picture(curves, title).and_then(|picture| Ok(picture.save(path)?)),
        "svg" => draw(SVGBackend::new(path, SIZE), curves, title),
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

fn picture(curves: &Curves, title: &str) -> anyhow::Result<image::RgbImage> {
    let mut pixels = vec![0; 3 * (SIZE.0 * SIZE.1) as usize];
    draw(BitMapBackend::with_buffer(&mut pixels, SIZE), curves, title)?;
    image::RgbImage::from_raw(SIZE.0, SIZE.1, pixels)
        .context("the picture has another size than was asked for")
}

/// One of the two plots.
struct Panel<'a> {
    label: &'a str,
    train: Vec<(f64, f64)>,
    test: Vec<(f64, f64)>,
}

fn draw<B: DrawingBackend>(backend: B, curves: &Curves, title: &str) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    load_font();
    let area = backend.into_drawing_area();
    area.fill(&WHITE).map_err(plain)?;
    let area = area.titled(title, ("sans-serif", 26)).map_err(plain)?;
    let (upper, lower) = area.split_vertically(SIZE.1 as i32 / 2 - 20);
    let train = |of: fn(&StepRecord) -> f64| means(curves, of);
    let tests = |of: fn(&crate::train::curves::TestRecord) -> f64| {
        curves.tests.iter().map(|t| (t.step as f64, of(t))).collect()
    };
    let error = Panel {
        label: "error (%)",
        train: train(|r| 100.0 * r.error as f64),
        test: tests(|t| 100.0 * t.error),
    };
    let loss = Panel { label: "loss", train: train(|r| r.loss as f64), test: tests(|t| t.loss) };
    panel(&upper, &error)?;
    panel(&lower, &loss)?;
    area.present().map_err(plain)
}

fn panel<B: DrawingBackend>(area: &DrawingArea<B, Shift>, panel: &Panel<'_>) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let all = || panel.train.iter().chain(&panel.test);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(0.0, f64::max).max(1e-9);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..most(|p| p.0), 0.0..1.05 * most(|p| p.1))
        .map_err(plain)?;
    let font = ("sans-serif", 17);
    let mesh = |chart: &mut ChartContext<'_, B, _>| {
        chart
            .configure_mesh()
            .x_desc("step")
            .y_desc(panel.label)
            .label_style(font)
            .axis_desc_style(font)
            .light_line_style(TRANSPARENT)
            .draw()
    };
    mesh(&mut chart).map_err(plain)?;
    let colour = |c: egui::Color32| RGBColor(c.r(), c.g(), c.b());
    let palette = theme::Palette::of_theme(egui::Theme::Light);
    let (train, test) = (colour(palette.train).stroke_width(2), colour(palette.test).stroke_width(2));
    let legend = move |style: ShapeStyle| move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style);
    chart
        .draw_series(LineSeries::new(panel.train.iter().copied(), train))
        .map_err(plain)?
        .label("train")
        .legend(legend(train));
    chart
        .draw_series(LineSeries::new(panel.test.iter().copied(), test))
        .map_err(plain)?
        .label("test")
        .legend(legend(test));
    let marks = panel.test.iter().map(|&at| Circle::new(at, 4, test.filled()));
    chart.draw_series(marks).map_err(plain)?;
    let label = chart.configure_series_labels().label_font(font).background_style(WHITE.mix(0.8)).draw();
    label.map_err(plain)
}

/// Means over equal stretches of steps; values that are no number are left out.
fn means(curves: &Curves, of: fn(&StepRecord) -> f64) -> Vec<(f64, f64)> {
    let stretch = curves.len().div_ceil(MOST_POINTS).max(1);
    let values: Vec<(f64, f64)> =
        curves.from(0).map(|r| (r.step as f64, of(r))).filter(|p| p.1.is_finite()).collect();
    let mean = |chunk: &[(f64, f64)]| {
        let n = chunk.len() as f64;
        (chunk.iter().map(|p| p.0).sum::<f64>() / n, chunk.iter().map(|p| p.1).sum::<f64>() / n)
    };
    values.chunks(stretch).map(mean).collect()
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
    use crate::train::curves::TestRecord;

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
            write(&curves(), "A run", &path).unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > 1000, "{name}");
        }
        let svg = std::fs::read_to_string(folder.path().join("curves.SVG")).unwrap();
        assert!(svg.contains("error (%)") && svg.contains("A run"));
        let error = write(&curves(), "A run", Path::new("/nowhere/at/all.csv")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all.csv"));
        assert!(write(&Curves::default(), "Nothing yet", &folder.path().join("empty.svg")).is_ok());
    }
}
