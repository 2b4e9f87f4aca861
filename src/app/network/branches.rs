//! Branches that meet: a column for each, and how they meet.

use egui::{Align, Layout, Ui, vec2};
use lucide_icons::Icon;

use super::Stack;
use crate::app::editor::edit::Edit;
use crate::app::editor::tree::ListId;
use crate::app::theme;
use crate::app::widgets;
use crate::experiment::layers::{Branches, Merge};
use crate::experiment::{Kind, Layer, LayerId};

/// Narrower than this, a branch with layers does not stand beside another.
const LEAST_COLUMN: f32 = 230.0;

/// Width of a branch without layers.
const EMPTY_COLUMN: f32 = 104.0;

/// The switch between sum and concatenation; whether it was used.
fn merge_ui(ui: &mut Ui, branches: &mut Branches) -> bool {
    let options = [
        (Merge::Add, "add", "Where the branches meet, their numbers are added; the shapes must be equal."),
        (Merge::Concat, "concat", "Where the branches meet, their channels are put one behind the other."),
    ];
    widgets::choice_ui(ui, &mut branches.merge, &options)
}

/// What a folded layer holds, in a line.
pub fn summary(kind: &Kind) -> String {
    let meeting = match kind {
        Kind::Branches(branches) => format!("{}: ", branches.merge.name()),
        _ => String::new(),
    };
    let list = |layers: &Vec<Layer>| match layers.is_empty() {
        true => "identity".to_string(),
        false => layers.iter().map(|layer| short_name(&layer.kind)).collect::<Vec<_>>().join(" · "),
    };
    meeting + &kind.children().into_iter().map(list).collect::<Vec<_>>().join("  |  ")
}

fn short_name(kind: &Kind) -> String {
    match kind {
        Kind::Conv(conv) => format!("conv {}", conv.filters),
        Kind::TransposedConv(conv) => format!("transposed conv {}", conv.filters),
        Kind::Linear(linear) => format!("linear {}", linear.outputs),
        Kind::BatchNorm(_) => "norm".into(),
        Kind::Repeat(repeat) => format!("×{} ({})", repeat.times, summary(kind)),
        Kind::Branches(_) => format!("({})", summary(kind)),
        other => other.name().into(),
    }
}

impl Stack<'_> {
    /// All branches, side by side where there is room, else one below the other.
    pub(super) fn branches_ui(&mut self, ui: &mut Ui, id: LayerId, branches: &mut Branches) {
        let room = ui.available_width() - 12.0;
        let n_empty = branches.branches.iter().filter(|list| list.is_empty()).count();
        let n_full = branches.branches.len() - n_empty;
        let gaps = theme::GAP * branches.branches.len().saturating_sub(1) as f32;
        let full = (room - gaps - EMPTY_COLUMN * n_empty as f32) / n_full.max(1) as f32;
        let is_beside = full >= LEAST_COLUMN;
        let layout = if is_beside { Layout::left_to_right(Align::Min) } else { Layout::top_down(Align::Min) };
        ui.with_layout(layout, |ui| {
            ui.spacing_mut().item_spacing.x = theme::GAP;
            for (branch, layers) in branches.branches.iter_mut().enumerate() {
                let width = match layers.is_empty() {
                    _ if !is_beside => room,
                    true => EMPTY_COLUMN,
                    false => full,
                };
                ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(width);
                    self.branch_ui(ui, ListId { parent: Some(id), branch }, layers);
                });
            }
        });
    }

    /// Below the branches: how they meet, and one more.
    pub(super) fn meeting_ui(&mut self, ui: &mut Ui, id: LayerId, branches: &mut Branches) {
        ui.horizontal_wrapped(|ui| {
            widgets::group_ui(ui, "merge", |ui| {
                widgets::caption_ui(ui, "They meet by");
                self.changed |= merge_ui(ui, branches);
            });
            let text = (widgets::icon(Icon::Plus), "Add branch");
            let button =
                widgets::named(ui.add(egui::Button::new(text).frame_when_inactive(false)), "Add branch");
            if button.on_hover_text("Adds a branch without layers: the identity.").clicked() {
                self.edits.push(Edit::AddBranch(id));
            }
        });
    }

    fn branch_ui(&mut self, ui: &mut Ui, list: ListId, layers: &mut [Layer]) {
        ui.horizontal(|ui| {
            ui.set_height(theme::ROW);
            let n = list.branch + 1;
            widgets::caption_ui(ui, &format!("Branch {n}"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let response = widgets::icon_button(ui, Icon::X, &format!("Remove branch {n}"));
                if let (true, Some(parent)) =
                    (response.on_hover_text("Remove this branch").clicked(), list.parent)
                {
                    self.edits.push(Edit::RemoveBranch(parent, list.branch));
                }
            });
        });
        if layers.is_empty() {
            let text = theme::caption(ui, "identity");
            ui.vertical_centered(|ui| {
                ui.label(text).on_hover_text("Without layers, the input passes unchanged.")
            });
        }
        self.list_ui(ui, list, layers);
    }
}
