//! Only the run in front is looked into: where a part shows another one, a click brings that to the front.

use egui::Ui;

use crate::app::bridge::{Desk, Request};
use crate::app::widgets;
use crate::lessons::own;

/// Whether the run of this name is in front and has begun; otherwise what is to be done about it.
pub fn has_begun_ui(ui: &mut Ui, desk: &mut Desk<'_>, name: &str) -> bool {
    if !is_front_ui(ui, desk, name) {
        return false;
    }
    let has_begun = own::run_of(desk.snapshot, name).is_some_and(|run| run.has_begun);
    if !has_begun {
        widgets::caption_ui(ui, "It appears with the first step. Press Train.");
    }
    has_begun
}

/// Whether the run of this name is in front; otherwise what is to be done about it.
pub fn is_front_ui(ui: &mut Ui, desk: &mut Desk<'_>, name: &str) -> bool {
    let Some(run) = own::run_of(desk.snapshot, name) else {
        widgets::caption_ui(ui, &format!("{name} is not on the table. Set the table above."));
        return false;
    };
    if run.id != desk.run {
        ui.horizontal_wrapped(|ui| {
            widgets::caption_ui(ui, "One run is looked into at a time, the one in front.");
            if ui.button(format!("Bring {name} to the front")).clicked() {
                desk.requests.push(Request::Select(run.id));
            }
        });
        return false;
    }
    true
}
