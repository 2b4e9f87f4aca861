//! The optimisers on surfaces of two weights.

use egui::Ui;

use super::State;
use crate::app::looking::descent;
use crate::inspect::descent::Surface;
use crate::lessons::live::Live;

pub fn descent_ui(ui: &mut Ui, state: &mut State, live: &Live) {
    if !matches!(state, State::Descent(_)) {
        let asked = live.settings.text("surface").unwrap_or("ravine");
        let surface = Surface::ALL.into_iter().find(|surface| surface.name() == asked);
        let rules = live.settings.texts("rules");
        *state = State::Descent(Box::new(descent::State::at(surface.unwrap_or(Surface::Ravine), rules)));
    }
    let State::Descent(state) = state else { return };
    // The table of the rules may be wider than the column.
    egui::ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| descent::descent_ui(ui, state));
}
