//! One of the instruments that look inside, before a run of the lesson.

use egui::{Label, Ui};

use super::State as Part;
use super::front::is_front_ui;
use crate::app::bridge::Desk;
use crate::app::looking::{self, Tools};
use crate::app::theme;
use crate::lessons::live::Live;

/// What it remembers from frame to frame.
#[derive(Default)]
pub struct State {
    tools: Tools,
    /// Whether a patch was clicked, so that it is explained in the place of the patches.
    is_explaining: bool,
}

pub fn instrument_ui(ui: &mut Ui, desk: &mut Desk<'_>, part: &mut Part, live: &Live) {
    if !matches!(part, Part::Instrument(_)) {
        *part = Part::Instrument(Box::default());
    }
    let Part::Instrument(state) = part else { return };
    if !is_front_ui(ui, desk, live.settings.text("of").unwrap_or_default()) {
        return;
    }
    let word = live.settings.text("show").unwrap_or("statistics");
    if state.is_explaining && ui.button(format!("Back to the {word}")).clicked() {
        state.is_explaining = false;
    }
    let word = if state.is_explaining { WHY } else { word };
    if let Some(instrument) = looking::by_word(word) {
        ui.add(Label::new(theme::caption(ui, instrument.help)).wrap());
        instrument.show_ui(ui, desk, &mut state.tools);
        state.is_explaining |= std::mem::take(&mut state.tools.subject.asks_why);
    }
}

/// The instrument that explains a patch.
const WHY: &str = "why";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::live::KINDS;
    use crate::lessons::settings::Sort;

    /// Each instrument that a lesson may show is one.
    #[test]
    fn every_word_has_an_instrument() {
        let kind = KINDS.iter().find(|kind| kind.name == "instrument").expect("the kind");
        let words = kind.settings.iter().find_map(|setting| match setting.sort {
            Sort::Word(words) if setting.name == "show" => Some(words),
            _ => None,
        });
        for word in words.expect("its words") {
            assert!(looking::by_word(word).is_some(), "no instrument is called `{word}`");
        }
    }
}
