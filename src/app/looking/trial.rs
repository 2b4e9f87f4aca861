//! What a picture of one's own is taken for: drawn, read from a file or dropped on the window, and classified at once.

use egui::{Align2, Rect, Sense, Ui, vec2};

use super::activations::picture_ui;
use super::sheets::Sheets;
use super::subject::{self, Source, Subject};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::experiment::Loss;
use crate::inspect::activations::Activations;
use crate::inspect::look::{Look, View};

#[derive(Default)]
pub struct State {
    /// Whether the pad has been laid before the user, who may want something else from then on.
    has_begun: bool,
    sheets: Sheets,
}

/// Classes listed at most, and the length of a bar.
const MOST: usize = 12;
const BAR: f32 = 180.0;

const SIDE: f32 = 160.0;

pub fn trial_ui(ui: &mut Ui, desk: &mut Desk<'_>, subject: &mut Subject, state: &mut State) {
    let Some(graph) = subject::graph(desk) else { return subject::nothing_ui(ui, None) };
    if !std::mem::replace(&mut state.has_begun, true) && subject.source == Source::Test {
        subject.source = Source::Drawing;
    }
    subject.picture_ui(ui, desk, graph.input());
    let Some(exhibit) = subject.exhibit() else {
        widgets::caption_ui(ui, "Choose a picture, or drop one on the window.");
        return;
    };
    let Some(seen) = desk.look(Look::Activations { exhibit }) else { return subject::nothing_ui(ui, None) };
    let view = match &seen.view {
        Ok(view) => view,
        Err(problem) => return subject::nothing_ui(ui, Some(problem)),
    };
    let View::Activations(activations) = &**view else { return };
    let Some(shares) = shares(desk, activations) else {
        widgets::caption_ui(ui, "This net gives no probabilities of classes.");
        return;
    };
    let classes = subject::set(desk).map_or(&[][..], |set| &set.classes);
    ui.horizontal_top(|ui| {
        if subject.source != Source::Drawing {
            picture_ui(ui, &mut state.sheets, &activations.picture, seen.serial, SIDE);
        }
        ui.vertical(|ui| bars_ui(ui, classes, &shares));
    });
}

/// The softmax's probabilities of the classes, if the last layer gives logits of them.
pub fn shares(desk: &Desk<'_>, activations: &Activations) -> Option<Vec<f64>> {
    let (set, last) = (subject::set(desk)?, activations.layers.last()?);
    let is_classes = last.extent.area() == 1 && last.extent.channels == set.classes.len();
    let loss = desk.snapshot.run().map(|run| run.experiment.train.loss);
    if !is_classes || !matches!(loss, Some(Loss::CrossEntropy { .. })) {
        return None;
    }
    let largest = last.numbers.iter().copied().fold(f32::MIN, f32::max);
    let powers: Vec<f64> = last.numbers.iter().map(|z| f64::from(z - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    Some(powers.iter().map(|power| power / sum).collect())
}

/// A bar for each class, in the order of the classes; of many the likeliest.
fn bars_ui(ui: &mut Ui, classes: &[String], shares: &[f64]) {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    if order.len() > MOST {
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
        order.truncate(MOST);
    }
    let best = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
    let palette = Palette::of(ui);
    let font = egui::TextStyle::Body.resolve(ui.style());
    for class in order {
        let name = classes.get(class).map_or("", String::as_str);
        let (rect, response) = ui.allocate_exact_size(vec2(90.0 + BAR + 60.0, 20.0), Sense::hover());
        let is_best = Some(class) == best;
        let colour = if is_best { palette.text } else { palette.muted };
        let short: String = name.chars().take(13).collect();
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, short, font.clone(), colour);
        let bar = Rect::from_min_size(rect.min + vec2(90.0, 5.0), vec2(BAR, 10.0));
        widgets::bar(ui, bar, shares[class] as f32, if is_best { palette.accent } else { palette.train });
        let text = format::percent(shares[class]);
        let at = bar.right_center() + vec2(6.0, 0.0);
        ui.painter().text(at, Align2::LEFT_CENTER, &text, theme::figures(ui), colour);
        widgets::named(response, &format!("{name} {text}"));
    }
}
