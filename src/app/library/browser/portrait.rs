//! The pictures of a class, or all, taken together: their mean, and how many pixels have which value.

use egui::{
    Color32, Pos2, Rect, Role, Sense, Stroke, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2,
};

use super::{Part, SetKey, View};
use crate::app::format;
use crate::app::library::paint;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::data::survey::{Portrait, Survey};

const HEIGHT: f32 = 96.0;

#[derive(Default)]
pub struct State {
    mean: Option<(Key, TextureHandle)>,
}

type Key = (SetKey, Part, Option<usize>);

pub fn portrait_ui(ui: &mut Ui, state: &mut State, set: &SetKey, view: View, survey: Option<&Survey>) {
    let Some(survey) = survey else { return };
    let portrait = view.class.and_then(|class| survey.classes.get(class)).unwrap_or(&survey.all);
    let whose = view.class.and_then(|class| set.0.classes.get(class)).map_or("all", String::as_str);
    widgets::section_ui(ui, "Mean and pixel values", |ui| {
        let n = format::counted(portrait.n_pictures as u64, &format!("{} picture", view.part.word()));
        widgets::caption_ui(ui, &format!("{whose}, {n}"));
    });
    if portrait.mean.is_empty() {
        widgets::caption_ui(ui, "There is no such picture.");
        return;
    }
    let extent = set.0.extent;
    let key = (set.clone(), view.part, view.class);
    if state.mean.as_ref().is_none_or(|(own, _)| *own != key) {
        let image = paint::image(&portrait.mean, extent);
        let texture = ui.ctx().load_texture("mean picture", image, TextureOptions::NEAREST);
        state.mean = Some((key, texture));
    }
    ui.horizontal_top(|ui| {
        if let Some((_, texture)) = &state.mean {
            let size = vec2(extent.width as f32, extent.height as f32);
            let size = size * (HEIGHT / size.max_elem());
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
            ui.painter().image(texture.id(), rect, whole, Color32::WHITE);
            let name = format!("Mean picture: {whose}");
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
            response.on_hover_text(&name);
        }
        histogram_ui(ui, portrait);
    });
}

/// The share of the pixels at each value, a line for each channel.
fn histogram_ui(ui: &mut Ui, portrait: &Portrait) {
    let palette = Palette::of(ui);
    let size = vec2(ui.available_width() - 4.0, HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, theme::CORNER, palette.card);
    let plot = Rect::from_min_max(rect.min + vec2(4.0, 6.0), rect.max - vec2(4.0, 16.0));
    let small = egui::TextStyle::Small.resolve(ui.style());
    for (value, align) in [(0.0, egui::Align2::LEFT_TOP), (255.0, egui::Align2::RIGHT_TOP)] {
        let at = pos2(plot.left() + plot.width() * value / 255.0, plot.bottom() + 1.0);
        ui.painter().text(at, align, format!("{value}"), small.clone(), palette.muted);
    }
    let most = portrait.histograms.iter().flatten().copied().max().unwrap_or(0).max(1) as f32;
    let names = channel_names(portrait.histograms.len());
    for (channel, histogram) in portrait.histograms.iter().enumerate() {
        let colour = channel_colour(palette, channel, portrait.histograms.len());
        // The root lets rare values be seen beside a value that most pixels have.
        let point = |(value, &count): (usize, &u64)| {
            let height = (count as f32 / most).sqrt() * plot.height();
            pos2(plot.left() + plot.width() * value as f32 / 255.0, plot.bottom() - height)
        };
        let line: Vec<Pos2> = histogram.iter().enumerate().map(point).collect();
        ui.painter().line(line, Stroke::new(1.3, colour));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Pixel values of each channel"));
    if let Some(pointer) = response.hover_pos() {
        let value = (((pointer.x - plot.left()) / plot.width() * 255.0).round().clamp(0.0, 255.0)) as usize;
        let x = plot.left() + plot.width() * value as f32 / 255.0;
        ui.painter().vline(x, plot.y_range(), Stroke::new(1.0, palette.strong_border));
        let mut lines = vec![format!("value {value} of 255")];
        lines.extend(portrait.histograms.iter().zip(&names).map(|(histogram, name)| {
            let n: u64 = histogram.iter().sum();
            let share = histogram[value] as f64 / n.max(1) as f64;
            format!("{name}: {} pixels, {}", format::count(histogram[value]), format::percent(share))
        }));
        response.on_hover_text(lines.join("\n"));
    } else {
        response.on_hover_text("How many pixels have each value; heights by the square root.");
    }
}

/// What the channels of a picture are called.
pub fn channel_names(n: usize) -> Vec<String> {
    match n {
        1 => vec!["grey".into()],
        3 => ["red", "green", "blue"].map(String::from).into(),
        n => (0..n).map(|channel| format!("channel {channel}")).collect(),
    }
}

fn channel_colour(palette: &Palette, channel: usize, n: usize) -> Color32 {
    match (n, channel) {
        (3, 0) => Color32::from_rgb(0xD8, 0x3A, 0x34),
        (3, 1) => Color32::from_rgb(0x2B, 0x9E, 0x57),
        (3, 2) => Color32::from_rgb(0x3D, 0x78, 0xE6),
        _ => palette.muted,
    }
}
