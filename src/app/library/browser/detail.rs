//! One picture: as it is, as the net sees it, and what augmentation draws from it in the epochs to come. All is
//! computed by the program's own rules with the experiment's seed: what is shown here is what is trained on.

use std::sync::Arc;

use egui::{
    Align, Color32, ColorImage, Layout, Pos2, Rect, Role, Sense, TextureHandle, TextureOptions, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use super::{Part, SetKey, State as Browser, portrait, words, words_before};
use crate::app::bridge::Desk;
use crate::app::format;
use crate::app::latest::Latest;
use crate::app::library::paint;
use crate::app::theme;
use crate::app::widgets::{self, Gravity};
use crate::data::augment::{self, Drawn};
use crate::data::{DataSet, Normalisation};
use crate::experiment::{Augment, Normalise};

/// Epochs that are shown at once.
const N_EPOCHS: u32 = 8;

const LARGE: f32 = 112.0;
const SMALL: f32 = 80.0;

#[derive(Default)]
pub struct State {
    /// The first epoch that is shown, from 0.
    first_epoch: u32,
    normalisation: Latest<(SetKey, Normalise), Arc<Normalisation>>,
    seen: Latest<Key, Arc<Seen>>,
    textures: Option<(Arc<Seen>, Vec<TextureHandle>)>,
    original: Option<((SetKey, Part, usize, bool), TextureHandle)>,
}

/// What decides what a net sees of a picture.
#[derive(Clone, PartialEq)]
struct Key {
    set: SetKey,
    part: Part,
    index: usize,
    normalise: Normalise,
    augment: Augment,
    seed: u64,
    first_epoch: u32,
}

/// What a net sees of a picture.
struct Seen {
    /// `(C, H, W)`.
    normalised: Vec<f32>,
    /// The normalised picture; then, of a training picture, what is drawn in each epoch.
    images: Vec<ColorImage>,
    drawn: Vec<Drawn>,
}

pub fn detail_ui(ui: &mut Ui, desk: &Desk<'_>, browser: &mut Browser, set: &SetKey) {
    let (part, index) = (browser.view.part, browser.selected);
    if index >= part.of(&set.0).len() {
        return;
    }
    heading_ui(ui, browser, set);
    ui.label(words(&set.0, part, index));
    if let Some(before) = words_before(&set.0, part, index) {
        let text = format!("Noise changed this label: it was {before}.");
        widgets::message_ui(ui, Gravity::Warning, &text, |_| {});
    }
    let experiment = &desk.editor.experiment;
    let key = Key {
        set: set.clone(),
        part,
        index,
        normalise: experiment.data.normalise,
        augment: experiment.data.augment,
        seed: experiment.seed,
        first_epoch: browser.detail.first_epoch,
    };
    let is_plain = browser.view.is_plain;
    let original = browser.detail.original(ui, (set.clone(), part, index, is_plain));
    let seen = browser.detail.see(ui, &key);
    both_ui(ui, &key, original, seen.as_ref());
    match part {
        Part::Test => {
            widgets::caption_ui(ui, "Test pictures are normalised and never augmented.");
        }
        Part::Train => epochs_ui(ui, &key, seen.as_ref(), &mut browser.detail.first_epoch),
    }
}

/// Which picture, with buttons to the one before and the one behind.
fn heading_ui(ui: &mut Ui, browser: &mut Browser, set: &SetKey) {
    let number = format::count(browser.selected as u64 + 1);
    let title = match browser.view.part {
        Part::Train => format!("Training picture {number}"),
        Part::Test => format!("Test picture {number}"),
    };
    let (place, last) = (browser.shown.place_of(browser.selected), browser.shown.len().saturating_sub(1));
    let mut to = None;
    widgets::section_ui(ui, &title, |ui| {
        if widgets::icon_button(ui, Icon::ChevronRight, "Next picture").on_hover_text("Next (→)").clicked()
        {
            to = place.map(|place| (place + 1).min(last));
        }
        if widgets::icon_button(ui, Icon::ChevronLeft, "Picture before").on_hover_text("Before (←)").clicked()
        {
            to = place.map(|place| place.saturating_sub(1));
        }
        widgets::caption_ui(ui, &set.0.extent.to_string());
    });
    if let Some(place) = to {
        (browser.selected, browser.jumps) = (browser.shown.at(place), true);
    }
}

/// The picture beside what the net sees of it, with the values of the pixel that is pointed at.
fn both_ui(
    ui: &mut Ui,
    key: &Key,
    original: egui::TextureId,
    seen: Option<&(Arc<Seen>, Vec<egui::TextureId>)>,
) {
    let size = within(&key.set.0, LARGE);
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            widgets::caption_ui(ui, "as it is");
            picture_ui(ui, original, size, "The picture as it is", |at| pixel_words(key, at, seen));
        });
        let Some((own, textures)) = seen else { return };
        ui.vertical(|ui| {
            widgets::caption_ui(ui, "as the net sees it");
            picture_ui(ui, textures[0], size, "The picture as the net sees it", |at| {
                pixel_words(key, at, seen)
            });
        });
        ui.vertical(|ui| {
            widgets::caption_ui(ui, "normalised");
            let facts = Facts::of(&own.normalised);
            for (name, value) in [
                ("mean", facts.mean),
                ("dev.", facts.deviation),
                ("least", facts.least),
                ("most", facts.most),
            ] {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    widgets::caption_ui(ui, name);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        ui.label(egui::RichText::new(format::number(value)).font(theme::figures(ui)));
                    });
                });
            }
        });
    });
}

/// What augmentation makes of the picture, epoch by epoch.
fn epochs_ui(
    ui: &mut Ui,
    key: &Key,
    seen: Option<&(Arc<Seen>, Vec<egui::TextureId>)>,
    first_epoch: &mut u32,
) {
    widgets::section_ui(ui, "In training", |ui| {
        let mut first = *first_epoch as usize + 1;
        let help = "The first of the eight epochs that are shown.";
        widgets::count_ui(ui, "First epoch", &mut first, 1..=1_000_000).on_hover_text(help);
        *first_epoch = first as u32 - 1;
        widgets::caption_ui(ui, "from epoch");
    });
    if key.augment == Augment::default() {
        widgets::caption_ui(ui, "No augmentation is set on the left: each epoch shows the same.");
        return;
    }
    let Some((own, textures)) = seen else { return };
    let size = within(&key.set.0, SMALL);
    ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
    ui.horizontal_wrapped(|ui| {
        for ((drawn, texture), epoch) in own.drawn.iter().zip(&textures[1..]).zip(key.first_epoch + 1..) {
            let name = format!("Epoch {epoch}: {}", drawn_words(&key.augment, drawn));
            picture_ui(ui, *texture, size, &name, |_| name.clone());
        }
    });
}

/// A picture with its name; `help` says what is at the row and column that are pointed at, as shares of the whole.
fn picture_ui(ui: &mut Ui, texture: egui::TextureId, size: Vec2, name: &str, help: impl Fn(Vec2) -> String) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().image(texture, rect, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    if let Some(pointer) = response.hover_pos() {
        response.on_hover_text_at_pointer(help((pointer - rect.min) / rect.size()));
    }
}

/// The bytes and normalised values of the pixel at a share of width and height.
fn pixel_words(key: &Key, at: Vec2, seen: Option<&(Arc<Seen>, Vec<egui::TextureId>)>) -> String {
    let extent = key.set.0.extent;
    let within = |share: f32, n: usize| ((share * n as f32) as usize).min(n - 1);
    let (row, column) = (within(at.y, extent.height), within(at.x, extent.width));
    let split = key.part.of(&key.set.0);
    let picture = split.picture(extent, key.index);
    let mut lines = vec![format!("row {row}, column {column}")];
    for (channel, name) in portrait::channel_names(extent.channels).into_iter().enumerate() {
        let place = channel * extent.area() + row * extent.width + column;
        let normalised = seen.map(|(seen, _)| format!(", normalised {:.3}", seen.normalised[place]));
        lines.push(format!("{name} {}{}", picture[place], normalised.unwrap_or_default()));
    }
    if let crate::data::Labels::Pixels(classes) = &split.labels {
        let class = usize::from(classes.of(key.index)[row * extent.width + column]);
        lines.push(key.set.0.classes.get(class).cloned().unwrap_or_else(|| "nothing known".into()));
    }
    lines.join("\n")
}

/// What was drawn, in words.
fn drawn_words(augment: &Augment, drawn: &Drawn) -> String {
    let mut words = Vec::new();
    let mut say = |is_asked: bool, text: String| words.extend(is_asked.then_some(text));
    say(augment.flip, if drawn.flip { "mirrored".into() } else { "not mirrored".into() });
    let aside = |n: i32, [less, more]: [&str; 2]| format!("{} {}", n.abs(), if n < 0 { less } else { more });
    let (dy, dx) = (aside(drawn.dy, ["up", "down"]), aside(drawn.dx, ["left", "right"]));
    say(augment.crop > 0, format!("window {dy} and {dx}"));
    say(augment.cutout > 0, format!("hole around row {} and column {}", drawn.hole[0], drawn.hole[1]));
    let [b, c, s] = drawn.factors;
    say(augment.jitter > 0.0, format!("brightness ×{b:.2}, contrast ×{c:.2}, saturation ×{s:.2}"));
    words.join("; ")
}

/// Mean, standard deviation and range of some values.
struct Facts {
    mean: f64,
    deviation: f64,
    least: f64,
    most: f64,
}

impl Facts {
    fn of(values: &[f32]) -> Self {
        let n = values.len().max(1) as f64;
        let all = || values.iter().map(|&x| f64::from(x));
        let mean = all().sum::<f64>() / n;
        let deviation = (all().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        Self {
            mean,
            deviation,
            least: all().fold(f64::INFINITY, f64::min),
            most: all().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl Seen {
    fn of(key: &Key, normalisation: &Normalisation) -> Self {
        let extent = key.set.0.extent;
        let picture = key.part.of(&key.set.0).picture(extent, key.index);
        let normalised = normalisation.apply(extent, picture);
        let mut images = vec![visible(&key.set.0, normalisation, &normalised)];
        let is_augmented = key.part == Part::Train && key.augment != Augment::default();
        let epochs = if is_augmented { key.first_epoch..key.first_epoch + N_EPOCHS } else { 0..0 };
        let draw =
            |epoch| augment::draw(augment::key(key.seed, epoch), key.index as u32, &key.augment, extent);
        let drawn: Vec<Drawn> = epochs.map(draw).collect();
        images.extend(drawn.iter().map(|drawn| {
            let values = augment::apply(&key.augment, drawn, extent, picture, normalisation);
            visible(&key.set.0, normalisation, &values)
        }));
        Self { normalised, images, drawn }
    }
}

/// Normalised values `(C, H, W)` as colours: brought back to the scale of bytes, around the mean of each channel,
/// which is what 0 is drawn as.
fn visible(set: &DataSet, normalisation: &Normalisation, values: &[f32]) -> ColorImage {
    let area = set.extent.area();
    let bytes =
        values.chunks_exact(area).zip(normalisation.mean.chunks_exact(area)).zip(&normalisation.scale);
    let bytes = bytes.flat_map(|((values, means), scale)| {
        let mean = means.iter().sum::<f32>() / area as f32;
        values.iter().map(move |x| ((x / scale + mean) * 255.0).round().clamp(0.0, 255.0) as u8)
    });
    paint::image(&bytes.collect::<Vec<u8>>(), set.extent)
}

/// The size of a picture whose longer side is `side`.
fn within(set: &DataSet, side: f32) -> Vec2 {
    let size = vec2(set.extent.width as f32, set.extent.height as f32);
    size * (side / size.max_elem())
}

impl State {
    /// The texture of the picture as it is.
    fn original(&mut self, ui: &Ui, key: (SetKey, Part, usize, bool)) -> egui::TextureId {
        if let Some((_, texture)) = self.original.as_ref().filter(|(own, _)| *own == key) {
            return texture.id();
        }
        let (set, part, index, is_plain) = &key;
        let image = paint::of_split(part.of(&set.0), set.0.extent, *index, !is_plain);
        let texture = ui.ctx().load_texture("picture", image, TextureOptions::NEAREST);
        let id = texture.id();
        self.original = Some((key, texture));
        id
    }

    /// What the net sees, once it is computed; until then what it saw before.
    fn see(&mut self, ui: &Ui, key: &Key) -> Option<(Arc<Seen>, Vec<egui::TextureId>)> {
        let constants = (key.set.clone(), key.normalise);
        let normalisation = self.normalisation.get(ui.ctx(), &constants, || {
            let (set, kind) = constants.clone();
            move || Arc::new(Normalisation::of(kind, &set.0.train, set.0.extent))
        });
        let normalisation = normalisation.filter(|(own, _)| *own == constants)?.1.clone();
        let made = self.seen.get(ui.ctx(), key, || {
            let key = key.clone();
            move || Arc::new(Seen::of(&key, &normalisation))
        });
        // That of another picture would be a lie, that of other settings is only late.
        let (_, seen) =
            made.filter(|(own, _)| (&own.set, own.part, own.index) == (&key.set, key.part, key.index))?;
        if self.textures.as_ref().is_none_or(|(own, _)| !Arc::ptr_eq(own, seen)) {
            let load = |image: &ColorImage| {
                ui.ctx().load_texture("picture as seen", image.clone(), TextureOptions::NEAREST)
            };
            self.textures = Some((seen.clone(), seen.images.iter().map(load).collect()));
        }
        let (seen, textures) = self.textures.as_ref()?;
        Some((seen.clone(), textures.iter().map(TextureHandle::id).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use crate::tensor::Extent;

    fn key(normalise: Normalise, augment: Augment) -> Key {
        let extent = Extent::new(1, 2, 3);
        let train = Split {
            pictures: vec![0, 50, 100, 150, 200, 250, 20, 60, 90, 170, 210, 240],
            labels: vec![0, 1].into(),
        };
        let (name, classes) = ("toys".into(), vec!["a".into(), "b".into()]);
        let test = Split::default();
        let set = DataSet { name, extent, classes, train, test, clean: None, notes: vec![] };
        let set = SetKey(Arc::new(set));
        Key { set, part: Part::Train, index: 0, normalise, augment, seed: 1, first_epoch: 0 }
    }

    fn seen(key: &Key) -> Seen {
        let set = &key.set.0;
        Seen::of(key, &Normalisation::of(key.normalise, &set.train, set.extent))
    }

    #[test]
    fn what_the_net_sees_is_drawn_in_natural_colours() {
        let key = key(Normalise::PerChannel, Augment::default());
        let seen = seen(&key);
        assert_eq!(seen.images.len(), 1, "without augmentation nothing is drawn");
        assert_eq!(
            seen.images[0].pixels,
            paint::image(&key.set.0.train.pictures[..6], key.set.0.extent).pixels
        );
        assert!(Facts::of(&seen.normalised).least < -1.0);
    }

    #[test]
    fn each_epoch_draws_what_training_draws() {
        let augment = Augment { flip: true, ..Augment::default() };
        let seen = seen(&key(Normalise::None, augment));
        assert_eq!((seen.images.len(), seen.drawn.len()), (9, 8));
        let mirrored: Vec<bool> = seen.drawn.iter().map(|drawn| drawn.flip).collect();
        assert!(mirrored.contains(&true) && mirrored.contains(&false), "{mirrored:?}");
        for (image, drawn) in seen.images[1..].iter().zip(&seen.drawn) {
            let first = Color32::from_gray(if drawn.flip { 100 } else { 0 });
            assert_eq!(image.pixels[0], first);
            assert_eq!(drawn_words(&augment, drawn), if drawn.flip { "mirrored" } else { "not mirrored" });
        }
    }
}
