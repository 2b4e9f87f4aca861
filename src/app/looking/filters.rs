//! The first layer's filters as pictures.

use std::sync::Arc;

use egui::{
    Align2, Color32, ColorImage, FontId, Image, Pos2, Rect, Role, Sense, TextureHandle, TextureOptions, Ui,
    WidgetInfo, pos2, vec2,
};

use crate::app::bridge::Desk;
use crate::app::theme;
use crate::app::{format, widgets};
use crate::experiment::{Kind, Layer};
use crate::inspect::filters::Filters;
use crate::inspect::look::{Look, View};

/// At most so many are drawn.
const MOST: usize = 256;

/// Filters side by side in the texture.
const ACROSS: usize = 16;

/// What the section remembers from frame to frame.
#[derive(Default)]
pub struct State {
    shown: Option<Shown>,
}

struct Shown {
    /// What the texture was drawn of.
    view: Arc<View>,
    filters: Filters,
    texture: TextureHandle,
}

pub fn filters_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    let seen = desk.look(Look::Filters { layer: None });
    let Some(Ok(view)) = seen.map(|seen| &seen.view) else {
        widgets::caption_ui(
            ui,
            match has_convolution(desk.editor.layers()) {
                true => "They appear with the first step, and take form as the net learns.",
                false => "This net has no convolution.",
            },
        );
        return;
    };
    state.follow(ui, view);
    if let Some(shown) = &state.shown {
        let filters = &shown.filters;
        let ([height, width], channels) = (filters.size(), filters.weights.shape[1]);
        let text = format!("{}: {} of {channels}×{height}×{width}", filters.path, filters.len());
        widgets::caption_ui(ui, &text);
        shown.all_ui(ui);
    }
}

fn has_convolution(layers: &[Layer]) -> bool {
    layers.iter().any(|layer| {
        matches!(layer.kind, Kind::Conv(_))
            || layer.kind.children().into_iter().any(|list| has_convolution(list))
    })
}

impl State {
    /// Draws the texture anew if these are other weights.
    fn follow(&mut self, ui: &Ui, view: &Arc<View>) {
        let View::Filters(filters) = &**view else { return };
        match &mut self.shown {
            Some(shown) if Arc::ptr_eq(&shown.view, view) => {}
            Some(shown) => {
                shown.texture.set(atlas(filters), TextureOptions::NEAREST);
                (shown.view, shown.filters) = (view.clone(), filters.clone());
            }
            None => {
                let texture = ui.ctx().load_texture("filters", atlas(filters), TextureOptions::NEAREST);
                self.shown = Some(Shown { view: view.clone(), filters: filters.clone(), texture });
            }
        }
    }
}

impl Shown {
    /// All filters, as large as fits into three lines.
    fn all_ui(&self, ui: &mut Ui) {
        let n = self.filters.len().min(MOST);
        let gap = 3.0;
        let width = ui.available_width();
        let lines = if n > 64 { 4 } else { 2 };
        let per_line = n.div_ceil(lines).max(8) as f32;
        let side = ((width + gap) / per_line - gap).floor().clamp(14.0, 44.0);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(gap, gap);
            for i in 0..n {
                let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
                if ui.is_rect_visible(rect) {
                    self.image(i).paint_at(ui, rect);
                }
                response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Filter {}", i + 1)));
                response.on_hover_ui(|ui| self.enlarged_ui(ui, i));
            }
        });
        if n < self.filters.len() {
            widgets::caption_ui(ui, &format!("and {} more", self.filters.len() - n));
        }
    }

    fn image(&self, i: usize) -> Image<'_> {
        let [height, width] = self.filters.size();
        let cell = vec2(width as f32, height as f32) / self.texture.size_vec2();
        let min = pos2((i % ACROSS) as f32 * cell.x, (i / ACROSS) as f32 * cell.y);
        Image::new(&self.texture).uv(Rect::from_min_size(min, cell))
    }

    /// One filter large, with its weights where there is room for them.
    fn enlarged_ui(&self, ui: &mut Ui, i: usize) {
        let side = 220.0;
        let [height, width] = self.filters.size();
        let channels = self.filters.weights.shape[1];
        let area = height * width;
        let weights = &self.filters.weights.data[i * channels * area..][..channels * area]; // (I, kH, kW)
        let size = vec2(width as f32, height as f32) * (side / height.max(width) as f32);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        self.image(i).paint_at(ui, rect);
        if channels == 1 && height.max(width) <= 7 {
            numbers(ui, rect, [height, width], weights, &self.filters.picture(i));
        }
        let (least, most) = weights.iter().fold((f32::MAX, f32::MIN), |(a, b), &w| (a.min(w), b.max(w)));
        ui.label(theme::strong(format!("Filter {} of {}", i + 1, self.filters.path)));
        let text = format!(
            "{channels}×{height}×{width} weights from {} to {}; grey is 0",
            format::number(least as f64),
            format::number(most as f64)
        );
        ui.label(theme::caption(ui, text));
    }
}

/// The weights in their places.
fn numbers(ui: &Ui, rect: Rect, [height, width]: [usize; 2], weights: &[f32], picture: &[[u8; 3]]) {
    let cell = vec2(rect.width() / width as f32, rect.height() / height as f32);
    for (p, (weight, pixel)) in weights.iter().zip(picture).enumerate() {
        let at = vec2((p % width) as f32 + 0.5, (p / width) as f32 + 0.5);
        let centre: Pos2 = rect.min + at * cell;
        let colour = if pixel[0] > 127 { Color32::BLACK } else { Color32::WHITE };
        ui.painter().text(
            centre,
            Align2::CENTER_CENTER,
            format!("{weight:.2}"),
            FontId::monospace(9.5),
            colour,
        );
    }
}

/// The filters side by side, [`ACROSS`] in a row.
fn atlas(filters: &Filters) -> ColorImage {
    let n = filters.len().min(MOST);
    let [height, width] = filters.size();
    let size = [ACROSS * width, n.div_ceil(ACROSS).max(1) * height];
    let mut image = ColorImage::filled(size, Color32::TRANSPARENT);
    for i in 0..n {
        let (left, top) = ((i % ACROSS) * width, (i / ACROSS) * height);
        for (p, [r, g, b]) in filters.picture(i).into_iter().enumerate() {
            image.pixels[(top + p / width) * size[0] + left + p % width] = Color32::from_rgb(r, g, b);
        }
    }
    image
}
