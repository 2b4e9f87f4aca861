//! What is probably not meant, told where it is: on the card concerned, or above the stack where it concerns the
//! whole net, with what mends it as a button.

use egui::{Label, RichText, Ui};
use lucide_icons::Icon;

use super::{Stack, State};
use crate::app::bridge::Desk;
use crate::app::editor::Editor;
use crate::app::editor::tree;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, Gravity};
use crate::experiment::LayerId;
use crate::graph::advice::{Advice, Remedy};

impl Stack<'_> {
    /// The symbol beside a card's title that folds the advice below and unfolds it.
    pub(super) fn advice_button_ui(&mut self, ui: &mut Ui, id: LayerId, name: &str) {
        let sentences: Vec<&str> = self.costs.advice_on(id).map(|advice| advice.what.as_str()).collect();
        if sentences.is_empty() {
            return;
        }
        let is_folded = self.state.hushed.contains(&id);
        let click = if is_folded { "Click to read on." } else { "Click to fold the advice." };
        let text = widgets::icon(Icon::TriangleAlert).color(Palette::of(ui).warning);
        let button = egui::Button::new(text).min_size(theme::ICON_BUTTON).frame_when_inactive(false);
        let response = ui.scope(|ui| {
            ui.spacing_mut().button_padding = egui::vec2(4.0, 2.0);
            ui.add(button)
        });
        let response = widgets::named(response.inner, &format!("Advice on {name}"));
        if response.on_hover_text(format!("{}\n{click}", sentences.join("\n"))).clicked() {
            match is_folded {
                true => self.state.hushed.remove(&id),
                false => self.state.hushed.insert(id),
            };
            self.state.heights.remove(&id);
        }
    }

    /// The advice on a card, unless it is folded.
    pub(super) fn advice_ui(&mut self, ui: &mut Ui, id: LayerId) {
        if self.state.hushed.contains(&id) {
            return;
        }
        let costs = self.costs;
        for advice in costs.advice_on(id) {
            self.remedies.extend(one_ui(ui, advice));
        }
    }
}

/// What is said of the net as a whole.
pub fn general_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let mut chosen = None;
    for advice in desk.editor.costs().general_advice() {
        ui.add_space(theme::SMALL_GAP);
        chosen = one_ui(ui, advice).or(chosen);
    }
    if let Some(remedy) = chosen {
        desk.editor.mend(remedy);
    }
}

/// How many layers something is said of; a click goes from one to the next.
pub fn count_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let mut concerned: Vec<LayerId> =
        desk.editor.costs().advice.iter().filter_map(|advice| advice.layer).collect();
    concerned.dedup();
    let text = match concerned.len() {
        0 => return,
        1 => "1 warning".to_string(),
        n => format!("{n} warnings"),
    };
    let warning = Palette::of(ui).warning;
    let text =
        (widgets::icon(Icon::TriangleAlert).color(warning), RichText::new(text).small().color(warning));
    let button = egui::Button::new(text).small().frame_when_inactive(false);
    let help = "Layers that something is to be said of before training. A click shows the next of them.";
    if widgets::named(ui.add(button), "Show the next warning").on_hover_text(help).clicked() {
        let now = desk.editor.selected.and_then(|id| concerned.iter().position(|&other| other == id));
        let next = concerned[now.map_or(0, |now| (now + 1) % concerned.len())];
        show(desk.editor, state, next);
    }
}

/// Selects a layer and unfolds all that it lies in.
pub fn show(editor: &mut Editor, state: &mut State, id: LayerId) {
    editor.selected = Some(id);
    state.hushed.remove(&id);
    let mut at = id;
    while let Some(parent) = tree::place_of(editor.layers(), at).and_then(|place| place.list.parent) {
        state.folded.remove(&parent);
        at = parent;
    }
    state.heights.clear();
}

/// One piece of advice: what is the case, why that matters, and what mends it. Gives the remedy that was chosen.
fn one_ui(ui: &mut Ui, advice: &Advice) -> Option<Remedy> {
    let mut chosen = None;
    widgets::message_ui(ui, Gravity::Warning, &advice.what, |ui| {
        ui.add(Label::new(theme::caption(ui, &advice.why)).wrap());
        chosen = remedy_ui(ui, advice.remedy.as_ref());
    });
    chosen
}

/// The button that mends something; whether it was pressed.
pub fn remedy_ui(ui: &mut Ui, remedy: Option<&Remedy>) -> Option<Remedy> {
    let remedy = remedy?;
    let label = remedy.label();
    let response = widgets::named(ui.button((widgets::icon(Icon::Wrench), label.as_str())), &label);
    response.on_hover_text("Undo takes it back.").clicked().then(|| remedy.clone())
}
