//! The right side: the controls of a tape deck, how the net is trained, its curves, and what it looks like inside.

mod deck;
mod more;
mod settings;

use egui::{ScrollArea, Ui};

use super::bridge::Desk;
use super::{curves, looking, runs, theme};

/// What the panel remembers from frame to frame.
#[derive(Default)]
pub struct State {
    pub curves: curves::State,
    pub looking: looking::State,
    pub runs: runs::State,
    settings: settings::State,
    /// Height of the instruments in the last frame.
    looking_height: f32,
}

/// Height of the curves that must be there before anything scrolls.
const LEAST_CURVES: f32 = 240.0;

pub fn training_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    deck::deck_ui(ui, desk);
    runs::runs_ui(ui, desk, &mut state.runs, &mut state.curves);
    ui.add_space(theme::SMALL_GAP);
    ui.separator();
    ScrollArea::vertical().id_salt("training").auto_shrink([false, false]).show(ui, |ui| {
        let top = ui.cursor().top();
        let room = ui.available_height();
        settings::settings_ui(ui, desk, &mut state.settings);
        ui.separator();
        if !state.curves.is_enlarged {
            let used = ui.cursor().top() - top;
            let for_curves = (room - used - state.looking_height - 2.0 * theme::GAP).max(LEAST_CURVES);
            curves::curves_ui(ui, desk, &mut state.curves, for_curves);
            ui.separator();
        }
        let drawn = ui.scope(|ui| looking::looking_ui(ui, desk, &mut state.looking));
        state.looking_height = drawn.response.rect.height();
    });
}
