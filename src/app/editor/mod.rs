//! The experiment under the hands of a person: its edits, their undoing, and what the network costs at every
//! moment. Knows nothing of how it is drawn.

pub mod costs;
pub mod edit;
pub mod history;
mod memory;
pub mod table;
mod task;
pub mod tree;
mod written;

use std::path::PathBuf;

use crate::engine::Footprint;
use crate::experiment::presets::blocks::Block;
use crate::experiment::{Experiment, Layer, LayerId, Loss, Network, NetworkChoice, Problem, Train};
use crate::graph::Goal;
use crate::graph::advice::{self, Remedy};
use costs::Costs;
use edit::Edit;
use history::{Gesture, History};
pub use memory::Room;
use memory::counted;
use table::Table;
use task::{GREY, resized};
pub use task::{Task, expected};
use tree::{ListId, Place};
use written::{Draft, Typed};

/// Where something stands that keeps a net from being trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The card of a layer.
    Layer(LayerId),
    /// The card of the loss, below all layers.
    Loss,
    /// The card of the pictures, above all layers.
    Pictures,
    /// The list of data sets, or what is done to the pictures there.
    Library,
    /// The size of a batch.
    Batch,
}

pub struct Editor {
    /// What the panels read and write. [`Editor::note`] finds out what they did.
    pub experiment: Experiment,
    /// The layer that the keyboard acts on.
    pub selected: Option<LayerId>,
    /// The file it was read from or written to last.
    pub file: Option<PathBuf>,
    /// What training may take of memory.
    pub room: Room,
    task: Task,
    /// Of which pictures, and resized to what, the task was foreseen last.
    foreseen: (String, Option<[usize; 2]>),
    /// What [`Editor::layers`] was made from.
    resolved: (NetworkChoice, Task, Loss),
    layers: Vec<Layer>,
    costs: Costs,
    /// What training takes of memory, and what it was counted for; none for a net that is not possible, or
    /// too deep to count while a person waits.
    footprint: (Option<Footprint>, Train, Room),
    /// Why the experiment's network cannot be had for these pictures at all.
    mismatch: Option<Problem>,
    /// The text of its file, where that is not what the program would write.
    typed: Option<Typed>,
    history: History<Draft>,
    saved: Draft,
}

impl Editor {
    pub fn new(experiment: Experiment) -> Self {
        let task = expected(&experiment.data).unwrap_or(GREY);
        let foreseen = (experiment.data.source.clone(), experiment.data.size);
        let draft = Draft { experiment: experiment.clone(), text: None };
        let mut editor = Self {
            history: History::new(draft.clone()),
            saved: draft,
            typed: None,
            resolved: (experiment.network.clone(), task, experiment.train.loss),
            experiment,
            selected: None,
            file: None,
            room: Room::default(),
            task,
            foreseen,
            layers: Vec::new(),
            costs: Costs::default(),
            footprint: (None, Train::default(), Room::default()),
            mismatch: None,
        };
        editor.resolve();
        editor
    }

    /// The layers as they are shown: those of the experiment, or those that its preset stands for.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// All layers with what is known of each.
    pub fn table(&self) -> Table {
        let network = Network { input: self.task.input, layers: self.layers.clone() };
        Table::new(&network, &self.goal(), &self.costs.advice)
    }

    pub fn footprint(&self) -> Option<Footprint> {
        self.footprint.0
    }

    pub fn task(&self) -> Task {
        self.task
    }

    /// What the network must be made for with the loss that is chosen.
    pub fn goal(&self) -> Goal {
        let Task { n_classes, labels, .. } = self.task;
        Goal { loss: self.experiment.train.loss, labels, n_classes }
    }

    pub fn mismatch(&self) -> Option<&Problem> {
        self.mismatch.as_ref()
    }

    /// What keeps the network from being trained, in a sentence.
    pub fn obstacle(&self) -> Option<String> {
        self.fault().map(|(_, message)| message)
    }

    /// The same, and where it is told and can be mended.
    pub fn fault(&self) -> Option<(Fault, String)> {
        let loss = || Some((Fault::Loss, self.goal().check().err()?.message));
        let pictures = || Some((Fault::Pictures, self.mismatch.as_ref()?.message.clone()));
        let shape = || {
            let problem = self.costs.problem.as_ref()?;
            // What is about no layer in particular is told at the end of them.
            Some((problem.layer.map_or(Fault::Loss, Fault::Layer), problem.message.clone()))
        };
        loss().or_else(pictures).or_else(shape)
    }

    /// The pictures have turned out to be these.
    pub fn set_task(&mut self, task: Task) {
        self.task = task;
        self.refresh();
    }

    /// Other pictures are asked for than those that are there: what they will be like, as far as that is known before
    /// they have been read.
    pub fn foresee(&mut self) {
        let data = &self.experiment.data;
        if self.foreseen.0 == data.source && self.foreseen.1 == data.size {
            return;
        }
        let resized = |task: Task| Task { input: resized(task.input, data.size), ..task };
        let task = expected(data).unwrap_or_else(|| resized(self.task));
        self.foreseen = (data.source.clone(), data.size);
        self.set_task(task);
    }

    /// The layers, to change their settings in place, and what they cost. Whoever changed any calls
    /// [`Editor::layers_changed`].
    pub fn layers_and_costs(&mut self) -> (&mut Vec<Layer>, &Costs) {
        (&mut self.layers, &self.costs)
    }

    /// The layers were changed: the experiment follows. A preset that is changed becomes a network of its own.
    pub fn layers_changed(&mut self) {
        let input = match self.experiment.network {
            NetworkChoice::Layers { input, .. } => input,
            NetworkChoice::Preset(_) => None,
        };
        self.experiment.network = NetworkChoice::Layers { input, layers: self.layers.clone() };
        self.resolved = self.to_resolve();
        self.survey();
    }

    pub fn apply(&mut self, edit: Edit) {
        if let Some(selected) = edit.apply(&mut self.layers) {
            self.selected = selected;
            self.layers_changed();
        }
    }

    /// Puts a ready-made block into a gap, for as many channels as reach it.
    pub fn insert_block(&mut self, place: Place, block: &Block) {
        let reaching = self.costs.reaching(&self.layers, place).unwrap_or(self.task.input);
        self.apply(Edit::InsertAll(place, block.layers(reaching.channels)));
    }

    /// Does what a piece of advice asks for.
    pub fn mend(&mut self, remedy: Remedy) {
        let behind = |place: Place| Place { index: place.index + 1, ..place };
        match remedy {
            Remedy::InsertBehind(id, kind) => {
                if let Some(place) = tree::place_of(&self.layers, id) {
                    self.apply(Edit::Insert(behind(place), kind));
                }
            }
            Remedy::Append(kind) => {
                let place = Place { list: ListId::default(), index: self.layers.len() };
                self.apply(Edit::Insert(place, kind));
            }
            Remedy::Remove(id) => self.apply(Edit::Remove(id)),
            Remedy::Change(id, kind, _) => self.apply(Edit::Change(id, kind)),
            Remedy::Batch(batch) => self.experiment.train.batch = batch,
        }
    }

    /// Opens another experiment; the one before can be had back by undo.
    pub fn open(&mut self, experiment: Experiment, file: Option<PathBuf>) {
        self.experiment = experiment;
        self.typed = None;
        self.saved = self.draft();
        self.file = file;
        self.selected = None;
        self.refresh();
    }

    /// [`Editor::open`], with the text that the file has.
    pub fn open_text(&mut self, experiment: Experiment, text: &str, file: PathBuf) {
        self.open(experiment, Some(file));
        self.hold_text(text);
        self.saved = self.draft();
    }

    /// The text has been written to `file`.
    pub fn saved_as(&mut self, file: PathBuf) {
        self.saved = self.draft();
        self.file = Some(file);
    }

    /// Whether there is anything that no file holds.
    pub fn is_modified(&self) -> bool {
        !self.is(&self.saved)
    }

    /// Takes note of what the panels did, once a frame; whether that was anything.
    pub fn note(&mut self, gesture: Option<Gesture>) -> bool {
        self.refresh();
        self.keep_text_in_step();
        !self.is(self.history.present()) && self.history.note(&self.draft(), gesture)
    }

    /// What was asked for is not to be had, and this is had instead. Undoing goes back to what was before.
    pub fn take_back(&mut self, kept: &Experiment) {
        self.experiment = kept.clone();
        self.refresh();
        self.keep_text_in_step();
        self.history.amend(&self.draft());
    }

    pub fn undo(&mut self) {
        if let Some(draft) = self.history.undo() {
            self.return_to(draft);
        }
    }

    pub fn redo(&mut self) {
        if let Some(draft) = self.history.redo() {
            self.return_to(draft);
        }
    }

    pub fn can_undo(&self) -> bool {
        self.history.can_undo()
    }

    pub fn can_redo(&self) -> bool {
        self.history.can_redo()
    }

    /// Selects the layer `by` places further in the order of reading; the first where none is selected.
    pub fn select_next(&mut self, by: isize) {
        let order = tree::in_order(&self.layers);
        let now = self.selected.and_then(|id| order.iter().position(|&other| other == id));
        let next = now.map_or(0, |now| now.saturating_add_signed(by).min(order.len().saturating_sub(1)));
        self.selected = order.get(next).copied();
    }

    fn return_to(&mut self, draft: Draft) {
        self.experiment = draft.experiment;
        self.take_text(draft.text);
        self.refresh();
        if self.selected.is_some_and(|id| tree::find(&self.layers, id).is_none()) {
            self.selected = None;
        }
    }

    /// Brings layers and costs up to date with experiment and pictures.
    fn refresh(&mut self) {
        let (network, task, loss) = &self.resolved;
        let train = &self.experiment.train;
        if *network != self.experiment.network || *task != self.task || *loss != train.loss {
            self.resolved = self.to_resolve();
            self.resolve();
        } else if self.footprint.1 != self.experiment.train || self.footprint.2 != self.room {
            self.count_memory();
        }
    }

    fn to_resolve(&self) -> (NetworkChoice, Task, Loss) {
        (self.experiment.network.clone(), self.task, self.experiment.train.loss)
    }

    fn resolve(&mut self) {
        let goal = self.goal();
        match self.experiment.network.network(self.task.input, goal.n_outputs()) {
            Ok(network) => (self.layers, self.mismatch) = (network.layers, None),
            Err(problem) => {
                self.layers = match &self.experiment.network {
                    NetworkChoice::Layers { layers, .. } => layers.clone(),
                    NetworkChoice::Preset(_) => Vec::new(),
                };
                self.mismatch = Some(problem);
            }
        }
        self.survey();
    }

    fn survey(&mut self) {
        let network = Network { input: self.task.input, layers: std::mem::take(&mut self.layers) };
        self.costs = Costs::of(&network, &self.goal());
        self.layers = network.layers;
        self.count_memory();
    }

    /// Counts what training takes and gathers what can be said against it: whatever depends on how the net is
    /// trained.
    fn count_memory(&mut self) {
        let train = self.experiment.train.clone();
        let (goal, is_possible) = (self.goal(), self.obstacle().is_none());
        let network = Network { input: self.task.input, layers: std::mem::take(&mut self.layers) };
        let footprint = counted(&network, goal, &self.experiment, self.room).filter(|_| is_possible);
        self.costs.advice = match is_possible {
            true => advice::advise(&network, &goal, &train),
            false => Vec::new(),
        };
        let too_much = footprint.and_then(|needed| {
            memory::advice(needed, self.room.left()?, train.batch, |batch| {
                counted(&network, goal, &memory::with_batch(&self.experiment, batch), self.room)
            })
        });
        self.costs.advice.extend(too_much);
        self.layers = network.layers;
        self.footprint = (footprint, train, self.room);
    }
}

#[cfg(test)]
mod tests;
