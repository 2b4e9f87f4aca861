//! Which run is in front, and the experiments of the others under the hands of a person: each run keeps its
//! own selection and its own undoing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::app::editor::Editor;
use crate::experiment::Experiment;
use crate::session::{RunId, RunSnapshot, Snapshot};

pub struct Front {
    /// The run in front, whose editor the window holds.
    pub id: RunId,
    others: HashMap<RunId, Editor>,
    /// Those of the others that the session has been asked for and does not know yet.
    expected: HashSet<RunId>,
}

impl Default for Front {
    /// Before any run is there.
    fn default() -> Self {
        Self::new(RunId::next())
    }
}

impl Front {
    pub fn new(id: RunId) -> Self {
        Self { id, others: HashMap::new(), expected: HashSet::new() }
    }

    /// This is how a run that the session has just been asked for is edited.
    pub fn put(&mut self, id: RunId, editor: Editor) {
        self.others.insert(id, editor);
        self.expected.insert(id);
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
        self.expected.retain(|id| snapshot.run_of(*id).is_none());
        let expected = &self.expected;
        self.others
            .retain(|id, _| snapshot.run_of(*id).is_some() || removed == Some(*id) || expected.contains(id));
    }

    /// The snapshot as it will be once the session has heard which run is in front.
    pub fn seen(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        let is_known = snapshot.current == Some(self.id) || snapshot.run_of(self.id).is_none();
        match is_known {
            true => snapshot,
            false => Arc::new(Snapshot { current: Some(self.id), ..(*snapshot).clone() }),
        }
    }

    /// What a run is edited with; none where nobody has looked at it yet.
    pub fn editor<'a>(&'a self, id: RunId, editor: &'a Editor) -> Option<&'a Editor> {
        if id == self.id { Some(editor) } else { self.others.get(&id) }
    }

    /// The experiment that a run is to have, as it is edited now.
    pub fn experiment<'a>(&'a self, run: &'a RunSnapshot, editor: &'a Editor) -> &'a Experiment {
        self.editor(run.id, editor).map_or(&run.experiment, |editor| &editor.experiment)
    }
}
