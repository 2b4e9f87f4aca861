//! All pictures that pass the filters, row by row. Only rows in view are drawn and have a texture; so many more
//! are kept as one scrolls back to.

use std::collections::HashMap;

use egui::{
    Color32, ColorImage, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, TextWrapMode,
    TextureHandle, TextureOptions, Ui, WidgetInfo, WidgetText, pos2, vec2,
};

use super::{SetKey, State as Browser, View, words, words_before};
use crate::app::library::paint;
use crate::app::theme::Palette;
use crate::app::widgets;

/// Textures of rows that are kept.
const MOST_ROWS: usize = 64;

/// Longer side of a picture in a texture, at most.
const MOST_SIDE: usize = 112;

/// Height of the name below a picture.
const CAPTION: f32 = 15.0;

/// What decides the pictures of a row: the filtered list, how they are drawn, and how many lie in a row.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    generation: u64,
    view: View,
    across: usize,
}

#[derive(Default)]
pub struct State {
    /// Pictures in a row, and rows in view, of the last frame.
    pub across: usize,
    pub rows_in_view: usize,
    key: Option<Key>,
    rows: HashMap<usize, Row>,
    frame: u64,
}

struct Row {
    texture: TextureHandle,
    /// The frame in which it was drawn last.
    drawn: u64,
}

pub fn grid_ui(ui: &mut Ui, browser: &mut Browser, set: &SetKey) {
    if browser.shown.is_empty() {
        widgets::caption_ui(ui, "There is no such picture.");
        return;
    }
    let size = cell_size(set);
    ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
    let across = (((ui.available_width() - 8.0) / (size.x + 4.0)) as usize).max(1);
    let row_height = size.y + CAPTION;
    let n_rows = browser.shown.len().div_ceil(across);
    let (generation, view) = (browser.shown.generation, browser.view);
    browser.grid.follow(Key { generation, view, across });
    browser.grid.rows_in_view = ((ui.available_height() / (row_height + 4.0)) as usize).max(1);
    let mut area = ScrollArea::vertical().id_salt("all pictures").auto_shrink([false, false]);
    if std::mem::take(&mut browser.jumps)
        && let Some(place) = browser.shown.place_of(browser.selected)
    {
        // The selected row comes to lie in the middle.
        let above = ((place / across) as f32 + 0.5) * (row_height + 4.0) - ui.available_height() / 2.0;
        area = area.vertical_scroll_offset(above.max(0.0));
    }
    area.show_rows(ui, row_height, n_rows, |ui, rows| {
        for row in rows {
            row_ui(ui, browser, set, row, size);
        }
    });
    browser.grid.forget();
}

/// The size of a picture on the screen: whole multiples of small ones, so that their pixels stay square.
fn cell_size(set: &SetKey) -> egui::Vec2 {
    let extent = set.0.extent;
    let longer = extent.width.max(extent.height) as f32;
    let factor = if longer <= 64.0 { (64.0 / longer).floor().max(1.0) } else { MOST_SIDE as f32 / longer };
    vec2(extent.width as f32 * factor, extent.height as f32 * factor)
}

fn row_ui(ui: &mut Ui, browser: &mut Browser, set: &SetKey, row: usize, size: egui::Vec2) {
    let across = browser.grid.across;
    let places = row * across..((row + 1) * across).min(browser.shown.len());
    let indices: Vec<usize> = places.map(|place| browser.shown.at(place)).collect();
    let view = browser.view;
    let texture = browser.grid.row(ui, row, || row_image(set, view, &indices, across));
    ui.horizontal(|ui| {
        for (column, &index) in indices.iter().enumerate() {
            let (rect, response) = ui.allocate_exact_size(size + vec2(0.0, CAPTION), Sense::click());
            let uv = Rect::from_min_max(
                pos2(column as f32 / across as f32, 0.0),
                pos2((column + 1) as f32 / across as f32, 1.0),
            );
            let picture = Rect::from_min_size(rect.min, size);
            ui.painter().image(texture, picture, uv, Color32::WHITE);
            caption_ui(ui, browser, set, index, rect);
            let is_selected = index == browser.selected;
            let palette = Palette::of(ui);
            if is_selected || response.hovered() {
                let colour = if is_selected { palette.accent } else { palette.strong_border };
                let stroke = Stroke::new(if is_selected { 2.5 } else { 1.5 }, colour);
                ui.painter().rect_stroke(picture, 2.0, stroke, StrokeKind::Outside);
            }
            let name = name(set, view, index);
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &name));
            if response.on_hover_text(&name).clicked() {
                browser.selected = index;
            }
        }
    });
}

/// What a screen reader says of a picture.
fn name(set: &SetKey, view: View, index: usize) -> String {
    let (kind, now) = (view.part.word(), words(&set.0, view.part, index));
    match words_before(&set.0, view.part, index) {
        Some(before) => format!("{kind} picture {}: labelled {now}, was {before}", index + 1),
        None => format!("{kind} picture {}: {now}", index + 1),
    }
}

/// The name below a picture; with a sign before it where noise has made it wrong.
fn caption_ui(ui: &Ui, browser: &Browser, set: &SetKey, index: usize, rect: Rect) {
    let palette = Palette::of(ui);
    let is_wrong = words_before(&set.0, browser.view.part, index).is_some();
    let words = match &browser.view.part.of(&set.0).labels {
        crate::data::Labels::Pixels(_) => format!("{}", index + 1),
        _ => words(&set.0, browser.view.part, index),
    };
    let (text, colour) =
        if is_wrong { (format!("≠ {words}"), palette.warning) } else { (words, palette.muted) };
    let text = WidgetText::from(egui::RichText::new(text).small());
    let galley = text.into_galley(ui, Some(TextWrapMode::Truncate), rect.width(), TextStyle::Small);
    ui.painter().galley(pos2(rect.left(), rect.bottom() - CAPTION + 1.0), galley, colour);
}

/// The pictures of a row side by side, as wide as a full row.
fn row_image(set: &SetKey, view: View, indices: &[usize], across: usize) -> ColorImage {
    let extent = set.0.extent;
    let [width, height] = paint::shrunk_size([extent.width, extent.height], MOST_SIDE);
    let mut image = ColorImage::filled([across * width, height], Color32::TRANSPARENT);
    for (column, &index) in indices.iter().enumerate() {
        let own = paint::of_split(view.part.of(&set.0), extent, index, !view.is_plain);
        paint::put(&mut image, &paint::shrunk(own, [width, height]), [column * width, 0]);
    }
    image
}

impl State {
    /// Forgets the textures of another view.
    fn follow(&mut self, key: Key) {
        self.frame += 1;
        self.across = key.across;
        let key = Some(key);
        if self.key != key {
            self.key = key;
            self.rows.clear();
        }
    }

    /// The texture of a row, made if it is not there.
    fn row(&mut self, ui: &Ui, row: usize, image: impl FnOnce() -> ColorImage) -> egui::TextureId {
        let frame = self.frame;
        let entry = self.rows.entry(row).or_insert_with(|| Row {
            texture: ui.ctx().load_texture("row of pictures", image(), TextureOptions::NEAREST),
            drawn: frame,
        });
        entry.drawn = frame;
        entry.texture.id()
    }

    /// Lets go of the rows that were out of view the longest.
    fn forget(&mut self) {
        while self.rows.len() > MOST_ROWS.max(2 * self.rows_in_view + 2) {
            let Some((&oldest, _)) = self.rows.iter().min_by_key(|(_, row)| row.drawn) else { return };
            self.rows.remove(&oldest);
        }
    }
}
