//! Over the stack: where to start from, the sums, and the captions of the columns.

use egui::{Align, Button, Layout, RichText, Ui, vec2};
use lucide_icons::Icon;

use super::{State, advice, stats};
use crate::app::action::Action;
use crate::app::bridge::Desk;
use crate::app::theme;
use crate::app::{format, widgets};
use crate::experiment::{NetworkChoice, presets};

/// Buttons of presets in a row, and the width of each.
const PRESETS_ACROSS: usize = 5;
const PRESET_WIDTH: f32 = 84.0;

/// Room for the name of a preset.
const LEAST_FOR_NAME: f32 = 64.0;

pub fn header_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let name = match &desk.editor.experiment.network {
        NetworkChoice::Preset(name) => name.clone(),
        NetworkChoice::Layers { .. } => "own layers".into(),
    };
    widgets::section_ui(ui, "Network", |ui| {
        let button =
            ui.button((widgets::icon(Icon::Layers), "Start from…", widgets::icon(Icon::ChevronDown)));
        let button = widgets::named(button, "Start from…");
        egui::Popup::menu(&button).show(|ui| presets_ui(ui, desk));
        table_button_ui(ui, desk);
        live_button_ui(ui, desk, state);
        fold_ui(ui, desk, state);
        if ui.available_width() > LEAST_FOR_NAME {
            widgets::caption_ui(ui, &name).on_hover_text("What the network was started from");
        }
    });
    totals_ui(ui, desk, state);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // As far from the edge as the columns on the cards.
            ui.add_space(33.0 + super::SCROLL_BAR);
            // And only where these have room for them.
            if ui.available_width() + 21.0 >= stats::WIDTH + super::card::LEAST_TITLE {
                stats::captions_ui(ui);
            }
        });
    });
}

fn presets_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    ui.set_min_width(PRESETS_ACROSS as f32 * (PRESET_WIDTH + theme::SMALL_GAP));
    ui.label(theme::caption(ui, "Replaces the layers; undo brings them back."));
    let nothing = (widgets::icon(Icon::Plus), "Nothing: a net of your own, card by card");
    let button = widgets::named(ui.add(Button::new(nothing)), "Nothing: a net of your own");
    if button.on_hover_text("No layers; + adds the first").clicked() {
        desk.editor.experiment.network = NetworkChoice::Layers { input: None, layers: Vec::new() };
        ui.close();
    }
    for (title, names) in presets::GROUPS {
        ui.add_space(theme::SMALL_GAP);
        widgets::caption_ui(ui, title);
        for row in names.chunks(PRESETS_ACROSS) {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
                row.iter().for_each(|name| preset_ui(ui, desk, name));
            });
        }
    }
}

fn preset_ui(ui: &mut Ui, desk: &mut Desk<'_>, name: &str) {
    let help = presets::describe(name).unwrap_or_default();
    let button = Button::new(name).min_size(vec2(PRESET_WIDTH, theme::ROW));
    if ui.add(button).on_hover_text(help).clicked() {
        desk.editor.experiment.network = NetworkChoice::Preset(name.into());
        ui.close();
    }
}

/// Shows what goes on in the layers, or leaves it out.
fn live_button_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    if desk.snapshot.begun().is_none() {
        return;
    }
    let (symbol, label) = match state.is_quiet {
        true => (Icon::EyeOff, "Show what goes on in the layers"),
        false => (Icon::Activity, "Leave out what goes on in the layers"),
    };
    let help = "Signal, gradient and dead units of every layer, measured while it trains.";
    if widgets::icon_button(ui, symbol, label).on_hover_text(format!("{label}\n{help}")).clicked() {
        state.is_quiet = !state.is_quiet;
        state.heights.clear();
    }
}

fn table_button_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let action = Action::LayerTable;
    let help = format!("{}\n{}", action.label(), action.tooltip(ui.ctx()));
    if widgets::icon_button(ui, action.icon(), action.label()).on_hover_text(help).clicked() {
        desk.act(action);
    }
}

/// One button that folds all that can be folded, or unfolds it.
fn fold_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    let holders: Vec<_> = holders(desk.editor.layers());
    if holders.is_empty() {
        return;
    }
    let all_folded = holders.iter().all(|id| state.folded.contains(id));
    let (symbol, label) = match all_folded {
        true => (Icon::ChevronsUpDown, "Unfold all"),
        false => (Icon::ChevronsDownUp, "Fold all"),
    };
    if widgets::icon_button(ui, symbol, label).on_hover_text(label).clicked() {
        state.heights.clear();
        state.folded.clear();
        if !all_folded {
            state.folded.extend(holders);
        }
    }
}

fn holders(layers: &[crate::experiment::Layer]) -> Vec<crate::experiment::LayerId> {
    let holding = layers.iter().filter(|layer| !layer.kind.children().is_empty());
    holding
        .flat_map(|layer| {
            let inside = layer.kind.children().into_iter().flat_map(|list| holders(list));
            std::iter::once(layer.id).chain(inside).collect::<Vec<_>>()
        })
        .collect()
}

fn totals_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let total = desk.editor.costs().total;
    let is_possible = desk.editor.costs().problem.is_none();
    let batch = desk.editor.experiment.train.batch as u64;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        let mut sum_ui = |figure: String, unit: &str, help: String| {
            // What the layers before the problem cost is no sum of the net.
            let (figure, help) = match is_possible {
                true => (figure, help),
                false => ("–".into(), "Not known before the network is possible.".into()),
            };
            ui.label(RichText::new(figure).monospace());
            widgets::caption_ui(ui, unit).on_hover_text(help);
            ui.add_space(theme::GAP);
        };
        sum_ui(
            format::count(total.parameters),
            "parameters",
            "Learned numbers in all layers together.".into(),
        );
        let help = format!("{} for one picture", format::count(total.multiply_adds));
        sum_ui(format::short(total.multiply_adds), "multiply-adds", help);
        let (figure, unit, help) = memory(desk, batch, total.activation_bytes);
        sum_ui(figure, unit, help);
        advice::count_ui(ui, desk, state);
    });
}

/// What training takes of memory; where that is not known, what the layers' outputs would take.
fn memory(desk: &Desk<'_>, batch: u64, activation_bytes: u64) -> (String, &'static str, String) {
    let apart = format!(
        "The layers' outputs alone take {} for one picture, {} for a batch of {batch}.",
        format::bytes(activation_bytes),
        format::bytes(activation_bytes * batch)
    );
    let Some(footprint) = desk.editor.footprint() else {
        return (format::bytes(activation_bytes * batch), "activations", apart);
    };
    let help = format!(
        "What training takes in batches of {batch}: a step remembers {}, parameters take {}, their gradients as \
         much, the optimiser {}. {apart} Those that are never needed together share their place.",
        format::bytes(footprint.step),
        format::bytes(footprint.parameters),
        format::bytes(footprint.optimiser),
    );
    (format::bytes(footprint.total()), "to train", help)
}
