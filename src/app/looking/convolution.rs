//! A convolution of the net taken apart: the products that sum to one number of a map; and the way back, the positions
//! that one weight's gradient came from.

use egui::{Align2, Color32, FontId, Grid, Rect, RichText, Sense, Ui, vec2};

use super::sheets::{self, Sheets};
use super::subject::{self, Subject};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::inspect::activations::grey;
use crate::inspect::convolution::{Convolution, Product};
use crate::inspect::crop;
use crate::inspect::filters::convolutions;
use crate::inspect::look::{Look, View};
use crate::tensor::Extent;

#[derive(Default)]
pub struct State {
    /// Path of the convolution; that of the chosen layer, or the first one.
    layer: Option<String>,
    /// The channel of x whose products are shown, counted within the filter.
    channel: usize,
    /// `[row, column]` of the output: where the filter responds most, until the pointer chooses.
    at: [usize; 2],
    has_pointed: bool,
    direction: Direction,
    /// `[u, v]` of the weight whose gradient is taken apart.
    tap: [usize; 2],
    sheets: Sheets,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Direction {
    #[default]
    Forward,
    Backward,
}

/// A factor of the products, or they themselves, with its name.
type Part = (&'static str, fn(&Product) -> f32);

/// Side of a map, and of a number's cell.
const MAP: f32 = 150.0;
const CELL: f32 = 34.0;

pub fn convolution_ui(ui: &mut Ui, desk: &mut Desk<'_>, subject: &mut Subject, state: &mut State) {
    let Some(graph) = subject::graph(desk) else { return subject::nothing_ui(ui, None) };
    let all = convolutions(graph);
    if let Some(layer) = subject.layer.as_ref().filter(|layer| all.iter().any(|(path, _)| path == *layer)) {
        state.layer = Some(layer.clone());
    }
    subject.picture_ui(ui, desk, graph.input());
    let Some(exhibit) = subject.exhibit() else { return };
    let own = state.layer.as_ref().filter(|layer| all.iter().any(|(path, _)| path == *layer)).cloned();
    let look = Look::Convolution { layer: own, exhibit };
    let Some(seen) = desk.look(look) else { return subject::nothing_ui(ui, None) };
    let view = match &seen.view {
        Ok(view) => view,
        Err(problem) => return subject::nothing_ui(ui, Some(problem)),
    };
    let View::Convolution(conv) = &**view else { return };
    let key = seen.serial;
    let filter =
        state.settings_ui(ui, subject, conv, &all.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>());
    state.maps_ui(ui, conv, filter, key);
    match state.direction {
        Direction::Forward => state.sum_ui(ui, conv, filter),
        Direction::Backward => state.origins_ui(ui, conv, filter),
    }
}

impl State {
    /// Controls; gives the filter.
    fn settings_ui(
        &mut self,
        ui: &mut Ui,
        subject: &mut Subject,
        conv: &Convolution,
        all: &[String],
    ) -> usize {
        let n_filters = conv.output.channels;
        let mut filter =
            if subject.layer.as_ref() == Some(&conv.path) { subject.channel.min(n_filters - 1) } else { 0 };
        let mut layer = conv.path.clone();
        ui.horizontal_wrapped(|ui| {
            let combo = egui::ComboBox::from_id_salt("convolution").selected_text(&layer).show_ui(ui, |ui| {
                all.iter().for_each(|path| {
                    ui.selectable_value(&mut layer, path.clone(), path);
                });
            });
            widgets::named(combo.response, "Convolution");
            widgets::group_ui(ui, "filter", |ui| {
                widgets::caption_ui(ui, "filter");
                widgets::count_ui(ui, "Number of the filter", &mut filter, 0..=n_filters - 1);
                let n_channels = conv.weights.shape[1];
                self.channel = self.channel.min(n_channels - 1);
                widgets::caption_ui(ui, "channel");
                widgets::count_ui(ui, "Number of the channel", &mut self.channel, 0..=n_channels - 1);
                widgets::caption_ui(ui, &format!("of {n_channels}"));
            });
            let directions = [
                (Direction::Forward, "a number's sum", "The products that sum to one number of the output"),
                (
                    Direction::Backward,
                    "a weight's gradient",
                    "The positions that the gradient of one weight came from",
                ),
            ];
            widgets::group_ui(ui, "direction", |ui| {
                widgets::choice_ui(ui, &mut self.direction, &directions);
            });
        });
        (subject.layer, subject.place) = (Some(layer), None);
        subject.channel = filter;
        let [height, width] = conv.window.kernel;
        if !self.has_pointed {
            self.at = strongest(plane(&conv.y, conv.output, filter), conv.output.width);
        }
        self.at = [self.at[0].min(conv.output.height - 1), self.at[1].min(conv.output.width - 1)];
        self.tap = [self.tap[0].min(height - 1), self.tap[1].min(width - 1)];
        let window = &conv.window;
        let text = format!(
            "{height}×{width} window, stride {}×{}, padding {}×{}, dilation {}×{}: {} → {}",
            window.stride[0],
            window.stride[1],
            window.padding[0],
            window.padding[1],
            window.dilation[0],
            window.dilation[1],
            conv.input,
            conv.output
        );
        ui.label(theme::caption(ui, text));
        filter
    }

    /// The channel that goes in, and the map that comes out (or the gradient by it), each with its place.
    fn maps_ui(&mut self, ui: &mut Ui, conv: &Convolution, filter: usize, key: u64) {
        let accent = Palette::of(ui).accent;
        let first = filter / (conv.output.channels / conv.groups) * conv.weights.shape[1];
        ui.horizontal_top(|ui| {
            let channel = first + self.channel;
            let x = plane(&conv.x, conv.input, channel);
            let rect = self
                .map_ui(
                    ui,
                    ("x", &format!("Channel {channel} of the input")),
                    x,
                    conv.input,
                    (key, channel as u64),
                )
                .rect;
            let size = [conv.input.height, conv.input.width];
            let [top, left] = conv.place(self.at, [0, 0]);
            let [bottom, right] = conv.place(self.at, [conv.window.kernel[0] - 1, conv.window.kernel[1] - 1]);
            let unit = vec2(rect.width() / size[1] as f32, rect.height() / size[0] as f32);
            let min = rect.min + vec2(left as f32, top as f32) * unit;
            let max = rect.min + vec2(right as f32 + 1.0, bottom as f32 + 1.0) * unit;
            sheets::frame(ui, Rect::from_min_max(min, max).intersect(rect.expand(5.0)), accent);
            sign_ui(ui, "→", rect.height());
            let y = plane(&conv.y, conv.output, filter);
            let size = [conv.output.height, conv.output.width];
            let response = self.map_ui(
                ui,
                ("y", &format!("Map {filter} of the output")),
                y,
                conv.output,
                (key, filter as u64),
            );
            self.follow(&response, size);
            sheets::frame(ui, sheets::cell(response.rect, self.at, size), accent);
            if let Some(dy) = conv.dy.as_ref().filter(|_| self.direction == Direction::Backward) {
                let dy = plane(dy, conv.output, filter);
                let response = self.map_ui(
                    ui,
                    ("dy", "Gradient of the loss by it"),
                    dy,
                    conv.output,
                    (key, filter as u64),
                );
                self.follow(&response, size);
                sheets::frame(ui, sheets::cell(response.rect, self.at, size), accent);
            }
        });
    }

    /// Goes where the pointer is drawn over a map, or clicks.
    fn follow(&mut self, response: &egui::Response, size: [usize; 2]) {
        let Some(pointer) = response.hover_pos() else { return };
        let at = sheets::place_at(response, pointer, size);
        if self.at != at {
            (self.at, self.has_pointed) = (at, true);
            response.ctx.request_repaint();
        }
    }

    fn map_ui(
        &mut self,
        ui: &mut Ui,
        (name, title): (&'static str, &str),
        numbers: &[f32],
        extent: Extent,
        key: (u64, u64),
    ) -> egui::Response {
        ui.vertical(|ui| {
            ui.label(RichText::new(title).small());
            let largest = crop::largest(numbers);
            let texture = self.sheets.get(ui, (name, 0), sheets::key(key), || grey(numbers, extent, largest));
            let size = sheets::fitting([extent.height, extent.width], MAP);
            sheets::picture_ui(ui, &texture, sheets::WHOLE, size, title)
        })
        .inner
    }

    /// Window times kernel, the products, and their sum.
    fn sum_ui(&mut self, ui: &mut Ui, conv: &Convolution, filter: usize) {
        let products = conv.products(filter, self.at);
        let area = conv.window.area();
        let own = &products[self.channel * area..][..area];
        let [height, width] = conv.window.kernel;
        let scale = |of: fn(&Product) -> f32| own.iter().map(|product| of(product).abs()).fold(0.0, f32::max);
        ui.horizontal_top(|ui| {
            let of: [Part; 3] = [("window", |p| p.x), ("kernel", |p| p.weight), ("products", Product::value)];
            for (i, (title, of)) in of.into_iter().enumerate() {
                if i > 0 {
                    sign_ui(ui, ["×", "="][i - 1], CELL * height as f32);
                }
                let in_padding = |p: &Product| conv.is_padding(p.place);
                let numbers: Vec<(f32, bool)> =
                    own.iter().map(|p| (of(p), i == 0 && in_padding(p))).collect();
                numbers_ui(ui, title, &numbers, [height, width], scale(of), None);
            }
        });
        let by_channel: Vec<f32> =
            products.chunks_exact(area).map(|own| own.iter().map(Product::value).sum()).collect();
        let bias = conv.bias.as_ref().map_or(0.0, |bias| bias[filter]);
        let [row, column] = self.at;
        let sum: f32 = by_channel.iter().sum::<f32>() + bias;
        let shown: Vec<String> = by_channel.iter().take(6).map(|sum| format::number((*sum).into())).collect();
        let more = if by_channel.len() > 6 {
            format!(" + … ({} channels)", by_channel.len())
        } else {
            String::new()
        };
        let text = format!(
            "y[{filter}] at row {row}, column {column} = {}{more} + bias {} = {}",
            shown.join(" + ").replace("+ -", "− "),
            format::number(bias.into()),
            format::number(sum.into())
        );
        ui.label(text);
        let own: f32 = by_channel[self.channel];
        ui.label(theme::caption(
            ui,
            format!(
                "Channel {} adds {}. Move over the output to go elsewhere.",
                self.channel,
                format::number(own.into())
            ),
        ));
    }

    /// The kernel to choose a weight from, and what each position adds to its gradient.
    fn origins_ui(&mut self, ui: &mut Ui, conv: &Convolution, filter: usize) {
        let [height, width] = conv.window.kernel;
        let Some(_) = conv.dy else {
            return widgets::message_ui(
                ui,
                widgets::Gravity::Note,
                "The gradient is that of the picture's own loss: choose a test or training picture, of which it is \
                 known what it shows.",
                |_| {},
            );
        };
        let at = |tap: [usize; 2]| conv.origins(filter, self.channel, tap).unwrap_or_default();
        let gradients: Vec<(f32, bool)> =
            (0..height * width).map(|i| (at([i / width, i % width]).iter().sum(), false)).collect();
        let origins = at(self.tap);
        let largest = gradients.iter().map(|(g, _)| g.abs()).fold(0.0, f32::max);
        ui.horizontal_top(|ui| {
            let title = "gradient by each weight of the kernel";
            if let Some(tap) = numbers_ui(ui, title, &gradients, [height, width], largest, Some(self.tap)) {
                self.tap = tap;
            }
            ui.label(RichText::new("←").size(20.0));
            let [u, v] = self.tap;
            let title = format!("what each position adds to weight ({u}, {v})");
            let extent = Extent { channels: 1, ..conv.output };
            let key = (
                sheets::key((filter, self.channel, self.tap)),
                sheets::key(origins.iter().map(|x| x.to_bits()).collect::<Vec<_>>()),
            );
            let response = self.map_ui(ui, ("origins", &title), &origins, extent, key);
            self.follow(&response, [extent.height, extent.width]);
        });
        let p = self.at[0] * conv.output.width + self.at[1];
        let dy = conv.dy.as_ref().map_or(0.0, |dy| dy[filter * conv.output.area() + p]);
        let first = filter / (conv.output.channels / conv.groups) * conv.weights.shape[1];
        let x = conv.at(first + self.channel, conv.place(self.at, self.tap));
        let [row, column] = self.at;
        let sum: f32 = origins.iter().sum();
        ui.label(format!(
            "At row {row}, column {column}: dy · x = {} · {} = {}; over all positions {}",
            format::number(dy.into()),
            format::number(x.into()),
            format::number((dy * x).into()),
            format::number(sum.into())
        ));
        ui.label(theme::caption(
            ui,
            "Of the loss of this picture alone; a step takes the mean over its batch.",
        ));
    }
}

/// The place `[row, column]` of the largest number of a map.
fn strongest(map: &[f32], width: usize) -> [usize; 2] {
    let most = map.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    most.map_or([0; 2], |(p, _)| [p / width, p % width])
}

fn plane(numbers: &[f32], extent: Extent, channel: usize) -> &[f32] {
    &numbers[channel * extent.area()..][..extent.area()]
}

/// A sign between two figures of this height that have a caption.
fn sign_ui(ui: &mut Ui, sign: &str, height: f32) {
    const CAPTION: f32 = 18.0;
    let (rect, _) = ui.allocate_exact_size(vec2(22.0, CAPTION + height), Sense::hover());
    let centre = rect.center() + vec2(0.0, 0.5 * CAPTION);
    let colour = Palette::of(ui).text;
    ui.painter().text(centre, Align2::CENTER_CENTER, sign, FontId::proportional(20.0), colour);
}

/// Numbers in their places on grounds as bright as they are, `(number, whether it is padding)`; gives the place that
/// was clicked.
fn numbers_ui(
    ui: &mut Ui,
    title: &str,
    numbers: &[(f32, bool)],
    [_, width]: [usize; 2],
    largest: f32,
    chosen: Option<[usize; 2]>,
) -> Option<[usize; 2]> {
    let side = if width > 7 { CELL * 7.0 / width as f32 } else { CELL };
    let mut clicked = None;
    ui.vertical(|ui| {
        ui.label(RichText::new(title).small());
        Grid::new(title).spacing(vec2(1.0, 1.0)).min_col_width(0.0).show(ui, |ui| {
            for (i, &(number, is_padding)) in numbers.iter().enumerate() {
                let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
                let share = if largest > 0.0 { number / largest } else { 0.0 };
                let grey = (128.0 + 127.0 * share) as u8;
                let ground =
                    if is_padding { Color32::from_rgb(96, 104, 116) } else { Color32::from_gray(grey) };
                ui.painter().rect_filled(rect, 0.0, ground);
                let ink = if grey > 127 && !is_padding { Color32::BLACK } else { Color32::WHITE };
                if side > 24.0 {
                    let text = short(number);
                    ui.painter().text(
                        rect.center(),
                        Align2::CENTER_CENTER,
                        text,
                        FontId::monospace(10.0),
                        ink,
                    );
                }
                let place = [i / width, i % width];
                if chosen == Some(place) {
                    sheets::frame(ui, rect.shrink(1.0), Palette::of(ui).accent);
                }
                if response.clicked() {
                    clicked = Some(place);
                }
                let padding = if is_padding { ", in the padding" } else { "" };
                response.on_hover_text(format!("{}{padding}", format::number(number.into())));
                if i % width == width - 1 {
                    ui.end_row();
                }
            }
        });
    });
    clicked
}

/// As many figures as a cell has room for.
fn short(x: f32) -> String {
    match x.abs() {
        0.0 => "0".into(),
        a if a < 0.005 => format!("{x:.0e}"),
        a if a < 10.0 => format!("{x:.2}"),
        a if a < 100.0 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}
