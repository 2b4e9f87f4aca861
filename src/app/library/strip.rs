//! Sample pictures of each class, drawn from one texture that is made once for each data set.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, Image, Label, Rect, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::app::theme;
use crate::data::{DataSet, Split};
use crate::tensor::Extent;

/// Pictures of each class in the texture; so many are shown as there is room for.
const PER_CLASS: usize = 12;

/// With more classes than this, only one picture of each is shown.
const MANY_CLASSES: usize = 12;

/// Width of a texture in pictures.
const ACROSS: usize = 32;

/// Largest number of pictures.
const MOST: usize = 600;

#[derive(Default)]
pub struct Strip {
    shown: Option<Shown>,
}

struct Shown {
    set: Arc<DataSet>,
    texture: TextureHandle,
    /// `(class, indices into the training pictures)`; pictures lie in the texture in this order.
    samples: Vec<(usize, Vec<usize>)>,
}

impl Strip {
    pub fn strip_ui(&mut self, ui: &mut Ui, set: &Arc<DataSet>) {
        if self.shown.as_ref().is_none_or(|shown| !Arc::ptr_eq(&shown.set, set)) {
            self.shown = Some(Shown::new(ui, set));
        }
        self.shown_ui(ui);
    }

    /// The pictures before, faint, while others are being read: so nothing jumps.
    pub fn last_ui(&self, ui: &mut Ui) {
        ui.scope(|ui| {
            ui.set_opacity(0.3);
            ui.label("");
            self.shown_ui(ui);
        });
    }

    fn shown_ui(&self, ui: &mut Ui) {
        let Some(shown) = &self.shown else { return };
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        match shown.samples.len() > MANY_CLASSES {
            true => shown.grid_ui(ui),
            false => shown.rows_ui(ui),
        }
    }
}

impl Shown {
    fn new(ui: &Ui, set: &Arc<DataSet>) -> Self {
        let per_class = if set.classes.len() > MANY_CLASSES { 1 } else { PER_CLASS };
        let samples = samples(&set.train, set.classes.len().min(MOST / per_class), per_class);
        let indices: Vec<usize> = samples.iter().flat_map(|(_, indices)| indices.iter().copied()).collect();
        let image = atlas(&set.train, set.extent, &indices);
        let texture = ui.ctx().load_texture("sample pictures", image, TextureOptions::NEAREST);
        Self { set: set.clone(), texture, samples }
    }

    /// A line for each class: its name and some pictures.
    fn rows_ui(&self, ui: &mut Ui) {
        let side = 24.0;
        let for_names = self.name_width(ui).clamp(12.0, 84.0) + theme::GAP;
        let room = ((ui.available_width() - for_names) / (side + 2.0)) as usize;
        let mut first = 0;
        for (class, indices) in &self.samples {
            ui.horizontal(|ui| {
                let name = theme::caption(ui, self.set.classes[*class].as_str());
                let layout = egui::Layout::left_to_right(egui::Align::Center);
                ui.allocate_ui_with_layout(vec2(for_names, side), layout, |ui| {
                    ui.set_min_width(for_names);
                    ui.add(Label::new(name).truncate());
                });
                for (i, &index) in indices.iter().take(room).enumerate() {
                    self.picture_ui(ui, side, *class, index, first + i);
                }
            });
            first += indices.len();
        }
    }

    /// Width of the longest name of a class.
    fn name_width(&self, ui: &Ui) -> f32 {
        let font = egui::TextStyle::Small.resolve(ui.style());
        let width =
            |name: &String| ui.painter().layout_no_wrap(name.clone(), font.clone(), Color32::WHITE).size().x;
        self.set.classes.iter().take(MANY_CLASSES).map(width).fold(0.0, f32::max)
    }

    /// One picture for each class, its name on hover.
    fn grid_ui(&self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            for (place, (class, indices)) in self.samples.iter().enumerate() {
                for &index in indices {
                    self.picture_ui(ui, 22.0, *class, index, place);
                }
            }
        });
    }

    fn picture_ui(&self, ui: &mut Ui, side: f32, class: usize, index: usize, place: usize) {
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
        if ui.is_rect_visible(rect) {
            self.image(place).paint_at(ui, rect);
        }
        let name = &self.set.classes[class];
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Picture of {name}")));
        response.on_hover_ui(|ui| {
            let size = 160.0;
            let (rect, _) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
            self.image(place).paint_at(ui, rect);
            ui.label(theme::strong(name));
            ui.label(theme::caption(ui, format!("training picture {}, {}", index + 1, self.set.extent)));
        });
    }

    fn image(&self, place: usize) -> Image<'_> {
        let extent = self.set.extent;
        let cell = vec2(extent.width as f32, extent.height as f32) / self.texture.size_vec2();
        let min = pos2((place % ACROSS) as f32 * cell.x, (place / ACROSS) as f32 * cell.y);
        Image::new(&self.texture).uv(Rect::from_min_size(min, cell))
    }
}

/// The first pictures of each class that there are.
fn samples(split: &Split, n_classes: usize, per_class: usize) -> Vec<(usize, Vec<usize>)> {
    let mut samples: Vec<(usize, Vec<usize>)> = (0..n_classes).map(|class| (class, Vec::new())).collect();
    let mut missing = n_classes * per_class;
    for (index, &label) in split.labels.iter().enumerate() {
        if missing == 0 {
            break;
        }
        if let Some((_, found)) = samples.get_mut(label as usize).filter(|(_, found)| found.len() < per_class)
        {
            found.push(index);
            missing -= 1;
        }
    }
    samples
}

/// The pictures side by side in one image, [`ACROSS`] in a row.
fn atlas(split: &Split, extent: Extent, indices: &[usize]) -> ColorImage {
    let rows = indices.len().div_ceil(ACROSS).max(1);
    let size = [ACROSS * extent.width, rows * extent.height];
    let mut image = ColorImage::filled(size, Color32::TRANSPARENT);
    let area = extent.area();
    for (place, &index) in indices.iter().enumerate() {
        let picture = &split.pictures[index * extent.len()..][..extent.len()]; // (C, H, W)
        let channel = |c: usize, p: usize| picture[c.min(extent.channels - 1) * area + p];
        let (left, top) = ((place % ACROSS) * extent.width, (place / ACROSS) * extent.height);
        for p in 0..area {
            let (x, y) = (left + p % extent.width, top + p / extent.width);
            image.pixels[y * size[0] + x] = match extent.channels {
                1 => Color32::from_gray(channel(0, p)),
                _ => Color32::from_rgb(channel(0, p), channel(1, p), channel(2, p)),
            };
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_class_are_found() {
        let split = Split { pictures: vec![0; 6], labels: vec![1, 1, 0, 1, 2, 0] };
        assert_eq!(samples(&split, 3, 2), [(0, vec![2, 5]), (1, vec![0, 1]), (2, vec![4])]);
    }

    #[test]
    fn pictures_lie_side_by_side() {
        let split = Split { pictures: vec![10, 20, 30, 40, 50, 60], labels: vec![0, 0] };
        let image = atlas(&split, Extent::new(3, 1, 1), &[1, 0]);
        assert_eq!(image.pixels[0], Color32::from_rgb(40, 50, 60));
        assert_eq!(image.pixels[1], Color32::from_rgb(10, 20, 30));
    }
}
