//! Looking inside the run in front: one file for each instrument, and one list of them.
//!
//! An instrument asks for what it shows by [`Desk::look`] in every frame in which it is drawn; what no instrument in
//! view asks for is not computed.

pub mod filters;

use egui::Ui;
use lucide_icons::Icon;

use super::bridge::Desk;
use super::theme;
use super::widgets::icon;

/// Something to look through.
pub struct Instrument {
    pub name: &'static str,
    pub icon: Icon,
    /// What it shows, in a sentence.
    pub help: &'static str,
    ui: fn(&mut Ui, &mut Desk<'_>, &mut Tools),
}

/// All there are, in the order of their tabs.
pub static INSTRUMENTS: [Instrument; 1] = [Instrument {
    name: "Filters",
    icon: Icon::Grid3x3,
    help: "What each filter of a convolution looks for: its weights as a picture",
    ui: |ui, desk, tools| filters::filters_ui(ui, desk, &mut tools.filters),
}];

/// What the panel remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// Place in [`INSTRUMENTS`] of the one in use.
    chosen: usize,
    tools: Tools,
}

/// What each instrument remembers.
#[derive(Default)]
pub struct Tools {
    filters: filters::State,
}

pub fn looking_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        for (i, instrument) in INSTRUMENTS.iter().enumerate() {
            let label = (icon(instrument.icon), instrument.name);
            if ui.selectable_label(state.chosen == i, label).on_hover_text(instrument.help).clicked() {
                state.chosen = i;
            }
        }
    });
    ui.add_space(theme::SMALL_GAP);
    let instrument = &INSTRUMENTS[state.chosen.min(INSTRUMENTS.len() - 1)];
    (instrument.ui)(ui, desk, &mut state.tools);
}
