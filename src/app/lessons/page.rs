//! The page of a lesson: its pieces one below the other, up to the first stage that is not open yet.

use std::collections::BTreeMap;

use egui::{Image, RichText, ScrollArea, TextureHandle, TextureOptions, Ui, vec2};
use lucide_icons::Icon;

use super::live::live_ui;
use super::markdown::markdown_ui;
use super::{Open, check, hold, live, predict, set_table, stands_for, trial};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, Gravity};
use crate::lessons::progress::{Shelf, Teaching};
use crate::lessons::text::{self, Piece};

/// What the page remembers from frame to frame.
#[derive(Default)]
pub struct State {
    figures: BTreeMap<String, Result<TextureHandle, String>>,
    pub(super) predictions: BTreeMap<String, predict::State>,
    pub(super) lives: BTreeMap<usize, live::State>,
    /// How high each live part was when it was last in sight.
    pub(super) heights: BTreeMap<usize, f32>,
    pub(super) trial: trial::State,
    is_resetting: bool,
    /// The runs of each prediction that is to be made before they begin.
    asked: Vec<Vec<String>>,
    /// The step of the presentation, counted from 0.
    step: usize,
}

impl State {
    pub fn forget_pictures(&mut self) {
        self.figures.clear();
        self.lives.clear();
        self.heights.clear();
    }
}

/// Draws the page; whether the reader goes back to the list.
pub fn page_ui(
    ui: &mut Ui,
    desk: &mut Desk<'_>,
    open: &mut Open,
    shelf: Option<&Shelf>,
    teaching: &Teaching,
    problem: Option<&str>,
) -> bool {
    let is_done = head_ui(ui, open, shelf);
    let steps = text::steps(&open.lesson.pieces);
    // A lesson under edit may have become shorter.
    open.page.step = open.page.step.min(steps.len() - 1);
    if desk.is_presenting && steps.len() > 1 {
        steps_ui(ui, &mut open.page.step, steps.len());
    }
    if let Some(problem) = problem {
        widgets::message_ui(ui, Gravity::Problem, problem, |_| {});
    }
    let before = open.progress.clone();
    // Each step of a presentation begins at its top.
    let step = desk.is_presenting.then_some(open.page.step);
    let area = ScrollArea::vertical().id_salt(("lesson", &open.lesson.name, step));
    let area = area.auto_shrink([false, false]);
    let shown =
        step.map_or(0..usize::MAX, |step| steps[step]..steps.get(step + 1).copied().unwrap_or(usize::MAX));
    area.show(ui, |ui| {
        // Room for the bar, so that it covers no text.
        ui.set_max_width(ui.available_width() - 10.0);
        pieces_ui(ui, desk, open, teaching, &shown);
        ui.add_space(theme::LARGE_GAP);
    });
    if open.progress != before
        && let Some(shelf) = shelf
        && let Err(message) = shelf.save(&open.progress)
    {
        desk.requests.push(crate::app::bridge::Request::Say(Gravity::Problem, message));
    }
    is_done
}

/// The way back, the title, and what can be done with the whole.
fn head_ui(ui: &mut Ui, open: &mut Open, shelf: Option<&Shelf>) -> bool {
    let mut is_done = false;
    widgets::section_ui(ui, "", |ui| {
        let forget = widgets::icon_button(ui, Icon::RotateCcw, "Forget my progress");
        if forget.on_hover_text("Forgets predictions, sentences and checks of this lesson.").clicked() {
            open.page.is_resetting = !open.page.is_resetting;
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let back = widgets::icon_button(ui, Icon::ArrowLeft, "All lessons");
            is_done = back.on_hover_text("Back to the list of lessons.").clicked();
            let number = open.lesson.number.map_or(String::new(), |number| format!("Lesson {number} · "));
            widgets::caption_ui(ui, &format!("{number}{} min", open.lesson.minutes));
        });
    });
    if open.page.is_resetting {
        let name = open.lesson.name.clone();
        widgets::message_ui(ui, Gravity::Warning, "Forget what you did in this lesson?", |ui| {
            ui.horizontal(|ui| {
                if ui.button("Forget it").clicked() {
                    open.page.is_resetting = false;
                    open.page.predictions.clear();
                    let result = shelf.map_or(Ok(()), |shelf| shelf.reset(&name));
                    if result.is_ok() {
                        let fresh = crate::lessons::progress::Progress::default();
                        open.progress = crate::lessons::progress::Progress { lesson: name.clone(), ..fresh };
                    }
                }
                if ui.button("Keep it").clicked() {
                    open.page.is_resetting = false;
                }
            });
        });
    }
    is_done
}

/// Which step of a presentation is shown, and the way to the others.
fn steps_ui(ui: &mut Ui, step: &mut usize, n_steps: usize) {
    ui.horizontal(|ui| {
        let now = *step;
        let mut turn = |ui: &mut Ui, symbol, name: &str, is_possible: bool, to: usize| {
            let button = ui.add_enabled_ui(is_possible, |ui| widgets::icon_button(ui, symbol, name)).inner;
            if button.on_hover_text(name).clicked() {
                *step = to;
            }
        };
        turn(ui, Icon::ChevronLeft, "Step before (Page up)", now > 0, now.saturating_sub(1));
        turn(ui, Icon::ChevronRight, "Next step (Page down)", now + 1 < n_steps, now + 1);
        widgets::caption_ui(ui, &format!("Step {} of {n_steps}", now + 1));
    });
}

impl State {
    /// Turns to another step of the presentation; whether there is one.
    pub fn turn(&mut self, pieces: &[Piece], by: isize) -> bool {
        let n_steps = text::steps(pieces).len();
        self.step = self.step.saturating_add_signed(by).min(n_steps - 1);
        n_steps > 1
    }
}

fn pieces_ui(
    ui: &mut Ui,
    desk: &mut Desk<'_>,
    open: &mut Open,
    teaching: &Teaching,
    shown: &std::ops::Range<usize>,
) {
    open.page.asked = hold::asked(open, *teaching, |_| true)
        .map(|prediction| hold::runs_of(&prediction.facts()).into_iter().map(str::to_string).collect())
        .collect();
    // The pieces are put back below; they are drawn while the rest of the lesson is written to.
    let pieces = std::mem::take(&mut open.lesson.pieces);
    for (i, piece) in pieces.iter().enumerate() {
        if let Piece::Stage(after) = piece {
            let missing: Vec<&String> = after.iter().filter(|name| !open.progress.has(name)).collect();
            if !missing.is_empty() && !teaching.reveal {
                // A stage of a later step is not above what is shown.
                if i < shown.end {
                    stage_ui(ui, open, &missing);
                }
                break;
            }
            continue;
        }
        if !shown.contains(&i) {
            continue;
        }
        ui.push_id(i, |ui| piece_ui(ui, desk, open, teaching, i, piece));
        ui.add_space(theme::SMALL_GAP);
    }
    open.lesson.pieces = pieces;
}

fn piece_ui(ui: &mut Ui, desk: &mut Desk<'_>, open: &mut Open, teaching: &Teaching, i: usize, piece: &Piece) {
    match piece {
        Piece::Markdown(text) => markdown_ui(ui, &mut open.markdown, text),
        Piece::Figure { file, caption } => figure_ui(ui, open, file, caption),
        Piece::Run(names) => run_ui(ui, desk, open, names),
        Piece::Predict(name) => predict::predict_ui(ui, desk, open, teaching, name),
        Piece::Checks(names) => check::checks_ui(ui, desk, open, names),
        Piece::Live(live) => live_ui(ui, desk, open, i, live),
        Piece::Hint { title, text } => {
            egui::CollapsingHeader::new(title).id_salt(("hint", i)).show(ui, |ui| {
                markdown_ui(ui, &mut open.markdown, text);
            });
        }
        Piece::Stage(_) | Piece::Step => {}
    }
}

/// What is still to be done before the text goes on.
fn stage_ui(ui: &mut Ui, open: &Open, missing: &[&String]) {
    let n_predictions = missing.iter().filter(|name| open.lesson.prediction(name).is_some()).count();
    let n_checks = missing.len() - n_predictions;
    let some = |n: usize, one: &str, more: &str| match n {
        0 => None,
        1 => Some(format!("{one} above")),
        n => Some(format!("{n} {more} above")),
    };
    let parts: Vec<String> =
        [some(n_predictions, "the prediction", "predictions"), some(n_checks, "the check", "checks")]
            .into_iter()
            .flatten()
            .collect();
    let what = match n_checks {
        0 => format!("The lesson goes on once you have made {}.", parts.join(" and ")),
        _ => format!("The lesson goes on after {}.", parts.join(" and ")),
    };
    widgets::message_ui(ui, Gravity::Note, &what, |_| {});
}

/// The button that sets the table, or brings it back.
fn run_ui(ui: &mut Ui, desk: &mut Desk<'_>, open: &mut Open, names: &[String]) {
    let is_set = names.iter().all(|name| desk.snapshot.runs.iter().any(|run| stands_for(&run.name, name)));
    let label = if is_set { "Bring the table back" } else { "Set the table" };
    ui.horizontal_wrapped(|ui| {
        let button = widgets::main_button(ui, Some(Icon::FlaskConical), label, vec2(0.0, theme::ROW));
        let button = widgets::named(button, label);
        let all = names.join(", ");
        let help = format!("Puts {all} on the table, from the same start; what is there now goes.");
        if button.on_hover_text(help).clicked() {
            set_table(desk, open, names);
        }
        // Pieces are out of the lesson while they are drawn, so that what is asked was found before.
        let is_asked = open.page.asked.iter().any(|runs| runs.iter().all(|run| names.contains(run)));
        let then = if is_asked { "predict, then press Train" } else { "then press Train" };
        ui.label(theme::caption(ui, format!("{all}; {then}")));
    });
}

fn figure_ui(ui: &mut Ui, open: &mut Open, file: &str, caption: &str) {
    let files = &open.lesson.files;
    let figure = open.page.figures.entry(file.to_string()).or_insert_with(|| {
        let bytes = files.find(file)?;
        let image =
            image::load_from_memory(bytes).map_err(|error| format!("`{file}` is no picture: {error}."))?;
        let largest = ui.input(|input| input.max_texture_side).min(4096) as u32;
        let image = if image.width().max(image.height()) > largest {
            image.thumbnail(largest, largest)
        } else {
            image
        };
        let rgba = image.into_rgba8();
        let size = [rgba.width() as usize, rgba.height() as usize];
        let pixels = egui::ColorImage::from_rgba_unmultiplied(size, rgba.as_raw());
        Ok(ui.ctx().load_texture(file, pixels, TextureOptions::LINEAR))
    });
    match figure {
        Ok(texture) => {
            let width = ui.available_width().min(texture.size_vec2().x);
            let image = Image::new(&*texture).max_width(width).alt_text(caption);
            ui.vertical_centered(|ui| {
                ui.add(image);
                ui.label(theme::caption(ui, caption));
            });
        }
        Err(message) => {
            let text = RichText::new(message.as_str()).color(Palette::of(ui).danger);
            ui.label(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::stands_for;

    #[test]
    fn an_experiment_is_on_the_table_by_its_own_run_or_a_cell_of_its_grid() {
        assert!(stands_for("convnet", "convnet"));
        assert!(stands_for("rates 0.01", "rates"));
        assert!(!stands_for("convnet-shuffled", "convnet"), "another experiment, whose name begins alike");
    }
}
