//! What went wrong, in a sentence, with the remedy as a button.

use egui::{Align, Layout, Ui};
use lucide_icons::Icon;

use super::bridge::{Desk, Request};
use super::theme;
use super::widgets::{self, Gravity};
use crate::session::{Command, RunId};

/// What the bars remember from frame to frame.
#[derive(Default)]
pub struct State {
    /// The problem that has been read and put away.
    dismissed: Option<String>,
    /// The run whose broken loss has been put away.
    dismissed_run: Option<(RunId, u64)>,
    /// What was said of a run's folder or of its going on, and put away.
    dismissed_notes: Vec<String>,
    /// What the window itself has to say: a file that could not be read or written, or was.
    pub own: Option<(Gravity, String)>,
}

impl State {
    pub fn say(&mut self, gravity: Gravity, text: impl Into<String>) {
        self.own = Some((gravity, text.into()));
    }
}

/// A bar for each thing that a person should know. `broke_at` is the step at which the loss was no number.
pub fn status_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, broke_at: Option<u64>) {
    if desk.snapshot.problem().is_none() {
        state.dismissed = None;
    }
    let problem = desk.snapshot.problem().filter(|problem| Some(*problem) != state.dismissed.as_ref());
    // What is wrong with the pictures stands with the pictures.
    let problem = problem.filter(|problem| !is_about_pictures(desk, problem));
    if let Some(problem) = problem.cloned()
        && bar_ui(ui, Gravity::Problem, &problem, |_| {})
    {
        state.dismissed = Some(problem);
    }
    if let Some((gravity, text)) = state.own.clone()
        && bar_ui(ui, gravity, &text, |_| {})
    {
        state.own = None;
    }
    notes_ui(ui, desk, state);
    let run = desk.snapshot.begun().map(|run| (run.id, run.number));
    if let (Some(step), Some(run)) = (broke_at, run)
        && state.dismissed_run != Some(run)
    {
        let text = format!(
            "The loss was no longer a number at step {step}: the weights have grown beyond all bounds. A lower learning rate prevents that."
        );
        if bar_ui(ui, Gravity::Warning, &text, |ui| lower_rate_ui(ui, desk)) {
            state.dismissed_run = Some(run);
        }
    }
}

/// What of the runs cannot be kept, each sentence once, and what there is to note of the run in front.
fn notes_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    let unkept = desk.snapshot.runs.iter().find_map(|run| {
        let problem = run.kept.problem.as_ref()?;
        Some(match desk.snapshot.runs.len() {
            1 => problem.clone(),
            _ => format!("{}: {problem}", run.name),
        })
    });
    let note = desk.snapshot.run().and_then(|run| run.note.clone());
    for (gravity, text) in [(Gravity::Warning, unkept), (Gravity::Note, note)] {
        let Some(text) = text.filter(|text| !state.dismissed_notes.contains(text)) else { continue };
        if bar_ui(ui, gravity, &text, |_| {}) {
            state.dismissed_notes.push(text);
        }
    }
}

fn lower_rate_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let lower = widgets::rounded(desk.editor.experiment.train.rate / 10.0);
    let label = format!("Lower the rate to {} and reset", super::format::setting(lower));
    if ui.button(label).clicked() {
        desk.editor.experiment.train.rate = lower;
        desk.requests.push(Request::Send(Command::Reset(desk.run)));
    }
}

fn is_about_pictures(desk: &Desk<'_>, problem: &str) -> bool {
    matches!(desk.snapshot.pictures(), crate::session::PicturesState::Failed { message, .. } if message == problem)
}

/// A message over the full width; whether it was put away.
fn bar_ui(ui: &mut Ui, gravity: Gravity, text: &str, remedy: impl FnOnce(&mut Ui)) -> bool {
    let mut dismissed = false;
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        dismissed = widgets::icon_button(ui, Icon::X, "Dismiss message").clicked();
        ui.with_layout(Layout::top_down(Align::Min), |ui| widgets::message_ui(ui, gravity, text, remedy));
    });
    ui.add_space(theme::SMALL_GAP);
    dismissed
}
