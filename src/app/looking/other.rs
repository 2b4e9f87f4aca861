//! The run that the one in front is held against: its plain twin, say.

use egui::{ComboBox, Ui};

use crate::app::bridge::Desk;
use crate::app::widgets;
use crate::session::{RunId, RunSnapshot};

/// Those that have begun, but for the one in front.
fn others<'a>(desk: &Desk<'a>) -> impl Iterator<Item = &'a RunSnapshot> {
    let front = desk.front();
    desk.snapshot.runs.iter().filter(move |run| run.id != front && run.has_begun)
}

/// Lets go of a run that is gone, or has come to the front.
pub fn follow(desk: &Desk<'_>, beside: &mut Option<RunId>) {
    *beside = beside.filter(|id| others(desk).any(|run| run.id == *id));
}

/// Chooses one, where there is one; `words` say what for.
pub fn other_ui(ui: &mut Ui, desk: &Desk<'_>, beside: &mut Option<RunId>, words: &str) {
    if others(desk).next().is_none() {
        return;
    }
    widgets::group_ui(ui, words, |ui| {
        widgets::caption_ui(ui, words);
        let name = beside.and_then(|id| desk.snapshot.run_of(id)).map_or("none", |run| &run.name);
        let combo = ComboBox::from_id_salt(words).selected_text(name).show_ui(ui, |ui| {
            ui.selectable_value(beside, None, "none");
            for run in others(desk) {
                ui.selectable_value(beside, Some(run.id), &run.name);
            }
        });
        widgets::named(combo.response, "Run beside");
    });
}
