//! What the net takes for what: the confusion matrix, and the pictures whose answers are worth a look.

use std::sync::Arc;

use egui::{Align2, ColorImage, Image, Rect, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2};

use super::subject::Subject;
use super::{plots, trial, waiting_ui};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::data::{DataSet, Split};
use crate::engine::Part;
use crate::inspect::answers::{Answer, Answers, Pick};
use crate::inspect::confusion::Confusion;
use crate::inspect::look::{Look, View};
use crate::inspect::picture::Picture;
use crate::session::PicturesState;

#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Confusion,
    Pictures(Pick),
    /// A picture of one's own.
    Own,
}

pub struct State {
    part: Part,
    shown: Shown,
    atlas: Option<Atlas>,
    trial: trial::State,
}

/// Pictures of some answers side by side in a texture.
struct Atlas {
    of: Arc<View>,
    pick: Pick,
    picked: Vec<Answer>,
    texture: TextureHandle,
}

/// Pictures shown, and in a row of the texture.
const MOST: usize = 24;
const ACROSS: usize = 8;

/// Classes up to which the matrix is drawn with its numbers.
const MOST_NUMBERED: usize = 12;

/// Width from which on a column has a name above it.
const NAMED: f32 = 16.0;

impl Default for State {
    fn default() -> Self {
        Self { part: Part::Test, shown: Shown::Confusion, atlas: None, trial: trial::State::default() }
    }
}

pub fn answers_ui(ui: &mut Ui, desk: &mut Desk<'_>, subject: &mut Subject, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        let pick = |pick: Pick, help| (Shown::Pictures(pick), pick.title(), help);
        let options = [
            (Shown::Confusion, "Confusion", "How often each class is taken for each"),
            pick(Pick::Worst, "Wrong answers that were given with most certainty"),
            pick(Pick::MostCertain, "The surest answers, right or wrong"),
            pick(Pick::LeastCertain, "Answers that were hardly given"),
            (Shown::Own, "Try it", "Draw a picture, or drop one on the window, and see what it is taken for"),
        ];
        widgets::choice_ui(ui, &mut state.shown, &options);
        if state.shown == Shown::Own {
            return;
        }
        let parts = [(Part::Test, "test", ""), (Part::Train, "train", "")];
        widgets::group_ui(ui, "part", |ui| widgets::choice_ui(ui, &mut state.part, &parts));
    });
    if state.shown == Shown::Own {
        return trial::trial_ui(ui, desk, subject, &mut state.trial);
    }
    let seen = desk.look(Look::Answers { part: state.part });
    let view = seen.and_then(|seen| seen.view.as_ref().ok());
    let Some(View::Answers(answers)) = waiting_ui(ui, desk, seen) else { return };
    let confusion = answers.confusion();
    match (state.shown, view) {
        (Shown::Pictures(pick), Some(view)) => state.pictures_ui(ui, desk, view, answers, pick),
        _ => confusion_ui(ui, &confusion),
    }
    let words = if state.part == Part::Test { "test" } else { "training" };
    let so_far = if seen.is_some_and(|seen| seen.is_whole) { "" } else { " so far" };
    let (error, n) = (format::percent(confusion.error()), answers.all.len() as u64);
    let pictures = format::counted(n, &format!("{words} picture"));
    widgets::caption_ui(ui, &format!("{error} of {pictures} wrong{so_far}"));
    if state.shown == Shown::Confusion {
        widgets::caption_ui(
            ui,
            "Rows: what a picture is. Columns: what it is taken for. At the end of a row, the class's error.",
        );
    }
}

/// A row for each class, a column for each answer.
fn confusion_ui(ui: &mut Ui, confusion: &Confusion) {
    let n = confusion.classes.len();
    let palette = Palette::of(ui);
    let font = egui::TextStyle::Small.resolve(ui.style());
    let (names, errors) = (72.0, 52.0);
    let width = ui.available_width();
    let cell = ((width - names - errors) / n.max(1) as f32).clamp(2.0, 52.0);
    let height = cell.min(26.0);
    let head = if cell >= NAMED { 14.0 } else { 0.0 };
    let size = vec2(width, head + height * n as f32 + 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let place = |row: usize, column: usize| {
        let min = pos2(rect.left() + names + column as f32 * cell, rect.top() + head + row as f32 * height);
        Rect::from_min_size(min, vec2(cell - 1.0, height - 1.0))
    };
    let shares: Vec<f64> = confusion.counts.iter().map(|row| row.iter().sum::<u64>().max(1) as f64).collect();
    for (column, class) in confusion.classes.iter().enumerate().filter(|_| head > 0.0) {
        let name: String = class.chars().take((cell / 6.2) as usize).collect();
        let at = pos2(place(0, column).center().x, rect.top() + head / 2.0);
        ui.painter().text(at, Align2::CENTER_CENTER, name, font.clone(), palette.muted);
    }
    for (row, error) in confusion.errors().into_iter().enumerate() {
        let y = place(row, 0).center().y;
        if height >= 10.0 {
            let name: String = confusion.classes[row].chars().take(11).collect();
            ui.painter().text(pos2(rect.left(), y), Align2::LEFT_CENTER, name, font.clone(), palette.text);
            let error = error.map_or_else(|| "–".into(), format::percent);
            let at = pos2(place(row, n).left() + 4.0, y);
            ui.painter().text(at, Align2::LEFT_CENTER, error, font.clone(), palette.muted);
        }
        for column in 0..n {
            let count = confusion.counts[row][column];
            let share = (count as f64 / shares[row]).sqrt() as f32;
            let full = if row == column { palette.accent } else { palette.test };
            ui.painter().rect_filled(place(row, column), 1.0, palette.card.lerp_to_gamma(full, share));
            if n <= MOST_NUMBERED && count > 0 {
                let ink = if share > 0.6 { palette.on_accent } else { palette.text };
                let at = place(row, column).center();
                ui.painter().text(at, Align2::CENTER_CENTER, count.to_string(), font.clone(), ink);
            }
        }
    }
    let response = widgets::named(response, "Confusion matrix: true classes down, answers across");
    response.on_hover_ui_at_pointer(|ui| {
        let Some(at) = ui.input(|input| input.pointer.hover_pos()) else { return };
        let [column, row] = [(at.x - rect.left() - names) / cell, (at.y - rect.top() - head) / height]
            .map(|x| x.max(0.0) as usize);
        let (Some(class), Some(answer)) = (confusion.classes.get(row), confusion.classes.get(column)) else {
            return;
        };
        let count = confusion.counts[row][column];
        let share = format::percent(count as f64 / shares[row]);
        ui.label(format!(
            "{} ({share}) of {class} {} taken for {answer}",
            format::counted(count, "picture"),
            if count == 1 { "was" } else { "were" }
        ));
    });
}

impl State {
    fn pictures_ui(&mut self, ui: &mut Ui, desk: &Desk<'_>, view: &Arc<View>, answers: &Answers, pick: Pick) {
        let PicturesState::Ready(ready) = desk.snapshot.pictures() else { return };
        let is_shown = |atlas: &Atlas| atlas.pick == pick && Arc::ptr_eq(&atlas.of, view);
        if !self.atlas.as_ref().is_some_and(is_shown) {
            self.atlas = Some(Atlas::new(ui, view, answers, pick, &ready.set, self.part));
        }
        let Some(atlas) = &self.atlas else { return };
        if atlas.picked.is_empty() {
            widgets::caption_ui(ui, "There is none.");
        }
        let side = ((ui.available_width() - 7.0 * theme::SMALL_GAP) / 8.0).clamp(40.0, 64.0);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(theme::SMALL_GAP, theme::SMALL_GAP);
            for (i, answer) in atlas.picked.iter().enumerate() {
                atlas.answer_ui(ui, i, answer, answers, side);
            }
        });
    }
}

impl Atlas {
    fn new(ui: &Ui, view: &Arc<View>, answers: &Answers, pick: Pick, set: &DataSet, part: Part) -> Self {
        let split: &Split = match part {
            Part::Train => &set.train,
            Part::Test => &set.test,
        };
        let picked: Vec<Answer> =
            answers.picked(pick, MOST).into_iter().filter(|answer| answer.index < split.len()).collect();
        let (width, height) = (set.extent.width, set.extent.height);
        let rows = MOST.div_ceil(ACROSS);
        let mut image = ColorImage::filled([ACROSS * width, rows * height], egui::Color32::TRANSPARENT);
        for (i, answer) in picked.iter().enumerate() {
            let own = plots::image(&Picture::of_bytes(set.extent, split.picture(set.extent, answer.index)));
            for (p, pixel) in own.pixels.into_iter().enumerate() {
                let (x, y) = (i % ACROSS * width + p % width, i / ACROSS * height + p / width);
                image.pixels[y * ACROSS * width + x] = pixel;
            }
        }
        let texture = ui.ctx().load_texture("answers", image, TextureOptions::NEAREST);
        Self { of: view.clone(), pick, picked, texture }
    }

    fn answer_ui(&self, ui: &mut Ui, i: usize, answer: &Answer, answers: &Answers, side: f32) {
        let palette = Palette::of(ui);
        let name = |class: usize| answers.classes.get(class).map_or("", String::as_str);
        let uv = || {
            let cell = vec2(1.0 / ACROSS as f32, 1.0 / MOST.div_ceil(ACROSS) as f32);
            Rect::from_min_size(pos2((i % ACROSS) as f32 * cell.x, (i / ACROSS) as f32 * cell.y), cell)
        };
        let (rect, response) = ui.allocate_exact_size(vec2(side, side + 13.0), Sense::hover());
        let square = Rect::from_min_size(rect.min, vec2(side, side));
        Image::new((self.texture.id(), square.size())).uv(uv()).paint_at(ui, square);
        let font = egui::FontId::proportional(9.5);
        let colour = if answer.is_right() { palette.text } else { palette.test };
        let label: String = name(answer.answer).chars().take(10).collect();
        ui.painter().text(pos2(rect.center().x, rect.bottom()), Align2::CENTER_BOTTOM, label, font, colour);
        let text = format!(
            "Picture {} is {}, taken for {} with {} certainty",
            answer.index,
            name(answer.class),
            name(answer.answer),
            format::percent(answer.probability)
        );
        widgets::named(response, &text).on_hover_ui(|ui| {
            ui.add(Image::new((self.texture.id(), vec2(160.0, 160.0))).uv(uv()));
            ui.label(&text);
            ui.label(format!("{} for what it is", format::percent(answer.of_class)));
        });
    }
}
