//! The classes: mean picture, name, and how many pictures there are of each. A click shows only those.

use std::sync::Arc;

use egui::{
    Align2, ColorImage, Rect, Role, ScrollArea, Sense, TextStyle, TextWrapMode, TextureHandle,
    TextureOptions, Ui, WidgetInfo, WidgetText, pos2, vec2,
};

use super::{SetKey, View};
use crate::app::format;
use crate::app::library::paint;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::data::survey::Survey;
use crate::experiment::LabelKind;

/// Side of a mean picture in the texture, at most.
const MOST: usize = 32;

/// Mean pictures side by side in the texture.
const ACROSS: usize = 32;

const ROW: f32 = 28.0;

#[derive(Default)]
pub struct State {
    means: Option<(Arc<Survey>, TextureHandle)>,
}

/// A line of the list.
struct Line<'a> {
    name: &'a str,
    n_pictures: usize,
    /// Of the longest bar.
    share: f32,
    is_chosen: bool,
    /// Which mean picture stands before it; none before that of all.
    mean: Option<usize>,
    /// Whether pixels of the class are tinted.
    has_tint: bool,
}

pub fn classes_ui(
    ui: &mut Ui,
    state: &mut State,
    set: &SetKey,
    survey: Option<&Arc<Survey>>,
    view: &mut View,
) {
    let set = &set.0;
    let kind = set.train.labels.kind();
    let (title, help) = match kind {
        LabelKind::Classes => ("Classes", "Each with the mean of its pictures and their number."),
        LabelKind::Tags => ("Tags", "A picture may have several. Each with the mean of its pictures."),
        LabelKind::Pixels => ("Classes of pixels", "How many pictures show each of them in any pixel."),
    };
    widgets::section_ui(ui, title, |_| {});
    widgets::caption_ui(ui, "mean picture and number").on_hover_text(help);
    let Some(survey) = survey else {
        ui.add(egui::Spinner::new().size(14.0));
        return;
    };
    state.follow(ui, set.extent, survey);
    let most = survey.members.iter().map(Vec::len).max().unwrap_or(0).max(1);
    ScrollArea::vertical().id_salt("classes").auto_shrink([false, false]).show_rows(
        ui,
        ROW,
        1 + set.classes.len(),
        |ui, rows| {
            for row in rows {
                let class = row.checked_sub(1);
                let line = Line {
                    name: class.map_or("all", |class| &set.classes[class]),
                    n_pictures: class.map_or(survey.all.n_pictures, |class| survey.members[class].len()),
                    share: class.map_or(0.0, |class| survey.members[class].len() as f32 / most as f32),
                    is_chosen: view.class == class,
                    mean: class.filter(|&class| !survey.classes[class].mean.is_empty()),
                    has_tint: kind == LabelKind::Pixels && !view.is_plain,
                };
                if line_ui(ui, state, set.extent, &line, class) {
                    view.class = class;
                }
            }
        },
    );
}

/// A line; whether it was clicked.
fn line_ui(
    ui: &mut Ui,
    state: &State,
    extent: crate::tensor::Extent,
    line: &Line<'_>,
    class: Option<usize>,
) -> bool {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width() - 4.0, ROW), Sense::click());
    let fill = match (line.is_chosen, response.hovered()) {
        (true, _) => palette.accent_area,
        (false, true) => palette.hover,
        (false, false) => egui::Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, theme::CORNER, fill);
    let thumb = Rect::from_min_size(rect.min + vec2(3.0, 3.0), vec2(22.0, 22.0));
    if let (Some(place), Some((_, texture))) = (line.mean, &state.means) {
        let cell = cell(extent);
        let cell = vec2(cell[0] as f32, cell[1] as f32);
        let min = vec2((place % ACROSS) as f32, (place / ACROSS) as f32) * cell / texture.size_vec2();
        let uv = Rect::from_min_size(pos2(min.x, min.y), cell / texture.size_vec2());
        let inner = Rect::from_center_size(thumb.center(), cell * (22.0 / cell.max_elem()));
        ui.painter().image(texture.id(), inner, uv, egui::Color32::WHITE);
    }
    let text = Rect::from_min_max(thumb.right_top() + vec2(8.0, -2.0), rect.max - vec2(6.0, 0.0));
    let count = format::count(line.n_pictures as u64);
    let font = theme::figures(ui);
    let drawn =
        ui.painter().text(text.right_top() + vec2(0.0, 2.0), Align2::RIGHT_TOP, &count, font, palette.muted);
    let mut name_left = text.left();
    if let Some(class) = class.filter(|_| line.has_tint) {
        let patch = Rect::from_min_size(text.min + vec2(0.0, 6.0), vec2(10.0, 10.0));
        ui.painter().rect_filled(patch, 2.0, theme::tint(class));
        name_left += 16.0;
    }
    let name = WidgetText::from(line.name).into_galley(
        ui,
        Some(TextWrapMode::Truncate),
        (drawn.left() - 6.0 - name_left).max(10.0),
        TextStyle::Body,
    );
    ui.painter().galley(pos2(name_left, text.top() + 1.0), name, palette.text);
    if class.is_some() {
        let bar = Rect::from_min_max(
            pos2(text.left(), rect.bottom() - 7.0),
            pos2(text.right(), rect.bottom() - 4.0),
        );
        widgets::bar(ui, bar, line.share, palette.train);
    }
    let words = format!("{}: {}", line.name, format::counted(line.n_pictures as u64, "picture"));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, line.is_chosen, &words));
    response.on_hover_text(&words).clicked()
}

impl State {
    /// Draws the mean pictures anew if these are others.
    fn follow(&mut self, ui: &Ui, extent: crate::tensor::Extent, survey: &Arc<Survey>) {
        if self.means.as_ref().is_some_and(|(own, _)| Arc::ptr_eq(own, survey)) {
            return;
        }
        let [width, height] = cell(extent);
        let rows = survey.classes.len().div_ceil(ACROSS).max(1);
        let mut atlas = ColorImage::filled([ACROSS * width, rows * height], egui::Color32::TRANSPARENT);
        for (place, portrait) in survey.classes.iter().enumerate().filter(|(_, class)| !class.mean.is_empty())
        {
            let small = paint::shrunk(paint::image(&portrait.mean, extent), [width, height]);
            paint::put(&mut atlas, &small, [place % ACROSS * width, place / ACROSS * height]);
        }
        let texture = ui.ctx().load_texture("mean pictures", atlas, TextureOptions::LINEAR);
        self.means = Some((survey.clone(), texture));
    }
}

fn cell(extent: crate::tensor::Extent) -> [usize; 2] {
    paint::shrunk_size([extent.width, extent.height], MOST)
}
