//! The list of all that can be done, found by a word or two: actions, experiments, lessons, runs.

mod entries;
mod found;

use egui::{
    Align, Context, Key, Label, Layout, Modifiers, RichText, ScrollArea, Sense, TextEdit, Ui, UiBuilder,
};
use egui::{Align2, Area, Id, Order, WidgetInfo, vec2};

use super::bridge::Request;
use super::theme::{self, Palette};
use super::widgets;
use crate::session::Snapshot;
use entries::Entry;

/// Width of the list.
const WIDTH: f32 = 560.0;

/// What the list remembers while it is open.
#[derive(Default)]
pub struct State {
    open: Option<Open>,
}

struct Open {
    query: String,
    /// Place in what was found of the entry that Enter takes.
    chosen: usize,
    entries: Vec<Entry>,
}

impl State {
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Opens it with all there is at this moment.
    pub fn open(&mut self, ctx: &Context, snapshot: &Snapshot) {
        self.open = Some(Open { query: String::new(), chosen: 0, entries: entries::all(ctx, snapshot) });
    }
}

/// Shows the list while it is open; gives what was chosen.
pub fn search_ui(ctx: &Context, state: &mut State) -> Option<Request> {
    let open = state.open.as_mut()?;
    let area = Area::new(Id::unique("search area")).order(Order::Foreground);
    let area = area.anchor(Align2::CENTER_TOP, vec2(0.0, 72.0));
    let modal = widgets::modal("search", ctx).area(area).show(ctx, |ui| open.ui(ui));
    let is_done = modal.inner.is_some() || modal.should_close();
    let chosen = modal.inner;
    if is_done {
        state.open = None;
    }
    chosen
}

impl Open {
    fn ui(&mut self, ui: &mut Ui) -> Option<Request> {
        ui.set_width(WIDTH);
        // The arrows and Enter are the list's although the field has the keyboard.
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (down, up) = (pressed(Key::ArrowDown), pressed(Key::ArrowUp));
        let enter = pressed(Key::Enter);
        let field = TextEdit::singleline(&mut self.query)
            .desired_width(f32::INFINITY)
            .hint_text("What would you like to do? Type a word or two")
            .margin(vec2(8.0, 7.0));
        let response = widgets::named(ui.add(field), "Find an action");
        response.request_focus();
        let found = found::find(&self.entries, &self.query);
        if response.changed() {
            self.chosen = 0;
        }
        let last = found.len().saturating_sub(1);
        self.chosen = match (up, down) {
            (true, _) => self.chosen.saturating_sub(1),
            (_, true) => (self.chosen + 1).min(last),
            _ => self.chosen.min(last),
        };
        ui.add_space(theme::SMALL_GAP);
        let clicked = self.list_ui(ui, &found, up || down || response.changed());
        let taken = clicked.or_else(|| enter.then(|| found.get(self.chosen).copied()).flatten())?;
        Some(self.entries[taken].request())
    }

    /// The entries that were found, by their places; gives the one that was clicked.
    fn list_ui(&self, ui: &mut Ui, found: &[usize], has_moved: bool) -> Option<usize> {
        let mut clicked = None;
        let room = (ui.ctx().content_rect().height() - 220.0).clamp(160.0, 420.0);
        let area = ScrollArea::vertical().max_height(room).min_scrolled_height(room);
        area.auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (place, &index) in found.iter().enumerate() {
                let is_chosen = place == self.chosen;
                let response = self.entries[index].row_ui(ui, is_chosen);
                if is_chosen && has_moved {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    clicked = Some(index);
                }
            }
            if found.is_empty() {
                let text = format!("Nothing is called “{}”. Fewer letters find more.", self.query.trim());
                ui.label(theme::caption(ui, text));
            }
        });
        clicked
    }
}

impl Entry {
    fn row_ui(&self, ui: &mut Ui, is_chosen: bool) -> egui::Response {
        let palette = Palette::of(ui);
        let row = ui.scope_builder(UiBuilder::new().sense(Sense::click()), |ui| {
            let fill = match (is_chosen, ui.response().hovered()) {
                (true, _) => palette.accent_area,
                (false, true) => palette.hover,
                (false, false) => palette.card,
            };
            let frame = egui::Frame::new()
                .fill(fill)
                .corner_radius(theme::CORNER)
                .inner_margin(egui::Margin::symmetric(8, 3));
            frame.show(ui, |ui| self.contents_ui(ui));
        });
        let name = format!("{} {}", self.kind, self.label);
        row.response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_chosen, name.trim()));
        row.response
    }

    fn contents_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        ui.horizontal(|ui| {
            ui.label(widgets::icon(self.icon).color(palette.muted));
            let room = ui.available_width() - 110.0;
            ui.allocate_ui_with_layout(vec2(room, theme::ROW), Layout::top_down(Align::Min), |ui| {
                ui.set_width(room);
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.add(Label::new(RichText::new(&self.label)).truncate());
                ui.add(Label::new(theme::caption(ui, &self.help)).truncate());
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = if self.keys.is_empty() { &self.kind } else { &self.keys };
                ui.label(RichText::new(text).monospace().size(11.5).color(palette.muted));
            });
        });
    }
}
