//! The left side: the experiments that ship, own files, and the pictures.

pub mod browser;
mod fetch;
mod own;
pub mod paint;
mod pictures;
mod strip;

use pictures::choose;

use std::path::Path;

use egui::{Align, Layout, RichText, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use lucide_icons::Icon;

use super::action::Action;
use super::bridge::{Desk, Request};
use super::theme::{self, Palette};
use super::widgets;
use crate::data::catalogue::{self, Entry};
use crate::experiment::{Data, Experiment, shipped};

/// What the panel remembers from frame to frame.
pub struct State {
    shipped: Vec<Shipped>,
    /// Data sets that can be called by name.
    pub entries: Vec<Entry>,
    pictures: pictures::State,
    /// The pictures enlarged.
    pub browser: browser::State,
}

/// An experiment that ships, read once.
struct Shipped {
    name: &'static str,
    summary: &'static str,
    experiment: Experiment,
}

impl Default for State {
    fn default() -> Self {
        Self::of(shipped::names())
    }
}

impl State {
    /// With those of the experiments that ship.
    pub fn of(names: impl IntoIterator<Item = &'static str>) -> Self {
        let read = |name| {
            let experiment = shipped::get(name)?;
            Some(Shipped { name, summary: shipped::summary(name).unwrap_or_default(), experiment })
        };
        Self {
            shipped: names.into_iter().filter_map(read).collect(),
            entries: catalogue::list(),
            pictures: pictures::State::default(),
            browser: browser::State::default(),
        }
    }

    /// Pictures were chosen by their path: what is found there is told before it is used.
    pub fn choose_path(&mut self, ctx: &egui::Context, data: &mut Data, path: &Path) {
        self.pictures.own.begin(ctx, data, path);
    }
}

pub fn library_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    // The pictures keep their height; the list of experiments takes what is left above them.
    state.pictures.fetch.follow(desk, &mut state.entries);
    own::own_ui(ui.ctx(), &mut desk.editor.experiment.data, &mut state.pictures.own);
    fetch::question_ui(ui.ctx(), desk, &mut state.pictures.fetch);
    let room = ui.available_height();
    let for_list = (room - state.pictures.height - 2.0 * theme::LARGE_GAP).max(0.24 * room);
    ui.allocate_ui(vec2(ui.available_width(), for_list), |ui| {
        ui.set_min_height(for_list);
        experiments_ui(ui, desk, state);
    });
    ui.add_space(theme::GAP);
    ui.separator();
    ScrollArea::vertical().id_salt("pictures").auto_shrink([false, false]).show(ui, |ui| {
        let drawn = ui.scope(|ui| pictures::pictures_ui(ui, desk, &mut state.pictures, &state.entries));
        state.pictures.height = drawn.response.rect.height();
    });
}

fn experiments_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &State) {
    widgets::section_ui(ui, "Experiments", |ui| {
        for action in [Action::Save, Action::Open] {
            let tooltip = action.tooltip(ui.ctx());
            if widgets::icon_button(ui, action.icon(), action.label()).on_hover_text(tooltip).clicked() {
                desk.act(action);
            }
        }
    });
    ScrollArea::vertical().id_salt("experiments").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        if let Some(file) = desk.editor.file.clone() {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            item_ui(ui, Icon::FileText, &name, &file.display().to_string(), true);
        }
        let is_shipped = desk.editor.file.is_none();
        for shipped in &state.shipped {
            let is_open = is_shipped && shipped.experiment.title == desk.editor.experiment.title;
            if item_ui(ui, Icon::FlaskConical, &shipped.experiment.title, shipped.summary, is_open).clicked()
            {
                desk.requests.push(Request::Load(shipped.name.into()));
            }
        }
    });
}

/// A title with what it is about below.
fn item_ui(ui: &mut Ui, symbol: Icon, title: &str, summary: &str, is_open: bool) -> egui::Response {
    let palette = Palette::of(ui);
    let item = ui.scope_builder(UiBuilder::new().sense(Sense::click()), |ui| {
        let fill = match (is_open, ui.response().hovered()) {
            (true, _) => palette.accent_area,
            (false, true) => palette.hover,
            (false, false) => palette.panel,
        };
        let frame = egui::Frame::new()
            .fill(fill)
            .corner_radius(theme::CORNER)
            .inner_margin(egui::Margin::symmetric(6, 3));
        frame.show(ui, |ui| {
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                let colour = if is_open { palette.accent } else { palette.muted };
                ui.label(widgets::icon(symbol).color(colour));
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    let title = if is_open { theme::strong(title) } else { RichText::new(title) };
                    ui.add(egui::Label::new(title).truncate());
                    ui.add(egui::Label::new(theme::caption(ui, summary)).truncate());
                });
            });
        });
    });
    let name = format!("Experiment {title}");
    item.response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_open, &name));
    item.response.on_hover_text(summary)
}
