//! Looking inside the run in front: one file for each instrument, and one list of them.
//!
//! An instrument asks for what it shows by [`Desk::look`] in every frame in which it is drawn; what no instrument in
//! view asks for is not computed.

mod answers;
mod descent;
mod embedding;
pub mod filters;
mod gratings;
mod plots;
mod statistics;
mod surface;
mod translation;

use egui::Ui;
use lucide_icons::Icon;

use super::bridge::Desk;
use super::theme;
use super::widgets::{self, icon};
use crate::inspect::look::View;
use crate::session::Seen;

/// Something to look through.
pub struct Instrument {
    pub name: &'static str,
    pub icon: Icon,
    /// What it shows, in a sentence.
    pub help: &'static str,
    ui: fn(&mut Ui, &mut Desk<'_>, &mut Tools),
}

/// All there are, in the order of their tabs.
pub static INSTRUMENTS: [Instrument; 8] = [
    Instrument {
        name: "Filters",
        icon: Icon::Grid3x3,
        help: "What each filter of a convolution looks for: its weights as a picture",
        ui: |ui, desk, tools| filters::filters_ui(ui, desk, &mut tools.filters),
    },
    Instrument {
        name: "Gratings",
        icon: Icon::AudioWaveform,
        help: "What the first layer's filters prefer, measured like cells of the visual cortex",
        ui: |ui, desk, tools| gratings::gratings_ui(ui, desk, &mut tools.gratings),
    },
    Instrument {
        name: "Statistics",
        icon: Icon::Activity,
        help: "How signal, gradient and update fare through the depth",
        ui: |ui, desk, tools| statistics::statistics_ui(ui, desk, &mut tools.statistics),
    },
    Instrument {
        name: "Answers",
        icon: Icon::ListChecks,
        help: "What is taken for what, the worst mistakes, the most and the least certain answers",
        ui: |ui, desk, tools| answers::answers_ui(ui, desk, &mut tools.answers),
    },
    Instrument {
        name: "Embedding",
        icon: Icon::ChartScatter,
        help: "Pictures as points of a plane, by what goes into the last layer",
        ui: |ui, desk, tools| embedding::embedding_ui(ui, desk, &mut tools.embedding),
    },
    Instrument {
        name: "Shift",
        icon: Icon::MoveHorizontal,
        help: "How far each layer's output moves when the picture does",
        ui: |ui, desk, tools| translation::translation_ui(ui, desk, &mut tools.translation),
    },
    Instrument {
        name: "Loss surface",
        icon: Icon::Mountain,
        help: "The loss around the weights, along a line or over a plane",
        ui: |ui, desk, tools| surface::surface_ui(ui, desk, &mut tools.surface),
    },
    Instrument {
        name: "Optimisers",
        icon: Icon::TrendingDown,
        help: "The update rules on surfaces of two weights, step by step",
        ui: |ui, _, tools| descent::descent_ui(ui, &mut tools.descent),
    },
];

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
    answers: answers::State,
    descent: descent::State,
    embedding: embedding::State,
    filters: filters::State,
    gratings: gratings::State,
    statistics: statistics::State,
    surface: surface::State,
    translation: translation::State,
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

/// What was seen, if anything yet; otherwise says what is waited for, or why there is nothing to see.
fn waiting_ui<'a>(ui: &mut Ui, desk: &Desk<'_>, seen: Option<&'a Seen>) -> Option<&'a View> {
    match seen.map(|seen| &seen.view) {
        Some(Ok(view)) => return Some(view),
        Some(Err(message)) => {
            ui.add(egui::Label::new(theme::caption(ui, message)).wrap());
        }
        None if desk.snapshot.begun().is_none() => {
            widgets::caption_ui(ui, "It appears with the first step: the net has no weights yet.");
        }
        None => {
            widgets::caption_ui(ui, "Looking…");
        }
    }
    None
}
