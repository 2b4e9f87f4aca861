//! One run in the list.

use egui::{Align, Key, Layout, Rect, RichText, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, vec2};
use lucide_icons::Icon;

use super::{State, mark};
use crate::app::bridge::Request;
use crate::app::theme::{self, Palette};
use crate::app::{curves, format, widgets};
use crate::session::{Activity, Command, RunId, RunSnapshot};

/// A name that is being typed.
pub struct Renaming {
    id: RunId,
    text: String,
    has_focus: bool,
}

/// Widths of the columns of figures, from the right: speed, test error, training error, epoch.
const COLUMNS: [f32; 4] = [44.0, 48.0, 48.0, 38.0];

pub fn row_ui(
    ui: &mut Ui,
    front: RunId,
    run: &RunSnapshot,
    requests: &mut Vec<Request>,
    state: &mut State,
    curves: &mut curves::State,
) {
    let size = vec2(ui.available_width(), theme::ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let is_front = run.id == front;
    let palette = Palette::of(ui);
    if is_front || response.hovered() {
        let fill = if is_front { palette.accent_area } else { palette.hover };
        ui.painter().rect_filled(rect, theme::CORNER, fill);
    }
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_front, described(run)));
    if response.clicked() {
        requests.push(Request::Select(run.id));
    }
    if response.double_clicked() {
        state.renaming = Some(Renaming { id: run.id, text: run.name.clone(), has_focus: false });
    }
    let menu = |ui: &mut Ui| menu_items_ui(ui, run, requests, state, curves);
    response.context_menu(menu);
    let inner = rect.shrink2(vec2(4.0, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        play_ui(ui, run, requests);
        mark::swatch_ui(ui, run.mark, curves.is_hidden(run.id));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let button = widgets::quiet_button(ui, Icon::EllipsisVertical, &format!("More for {}", run.name));
            egui::Popup::menu(&button).show(|ui| menu_items_ui(ui, run, requests, state, curves));
            figures_ui(ui, run);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| name_ui(ui, run, requests, state));
        });
    });
}

/// All that the row says, for a screen reader.
fn described(run: &RunSnapshot) -> String {
    let errors = match (train_error(run), test_error(run)) {
        (Some(train), Some(test)) => {
            format!(", training error {}, test error {}", format::percent(train), format::percent(test))
        }
        (Some(train), None) => format!(", training error {}", format::percent(train)),
        _ => String::new(),
    };
    format!("Run {}, {}{errors}", run.name, state_text(run).to_lowercase())
}

pub fn state_text(run: &RunSnapshot) -> &'static str {
    match run.activity {
        Activity::Preparing => "Preparing",
        Activity::Training => "Training",
        Activity::Waiting => "Waiting for its twins",
        Activity::Testing => "Testing",
        _ if run.problem.is_some() => "Stopped",
        _ if run.is_stale => "Changed",
        Activity::Finished => "Finished",
        Activity::Idle if run.step > 0 => "Paused",
        Activity::Idle => "Ready",
    }
}

fn play_ui(ui: &mut Ui, run: &RunSnapshot, requests: &mut Vec<Request>) {
    let (symbol, verb, command) = match run.activity.is_work() {
        true => (Icon::Pause, "Pause", Command::Pause(run.id)),
        false => (Icon::Play, "Train", Command::Play(run.id)),
    };
    let response = widgets::quiet_button(ui, symbol, &format!("{verb} {}", run.name));
    let with = if run.twins.is_some() { " with its twins" } else { "" };
    if response.on_hover_text(format!("{verb} this run{with}")).clicked() {
        requests.push(Request::Send(command));
    }
}

/// The name and, where it is not plain from the figures, the state.
fn name_ui(ui: &mut Ui, run: &RunSnapshot, requests: &mut Vec<Request>, state: &mut State) {
    if let Some(renaming) = state.renaming.as_mut().filter(|renaming| renaming.id == run.id) {
        let edit = TextEdit::singleline(&mut renaming.text).desired_width(ui.available_width());
        let response = widgets::named(ui.add(edit), "Name of the run");
        if !renaming.has_focus {
            response.request_focus();
            renaming.has_focus = true;
        } else if response.lost_focus() {
            let is_kept =
                !ui.input(|input| input.key_pressed(Key::Escape)) && !renaming.text.trim().is_empty();
            if is_kept {
                let name = renaming.text.trim().to_string();
                requests.push(Request::Send(Command::Rename(run.id, name)));
            }
            state.renaming = None;
        }
        return;
    }
    let palette = Palette::of(ui);
    let symbol = match run.activity {
        Activity::Preparing | Activity::Waiting => Some((Icon::Hourglass, palette.muted)),
        Activity::Testing => Some((Icon::Target, palette.muted)),
        _ if run.problem.is_some() => Some((Icon::CircleAlert, palette.danger)),
        _ if run.is_stale => Some((Icon::PencilLine, palette.warning)),
        Activity::Finished => Some((Icon::Check, palette.muted)),
        _ => None,
    };
    if let Some((symbol, colour)) = symbol {
        let text = widgets::icon(symbol).font(theme::icons(12.0)).color(colour);
        let label = ui.label(text);
        label.on_hover_text(run.problem.as_deref().unwrap_or(state_text(run)));
    }
    if run.twins.is_some() {
        let text = widgets::icon(Icon::Link2).font(theme::icons(12.0)).color(palette.muted);
        ui.label(text).on_hover_text("In lockstep with the runs that have this sign");
    }
    ui.add(egui::Label::new(RichText::new(&run.name)).truncate().selectable(false).sense(Sense::empty()));
}

/// Speed, errors and epoch, from the right.
fn figures_ui(ui: &mut Ui, run: &RunSnapshot) {
    let palette = Palette::of(ui);
    let share = |share: Option<f64>| share.map_or("–".into(), |share| format!("{:.1}", 100.0 * share));
    let speed = match run.images_per_second {
        0.0 => String::new(),
        speed => format::short(speed as u64),
    };
    let epoch = match run.has_begun {
        true => format!("{:.1}", run.epochs_done()),
        false => "–".into(),
    };
    let texts = [speed, share(test_error(run)), share(train_error(run)), epoch];
    let helps = [
        "Images per second",
        "Test error in %",
        "Training error over the last tenth of an epoch or so in %",
        "Epoch",
    ];
    for ((text, help), width) in texts.iter().zip(helps).zip(COLUMNS) {
        let (rect, _) = ui.allocate_exact_size(vec2(width, theme::ROW), Sense::empty());
        let font = egui::FontId::monospace(11.0);
        let colour = if help.starts_with("Images") { palette.muted } else { palette.text };
        ui.painter().text(rect.right_center(), egui::Align2::RIGHT_CENTER, text, font, colour);
    }
}

/// What the columns hold, above the list.
pub fn heads_ui(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 14.0), Sense::empty());
    let palette = Palette::of(ui);
    let mut right = rect.right() - 20.0;
    for (text, width) in ["img/s", "test %", "train %", "epoch"].into_iter().zip(COLUMNS) {
        let font = egui::FontId::proportional(10.0);
        let at = egui::pos2(right, Rect::center(&rect).y);
        ui.painter().text(at, egui::Align2::RIGHT_CENTER, text, font, palette.muted);
        right -= width + 2.0;
    }
}

fn train_error(run: &RunSnapshot) -> Option<f64> {
    run.curves.mean_of_end().map(|(_, error)| error)
}

fn test_error(run: &RunSnapshot) -> Option<f64> {
    run.curves.tests.last().map(|test| test.error)
}

fn menu_items_ui(
    ui: &mut Ui,
    run: &RunSnapshot,
    requests: &mut Vec<Request>,
    state: &mut State,
    curves: &mut curves::State,
) {
    ui.set_min_width(200.0);
    let mut item = |ui: &mut Ui, label: &str, request: Option<Request>| {
        let is_clicked = ui.button(label).clicked();
        if is_clicked {
            requests.extend(request);
            ui.close();
        }
        is_clicked
    };
    item(ui, "Train one step", Some(Request::Send(Command::Step(run.id))));
    item(ui, "Train one epoch", Some(Request::Send(Command::Epoch(run.id))));
    item(ui, "Reset to the same weights", Some(Request::Send(Command::Reset(run.id))));
    ui.separator();
    if item(ui, "Rename", None) {
        state.renaming = Some(Renaming { id: run.id, text: run.name.clone(), has_focus: false });
    }
    let is_hidden = curves.is_hidden(run.id);
    if item(ui, if is_hidden { "Show its curves" } else { "Hide its curves" }, None) {
        curves.set_hidden(run.id, !is_hidden);
    }
    if item(ui, "Pin its curves", None) {
        curves.pin(run);
    }
    if run.twins.is_some() {
        item(ui, "Leave lockstep", Some(Request::Send(Command::Part(run.id))));
    }
    item(ui, "Duplicate run", Some(Request::Duplicate(run.id)));
    ui.separator();
    item(ui, "Remove run", Some(Request::Remove(run.id)));
}
