//! The training in three panels: the controls of a tape deck and how the net is trained, its curves, and what it
//! looks like inside.

mod deck;
mod more;
mod settings;

use egui::{ScrollArea, Ui};

use super::bridge::Desk;
use super::{curves, looking, runs, theme, widgets};

/// What the panel remembers from frame to frame.
#[derive(Default)]
pub struct State {
    pub curves: curves::State,
    pub looking: looking::State,
    pub runs: runs::State,
    pub settings: settings::State,
    /// Height of the controls in the last frame.
    pub controls_height: f32,
    /// Height of the instruments in the last frame.
    pub inside_height: f32,
}

impl State {
    /// Whether curves or an instrument take the place of the net.
    pub fn is_something_large(&self) -> bool {
        self.curves.is_enlarged || self.looking.is_large
    }
}

/// Height of the curves that must be there before anything scrolls.
const LEAST_CURVES: f32 = 184.0;

/// Beside so many runs, settings stand back in a window that is less high: what the runs come to is looked at.
const MANY_RUNS: usize = 3;
const LEAST_FOR_MANY: f32 = 900.0;

/// The deck, the runs and the settings. The deck stays in view; the rest scrolls where there is little room.
pub fn controls_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let top = ui.cursor().top();
    deck::deck_ui(ui, desk);
    let above = ui.cursor().top() - top;
    let drawn = ScrollArea::vertical().id_salt("controls").auto_shrink([false, false]).show(ui, |ui| {
        runs::runs_ui(ui, desk, &mut state.runs, &mut state.curves);
        ui.add_space(theme::SMALL_GAP);
        ui.separator();
        let has_room =
            desk.snapshot.runs.len() < MANY_RUNS || ui.ctx().content_rect().height() >= LEAST_FOR_MANY;
        settings::settings_ui(ui, desk, &mut state.settings, has_room);
    });
    follow(ui, &mut state.controls_height, above + drawn.content_size.y);
}

/// Error and loss over time.
pub fn curves_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    ScrollArea::vertical().id_salt("curves").auto_shrink([false, false]).show(ui, |ui| {
        let room = ui.available_height().max(LEAST_CURVES);
        curves::curves_ui(ui, desk, &mut state.curves, room);
    });
}

/// What stands in the place of the curves while they are enlarged: they are drawn once.
pub fn curves_are_elsewhere_ui(ui: &mut Ui) {
    widgets::caption_ui(ui, "The curves are in the middle. C brings them back.");
}

/// The instruments.
pub fn inside_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let drawn = ScrollArea::vertical().id_salt("inside").auto_shrink([false, false]).show(ui, |ui| {
        looking::looking_ui(ui, desk, &mut state.looking);
    });
    follow(ui, &mut state.inside_height, drawn.content_size.y);
}

/// Takes note of a height; what it changes is to be seen at once, not when something else happens.
fn follow(ui: &Ui, height: &mut f32, now: f32) {
    if (*height - now).abs() > 0.5 {
        *height = now;
        ui.ctx().request_repaint();
    }
}
