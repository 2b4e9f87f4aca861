//! What a net's layers give for some pictures, in test mode and without gradients: the weights are read where they
//! lie, and nothing is written to them.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::Batch;
use crate::engine::{Device, EngineError, Memory, Plan, StepTable, layout};
use crate::graph::program::{Feed, Mode, Placement, Program, Request};
use crate::graph::{Graph, NodeId};
use crate::train::Net;

/// The outputs of some nodes for all pictures of a batch.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// In storage order, `(N, H, W, C)`.
    pub stored: HashMap<NodeId, Vec<f32>>,
}

/// A net ready to be shown pictures.
pub struct Showing {
    graph: Graph,
    batch: usize,
    program: Program,
    plan: Box<dyn Plan>,
}

/// Bytes that the values of a batch may take together, as long as it has more than one picture.
const MOST_BYTES: u64 = 128 << 20;

impl Showing {
    /// Makes a net whose numbers lie in `memory` ready to show its `wanted` nodes, for as many pictures at a time as
    /// there is room for, at most `batch`.
    ///
    /// # Errors
    /// A device without room.
    pub fn new(
        graph: &Graph,
        memory: &Arc<dyn Memory>,
        wanted: &[NodeId],
        batch: usize,
        device: &dyn Device,
    ) -> Result<Self, EngineError> {
        let each: u64 = graph.nodes.iter().map(|node| 4 * node.extent.len() as u64).sum();
        let batch = (MOST_BYTES / each.max(1)).clamp(1, batch.max(1) as u64) as usize;
        let request = Request {
            batch,
            mode: Mode::Test,
            feed: Feed::Direct,
            loss: None,
            gradients: false,
            update: None,
            wanted: wanted.to_vec(),
        };
        // Not fused: what lies between a sum and its ReLU may be wanted.
        let program = Program::new(graph, &request);
        device.footprint(&Placement::forward_only(graph), &program)?.check("Looking at layers", device)?;
        let plan = device.plan(&program, memory, None)?;
        Ok(Self { graph: graph.clone(), batch, program, plan })
    }

    /// Pictures that are shown at a time.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// What the wanted nodes give for normalised pictures `(N, C, H, W)`, of any number.
    pub fn show(&mut self, pictures: &[f32]) -> Result<Values, EngineError> {
        let extent = self.graph.input();
        let mut values = Values::default();
        for pictures in pictures.chunks(self.batch * extent.len()) {
            let n = pictures.len() / extent.len();
            // The places of a batch that is not full are shown zeros, and what comes of them is dropped.
            let mut full = pictures.to_vec();
            full.resize(self.batch * extent.len(), 0.0);
            self.plan.write(self.program.pictures, &layout::maps_to_storage(&full, extent))?;
            self.plan.run(&[StepTable::default()])?;
            for (&node, &value) in &self.program.outputs {
                let stored = self.plan.read(value)?;
                let own = &stored[..n * self.graph.node(node).extent.len()];
                values.stored.entry(node).or_default().extend_from_slice(own);
            }
        }
        Ok(values)
    }
}

impl Values {
    /// Shows a net some pictures once, on a memory of its own.
    ///
    /// # Errors
    /// A device without room.
    pub fn of(
        net: &Net,
        pictures: &Batch,
        wanted: &[NodeId],
        device: &dyn Device,
    ) -> Result<Self, EngineError> {
        let placement = Placement::forward_only(&net.graph);
        let memory = device.memory(&placement)?;
        net.numbers.write_to(&net.graph, &placement, &*memory)?;
        Showing::new(&net.graph, &memory, wanted, pictures.n_pictures, device)?.show(&pictures.pictures)
    }
}
