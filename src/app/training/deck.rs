//! Train, pause, one step, one epoch, back: the controls of a tape deck, and where the run stands.

use egui::{Align, Button, Layout, Rect, RichText, Ui, vec2};
use lucide_icons::Icon;

use crate::app::action::Action;
use crate::app::bridge::{Desk, Request};
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::session::{Activity, Command, RunSnapshot};

/// Size of the button that matters most.
const PLAY: egui::Vec2 = vec2(88.0, 32.0);

/// Size of the others.
const OTHER: egui::Vec2 = vec2(32.0, 32.0);

pub fn deck_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        buttons_ui(ui, desk);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| speed_ui(ui, desk));
    });
    ui.add_space(theme::SMALL_GAP);
    progress_ui(ui, desk);
}

fn buttons_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let running = desk.snapshot.activity().is_work();
    let done =
        is_done(desk).then(|| "All epochs are done. Raise their number to go on, or reset.".to_string());
    let obstacle = desk.obstacle().or(desk.hold.first.clone()).or(done);
    let has_run = desk.snapshot.begun().is_some();
    let no_way_back = (!has_run).then_some("There is nothing to go back from.");
    let no_run = (!has_run).then_some("There is no run to test yet.");
    action_ui(ui, desk, Action::Reset, OTHER, no_way_back);
    play_ui(ui, desk, running, obstacle.as_deref());
    action_ui(ui, desk, Action::Step, OTHER, obstacle.as_deref());
    action_ui(ui, desk, Action::Epoch, OTHER, obstacle.as_deref());
    action_ui(ui, desk, Action::Evaluate, OTHER, no_run);
}

fn play_ui(ui: &mut Ui, desk: &mut Desk<'_>, running: bool, obstacle: Option<&str>) {
    let (symbol, label) = if running { (Icon::Pause, "Pause") } else { (Icon::Play, "Train") };
    let tooltip = Action::PlayPause.tooltip(ui.ctx());
    // What runs can always be paused.
    let obstacle = obstacle.filter(|_| !running);
    let response =
        ui.add_enabled_ui(obstacle.is_none(), |ui| widgets::main_button(ui, Some(symbol), label, PLAY)).inner;
    let response = widgets::named(response, label).on_hover_text(tooltip);
    if response.on_disabled_hover_text(obstacle.unwrap_or_default()).clicked() {
        desk.act(Action::PlayPause);
    }
}

fn action_ui(ui: &mut Ui, desk: &mut Desk<'_>, action: Action, size: egui::Vec2, obstacle: Option<&str>) {
    let tooltip = format!("{}\n{}", action.label(), action.tooltip(ui.ctx()));
    let button = Button::new(widgets::icon(action.icon()).font(theme::icons(16.0))).min_size(size);
    let response = widgets::named(ui.add_enabled(obstacle.is_none(), button), action.label());
    let response = response.on_hover_text(tooltip).on_disabled_hover_text(obstacle.unwrap_or_default());
    if response.clicked() {
        desk.act(action);
    }
}

/// Where the run stands: a bar, and below it step, epoch, speed and time left.
fn progress_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let snapshot = desk.snapshot;
    let run = snapshot.begun();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), egui::Sense::hover());
    let share = run.map_or(0.0, |run| run.epochs_done() / run.n_epochs().max(1) as f64);
    widgets::bar(ui, rect, share as f32, Palette::of(ui).accent);
    epoch_marks(ui, rect, run);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::ProgressIndicator,
            true,
            format!("Progress {}", format::percent(share)),
        )
    });
    ui.horizontal(|ui| {
        ui.set_min_height(20.0);
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        state_ui(ui, desk);
        let Some(run) = run else { return };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for text in [left_text(run), place_text(run)].into_iter().flatten() {
                ui.label(RichText::new(text).monospace().size(11.5).color(Palette::of(ui).muted));
                ui.add_space(theme::GAP);
            }
        });
    });
}

/// Fine cuts in the bar where epochs end, while they are few.
fn epoch_marks(ui: &Ui, rect: Rect, run: Option<&RunSnapshot>) {
    let Some(run) = run else { return };
    let n_epochs = run.n_epochs();
    if (2..=40).contains(&n_epochs) {
        for epoch in 1..n_epochs {
            let x = rect.left() + rect.width() * epoch as f32 / n_epochs as f32;
            ui.painter().vline(x, rect.y_range(), egui::Stroke::new(1.5, Palette::of(ui).panel));
        }
    }
}

/// What is going on, or why nothing can.
fn state_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let Some((fault, obstacle)) = desk.fault().filter(|_| !desk.snapshot.activity().is_work()) else {
        if let Some(first) = &desk.hold.first {
            let text = RichText::new("Predict first").small().color(Palette::of(ui).accent);
            ui.label(text).on_hover_text(first);
            return;
        }
        ui.label(RichText::new(state_text(desk)).small()).on_hover_text(kept_text(desk));
        if is_done(desk) {
            more_epochs_ui(ui, desk);
        }
        if desk.snapshot.begun().is_some_and(|run| run.is_stale) {
            changed_ui(ui, desk);
        }
        return;
    };
    let danger = Palette::of(ui).danger;
    ui.label(widgets::icon(Icon::CircleAlert).color(danger));
    let link = ui.link(RichText::new("Cannot train as it stands").small().color(danger));
    if link.on_hover_text(format!("{obstacle}\nA click shows where.")).clicked() {
        desk.requests.push(Request::ShowFault(fault));
    }
}

/// What of the run is on the disk.
fn kept_text(desk: &Desk<'_>) -> String {
    let kept = desk.snapshot.run().map(|run| &run.kept);
    match kept.and_then(|kept| Some((kept.step?, kept.path.as_deref()?))) {
        Some((step, path)) => {
            format!("On the disk up to step {}, in {}.", format::count(step), path.display())
        }
        None => "Nothing of this run is on the disk.".into(),
    }
}

/// Whether the run as it stands has nothing left to do.
fn is_done(desk: &Desk<'_>) -> bool {
    let is_stale = desk.snapshot.begun().is_some_and(|run| run.is_stale);
    desk.snapshot.activity() == Activity::Finished && !is_stale
}

/// A changed experiment takes the place of what was trained, or stands beside it.
fn changed_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let small = |text: &str| Button::new(RichText::new(text).small()).small();
    let again = ui.add(small("Start again"));
    if again.on_hover_text("Gives up what was trained and begins with the change.").clicked() {
        desk.requests.push(Request::Send(Command::Play(desk.run)));
    }
    let beside = ui.add(small("Start beside"));
    let help = "Keeps what was trained; the change becomes a run of its own, to be compared with it.";
    if beside.on_hover_text(help).clicked() {
        desk.requests.push(Request::StartBeside);
    }
}

/// A finished run goes on when it is given more epochs.
fn more_epochs_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let epochs = &mut desk.editor.experiment.train.epochs;
    let more = (*epochs).min(5);
    let text = if more == 1 { "1 more epoch".to_string() } else { format!("{more} more epochs") };
    let button = Button::new(RichText::new(text).small()).small();
    if ui.add(button).on_hover_text("Raises the number of epochs and goes on from here.").clicked() {
        *epochs += more;
        desk.requests.push(Request::Send(Command::Play(desk.run)));
    }
}

fn state_text(desk: &Desk<'_>) -> &'static str {
    let run = desk.snapshot.begun();
    match desk.snapshot.activity() {
        Activity::Preparing => "Preparing…",
        Activity::Training => "Training",
        Activity::Waiting => "Waiting for its twins",
        Activity::Testing => "Testing…",
        Activity::Finished | Activity::Idle => match run {
            Some(run) if run.is_stale => "Changed",
            _ if desk.snapshot.activity() == Activity::Finished => "Finished",
            Some(run) if run.step > 0 => "Paused",
            _ => "Ready",
        },
    }
}

fn place_text(run: &RunSnapshot) -> Option<String> {
    let (epoch, n_epochs) = (run.epochs_done(), run.n_epochs());
    Some(format!("epoch {epoch:.2}/{n_epochs}   step {}", format::count(run.step)))
}

/// Pictures learned from in a second.
fn speed_ui(ui: &mut Ui, desk: &Desk<'_>) {
    let speed = desk.snapshot.run().map_or(0.0, |run| run.images_per_second);
    if speed > 0.0 {
        widgets::caption_ui(ui, "images/s");
        ui.label(RichText::new(format::short(speed as u64)).monospace().size(14.0));
    }
}

fn left_text(run: &RunSnapshot) -> Option<String> {
    let pictures = run.n_steps.saturating_sub(run.step) as f64 * run.experiment.train.batch as f64;
    (run.images_per_second > 0.0)
        .then(|| format!("{} left", format::duration(pictures / run.images_per_second)))
}
