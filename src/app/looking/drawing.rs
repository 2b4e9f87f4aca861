//! A pad to draw a picture on, in as many pixels as the net takes.

use std::sync::Arc;

use egui::{Color32, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::sheets::{self, Sheets};
use crate::inspect::crop::colours;
use crate::inspect::picture::Picture;
use crate::tensor::Extent;

/// What has been drawn.
pub struct Drawing {
    extent: Extent,
    /// `(C, H, W)`.
    bytes: Vec<u8>,
    colour: Color32,
    /// Grows with each stroke.
    n_strokes: u64,
    sheets: Sheets,
}

impl Default for Drawing {
    fn default() -> Self {
        Self {
            extent: Extent::new(1, 1, 1),
            bytes: vec![0],
            colour: Color32::WHITE,
            n_strokes: 0,
            sheets: Sheets::default(),
        }
    }
}

/// How far a stroke reaches, as a share of the picture's shorter side.
const REACH: f32 = 1.0 / 18.0;

impl Drawing {
    /// An empty pad of this shape, unless it has it already.
    pub fn fit(&mut self, extent: Extent) {
        if self.extent != extent {
            *self = Self { extent, bytes: vec![0; extent.len()], ..Self::default() };
        }
    }

    pub fn bytes(&self) -> Arc<[u8]> {
        self.bytes.clone().into()
    }

    pub fn pad_ui(&mut self, ui: &mut Ui, side: f32) {
        ui.horizontal_top(|ui| {
            let size = sheets::fitting([self.extent.height, self.extent.width], side);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
            if let Some(pointer) = response.interact_pointer_pos() {
                let at = (pointer - rect.min) / rect.size();
                let before = if response.drag_started() {
                    egui::Vec2::ZERO
                } else {
                    response.drag_delta() / rect.size()
                };
                self.stroke([at.x - before.x, at.y - before.y], [at.x, at.y]);
            }
            let extent = self.extent;
            let texture = self.sheets.get(ui, ("drawing", 0), self.n_strokes, || Picture {
                width: extent.width,
                height: extent.height,
                pixels: colours(&self.bytes, extent),
            });
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter().image(texture.id(), rect, whole, Color32::WHITE);
            response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Pad to draw on"));
            ui.vertical(|ui| {
                if ui.button("Clear").clicked() {
                    self.bytes.fill(0);
                    self.n_strokes += 1;
                }
                if extent.channels > 1 {
                    ui.color_edit_button_srgba(&mut self.colour).on_hover_text("Colour of the stroke");
                }
            });
        });
    }

    /// Paints along a line between two points, in shares of the picture's sides.
    fn stroke(&mut self, from: [f32; 2], to: [f32; 2]) {
        let Extent { channels, height, width } = self.extent;
        let reach = (REACH * height.min(width) as f32).max(0.6);
        let colour = self.colour.to_array();
        let [from, to] = [from, to].map(|[x, y]| vec2(x * width as f32, y * height as f32));
        for p in 0..height * width {
            let at = vec2((p % width) as f32 + 0.5, (p / width) as f32 + 0.5);
            let along = to - from;
            let share =
                if along.length_sq() > 0.0 { (at - from).dot(along) / along.length_sq() } else { 0.0 };
            let distance = (at - from - along * share.clamp(0.0, 1.0)).length();
            // Soft edges, as pens and scanners make them.
            let cover = (reach + 0.5 - distance).clamp(0.0, 1.0);
            for c in 0..channels {
                let wanted = cover * colour[c.min(2)] as f32;
                let own = &mut self.bytes[c * height * width + p];
                *own = (wanted + (1.0 - cover) * *own as f32) as u8;
            }
        }
        self.n_strokes += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_is_bright_where_it_goes_and_nowhere_else() {
        let mut drawing = Drawing::default();
        drawing.fit(Extent::new(1, 28, 28));
        drawing.stroke([0.1, 0.5], [0.9, 0.5]);
        let bytes = drawing.bytes();
        assert_eq!((bytes[14 * 28 + 14], bytes[2 * 28 + 14], bytes[14 * 28]), (255, 0, 0));
    }
}
