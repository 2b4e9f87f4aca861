//! How the window opens: with the page of the first start, or as it was left.

use std::path::Path;

use egui::{Context, ThemePreference};

use super::action::Action;
use super::arrangement::{Arrangement, Pane};
use super::bridge::Request;
use super::memory::{Beside, Keeper, Memory};
use super::theme;
use super::welcome::{self, Answer};
use super::workshop::Workshop;
use crate::experiment::file;
use crate::session::{Command, MOST_RUNS, NewRun, RunId};

impl Workshop {
    /// Makes the window as the keeper remembers it, and keeps from now on what it looks like. Where nothing is
    /// remembered, the page of the first start is shown.
    pub(super) fn remember(&mut self, ctx: &Context, keeper: Keeper) {
        match keeper.memory() {
            Some(memory) => {
                ctx.set_theme(ThemePreference::from(memory.theme));
                ctx.set_zoom_factor(memory.zoom);
                self.arrangement = Arrangement::of(memory.arrangement.as_ref());
                match memory.lesson.as_deref().map(Path::new) {
                    Some(path) if path.is_absolute() => self.lessons.open_path(path),
                    _ => memory.lesson.iter().for_each(|name| self.lessons.open(name)),
                }
                if memory.shows_lessons {
                    self.arrangement.bring(Pane::Lessons);
                }
                let beside = memory.beside.clone();
                self.set_up_again(beside);
            }
            None => self.is_welcoming = true,
        }
        self.keeper = Some(keeper);
    }

    /// Adds the runs that were set up beside the one in front and had not begun.
    fn set_up_again(&mut self, beside: Vec<Beside>) {
        self.describe();
        for Beside { name, experiment } in beside.into_iter().take(MOST_RUNS - 1) {
            if let Ok(experiment) = file::parse(&experiment) {
                let new = NewRun { id: RunId::next(), name, experiment, behind: None, twin_of: None };
                self.bridge.send(Command::Add(Box::new(new)));
            }
        }
    }

    /// Those runs as they are to be set up again.
    fn beside(&self) -> Vec<Beside> {
        let others = self.snapshot.runs.iter().filter(|run| run.id != self.front.id && !run.has_begun);
        let noted = others.map(|run| Beside {
            name: run.name.clone(),
            experiment: file::write(self.front.experiment(run, &self.editor)),
        });
        noted.collect()
    }

    /// Keeps what has changed since it was looked last, some seconds ago.
    pub(super) fn keep(&mut self, ctx: &Context) {
        let Some(keeper) = &self.keeper else { return };
        match keeper.wait() {
            // A frame will come by then in any case, so that the last change is not missed.
            Some(rest) => ctx.request_repaint_after(rest),
            None => self.keep_now(ctx),
        }
    }

    /// Keeps what the window looks like, as when it is closed.
    pub(super) fn keep_now(&mut self, ctx: &Context) {
        let zoom = if self.is_presenting { ctx.zoom_factor() / theme::PRESENTING } else { ctx.zoom_factor() };
        let memory = Memory {
            theme: ctx.options(|options| options.theme_preference).into(),
            zoom,
            shows_lessons: self.arrangement.shows(Pane::Lessons),
            lesson: self.lessons.asked().map(String::from),
            experiment: Some(file::write(&self.editor.experiment)),
            text: self.editor.written_text().map(String::from),
            file: self.editor.file.clone(),
            beside: self.beside(),
            arrangement: self.arrangement.plan(),
        };
        // Before the first page was answered, the next start is the first one again.
        if let Some(keeper) = self.keeper.as_mut().filter(|_| !self.is_welcoming) {
            keeper.keep(memory);
        }
    }

    /// The page of the first start, while it is open.
    pub(super) fn welcome_ui(&mut self, ctx: &Context, requests: &mut Vec<Request>) {
        match welcome::welcome_ui(ctx) {
            Answer::Open => return,
            Answer::Look => {}
            Answer::Train => requests.push(Request::Do(Action::PlayPause)),
            Answer::Lessons => self.arrangement.bring(Pane::Lessons),
        }
        self.is_welcoming = false;
    }
}
