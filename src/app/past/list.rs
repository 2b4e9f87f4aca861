//! The list of all runs on the disk, over the other panels.

use std::path::Path;
use std::time::{Duration, SystemTime};

use egui::{
    Align, Context, DragValue, Layout, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, UiBuilder, vec2,
};
use lucide_icons::Icon;

use super::{LOOK_EVERY, State};
use crate::app::bridge::{Desk, Request};
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, named};
use crate::app::{curves, format};
use crate::session::{Command, Keeping, MOST_RUNS};
use crate::train::folder::{Past, PastState};

/// Height of a line.
const LINE: f32 = 40.0;

/// Shows the list; it closes itself.
pub fn list_ui(ctx: &Context, desk: &mut Desk<'_>, state: &mut State, curves: &curves::State) {
    if !state.is_open {
        return;
    }
    if state.asked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
        state.look_again();
    }
    ctx.request_repaint_after(LOOK_EVERY);
    let modal = widgets::modal("past runs", ctx).show(ctx, |ui| {
        ui.set_width(720.0);
        head_ui(ui, state);
        ui.add_space(theme::SMALL_GAP);
        let room = (ui.ctx().content_rect().height() - 260.0).clamp(160.0, 560.0);
        runs_ui(ui, desk, state, curves, room);
        ui.add_space(theme::GAP);
        keeping_ui(ui, desk, state);
        ui.add_space(theme::GAP);
        ui.button("Close").clicked()
    });
    if modal.inner || modal.should_close() {
        (state.is_open, state.deleting) = (false, None);
    }
}

fn head_ui(ui: &mut Ui, state: &mut State) {
    widgets::section_ui(ui, "Past runs", |ui| {
        let edit = TextEdit::singleline(&mut state.words).hint_text("Find by name").desired_width(200.0);
        named(ui.add(edit), "Find a past run by name");
    });
}

fn runs_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, curves: &curves::State, room: f32) {
    let words = state.words.trim().to_lowercase();
    let found: Option<Vec<Past>> = state.found(ui.ctx()).map(<[Past]>::to_vec);
    let is_meant = |past: &&Past| name(past).to_lowercase().contains(&words);
    let meant: Vec<&Past> = found.iter().flatten().filter(is_meant).collect();
    let nothing = match found {
        None if state.home.is_none() => "This system has no folder for a user's data: nothing is kept.",
        None => "Looking…",
        Some(_) if meant.is_empty() && !words.is_empty() => "No run is called so.",
        Some(_) => "There are none yet: what you train appears here.",
    };
    if meant.is_empty() {
        ui.label(theme::caption(ui, nothing));
        return;
    }
    let scroll = ScrollArea::vertical().id_salt("past runs").max_height(room).auto_shrink([false, true]);
    scroll.show_rows(ui, LINE, meant.len(), |ui, range| {
        for past in &meant[range] {
            line_ui(ui, desk, state, curves, past);
        }
    });
}

/// As it was called in the window, else the title of its experiment.
fn name(past: &Past) -> &str {
    past.open.as_ref().map_or(&past.title, |open| &open.name)
}

fn line_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, curves: &curves::State, past: &Past) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
    let palette = Palette::of(ui);
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, palette.border));
    let layout = Layout::right_to_left(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(rect.shrink2(vec2(4.0, 2.0))).layout(layout), |ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        match state.deleting.as_deref() == Some(&*past.path) {
            true => question_ui(ui, desk, state, past),
            false => buttons_ui(ui, desk, state, curves, past),
        }
        let left = Rect::from_min_max(
            rect.min + vec2(4.0, 2.0),
            egui::pos2(ui.cursor().right() - 8.0, rect.bottom()),
        );
        ui.scope_builder(UiBuilder::new().max_rect(left).layout(Layout::top_down(Align::Min)), |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let label = egui::Label::new(theme::strong(name(past))).truncate().selectable(false);
            ui.add(label).on_hover_text(past.path.display().to_string());
            let text = RichText::new(about(past, SystemTime::now())).small().color(palette.muted);
            let label = ui.add(egui::Label::new(text).truncate().selectable(false));
            if let PastState::Damaged(why) = &past.state {
                label.on_hover_text(why);
            }
        });
    });
}

/// `finished, 4,680 steps · train 1.2 %, test 3.4 % · 5.6 MB · 3 h ago`
fn about(past: &Past, now: SystemTime) -> String {
    let (step, n_steps) = (format::count(past.step), format::count(past.n_steps));
    let state = match &past.state {
        PastState::Finished => format!("finished, {}", format::counted(past.step, "step")),
        PastState::Interrupted => format!("step {step} of {n_steps}"),
        PastState::Running => format!("open now, step {step} of {n_steps}"),
        PastState::Damaged(_) => "damaged".into(),
    };
    let error =
        |what: &str, error: Option<f64>| error.map(|error| format!("{what} {}", format::percent(error)));
    let errors: Vec<String> =
        [error("train", past.error), error("test", past.test_error)].into_iter().flatten().collect();
    let age = now.duration_since(past.changed).unwrap_or_default();
    let parts = [state, errors.join(", "), format::bytes(past.bytes), ago(age)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn ago(age: Duration) -> String {
    match age.as_secs() {
        0..60 => "just now".into(),
        secs @ 60..3600 => format!("{} min ago", secs / 60),
        secs @ 3600..86_400 => format!("{} h ago", secs / 3600),
        secs if secs < 2 * 86_400 => "a day ago".into(),
        secs => format!("{} days ago", secs / 86_400),
    }
}

fn buttons_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, curves: &curves::State, past: &Past) {
    let (can_be_had, is_damaged) = (
        matches!(past.state, PastState::Finished | PastState::Interrupted),
        matches!(past.state, PastState::Damaged(_)),
    );
    let own = name(past);
    ui.add_enabled_ui(past.state != PastState::Running, |ui| {
        let delete = widgets::icon_button(ui, Icon::Trash2, &format!("Delete {own}…"));
        let delete = delete.on_hover_text("Deletes the run for good, after one question.");
        if delete.on_disabled_hover_text("It is open, here or in another window.").clicked() {
            state.deleting = Some(past.path.clone());
        }
    });
    let is_pinned = curves.is_pinned(&past.path);
    ui.add_enabled_ui(!is_damaged, |ui| {
        let mut is_wanted = is_pinned;
        let response = named(ui.checkbox(&mut is_wanted, "Compare"), &format!("Compare with {own}"));
        let help = "Draws its curves beside those of the present runs.";
        if response.on_hover_text(help).clicked() {
            desk.requests.push(match is_wanted {
                true => Request::Compare(past.path.clone()),
                false => Request::LeaveOut(past.path.clone()),
            });
        }
    });
    let is_full = desk.snapshot.runs.len() >= MOST_RUNS;
    ui.add_enabled_ui(can_be_had && !is_full, |ui| {
        let open = named(ui.button("Open"), &format!("Open {own}"));
        let open = open.on_hover_text("Adds it to the runs of the window, as it was at its last checkpoint.");
        let why = match is_full {
            true => "There are 16 runs already, the most there may be.",
            false if is_damaged => "It cannot be gone on with.",
            false => "It is open already, here or in another window.",
        };
        if open.on_disabled_hover_text(why).clicked() {
            desk.requests.push(Request::GoOn(vec![at_rest(past)]));
            state.is_open = false;
        }
    });
}

/// Whoever opens a run by hand presses play by hand.
fn at_rest(past: &Past) -> Past {
    let mut past = past.clone();
    let name = name(&past).to_string();
    past.open = Some(crate::train::folder::Open {
        name,
        trains: false,
        party: None,
        ..past.open.unwrap_or_default()
    });
    past
}

fn question_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, past: &Past) {
    if ui.button("Keep").clicked() {
        state.deleting = None;
    }
    let danger = Palette::of(ui).danger;
    if ui.button(RichText::new("Delete").color(danger)).clicked() {
        desk.requests.push(Request::DeleteRun(past.path.clone()));
        state.deleting = None;
    }
    ui.label("Delete this run for good?");
}

/// Whether runs are kept, and how often a checkpoint is written.
fn keeping_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let Some(home) = state.home.clone() else { return };
    let before = state.keeping.clone();
    ui.horizontal(|ui| {
        let mut is_kept = state.keeping.home.is_some();
        ui.checkbox(&mut is_kept, "Keep runs on the disk")
            .on_hover_text("Each run has a folder there. Whatever ends the program, the run goes on from its last checkpoint.");
        state.keeping.home = is_kept.then(|| home.clone());
        ui.add_enabled_ui(is_kept, |ui| {
            widgets::caption_ui(ui, "checkpoint every");
            let mut seconds = state.keeping.every.as_secs();
            let drag = DragValue::new(&mut seconds).range(Keeping::SECONDS).suffix(" s").speed(0.2);
            let drag = named(ui.add(drag.update_while_editing(false)), "Seconds between checkpoints");
            drag.on_hover_text("And wherever training stops. More often costs a little speed, seldom a little work.");
            state.keeping.every = Duration::from_secs(seconds);
        });
    });
    folder_ui(ui, &home);
    if state.keeping != before {
        desk.requests.push(Request::Send(Command::Keep(state.keeping.clone())));
        if let Err(error) = state.keeping.save(&home) {
            let text = format!("The setting holds for now, but cannot be kept: {error}.");
            desk.requests.push(Request::Say(widgets::Gravity::Warning, text));
        }
    }
}

fn folder_ui(ui: &mut Ui, home: &Path) {
    let text = theme::caption(ui, format!("in {}", home.display()));
    ui.add(egui::Label::new(text).truncate());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_one_unit() {
        let told = [5, 61, 7300, 90_000, 400_000].map(|secs| ago(Duration::from_secs(secs)));
        assert_eq!(told, ["just now", "1 min ago", "2 h ago", "a day ago", "4 days ago"]);
    }
}
