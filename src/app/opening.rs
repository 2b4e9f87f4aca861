//! How the window opens: with the page of the first start, or as it was left.

use std::collections::HashMap;
use std::path::Path;

use egui::{Context, ThemePreference};

use super::action::Action;
use super::arrangement::{Arrangement, Pane};
use super::bridge::Request;
use super::editor::Editor;
use super::memory::{Beside, Keeper, Memory, Opening};
use super::theme;
use super::welcome::{self, Answer};
use super::workshop::Workshop;
use crate::experiment::file;
use crate::session::{Command, MOST_RUNS, NewRun, RunId};
use crate::train::folder;

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
                self.set_left(memory.left);
                if memory.shows_lessons {
                    self.arrangement.bring(Pane::Lessons);
                }
                self.past.in_front.clone_from(&memory.folder);
                let (twins, beside) = (memory.twins, memory.beside.clone());
                self.describe();
                if let Some(name) = memory.name.clone() {
                    self.bridge.send(Command::Rename(self.front.id, name));
                }
                self.set_up_again(twins, beside);
            }
            None => self.is_welcoming = true,
        }
        self.keeper = Some(keeper);
    }

    /// Has training leave this share of the processor to the window.
    fn set_left(&mut self, share: f64) {
        self.device.left = share;
        self.bridge.send(Command::Leave(share));
    }

    /// Adds the runs that were set up beside the one in front and had not begun.
    fn set_up_again(&mut self, twins: Option<u64>, beside: Vec<Beside>) {
        let mut parties: HashMap<u64, RunId> =
            twins.map(|twins| (twins, self.front.id)).into_iter().collect();
        for Beside { name, experiment, twins, text, file } in beside.into_iter().take(MOST_RUNS - 1) {
            if let Ok(experiment) = file::parse(&experiment) {
                let id = RunId::next();
                self.front.put(id, Editor::open_with(Opening { experiment: experiment.clone(), text, file }));
                let twin_of =
                    twins.map(|twins| *parties.entry(twins).or_insert(id)).filter(|twin| *twin != id);
                let new = NewRun { id, name, experiment, behind: None, twin_of };
                self.bridge.send(Command::Add(Box::new(new)));
            }
        }
    }

    /// Those runs as they are to be set up again.
    fn beside(&self) -> Vec<Beside> {
        let others = self.snapshot.runs.iter().filter(|run| run.id != self.front.id && !run.has_begun);
        let noted = others.map(|run| {
            let editor = self.front.editor(run.id, &self.editor);
            Beside {
                name: run.name.clone(),
                twins: run.twins,
                experiment: file::write(self.front.experiment(run, &self.editor)),
                text: editor.and_then(|editor| editor.written_text().map(String::from)),
                file: editor.and_then(|editor| editor.file.clone()),
            }
        });
        noted.collect()
    }

    /// Keeps beside each run that has begun what was written or changed by hand and is not trained.
    fn keep_written(&mut self) {
        for run in &self.snapshot.runs {
            let Some(path) = run.kept.path.as_ref().filter(|_| run.has_begun) else { continue };
            let Some(editor) = self.front.editor(run.id, &self.editor) else { continue };
            let is_new = editor.written_text().is_some() || editor.experiment != *run.experiment;
            let written = (path.clone(), is_new.then(|| editor.text()));
            if self.written.get(&run.id) != Some(&written) {
                // What cannot be written is tried again when it changes, and the run itself tells of a full disk.
                let _ = folder::keep_written(&written.0, written.1.as_deref());
                self.written.insert(run.id, written);
            }
        }
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
        self.keep_written();
        let zoom = if self.is_presenting { ctx.zoom_factor() / theme::PRESENTING } else { ctx.zoom_factor() };
        let title = &self.editor.experiment.title;
        let memory = Memory {
            theme: ctx.options(|options| options.theme_preference).into(),
            zoom,
            shows_lessons: self.arrangement.shows(Pane::Lessons),
            lesson: self.lessons.asked().map(String::from),
            experiment: Some(file::write(&self.editor.experiment)),
            text: self.editor.written_text().map(String::from),
            file: self.editor.file.clone(),
            name: self.snapshot.run().map(|run| &run.name).filter(|name| *name != title).cloned(),
            folder: self.snapshot.begun().and_then(|run| run.kept.path.clone()),
            twins: self.snapshot.run().filter(|run| !run.has_begun).and_then(|run| run.twins),
            beside: self.beside(),
            left: self.device.left,
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
