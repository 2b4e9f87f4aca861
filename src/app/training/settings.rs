//! How the net is trained: the rule, its rate over time, the start.

use egui::{ComboBox, DragValue, Slider, SliderClamping, TextEdit, Ui, vec2};
use lucide_icons::Icon;

use crate::app::bridge::Desk;
use crate::app::format;
use crate::app::theme;
use crate::app::widgets::{self, named};
use crate::experiment::fields::Value;
use crate::experiment::{Initialisation, Optimiser, Schedule, Train};

/// What the section remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// The milestones as they are being typed; none while nobody types.
    milestones: Option<String>,
}

pub fn settings_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let experiment = &mut desk.editor.experiment;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::GAP + theme::SMALL_GAP, theme::SMALL_GAP);
        let train = &mut experiment.train;
        widgets::group_ui(ui, "rate", |ui| rate_ui(ui, &mut train.rate));
        widgets::group_ui(ui, "optimiser", |ui| optimiser_ui(ui, &mut train.optimiser));
        widgets::group_ui(ui, "batch", |ui| batch_ui(ui, train));
        widgets::group_ui(ui, "epochs", |ui| epochs_ui(ui, train));
        widgets::group_ui(ui, "decay", |ui| decay_ui(ui, train));
        widgets::group_ui(ui, "start", |ui| start_ui(ui, &mut train.initialisation));
        widgets::group_ui(ui, "seed", |ui| seed_ui(ui, &mut experiment.seed));
        widgets::group_ui(ui, "schedule", |ui| schedule_ui(ui, &mut experiment.train.schedule, state));
    });
}

fn rate_ui(ui: &mut Ui, rate: &mut f32) {
    let help = "Learning rate η: how far each step goes against the gradient. Takes effect at the next step.";
    widgets::caption_ui(ui, "Rate").on_hover_text(help);
    let slider = Slider::new(rate, 1e-5..=10.0)
        .logarithmic(true)
        .smallest_positive(1e-5)
        .clamping(SliderClamping::Never);
    let response = widgets::slider_ui(ui, "Rate, slider", 88.0, slider).on_hover_text(help);
    if response.changed() {
        *rate = two_figures(*rate);
    }
    widgets::number_ui(ui, "Rate", rate, 0.0..=1000.0).on_hover_text(help);
}

/// What a slider can mean.
fn two_figures(x: f32) -> f32 {
    format!("{x:.1e}").parse().unwrap_or(x)
}

fn optimiser_ui(ui: &mut Ui, optimiser: &mut Optimiser) {
    let combo = ComboBox::from_id_salt("optimiser").width(88.0).selected_text(title(*optimiser));
    let response = combo.show_ui(ui, |ui| {
        for option in Optimiser::ALL {
            let is_chosen = option.name() == optimiser.name();
            if ui.selectable_label(is_chosen, title(option)).on_hover_text(help(option)).clicked()
                && !is_chosen
            {
                *optimiser = option;
            }
        }
    });
    named(response.response, "Optimiser").on_hover_text(help(*optimiser));
    for field in optimiser.fields() {
        let Value::Number(value, range) = field.value else { continue };
        let label = symbol(field.name);
        widgets::caption_ui(ui, label).on_hover_text(field.help);
        widgets::number_ui(ui, field.name, value, range)
            .on_hover_text(format!("{}: {}", field.name, field.help));
    }
}

fn symbol(name: &'static str) -> &'static str {
    match name {
        "momentum" => "μ",
        "beta1" => "β1",
        "beta2" => "β2",
        "epsilon" => "ε",
        other => other,
    }
}

fn title(optimiser: Optimiser) -> &'static str {
    match optimiser {
        Optimiser::Sgd => "SGD",
        Optimiser::Momentum { .. } => "Momentum",
        Optimiser::Nesterov { .. } => "Nesterov",
        Optimiser::Adam { .. } => "Adam",
    }
}

fn help(optimiser: Optimiser) -> &'static str {
    match optimiser {
        Optimiser::Sgd => "w ← w − η·g",
        Optimiser::Momentum { .. } => "Δ ← μ·Δ − η·g, w ← w + Δ",
        Optimiser::Nesterov { .. } => "Δ ← μ·Δ − η·g, w ← w + μ·Δ − η·g: looks ahead along the last step",
        Optimiser::Adam { .. } => {
            "Steps of about η for each weight, by running means of gradient and square (Kingma and Ba 2015)"
        }
    }
}

fn batch_ui(ui: &mut Ui, train: &mut Train) {
    let help = "Pictures per step";
    widgets::caption_ui(ui, "Batch").on_hover_text(help);
    widgets::count_ui(ui, "Batch", &mut train.batch, 1..=100_000).on_hover_text(help);
}

fn epochs_ui(ui: &mut Ui, train: &mut Train) {
    let help = "How often every training picture is seen";
    widgets::caption_ui(ui, "Epochs").on_hover_text(help);
    widgets::count_ui(ui, "Epochs", &mut train.epochs, 1..=100_000).on_hover_text(help);
}

fn decay_ui(ui: &mut Ui, train: &mut Train) {
    let help = "λ of the penalty λ/2·|w|², which at each step pulls the weights of convolutions and fully \
                connected layers towards 0";
    widgets::caption_ui(ui, "Weight decay").on_hover_text(help);
    widgets::number_ui(ui, "Weight decay", &mut train.weight_decay, 0.0..=1.0).on_hover_text(help);
}

fn start_ui(ui: &mut Ui, initialisation: &mut Initialisation) {
    widgets::caption_ui(ui, "Start");
    let combo =
        ComboBox::from_id_salt("initialisation").width(64.0).selected_text(start_title(*initialisation));
    let response = combo.show_ui(ui, |ui| {
        for option in Initialisation::ALL {
            let response = ui.selectable_value(initialisation, option, start_title(option));
            response.on_hover_text(start_help(option));
        }
    });
    named(response.response, "Initialisation").on_hover_text(start_help(*initialisation));
}

fn seed_ui(ui: &mut Ui, seed: &mut u64) {
    let help = "Seed of all that is random: initial weights, order, augmentation, dropout, built-in pictures";
    widgets::caption_ui(ui, "Seed").on_hover_text(help);
    let drag = DragValue::new(seed).range(0..=u32::MAX as u64).speed(0.05).update_while_editing(false);
    named(ui.add(drag), "Seed").on_hover_text(help);
    let response = widgets::icon_button(ui, Icon::Dices, "Another seed");
    if response.on_hover_text("Other initial weights, another order: the next seed").clicked() {
        *seed = (*seed + 1) % u32::MAX as u64;
    }
}

fn start_title(initialisation: Initialisation) -> &'static str {
    match initialisation {
        Initialisation::He => "He",
        Initialisation::Xavier => "Xavier",
    }
}

fn start_help(initialisation: Initialisation) -> &'static str {
    match initialisation {
        Initialisation::He => {
            "Initial weights of variance 2/n for units with n inputs: keeps the signal's size through ReLU."
        }
        Initialisation::Xavier => "Initial weights of variance 1/n for units with n inputs.",
    }
}

fn schedule_ui(ui: &mut Ui, schedule: &mut Schedule, state: &mut State) {
    widgets::caption_ui(ui, "Schedule");
    let is_constant = matches!(schedule, Schedule::Constant);
    let combo = ComboBox::from_id_salt("schedule").width(84.0).selected_text(if is_constant {
        "constant"
    } else {
        "steps"
    });
    let response = combo.show_ui(ui, |ui| {
        if ui.selectable_label(is_constant, "constant").clicked() {
            *schedule = Schedule::Constant;
        }
        if ui.selectable_label(!is_constant, "steps").clicked() && is_constant {
            *schedule = Schedule::Steps { drop: 0.1, at: Vec::new() };
        }
    });
    named(response.response, "Schedule").on_hover_text("How the rate changes over time");
    let Schedule::Steps { drop, at } = schedule else { return };
    widgets::caption_ui(ui, "times");
    widgets::number_ui(ui, "Factor", drop, 0.0..=1.0)
        .on_hover_text("The rate is multiplied by this at each milestone.");
    widgets::caption_ui(ui, "at epochs");
    let mut text = state.milestones.clone().unwrap_or_else(|| milestones_text(at));
    let edit = TextEdit::singleline(&mut text).desired_width(96.0).hint_text("82, 123");
    let response = named(ui.add(edit), "Milestones")
        .on_hover_text("Epochs at which the rate drops, separated by commas");
    if response.lost_focus() {
        if let Some(parsed) = state.milestones.take().and_then(|typed| milestones(&typed)) {
            *at = parsed;
        }
    } else if response.has_focus() {
        state.milestones = Some(text);
    }
}

fn milestones_text(at: &[f32]) -> String {
    at.iter().map(|&epoch| format::setting(epoch)).collect::<Vec<_>>().join(", ")
}

/// Ascending epochs; none where the text is no list of numbers.
fn milestones(text: &str) -> Option<Vec<f32>> {
    let words = text.split([',', ';', ' ']).filter(|word| !word.is_empty());
    let mut at = words
        .map(|word| word.parse().ok().filter(|epoch| (0.0..=1e6).contains(epoch)))
        .collect::<Option<Vec<f32>>>()?;
    at.sort_by(f32::total_cmp);
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milestones_are_read_as_typed() {
        assert_eq!(milestones("123, 82"), Some(vec![82.0, 123.0]));
        assert_eq!(milestones("3.5"), Some(vec![3.5]));
        assert_eq!(milestones(""), Some(vec![]));
        assert_eq!(milestones("a"), None);
        assert_eq!(milestones(&milestones_text(&[82.0, 123.5])), Some(vec![82.0, 123.5]));
    }
}
