//! The loss around the weights where they are: along lines and over planes.
//!
//! A net's loss is a surface over as many dimensions as it has weights, of which a line or a plane shows next to
//! nothing: what looks like a bowl may fall away in a direction that was not drawn, and two nets' pictures can be
//! compared only if a step in them means the same. So a random direction is normalised **filter by filter**: each
//! filter of it is made as long as the filter of the weights that it is added to, `d ← d/|d|·|w|`, because a net with
//! ReLUs or normalisations computes the same with all of a layer's weights doubled. Biases, scales and shifts stay
//! (Li, Xu, Taylor, Studer, Goldstein 2018, "Visualizing the loss landscape of neural nets", section 4).
//!
//! The loss is that of training: over a fixed batch, with batch normalisation by the batch's own statistics, so that
//! no running statistic of other weights has a say, and without augmentation.

mod direction;
mod path;
mod survey;

use std::sync::Arc;

use super::batch::Batch;
use crate::engine::{Device, EngineError, Memory, Metrics, Plan, StepTable, layout};
use crate::graph::program::{Bank, Feed, Mode, Placement, Program, Request};
use crate::graph::{Goal, Graph};
pub use direction::Direction;
pub use path::Principal;
pub use survey::{Survey, Window1};

/// The parameters of a net, each in its logical order.
pub type Weights = Vec<Vec<f32>>;

/// The loss of a net on a fixed batch, for any weights, on a memory of its own.
pub struct Landscape {
    pub n_pictures: usize,
    graph: Graph,
    placement: Placement,
    memory: Arc<dyn Memory>,
    plan: Box<dyn Plan>,
}

/// What the batch says of some weights.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Height {
    pub loss: f64,
    /// Share of wrong answers.
    pub error: f64,
}

/// Bytes that the values of a batch may take together, as long as it has more than one picture.
const MOST_BYTES: u64 = 256 << 20;

impl Landscape {
    /// Lays a batch on the device, of which so many pictures are taken as there is room for.
    ///
    /// # Errors
    /// A device without room.
    pub fn new(
        graph: &Graph,
        goal: Goal,
        pictures: &Batch,
        device: &dyn Device,
    ) -> Result<Self, EngineError> {
        let each: u64 = graph.nodes.iter().map(|node| 4 * node.extent.len() as u64).sum();
        let n = (MOST_BYTES / each.max(1)).clamp(1, pictures.n_pictures.max(1) as u64) as usize;
        let request = Request {
            batch: n,
            mode: Mode::Train,
            feed: Feed::Direct,
            loss: Some(goal),
            gradients: false,
            update: None,
            wanted: Vec::new(),
        };
        let program = Program::new(&graph.fused(), &request);
        let placement = Placement::forward_only(graph);
        device.footprint(&placement, &program)?.check("Drawing the loss surface", device)?;
        let memory = device.memory(&placement)?;
        let mut plan = device.plan(&program, &memory, None)?;
        let pictures = pictures.shortened(n);
        plan.write(program.pictures, &layout::maps_to_storage(&pictures.pictures, pictures.extent))?;
        plan.write(program.labels, &pictures.labels)?;
        Ok(Self { n_pictures: n, graph: graph.clone(), placement, memory, plan })
    }

    /// The height at some weights.
    pub fn at(&mut self, weights: &Weights) -> Result<Height, EngineError> {
        let places = self.graph.parameters.iter().zip(&self.placement.parameters);
        for ((parameter, &place), numbers) in places.zip(weights) {
            let stored = layout::parameter_to_storage(parameter, numbers);
            self.memory.write(Bank::Parameters, place, &stored)?;
        }
        self.plan.run(&[StepTable::default()])?;
        let none = Metrics { loss: f32::NAN, n_wrong: f32::NAN, n_answers: 1.0 };
        let found = self.plan.take_metrics(true)?.pop().unwrap_or(none);
        Ok(Height { loss: found.loss.into(), error: found.error().into() })
    }
}

#[cfg(test)]
mod tests;
