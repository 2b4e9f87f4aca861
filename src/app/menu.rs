//! A menu of what goes by a name ([`Named`]), with the settings of the one chosen behind it.

use std::ops::RangeInclusive;

use egui::{ComboBox, DragValue, Id, TextEdit, Ui};

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
    /// Whether settings that are seldom touched are shown though none was.
    pub shows_rare: bool,
}

/// Draws a menu and the settings of what is chosen; whether anything was changed.
pub fn named_ui<T: Named>(ui: &mut Ui, menu: Menu, value: &mut T) -> bool {
    let mut chosen = Some(value.clone());
    let changed = choice_ui(ui, menu, None, &mut chosen);
    if let Some(chosen) = chosen {
        *value = chosen;
    }
    changed
}

/// [`named_ui`] for what need not be chosen: `none` says what holds then, and what that means.
pub fn optional_ui<T: Named>(
    ui: &mut Ui,
    menu: Menu,
    none: [&'static str; 2],
    value: &mut Option<T>,
) -> bool {
    choice_ui(ui, menu, Some(none), value)
}

fn choice_ui<T: Named>(
    ui: &mut Ui,
    menu: Menu,
    none: Option<[&'static str; 2]>,
    value: &mut Option<T>,
) -> bool {
    if !menu.caption.is_empty() {
        widgets::caption_ui(ui, menu.caption);
    }
    let [none_title, none_help] = none.unwrap_or_default();
    let mut changed = false;
    let title = value.as_ref().map_or(none_title, T::title);
    let combo = ComboBox::from_id_salt(menu.name).width(menu.width).selected_text(title);
    let response = combo.show_ui(ui, |ui| {
        let nothing = none.iter().map(|_| None);
        for option in nothing.chain(T::all().into_iter().map(Some)) {
            let is_chosen = option.as_ref().map(T::name) == value.as_ref().map(T::name);
            let title = option.as_ref().map_or(none_title, T::title);
            let help = option.as_ref().map_or(none_help, T::help);
            if ui.selectable_label(is_chosen, title).on_hover_text(help).clicked() && !is_chosen {
                *value = option;
                changed = true;
            }
        }
    });
    named(response.response, menu.name).on_hover_text(value.as_ref().map_or(none_help, T::help));
    let shows_rare = menu.shows_rare || value.as_ref().is_some_and(T::has_rare_settings);
    let fields = value.iter_mut().flat_map(T::fields);
    for field in fields.filter(|field| shows_rare || !field.is_rare) {
        changed |= setting_ui(ui, field);
    }
    changed
}

/// One setting with its name; whether it was changed.
pub fn setting_ui(ui: &mut Ui, field: Field<'_>) -> bool {
    let (name, label) = (field.name, symbol(field.name));
    let help = format!("{name}: {}", field.help);
    if !matches!(field.value, Value::Flag(_)) {
        widgets::caption_ui(ui, label).on_hover_text(&help);
    }
    match field.value {
        Value::Flag(value) => ui.checkbox(value, label).on_hover_text(help).changed(),
        Value::Count(value, range) => widgets::count_ui(ui, name, value, range).on_hover_text(help).changed(),
        Value::OptionalCount(value, range) => optional_count_ui(ui, name, value, range, &help),
        Value::Number(value, range) => {
            widgets::number_ui(ui, name, value, range).on_hover_text(help).changed()
        }
        Value::Numbers(value, range) => numbers_ui(ui, name, value, range, &help),
        // Only layers have such settings, and draw them on their cards.
        Value::Pair(..) | Value::Padding(..) | Value::Initialisation(_) => false,
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

/// A whole number that there may be none of; whether it was changed.
pub fn optional_count_ui(
    ui: &mut Ui,
    name: &str,
    value: &mut Option<usize>,
    range: RangeInclusive<usize>,
    help: &str,
) -> bool {
    // One below the least number stands for none.
    let least = *range.start() as i64;
    let mut shown = value.map_or(least - 1, |count| count as i64);
    let drag = DragValue::new(&mut shown)
        .range(least - 1..=*range.end() as i64)
        .speed(0.05)
        .update_while_editing(false)
        .custom_formatter(move |n, _| if n < least as f64 { "none".into() } else { format!("{n}") })
        .custom_parser(move |text| match text.trim() {
            "none" | "" => Some((least - 1) as f64),
            number => number.parse().ok(),
        });
    let changed = named(ui.add(drag), name).on_hover_text(help).changed();
    if changed {
        *value = usize::try_from(shown).ok().filter(|count| range.contains(count));
    }
    changed
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
    use crate::experiment::{Initialisation, Loss, Optimiser, Schedule};

    /// What only layers have is not drawn here: nothing else may have it.
    #[test]
    fn every_setting_of_what_goes_by_a_name_is_drawn() {
        fn check<T: Named>() {
            for mut value in T::all() {
                for Field { name, value, .. } in value.fields() {
                    let is_of_layers =
                        matches!(value, Value::Pair(..) | Value::Padding(..) | Value::Initialisation(_));
                    assert!(!is_of_layers, "{name}");
                }
            }
        }
        check::<Optimiser>();
        check::<Schedule>();
        check::<Loss>();
        check::<Initialisation>();
    }

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
