//! A menu of what goes by a name ([`Named`]), with the settings of the one chosen behind it.

use std::ops::RangeInclusive;

use egui::{ComboBox, Id, TextEdit, Ui};

use super::format;
use super::widgets::{self, named};
use crate::experiment::Named;
use crate::experiment::fields::{Field, MOST_NUMBERS, Value};

/// How a menu looks.
#[derive(Clone, Copy)]
pub struct Menu {
    /// What a screen reader says.
    pub name: &'static str,
    /// The word before it, if any.
    pub caption: &'static str,
    pub width: f32,
}

/// Draws a menu and the settings of what is chosen; whether anything was changed.
pub fn named_ui<T: Named>(ui: &mut Ui, menu: Menu, value: &mut T) -> bool {
    if !menu.caption.is_empty() {
        widgets::caption_ui(ui, menu.caption);
    }
    let mut changed = false;
    let combo = ComboBox::from_id_salt(menu.name).width(menu.width).selected_text(value.title());
    let response = combo.show_ui(ui, |ui| {
        for option in T::all() {
            let is_chosen = option.name() == value.name();
            let response = ui.selectable_label(is_chosen, option.title()).on_hover_text(option.help());
            if response.clicked() && !is_chosen {
                *value = option;
                changed = true;
            }
        }
    });
    named(response.response, menu.name).on_hover_text(value.help());
    for field in value.fields() {
        changed |= setting_ui(ui, field);
    }
    changed
}

/// One setting behind the menu.
fn setting_ui(ui: &mut Ui, field: Field<'_>) -> bool {
    let (name, label) = (field.name, symbol(field.name));
    let help = format!("{name}: {}", field.help);
    if !matches!(field.value, Value::Flag(_)) {
        widgets::caption_ui(ui, label).on_hover_text(&help);
    }
    match field.value {
        Value::Flag(value) => ui.checkbox(value, label).on_hover_text(help).changed(),
        Value::Count(value, range) => widgets::count_ui(ui, name, value, range).on_hover_text(help).changed(),
        Value::Number(value, range) => {
            widgets::number_ui(ui, name, value, range).on_hover_text(help).changed()
        }
        Value::Numbers(value, range) => numbers_ui(ui, name, value, range, &help),
        Value::Pair(..) | Value::Padding(..) => unreachable!("only layers have settings for two directions"),
    }
}

/// The letter by which the lecture calls a constant.
fn symbol(name: &'static str) -> &'static str {
    match name {
        "momentum" => "μ",
        "beta1" => "β1",
        "beta2" => "β2",
        "epsilon" => "ε",
        other => other,
    }
}

/// A list of numbers, typed with commas between them; whether it was changed.
pub fn numbers_ui(
    ui: &mut Ui,
    name: &str,
    value: &mut Vec<f32>,
    range: RangeInclusive<f32>,
    help: &str,
) -> bool {
    // The text while it is being typed.
    let id: Id = ui.scope_id().with(("numbers", name));
    let typed = ui.data(|data| data.get_temp::<String>(id));
    let mut text = typed.clone().unwrap_or_else(|| numbers_text(value));
    let edit = TextEdit::singleline(&mut text).desired_width(96.0).hint_text("82, 123");
    let response =
        named(ui.add(edit), name).on_hover_text(format!("{help}; in ascending order, with commas between"));
    if response.lost_focus() {
        ui.data_mut(|data| data.remove::<String>(id));
        if let Some(parsed) = typed.and_then(|typed| numbers(&typed, &range)) {
            let changed = parsed != *value;
            *value = parsed;
            return changed;
        }
    } else if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text));
    }
    false
}

fn numbers_text(numbers: &[f32]) -> String {
    numbers.iter().map(|&number| format::setting(number)).collect::<Vec<_>>().join(", ")
}

/// Ascending numbers; none where the text is no list of numbers in the range.
fn numbers(text: &str, range: &RangeInclusive<f32>) -> Option<Vec<f32>> {
    let words = text.split([',', ';', ' ']).filter(|word| !word.is_empty());
    let mut numbers = words
        .take(MOST_NUMBERS)
        .map(|word| word.parse().ok().filter(|number| range.contains(number)))
        .collect::<Option<Vec<f32>>>()?;
    numbers.sort_by(f32::total_cmp);
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_typed() {
        let numbers = |text: &str| numbers(text, &(0.0..=1e6));
        assert_eq!(numbers("123, 82"), Some(vec![82.0, 123.0]));
        assert_eq!(numbers("3.5"), Some(vec![3.5]));
        assert_eq!(numbers(""), Some(vec![]));
        assert_eq!(numbers("a"), None);
        assert_eq!(numbers("-1"), None);
        assert_eq!(numbers(&numbers_text(&[82.0, 123.5])), Some(vec![82.0, 123.5]));
    }
}
