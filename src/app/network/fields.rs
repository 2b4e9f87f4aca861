//! The settings of a layer in place, drawn from the one list that the file's reader and writer use too.

use egui::{DragValue, Ui};
use lucide_icons::Icon;

use super::State;
use crate::app::menu::{self, Menu};
use crate::app::theme;
use crate::app::widgets::{self, named};
use crate::experiment::fields::{Field, Value};
use crate::experiment::layers::Padding;
use crate::experiment::{Kind, Layer, LayerId};

/// From what a layer draws its weights.
const START: Menu = Menu { name: "Start of this layer", caption: "start", width: 80.0, shows_rare: true };
const AS_THE_NET: [&str; 2] =
    ["As the net", "Its weights begin by the rule of the whole net, set on the right."];

/// Draws all settings of a layer; whether any was changed.
pub fn fields_ui(ui: &mut Ui, layer: &mut Layer, state: &mut State) -> bool {
    let id = layer.id;
    let follows = {
        let mut followed = layer.kind.clone();
        followed.follow_head();
        followed == layer.kind
    };
    let has_head = layer.kind.has_head();
    let shows_rare = shows_rare(layer, state);
    let (mut changed, mut head_changed) = (false, false);
    for (i, field) in layer.kind.fields().into_iter().enumerate() {
        let is_head = i == 0 && has_head;
        if field.is_rare && !shows_rare {
            continue;
        }
        let field_changed = field_ui(ui, id, is_head, field, state);
        changed |= field_changed;
        head_changed |= field_changed && is_head;
    }
    // What was equal to what follows from the head goes on following it.
    if head_changed && follows {
        layer.kind.follow_head();
    }
    rare_ui(ui, layer, state);
    changed
}

/// Whether the settings that are seldom touched are shown: where one was touched, or when asked for.
fn shows_rare(layer: &Layer, state: &State) -> bool {
    state.detailed.contains(&layer.id) || layer.kind.has_rare_settings()
}

/// The button that shows the settings that are seldom touched, and hides them again.
fn rare_ui(ui: &mut Ui, layer: &mut Layer, state: &mut State) {
    let has_rare = layer.kind.fields().iter().any(|field| field.is_rare);
    if !has_rare || layer.kind.has_rare_settings() {
        return;
    }
    let is_shown = state.detailed.contains(&layer.id);
    let (symbol, help) = match is_shown {
        true => (Icon::ChevronLeft, "Fewer settings"),
        false => (Icon::ChevronRight, "More settings"),
    };
    if widgets::quiet_button(ui, symbol, help).on_hover_text(help).clicked() {
        match is_shown {
            true => state.detailed.remove(&layer.id),
            false => state.detailed.insert(layer.id),
        };
    }
}

/// Whether the settings are drawn below the title: those of kinds that hold others stand in it.
pub fn has_fields(kind: &Kind) -> bool {
    match kind {
        Kind::Activation(activation) => activation.has_setting(),
        Kind::GlobalAveragePool | Kind::Flatten | Kind::Identity | Kind::Branches(_) | Kind::Repeat(_) => {
            false
        }
        _ => true,
    }
}

/// Whether a card of this width has room for the settings on the line of its title.
pub fn fit_beside_title(layer: &Layer, width: f32, state: &State) -> bool {
    let settings = match &layer.kind {
        _ if shows_rare(layer, state) => return false,
        Kind::Conv(_) => 530.0,
        Kind::TransposedConv(_) => 480.0,
        Kind::Pool(_) => 380.0,
        Kind::Shortcut(_) => 220.0,
        Kind::BatchNorm(_) => 210.0,
        Kind::Lrn(_) => 360.0,
        Kind::Linear(_) | Kind::Dropout(_) | Kind::Prelu(_) => 140.0,
        Kind::Upsample(_) | Kind::PermutePixels(_) => 140.0,
        Kind::Activation(activation) if activation.has_setting() => 140.0,
        _ => 0.0,
    };
    // Handle, symbol, title and menu.
    width >= settings + 220.0 + super::stats::WIDTH
}

fn field_ui(ui: &mut Ui, id: LayerId, is_head: bool, field: Field<'_>, state: &mut State) -> bool {
    let label = label(field.name, is_head);
    let help = field.help;
    widgets::group_ui(ui, (id.0, field.name), |ui| match field.value {
        Value::Flag(value) => ui.checkbox(value, label).on_hover_text(help).changed(),
        Value::Count(value, range) => {
            widgets::caption_ui(ui, label);
            widgets::count_ui(ui, label, value, range).on_hover_text(help).changed()
        }
        Value::OptionalCount(value, range) => {
            widgets::caption_ui(ui, label);
            menu::optional_count_ui(ui, label, value, range, help)
        }
        Value::Number(value, range) => {
            widgets::caption_ui(ui, label);
            widgets::number_ui(ui, label, value, range).on_hover_text(help).changed()
        }
        Value::Initialisation(value) => {
            ui.push_id(id.0, |ui| menu::optional_ui(ui, START, AS_THE_NET, value)).inner
        }
        Value::Numbers(value, range) => {
            widgets::caption_ui(ui, label);
            menu::numbers_ui(ui, label, value, range, help)
        }
        Value::Pair(value, range) => {
            widgets::caption_ui(ui, label);
            pair_ui(ui, (id, field.name), label, value, range, help, state)
        }
        Value::Padding(value, range) => {
            widgets::caption_ui(ui, label);
            padding_ui(ui, (id, field.name), label, value, range, help, state)
        }
    })
}

/// The word `same`, pressed or not, and the two numbers where it is not.
fn padding_ui(
    ui: &mut Ui,
    key: (LayerId, &'static str),
    label: &str,
    value: &mut Padding,
    range: std::ops::RangeInclusive<usize>,
    help: &str,
    state: &mut State,
) -> bool {
    let before = *value;
    if let Padding::Each(pair) = value {
        pair_ui(ui, key, label, pair, range, help, state);
    }
    let mut is_same = *value == Padding::Same;
    let word = theme::caption(ui, Padding::SAME);
    let toggle = ui.toggle_value(&mut is_same, word);
    let toggle = named(toggle, &format!("{label} {}", Padding::SAME));
    if toggle.on_hover_text("As many zeros as keep the size of the maps (at stride 1).").changed() {
        *value = if is_same { Padding::Same } else { Padding::Each([0, 0]) };
    }
    *value != before
}

/// Two numbers; one control for both while they are equal and linked.
fn pair_ui(
    ui: &mut Ui,
    key: (LayerId, &'static str),
    label: &str,
    value: &mut [usize; 2],
    range: std::ops::RangeInclusive<usize>,
    help: &str,
    state: &mut State,
) -> bool {
    let linked = value[0] == value[1] && !state.unlinked.contains(&key);
    let before = *value;
    ui.spacing_mut().item_spacing.x = 2.0;
    if linked {
        let [both, _] = value;
        let drag = DragValue::new(both)
            .range(range)
            .speed(0.05)
            .update_while_editing(false)
            .custom_formatter(|n, _| format!("{n}×{n}"))
            .custom_parser(|text| text.split(['×', 'x', '*']).next()?.trim().parse().ok());
        named(ui.add(drag), label).on_hover_text(help);
        value[1] = value[0];
    } else {
        for (side, number) in ["height", "width"].into_iter().zip(value.iter_mut()) {
            let drag = DragValue::new(number).range(range.clone()).speed(0.05).update_while_editing(false);
            named(ui.add(drag), &format!("{label} {side}")).on_hover_text(format!("{help}: {side}"));
        }
    }
    link_ui(ui, key, label, linked, value, state);
    *value != before
}

/// The button that links the two numbers of a pair or sets them free.
fn link_ui(
    ui: &mut Ui,
    key: (LayerId, &'static str),
    label: &str,
    linked: bool,
    value: &mut [usize; 2],
    state: &mut State,
) {
    let (symbol, help) = match linked {
        true => (Icon::Link2, "Height and width are equal. Click to set them one by one."),
        false => (Icon::Link2Off, "Height and width are set one by one. Click to make them equal."),
    };
    let response = widgets::quiet_button(ui, symbol, &format!("Link height and width of {label}"));
    if response.on_hover_text(help).clicked() {
        if linked {
            state.unlinked.insert(key);
        } else {
            state.unlinked.remove(&key);
            value[1] = value[0];
        }
    }
}

/// What a setting is called on the card. The head has in the file the name of its kind.
fn label(name: &'static str, is_head: bool) -> &'static str {
    if !is_head {
        return name;
    }
    match name {
        "conv" | "transposed-conv" => "filters",
        "linear" => "units",
        "max-pool" | "average-pool" | "sum-pool" => "window",
        "dropout" => "probability",
        "leaky-relu" => "slope",
        "elu" => "alpha",
        "upsample-nearest" | "upsample-bilinear" => "factor",
        "permute-pixels" => "seed",
        "shortcut" => "channels",
        "repeat" => "times",
        other => other,
    }
}
