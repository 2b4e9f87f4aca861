//! The runs of the session, one line each: how far they have come and what can be done with them.

pub mod front;
pub mod mark;
mod row;

use egui::{ScrollArea, Ui};
use lucide_icons::Icon;

use super::action::Action;
use super::bridge::{Desk, Request};
use super::curves;
use super::theme;
use super::widgets;
use crate::session::MOST_RUNS;

/// What the list remembers from frame to frame.
#[derive(Default)]
pub struct State {
    pub(super) renaming: Option<row::Renaming>,
}

/// Lines that are shown before the list scrolls.
const MOST_LINES: f32 = 5.0;

pub fn runs_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, curves: &mut curves::State) {
    header_ui(ui, desk);
    if desk.snapshot.runs.len() < 2 {
        return;
    }
    row::heads_ui(ui);
    let height = MOST_LINES * theme::ROW;
    ScrollArea::vertical().id_salt("runs").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for run in &desk.snapshot.runs {
            row::row_ui(ui, desk.run, run, desk.requests, state, curves);
        }
    });
}

fn header_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let n = desk.snapshot.runs.len();
    widgets::section_ui(ui, "Runs", |ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        let is_full = n >= MOST_RUNS;
        ui.add_enabled_ui(!is_full, |ui| {
            let action = Action::DuplicateRun;
            let tooltip = format!("{}\n{}", action.label(), action.tooltip(ui.ctx()));
            let response = widgets::icon_button(ui, action.icon(), action.label()).on_hover_text(tooltip);
            let full = "There are 16 runs already, the most there may be.";
            if response.on_disabled_hover_text(full).clicked() {
                desk.act(action);
            }
        });
        if let Some((_, name)) = &desk.snapshot.removed {
            let response = widgets::icon_button(ui, Icon::Undo2, "Bring back the removed run");
            if response.on_hover_text(format!("Brings back “{name}” as it was.")).clicked() {
                desk.requests.push(Request::Restore);
            }
        }
    });
}
