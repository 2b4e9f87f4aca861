//! How the net is trained, the settings that are seldom touched: shown where one was, or when asked for.

use std::ops::RangeInclusive;

use egui::Ui;
use lucide_icons::Icon;

use super::settings::setting_ui;
use crate::app::widgets::{self, named};
use crate::app::{format, menu};
use crate::experiment::file::Lock;
use crate::experiment::{Train, WarmUp};

/// Draws them: those that were touched, or all.
pub fn settings_ui(ui: &mut Ui, lock: &Lock, train: &mut Train, shows_all: bool) {
    let plain = Train::default();
    if shows_all || train.warm_up != plain.warm_up {
        setting_ui(ui, lock, "train.warm-up", |ui| warm_up_ui(ui, &mut train.warm_up));
    }
    if shows_all || train.reference_batch.is_some() {
        setting_ui(ui, lock, "train.reference-batch", |ui| reference_batch_ui(ui, train));
    }
    if shows_all || train.clip.is_some() {
        setting_ui(ui, lock, "train.clip", |ui| clip_ui(ui, &mut train.clip));
    }
    if shows_all || train.decay_all {
        let help = "Weight decay pulls biases and the scales and shifts of normalisations towards 0 as well.";
        setting_ui(ui, lock, "train.decay-all", |ui| flag_ui(ui, "Decay all", &mut train.decay_all, help));
    }
    if shows_all || train.zero_residual {
        let help = "The last normalisation of each residual branch begins with scale 0, so that every block begins \
                    as the identity (Goyal et al. 2017). Takes effect at the start of a run.";
        setting_ui(ui, lock, "train.zero-residual", |ui| {
            flag_ui(ui, "Blocks begin as the identity", &mut train.zero_residual, help);
        });
    }
}

/// The button that shows them all, and hides those again that are as usual.
pub fn button_ui(ui: &mut Ui, detailed: &mut bool) {
    let (symbol, name, help) = match detailed {
        true => (Icon::ChevronLeft, "Fewer training settings", "Fewer settings"),
        false => (
            Icon::ChevronRight,
            "More training settings",
            "More settings: warm-up, scaling with the batch, clipping, decay of everything, zero residuals",
        ),
    };
    if widgets::quiet_button(ui, symbol, name).on_hover_text(help).clicked() {
        *detailed = !*detailed;
    }
}

fn warm_up_ui(ui: &mut Ui, warm_up: &mut WarmUp) {
    let help = "The rate grows evenly from a share of itself over the first epochs, before the schedule begins: \
                large steps from weights that have not settled break more than they mend (Goyal et al. 2017).";
    widgets::caption_ui(ui, "Warm-up").on_hover_text(help);
    let is_used = warm_up.epochs > 0.0;
    for (i, field) in warm_up.fields().into_iter().enumerate() {
        if i == 0 || is_used {
            menu::setting_ui(ui, field);
        }
    }
}

fn reference_batch_ui(ui: &mut Ui, train: &mut Train) {
    let help = "The rate is meant for batches of so many pictures and is scaled in proportion for others: a batch \
                twice as large takes half as many steps, each twice as long (Goyal et al. 2017).";
    let batch = train.batch;
    optional_ui(ui, "Rate is for batches of", &mut train.reference_batch, batch, help, |ui, value| {
        widgets::count_ui(ui, "Reference batch", value, Train::BATCH).on_hover_text(help);
    });
    if train.reference_batch.is_some() {
        let rate = widgets::rounded((train.rate as f64 * train.batch_factor()) as f32);
        widgets::caption_ui(ui, &format!("→ {}", format::setting(rate)))
            .on_hover_text("The rate as it is used");
    }
}

fn clip_ui(ui: &mut Ui, clip: &mut Option<f32>) {
    let help = "A gradient that is longer, by all weights together, is shortened to this length, so that a cliff in \
                the loss does not throw the weights far away (Pascanu et al. 2013).";
    let range: RangeInclusive<f32> = Train::CLIP;
    optional_ui(ui, "Clip gradient to", clip, 1.0, help, |ui, value| {
        widgets::number_ui(ui, "Clip", value, range).on_hover_text(help);
    });
}

fn flag_ui(ui: &mut Ui, label: &str, value: &mut bool, help: &str) {
    ui.checkbox(value, label).on_hover_text(help);
}

/// A box to tick, and behind it what can be set once it is; from `first` on.
fn optional_ui<T>(
    ui: &mut Ui,
    label: &str,
    value: &mut Option<T>,
    first: T,
    help: &str,
    set_ui: impl FnOnce(&mut Ui, &mut T),
) {
    let mut is_used = value.is_some();
    if named(ui.checkbox(&mut is_used, label), label).on_hover_text(help).changed() {
        *value = is_used.then_some(first);
    }
    if let Some(value) = value {
        set_ui(ui, value);
    }
}
