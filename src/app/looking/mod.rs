//! Looking inside the run in front: one file for each instrument, and one list of them.
//!
//! An instrument asks for what it shows by [`Desk::look`] in every frame in which it is drawn; what no instrument in
//! view asks for is not computed. They share what they look at ([`subject`]: a picture, a layer, a unit), by which
//! weights ([`moment`]: as they stand, of a step that is past, of a file), and what it is held against ([`other`]).

mod activations;
mod answers;
mod blocks;
mod convolution;
pub mod descent;
mod drawing;
mod embedding;
pub mod filters;
pub mod gratings;
mod moment;
mod other;
mod patches;
pub mod plots;
mod sheets;
mod statistics;
mod subject;
mod surface;
mod translation;
mod trial;
mod why;

use std::path::{Path, PathBuf};

use egui::{Align, Label, Layout, ScrollArea, Ui};
use lucide_icons::Icon;

use super::bridge::Desk;
use super::theme;
use super::widgets::{self, icon};
use crate::data;
use crate::inspect::exhibit::Exhibit;
use crate::inspect::look::View;
use crate::session::{At, RunId, Seen};
use crate::tensor::Extent;
use subject::Subject;

/// Something to look through.
pub struct Instrument {
    pub name: &'static str,
    pub icon: Icon,
    /// What it shows, in a sentence.
    pub help: &'static str,
    /// Whether it opens in the middle of the window rather than at the side.
    pub needs_room: bool,
    /// Whether it looks at the net's weights at all.
    looks_at_weights: bool,
    ui: fn(&mut Ui, &mut Desk<'_>, &mut Tools),
}

impl Instrument {
    /// Looks through it at the run in front.
    pub fn show_ui(&self, ui: &mut Ui, desk: &mut Desk<'_>, tools: &mut Tools) {
        tools.subject.follow(desk);
        other::follow(desk, &mut tools.beside);
        // One other run is looked at, whoever asks for it last.
        if tools.beside.is_some() {
            desk.watch.borrow_mut().beside = tools.beside;
        }
        (self.ui)(ui, desk, tools);
    }
}

/// The instrument of this name in small letters, with hyphens for spaces, as a lesson calls it.
pub fn by_word(word: &str) -> Option<&'static Instrument> {
    let is_meant = |instrument: &&Instrument| {
        let name = instrument.name.trim_end_matches('?').to_lowercase();
        name.replace(' ', "-") == word
    };
    INSTRUMENTS.iter().find(is_meant)
}

/// All there are, in the order of their tabs.
pub static INSTRUMENTS: [Instrument; 13] = [
    Instrument {
        name: "Filters",
        icon: Icon::Grid3x3,
        help: "What each filter of a convolution looks for: its weights as a picture",
        needs_room: false,
        looks_at_weights: true,
        ui: |ui, desk, tools| {
            filters::panel_ui(ui, desk, &mut tools.subject, &mut tools.filters, tools.has_room)
        },
    },
    Instrument {
        name: "Activations",
        icon: Icon::Layers,
        help: "What every layer gives for a picture",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| {
            activations::activations_ui(ui, desk, &mut tools.subject, &mut tools.activations)
        },
    },
    Instrument {
        name: "Patches",
        icon: Icon::Images,
        help: "The patches of pictures to which a unit responds most",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| patches::patches_ui(ui, desk, &mut tools.subject, &mut tools.patches),
    },
    Instrument {
        name: "Why?",
        icon: Icon::Lightbulb,
        help: "Which pixels a unit's response depends on, in five ways",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| why::why_ui(ui, desk, &mut tools.subject, &mut tools.why),
    },
    Instrument {
        name: "Convolution",
        icon: Icon::Sigma,
        help: "The products that sum to one number of a map, and to the gradient of one weight",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| {
            convolution::convolution_ui(ui, desk, &mut tools.subject, &mut tools.convolution)
        },
    },
    Instrument {
        name: "Gratings",
        icon: Icon::AudioWaveform,
        help: "What the first layer's filters prefer, measured like cells of the visual cortex",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| gratings::gratings_ui(ui, desk, &mut tools.gratings),
    },
    Instrument {
        name: "Statistics",
        icon: Icon::Activity,
        help: "How signal, gradient and update fare through the depth",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| statistics::statistics_ui(ui, desk, &mut tools.beside, &mut tools.statistics),
    },
    Instrument {
        name: "Blocks",
        icon: Icon::Blocks,
        help: "What the net is worth without each of its blocks, and with identity layers set in",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| blocks::blocks_ui(ui, desk, &mut tools.beside, &mut tools.blocks),
    },
    Instrument {
        name: "Answers",
        icon: Icon::ListChecks,
        help: "What is taken for what, the worst mistakes, the surest answers, and one for a picture of your own",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| answers::answers_ui(ui, desk, &mut tools.subject, &mut tools.answers),
    },
    Instrument {
        name: "Embedding",
        icon: Icon::ChartScatter,
        help: "Pictures as points of a plane, by what goes into the last layer",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| embedding::embedding_ui(ui, desk, &mut tools.embedding),
    },
    Instrument {
        name: "Shift",
        icon: Icon::MoveHorizontal,
        help: "How far each layer's output moves when the picture does",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| translation::translation_ui(ui, desk, &mut tools.translation),
    },
    Instrument {
        name: "Loss surface",
        icon: Icon::Mountain,
        help: "The loss around the weights, along a line or over a plane",
        needs_room: true,
        looks_at_weights: true,
        ui: |ui, desk, tools| surface::surface_ui(ui, desk, &mut tools.beside, &mut tools.surface),
    },
    Instrument {
        name: "Optimisers",
        icon: Icon::TrendingDown,
        help: "The update rules on surfaces of two weights, step by step",
        needs_room: true,
        looks_at_weights: false,
        ui: |ui, _, tools| descent::descent_ui(ui, &mut tools.descent),
    },
];

/// The names of the instruments that a click on a patch opens, and a picture that is dropped on the window.
const WHY: &str = "Why?";
const PICTURES: &str = "Activations";

/// What the panel remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// Place in [`INSTRUMENTS`] of the one in use.
    chosen: usize,
    /// Whether it has the middle of the window to itself.
    pub is_large: bool,
    /// Whether somebody sent it back to the side: then it no longer goes to the middle by itself.
    stays_small: bool,
    /// Which weights are looked at.
    at: At,
    tools: Tools,
}

impl State {
    /// Takes the instrument of this name; one that needs it has the middle of the window.
    fn choose(&mut self, name: &str) {
        self.chosen = INSTRUMENTS.iter().position(|instrument| instrument.name == name).unwrap_or(0);
        self.is_large |= INSTRUMENTS[self.chosen].needs_room && !self.stays_small;
    }

    /// What the net is shown; none where there is nothing to show yet.
    pub fn exhibit(&self) -> Option<Exhibit> {
        self.tools.subject.exhibit()
    }
}

/// What each instrument remembers, and what they share.
#[derive(Default)]
pub struct Tools {
    pub subject: Subject,
    /// Whether the instrument has the middle of the window.
    has_room: bool,
    /// The run that the one in front is held against.
    beside: Option<RunId>,
    blocks: blocks::State,
    filters: filters::State,
    activations: activations::State,
    patches: patches::State,
    why: why::State,
    convolution: convolution::State,
    answers: answers::State,
    descent: descent::State,
    embedding: embedding::State,
    gratings: gratings::State,
    statistics: statistics::State,
    surface: surface::State,
    translation: translation::State,
}

/// The instruments in the lower right.
pub fn looking_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    if state.is_large {
        ui.horizontal(|ui| {
            widgets::caption_ui(ui, "Looking inside: shown in the middle of the window.");
            size_ui(ui, state);
        });
        return;
    }
    tabs_ui(ui, state);
    ui.add_space(theme::SMALL_GAP);
    instrument_ui(ui, desk, state);
}

/// The instrument in use, in the middle of the window.
pub fn large_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    tabs_ui(ui, state);
    ui.separator();
    ScrollArea::vertical().id_salt("instrument").auto_shrink([false, false]).show(ui, |ui| {
        instrument_ui(ui, desk, state);
    });
}

/// A symbol for each instrument, and the name of the one in use.
fn tabs_ui(ui: &mut Ui, state: &mut State) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        ui.spacing_mut().button_padding.x = 4.0;
        for (i, instrument) in INSTRUMENTS.iter().enumerate() {
            let tab = ui.selectable_label(state.chosen == i, icon(instrument.icon));
            let help = format!("{}\n{}", instrument.name, instrument.help);
            if widgets::named(tab, instrument.name).on_hover_text(help).clicked() {
                state.choose(instrument.name);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| size_ui(ui, state));
    });
}

/// Moves the instrument to the middle of the window, or back.
fn size_ui(ui: &mut Ui, state: &mut State) {
    let (symbol, name) = match state.is_large {
        true => (Icon::Minimize2, "Back to the side"),
        false => (Icon::Maximize2, "Enlarge the instrument"),
    };
    if widgets::icon_button(ui, symbol, name).on_hover_text(name).clicked() {
        state.is_large ^= true;
        state.stays_small = !state.is_large;
    }
}

/// The name of the instrument, what it is for, and which weights it looks at: where there is little room the second
/// gives way to the third.
fn head_ui(ui: &mut Ui, desk: &mut Desk<'_>, instrument: &Instrument, state: &mut State) {
    let has_begun = desk.snapshot.begun().is_some();
    if !has_begun {
        state.at = At::Now;
    }
    let has_weights = instrument.looks_at_weights && has_begun;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        ui.label(theme::strong(instrument.name)).on_hover_text(instrument.help);
        if !has_weights || state.is_large {
            ui.add(Label::new(theme::caption(ui, instrument.help)).truncate());
        } else {
            moment::moment_ui(ui, desk, &mut state.at);
        }
    });
    if has_weights && state.is_large {
        moment::moment_ui(ui, desk, &mut state.at);
    }
}

fn instrument_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let instrument = &INSTRUMENTS[state.chosen.min(INSTRUMENTS.len() - 1)];
    head_ui(ui, desk, instrument, state);
    state.tools.has_room = state.is_large;
    desk.at = state.at.clone();
    instrument.show_ui(ui, desk, &mut state.tools);
    desk.at = At::Now;
    if std::mem::take(&mut state.tools.subject.asks_why) {
        state.choose(WHY);
        ui.ctx().request_repaint();
    }
}

impl State {
    /// Shows the net the picture so many places further.
    pub fn turn(&mut self, desk: &Desk<'_>, by: isize) {
        self.tools.subject.turn(desk, by);
    }

    /// Looks at the weights of a file in the place of the run's own.
    pub fn look_at_file(&mut self, path: PathBuf) {
        self.at = At::File(path);
    }

    /// Shows the net a picture from a file, with an instrument that says what it is taken for.
    pub fn show(&mut self, path: &Path, input: Option<Extent>) -> Result<(), String> {
        let input = input.ok_or("There is no net yet to show a picture to. Press play first.")?;
        let bytes = data::read_picture(path, input).map_err(|error| error.to_string())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.tools.subject.show(name, bytes);
        let shows = [PICTURES, WHY, "Convolution"].contains(&INSTRUMENTS[self.chosen].name);
        if !shows {
            self.choose(PICTURES);
        }
        Ok(())
    }
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
