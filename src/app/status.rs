//! What went wrong, in a sentence, with the remedy as a button.

mod room;

use egui::{Align, Layout, Ui};
use lucide_icons::Icon;

use super::action::Action;
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
    own: Option<Said>,
    short: room::State,
}

/// Something that the window has to say, and what can be done about it.
#[derive(Clone)]
struct Said {
    gravity: Gravity,
    text: String,
    remedy: Option<Action>,
}

impl State {
    pub fn say(&mut self, gravity: Gravity, text: impl Into<String>) {
        self.own = Some(Said { gravity, text: text.into(), remedy: None });
    }

    /// What was said is no longer so.
    pub fn retract(&mut self, text: &str) {
        if self.own.as_ref().is_some_and(|said| said.text == text) {
            self.own = None;
        }
    }

    /// Tells of a problem, with what can be done as a button.
    pub fn say_with(&mut self, text: impl Into<String>, remedy: Action) {
        self.own = Some(Said { gravity: Gravity::Problem, text: text.into(), remedy: Some(remedy) });
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
        && bar_ui(ui, Gravity::Problem, &problem, |ui| room::remedies_ui(ui, desk, &mut state.short))
    {
        state.dismissed = Some(problem);
    }
    if let Some(Said { gravity, text, remedy }) = state.own.clone() {
        let was_put_away = bar_ui(ui, gravity, &text, |ui| {
            if remedy.is_some_and(|action| action_ui(ui, desk, action)) {
                state.own = None;
            }
        });
        if was_put_away {
            state.own = None;
        }
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
fn notes_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
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
        let was_put_away = bar_ui(ui, gravity, &text, |ui| match gravity {
            // There room can be made, and it is set whether runs are kept.
            Gravity::Warning => {
                action_ui(ui, desk, Action::PastRuns);
            }
            // Where there is a problem as well, it stands there.
            _ if desk.snapshot.problem().is_some() => {}
            _ => room::remedies_ui(ui, desk, &mut state.short),
        });
        if was_put_away {
            state.dismissed_notes.push(text);
        }
    }
}

/// A button for an action; whether it was pressed.
fn action_ui(ui: &mut Ui, desk: &mut Desk<'_>, action: Action) -> bool {
    let response = widgets::named(ui.button((widgets::icon(action.icon()), action.label())), action.label());
    let is_pressed = response.on_hover_text(action.tooltip(ui.ctx())).clicked();
    if is_pressed {
        desk.act(action);
    }
    is_pressed
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
