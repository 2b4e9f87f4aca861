//! A kernel to type, slid over a picture, with the sum that is formed at one position. The pictures are the built-in
//! digits, whatever the run in front learns from: they are there at once, and of the size that the text tells.

use egui::{Color32, Grid, Mesh, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::State as Part;
use super::by_hand::{Map, Pooling, Slide, kernel};
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::data::{DataError, DataSet, catalogue};
use crate::experiment::{Data, Experiment};
use crate::lessons::live::Live;

/// What is set, and where the pointer was last.
pub struct State {
    pictures: Result<DataSet, DataError>,
    slide: Slide,
    is_rectified: bool,
    pooling: Pooling,
    /// Number of the training picture.
    picture: usize,
    /// Columns by which the picture is moved.
    shift: usize,
    /// The place of the output that is followed.
    at: [usize; 2],
}

/// Terms of a sum that are written out.
const MOST_TERMS: usize = 9;

/// Pictures to choose from.
const PICTURES: usize = 50;

const KERNELS: [(&str, &str); 6] = [
    ("identity", "Identity"),
    ("blur", "Blur"),
    ("edge-vertical", "Edge |"),
    ("edge-horizontal", "Edge —"),
    ("sharpen", "Sharpen"),
    ("gabor", "Gabor"),
];

pub fn convolution_ui(ui: &mut Ui, part: &mut Part, live: &Live) {
    if !matches!(part, Part::Convolution(_)) {
        *part = Part::Convolution(Box::new(State::new(live)));
    }
    let Part::Convolution(state) = part else { return };
    state.settings_ui(ui);
    let own = match &state.pictures {
        Ok(set) => grey(set, state.picture),
        Err(error) => {
            widgets::caption_ui(ui, &error.to_string());
            return;
        }
    };
    let picture = own.shifted(state.shift);
    let filtered = state.slide.over(&picture);
    let rectified = if state.is_rectified { filtered.rectified() } else { filtered.clone() };
    let pooled = rectified.pooled(state.pooling);
    if pooled.values.is_empty() {
        widgets::caption_ui(ui, "The kernel is larger than the picture and its padding: nothing is left.");
        return;
    }
    state.maps_ui(ui, &picture, &filtered, &pooled);
    state.sum_ui(ui, &picture, &filtered);
    if state.shift > 0 {
        state.shift_ui(ui, &own, [&filtered, &rectified, &pooled]);
    }
}

impl State {
    fn new(live: &Live) -> Self {
        let (side, kernel) = kernel(live.settings.text("kernel").unwrap_or("edge-vertical"));
        let setting = |name, otherwise| live.settings.number(name).map_or(otherwise, |n| n as usize);
        let slide = Slide { kernel, side, stride: setting("stride", 1), padding: setting("padding", 0) };
        let digits = Data { train: Some(PICTURES), test: Some(1), ..Data::default() };
        let pictures = catalogue::open(&Experiment { data: digits, ..Experiment::default() });
        Self {
            pictures,
            slide,
            is_rectified: false,
            pooling: Pooling::None,
            picture: 0,
            shift: 0,
            at: [8, 8],
        }
    }

    fn settings_ui(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            for (name, title) in KERNELS {
                if ui.small_button(title).clicked() {
                    (self.slide.side, self.slide.kernel) = kernel(name);
                }
            }
        });
        self.kernel_ui(ui);
        // Below the kernel: beside one of 5×5 there is no room in a narrow column.
        ui.horizontal_wrapped(|ui| {
            setting_ui(ui, "stride", &mut self.slide.stride, 1..=4);
            setting_ui(ui, "padding", &mut self.slide.padding, 0..=4);
            setting_ui(ui, "picture", &mut self.picture, 0..=PICTURES - 1);
            setting_ui(ui, "shift", &mut self.shift, 0..=6);
        });
        ui.horizontal_wrapped(|ui| {
            ui.checkbox(&mut self.is_rectified, "ReLU");
            let choices = [
                (Pooling::None, "no pooling", ""),
                (Pooling::Max, "max", "the largest of 2×2"),
                (Pooling::Average, "average", "the mean of 2×2"),
                (Pooling::MaxOverlapping, "max 3×3", "the largest of 3×3, at a stride of 2: windows overlap"),
            ];
            widgets::choice_ui(ui, &mut self.pooling, &choices);
        });
    }

    /// The kernel, each number to be typed or dragged.
    fn kernel_ui(&mut self, ui: &mut Ui) {
        let side = self.slide.side;
        Grid::new("kernel").spacing([2.0, 2.0]).show(ui, |ui| {
            for (i, weight) in self.slide.kernel.iter_mut().enumerate() {
                let drag = egui::DragValue::new(weight).speed(0.02).range(-9.0..=9.0).max_decimals(2);
                let name = format!("Kernel row {} column {}", i / side + 1, i % side + 1);
                widgets::named(ui.add_sized([34.0, 20.0], drag), &name);
                if i % side == side - 1 {
                    ui.end_row();
                }
            }
        });
    }

    /// The picture with the window, and the map with the place that belongs to it.
    fn maps_ui(&mut self, ui: &mut Ui, picture: &Map, filtered: &Map, pooled: &Map) {
        let side = ((ui.available_width() - theme::GAP) / 2.0).min(200.0);
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                widgets::caption_ui(ui, &format!("picture {}×{}", picture.height, picture.width));
                let response = map_ui(ui, picture, side, |value| Color32::from_gray((255.0 * value) as u8));
                let response = widgets::named(response, "Picture under the kernel");
                if let Some(place) = place_at(&response, picture) {
                    self.follow(place, filtered);
                }
                self.window_ui(ui, response.rect, picture);
            });
            ui.vertical(|ui| {
                widgets::caption_ui(ui, &format!("result {}×{}", pooled.height, pooled.width));
                let largest = pooled.values.iter().fold(1e-9f32, |most, value| most.max(value.abs()));
                // Mid grey is 0, as with filters.
                let grey = |value: f32| Color32::from_gray((128.0 + 127.0 * value / largest) as u8);
                let response = map_ui(ui, pooled, side, grey);
                let response = widgets::named(response, "Result of the convolution");
                self.result_ui(ui, response.rect, filtered, pooled);
            });
        });
    }

    /// Moves the window to a place of the picture.
    fn follow(&mut self, [y, x]: [usize; 2], filtered: &Map) {
        let place = |i: usize, n: usize| {
            let middle = (i + self.slide.padding).saturating_sub(self.slide.side / 2);
            (middle / self.slide.stride).min(n.saturating_sub(1))
        };
        self.at = [place(y, filtered.height), place(x, filtered.width)];
    }

    fn place(&self, filtered: &Map) -> [usize; 2] {
        [self.at[0].min(filtered.height.saturating_sub(1)), self.at[1].min(filtered.width.saturating_sub(1))]
    }

    fn window_ui(&self, ui: &Ui, rect: Rect, picture: &Map) {
        let pixel = rect.width() / picture.width as f32;
        let last = |n: usize| self.slide.places(n).saturating_sub(1);
        let corner =
            |i: usize, n: usize| (i.min(last(n)) * self.slide.stride) as f32 - self.slide.padding as f32;
        let (top, left) = (corner(self.at[0], picture.height), corner(self.at[1], picture.width));
        let min = rect.min + vec2(left, top) * pixel;
        let window = Rect::from_min_size(min, vec2(1.0, 1.0) * pixel * self.slide.side as f32);
        let stroke = Stroke::new(2.0, Palette::of(ui).test);
        ui.painter().rect_stroke(window, 0.0, stroke, StrokeKind::Outside);
    }

    /// Where in the result the sum comes to stand, or the pool that takes it.
    fn result_ui(&self, ui: &Ui, rect: Rect, filtered: &Map, pooled: &Map) {
        let step = if self.pooling == Pooling::None { 1 } else { 2 };
        let place = |i: usize, n: usize| (i / step).min(n.saturating_sub(1)) as f32;
        let [y, x] = self.place(filtered);
        let pixel = rect.width() / pooled.width as f32;
        let min = rect.min + vec2(place(x, pooled.width), place(y, pooled.height)) * pixel;
        let stroke = Stroke::new(2.0, Palette::of(ui).test);
        let cell = Rect::from_min_size(min, vec2(1.0, 1.0) * pixel);
        ui.painter().rect_stroke(cell, 0.0, stroke, StrokeKind::Outside);
    }

    /// The sum that is formed where the window lies, number by number.
    fn sum_ui(&self, ui: &mut Ui, picture: &Map, filtered: &Map) {
        let [y, x] = self.place(filtered);
        let window = self.slide.window(picture, y, x);
        let sum = self.slide.sum(picture, y, x);
        let text = format!(
            "row {}, column {}: {} = {}",
            y + 1,
            x + 1,
            terms(&self.slide.kernel, &window),
            short(sum)
        );
        ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
        if self.is_rectified {
            ui.label(theme::caption(ui, format!("behind the ReLU: {}", short(sum.max(0.0)))));
        }
    }

    /// How far each stage has moved with the picture.
    fn shift_ui(&self, ui: &mut Ui, own: &Map, [filtered, rectified, pooled]: [&Map; 3]) {
        let before = self.slide.over(own);
        let before_relu = if self.is_rectified { before.rectified() } else { before.clone() };
        let before_pool = before_relu.pooled(self.pooling);
        let text = format!(
            "moved by {} px, the stages change by {:.2} (filter), {:.2} (ReLU), {:.2} (pooling) of their size",
            self.shift,
            filtered.distance(&before),
            rectified.distance(&before_relu),
            pooled.distance(&before_pool)
        );
        ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
    }
}

/// The weights, each times what lies under it: all of a small kernel, the first of a larger one.
fn terms(kernel: &[f32], window: &[f32]) -> String {
    let mut text = String::new();
    for (i, (weight, value)) in kernel.iter().zip(window).take(MOST_TERMS).enumerate() {
        let sign = match (i, *weight < 0.0) {
            (0, true) => "−",
            (0, false) => "",
            (_, true) => " − ",
            (_, false) => " + ",
        };
        text.push_str(&format!("{sign}{}·{}", short(weight.abs()), short(*value)));
    }
    if kernel.len() > MOST_TERMS {
        text.push_str(" + …");
    }
    text
}

/// With two decimals at most.
fn short(x: f32) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".into(),
        text => text.replace('-', "−"),
    }
}

fn setting_ui(ui: &mut Ui, name: &str, value: &mut usize, range: std::ops::RangeInclusive<usize>) {
    *value = (*value).clamp(*range.start(), *range.end());
    widgets::group_ui(ui, name, |ui| {
        widgets::caption_ui(ui, name);
        widgets::count_ui(ui, name, value, range);
    });
}

/// A training picture in grey, 0 to 1.
fn grey(set: &DataSet, picture: usize) -> Map {
    let index = picture.min(set.train.len().saturating_sub(1));
    let bytes = set.train.picture(set.extent, index); // (C, H, W)
    let (area, channels) = (set.extent.area(), set.extent.channels);
    let value = |p: usize| {
        let sum: f32 = (0..channels).map(|c| f32::from(bytes[c * area + p])).sum();
        sum / (255.0 * channels as f32)
    };
    Map { height: set.extent.height, width: set.extent.width, values: (0..area).map(value).collect() }
}

/// A map as squares of one size.
fn map_ui(ui: &mut Ui, map: &Map, side: f32, colour: impl Fn(f32) -> Color32) -> Response {
    let pixel = side / map.width.max(map.height).max(1) as f32;
    let size = vec2(map.width as f32, map.height as f32) * pixel;
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let mut mesh = Mesh::default();
    for (i, &value) in map.values.iter().enumerate() {
        let (x, y) = ((i % map.width) as f32, (i / map.width) as f32);
        let min: Pos2 = rect.min + vec2(x, y) * pixel;
        mesh.add_colored_rect(Rect::from_min_max(min, pos2(min.x + pixel, min.y + pixel)), colour(value));
    }
    ui.painter().add(mesh);
    response
}

/// The pixel under the pointer.
fn place_at(response: &Response, map: &Map) -> Option<[usize; 2]> {
    let offset = response.hover_pos()? - response.rect.min;
    let pixel = response.rect.width() / map.width as f32;
    let place = |along: f32, n: usize| ((along / pixel).max(0.0) as usize).min(n - 1);
    Some([place(offset.y, map.height), place(offset.x, map.width)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_a_term_for_each_weight() {
        let kernel = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
        let window = [0.5, 0.25, 0.0, 1.0, 0.996, 0.004, 0.0, 0.0, 0.1];
        let text = terms(&kernel, &window);
        assert_eq!(text, "−1·0.5 + 0·0.25 + 1·0 − 2·1 + 0·1 + 2·0 − 1·0 + 0·0 + 1·0.1");
        assert!(terms(&[0.1; 25], &[1.0; 25]).ends_with("0.1·1 + …"));
        assert_eq!([short(-0.001), short(-0.5), short(10.0)], ["0", "−0.5", "10"]);
    }
}
