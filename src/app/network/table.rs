//! The table of all layers over the other panels: what is known of a net before it runs, at one glance.

use egui::{Align2, Button, Context, Label, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};
use lucide_icons::Icon;

use super::State;
use crate::app::bridge::Desk;
use crate::app::editor::table::{Column, Row, Table};
use crate::app::format;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, named};
use crate::experiment::LayerId;

/// Between columns.
const BETWEEN: f32 = 14.0;
/// Width of the table where the window has room for it.
const WIDTH: f32 = 1080.0;

/// What came of a frame.
enum Outcome {
    Open,
    Closed,
    /// This layer is to be shown on its card.
    Show(LayerId),
}

/// The table, while it is open.
pub fn table_ui(ctx: &Context, desk: &mut Desk<'_>, state: &mut State) {
    let Some(mut table) = state.table.take() else { return };
    let room = ctx.content_rect().size();
    let modal = widgets::modal("layer table", ctx).show(ctx, |ui| {
        ui.set_width((room.x - 64.0).min(WIDTH));
        contents_ui(ui, &mut table, desk, 0.72 * room.y)
    });
    match modal.inner {
        Outcome::Show(layer) => super::advice::show(desk.editor, state, layer),
        Outcome::Closed => {}
        Outcome::Open if modal.should_close() => {}
        Outcome::Open => state.table = Some(table),
    }
}

fn contents_ui(ui: &mut Ui, table: &mut Table, desk: &Desk<'_>, height: f32) -> Outcome {
    widgets::section_ui(ui, "All layers", |ui| {
        for (label, text) in
            [("Copy as CSV", Table::csv as fn(&Table) -> String), ("Copy as text", Table::text)]
        {
            let button = named(ui.button((widgets::icon(Icon::Copy), label)), label);
            if button.on_hover_text("In the order in which the rows stand now.").clicked() {
                ui.ctx().copy_text(text(table));
            }
        }
    });
    let help = "Before anything runs: each repetition is a row of its own. Click a caption to sort, a row to see its card.";
    ui.label(theme::caption(ui, help));
    ui.add_space(theme::GAP);
    let widths = widths(ui, table);
    let mut outcome = Outcome::Open;
    ScrollArea::horizontal().id_salt("across").show(ui, |ui| {
        captions_ui(ui, table, &widths);
        let rows =
            ScrollArea::vertical().id_salt("rows").max_height(height - 120.0).auto_shrink([false, true]);
        rows.show_rows(ui, theme::ROW - 4.0, table.rows.len(), |ui, shown| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for i in shown {
                if row_ui(ui, table, i, &widths, desk.editor.selected) {
                    outcome = Outcome::Show(table.rows[i].layer);
                }
            }
        });
        total_ui(ui, table, &widths);
    });
    if let Some(problem) = &desk.editor.costs().problem {
        let text = format!("The rows end where the net goes wrong. {}", problem.message);
        widgets::message_ui(ui, widgets::Gravity::Problem, &text, |_| {});
    }
    ui.add_space(theme::GAP);
    if ui.button("Close").clicked() { Outcome::Closed } else { outcome }
}

/// As wide as the widest of what stands in each column.
fn widths(ui: &Ui, table: &Table) -> Vec<f32> {
    let (letter, caption) = (7.3, 6.6);
    let n = |text: &str| text.chars().count() as f32;
    let width = |column: Column| {
        let cells = table.rows.iter().map(|row| n(&column.text(row)));
        let widest = cells.fold(n(&table.total_text(column)), f32::max) * letter;
        match column {
            // The sentences are told on hovering.
            Column::Advice => 48.0,
            Column::MultiplyAdds => widest.max(88.0).max(n(column.title()) * caption + 16.0),
            _ => widest.max(n(column.title()) * caption + 16.0),
        }
    };
    let widths: Vec<f32> = Column::ALL.into_iter().map(width).collect();
    // What is left over goes to the first two, so that the table fills its width.
    let used: f32 = widths.iter().map(|width| width + BETWEEN).sum();
    let spare = (ui.available_width() - used - 12.0).max(0.0);
    widths.iter().enumerate().map(|(i, width)| if i < 2 { width + spare / 2.0 } else { *width }).collect()
}

/// The rectangles of a line's cells.
fn cells(line: Rect, widths: &[f32]) -> impl Iterator<Item = (Column, Rect)> {
    let mut left = line.left() + 6.0;
    Column::ALL.into_iter().zip(widths).map(move |(column, &width)| {
        let cell = Rect::from_min_size(egui::pos2(left, line.top()), vec2(width, line.height()));
        left += width + BETWEEN;
        (column, cell)
    })
}

fn line_width(widths: &[f32]) -> f32 {
    widths.iter().map(|width| width + BETWEEN).sum()
}

/// The captions, each a button that sorts.
fn captions_ui(ui: &mut Ui, table: &mut Table, widths: &[f32]) {
    let (line, _) = ui.allocate_exact_size(vec2(line_width(widths), theme::ROW), Sense::hover());
    for (column, cell) in cells(line, widths) {
        let arrow = match table.sorted {
            Some((by, true)) if by == column => " ↓",
            Some((by, false)) if by == column => " ↑",
            _ => "",
        };
        let text = RichText::new(format!("{}{arrow}", column.title())).small().color(Palette::of(ui).muted);
        let layout = match column.is_number() {
            true => egui::Layout::right_to_left(egui::Align::Center),
            false => egui::Layout::left_to_right(egui::Align::Center),
        };
        ui.scope_builder(UiBuilder::new().max_rect(cell).layout(layout), |ui| {
            ui.spacing_mut().button_padding.x = 0.0;
            let button =
                named(ui.add(Button::new(text).frame(false)), &format!("Sort by {}", column.title()));
            if button.on_hover_text(column.help()).clicked() {
                table.sort(column);
            }
        });
    }
    ui.painter().hline(line.x_range(), line.bottom(), egui::Stroke::new(1.0, Palette::of(ui).border));
}

/// A row; whether it was clicked.
fn row_ui(ui: &mut Ui, table: &Table, i: usize, widths: &[f32], selected: Option<LayerId>) -> bool {
    let (row, palette) = (&table.rows[i], Palette::of(ui));
    let (line, response) = ui.allocate_exact_size(vec2(line_width(widths), theme::ROW - 4.0), Sense::click());
    let fill = match () {
        _ if response.hovered() => palette.hover,
        _ if selected == Some(row.layer) => palette.accent_area,
        _ if i % 2 == 1 => palette.background,
        _ => palette.card,
    };
    ui.painter().rect_filled(line, theme::CORNER, fill);
    for (column, cell) in cells(line, widths) {
        cell_ui(ui, table, row, column, cell);
    }
    let name = format!("Row {}: {}", row.path, row.title);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let help = row.advice.join("\n");
    let response = if help.is_empty() { response } else { response.on_hover_text(help) };
    response.clicked()
}

fn cell_ui(ui: &Ui, table: &Table, row: &Row, column: Column, cell: Rect) {
    let (palette, painter) = (
        Palette::of(ui),
        ui.painter().with_clip_rect(cell.expand2(vec2(4.0, 0.0)).intersect(ui.clip_rect())),
    );
    let (at, align) = match column.is_number() {
        true => (cell.right_center(), Align2::RIGHT_CENTER),
        false => (cell.left_center(), Align2::LEFT_CENTER),
    };
    match column {
        Column::Advice if row.advice.is_empty() => {}
        Column::Advice => {
            let symbol = char::from(Icon::TriangleAlert);
            painter.text(at, align, symbol, theme::icons(13.0), palette.warning);
        }
        Column::Layer => {
            let font = egui::TextStyle::Body.resolve(ui.style());
            painter.text(at, align, column.text(row), font, palette.text);
        }
        _ => {
            let colour = if matches!(column, Column::Path | Column::Stride | Column::Offset) {
                palette.muted
            } else {
                palette.text
            };
            painter.text(at, align, column.text(row), theme::figures(ui), colour);
        }
    }
    let share = match column {
        Column::MultiplyAdds => row.multiply_adds as f64 / table.total.multiply_adds.max(1) as f64,
        Column::Parameters => row.parameters as f64 / table.total.parameters.max(1) as f64,
        _ => return,
    };
    if share > 0.0 {
        let track = Rect::from_min_max(cell.left_bottom() - vec2(0.0, 2.0), cell.right_bottom());
        widgets::bar(ui, track, share as f32, palette.accent);
    }
}

fn total_ui(ui: &mut Ui, table: &Table, widths: &[f32]) {
    let (line, _) = ui.allocate_exact_size(vec2(line_width(widths), theme::ROW), Sense::hover());
    let palette = Palette::of(ui);
    ui.painter().hline(line.x_range(), line.top(), egui::Stroke::new(1.0, palette.border));
    for (column, cell) in cells(line, widths) {
        let text = match column {
            Column::Layer => {
                format!("{} · input {}", format::counted(table.rows.len() as u64, "row"), table.input)
            }
            column => table.total_text(column),
        };
        let right = column.is_number();
        let text = RichText::new(text).monospace().strong();
        let layout = match right {
            true => egui::Layout::right_to_left(egui::Align::Center),
            false => egui::Layout::left_to_right(egui::Align::Center),
        };
        ui.scope_builder(UiBuilder::new().max_rect(cell).layout(layout), |ui| {
            ui.add(Label::new(text).extend());
        });
    }
}
