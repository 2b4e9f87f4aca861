//! The filters of a convolution as pictures: all of them, in an order to choose, and one by its input channels.

use std::sync::Arc;

use egui::{Align2, Color32, FontId, Pos2, Rect, Role, Sense, TextureHandle, Ui, Vec2, WidgetInfo, vec2};
use lucide_icons::Icon;

use super::sheets::{self, Sheets};
use super::subject::Subject;
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::experiment::{Kind, Layer};
use crate::inspect::filters::{Filters, Order, Scale, convolutions};
use crate::inspect::look::{Look, View};
use crate::inspect::picture::{Picture, columns};
use crate::session::Seen;

/// At most so many are drawn.
const MOST: usize = 512;

/// Side of a kernel where a filter is taken apart by its input channels.
const KERNEL: f32 = 30.0;

/// What the section remembers from frame to frame.
pub struct State {
    /// Path of the convolution; the first where none was chosen.
    layer: Option<String>,
    order: Order,
    scale: Scale,
    /// Whether what changed since the beginning is shown.
    shows_change: bool,
    sheets: Sheets,
    /// What is drawn, and the key it was made for: the order takes longer than a frame may.
    shown: Option<(u64, Shown)>,
}

struct Shown {
    /// As they are, or as they changed.
    filters: Filters,
    /// Places in them.
    order: Vec<usize>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            layer: None,
            order: Order::Number,
            scale: Scale::Own,
            shows_change: false,
            sheets: Sheets::default(),
            shown: None,
        }
    }
}

/// The filters of the first layer, as a lesson shows them.
pub fn filters_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    let Some((seen, view)) = look(ui, desk, None) else { return };
    state.follow(seen, view);
    state.all_ui(ui, None, false);
}

/// The filters of any convolution.
pub fn panel_ui(ui: &mut Ui, desk: &mut Desk<'_>, subject: &mut Subject, state: &mut State, has_room: bool) {
    let graph = super::subject::graph(desk);
    let all: Vec<String> =
        graph.map_or_else(Vec::new, |graph| convolutions(graph).into_iter().map(|(path, _)| path).collect());
    if let Some(layer) = subject.layer.as_ref().filter(|layer| all.contains(layer)) {
        state.layer = Some(layer.clone());
    }
    let own = state.layer.clone().filter(|layer| all.contains(layer) && all.first() != Some(layer));
    let Some((seen, view)) = look(ui, desk, own) else { return };
    state.follow(seen, view);
    state.settings_ui(ui, subject, &all, has_room);
    state.all_ui(ui, Some(subject), has_room);
    if has_room {
        state.legend_ui(ui);
    }
    state.channels_ui(ui, subject);
}

/// What is seen of the filters, or a word on why nothing is.
fn look<'a>(ui: &mut Ui, desk: &Desk<'a>, layer: Option<String>) -> Option<(&'a Seen, &'a Arc<View>)> {
    let seen = desk.look(Look::Filters { layer });
    let view = seen.and_then(|seen| Some((seen, seen.view.as_ref().ok()?)));
    if view.is_none() {
        let text = match has_convolution(desk.editor.layers()) {
            true => "They appear with the first step, and take form as the net learns.",
            false => "This net has no convolution.",
        };
        widgets::caption_ui(ui, text);
    }
    view
}

fn has_convolution(layers: &[Layer]) -> bool {
    layers.iter().any(|layer| {
        matches!(layer.kind, Kind::Conv(_))
            || layer.kind.children().into_iter().any(|list| has_convolution(list))
    })
}

impl State {
    /// Takes over other weights, or what else is to be shown of them.
    fn follow(&mut self, seen: &Seen, view: &Arc<View>) {
        let View::Filters(filters) = &**view else { return };
        let settings = (self.order as u8, self.scale as u8, self.shows_change);
        let key = sheets::key((seen.serial, settings));
        if self.shown.as_ref().is_some_and(|(own, _)| *own == key) {
            return;
        }
        let order = filters.order(self.order);
        let change = filters.change().filter(|_| self.shows_change);
        self.shown = Some((key, Shown { filters: change.unwrap_or_else(|| filters.clone()), order }));
    }

    /// What is set otherwise than at the beginning, in words.
    fn set(&self) -> String {
        let order = match self.order {
            Order::Number => None,
            Order::Norm => Some("by norm"),
            Order::Orientation => Some("by orientation"),
            Order::Colour => Some("by colour"),
        };
        let scale = (self.scale == Scale::Common).then_some("common scale");
        let change = self.shows_change.then_some("change");
        [scale, order, change].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Which layer, how many filters, and how they are shown: at hand where there is room, else behind a button.
    fn settings_ui(&mut self, ui: &mut Ui, subject: &mut Subject, all: &[String], has_room: bool) {
        let set = self.set();
        let Some((_, Shown { filters, .. })) = &self.shown else { return };
        let mut layer = filters.path.clone();
        let [height, width] = filters.size();
        let text = format!("{} of {}×{height}×{width}", filters.len(), filters.weights.shape[1]);
        let has_colours = filters.weights.shape[1] > 1;
        ui.horizontal_wrapped(|ui| {
            let combo = egui::ComboBox::from_id_salt("convolution").selected_text(&layer).show_ui(ui, |ui| {
                for path in all {
                    ui.selectable_value(&mut layer, path.clone(), path);
                }
            });
            widgets::named(combo.response, "Convolution");
            widgets::caption_ui(ui, &text)
                .on_hover_text("Filters, and the shape of each: channels, rows, columns");
            if has_room {
                widgets::group_ui(ui, "scale", |ui| scale_ui(ui, &mut self.scale));
                widgets::group_ui(ui, "order", |ui| order_ui(ui, &mut self.order, has_colours));
                change_ui(ui, &mut self.shows_change);
                return;
            }
            let button = widgets::icon_button(ui, Icon::SlidersHorizontal, "How the filters are shown");
            let behaviour = egui::PopupCloseBehavior::CloseOnClickOutside;
            egui::Popup::menu(&button).close_behavior(behaviour).show(|ui| {
                widgets::caption_ui(ui, "Black and white are the largest weight of");
                ui.horizontal(|ui| scale_ui(ui, &mut self.scale));
                widgets::caption_ui(ui, "In the order of");
                ui.horizontal(|ui| order_ui(ui, &mut self.order, has_colours));
                change_ui(ui, &mut self.shows_change);
            });
            button.on_hover_text("Scale, order, change since the beginning");
            if !set.is_empty() {
                widgets::caption_ui(ui, &set);
            }
        });
        if layer != filters.path {
            (subject.layer, subject.channel, subject.place) = (Some(layer), 0, None);
        }
    }

    /// All filters: as a strip, or as large as there is room for.
    fn all_ui(&mut self, ui: &mut Ui, mut subject: Option<&mut Subject>, has_room: bool) {
        let Some((key, Shown { filters, order })) = &self.shown else { return };
        let n = order.len().min(MOST);
        let across = columns(n);
        let texture = self.sheets.get(ui, ("filters", 0), *key, || atlas(filters, order, self.scale, across));
        let gap = 3.0;
        let width = ui.available_width();
        let lines = if n > 64 { 4 } else { 2 };
        let (per_line, largest) = match has_room {
            true => ((1.4 * (n as f32).sqrt()).ceil().max(6.0), 120.0),
            false => (n.div_ceil(lines).max(8) as f32, 56.0),
        };
        let side = ((width + gap) / per_line - gap).floor().clamp(16.0, largest);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(gap, gap);
            for (k, &i) in order.iter().take(n).enumerate() {
                let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
                let part = sheets::tile(k, across, n);
                if ui.is_rect_visible(rect) {
                    ui.painter().image(texture.id(), rect, part, Color32::WHITE);
                }
                response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Filter {i}")));
                if let Some(subject) = &mut subject {
                    if subject.layer.as_ref() == Some(&filters.path) && subject.channel == i {
                        sheets::frame(ui, rect, Palette::of(ui).accent);
                    }
                    if response.clicked() {
                        (subject.layer, subject.channel, subject.place) =
                            (Some(filters.path.clone()), i, None);
                    }
                }
                response.on_hover_ui(|ui| enlarged_ui(ui, filters, i, &texture, part));
            }
        });
        if n < order.len() {
            widgets::caption_ui(ui, &format!("and {} more", order.len() - n));
        }
    }

    /// What the colours say.
    fn legend_ui(&self, ui: &mut Ui) {
        let Some((_, Shown { filters, .. })) = &self.shown else { return };
        let text = match filters.weights.shape[1] {
            1 => "Grey is a weight of 0, white a positive one, black a negative one.",
            3 => "The weights over red, green and blue as a colour; grey is 0.",
            _ => "Each filter's mean over its input channels; grey is 0. Below, a filter channel by channel.",
        };
        ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
    }

    /// The chosen filter by its input channels, on one scale.
    fn channels_ui(&mut self, ui: &mut Ui, subject: &Subject) {
        let Some((key, Shown { filters, .. })) = &self.shown else { return };
        let n = filters.weights.shape[1];
        if [1, 3].contains(&n) {
            return;
        }
        let is_own = subject.layer.as_ref() == Some(&filters.path);
        let i = if is_own { subject.channel.min(filters.len() - 1) } else { 0 };
        let text = format!("Filter {i} by input channel, on one scale (above: the mean over its channels)");
        widgets::caption_ui(ui, &text);
        let [height, width] = filters.size();
        let across = columns(n);
        let numbers = n * height * width;
        let own = &filters.weights.data[i * numbers..][..numbers];
        let largest = crate::inspect::crop::largest(own);
        let texture = self.sheets.get(ui, ("kernels", 0), sheets::key((key, i)), || {
            let mut whole = Picture::new(across * width, n.div_ceil(across) * height, [0; 3]);
            for c in 0..n {
                whole.put(&filters.kernel(i, c, largest), c % across * width, c / across * height);
            }
            whole
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(3.0, 3.0);
            for c in 0..n {
                let size = sheets::fitting([height, width], KERNEL);
                let name = format!("Kernel over channel {c}");
                let response = sheets::picture_ui(ui, &texture, sheets::tile(c, across, n), size, &name);
                response.on_hover_ui(|ui| {
                    let (rect, _) =
                        ui.allocate_exact_size(sheets::fitting([height, width], 180.0), Sense::hover());
                    ui.painter().image(texture.id(), rect, sheets::tile(c, across, n), Color32::WHITE);
                    let weights = &own[c * height * width..][..height * width];
                    numbers_ui(ui, rect, [height, width], weights, &filters.kernel(i, c, largest).pixels);
                    ui.label(theme::strong(format!("Filter {i}, channel {c}")));
                });
            }
        });
    }
}

fn scale_ui(ui: &mut Ui, scale: &mut Scale) {
    let scales = [
        (Scale::Own, "own scale", "Black and white are the largest weight of each filter: its form shows"),
        (
            Scale::Common,
            "common",
            "Black and white are the largest weight of all: their sizes can be compared",
        ),
    ];
    widgets::choice_ui(ui, scale, &scales);
}

fn order_ui(ui: &mut Ui, order: &mut Order, has_colours: bool) {
    let mut orders = vec![
        (Order::Number, "by number", "As they stand in the layer"),
        (Order::Norm, "norm", "Longest first"),
        (
            Order::Orientation,
            "orientation",
            "By the angle of the stripes that each prefers; those that prefer none come last",
        ),
    ];
    if has_colours {
        orders.push((Order::Colour, "colour", "Most colourful first"));
    } else if *order == Order::Colour {
        *order = Order::Number;
    }
    widgets::choice_ui(ui, order, &orders);
}

fn change_ui(ui: &mut Ui, shows_change: &mut bool) {
    ui.checkbox(shows_change, "change since the beginning")
        .on_hover_text("The weights less those before the first step");
}

/// One filter large, with its weights where there is room for them.
fn enlarged_ui(ui: &mut Ui, filters: &Filters, i: usize, texture: &TextureHandle, part: Rect) {
    let [height, width] = filters.size();
    let channels = filters.weights.shape[1];
    let area = height * width;
    let weights = &filters.weights.data[i * channels * area..][..channels * area]; // (I, kH, kW)
    let (rect, _) = ui.allocate_exact_size(sheets::fitting([height, width], 220.0), Sense::hover());
    ui.painter().image(texture.id(), rect, part, Color32::WHITE);
    if channels == 1 && height.max(width) <= 7 {
        numbers_ui(ui, rect, [height, width], weights, &filters.picture(i));
    }
    let (least, most) = weights.iter().fold((f32::MAX, f32::MIN), |(a, b), &w| (a.min(w), b.max(w)));
    ui.label(theme::strong(format!("Filter {i} of {}", filters.path)));
    let mut text = format!(
        "{channels}×{height}×{width} weights from {} to {}, length {}; grey is 0",
        format::number(least as f64),
        format::number(most as f64),
        format::number(filters.norm(i))
    );
    if let Some(angle) = filters.orientation(i) {
        text.push_str(&format!("; prefers stripes at {angle:.0}°"));
    }
    if channels > 1 {
        text.push_str(&format!("; {} of it is colour", format::percent(filters.colourfulness(i))));
    }
    ui.label(theme::caption(ui, text));
}

/// The weights in their places.
fn numbers_ui(ui: &Ui, rect: Rect, [height, width]: [usize; 2], weights: &[f32], picture: &[[u8; 3]]) {
    if height.max(width) > 7 {
        return;
    }
    let cell = vec2(rect.width() / width as f32, rect.height() / height as f32);
    for (p, (weight, pixel)) in weights.iter().zip(picture).enumerate() {
        let at = vec2((p % width) as f32 + 0.5, (p / width) as f32 + 0.5);
        let centre: Pos2 = rect.min + at * cell;
        let colour = if pixel[0] > 127 { Color32::BLACK } else { Color32::WHITE };
        let text = format!("{weight:.2}");
        ui.painter().text(centre, Align2::CENTER_CENTER, text, FontId::monospace(9.5), colour);
    }
}

/// The filters in this order side by side without gaps.
fn atlas(filters: &Filters, order: &[usize], scale: Scale, across: usize) -> Picture {
    let n = order.len().min(MOST);
    let [height, width] = filters.size();
    let common = (0..filters.len()).map(|i| filters.largest(i)).fold(0.0, f32::max);
    let mut whole = Picture::new(across * width, n.div_ceil(across) * height, [0; 3]);
    for (k, &i) in order.iter().take(n).enumerate() {
        let largest = if scale == Scale::Common { common } else { filters.largest(i) };
        let picture = Picture { width, height, pixels: filters.picture_on(i, largest) };
        whole.put(&picture, k % across * width, k / across * height);
    }
    whole
}
