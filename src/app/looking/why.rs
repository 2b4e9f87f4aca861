//! Why a unit responds to a picture: the picture, and beside it what the response depends on, in five ways.

use egui::{RichText, Ui};

use super::moment;
use super::sheets::{self, Sheets};
use super::subject::{self, Subject};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::graph::Graph;
use crate::inspect::attribution::{Unit, Why};
use crate::inspect::crop::{self, Crop, colours, signed_colours};
use crate::inspect::look::{Look, View};
use crate::inspect::picture::Picture;
use crate::session::Seen;
use crate::tensor::Extent;

#[derive(Default)]
pub struct State {
    /// Whether only what the unit sees is drawn, as large as there is room.
    is_cropped: bool,
    sheets: Sheets,
}

/// What counts as padding is drawn so.
const PADDING: [u8; 3] = [96, 104, 116];

/// The tiles beside the picture: title, and what it is.
const WAYS: [(&str, &str); 5] = [
    (
        "Gradient",
        "By how much the response would rise with each pixel's colour (Simonyan, Vedaldi, Zisserman 2013). Grey is 0.",
    ),
    (
        "Guided",
        "The gradient, but at every ReLU what comes back below 0 is cut off, so that only what speaks for the response \
         is left (Springenberg et al. 2014). Grey is 0.",
    ),
    (
        "Deconvnet",
        "The response carried back through the layers: max pools send it to the place that won, ReLUs cut off what is \
         below 0, convolutions go the other way (Zeiler and Fergus 2013). Grey is 0.",
    ),
    (
        "Occlusion",
        "By how much the response falls when a square is greyed out there: warm where the picture speaks for it, cold \
         where it speaks against it (Zeiler and Fergus 2013, Figure 6).",
    ),
    (
        "Class map",
        "The maps before the global average pooling, weighted as the class weights them: their mean, with the bias, is \
         its logit (Zhou et al. 2015). Warm speaks for the class, cold against it.",
    ),
];

/// How the pictures are to be read.
const NOTE: &str = "The frame is what the unit sees. Grey is 0, white and black are as far above and below it as stands \
                    under the picture; warm speaks for the response, cold against it. Point at a picture for how it \
                    comes about.";

pub fn why_ui(ui: &mut Ui, desk: &mut Desk<'_>, subject: &mut Subject, state: &mut State) {
    let Some(graph) = subject::graph(desk) else { return subject::nothing_ui(ui, None) };
    subject.picture_ui(ui, desk, graph.input());
    let (Some(exhibit), Some((report, channel))) = (subject.exhibit(), subject.layer(graph)) else { return };
    let unit = Unit { layer: report.path.clone(), channel, place: subject.place };
    ui.horizontal_wrapped(|ui| {
        subject.unit_ui(ui, graph);
        let choices =
            [(false, "whole picture", ""), (true, "what it sees", "Only the unit's receptive field")];
        widgets::group_ui(ui, "crop", |ui| {
            widgets::choice_ui(ui, &mut state.is_cropped, &choices);
        });
        if subject.place.is_some() && ui.button("strongest place").clicked() {
            subject.place = None;
        }
    });
    let look = Look::Why { exhibit, unit, occluder: None };
    let Some(seen) = desk.look(look) else { return subject::nothing_ui(ui, None) };
    let view = match &seen.view {
        Ok(view) => view,
        Err(problem) => return subject::nothing_ui(ui, Some(problem)),
    };
    let View::Why(why) = &**view else { return };
    let class = subject::set(desk).and_then(|set| set.classes.get(why.picture.class?));
    ui.label(theme::caption(ui, words(why, class.map(String::as_str), seen)));
    state.tiles_ui(ui, graph, why, seen.serial);
    ui.add(egui::Label::new(theme::caption(ui, NOTE)).wrap());
}

fn words(why: &Why, class: Option<&str>, seen: &Seen) -> String {
    let [row, column] = why.place;
    let class = class.map_or_else(String::new, |class| format!(" to this “{class}”"));
    format!(
        "{}, unit {} responds with {}{class} at row {row}, column {column}; by {}",
        why.unit.layer,
        why.unit.channel,
        format::number(why.response.into()),
        moment::words(seen)
    )
}

impl State {
    /// The picture and the ways, as large as three fit side by side, or all of them.
    fn tiles_ui(&mut self, ui: &mut Ui, graph: &Graph, why: &Why, key: u64) {
        let across = if ui.available_width() > 1000.0 { 6 } else { 3 };
        let side = ((ui.available_width() - 8.0 * across as f32) / across as f32).clamp(60.0, 300.0);
        let input = graph.input();
        let crop = Crop::of(graph, why.node, why.place);
        egui::Grid::new("ways").spacing(egui::vec2(8.0, 8.0)).show(ui, |ui| {
            for (i, tile) in tiles(why, input).into_iter().enumerate() {
                if i > 0 && i % across == 0 {
                    ui.end_row();
                }
                ui.vertical(|ui| {
                    ui.set_width(side);
                    ui.label(RichText::new(tile.title).small().strong());
                    let Some(pixels) = tile.pixels else {
                        widgets::caption_ui(ui, &tile.note);
                        return;
                    };
                    let texture =
                        self.sheets.get(ui, ("way", i), sheets::key((key, self.is_cropped)), || {
                            match self.is_cropped {
                                true => crop.cut(&pixels(), input, PADDING),
                                false => {
                                    Picture { width: input.width, height: input.height, pixels: pixels() }
                                }
                            }
                        });
                    let size = if self.is_cropped { crop.size() } else { [input.height, input.width] };
                    let size = sheets::fitting(size, side);
                    let response = sheets::picture_ui(ui, &texture, sheets::WHOLE, size, tile.title);
                    if !self.is_cropped {
                        sheets::field(ui, response.rect, &crop, input, Palette::of(ui).accent);
                    }
                    response.on_hover_text(tile.help);
                    ui.label(theme::caption(ui, tile.note));
                });
            }
        });
    }
}

/// The picture or a way, as it is drawn.
struct Tile<'a> {
    title: &'static str,
    help: &'static str,
    note: String,
    /// Red, green and blue of the whole picture; none until it is there.
    pixels: Option<Box<dyn Fn() -> Vec<[u8; 3]> + 'a>>,
}

/// All there are of this unit.
fn tiles(why: &Why, input: Extent) -> Vec<Tile<'_>> {
    let bytes = &why.picture.bytes;
    let largest = |largest: f32| format!("±{}", format::number(largest.into()));
    let way = |i: usize, note, pixels| Tile { title: WAYS[i].0, help: WAYS[i].1, note, pixels };
    let mut tiles = vec![Tile {
        title: "Picture",
        help: "The frame is what the unit sees.",
        note: String::new(),
        pixels: Some(Box::new(move || colours(bytes, input))),
    }];
    tiles.extend(why.gradients.iter().enumerate().map(|(i, gradient)| {
        let most = crop::largest(gradient);
        way(i, largest(most), Some(Box::new(move || signed_colours(gradient, input, most))))
    }));
    tiles.push(match &why.occlusion {
        Some(occlusion) => {
            let (by_pixel, side) = (occlusion.by_pixel(input), occlusion.occluder.side);
            let note = format!("{}, {side}×{side} greyed", largest(crop::largest(&by_pixel)));
            let size = [input.height, input.width];
            way(3, note, Some(Box::new(move || heat(bytes, input, &by_pixel, size))))
        }
        None => way(3, "greying out squares…".into(), None),
    });
    tiles.extend(why.class_map.as_ref().map(|map| {
        let draw = move || heat(bytes, input, &map.numbers, map.size);
        way(4, largest(crop::largest(&map.numbers)), Some(Box::new(draw)))
    }));
    tiles
}

/// Warm and cold over the picture in grey: each number of `(height, width)` colours its part of it.
fn heat(bytes: &[u8], input: Extent, numbers: &[f32], [height, width]: [usize; 2]) -> Vec<[u8; 3]> {
    let largest = crop::largest(numbers).max(f32::MIN_POSITIVE);
    let warm = [230.0, 80.0, 20.0];
    let cold = [30.0, 110.0, 230.0];
    let pixel = |(p, [r, g, b]): (usize, [u8; 3])| {
        let (row, column) = (p / input.width * height / input.height, p % input.width * width / input.width);
        let share = numbers[row * width + column] / largest;
        let grey = 0.6 * (r as f32 + g as f32 + b as f32) / 3.0 + 50.0;
        let colour = if share > 0.0 { warm } else { cold };
        let cover = 0.85 * share.abs().min(1.0);
        colour.map(|colour| (grey + cover * (colour - grey)) as u8)
    };
    colours(bytes, input).into_iter().enumerate().map(pixel).collect()
}
