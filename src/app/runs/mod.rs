//! The runs of the session, one line each: how far they have come and what can be done with them.

mod acts;
mod beside;
pub mod front;
pub mod mark;
pub mod matched;
mod row;
mod sweep;

use egui::{Context, Label, ScrollArea, Sense, Ui};
use lucide_icons::Icon;

use super::action::Action;
use super::bridge::{Desk, Request};
use super::curves;
use super::theme;
use super::widgets;
use crate::session::{Command, MOST_RUNS, Sharing};
use sweep::{Answer, Sweep};

/// What the list remembers from frame to frame.
#[derive(Default)]
pub struct State {
    renaming: Option<row::Renaming>,
    sweep: Option<Sweep>,
    pub matching: matched::Matching,
}

/// The share of the window's height that the list may take before it scrolls.
const MOST_SHARE: f32 = 0.18;

/// How high the list of so many runs is: whole lines where all are to be seen, else half a line more, by which one sees
/// that there are others.
fn height(ui: &Ui, n_runs: usize) -> f32 {
    let most = (MOST_SHARE * ui.ctx().content_rect().height() / theme::ROW).floor().max(3.0);
    let lines = if n_runs as f32 <= most { n_runs as f32 } else { most - 0.5 };
    lines * theme::ROW
}

pub fn runs_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, curves: &mut curves::State) {
    header_ui(ui, desk, state);
    sweep_ui(ui.ctx(), desk, state);
    if desk.snapshot.runs.len() < 2 {
        curves::pins_ui(ui, curves);
        return;
    }
    row::heads_ui(ui);
    let height = height(ui, desk.snapshot.runs.len());
    ScrollArea::vertical().id_salt("runs").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for run in &desk.snapshot.runs {
            row::row_ui(ui, desk.run, run, desk.requests, state, curves);
        }
    });
    curves::pins_ui(ui, curves);
    matched_ui(ui, desk, state);
}

/// What the run in front has in common with the one it was put beside.
fn matched_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    let is_twin = desk.snapshot.run().is_some_and(|run| run.twins.is_some());
    if let Some(matched) = state.matching.of(desk.run).filter(|_| is_twin) {
        let label = Label::new(theme::caption(ui, &matched.sentence)).truncate().sense(Sense::hover());
        let mut text = matched.sentence.clone();
        matched.details.iter().take(MOST_DETAILS).for_each(|detail| text = format!("{text}\n{detail}"));
        if matched.details.len() > MOST_DETAILS {
            text = format!("{text}\nand {} more", matched.details.len() - MOST_DETAILS);
        }
        ui.add(label).on_hover_text(text);
    }
}

/// Tensors that are told of one by one.
const MOST_DETAILS: usize = 12;

fn header_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let n = desk.snapshot.runs.len();
    widgets::section_ui(ui, "Runs", |ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        past_ui(ui, desk);
        duplicate_ui(ui, desk, n < MOST_RUNS);
        beside::menu_ui(ui, desk, state);
        if n > 1 {
            sharing_ui(ui, desk);
            all_ui(ui, desk);
        }
        if let Some((_, name)) = &desk.snapshot.removed {
            let response = widgets::icon_button(ui, Icon::Undo2, "Bring back the removed run");
            if response.on_hover_text(format!("Brings back “{name}” as it was.")).clicked() {
                desk.requests.push(Request::Restore);
            }
        }
    });
}

fn past_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let action = Action::PastRuns;
    let response = widgets::icon_button(ui, action.icon(), action.label());
    if response.on_hover_text(action.tooltip(ui.ctx())).clicked() {
        desk.act(action);
    }
}

fn duplicate_ui(ui: &mut Ui, desk: &mut Desk<'_>, has_room: bool) {
    ui.add_enabled_ui(has_room, |ui| {
        let action = Action::DuplicateRun;
        let tooltip = format!("{}\n{}", action.label(), action.tooltip(ui.ctx()));
        let response = widgets::icon_button(ui, action.icon(), action.label()).on_hover_text(tooltip);
        if response.on_disabled_hover_text("There are 16 runs already, the most there may be.").clicked() {
            desk.act(action);
        }
    });
}

/// All runs on, or all runs at rest.
fn all_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let runs = &desk.snapshot.runs;
    let is_any_at_work = runs.iter().any(|run| run.activity.is_work());
    let (symbol, name, command): (_, _, fn(_) -> Command) = match is_any_at_work {
        true => (Icon::CirclePause, "Pause all runs", Command::Pause),
        false => (Icon::CirclePlay, "Train all runs", Command::Play),
    };
    if widgets::icon_button(ui, symbol, name).on_hover_text(name).clicked() {
        desk.requests.extend(runs.iter().map(|run| Request::Send(command(run.id))));
    }
}

/// By what the device's time is shared.
fn sharing_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let (symbol, now, other) = match desk.snapshot.sharing {
        Sharing::Seconds => (Icon::Timer, "seconds", Sharing::Pictures),
        Sharing::Pictures => (Icon::Images, "pictures", Sharing::Seconds),
    };
    let help = format!(
        "Runs have equal parts of {now}. A click shares {} instead.\nBy seconds a small net comes further than a \
         large one; by pictures all come equally far. Twins go step by step in any case.",
        if other == Sharing::Seconds { "seconds" } else { "pictures" }
    );
    let response = widgets::icon_button(ui, symbol, &format!("Time shared by {now}"));
    if response.on_hover_text(help).clicked() {
        desk.requests.push(Request::Send(Command::Share(other)));
    }
}

fn sweep_ui(ctx: &Context, desk: &mut Desk<'_>, state: &mut State) {
    let Some(sweep) = &mut state.sweep else { return };
    match sweep.ask_ui(ctx, &desk.editor.experiment, desk.snapshot.runs.len()) {
        Answer::Open => {}
        Answer::Cancelled => state.sweep = None,
        Answer::Runs(runs) => {
            state.sweep = None;
            desk.requests.push(Request::Beside(runs));
        }
    }
}
