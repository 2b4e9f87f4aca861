//! How far each layer's output moves when pictures are shifted.

use egui::{Slider, Ui};

use super::plots::{Axes, Curve, curves_ui};
use super::waiting_ui;
use crate::app::bridge::Desk;
use crate::app::theme::Palette;
use crate::app::widgets;
use crate::inspect::look::{Look, View};
use crate::inspect::translation::{Moved, Translation};

pub struct State {
    furthest: usize,
    measure: Measure,
}

#[derive(Clone, Copy, PartialEq)]
enum Measure {
    Moved,
    Astray,
}

/// Curves drawn, at most; of more layers some are left out.
const MOST: usize = 8;

impl Default for State {
    fn default() -> Self {
        Self { furthest: 6, measure: Measure::Moved }
    }
}

pub fn translation_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        let options = [
            (Measure::Moved, "Moved", "How far the output is from that for the picture where it was"),
            (Measure::Astray, "Astray", "How far the output is from being shifted as the picture is"),
        ];
        widgets::choice_ui(ui, &mut state.measure, &options);
        widgets::caption_ui(ui, "up to");
        widgets::slider_ui(ui, "Furthest shift", 90.0, Slider::new(&mut state.furthest, 2..=16));
        ui.label(format!("{} pixels", state.furthest));
    });
    let seen = desk.look(Look::Translation { furthest: state.furthest });
    let Some(View::Translation(found)) = waiting_ui(ui, desk, seen) else { return };
    let curves = curves(ui, found, state.measure);
    let axes = Axes {
        name: "Distance moved by layer",
        across: "pixels",
        places: None,
        is_logarithmic: false,
        covers: &[0.0, 1.0],
    };
    curves_ui(ui, &axes, &curves);
    widgets::caption_ui(
        ui,
        "1: as far as to another picture's output. A convolution follows the picture; a pool stays.",
    );
}

fn curves(ui: &Ui, found: &Translation, measure: Measure) -> Vec<Curve> {
    // Evenly through the depth, the pictures themselves and the last layer always among them.
    let (n, last) = (found.layers.len().min(MOST), found.layers.len().saturating_sub(1));
    let shown: Vec<&Moved> =
        (0..n).map(|i| &found.layers[(i * last + (n - 1) / 2) / (n - 1).max(1)]).collect();
    let runs = Palette::of(ui).runs;
    let curve = |(i, layer): (usize, &&Moved)| {
        let value = |s: usize| match measure {
            Measure::Moved => layer.moved[s],
            Measure::Astray => layer.followed[s].unwrap_or(f64::NAN),
        };
        let points = (0..found.shifts.len()).map(|s| [found.shifts[s] as f64, value(s)]);
        Curve::new(&format!("{} {}", layer.path, layer.kind), runs[i % runs.len()], points)
    };
    shown.iter().enumerate().map(curve).collect()
}
