//! What is shown, and the filters.

use egui::{Align, DragValue, Layout, RichText, Ui};
use lucide_icons::Icon;

use super::{Part, State};
use crate::app::bridge::Desk;
use crate::app::format;
use crate::app::theme;
use crate::app::widgets::{self, named};
use crate::data::DataSet;
use crate::data::survey::Survey;
use crate::experiment::LabelKind;
use crate::session::PicturesState;

pub fn header_ui(
    ui: &mut Ui,
    desk: &Desk<'_>,
    state: &mut State,
    shown: Option<(&DataSet, Option<&Survey>)>,
) {
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        let name = shown.map_or("Pictures", |(set, _)| set.name.as_str());
        ui.add(egui::Label::new(RichText::new(name).heading()).truncate());
        if let Some((set, survey)) = shown {
            filters_ui(ui, state, set, survey);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let response = widgets::icon_button(ui, Icon::X, "Close the pictures");
            if response.on_hover_text("Back to the network (Escape)").clicked() {
                state.is_open = false;
            }
            if let PicturesState::Opening { .. } = desk.snapshot.pictures() {
                widgets::caption_ui(ui, "reading…");
                ui.add(egui::Spinner::new().size(14.0));
            }
        });
    });
}

fn filters_ui(ui: &mut Ui, state: &mut State, set: &DataSet, survey: Option<&Survey>) {
    let count = |part: Part| format::count(part.of(set).len() as u64);
    let (train, test) = (format!("train {}", count(Part::Train)), format!("test {}", count(Part::Test)));
    let before = state.view.part;
    widgets::choice_ui(
        ui,
        &mut state.view.part,
        &[
            (Part::Train, &train, "The pictures that the net learns from."),
            (Part::Test, &test, "The pictures that it is tested on."),
        ],
    );
    if state.view.part != before {
        (state.selected, state.jumps) = (0, true);
        state.view.only_changed &= state.view.part == Part::Train;
    }
    number_ui(ui, state, set);
    if set.train.labels.kind() == LabelKind::Pixels {
        let mut is_tinted = !state.view.is_plain;
        ui.checkbox(&mut is_tinted, "masks").on_hover_text("Tint each pixel by its class.");
        state.view.is_plain = !is_tinted;
    }
    if set.clean.is_some() && state.view.part == Part::Train {
        let n = survey.map_or(0, |survey| survey.changed.len());
        let label = format!("wrong labels ({})", format::count(n as u64));
        ui.checkbox(&mut state.view.only_changed, label)
            .on_hover_text("Show only the pictures whose label noise has changed.");
    }
}

/// The selected picture by its number, which can be typed.
fn number_ui(ui: &mut Ui, state: &mut State, set: &DataSet) {
    let n = state.view.part.of(set).len();
    widgets::caption_ui(ui, "number");
    let mut number = state.selected + 1;
    let drag = DragValue::new(&mut number).range(1..=n.max(1)).speed(0.2).update_while_editing(false);
    let help = "The place of the picture in its part of the data set, from 1. Type one to go there.";
    if named(ui.add(drag), "Number of the picture").on_hover_text(help).changed() {
        let is_shown = state.shown.place_of(number - 1).is_some();
        if !is_shown {
            (state.view.class, state.view.only_changed) = (None, false);
        }
        (state.selected, state.jumps) = (number - 1, true);
    }
    ui.add_space(theme::SMALL_GAP);
}
