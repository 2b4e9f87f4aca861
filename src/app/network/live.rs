//! What goes on in each layer while the net trains, on its card: its maps for the chosen picture, how large its signal
//! is and the gradient that comes back, and how many of its units are dead.
//!
//! It is asked for only while the cards show it, and is computed for no more than a share of the time that goes into
//! training.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{
    Align, Color32, ColorImage, Layout, Rect, RichText, Sense, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Ui, WidgetInfo, pos2, vec2,
};

use crate::app::bridge::Desk;
use crate::app::editor::costs::Costs;
use crate::app::format;
use crate::app::theme::{self, Palette};
use crate::experiment::LayerId;
use crate::inspect::activations::{Activations, Maps, grey};
use crate::inspect::exhibit::Exhibit;
use crate::inspect::look::{Look, View};
use crate::inspect::statistics::{LayerStatistics, Moments};
use crate::session::Seen;

/// Training pictures over which the signals are measured.
const BATCH: usize = 32;

/// Side of a map, and the height of a row of numbers where a layer gives no maps.
const MAP: f32 = 26.0;
const NUMBERS: f32 = 12.0;

/// Pixels along a side of a map that are drawn at most, and maps: no texture is higher than any adapter takes.
const MOST_PIXELS: usize = 32;
const MOST_MAPS: usize = 64;

/// What is seen of the run in front, in one frame.
#[derive(Default)]
pub struct Live {
    maps: Option<(u64, Arc<View>)>,
    signals: Option<Arc<View>>,
}

/// The textures of the maps, by layer.
#[derive(Default)]
pub struct Sheets(HashMap<LayerId, (u64, TextureHandle)>);

impl Live {
    /// Asks for what the cards show of a run that trains the net as it stands.
    pub fn ask(desk: &Desk<'_>, exhibit: Option<Exhibit>) -> Self {
        if desk.snapshot.begun().is_none_or(|run| run.is_stale) {
            return Self::default();
        }
        let view = |seen: Option<&Seen>| seen.and_then(|seen| seen.view.clone().ok());
        let maps = exhibit.and_then(|exhibit| {
            let seen = desk.look(Look::Activations { exhibit })?;
            let view = seen.view.clone().ok()?;
            Some((seen.serial, view))
        });
        Self { maps, signals: view(desk.look(Look::Statistics { batch: BATCH, histograms: false })) }
    }

    fn activations(&self) -> Option<(u64, &Activations)> {
        match self.maps.as_ref() {
            Some((key, view)) => match &**view {
                View::Activations(activations) => Some((*key, activations)),
                _ => None,
            },
            None => None,
        }
    }

    fn statistics(&self, path: &str) -> Option<&LayerStatistics> {
        match self.signals.as_deref()? {
            View::Statistics(statistics) => statistics.at(path),
            _ => None,
        }
    }

    /// The row of a layer, where something is seen of it.
    pub fn layer_ui(&self, ui: &mut Ui, sheets: &mut Sheets, costs: &Costs, layer: LayerId) {
        let Some(path) = costs.path_of(layer) else { return };
        let statistics = self.statistics(path);
        let maps = self.activations().and_then(|(key, activations)| {
            Some((key, activations.layers.iter().find(|layer| layer.path == *path)?))
        });
        if statistics.is_none() && maps.is_none() {
            return;
        }
        ui.horizontal(|ui| {
            ui.add_space(22.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
                if let Some(statistics) = statistics {
                    statistics_ui(ui, statistics);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if let Some((key, maps)) = maps {
                        maps_ui(ui, sheets, layer, maps, key);
                    }
                });
            });
        });
    }
}

impl Sheets {
    fn get(&mut self, ui: &Ui, of: LayerId, key: u64, make: impl FnOnce() -> ColorImage) -> TextureHandle {
        match self.0.get_mut(&of) {
            Some((own, texture)) => {
                if *own != key {
                    texture.set(make(), TextureOptions::NEAREST);
                    *own = key;
                }
                texture.clone()
            }
            None => {
                let texture = ui.ctx().load_texture("maps on cards", make(), TextureOptions::NEAREST);
                self.0.insert(of, (key, texture.clone()));
                texture
            }
        }
    }
}

/// As many maps as there is room for, on one scale; the numbers of a layer without maps as one row.
fn maps_ui(ui: &mut Ui, sheets: &mut Sheets, layer: LayerId, maps: &Maps, key: u64) {
    let extent = maps.extent;
    let is_vector = extent.area() == 1;
    let (width, height) = match is_vector {
        true => (NUMBERS, NUMBERS),
        false => ((MAP * extent.width as f32 / extent.height.max(1) as f32).clamp(2.0, 4.0 * MAP), MAP),
    };
    let gap = if is_vector { 0.0 } else { 2.0 };
    let room = ((ui.available_width() - theme::GAP).max(0.0) / (width + gap)) as usize;
    let n = extent.channels.min(room).min(MOST_MAPS);
    if n == 0 {
        return;
    }
    // One texture, the maps below one another, drawn tile by tile.
    let texture = sheets.get(ui, layer, key.wrapping_add(n as u64), || {
        let largest = maps.largest();
        // Of larger maps every so-many-th pixel.
        let step = extent.height.max(extent.width).div_ceil(MOST_PIXELS).max(1);
        let [down, across] = [extent.height, extent.width].map(|side| side.div_ceil(step));
        let mut pixels = Vec::with_capacity(n * down * across);
        for channel in 0..n {
            let picture = grey(maps.map(channel), extent, largest);
            let places = (0..down).flat_map(|y| (0..across).map(move |x| y * step * extent.width + x * step));
            pixels.extend(places.map(|place| {
                let [r, g, b] = picture.pixels[place];
                Color32::from_rgb(r, g, b)
            }));
        }
        ColorImage::new([across, down * n], pixels)
    });
    let (rect, response) = ui.allocate_exact_size(vec2(n as f32 * (width + gap), height), Sense::hover());
    for i in 0..n {
        let corner = rect.min + vec2(i as f32 * (width + gap), 0.0);
        let tile = Rect::from_min_max(pos2(0.0, i as f32 / n as f32), pos2(1.0, (i + 1) as f32 / n as f32));
        ui.painter().image(
            texture.id(),
            Rect::from_min_size(corner, vec2(width, height)),
            tile,
            Color32::WHITE,
        );
    }
    // White is seen on a white card.
    let edge = Stroke::new(1.0, Palette::of(ui).border);
    let framed = if is_vector { 1 } else { n };
    for i in 0..framed {
        let corner = rect.min + vec2(i as f32 * (width + gap), 0.0);
        let size = vec2((n / framed) as f32 * width, height);
        ui.painter().rect_stroke(Rect::from_min_size(corner, size), 0.0, edge, StrokeKind::Outside);
    }
    let name = format!("Maps of {}", maps.path);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &name));
    let what = if is_vector { "numbers" } else { "maps" };
    response.on_hover_text(format!(
        "{n} of {} {what} for the chosen picture: 0 is mid grey, the largest number of the layer black or white.",
        extent.channels
    ));
}

/// Draws from right to left.
fn statistics_ui(ui: &mut Ui, statistics: &LayerStatistics) {
    let size = |moments: Moments| moments.mean_square().sqrt();
    // As far from the edge as the figures above.
    ui.add_space(theme::SMALL_GAP);
    if let Some(gradient) = statistics.gradient {
        let help = "How large the gradient is that comes back to the layer's numbers: the root of its mean square, of \
                    each picture's own loss.";
        figure_ui(ui, "gradient", &format::number(size(gradient)), help);
    }
    let help = "How large the layer's numbers are: the root of their mean square over the pictures of a batch, all \
                channels and all places.";
    figure_ui(ui, "signal", &format::number(size(statistics.signal)), help);
    if let Some(dead) = statistics.dead.filter(|&dead| dead > 0.0) {
        let text =
            RichText::new(format!("{} dead", format::percent(dead))).small().color(Palette::of(ui).warning);
        let help =
            "Units that were 0 for every picture of the batch at every place: no gradient reaches them.";
        ui.add_space(theme::GAP);
        ui.label(text).on_hover_text(help);
    }
}

fn figure_ui(ui: &mut Ui, caption: &str, figure: &str, help: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(52.0, theme::ROW), Sense::hover());
    let (font, colour) = (theme::figures(ui), Palette::of(ui).text);
    ui.painter().text(rect.right_center(), egui::Align2::RIGHT_CENTER, figure, font, colour);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{caption} {figure}")));
    response.on_hover_text(help);
    ui.label(theme::caption(ui, caption)).on_hover_text(help);
    ui.add_space(theme::GAP);
}
