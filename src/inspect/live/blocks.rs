//! What a net is worth without each of its blocks, see [`removal`](crate::inspect::removal), and with identity layers
//! set into it, see [`insertion`](crate::inspect::insertion).

use std::time::Duration;

use super::{Pass, Passes, pictures};
use crate::engine::{Part, PictureSource};
use crate::graph::program::Placement;
use crate::inspect::batch::Batch;
use crate::inspect::insertion::{Comparison, Form, Insertion, InsertionProblem, Place, deeper, weighted};
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::removal::{Block, Removal, Without, blocks};
use crate::inspect::values::Showing;
use crate::train::Net;
use crate::train::evaluate::Evaluator;
use crate::train::weights::Numbers;

/// Removes each block in turn.
pub struct Removing(Passes<Removed>);

impl Removing {
    pub fn new(n_pictures: usize) -> Self {
        Self(Passes::new(n_pictures))
    }
}

impl Instrument for Removing {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        self.0.go_on(subject, span)
    }
}

/// Sets identity layers in.
pub struct Inserting(Passes<Deepened>);

impl Inserting {
    pub fn new(n_layers: usize, n_pictures: usize) -> Self {
        Self(Passes::new((n_layers, n_pictures)))
    }
}

impl Instrument for Inserting {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        self.0.go_on(subject, span)
    }
}

/// A net made deeper, held against what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Inserted {
    pub form: Form,
    pub places: Vec<Place>,
    /// Layers with weights, before and after.
    pub n_weighted: [usize; 2],
    pub comparison: Comparison,
    /// The share of wrong answers before and after, where pictures have one class each.
    pub errors: Option<[f64; 2]>,
}

/// The net as it stands, apart from its run.
fn net(subject: &Subject<'_>) -> Result<Net, LookError> {
    let set = pictures(subject)?;
    let goal = set.goal(subject.experiment.train.loss);
    let network = subject.experiment.network.network(set.extent, goal.n_outputs());
    Ok(Net {
        experiment: subject.experiment.clone(),
        network: network.map_err(|problem| LookError::Train(problem.into()))?,
        graph: subject.graph.clone(),
        numbers: Numbers::read_from(subject.graph, subject.placement, &**subject.memory)?,
        classes: subject.classes.to_vec(),
        normalisation: (**subject.normalisation).clone(),
    })
}

/// Puts other numbers in the place of the net's.
type Laying = Box<dyn Fn(&Numbers) -> Result<(), LookError> + Send>;

struct Removed {
    net: Net,
    blocks: Vec<Block>,
    lay: Laying,
    evaluator: Evaluator,
    found: Removal,
    /// Evaluations that are done: the first is that of the whole net.
    n_done: usize,
}

impl Pass for Removed {
    type Question = usize;

    fn begin(n_pictures: &usize, subject: &Subject<'_>) -> Result<Self, LookError> {
        let set = pictures(subject)?;
        let net = net(subject)?;
        let blocks = blocks(&net.graph);
        if blocks.is_empty() {
            return Err(LookError::Impossible(
                "This net has no block that can be removed: neither branches that are added, nor convolutions that \
                 keep the shape of their maps."
                    .into(),
            ));
        }
        let n = set.test.len().min(*n_pictures);
        let placement = Placement::forward_only(&net.graph);
        let memory = subject.device.memory(&placement)?;
        let source = PictureSource {
            set: set.clone(),
            part: Part::Test,
            normalisation: subject.normalisation.clone(),
        };
        let shown = subject.device.pictures(&source)?;
        let goal = set.goal(net.experiment.train.loss);
        let evaluator = Evaluator::new(&net.graph.fused(), goal, &**subject.device, &memory, &shown, n)?;
        let graph = net.graph.clone();
        let lay = move |numbers: &Numbers| Ok(numbers.write_to(&graph, &placement, &*memory)?);
        lay(&net.numbers)?;
        let found = Removal { n_pictures: n, error: f64::NAN, blocks: Vec::new() };
        Ok(Self { net, blocks, lay: Box::new(lay), evaluator, found, n_done: 0 })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        let Some(evaluation) = self.evaluator.advance()? else { return Ok(false) };
        match self.n_done.checked_sub(1).and_then(|i| self.blocks.get(i)) {
            None => self.found.error = evaluation.error,
            Some(block) => self.found.blocks.push(Without::of(block, evaluation.error)),
        }
        self.n_done += 1;
        let Some(next) = self.blocks.get(self.n_done - 1) else { return Ok(true) };
        (self.lay)(&next.removed(&self.net))?;
        self.evaluator.begin();
        Ok(false)
    }

    fn view(&self) -> Option<View> {
        (!self.found.blocks.is_empty()).then(|| View::Removal(self.found.clone()))
    }
}

/// Pictures shown at a time, and training pictures that normalisations are measured on.
const BATCH: usize = 50;
const MEASURED_ON: usize = 64;

struct Deepened {
    before: Showing,
    after: Showing,
    pictures: Batch,
    classes: Option<Vec<u16>>,
    n_answers: usize,
    n_seen: usize,
    answers: [Vec<f32>; 2],
    found: Inserted,
}

impl Pass for Deepened {
    /// Layers, and pictures.
    type Question = (usize, usize);

    fn begin((n_layers, n_pictures): &(usize, usize), subject: &Subject<'_>) -> Result<Self, LookError> {
        let set = pictures(subject)?;
        let net = net(subject)?;
        let is_residual = net.graph.layers.iter().any(|report| report.kind == "add");
        let form = if is_residual { Form::Residual } else { Form::Plain };
        // Residual identities have two layers each.
        let n_layers = if is_residual { (n_layers.div_ceil(2) * 2).max(2) } else { *n_layers };
        let loss = net.experiment.train.loss;
        let first = |n, split| Batch::first(n, set, split, loss, subject.normalisation);
        let insertion = Insertion { n_layers, form };
        let measured = first(MEASURED_ON, &set.train);
        let deeper =
            deeper(&net, insertion, &measured, &**subject.device).map_err(|problem| match problem {
                InsertionProblem::Train(error) => LookError::Train(error),
                problem => LookError::Impossible(problem.to_string()),
            })?;
        let showing = |net: &Net| -> Result<Showing, LookError> {
            let placement = Placement::forward_only(&net.graph);
            let memory = subject.device.memory(&placement)?;
            net.numbers.write_to(&net.graph, &placement, &*memory)?;
            Ok(Showing::new(&net.graph, &memory, &[net.graph.output], BATCH, &**subject.device)?)
        };
        let n_answers = net.graph.node(net.graph.output).extent.len().max(1);
        let found = Inserted {
            form,
            n_weighted: [weighted(&net.graph), weighted(&deeper.net.graph)],
            comparison: Comparison::of([Vec::new(), Vec::new()], n_answers),
            errors: None,
            places: deeper.places.clone(),
        };
        Ok(Self {
            before: showing(&net)?,
            after: showing(&deeper.net)?,
            pictures: first(*n_pictures, &set.test),
            classes: set.test.labels.classes().map(<[u16]>::to_vec),
            n_answers,
            n_seen: 0,
            answers: [Vec::new(), Vec::new()],
            found,
        })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        let each = self.pictures.extent.len();
        let end = self.pictures.n_pictures.min(self.n_seen + BATCH);
        let shown = &self.pictures.pictures[self.n_seen * each..end * each];
        for (showing, answers) in [&mut self.before, &mut self.after].into_iter().zip(&mut self.answers) {
            let values = showing.show(shown)?;
            answers.extend(values.stored.into_values().flatten());
        }
        self.n_seen = end;
        if end < self.pictures.n_pictures {
            return Ok(false);
        }
        self.found.comparison = Comparison::of(std::mem::take(&mut self.answers), self.n_answers);
        self.found.errors = self.classes.as_ref().map(|classes| self.found.comparison.errors(classes));
        Ok(true)
    }

    fn view(&self) -> Option<View> {
        let is_whole = self.n_seen == self.pictures.n_pictures;
        is_whole.then(|| View::Insertion(self.found.clone()))
    }
}
