//! What can be done where memory is short: a smaller batch, or the processor.

use egui::Ui;
use lucide_icons::Icon;

use crate::app::bridge::{Desk, Request};
use crate::app::widgets::{self, named};
use crate::engine::{DeviceChoice, DeviceKind};
use crate::graph::Total;
use crate::session::{Command, Shortage};

/// The batch that would fit, and what it was counted for: counting takes longer than a frame may.
#[derive(Default)]
pub struct State {
    counted: Option<((Shortage, usize, Total), Option<usize>)>,
}

/// The buttons, where memory is short for the run in front.
pub fn remedies_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let Some(shortage) = desk.snapshot.run().and_then(|run| run.shortage) else { return };
    ui.horizontal_wrapped(|ui| {
        batch_ui(ui, desk, state, shortage);
        if shortage.kind == DeviceKind::Gpu {
            let label = "Use the CPU";
            let help = "All runs go on there, and this one begins.";
            if named(ui.button((widgets::icon(Icon::Cpu), label)), label).on_hover_text(help).clicked() {
                desk.requests.push(Request::Send(Command::UseDevice(DeviceChoice::Cpu)));
                desk.requests.push(Request::Send(Command::Play(desk.run)));
            }
        }
    });
}

fn batch_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, shortage: Shortage) {
    let key = (shortage, desk.editor.experiment.train.batch, desk.editor.costs().total);
    if state.counted.is_none_or(|(of, _)| of != key) {
        state.counted = Some((key, desk.editor.batch_within(shortage.available_bytes)));
    }
    let Some((_, Some(batch))) = state.counted else { return };
    let label = format!("Train in batches of {batch}");
    let help = "What a step must remember grows with the batch. Undo takes it back.";
    if named(ui.button((widgets::icon(Icon::Wrench), label.as_str())), &label).on_hover_text(help).clicked() {
        desk.editor.experiment.train.batch = batch;
        desk.requests.push(Request::Send(Command::Play(desk.run)));
    }
}
