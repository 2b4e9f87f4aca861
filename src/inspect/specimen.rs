//! A net laid on a device to be looked at, apart from any run.

use std::sync::Arc;

use super::look::Subject;
use crate::data::{DataSet, Normalisation};
use crate::engine::{Device, Memory};
use crate::experiment::Experiment;
use crate::graph::Graph;
use crate::graph::program::Placement;
use crate::train::{Net, TrainError};

pub struct Specimen {
    experiment: Experiment,
    pub graph: Graph,
    placement: Placement,
    memory: Arc<dyn Memory>,
    device: Arc<dyn Device>,
    normalisation: Arc<Normalisation>,
    classes: Vec<String>,
    set: Option<Arc<DataSet>>,
}

impl Specimen {
    /// # Errors
    /// A device without room.
    pub fn new(net: &Net, set: Option<Arc<DataSet>>, device: Arc<dyn Device>) -> Result<Self, TrainError> {
        let placement = Placement::forward_only(&net.graph);
        let memory = device.memory(&placement)?;
        net.numbers.write_to(&net.graph, &placement, &*memory)?;
        Ok(Self {
            experiment: net.experiment.clone(),
            graph: net.graph.clone(),
            placement,
            memory,
            device,
            normalisation: Arc::new(net.normalisation.clone()),
            classes: net.classes.clone(),
            set,
        })
    }

    pub fn subject(&self) -> Subject<'_> {
        Subject {
            experiment: &self.experiment,
            graph: &self.graph,
            placement: &self.placement,
            memory: &self.memory,
            device: &self.device,
            normalisation: &self.normalisation,
            classes: &self.classes,
            set: self.set.as_ref(),
            step: 0,
            rule_step: 0,
            start: None,
            past: &[],
            beside: None,
        }
    }
}
