//! A plan for looking at a net: it runs over the weights where they lie, in test mode, and leaves the values that
//! were asked for.

use std::collections::HashMap;
use std::sync::Arc;

use super::look::{LookError, Subject};
use crate::engine::{Beside, Pictures, Plan, StepTable, layout};
use crate::graph::NodeId;
use crate::graph::program::{Back, Bank, Feed, Inspection, Program, ValueId};
use crate::tensor::Extent;

pub struct Eye {
    program: Program,
    plan: Box<dyn Plan>,
    /// Of each node that was asked for.
    extents: HashMap<NodeId, Extent>,
    input: Extent,
}

impl Eye {
    /// Reads `wanted` for batches that are written into it.
    ///
    /// # Errors
    /// A device without room.
    pub fn open(subject: &Subject<'_>, batch: usize, wanted: Vec<NodeId>) -> Result<Self, LookError> {
        Self::of(subject, batch, wanted, None)
    }

    /// The same with a way back, on which the gradients by `wanted` are left.
    ///
    /// # Errors
    /// A device without room.
    pub fn looking_back(
        subject: &Subject<'_>,
        batch: usize,
        wanted: Vec<NodeId>,
        back: Back,
    ) -> Result<Self, LookError> {
        Self::of(subject, batch, wanted, Some(back))
    }

    pub fn of(
        subject: &Subject<'_>,
        batch: usize,
        wanted: Vec<NodeId>,
        back: Option<Back>,
    ) -> Result<Self, LookError> {
        let inspection = Inspection { batch, feed: Feed::Direct, wanted, back, strongest: None };
        Self::new(subject, &inspection, None)
    }

    /// For whatever is asked, over `pictures` where batches are gathered from them.
    ///
    /// # Errors
    /// A device without room.
    pub fn new(
        subject: &Subject<'_>,
        inspection: &Inspection,
        pictures: Option<&Arc<dyn Pictures>>,
    ) -> Result<Self, LookError> {
        // On the way back a ReLU's own rule is wanted; without one, what nobody looks at is fused as in training.
        let strongest = inspection.strongest.map(|strongest| strongest.node);
        let kept: Vec<NodeId> = inspection.wanted.iter().copied().chain(strongest).collect();
        let program = match inspection.back {
            Some(_) => Program::inspecting(subject.graph, inspection),
            None => Program::inspecting(&subject.graph.fused_around(&kept), inspection),
        };
        let (placement, device) = (subject.placement, &**subject.device);
        // The weights are there already.
        let banks: u64 = Bank::ALL.iter().map(|&bank| 4 * placement.len(bank) as u64).sum();
        device.footprint(placement, &program)?.check_beside(
            "Looking at this net",
            device,
            Beside { released: banks, ..Beside::default() },
        )?;
        let plan = device.plan(&program, subject.memory, pictures)?;
        let extent = |&node: &NodeId| (node, subject.graph.node(node).extent);
        let extents = inspection.wanted.iter().map(extent).collect();
        Ok(Self { program, plan, extents, input: subject.graph.input() })
    }

    pub fn run(&mut self, table: &StepTable) -> Result<(), LookError> {
        Ok(self.plan.run(std::slice::from_ref(table))?)
    }

    /// Shows the net a batch, `(N, C, H, W)` as it sees pictures.
    pub fn see(&mut self, pictures: &[f32]) -> Result<(), LookError> {
        self.plan.write(self.program.pictures, &layout::maps_to_storage(pictures, self.input))?;
        self.run(&StepTable::default())
    }

    /// Writes what is known of the batch.
    pub fn tell(&mut self, labels: &[f32]) -> Result<(), LookError> {
        Ok(self.plan.write(self.program.labels, labels)?)
    }

    /// Sets the gradient by the node where the way back begins, `(N, C, H, W)`.
    pub fn begin_back(&mut self, gradient: &[f32], extent: Extent) -> Result<(), LookError> {
        let origin = asked_for(self.program.origin);
        Ok(self.plan.write(origin, &layout::maps_to_storage(gradient, extent))?)
    }

    /// Sets what the strongest responses that are kept begin with.
    pub fn keep(&mut self, responses: &[f32]) -> Result<(), LookError> {
        Ok(self.plan.write(asked_for(self.program.strongest), responses)?)
    }

    /// The strongest responses so far.
    pub fn kept(&mut self) -> Result<Vec<f32>, LookError> {
        Ok(self.plan.read(asked_for(self.program.strongest))?)
    }

    /// Shape of a wanted node's value for one picture.
    pub fn extent(&self, node: NodeId) -> Extent {
        self.extents[&node]
    }

    /// What a wanted node gave for the last batch, `(N, C, H, W)`.
    pub fn value(&mut self, node: NodeId) -> Result<Vec<f32>, LookError> {
        let value = self.program.outputs[&node];
        Ok(layout::maps_from_storage(&self.plan.read(value)?, self.extents[&node]))
    }

    /// The gradient by a wanted node, likewise; zeros where nothing depends on it.
    pub fn gradient(&mut self, node: NodeId) -> Result<Vec<f32>, LookError> {
        let extent = self.extents[&node];
        match self.program.gradients.get(&node) {
            Some(&value) => Ok(layout::maps_from_storage(&self.plan.read(value)?, extent)),
            None => Ok(vec![0.0; self.program.batch * extent.len()]),
        }
    }
}

fn asked_for(value: Option<ValueId>) -> ValueId {
    value.expect("only what was asked for when the plan was made is read or written")
}
