//! The experiment as the text of its file: what is typed shows on the cards, what is changed on the cards shows in
//! the text. A text that is wrong stays as it is, underlined where it is wrong.

mod marks;

use std::ops::Range;

use egui::text::{CCursor, CCursorRange};
use egui::{FontSelection, Id, ScrollArea, TextEdit, Ui, vec2};
use lucide_icons::Icon;

use super::action::Action;
use super::bridge::Desk;
use super::code::{self, Grammar};
use super::editor::tree;
use super::theme::{self, Palette};
use super::widgets::{self, Gravity, named};
use crate::experiment::{LayerId, Problem, file};

/// Room for the numbers of the lines.
const GUTTER: f32 = 30.0;

/// What is written without a pause of so many seconds is undone at once.
const PAUSE: f64 = 1.0;

/// What the panel remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// The field is to get the keyboard.
    pub wants_keys: bool,
    /// The field itself.
    field: Option<Id>,
    n_pauses: u64,
    /// When something was written last, in seconds.
    written_at: f64,
    /// Where the cursor was in the last frame, in letters.
    cursor: Option<usize>,
    /// The layer that was selected in the last frame.
    selected: Option<LayerId>,
    /// A byte of the text that the cursor is to go to.
    goes_to: Option<usize>,
}

impl State {
    /// Whether the field of this identity is the text.
    pub fn is_written_in(&self, field: Id) -> bool {
        self.field == Some(field)
    }

    /// How often writing was paused.
    pub fn n_pauses(&self) -> u64 {
        self.n_pauses
    }
}

pub fn text_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    header_ui(ui, desk);
    problem_ui(ui, desk, state);
    ui.add_space(theme::SMALL_GAP);
    keys(ui, desk, state);
    ScrollArea::vertical()
        .id_salt("text")
        .auto_shrink([false, false])
        .show(ui, |ui| field_ui(ui, desk, state));
}

fn header_ui(ui: &mut Ui, desk: &Desk<'_>) {
    let file = desk.editor.file.as_ref().and_then(|file| file.file_name()).map(|name| name.to_string_lossy());
    widgets::section_ui(ui, &file.unwrap_or("The experiment's file".into()), |ui| {
        let copy = named(ui.button((widgets::icon(Icon::Copy), "Copy")), "Copy the text");
        if copy.on_hover_text("Copies the whole text.").clicked() {
            ui.ctx().copy_text(desk.editor.text());
        }
    });
}

/// Why the text says nothing, and what can be done.
fn problem_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let Some(Problem { line, span, message, .. }) = desk.editor.text_problem().cloned() else {
        let help = "What you type shows on the cards at once, and the other way round.";
        ui.add(egui::Label::new(theme::caption(ui, help)).wrap());
        return;
    };
    let place = line.map_or(String::new(), |line| format!("Line {line}: "));
    let behind = match desk.editor.is_text_behind() {
        true => "\nThe cards have been changed since. Once the text is right, what it says holds.",
        false => "\nUntil it is right, the cards keep what it said last.",
    };
    widgets::message_ui(ui, Gravity::Problem, &format!("{place}{message}{behind}"), |ui| {
        ui.horizontal_wrapped(|ui| {
            if ui.button("Go there").clicked() {
                state.goes_to = span.map(|span| span.start);
            }
            let help = "Drops what was typed and writes what the cards hold. Undo brings it back.";
            if ui.button("Write it anew").on_hover_text(help).clicked() {
                desk.editor.write_anew();
            }
        });
    });
}

/// The field has the keyboard; what is the window's all the same, as undoing and saving are.
const KEPT: [Action; 8] = [
    Action::Redo,
    Action::Undo,
    Action::SaveAs,
    Action::Save,
    Action::EditText,
    Action::Search,
    Action::Present,
    Action::Help,
];

/// Those keys but for what can be meant as text.
fn keys(ui: &Ui, desk: &mut Desk<'_>, state: &State) {
    if state.field.is_none() || ui.memory(|memory| memory.focused()) != state.field {
        return;
    }
    // Those with more modifiers first, for a key that is pressed with more fits those with fewer too.
    for action in KEPT {
        let keys = action.shortcuts().iter().filter(|keys| keys.logical_key != egui::Key::Questionmark);
        for shortcut in keys {
            if ui.input_mut(|input| input.consume_shortcut(shortcut)) {
                desk.act(action);
            }
        }
    }
}

fn field_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let mut text = desk.editor.text();
    let places = file::layer_places(&text);
    let layers = tree::in_order(desk.editor.layers());
    let marks = marks::marks(desk.editor, Palette::of(ui), &text, &places);
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
        let mut job = code::marked(ui, text.as_str(), Grammar::Toml, &marks);
        job.wrap.max_width = width;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let left = ui.cursor().left();
    let margin = egui::Margin { left: GUTTER as i8, right: 4, top: 4, bottom: 4 };
    let field = TextEdit::multiline(&mut text)
        // It keeps the keyboard whatever message comes and goes above it.
        .id(Id::unique("text of the experiment"))
        .font(FontSelection::FontId(theme::figures(ui)))
        .desired_width(f32::INFINITY)
        .min_size(vec2(0.0, ui.available_height()))
        .margin(margin)
        .lock_focus(false)
        .layouter(&mut layouter)
        .show(ui);
    let response = named(field.response.response.clone(), "Text of the experiment");
    numbers_ui(ui, left, &field.galley, field.galley_pos);
    state.field = Some(response.id);
    if std::mem::take(&mut state.wants_keys) {
        response.request_focus();
    }
    if response.changed() {
        let now = ui.input(|input| input.time);
        state.n_pauses += (now - state.written_at > PAUSE) as u64;
        state.written_at = now;
        desk.editor.write(&text);
    }
    tell_ui(ui, desk, response, &field.galley, field.galley_pos, &text);
    let cursor = field.cursor_range.map(|range| range.primary.index.0);
    let moved = cursor != state.cursor && ui.memory(|memory| memory.focused()) == state.field;
    state.cursor = cursor;
    if let (true, Some(cursor), None) = (moved, cursor, desk.editor.text_problem()) {
        // Its card is shown where the cursor stands on one.
        let at = byte_of(&text, cursor);
        if let Some(layer) = marks::innermost(&places, at).and_then(|i| layers.get(i)) {
            desk.editor.selected = Some(*layer);
            state.selected = Some(*layer);
        }
    }
    follow(ui, desk, state, &places, &layers);
    if let Some(byte) = state.goes_to.take() {
        go_to(ui, state, field, &text, byte);
    }
}

/// A layer that was selected elsewhere is brought into view here.
fn follow(ui: &Ui, desk: &Desk<'_>, state: &mut State, places: &[Range<usize>], layers: &[LayerId]) {
    let selected = desk.editor.selected;
    let is_new = selected != state.selected;
    state.selected = selected;
    let has_keys = ui.memory(|memory| memory.focused()) == state.field;
    let place = layers.iter().position(|layer| Some(*layer) == selected).and_then(|i| places.get(i));
    if let (true, false, Some(place)) = (is_new, has_keys, place) {
        state.goes_to = Some(place.start);
    }
}

/// Puts the cursor at a byte of the text and brings it into view.
fn go_to(ui: &Ui, state: &mut State, mut field: egui::text_edit::TextEditOutput, text: &str, byte: usize) {
    let letters = text.get(..byte).map_or(0, |before| before.chars().count());
    let cursor = CCursor::new(letters);
    field.state.cursor.set_char_range(Some(CCursorRange::one(cursor)));
    let place = field.galley.pos_from_cursor(cursor).translate(field.galley_pos.to_vec2());
    ui.scroll_to_rect(place.expand2(vec2(0.0, 48.0)), None);
    state.cursor = Some(letters);
    field.state.store(ui.ctx(), field.response.response.id);
}

/// What is wrong where the pointer is.
fn tell_ui(
    ui: &Ui,
    desk: &Desk<'_>,
    response: egui::Response,
    galley: &egui::Galley,
    corner: egui::Pos2,
    text: &str,
) {
    let Some(pointer) = response.hover_pos() else { return };
    let at = byte_of(text, galley.cursor_from_pos(pointer - corner).index.0);
    let sentences = marks::sentences(desk.editor, text, at);
    if !sentences.is_empty() && ui.is_enabled() {
        response.on_hover_text_at_pointer(sentences.join("\n"));
    }
}

/// The numbers of the lines, each beside the first row of its line.
fn numbers_ui(ui: &Ui, left: f32, galley: &egui::Galley, corner: egui::Pos2) {
    let font = egui::FontId { size: 10.5, ..theme::figures(ui) };
    let (mut line, mut begins) = (0, true);
    for row in &galley.rows {
        if std::mem::replace(&mut begins, row.ends_with_newline) {
            line += 1;
            let at = egui::pos2(left + GUTTER - 8.0, corner.y + row.rect().center().y);
            let colour = Palette::of(ui).strong_border;
            ui.painter().text(at, egui::Align2::RIGHT_CENTER, line.to_string(), font.clone(), colour);
        }
    }
}

/// The byte at which a letter begins.
fn byte_of(text: &str, letter: usize) -> usize {
    text.char_indices().nth(letter).map_or(text.len(), |(byte, _)| byte)
}
