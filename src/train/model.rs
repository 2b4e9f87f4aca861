//! A net on a device for answers only: no training plan, no gradients, no data set.

use std::sync::Arc;

use super::evaluate::{self, Evaluation, Evaluator};
use super::{Net, TrainError};
use crate::data::{DataSet, Normalisation};
use crate::engine::{Device, Memory, Part, PictureSource, Plan, StepTable, layout};
use crate::graph::program::{Feed, Mode, Placement, Program, Request, ValueId};
use crate::graph::{Goal, Graph};
use crate::tensor::Extent;

/// A net on a device, ready to be asked.
pub struct Model {
    fused: Graph,
    /// What the net answers, as far as its loss tells.
    goal: Goal,
    normalisation: Arc<Normalisation>,
    device: Arc<dyn Device>,
    memory: Arc<dyn Memory>,
}

/// Goes through pictures batch by batch, see [`Model::reader`].
pub struct Reader {
    plan: Box<dyn Plan>,
    pictures: ValueId,
    logits: ValueId,
    batch: usize,
    input: Extent,
    output: Extent,
    normalisation: Arc<Normalisation>,
}

impl Model {
    /// Lays the net on the device.
    ///
    /// # Errors
    /// A device without room.
    pub fn new(net: &Net, device: Arc<dyn Device>) -> Result<Self, TrainError> {
        let placement = Placement::forward_only(&net.graph);
        let memory = device.memory(&placement)?;
        net.numbers.write_to(&net.graph, &placement, &*memory)?;
        let normalisation = Arc::new(net.normalisation.clone());
        let goal = Goal::answering(net.experiment.train.loss, net.classes.len());
        Ok(Self { fused: net.graph.fused(), goal, normalisation, device, memory })
    }

    /// Goes through one split of a data set, whose pictures have the shape and classes of the net.
    pub fn evaluate(&self, set: &Arc<DataSet>, part: Part) -> Result<Evaluation, TrainError> {
        assert_eq!(set.extent, self.fused.input(), "the pictures have the shape that the net takes");
        let source = PictureSource { set: set.clone(), part, normalisation: self.normalisation.clone() };
        let pictures = self.device.pictures(&source)?;
        let n_pictures = source.split().len();
        let goal = set.goal(self.goal.loss);
        goal.check()?;
        let mut evaluator =
            Evaluator::new(&self.fused, goal, &*self.device, &self.memory, &pictures, n_pictures)?;
        loop {
            if let Some(found) = evaluator.advance()? {
                return Ok(found);
            }
        }
    }

    /// The most pictures that are best read at a time.
    pub fn fitting_batch(&self) -> usize {
        evaluate::fitting_batch(&self.fused, self.goal)
    }

    /// Makes ready to read pictures in batches of at most `batch`.
    pub fn reader(&self, batch: usize) -> Result<Reader, TrainError> {
        let request = Request {
            batch,
            mode: Mode::Test,
            feed: Feed::Direct,
            loss: None,
            gradients: false,
            update: None,
            wanted: vec![self.fused.output],
        };
        let program = Program::new(&self.fused, &request);
        Ok(Reader {
            plan: self.device.plan(&program, &self.memory, None)?,
            pictures: program.pictures,
            logits: program.outputs[&self.fused.output],
            batch,
            input: self.fused.input(),
            output: self.fused.node(self.fused.output).extent,
            normalisation: self.normalisation.clone(),
        })
    }
}

impl Reader {
    /// What the net says of each picture of `(C, H, W)` bytes, as a data set or [`Net::read_picture`] has them: its
    /// logits, `(K)`, or whatever the last layer
    /// gives, `(K, H, W)`. Any number of pictures up to the reader's batch.
    pub fn read(&mut self, pictures: &[Vec<u8>]) -> Result<Vec<Vec<f32>>, TrainError> {
        assert!(pictures.len() <= self.batch, "a reader's batch holds the pictures");
        // The places of a batch that is not full are read too, and what comes of them is dropped: in test
        // mode no picture has a say in the others' logits.
        let mut numbers = Vec::with_capacity(self.batch * self.input.len());
        pictures.iter().for_each(|bytes| numbers.extend(self.normalisation.apply(self.input, bytes)));
        numbers.resize(self.batch * self.input.len(), 0.0);
        self.plan.write(self.pictures, &layout::maps_to_storage(&numbers, self.input))?;
        self.plan.run(&[StepTable::default()])?;
        let logits = layout::maps_from_storage(&self.plan.read(self.logits)?, self.output);
        Ok(logits.chunks_exact(self.output.len()).take(pictures.len()).map(<[f32]>::to_vec).collect())
    }
}
