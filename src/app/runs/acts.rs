//! What is done with runs on request: which one is in front, and which come and go.

use egui::Context;

use super::matched::Side;
use crate::app::widgets::Gravity;
use crate::app::workshop::Workshop;
use crate::experiment::Experiment;
use crate::experiment::changes::Change;
use crate::session::{Command, MOST_RUNS, NewRun, RunId, RunSnapshot};

impl Workshop {
    /// Brings a run to the front.
    pub(in crate::app) fn select(&mut self, id: RunId) {
        self.describe();
        let Some(experiment) = self.snapshot.run_of(id).map(|run| run.experiment.clone()) else { return };
        self.front.bring(id, &mut self.editor, || (*experiment).clone());
        // Where it was changed since, the session is told of that next.
        self.told = Some((id, (*experiment).clone()));
        self.bridge.send(Command::Select(id));
    }

    pub(in crate::app) fn select_next_run(&mut self, by: isize) {
        let runs = &self.snapshot.runs;
        let Some(now) = runs.iter().position(|run| run.id == self.front.id) else { return };
        let next = (now as isize + by).rem_euclid(runs.len() as isize) as usize;
        self.select(runs[next].id);
    }

    /// Adds a run and brings it to the front.
    fn add_run(&mut self, new: NewRun) {
        if !self.has_room(1) {
            return;
        }
        let (id, experiment) = (new.id, new.experiment.clone());
        self.describe();
        self.bridge.send(Command::Add(Box::new(new)));
        self.front.bring(id, &mut self.editor, || experiment.clone());
        self.told = Some((id, experiment));
        self.bridge.send(Command::Select(id));
    }

    /// Whether there may be so many runs more; says so where not.
    fn has_room(&mut self, n: usize) -> bool {
        let has_room = self.snapshot.runs.len() + n <= MOST_RUNS;
        if !has_room {
            let text = format!("There may be {MOST_RUNS} runs at most. Remove some first.");
            self.status.say(Gravity::Problem, text);
        }
        has_room
    }

    /// Adds twins of the run in front. One alone comes to the front; where the run is at work, they join it.
    pub(in crate::app) fn add_beside(&mut self, ctx: &Context, changes: Vec<Change>) {
        if !self.has_room(changes.len()) {
            return;
        }
        self.describe();
        let (front, is_alone) = (self.front.id, changes.len() == 1);
        let own = |run: &RunSnapshot| (run.name.clone(), run.activity.is_work());
        let (name, is_at_work) = self.snapshot.run().map(own).unwrap_or_default();
        let (own, task) = (self.editor.experiment.clone(), self.editor.task());
        let mut behind = front;
        for change in changes {
            let Change { name: label, experiment, .. } = change;
            let id = RunId::next();
            let sides = [(name.clone(), own.clone()), (label.clone(), experiment.clone())];
            let sides = sides.map(|(name, experiment)| Side { name, experiment });
            self.training.runs.matching.begin(ctx, id, sides, task);
            let new = NewRun { id, name: label, experiment, behind: Some(behind), twin_of: Some(front) };
            behind = id;
            match is_alone {
                true => self.add_run(new),
                false => self.bridge.send(Command::Add(Box::new(new))),
            }
        }
        if is_at_work {
            self.bridge.send(Command::Play(front));
        }
    }

    /// The changed experiment becomes a run of its own, and the one in front goes back to what it trained.
    pub(in crate::app) fn start_beside(&mut self) {
        let Some(run) = self.snapshot.run().cloned() else { return };
        if !self.has_room(1) {
            return;
        }
        let changed = std::mem::replace(&mut self.editor.experiment, (*run.experiment).clone());
        let id = RunId::next();
        let name = format!("{} changed", run.name);
        let new = NewRun { id, name, experiment: changed, behind: Some(run.id), twin_of: None };
        self.add_run(new);
        self.bridge.send(Command::Play(id));
    }

    /// Adds a run of the same experiment, named after it.
    pub(in crate::app) fn duplicate_run(&mut self, of: RunId) {
        let Some(run) = self.snapshot.run_of(of) else { return };
        let experiment = self.front.experiment(run, &self.editor).clone();
        let name = format!("{} copy", run.name);
        self.add_run(NewRun { id: RunId::next(), name, experiment, behind: Some(of), twin_of: None });
    }

    /// Takes a run away; the one behind it comes to the front. The last one stays.
    pub(in crate::app) fn remove_run(&mut self, id: RunId) {
        let runs = &self.snapshot.runs;
        let Some(place) = runs.iter().position(|run| run.id == id).filter(|_| runs.len() > 1) else { return };
        if id == self.front.id {
            let next = runs.get(place + 1).unwrap_or(&runs[place - 1]).id;
            self.select(next);
        }
        self.bridge.send(Command::Remove(id));
    }

    /// Takes all runs away and puts these in their place, in lockstep and from the same start.
    pub(in crate::app) fn set_table(&mut self, table: Vec<(String, Experiment)>) {
        if table.is_empty() || table.len() >= MOST_RUNS {
            let text =
                format!("A table holds 1 to {} runs; this one would hold {}.", MOST_RUNS - 1, table.len());
            return self.status.say(Gravity::Problem, text);
        }
        self.describe();
        // The run in front stays until another is there.
        let old: Vec<RunId> = self.snapshot.runs.iter().map(|run| run.id).collect();
        for id in old.iter().filter(|id| **id != self.front.id) {
            self.bridge.send(Command::Remove(*id));
        }
        let last = self.front.id;
        let mut first = None;
        for (name, experiment) in table {
            let id = RunId::next();
            let new = NewRun { id, name, experiment: experiment.clone(), behind: None, twin_of: first };
            self.bridge.send(Command::Add(Box::new(new)));
            if first.is_none() {
                self.front.bring(id, &mut self.editor, || experiment.clone());
                self.told = Some((id, experiment));
                self.bridge.send(Command::Select(id));
                first = Some(id);
            }
        }
        self.bridge.send(Command::Remove(last));
    }

    pub(in crate::app) fn restore_run(&mut self) {
        let Some((id, _)) = self.snapshot.removed else { return };
        self.describe();
        self.bridge.send(Command::Restore);
        let experiment = self.editor.experiment.clone();
        self.front.bring(id, &mut self.editor, || experiment);
        self.told = Some((id, self.editor.experiment.clone()));
    }
}
