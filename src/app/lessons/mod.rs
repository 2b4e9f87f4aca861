//! The lessons in the left column: the list, and the page of the one that is open.

mod check;
mod hold;
mod list;
mod live;
mod markdown;
mod page;
mod predict;
mod sketch;
#[cfg(test)]
mod tests;
mod trial;
mod watch;

use std::path::Path;

use egui::{Rangef, Ui};
use egui_commonmark::CommonMarkCache;
use egui_plot::{AxisHints, Plot};

use super::bridge::{Desk, Hold, Request};
use super::theme::Palette;
use crate::experiment::{Experiment, Problem, unwritable};
use crate::lessons::progress::{Progress, Shelf, Teaching};
use crate::lessons::{Lesson, shipped};
use crate::session::{RunId, Snapshot};

/// What the lessons remember from frame to frame.
pub struct State {
    list: list::State,
    open: Option<Open>,
    shelf: Option<Shelf>,
    /// What an instructor has set.
    teaching: Teaching,
    /// What went wrong with a lesson that was to be opened.
    problem: Option<String>,
}

/// The lesson that is being read.
pub struct Open {
    /// The name or path by which it was asked for.
    asked: String,
    lesson: Lesson,
    progress: Progress,
    watch: watch::Watch,
    markdown: CommonMarkCache,
    page: page::State,
    /// The experiments that were set on the table last, by name.
    table: Vec<(String, Experiment)>,
}

impl State {
    /// With progress kept on this shelf.
    pub fn new(shelf: Option<Shelf>) -> Self {
        let teaching = shelf.as_ref().map(Shelf::teaching).unwrap_or_default();
        Self { list: list::State::default(), open: None, shelf, teaching, problem: None }
    }

    /// Opens a lesson that ships, by name, or a folder or archive by its path.
    pub fn open(&mut self, asked: &str) {
        let found = shipped::resolve(asked);
        self.take(asked, found, watch::Watch::of(asked));
    }

    /// Opens the lesson in a folder, that of a `lesson.toml`, or that in an archive.
    pub fn open_path(&mut self, path: &Path) {
        let asked = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.take(&asked.display().to_string(), shipped::read_at(path), watch::Watch::at(path));
    }

    /// Writes the progress of all lessons into one file.
    pub fn hand_in(&self, path: &Path) -> Result<(), String> {
        let shelf = self.shelf.as_ref().ok_or("This system has no folder where progress could be kept.")?;
        let names: Vec<&str> = shipped::names().collect();
        std::fs::write(path, shelf.export(&names)).map_err(|error| {
            format!("{} cannot be written: {}", path.display(), unwritable::reason(path, &error))
        })
    }

    fn take(&mut self, asked: &str, found: Result<Lesson, Problem>, watch: watch::Watch) {
        match found {
            Ok(lesson) => {
                let progress = self.load(&lesson.name);
                self.problem = None;
                self.open = Some(Open {
                    asked: asked.to_string(),
                    lesson,
                    progress,
                    watch,
                    markdown: CommonMarkCache::default(),
                    page: page::State::default(),
                    table: Vec::new(),
                });
            }
            Err(problem) => self.problem = Some(problem.to_string()),
        }
    }

    fn load(&self, lesson: &str) -> Progress {
        let fresh = || Progress { lesson: lesson.to_string(), ..Progress::default() };
        self.shelf.as_ref().map_or_else(fresh, |shelf| shelf.load(lesson))
    }

    /// What the lesson that is being read withholds from a run.
    pub fn hold(&self, snapshot: &Snapshot, run: RunId) -> Hold {
        self.open.as_ref().map_or_else(Hold::default, |open| hold::hold(open, self.teaching, snapshot, run))
    }

    /// Turns to another step of the lesson's presentation; whether there is one.
    pub fn turn(&mut self, by: isize) -> bool {
        self.open.as_mut().is_some_and(|open| open.page.turn(&open.lesson.pieces, by))
    }

    /// The name or path of the lesson that is being read.
    pub fn asked(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.asked.as_str())
    }
}

pub fn lessons_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    state.follow_files(ui);
    let State { list, open, shelf, teaching, problem } = state;
    match open {
        None => {
            let asked = list::list_ui(ui, desk, list, shelf.as_ref(), teaching, problem.as_deref());
            if let Some(name) = asked {
                state.open(&name);
            }
        }
        Some(opened) => {
            let is_done = page::page_ui(ui, desk, opened, shelf.as_ref(), teaching, problem.as_deref());
            if is_done {
                state.open = None;
                state.problem = None;
                state.list.refresh();
            }
        }
    }
}

impl State {
    /// Shows a lesson under edit as it is now; one with a mistake stays as it was, with the mistake above it.
    fn follow_files(&mut self, ui: &Ui) {
        let Some(open) = &mut self.open else { return };
        let Some(found) = open.watch.look(ui.ctx()) else { return };
        match found {
            Ok(lesson) => {
                open.lesson = lesson;
                open.markdown = CommonMarkCache::default();
                open.page.forget_pictures();
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem.to_string()),
        }
    }
}

/// A plot whose grid stays behind its curves, with room for "100 %" beside it and for a word below it. Comes before what
/// is said of its axis across.
fn calm<'a>(plot: Plot<'a>, palette: &Palette) -> Plot<'a> {
    // Each of some ten epochs has its number.
    let across = AxisHints::new_x().min_thickness(34.0).label_spacing(Rangef::new(22.0, 34.0));
    plot.custom_x_axes(vec![across]).y_axis_min_width(44.0).grid_color(palette.border).grid_fade(0.4)
}

/// Asks for the table to be set with these experiments of the lesson.
fn set_table(desk: &mut Desk<'_>, open: &mut Open, names: &[String]) {
    let mut table = Vec::new();
    for name in names {
        let Some(setup) = open.lesson.setup(name) else { continue };
        for cell in setup.cells(crate::lessons::Form::Quick) {
            let name = match cell.values.is_empty() {
                true => name.clone(),
                false => format!("{name} {}", cell.values.join(" ")),
            };
            table.push((name, cell.experiment.clone()));
        }
    }
    open.table = table.clone();
    desk.requests.push(Request::SetTable(table));
}

/// Whether a run of this name is one of those that [`set_table`] makes of an experiment: its only one, or a cell of its
/// grid.
fn stands_for(run: &str, experiment: &str) -> bool {
    run.strip_prefix(experiment).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
