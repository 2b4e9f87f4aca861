//! What stands above and below the layers: the pictures and the loss.

use egui::{Align, Frame, Layout, Margin, Ui};
use lucide_icons::Icon;

use super::{State, advice, shown};
use crate::app::bridge::Desk;
use crate::app::editor::Fault;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, Gravity};
use crate::experiment::{LabelKind, Loss, Named, NetworkChoice};

pub fn pictures_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let task = desk.editor.task();
    let source = desk.editor.experiment.data.source.clone();
    let is_at_fault = desk.editor.mismatch().is_some();
    let card = frame(ui, is_at_fault).show(ui, |ui| {
        line_ui(ui, Icon::Images, "Pictures", &source, &task.input.to_string(), |ui| {
            shown::shown_ui(ui, desk, &mut state.shown, state.exhibit.as_ref());
        });
        let Some(message) = desk.editor.mismatch().map(|problem| problem.message.clone()) else { return };
        widgets::message_ui(ui, Gravity::Problem, &message, |ui| {
            if let NetworkChoice::Layers { input, .. } = &mut desk.editor.experiment.network
                && input.is_some()
                && ui.button("Fit the network to these pictures").clicked()
            {
                *input = None;
            }
        });
    });
    if state.seeks(Fault::Pictures) {
        card.response.scroll_to_me(None);
    }
}

pub fn loss_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let goal = desk.editor.goal();
    let is_at_fault = matches!(desk.editor.fault(), Some((Fault::Loss, _)));
    let card = frame(ui, is_at_fault).show(ui, |ui| {
        let what = if goal.labels == LabelKind::Tags { "tag" } else { "class" };
        let figure = crate::app::format::counted(goal.n_outputs() as u64, what);
        line_ui(ui, Icon::Target, goal.loss.title(), "the loss", &figure, |_| {});
        if let Err(problem) = goal.check() {
            widgets::message_ui(ui, Gravity::Problem, &problem.message, |ui| {
                let customary = Loss::customary(goal.labels);
                if ui.button(format!("Use {}", customary.name())).clicked() {
                    desk.editor.experiment.train.loss = customary;
                }
            });
            return;
        }
        // A problem of no layer in particular: an empty network.
        let costs = desk.editor.costs();
        let Some(problem) = costs.problem.as_ref().filter(|problem| problem.layer.is_none()) else { return };
        let mut chosen = None;
        widgets::message_ui(ui, Gravity::Problem, &problem.message, |ui| {
            chosen = advice::remedy_ui(ui, costs.mend.as_ref());
        });
        if let Some(remedy) = chosen {
            desk.editor.mend(remedy);
        }
    });
    if state.seeks(Fault::Loss) {
        card.response.scroll_to_me(None);
    }
}

/// What is wrong has a stronger edge, as a layer's card has then.
fn frame(ui: &Ui, is_at_fault: bool) -> Frame {
    let palette = Palette::of(ui);
    let edge = match is_at_fault {
        true => egui::Stroke::new(2.0, palette.danger),
        false => egui::Stroke::new(1.0, palette.border),
    };
    Frame::new().fill(palette.panel).stroke(edge).corner_radius(theme::CARD_CORNER).inner_margin(Margin {
        left: 8,
        right: 8,
        top: 4,
        bottom: 4,
    })
}

/// What stands there, its shape on the right, and before that what `beside` draws from right to left.
fn line_ui(ui: &mut Ui, symbol: Icon, title: &str, detail: &str, figure: &str, beside: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_min_height(theme::ROW);
        ui.add_space(16.0);
        ui.label(widgets::icon(symbol).color(Palette::of(ui).muted));
        ui.label(theme::strong(title));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(egui::RichText::new(figure).monospace());
            beside(ui);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(theme::caption(ui, detail)).truncate()).on_hover_text(detail);
            });
        });
    });
}
