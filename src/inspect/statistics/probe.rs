//! One step of training on a memory of its own, of which every layer's value and gradient can be read afterwards.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::{Device, EngineError, Memory, Plan, StepTable, layout};
use crate::experiment::{Experiment, Optimiser};
use crate::graph::program::{Bank, Feed, Mode, Placement, Program, Request, Update};
use crate::graph::{Goal, Graph, NodeId};
use crate::inspect::batch::Batch;
use crate::train::weights::Numbers;

/// Bytes that values and gradients of a batch may take together, as long as it has more than one picture.
const MOST_BYTES: u64 = 256 << 20;

/// A net ready to be measured, in training mode: normalisation by the batch's own statistics.
pub struct Probe {
    pub graph: Graph,
    pub batch: usize,
    placement: Placement,
    program: Program,
    memory: Arc<dyn Memory>,
    plan: Box<dyn Plan>,
}

/// Where a net stands in its training.
pub struct State<'a> {
    pub numbers: &'a Numbers,
    /// The memory of the update rule, in storage order; zeros where not given, as before the first step.
    pub slots: Option<[&'a [f32]; 2]>,
    /// Of the step to be taken.
    pub table: StepTable,
}

/// What a step left behind.
pub struct Step {
    /// Mean loss over the batch, before the update.
    pub loss: f64,
    /// Of each node, in storage order.
    pub values: HashMap<NodeId, Vec<f32>>,
    /// The gradient of a picture's own loss by each node that it depends on, likewise.
    pub gradients: HashMap<NodeId, Vec<f32>>,
    /// The gradient of the mean loss by each parameter, in the order of the graph and in storage order.
    pub by_parameter: Vec<Vec<f32>>,
    /// How long the change of each parameter was, `|Δw|`.
    pub changes: Vec<f64>,
}

impl Probe {
    /// Makes a net ready for batches of as many pictures as there is room for, at most `batch`.
    ///
    /// # Errors
    /// A device without room.
    pub fn new(
        graph: &Graph,
        experiment: &Experiment,
        goal: Goal,
        batch: usize,
        device: &dyn Device,
    ) -> Result<Self, EngineError> {
        let each: u64 = graph.nodes.iter().map(|node| 8 * node.extent.len() as u64).sum();
        let batch = (MOST_BYTES / each.max(1)).clamp(1, batch.max(1) as u64) as usize;
        let wanted = wanted(graph);
        let rule: Optimiser = experiment.train.optimiser;
        let request = Request {
            batch,
            mode: Mode::Train,
            feed: Feed::Direct,
            loss: Some(goal),
            gradients: true,
            update: Some(Update { rule, clips: experiment.train.clip.is_some() }),
            wanted,
        };
        // Not fused: what lies between a sum and its ReLU is to be seen.
        let program = Program::new(graph, &request);
        let placement = Placement::for_program(graph, &program);
        device.footprint(&placement, &program)?.check("Looking at every layer", device)?;
        let memory = device.memory(&placement)?;
        let plan = device.plan(&program, &memory, None)?;
        Ok(Self { graph: graph.clone(), batch, placement, program, memory, plan })
    }

    /// Takes a step from `state` on a batch of this probe's size.
    pub fn step(&mut self, state: &State<'_>, batch: &Batch) -> Result<Step, EngineError> {
        assert_eq!(batch.n_pictures, self.batch, "the batch has the size that was made ready");
        self.fill(state)?;
        let pictures = layout::maps_to_storage(&batch.pictures, batch.extent);
        self.plan.write(self.program.pictures, &pictures)?;
        self.plan.write(self.program.labels, &batch.labels)?;
        let before = self.memory.read(Bank::Parameters)?;
        self.plan.run(&[state.table])?;
        let loss = self.plan.take_metrics(true)?.last().map_or(f64::NAN, |metrics| metrics.loss.into());
        let mut step = Step {
            loss,
            values: HashMap::new(),
            gradients: HashMap::new(),
            by_parameter: Vec::new(),
            changes: Vec::new(),
        };
        for (&node, &value) in &self.program.outputs {
            step.values.insert(node, self.plan.read(value)?);
        }
        for (&node, &value) in &self.program.gradients {
            // The loss is a mean over the pictures; that of one picture is as many times as large.
            let own = self.plan.read(value)?.into_iter().map(|g| g * self.batch as f32);
            step.gradients.insert(node, own.collect());
        }
        let (after, gradients) = (self.memory.read(Bank::Parameters)?, self.memory.read(Bank::Gradients)?);
        for (parameter, &place) in self.graph.parameters.iter().zip(&self.placement.parameters) {
            let own = place..place + parameter.len();
            step.by_parameter.push(gradients[own.clone()].to_vec());
            let squares =
                after[own.clone()].iter().zip(&before[own]).map(|(a, b)| (*a as f64 - *b as f64).powi(2));
            step.changes.push(squares.sum::<f64>().sqrt());
        }
        Ok(step)
    }

    fn fill(&self, state: &State<'_>) -> Result<(), EngineError> {
        state.numbers.write_to(&self.graph, &self.placement, &*self.memory)?;
        for (i, bank) in [Bank::Slot0, Bank::Slot1].into_iter().enumerate() {
            if self.placement.has_room[bank as usize] {
                match state.slots {
                    Some(slots) => self.memory.write(bank, 0, slots[i])?,
                    None => self.memory.write(bank, 0, &vec![0.0; self.placement.len(bank)])?,
                }
            }
        }
        Ok(())
    }
}

/// Every node that holds a layer's output or goes into a layer with weights or a normalisation.
fn wanted(graph: &Graph) -> Vec<NodeId> {
    let mut wanted: Vec<NodeId> = graph.layers.iter().map(|layer| layer.node).collect();
    wanted.extend(graph.nodes.iter().flat_map(|node| node.inputs.iter().copied()));
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}
