//! Which run is in front, and the experiments of the others under the hands of a person: each run keeps its
//! own selection and its own undoing.

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::editor::Editor;
use crate::experiment::Experiment;
use crate::session::{RunId, RunSnapshot, Snapshot};

pub struct Front {
    /// The run in front, whose editor the window holds.
    pub id: RunId,
    others: HashMap<RunId, Editor>,
}

impl Default for Front {
    /// Before any run is there.
    fn default() -> Self {
        Self::new(RunId::next())
    }
}

impl Front {
    pub fn new(id: RunId) -> Self {
        Self { id, others: HashMap::new() }
    }

    /// Brings another run to the front; `editor` becomes its own. A run that has none yet is edited from the
    /// experiment it was begun with.
    pub fn bring(&mut self, id: RunId, editor: &mut Editor, experiment: impl FnOnce() -> Experiment) {
        if id == self.id {
            return;
        }
        let next = self.others.remove(&id).unwrap_or_else(|| Editor::new(experiment()));
        let before = std::mem::replace(editor, next);
        self.others.insert(self.id, before);
        self.id = id;
    }

    /// Forgets those that the session no longer knows.
    pub fn retain(&mut self, snapshot: &Snapshot) {
        let removed = snapshot.removed.as_ref().map(|(id, _)| *id);
        self.others.retain(|id, _| snapshot.run_of(*id).is_some() || removed == Some(*id));
    }

    /// The snapshot as it will be once the session has heard which run is in front.
    pub fn seen(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        let is_known = snapshot.current == Some(self.id) || snapshot.run_of(self.id).is_none();
        match is_known {
            true => snapshot,
            false => Arc::new(Snapshot { current: Some(self.id), ..(*snapshot).clone() }),
        }
    }

    /// The experiment that a run is to have, as it is edited now.
    pub fn experiment<'a>(&'a self, run: &'a RunSnapshot, editor: &'a Editor) -> &'a Experiment {
        match self.others.get(&run.id) {
            _ if run.id == self.id => &editor.experiment,
            Some(editor) => &editor.experiment,
            None => &run.experiment,
        }
    }
}
