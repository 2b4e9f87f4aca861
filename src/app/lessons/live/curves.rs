//! Runs of the lesson over each other.

use egui::Ui;
use egui_plot::{GridMark, Legend, Line, LineStyle, Plot, PlotPoints};

use super::super::calm;
use super::super::sketch::{curve_of, marks_ui, steps_of};
use crate::app::bridge::Desk;
use crate::app::runs::mark;
use crate::app::theme::Palette;
use crate::app::widgets;
use crate::lessons::live::Live;
use crate::lessons::{Lesson, own};
use crate::session::RunSnapshot;

const HEIGHT: f32 = 190.0;
/// A loss that breaks out is followed to so many times where it began.
const BREAKS_OUT: f64 = 1.5;

/// How high the plot of a loss is while it is empty.
const EMPTY: f64 = 2.5;

/// What is drawn, and over what.
struct Shown<'a> {
    kind: &'a str,
    is_over_rate: bool,
}

pub fn curves_ui(ui: &mut Ui, desk: &Desk<'_>, lesson: &Lesson, live: &Live) {
    let kind = live.settings.text("show").unwrap_or("train-error");
    let shown = Shown { kind, is_over_rate: live.settings.text("over") == Some("rate") };
    let names: Vec<&str> = live.setups().collect();
    let words = kind.replace("train", "training").replace('-', " ");
    let over = if shown.is_over_rate { "the rate" } else { "epochs" };
    widgets::caption_ui(ui, &format!("{words} over {over}"));
    let runs: Vec<_> = names.iter().map(|name| (*name, own::run_of(desk.snapshot, name))).collect();
    let curves: Vec<Vec<[f64; 2]>> =
        runs.iter().map(|(_, run)| run.map(|run| shown.points(run)).unwrap_or_default()).collect();
    // As many as the run is to have, and before it is on the table, as the lesson means it to have.
    let epochs = |(name, run): &(&str, Option<&RunSnapshot>)| match run {
        Some(run) => Some(run.experiment.train.epochs),
        None => lesson.setup(name).map(|setup| setup.experiment().train.epochs),
    };
    let n_epochs = runs.iter().filter_map(epochs).max();
    let plot = calm(shown.plot(&names.join(" ")), Palette::of(ui));
    let plot = shown.axes(plot, n_epochs.unwrap_or(1) as f64);
    let top = top(&curves).unwrap_or(EMPTY);
    let styles = [LineStyle::Solid, LineStyle::dashed_loose(), LineStyle::dotted_dense()];
    // As on the right.
    let mark = |(i, (_, run)): (usize, &(&str, Option<&RunSnapshot>))| run.map_or(i, |run| run.mark);
    let colours: Vec<_> = runs.iter().enumerate().map(|run| mark::colour(ui, mark(run))).collect();
    let response = plot.show(ui, |plot| {
        // Anew in each frame: the plot would keep the height that it had while it was empty.
        if !shown.is_share() {
            plot.set_plot_bounds_y(0.0..=top);
        }
        for (i, ((name, _), points)) in runs.iter().zip(curves).enumerate() {
            let colour = colours[i];
            let line =
                Line::new((*name).to_string(), PlotPoints::from(points.clone())).color(colour).width(2.0);
            plot.line(line.style(styles[i / 4 % styles.len()]));
            marks_ui(plot, &points, colour);
        }
    });
    widgets::named(response.response, &format!("Curves of {}", names.join(" and ")));
    let missing: Vec<&str> = runs.iter().filter(|(_, run)| run.is_none()).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        widgets::caption_ui(ui, &format!("Not on the table: {}. Set the table above.", missing.join(", ")));
    }
}

impl Shown<'_> {
    fn is_share(&self) -> bool {
        self.kind.ends_with("error")
    }

    fn points(&self, run: &RunSnapshot) -> Vec<[f64; 2]> {
        match self.is_over_rate {
            true => steps_of(run, self.kind, |record| f64::from(record.rate.max(1e-30)).log10()),
            false => curve_of(run, self.kind),
        }
    }

    fn plot<'a>(&self, names: &str) -> Plot<'a> {
        Plot::new(("curves of the lesson", self.kind, self.is_over_rate, names))
            .height(HEIGHT)
            .allow_scroll(false)
            .allow_drag(false)
            .allow_zoom(false)
            .include_y(0.0)
            .legend(Legend::default())
    }

    fn axes<'a>(&self, plot: Plot<'a>, n_epochs: f64) -> Plot<'a> {
        let plot = match self.is_over_rate {
            true => plot.x_axis_label("rate").x_axis_formatter(|mark, _| power(mark)),
            false => plot.x_axis_label("epoch").include_x(0.0).include_x(n_epochs),
        };
        match self.is_share() {
            true => plot.include_y(1.0).y_axis_formatter(|mark, _| format!("{:.0} %", 100.0 * mark.value)),
            false => plot,
        }
    }
}

/// How high the plot of a loss is: as high as it goes, unless it breaks out.
fn top(curves: &[Vec<[f64; 2]>]) -> Option<f64> {
    let begin = curves.iter().filter_map(|points| points.first()).map(|point| point[1]).reduce(f64::min)?;
    let most = curves.iter().flatten().map(|point| point[1]).fold(0.0, f64::max);
    Some(most.min(BREAKS_OUT * begin) * 1.05)
}

/// A whole power of ten on a logarithmic axis.
fn power(mark: GridMark) -> String {
    match mark.value.fract() == 0.0 {
        true => crate::app::format::setting(10f32.powf(mark.value as f32)),
        false => String::new(),
    }
}
