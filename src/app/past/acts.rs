//! What is done with runs of the past on request.

use std::collections::HashMap;
use std::path::PathBuf;

use egui::Context;

use super::State;
use crate::app::editor::Editor;
use crate::app::widgets::Gravity;
use crate::app::workshop::Workshop;
use crate::experiment::{Experiment, shipped};
use crate::session::{Command, MOST_RUNS, NewRun, OpenRun, RunId};
use crate::train::folder::{self, Open, Past, PastState};

/// What is under the hands of a person before runs of the past are opened.
struct Front {
    experiment: Experiment,
    /// As it was written by hand.
    text: Option<String>,
    file: Option<PathBuf>,
}

impl Front {
    fn of(workshop: &Workshop) -> Self {
        let editor = &workshop.editor;
        Self {
            experiment: editor.experiment.clone(),
            text: editor.written_text().map(String::from),
            file: editor.file.clone(),
        }
    }
}

/// Whether it is a click away in any case.
fn is_shipped(experiment: &Experiment) -> bool {
    shipped::names().any(|name| shipped::get(name).as_ref() == Some(experiment))
}

impl Workshop {
    /// Keeps the runs of this window there, and offers those that were open when the last one ended.
    pub fn keep_in(mut self, home: Option<PathBuf>) -> Self {
        self.past = State { in_front: self.past.in_front.take(), ..State::new(home) };
        self.bridge.send(Command::Keep(self.past.keeping.clone()));
        self
    }

    /// Opens runs of the past, the first in front. Those of one party go in lockstep again.
    pub(in crate::app) fn go_on(&mut self, runs: Vec<Past>) {
        self.describe();
        let untouched = self.untouched();
        let n_left = MOST_RUNS - self.snapshot.runs.len();
        if runs.len() > n_left {
            let text = format!(
                "There is room for {} only. Remove some first.",
                crate::app::format::counted(n_left as u64, "more run")
            );
            return self.status.say(Gravity::Problem, text);
        }
        let front = Front::of(self);
        let was_in_front = self.past.in_front.take();
        let is_same = |past: &Past| match &was_in_front {
            Some(path) => past.path == *path,
            None => past.experiment.as_deref() == Some(&front.experiment),
        };
        let is_worth_keeping = self.snapshot.runs.len() > 1 || !is_shipped(&front.experiment);
        let mut is_left = front.text.is_some() || is_worth_keeping;
        let mut parties: HashMap<u64, RunId> = HashMap::new();
        let mut to_front = None;
        for past in runs {
            let is_front = is_same(&past);
            let Some(experiment) = past.experiment else { continue };
            let open = past.open.unwrap_or_else(|| Open { name: past.title.clone(), ..Open::default() });
            let id = RunId::next();
            let twin_of =
                open.party.map(|party| *parties.entry(party).or_insert(id)).filter(|twin| *twin != id);
            let trains = open.trains && past.state == PastState::Interrupted;
            let mut editor = Editor::new((*experiment).clone());
            let own = || front.text.clone().filter(|_| is_front && front.experiment == *experiment);
            let written = folder::written(&past.path).or_else(own);
            written.iter().for_each(|text| editor.take_up(text));
            if is_front {
                editor.file.clone_from(&front.file);
                is_left &= was_in_front.is_none() && written != front.text;
            }
            self.front.put(id, editor);
            let new =
                NewRun { id, name: open.name, experiment: (*experiment).clone(), behind: None, twin_of };
            let open = OpenRun { new: Box::new(new), path: past.path, trains };
            self.bridge.send(Command::Open(Box::new(open)));
            if is_front || to_front.is_none() {
                to_front = Some((id, experiment));
            }
        }
        let Some((id, experiment)) = to_front else { return };
        self.front.bring(id, &mut self.editor, || (*experiment).clone());
        // Where it was changed since, the session is told of that next.
        self.told = Some((id, *experiment));
        self.bridge.send(Command::Select(id));
        // What stood there so that there was something is not needed any more.
        if let Some(id) = untouched.filter(|_| !is_left) {
            self.bridge.send(Command::Remove(id));
        }
        self.past.look_again();
    }

    /// The run in front, where nothing has been done with it.
    fn untouched(&self) -> Option<RunId> {
        let run = self.snapshot.run()?;
        let is_as_it_was = !run.has_begun && !run.activity.is_work() && !self.editor.can_undo();
        is_as_it_was.then_some(run.id)
    }

    /// Notes that these are not open any more.
    pub(in crate::app) fn put_away(&mut self, runs: Vec<Past>) {
        self.past.in_front = None;
        for past in runs {
            if let Err(error) = folder::put_away(&past.path) {
                self.status.say(Gravity::Warning, error.to_string());
            }
        }
        self.past.look_again();
    }

    pub(in crate::app) fn delete_run(&mut self, path: &std::path::Path) {
        self.training.curves.unpin_path(path);
        if let Err(error) = folder::delete(path) {
            self.status.say(Gravity::Problem, error.to_string());
        }
        self.past.look_again();
    }

    /// Draws the curves of a past run beside those of the present ones, once they are read.
    pub(in crate::app) fn compare(&mut self, ctx: &Context, path: PathBuf) {
        let (sender, ctx) = (self.training.curves.arriving(), ctx.clone());
        let work = move || {
            let read = folder::look(&path).map_err(|error| error.to_string());
            // The window may have been closed meanwhile; then nobody wants them.
            let _ = sender.send((path, read));
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("past curves".into()).spawn(work) {
            self.status.say(Gravity::Problem, format!("The system gives no thread to read in: {error}."));
        }
    }
}
