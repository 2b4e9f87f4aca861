//! Sample pictures of each class or with each tag, or pictures with what they show at each pixel, drawn from one
//! texture that is made once for each data set.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, Image, Label, Rect, Role, Sense, TextStyle, TextWrapMode, TextureHandle,
    TextureOptions, Ui, WidgetInfo, WidgetText, pos2, vec2,
};

use super::paint::{colour, tinted};
use crate::app::theme;
use crate::data::{DataSet, Labels, Split};
use crate::tensor::Extent;

/// Pictures of each class in the texture; so many are shown as there is room for.
const PER_CLASS: usize = 12;

/// With more classes than this, only one picture of each is shown.
const MANY_CLASSES: usize = 12;

/// Pictures shown where there is a class for each pixel.
const N_MASKED: usize = 24;

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
    /// `(class, indices into the training pictures)`; pictures lie in the texture in this order. Where there is
    /// a class for each pixel, all in one, and behind them the same once more, tinted.
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
        match (&shown.set.train.labels, shown.samples.len() > MANY_CLASSES) {
            (Labels::Pixels(_), _) => shown.masks_ui(ui),
            (_, true) => shown.grid_ui(ui),
            (_, false) => shown.rows_ui(ui),
        }
    }
}

impl Shown {
    fn new(ui: &Ui, set: &Arc<DataSet>) -> Self {
        let has_masks = matches!(set.train.labels, Labels::Pixels(_));
        let samples = match has_masks {
            true => vec![(0, (0..set.train.len().min(N_MASKED)).collect())],
            false => {
                let per_class = if set.classes.len() > MANY_CLASSES { 1 } else { PER_CLASS };
                samples(&set.train, set.classes.len().min(MOST / per_class), per_class)
            }
        };
        let indices: Vec<usize> = samples.iter().flat_map(|(_, indices)| indices.iter().copied()).collect();
        let image = atlas(&set.train, set.extent, &indices, has_masks);
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
                    self.picture_ui(ui, side, index, [first + i; 2]);
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
            for (place, (_, indices)) in self.samples.iter().enumerate() {
                for &index in indices {
                    self.picture_ui(ui, 22.0, index, [place; 2]);
                }
            }
        });
    }

    /// Tinted pictures, and what the tints mean.
    fn masks_ui(&self, ui: &mut Ui) {
        let indices = &self.samples[0].1;
        ui.horizontal_wrapped(|ui| {
            for (place, &index) in indices.iter().enumerate() {
                self.picture_ui(ui, 40.0, index, [place, indices.len() + place]);
            }
        });
        ui.add_space(theme::SMALL_GAP);
        ui.horizontal_wrapped(|ui| {
            for (class, name) in self.set.classes.iter().enumerate() {
                let text = WidgetText::from(theme::caption(ui, name.as_str()));
                let text = text.into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, TextStyle::Body);
                // A patch and its name stay together.
                if ui.available_size_before_wrap().x < 10.0 + ui.spacing().item_spacing.x + text.size().x {
                    ui.end_row();
                }
                let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                ui.painter().rect_filled(rect, 2.0, theme::tint(class));
                ui.label(text);
                ui.add_space(theme::SMALL_GAP);
            }
        });
    }

    /// A picture at the second of two places in the texture; on hover it is shown large, as it lies at both.
    fn picture_ui(&self, ui: &mut Ui, side: f32, index: usize, [plain, shown]: [usize; 2]) {
        let (rect, response) = ui.allocate_exact_size(self.within(side), Sense::hover());
        if ui.is_rect_visible(rect) {
            self.image(shown).paint_at(ui, rect);
        }
        let name = self.words(index);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Picture of {name}")));
        response.on_hover_ui(|ui| {
            ui.horizontal(|ui| {
                let places = if plain == shown { vec![plain] } else { vec![plain, shown] };
                for place in places {
                    let (rect, _) = ui.allocate_exact_size(self.within(160.0), Sense::hover());
                    self.image(place).paint_at(ui, rect);
                }
            });
            ui.label(theme::strong(&name));
            ui.label(theme::caption(ui, format!("training picture {}, {}", index + 1, self.set.extent)));
        });
    }

    /// What is known of a picture.
    fn words(&self, index: usize) -> String {
        let classes = self.set.classes.iter().enumerate();
        let shown = classes.filter(|(class, _)| self.set.train.labels.shows(index, *class));
        let names: Vec<&str> = shown.map(|(_, name)| name.as_str()).collect();
        if names.is_empty() { "nothing that has a name".into() } else { names.join(", ") }
    }

    /// The size of a picture whose longer side is `side`.
    fn within(&self, side: f32) -> egui::Vec2 {
        let size = vec2(self.set.extent.width as f32, self.set.extent.height as f32);
        size * (side / size.max_elem())
    }

    fn image(&self, place: usize) -> Image<'_> {
        let extent = self.set.extent;
        let cell = vec2(extent.width as f32, extent.height as f32) / self.texture.size_vec2();
        let min = pos2((place % ACROSS) as f32 * cell.x, (place / ACROSS) as f32 * cell.y);
        Image::new(&self.texture).uv(Rect::from_min_size(min, cell))
    }
}

/// The first pictures of each class, or with each tag, that there are.
fn samples(split: &Split, n_classes: usize, per_class: usize) -> Vec<(usize, Vec<usize>)> {
    let mut samples: Vec<(usize, Vec<usize>)> = (0..n_classes).map(|class| (class, Vec::new())).collect();
    let mut missing = n_classes * per_class;
    let mut find = |index: usize, class: usize| {
        if let Some((_, found)) = samples.get_mut(class).filter(|(_, found)| found.len() < per_class) {
            found.push(index);
            missing -= 1;
        }
        missing > 0
    };
    match &split.labels {
        // All pictures of a class that comes late may have to be gone through, and quickly.
        Labels::Classes(classes) => {
            classes.iter().enumerate().all(|(index, &class)| find(index, class as usize));
        }
        labels => {
            let present = |index: usize| (0..n_classes).filter(move |&class| labels.shows(index, class));
            (0..split.len()).all(|index| present(index).all(|class| find(index, class)));
        }
    }
    samples
}

/// The pictures side by side in one image, [`ACROSS`] in a row, and, where `has_masks`, once more with each pixel
/// in the tint of its class.
fn atlas(split: &Split, extent: Extent, indices: &[usize], has_masks: bool) -> ColorImage {
    let n_cells = if has_masks { 2 * indices.len() } else { indices.len() };
    let rows = n_cells.div_ceil(ACROSS).max(1);
    let size = [ACROSS * extent.width, rows * extent.height];
    let mut image = ColorImage::filled(size, Color32::TRANSPARENT);
    for place in 0..n_cells {
        let index = indices[place % indices.len()];
        let (left, top) = ((place % ACROSS) * extent.width, (place / ACROSS) * extent.height);
        for p in 0..extent.area() {
            let (x, y) = (left + p % extent.width, top + p / extent.width);
            let plain = colour(split, extent, index, p);
            image.pixels[y * size[0] + x] = match &split.labels {
                Labels::Pixels(classes) if place >= indices.len() => tinted(plain, classes.of(index)[p]),
                _ => plain,
            };
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{PixelClasses, Tags, VOID};

    #[test]
    fn the_first_of_each_class_are_found() {
        let split = Split { pictures: vec![0; 6], labels: vec![1, 1, 0, 1, 2, 0].into() };
        assert_eq!(samples(&split, 3, 2), [(0, vec![2, 5]), (1, vec![0, 1]), (2, vec![4])]);
    }

    #[test]
    fn a_picture_is_found_for_each_of_its_tags() {
        let labels = Labels::Tags(Tags::new(3, [vec![], vec![0, 2], vec![2], vec![2]]));
        let split = Split { pictures: vec![0; 4], labels };
        assert_eq!(samples(&split, 3, 2), [(0, vec![1]), (1, vec![]), (2, vec![1, 2])]);
    }

    #[test]
    fn masks_lie_behind_as_tints() {
        let labels = Labels::Pixels(PixelClasses::new(2, vec![1, VOID]));
        let split = Split { pictures: vec![100, 200], labels };
        let image = atlas(&split, Extent::new(1, 1, 2), &[0], true);
        assert_eq!(image.pixels[..2], [Color32::from_gray(100), Color32::from_gray(200)]);
        assert_eq!(image.pixels[2], Color32::from_gray(100).lerp_to_gamma(theme::tint(1), 0.5));
        assert_eq!(image.pixels[3], Color32::from_gray(100));
    }

    #[test]
    fn pictures_lie_side_by_side() {
        let split = Split { pictures: vec![10, 20, 30, 40, 50, 60], labels: vec![0, 0].into() };
        let image = atlas(&split, Extent::new(3, 1, 1), &[1, 0], false);
        assert_eq!(image.pixels[0], Color32::from_rgb(40, 50, 60));
        assert_eq!(image.pixels[1], Color32::from_rgb(10, 20, 30));
    }
}
