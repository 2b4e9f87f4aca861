//! The list of lessons, with how far each has been taken; an instructor's settings below it.

use egui::{Align, Label, Layout, RichText, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo};
use lucide_icons::Icon;

use crate::app::bridge::{Desk, Request};
use crate::app::files::Purpose;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, Gravity};
use crate::lessons::progress::{Shelf, Teaching};
use crate::lessons::shipped;

/// The list as it was read.
#[derive(Default)]
pub struct State {
    rows: Option<Vec<Row>>,
}

struct Row {
    name: &'static str,
    number: Option<usize>,
    title: String,
    summary: String,
    minutes: usize,
    /// Checks that have held, of how many.
    n_held: usize,
    n_checks: usize,
}

impl State {
    /// Reads the progress anew when it is shown next.
    pub fn refresh(&mut self) {
        self.rows = None;
    }
}

/// Draws the list; gives the name of the lesson that is asked for.
pub fn list_ui(
    ui: &mut Ui,
    desk: &mut Desk<'_>,
    state: &mut State,
    shelf: Option<&Shelf>,
    teaching: &mut Teaching,
    problem: Option<&str>,
) -> Option<String> {
    let rows = state.rows.get_or_insert_with(|| read(shelf));
    let mut asked = None;
    widgets::section_ui(ui, "Lessons", |ui| {
        let open = widgets::icon_button(ui, Icon::FolderOpen, "Open lesson…");
        if open.on_hover_text("Opens a lesson's folder, or a zip archive of one.").clicked() {
            desk.requests.push(Request::AskPath(Purpose::OpenLesson));
        }
        let hand_in = widgets::icon_button(ui, Icon::Share, "Hand in…");
        if hand_in.on_hover_text("Writes the progress of all lessons into one file.").clicked() {
            desk.requests.push(Request::AskPath(Purpose::ExportProgress));
        }
    });
    if let Some(problem) = problem {
        widgets::message_ui(ui, Gravity::Problem, problem, |_| {});
    }
    ScrollArea::vertical().id_salt("lessons").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for row in rows.iter() {
            if row_ui(ui, row) {
                asked = Some(row.name.to_string());
            }
        }
        ui.add_space(theme::LARGE_GAP);
        if teaching_ui(ui, teaching)
            && let Some(shelf) = shelf
            && let Err(message) = shelf.keep_teaching(teaching)
        {
            widgets::message_ui(ui, Gravity::Problem, &message, |_| {});
        }
    });
    asked
}

fn read(shelf: Option<&Shelf>) -> Vec<Row> {
    let row = |name: &'static str| {
        let lesson = shipped::get(name).ok()?;
        let progress = shelf.map(|shelf| shelf.load(name)).unwrap_or_default();
        Some(Row {
            name,
            number: lesson.number,
            n_held: lesson.checks.iter().filter(|check| progress.has(&check.name)).count(),
            n_checks: lesson.checks.len(),
            title: lesson.title,
            summary: lesson.summary,
            minutes: lesson.minutes,
        })
    };
    shipped::names().filter_map(row).collect()
}

/// A lesson's line; whether it was clicked.
fn row_ui(ui: &mut Ui, row: &Row) -> bool {
    let palette = Palette::of(ui);
    let item = ui.scope_builder(UiBuilder::new().sense(Sense::click()), |ui| {
        let fill = if ui.response().hovered() { palette.hover } else { palette.panel };
        let frame = egui::Frame::new()
            .fill(fill)
            .corner_radius(theme::CORNER)
            .inner_margin(egui::Margin::symmetric(6, 4));
        frame.show(ui, |ui| {
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                let number = row.number.map_or(String::new(), |number| number.to_string());
                // As high as the title's line.
                let size = egui::vec2(20.0, ui.spacing().interact_size.y);
                ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                    ui.set_min_width(20.0);
                    ui.label(RichText::new(number).color(palette.muted));
                });
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.horizontal(|ui| {
                        ui.label(theme::strong(&row.title));
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            ui.label(theme::caption(ui, format!("{} min", row.minutes)));
                            done_ui(ui, row);
                        });
                    });
                    ui.add(Label::new(theme::caption(ui, &row.summary)).wrap());
                });
            });
        });
    });
    let name = format!("Lesson {}", row.title);
    item.response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    item.response.clicked()
}

fn done_ui(ui: &mut Ui, row: &Row) {
    if row.n_held > 0 {
        let colour = if row.n_held == row.n_checks { Palette::of(ui).rate } else { Palette::of(ui).muted };
        let text = RichText::new(format!("{} of {}", row.n_held, row.n_checks)).small().color(colour);
        ui.label(text).on_hover_text("Checks that have held on your own runs.");
    }
}

/// What an instructor may set; whether something changed.
fn teaching_ui(ui: &mut Ui, teaching: &mut Teaching) -> bool {
    let before = *teaching;
    egui::CollapsingHeader::new("For instructors").id_salt("teaching").show(ui, |ui| {
        ui.checkbox(&mut teaching.skip_predictions, "Predictions may be skipped")
            .on_hover_text("Results are shown whether or not somebody has committed to a prediction.");
        ui.checkbox(&mut teaching.reveal, "Show all stages")
            .on_hover_text("What follows is shown before its predictions are made and its checks hold.");
    });
    before != *teaching
}
