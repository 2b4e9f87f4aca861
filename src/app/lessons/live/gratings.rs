//! What the first layer's filters of a run prefer, as they form.

use egui::Ui;

use super::State;
use super::front::has_begun_ui;
use crate::app::bridge::Desk;
use crate::app::looking::gratings;
use crate::lessons::live::Live;

pub fn gratings_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, live: &Live) {
    if !matches!(state, State::Gratings(_)) {
        *state = State::Gratings(gratings::State::default());
    }
    let State::Gratings(state) = state else { return };
    if has_begun_ui(ui, desk, live.settings.text("of").unwrap_or_default()) {
        gratings::gratings_ui(ui, desk, state);
    }
}
