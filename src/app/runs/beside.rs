//! A run beside the one in front, different in one thing: the menu of likely changes.

use egui::Ui;
use lucide_icons::Icon;

use super::State;
use super::sweep::Sweep;
use crate::app::bridge::{Desk, Request};
use crate::app::widgets;
use crate::experiment::changes::{self, Change, Group};
use crate::session::MOST_RUNS;

pub fn menu_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let n = desk.snapshot.runs.len();
    let obstacle = match desk.editor.obstacle() {
        _ if n >= MOST_RUNS => Some("There are 16 runs already, the most there may be.".to_string()),
        obstacle => obstacle,
    };
    ui.add_enabled_ui(obstacle.is_none(), |ui| {
        let text = (widgets::icon(Icon::GitFork), "Twin");
        let button = widgets::named(ui.add(egui::Button::new(text)), "Twin with one change");
        egui::Popup::menu(&button).show(|ui| {
            ui.set_min_width(190.0);
            groups_ui(ui, desk, state);
        });
        button
            .on_hover_text(
                "A run beside this one that differs in one thing: it sees the same batches in the same order and \
                 begins with the same weights wherever position and shape agree. The two go step by step.",
            )
            .on_disabled_hover_text(obstacle.unwrap_or_default());
    });
}

fn groups_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let all = changes::likely(&desk.editor.experiment, desk.editor.layers());
    for group in Group::ALL {
        let changes: Vec<&Change> = all.iter().filter(|change| change.group == group).collect();
        match changes[..] {
            [] => {}
            // One is chosen without a menu of its own.
            [change] => item_ui(ui, desk, change, &named_alone(change)),
            _ => {
                ui.menu_button(group.title(), |ui| {
                    ui.set_min_width(150.0);
                    changes.iter().for_each(|change| item_ui(ui, desk, change, &change.label));
                });
            }
        }
    }
    ui.separator();
    if ui.button("Sweep over values…").on_hover_text("One setting over a list, or several seeds").clicked()
    {
        state.sweep = Some(Sweep::default());
        ui.close();
    }
}

/// A label that says by itself what is meant.
fn named_alone(change: &Change) -> String {
    match change.group {
        Group::Seed => format!("Another seed: {}", change.experiment.seed),
        _ => change.label.clone(),
    }
}

fn item_ui(ui: &mut Ui, desk: &mut Desk<'_>, change: &Change, label: &str) {
    if ui.button(label).clicked() {
        desk.requests.push(Request::Beside(vec![change.clone()]));
        ui.close();
    }
}
