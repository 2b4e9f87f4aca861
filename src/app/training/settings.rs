//! How the net is trained: the rule, the loss, its rate over time, the start.

use egui::{Slider, SliderClamping, Ui, vec2};
use lucide_icons::Icon;

use super::more;
use crate::app::bridge::Desk;
use crate::app::menu::{self, Menu};
use crate::app::theme;
use crate::app::widgets;
use crate::experiment::Train;
use crate::experiment::file::Lock;

const OPTIMISER: Menu = Menu { name: "Optimiser", caption: "", width: 88.0, shows_rare: false };
const LOSS: Menu = Menu { name: "Loss", caption: "Loss", width: 124.0, shows_rare: false };
const START: Menu = Menu { name: "Initialisation", caption: "Start", width: 64.0, shows_rare: false };
const SCHEDULE: Menu = Menu { name: "Schedule", caption: "Schedule", width: 84.0, shows_rare: false };

/// What the section remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// Whether settings that are seldom touched are asked for.
    detailed: bool,
    /// Whether all are asked for where there is room for the first only.
    is_unfolded: bool,
    /// Whether the batch is to have the keyboard.
    wants_batch: bool,
}

impl State {
    /// Brings the field of the batch into view, ready to be typed in.
    pub fn show_batch(&mut self) {
        (self.is_unfolded, self.wants_batch) = (true, true);
    }
}

/// Where there is little room, the rate and the rule alone until the others are asked for.
pub fn settings_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, has_room: bool) {
    let (experiment, lock) = (&mut desk.editor.experiment, &desk.hold.lock);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::GAP + theme::SMALL_GAP, theme::SMALL_GAP);
        let train = &mut experiment.train;
        let shows_rare = state.detailed;
        let (start, loss) = (Menu { shows_rare, ..START }, Menu { shows_rare, ..LOSS });
        setting_ui(ui, lock, "train.rate", |ui| rate_ui(ui, &mut train.rate));
        setting_ui(ui, lock, "train.optimiser", |ui| menu::named_ui(ui, OPTIMISER, &mut train.optimiser));
        if desk.is_presenting {
            return;
        }
        if !has_room {
            fold_ui(ui, &mut state.is_unfolded);
            if !state.is_unfolded {
                return;
            }
        }
        setting_ui(ui, lock, "train.loss", |ui| menu::named_ui(ui, loss, &mut train.loss));
        setting_ui(ui, lock, "train.batch", |ui| batch_ui(ui, train, &mut state.wants_batch));
        setting_ui(ui, lock, "train.epochs", |ui| epochs_ui(ui, train));
        setting_ui(ui, lock, "train.weight-decay", |ui| decay_ui(ui, train));
        setting_ui(ui, lock, "train.initialisation", |ui| {
            menu::named_ui(ui, start, &mut train.initialisation)
        });
        setting_ui(ui, lock, "seed", |ui| seed_ui(ui, &mut experiment.seed));
        setting_ui(ui, lock, "train.schedule", |ui| menu::named_ui(ui, SCHEDULE, &mut train.schedule));
        more::settings_ui(ui, lock, train, shows_rare);
        more::button_ui(ui, &mut state.detailed);
    });
}

/// What belongs to a key, in one piece; grey where the lesson locks it.
pub(super) fn setting_ui<R>(
    ui: &mut Ui,
    lock: &Lock,
    key: &'static str,
    contents: impl FnOnce(&mut Ui) -> R,
) -> R {
    widgets::group_ui(ui, key, |ui| {
        if lock.holds(key) {
            ui.disable();
        }
        contents(ui)
    })
}

/// The button that shows all settings, and puts them away again.
fn fold_ui(ui: &mut Ui, is_unfolded: &mut bool) {
    let (symbol, name) = match is_unfolded {
        true => (Icon::ChevronUp, "The rate and the optimiser only"),
        false => (Icon::ChevronDown, "All training settings"),
    };
    let help = "Loss, batch, epochs, weight decay, start, seed, schedule";
    if widgets::icon_button(ui, symbol, name).on_hover_text(format!("{name}\n{help}")).clicked() {
        *is_unfolded ^= true;
    }
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
    widgets::number_ui(ui, "Rate", rate, Train::RATE).on_hover_text(help);
}

/// What a slider can mean.
fn two_figures(x: f32) -> f32 {
    format!("{x:.1e}").parse().unwrap_or(x)
}

fn batch_ui(ui: &mut Ui, train: &mut Train, is_wanted: &mut bool) {
    let help = "Pictures per step. Takes effect at the next step: the epoch goes on with the pictures it has not seen.";
    widgets::caption_ui(ui, "Batch").on_hover_text(help);
    let field = widgets::count_ui(ui, "Batch", &mut train.batch, Train::BATCH).on_hover_text(help);
    if std::mem::take(is_wanted) {
        field.request_focus();
        field.scroll_to_me(None);
    }
}

fn epochs_ui(ui: &mut Ui, train: &mut Train) {
    let help = "How often every training picture is seen";
    widgets::caption_ui(ui, "Epochs").on_hover_text(help);
    widgets::count_ui(ui, "Epochs", &mut train.epochs, Train::EPOCHS).on_hover_text(help);
}

fn decay_ui(ui: &mut Ui, train: &mut Train) {
    let help = "λ of the penalty λ/2·|w|², which at each step pulls the weights of convolutions and fully \
                connected layers towards 0";
    widgets::caption_ui(ui, "Weight decay").on_hover_text(help);
    widgets::number_ui(ui, "Weight decay", &mut train.weight_decay, Train::WEIGHT_DECAY).on_hover_text(help);
}

fn seed_ui(ui: &mut Ui, seed: &mut u64) {
    let help = "Seed of all that is random: initial weights, order, augmentation, dropout, built-in pictures";
    widgets::caption_ui(ui, "Seed").on_hover_text(help);
    widgets::seed_ui(ui, "Seed", seed).on_hover_text(help);
    let response = widgets::icon_button(ui, Icon::Dices, "Another seed");
    if response.on_hover_text("Other initial weights, another order: the next seed").clicked() {
        *seed = seed.wrapping_add(1);
    }
}
