//! What every layer gives for a picture: a row of maps for each layer, one of them large, and what of the picture the
//! place under the pointer sees.

use egui::{Rect, RichText, Ui, Vec2, vec2};

use super::moment;
use super::sheets::{self, Sheets};
use super::subject::{self, Subject};
use super::trial::shares;
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::graph::Graph;
use crate::inspect::activations::{Activations, Maps, grey};
use crate::inspect::crop::{Crop, colours};
use crate::inspect::exhibit::Shown;
use crate::inspect::look::{Look, View};
use crate::inspect::picture::{Picture, columns};

#[derive(Default)]
pub struct State {
    sheets: Sheets,
    /// The layer's place and the `[row, column]` under the pointer in the last frame.
    pointed: Option<(usize, [usize; 2])>,
}

/// Side of the picture, and of the map that is drawn large.
const SIDE: f32 = 150.0;
const LARGE_SIDE: f32 = 260.0;

/// Room for what is said of a unit beside the picture and its map.
const WORDS: f32 = 120.0;

/// Side of a map in a row, and of a number where a layer gives no maps.
const MAP: f32 = 30.0;
const NUMBER: f32 = 12.0;

/// Maps of the chosen layer that are drawn at most.
const MOST: usize = 1024;

pub fn activations_ui(ui: &mut Ui, desk: &mut Desk<'_>, subject: &mut Subject, state: &mut State) {
    let Some(graph) = subject::graph(desk) else { return subject::nothing_ui(ui, None) };
    subject.picture_ui(ui, desk, graph.input());
    let Some(exhibit) = subject.exhibit() else { return };
    let Some(seen) = desk.look(Look::Activations { exhibit }) else { return subject::nothing_ui(ui, None) };
    let view = match &seen.view {
        Ok(view) => view,
        Err(problem) => return subject::nothing_ui(ui, Some(problem)),
    };
    let View::Activations(activations) = &**view else { return };
    let (key, before) = (seen.serial, state.pointed);
    widgets::caption_ui(
        ui,
        &format!("By {}; 0 is mid grey, a layer's largest number black or white", moment::words(seen)),
    );
    state.large_ui(ui, desk, subject, graph, activations, key);
    ui.separator();
    for (i, layer) in activations.layers.iter().enumerate() {
        state.layer_ui(ui, subject, graph, layer, i, key);
    }
    // What the place under the pointer sees is drawn before it is known.
    if state.pointed != before {
        ui.ctx().request_repaint();
    }
}

impl State {
    /// The picture with what is seen of it, the chosen map, and the answer.
    fn large_ui(
        &mut self,
        ui: &mut Ui,
        desk: &Desk<'_>,
        subject: &mut Subject,
        graph: &Graph,
        activations: &Activations,
        key: u64,
    ) {
        let Some((report, channel)) = subject.layer(graph) else { return };
        let Some(place) = activations.layers.iter().position(|layer| layer.path == report.path) else {
            return;
        };
        let layer = &activations.layers[place];
        let side = if ui.available_width() > 640.0 { LARGE_SIDE } else { SIDE };
        let is_wide = ui.available_width() > 2.0 * side + WORDS;
        let pointed = self.pointed.take();
        ui.horizontal_top(|ui| {
            let (picture, input) = (&activations.picture, graph.input());
            let rect = picture_ui(ui, &mut self.sheets, picture, key, side);
            let at = pointed.or(subject.place.map(|at| (place, at)));
            if let Some((i, at)) = at
                && let Some(layer) = activations.layers.get(i)
            {
                let crop = Crop::of(graph, layer.node, at);
                sheets::field(ui, rect, &crop, input, Palette::of(ui).accent);
            }
            ui.vertical(|ui| {
                let size = [layer.extent.height, layer.extent.width];
                let texture = self
                    .sheets
                    .get(ui, ("map", 0), sheets::key((key, place, channel)), || layer.picture(channel));
                let name = format!("Map {channel} of {}", layer.path);
                let response =
                    sheets::picture_ui(ui, &texture, sheets::WHOLE, sheets::fitting(size, side), &name);
                if let Some(pointer) = response.hover_pos() {
                    let at = sheets::place_at(&response, pointer, size);
                    self.pointed = Some((place, at));
                    sheets::frame(ui, sheets::cell(response.rect, at, size), Palette::of(ui).accent);
                    if response.clicked() {
                        subject.place = Some(at);
                    }
                } else if let Some(at) = subject.place {
                    sheets::frame(ui, sheets::cell(response.rect, at, size), Palette::of(ui).accent);
                }
            });
            if is_wide {
                ui.vertical(|ui| self.unit_ui(ui, desk, subject, graph, activations, (place, channel)));
            }
        });
        if !is_wide {
            self.unit_ui(ui, desk, subject, graph, activations, (place, channel));
        }
    }

    /// What is known of the chosen unit, and the net's answer.
    fn unit_ui(
        &self,
        ui: &mut Ui,
        desk: &Desk<'_>,
        subject: &mut Subject,
        graph: &Graph,
        activations: &Activations,
        (place, channel): (usize, usize),
    ) {
        let layer = &activations.layers[place];
        ui.label(theme::strong(format!("{} {}, unit {channel}", layer.path, layer.kind)));
        words_ui(ui, layer, channel, self.pointed.map(|(_, at)| at).or(subject.place), graph);
        answer_ui(ui, desk, activations);
        if ui.button("Ask why").on_hover_text("What this unit responds to in the picture").clicked() {
            subject.asks_why = true;
        }
    }

    /// A layer's line, and its maps: as many as fit into a row, or all of the chosen one.
    fn layer_ui(
        &mut self,
        ui: &mut Ui,
        subject: &mut Subject,
        graph: &Graph,
        layer: &Maps,
        i: usize,
        key: u64,
    ) {
        let chosen = subject.layer(graph).map(|(report, channel)| (report.path == layer.path, channel));
        let (is_chosen, channel) = chosen.unwrap_or_default();
        let text = format!("{}  {}  {}", layer.path, layer.kind, layer.extent);
        let response = ui.selectable_label(is_chosen, RichText::new(text).small());
        if response.on_hover_text("Show all its maps").clicked() {
            (subject.layer, subject.channel, subject.place) = (Some(layer.path.clone()), 0, None);
        }
        let n = layer.extent.channels;
        let size = match layer.extent.area() {
            1 => Vec2::splat(NUMBER),
            _ => sheets::fitting([layer.extent.height, layer.extent.width], MAP),
        };
        let gap = 2.0;
        let per_row = (((ui.available_width() + gap) / (size.x + gap)) as usize).max(1);
        let shown = if is_chosen { n.min(MOST) } else { n.min(per_row) };
        let rows = shown.div_ceil(per_row);
        let area = vec2(ui.available_width(), rows as f32 * (size.y + gap));
        let (rect, response) = ui.allocate_exact_size(area, egui::Sense::click());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Image, true, format!("Maps of {}", layer.path))
        });
        if ui.is_rect_visible(rect) {
            let across = columns(n);
            let texture = self.sheets.get(ui, ("maps", i), key, || atlas(layer, across));
            let at = |k: usize| {
                let corner =
                    vec2((k % per_row) as f32 * (size.x + gap), (k / per_row) as f32 * (size.y + gap));
                Rect::from_min_size(rect.min + corner, size)
            };
            for k in 0..shown {
                ui.painter().image(texture.id(), at(k), sheets::tile(k, across, n), egui::Color32::WHITE);
            }
            if is_chosen && channel < shown {
                sheets::frame(ui, at(channel), Palette::of(ui).accent);
            }
            let under = |pointer: egui::Pos2| (0..shown).find(|&k| at(k).contains(pointer));
            if let Some(pointer) = response.hover_pos()
                && let Some(k) = under(pointer)
            {
                let extent = layer.extent;
                let place = place_in(at(k), pointer, [extent.height, extent.width]);
                self.pointed = Some((i, place));
                if response.clicked() {
                    (subject.layer, subject.channel, subject.place) = (Some(layer.path.clone()), k, None);
                }
                let value = layer.map(k)[place[0] * extent.width + place[1]];
                let [row, column] = place;
                response.on_hover_text_at_pointer(match extent.area() {
                    1 => format!("unit {k}: {}", format::number(value.into())),
                    _ => format!("unit {k}, row {row}, column {column}: {}", format::number(value.into())),
                });
            }
        }
        if shown < n {
            let more = if is_chosen { "and" } else { "click the name for" };
            widgets::caption_ui(ui, &format!("{more} {} more", format::count((n - shown) as u64)));
        }
    }
}

fn place_in(rect: Rect, pointer: egui::Pos2, [height, width]: [usize; 2]) -> [usize; 2] {
    let at = (pointer - rect.min) / rect.size();
    let place = |share: f32, n: usize| ((share.clamp(0.0, 1.0) * n as f32) as usize).min(n.saturating_sub(1));
    [place(at.y, height), place(at.x, width)]
}

/// Draws the picture that was shown; gives where.
pub fn picture_ui(ui: &mut Ui, sheets: &mut Sheets, picture: &Shown, key: u64, side: f32) -> Rect {
    let extent = picture.extent;
    let texture = sheets.get(ui, ("picture", 0), key, || Picture {
        width: extent.width,
        height: extent.height,
        pixels: colours(&picture.bytes, extent),
    });
    let size = sheets::fitting([extent.height, extent.width], side);
    sheets::picture_ui(ui, &texture, sheets::WHOLE, size, "The picture shown to the net").rect
}

/// What is known of the chosen unit and of one place in its map.
fn words_ui(ui: &mut Ui, layer: &Maps, channel: usize, at: Option<[usize; 2]>, graph: &Graph) {
    let map = layer.map(channel);
    let (least, most) = map.iter().fold((f32::MAX, f32::MIN), |(a, b), &x| (a.min(x), b.max(x)));
    let mut lines = vec![format!("{} to {}", format::number(least.into()), format::number(most.into()))];
    match at.filter(|at| at[0] < layer.extent.height && at[1] < layer.extent.width) {
        Some([row, column]) => {
            let value = map[row * layer.extent.width + column];
            let [height, width] =
                graph.field_of(layer.node, [row, column]).map(|range| range.end - range.start);
            lines.push(format!("row {row}, column {column}: {}", format::number(value.into())));
            lines.push(format!("sees {height}×{width} pixels"));
        }
        None => lines.push("Point at a map: its value, and what it sees.".into()),
    }
    for line in lines {
        ui.label(theme::caption(ui, line));
    }
}

/// What the net takes the picture for, as far as its loss tells.
fn answer_ui(ui: &mut Ui, desk: &Desk<'_>, activations: &Activations) {
    let Some(set) = subject::set(desk) else { return };
    if let Some(class) = activations.picture.class.and_then(|class| set.classes.get(class)) {
        ui.label(theme::caption(ui, format!("It is “{class}”.")));
    }
    let Some(shares) = shares(desk, activations) else { return };
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
    let answer = |&class: &usize| format!("“{}” {}", set.classes[class], format::percent(shares[class]));
    let answers: Vec<String> = order.iter().take(3).map(answer).collect();
    ui.label(theme::caption(ui, format!("The net: {}", answers.join(", "))));
}

/// All maps of a layer side by side without gaps, on one scale.
fn atlas(layer: &Maps, across: usize) -> Picture {
    let (extent, largest) = (layer.extent, layer.largest());
    let down = extent.channels.div_ceil(across);
    let mut whole = Picture::new(across * extent.width, down * extent.height, [0; 3]);
    for channel in 0..extent.channels {
        let map = grey(layer.map(channel), extent, largest);
        whole.put(&map, channel % across * extent.width, channel / across * extent.height);
    }
    whole
}
