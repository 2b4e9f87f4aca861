//! Running through a split in test mode, every picture once.

use std::sync::Arc;

use super::TrainError;
use crate::engine::{self, Device, Memory, Metrics, Pictures, Plan, StepTable};
use crate::experiment::Augment;
use crate::graph::program::{Feed, Mode, Program, Request};
use crate::graph::{Goal, Graph};

/// What a whole split said.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Evaluation {
    /// Mean loss over all answers.
    pub loss: f64,
    /// Share of wrong answers, 0 to 1.
    pub error: f64,
    pub n_pictures: usize,
    /// Answers given: one for each picture that has one class, for each tag, for each pixel that counts.
    pub n_answers: u64,
}

/// Pictures in a batch of an evaluation, at most.
const MOST_IN_BATCH: usize = 128;

/// Bytes that the values of a batch may take together, as long as it has more than one picture.
const MOST_BYTES: u64 = 512 << 20;

/// How many pictures to answer for at a time: a power of two that follows from the net alone, so that the same
/// net gives the same numbers to the last bit wherever there is room for it.
pub fn fitting_batch(graph: &Graph, goal: Goal) -> usize {
    let bytes_each = engine::transient_bytes(&test_program(graph, goal, 1)).max(1);
    let most = (MOST_BYTES / bytes_each).clamp(1, MOST_IN_BATCH as u64);
    1 << most.ilog2()
}

/// Answers for a batch, and their loss, in test mode.
pub fn test_program(graph: &Graph, goal: Goal, batch: usize) -> Program {
    let request = Request {
        batch,
        mode: Mode::Test,
        feed: Feed::DataSet { augment: Augment::default() },
        loss: Some(goal),
        gradients: false,
        update: None,
        wanted: Vec::new(),
    };
    Program::new(graph, &request)
}

/// Goes through a split batch by batch; the last batch has what is left.
pub struct Evaluator {
    batch: usize,
    /// A plan for full batches and one for the rest, where there are any.
    full: Option<Box<dyn Plan>>,
    rest: Option<Box<dyn Plan>>,
    n_pictures: usize,
    /// The next picture.
    next: usize,
    /// Sums over the batches gone through: of the losses of all answers, of the wrong ones, of all.
    loss: f64,
    n_wrong: f64,
    n_answers: f64,
}

impl Evaluator {
    /// For the `n_pictures` of `pictures`, over the weights and running statistics in `memory`.
    pub fn new(
        graph: &Graph,
        goal: Goal,
        device: &dyn Device,
        memory: &Arc<dyn Memory>,
        pictures: &Arc<dyn Pictures>,
        n_pictures: usize,
    ) -> Result<Self, TrainError> {
        let plan = |batch: usize| -> Result<Option<Box<dyn Plan>>, TrainError> {
            match batch {
                0 => Ok(None),
                _ => Ok(Some(device.plan(&test_program(graph, goal, batch), memory, Some(pictures))?)),
            }
        };
        let batch = fitting_batch(graph, goal);
        Ok(Self {
            batch,
            full: plan(if n_pictures >= batch { batch } else { 0 })?,
            rest: plan(n_pictures % batch)?,
            n_pictures,
            next: 0,
            loss: 0.0,
            n_wrong: 0.0,
            n_answers: 0.0,
        })
    }

    /// Back to the first picture.
    pub fn begin(&mut self) {
        (self.next, self.loss, self.n_wrong, self.n_answers) = (0, 0.0, 0.0, 0.0);
    }

    /// One more batch; the result after the last.
    pub fn advance(&mut self) -> Result<Option<Evaluation>, TrainError> {
        let batch = (self.n_pictures - self.next).min(self.batch);
        let plan = if batch == self.batch { &mut self.full } else { &mut self.rest };
        if let Some(plan) = plan {
            plan.run(&[StepTable { first: self.next as u32, ..StepTable::default() }])?;
            for Metrics { loss, n_wrong, n_answers } in plan.take_metrics(true)? {
                self.loss += loss as f64 * n_answers as f64;
                self.n_wrong += n_wrong as f64;
                self.n_answers += n_answers as f64;
            }
        }
        self.next += batch;
        // Where nothing counts, nothing is wrong.
        let n = self.n_answers.max(1.0);
        Ok((self.next == self.n_pictures).then(|| Evaluation {
            loss: self.loss / n,
            error: self.n_wrong / n,
            n_pictures: self.n_pictures,
            n_answers: self.n_answers as u64,
        }))
    }
}
