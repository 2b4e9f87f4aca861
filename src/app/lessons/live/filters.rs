//! The filters of the first layer of a run, as they form.

use egui::Ui;

use super::State;
use crate::app::bridge::Desk;
use crate::app::looking::filters;
use crate::app::widgets;
use crate::lessons::live::Live;

pub fn filters_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State, live: &Live) {
    if !matches!(state, State::Filters(_)) {
        *state = State::Filters(filters::State::default());
    }
    let State::Filters(state) = state else { return };
    let name = live.settings.text("of").unwrap_or_default();
    // Filters are read from the run that is looked at.
    match desk.snapshot.run() {
        Some(run) if run.name == name => filters::filters_ui(ui, desk, state),
        Some(_) | None => {
            widgets::caption_ui(ui, &format!("Bring the run `{name}` to the front to see its filters."));
        }
    }
}
