//! Activation functions beside their derivatives.

use egui::Ui;
use egui_plot::{Corner, Legend, Line, LineStyle, Plot, PlotPoints, uniform_grid_spacer};

use super::super::calm;
use super::State as Part;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::experiment::layers::Activation;

/// Those that are shown.
pub struct State {
    shown: Vec<bool>,
}

const HEIGHT: f32 = 200.0;
/// From where to where the functions are drawn.
const REACH: f64 = 4.0;
const N_POINTS: usize = 161;

pub fn functions_ui(ui: &mut Ui, state: &mut Part) {
    let all = Activation::ALL;
    if !matches!(state, Part::Functions(_)) {
        let shown = all.iter().map(|f| ["relu", "sigmoid", "tanh"].contains(&f.name())).collect();
        *state = Part::Functions(State { shown });
    }
    let Part::Functions(state) = state else { return };
    ui.horizontal_wrapped(|ui| {
        for (shown, function) in state.shown.iter_mut().zip(all) {
            ui.toggle_value(shown, function.title());
        }
    });
    plot_ui(ui, state, "f(x)", value);
    plot_ui(ui, state, "f′(x)", slope);
}

fn plot_ui(ui: &mut Ui, state: &State, title: &str, of: fn(Activation, f64) -> f64) {
    widgets::caption_ui(ui, title);
    let plot = calm(Plot::new(("functions", title)), Palette::of(ui)).height(HEIGHT).allow_scroll(false);
    let plot = plot
        .legend(Legend::default().position(Corner::LeftTop))
        .x_axis_label("x")
        .x_grid_spacer(uniform_grid_spacer(|_| [8.0, 2.0, 1.0]));
    let response = plot.allow_drag(false).allow_zoom(false).include_y(0.0).include_y(1.0).show(ui, |plot| {
        for (i, function) in Activation::ALL.into_iter().enumerate().filter(|(i, _)| state.shown[*i]) {
            let x = |k: usize| -REACH + 2.0 * REACH * k as f64 / (N_POINTS - 1) as f64;
            let points: Vec<[f64; 2]> = (0..N_POINTS).map(|k| [x(k), of(function, x(k))]).collect();
            let line = Line::new(function.title(), PlotPoints::from(points)).width(2.0);
            let styles = [LineStyle::Solid, LineStyle::dashed_loose()];
            plot.line(line.color(theme::tint(i)).style(styles[i / 5 % 2]));
        }
    });
    widgets::named(response.response, &format!("Plot of {title}"));
}

/// `f(x)` as the layer computes it.
fn value(function: Activation, x: f64) -> f64 {
    match function {
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu { slope } => {
            if x > 0.0 {
                x
            } else {
                f64::from(slope) * x
            }
        }
        Activation::Elu { alpha } => {
            if x > 0.0 {
                x
            } else {
                f64::from(alpha) * x.exp_m1()
            }
        }
        Activation::Selu => {
            let inner = if x > 0.0 { x } else { Activation::SELU_ALPHA * x.exp_m1() };
            Activation::SELU_LAMBDA * inner
        }
        Activation::Gelu => 0.5 * x * libm::erfc(-x / 2f64.sqrt()),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
    }
}

/// The derivative, from either side of a point.
fn slope(function: Activation, x: f64) -> f64 {
    let step = 1e-4;
    (value(function, x + step) - value(function, x - step)) / (2.0 * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_that_the_lecture_names() {
        for (function, x, expected) in [
            (Activation::Sigmoid, 0.0, 0.25),
            (Activation::Tanh, 0.0, 1.0),
            (Activation::Relu, 1.0, 1.0),
            (Activation::Relu, -1.0, 0.0),
            (Activation::LeakyRelu { slope: 0.01 }, -1.0, 0.01),
            (Activation::Gelu, 0.0, 0.5),
            (Activation::Silu, 0.0, 0.5),
        ] {
            assert!((slope(function, x) - expected).abs() < 1e-6, "{}", function.title());
        }
    }
}
