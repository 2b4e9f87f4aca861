//! Runs of the lesson over each other.

use egui::Ui;
use egui_plot::{Legend, Line, LineStyle, Plot, PlotPoints};

use super::super::sketch::curve_of;
use crate::app::bridge::Desk;
use crate::app::theme;
use crate::app::widgets;
use crate::lessons::live::Live;
use crate::lessons::own;

const HEIGHT: f32 = 190.0;

pub fn curves_ui(ui: &mut Ui, desk: &Desk<'_>, live: &Live) {
    let shown = live.settings.text("show").unwrap_or("train-error").to_string();
    let is_share = shown.ends_with("error");
    let names: Vec<&str> = live.setups().collect();
    widgets::caption_ui(ui, &format!("{} over epochs", shown.replace("train", "training").replace('-', " ")));
    let runs: Vec<_> = names.iter().map(|name| (*name, own::run_of(desk.snapshot, name))).collect();
    let mut plot = Plot::new(("curves of the lesson", &shown, names.join(" ")))
        .height(HEIGHT)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .include_y(0.0)
        .include_x(0.0)
        .legend(Legend::default())
        .x_axis_label("epoch");
    if is_share {
        plot = plot.include_y(1.0).y_axis_formatter(|mark, _| format!("{:.0} %", 100.0 * mark.value));
    }
    let n_epochs = runs.iter().filter_map(|(_, run)| *run).map(|run| run.experiment.train.epochs).max();
    plot = plot.include_x(n_epochs.unwrap_or(1) as f64);
    let styles = [LineStyle::Solid, LineStyle::dashed_loose(), LineStyle::dotted_dense()];
    let response = plot.show(ui, |plot| {
        for (i, (name, run)) in runs.iter().enumerate() {
            let points = run.map(|run| curve_of(run, &shown)).unwrap_or_default();
            let colour = theme::tint(run.map_or(i, |run| run.mark));
            let line = Line::new((*name).to_string(), PlotPoints::from(points)).color(colour).width(2.0);
            plot.line(line.style(styles[i / 4 % styles.len()]));
        }
    });
    widgets::named(response.response, &format!("Curves of {}", names.join(" and ")));
    let missing: Vec<&str> = runs.iter().filter(|(_, run)| run.is_none()).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        widgets::caption_ui(ui, &format!("Not on the table: {}. Set the table above.", missing.join(", ")));
    }
}
