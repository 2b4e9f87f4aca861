//! Pictures on the screen: textures that are drawn anew when what they show has changed, and where in them what lies.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use egui::{
    Color32, ColorImage, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::inspect::crop::Crop;
use crate::inspect::picture::Picture;
use crate::tensor::Extent;

/// Textures by name.
#[derive(Default)]
pub struct Sheets(HashMap<(&'static str, usize), (u64, TextureHandle)>);

impl Sheets {
    /// The texture of this name and number, drawn by `make` where `key` is another than last time. Its pixels stay
    /// sharp.
    pub fn get(
        &mut self,
        ui: &Ui,
        name: (&'static str, usize),
        key: u64,
        make: impl FnOnce() -> Picture,
    ) -> TextureHandle {
        self.get_with(ui, name, key, make, TextureOptions::NEAREST)
    }

    /// The same with pixels that pass into each other.
    pub fn get_smooth(
        &mut self,
        ui: &Ui,
        name: (&'static str, usize),
        key: u64,
        make: impl FnOnce() -> Picture,
    ) -> TextureHandle {
        self.get_with(ui, name, key, make, TextureOptions::LINEAR)
    }

    fn get_with(
        &mut self,
        ui: &Ui,
        name: (&'static str, usize),
        key: u64,
        make: impl FnOnce() -> Picture,
        options: TextureOptions,
    ) -> TextureHandle {
        match self.0.get_mut(&name) {
            Some((own, texture)) => {
                if *own != key {
                    texture.set(image(&make()), options);
                    *own = key;
                }
                texture.clone()
            }
            None => {
                let texture = ui.ctx().load_texture(name.0, image(&make()), options);
                self.0.insert(name, (key, texture.clone()));
                texture
            }
        }
    }
}

/// What tells one thing to be drawn from another.
pub fn key(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn image(picture: &Picture) -> ColorImage {
    let pixels = picture.pixels.iter().map(|&[r, g, b]| Color32::from_rgb(r, g, b)).collect();
    ColorImage::new([picture.width.max(1), picture.height.max(1)], pixels)
}

/// Number `i` of tiles that lie `across` side by side in a texture.
pub fn tile(i: usize, across: usize, n: usize) -> Rect {
    let down = n.div_ceil(across).max(1);
    let cell = vec2(1.0 / across as f32, 1.0 / down as f32);
    let min = pos2((i % across) as f32 * cell.x, (i / across) as f32 * cell.y);
    Rect::from_min_size(min, cell)
}

/// The whole of a texture.
pub const WHOLE: Rect = Rect { min: Pos2::ZERO, max: pos2(1.0, 1.0) };

/// The size of a picture whose longer side is `side`.
pub fn fitting([height, width]: [usize; 2], side: f32) -> Vec2 {
    vec2(width as f32, height as f32) * (side / height.max(width).max(1) as f32)
}

/// Draws a part of a texture in this size; it can be pointed at and clicked, and has a name for screen readers.
pub fn picture_ui(ui: &mut Ui, texture: &TextureHandle, part: Rect, size: Vec2, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    if ui.is_rect_visible(rect) {
        ui.painter().image(texture.id(), rect, part, Color32::WHITE);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    response
}

/// The place `[row, column]` of maps of this size that the pointer is on.
pub fn place_at(response: &Response, pointer: Pos2, size: [usize; 2]) -> [usize; 2] {
    let at = (pointer - response.rect.min) / response.rect.size();
    [at.y, at.x]
        .map(|share| share.clamp(0.0, 1.0))
        .iter()
        .zip(size)
        .map(|(share, n)| ((share * n as f32) as usize).min(n.saturating_sub(1)))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap_or_default()
}

/// Where a place lies in what is drawn of maps of this size.
pub fn cell(rect: Rect, [row, column]: [usize; 2], [height, width]: [usize; 2]) -> Rect {
    let cell = vec2(rect.width() / width.max(1) as f32, rect.height() / height.max(1) as f32);
    Rect::from_min_size(rect.min + vec2(column as f32 * cell.x, row as f32 * cell.y), cell)
}

/// A frame that is seen on any ground.
pub fn frame(ui: &Ui, rect: Rect, colour: Color32) {
    let painter = ui.painter();
    painter.rect_stroke(
        rect.expand(1.0),
        0.0,
        Stroke::new(3.0, Color32::from_black_alpha(160)),
        StrokeKind::Outside,
    );
    painter.rect_stroke(rect.expand(1.0), 0.0, Stroke::new(1.5, colour), StrokeKind::Outside);
}

/// The frame of what a unit sees, over a picture drawn in `rect`. What lies in the padding reaches over its edge, as
/// far as there is room.
pub fn field(ui: &Ui, rect: Rect, crop: &Crop, input: Extent, colour: Color32) {
    let scale = vec2(rect.width() / input.width as f32, rect.height() / input.height as f32);
    let min = rect.min + vec2(crop.columns.start as f32, crop.rows.start as f32) * scale;
    let max = rect.min + vec2(crop.columns.end as f32, crop.rows.end as f32) * scale;
    frame(ui, Rect::from_min_max(min, max).intersect(rect.expand(4.0)), colour);
}
