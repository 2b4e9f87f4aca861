//! The filters of the first layer of a run, as they form.

use egui::Ui;

use super::State;
use super::front::has_begun_ui;
use crate::app::bridge::Desk;
use crate::app::looking::filters;
use crate::lessons::live::Live;

pub fn filters_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, live: &Live) {
    if !matches!(state, State::Filters(_)) {
        *state = State::Filters(filters::State::default());
    }
    let State::Filters(state) = state else { return };
    if has_begun_ui(ui, desk, live.settings.text("of").unwrap_or_default()) {
        filters::filters_ui(ui, desk, state);
    }
}
