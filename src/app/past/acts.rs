//! What is done with runs of the past on request.

use std::collections::HashMap;
use std::path::PathBuf;

use egui::Context;

use super::State;
use crate::app::widgets::Gravity;
use crate::app::workshop::Workshop;
use crate::session::{Command, MOST_RUNS, NewRun, OpenRun, RunId};
use crate::train::folder::{self, Open, Past, PastState};

impl Workshop {
    /// Keeps the runs of this window there, and offers those that were open when the last one ended.
    pub fn keep_in(mut self, home: Option<PathBuf>) -> Self {
        self.past = State::new(home);
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
        // What was written by hand stands beside the run whose experiment it says, or else stays where it is.
        let text = self.editor.written_text().map(String::from);
        let file = self.editor.file.clone();
        let said = self.editor.experiment.clone();
        let is_same = |past: &Past| past.experiment.as_deref() == Some(&said);
        let is_needed = self.snapshot.runs.len() > 1 && !runs.iter().any(is_same);
        let mut is_left = is_needed || text.is_some();
        let mut parties: HashMap<u64, RunId> = HashMap::new();
        let mut first = None;
        for past in runs {
            let Some(experiment) = past.experiment else { continue };
            let open = past.open.unwrap_or_else(|| Open { name: past.title.clone(), ..Open::default() });
            let id = RunId::next();
            let twin_of =
                open.party.map(|party| *parties.entry(party).or_insert(id)).filter(|twin| *twin != id);
            let trains = open.trains && past.state == PastState::Interrupted;
            let new =
                NewRun { id, name: open.name, experiment: (*experiment).clone(), behind: None, twin_of };
            let open = OpenRun { new: Box::new(new), path: past.path, trains };
            self.bridge.send(Command::Open(Box::new(open)));
            if first.is_none() {
                first = Some(id);
                self.front.bring(id, &mut self.editor, || (*experiment).clone());
                self.told = Some((id, (*experiment).clone()));
                self.bridge.send(Command::Select(id));
                if said == *experiment {
                    self.editor.file.clone_from(&file);
                    text.iter().for_each(|text| self.editor.take_up(text));
                    is_left = is_needed;
                }
            }
        }
        // What stood there so that there was something is not needed any more.
        if let Some(id) = untouched.filter(|_| first.is_some() && !is_left) {
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
