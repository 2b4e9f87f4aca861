//! How large the signal of every layer is at this moment of training, how large the gradient that comes back to it,
//! and how many of its units say nothing.

use std::time::Duration;

use super::batch::Batch;
use super::look::{Glance, Instrument, LookError, Subject, View};
use super::statistics::{LayerStatistics, Probe, State, Statistics};
use crate::train::table;
use crate::train::weights::Numbers;

/// Over a batch of training pictures, in training mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Signals {
    pub n_pictures: usize,
    /// Of every layer that computes something, in the order of reading.
    pub layers: Vec<LayerStatistics>,
}

impl Signals {
    /// Of the layer at a path, `layers.3.0.2`.
    pub fn at(&self, path: &str) -> Option<&LayerStatistics> {
        self.layers.iter().find(|layer| layer.path == path)
    }
}

/// Takes a step on a memory of its own, from the weights as they stand; what trains is only read.
pub struct Taking {
    /// Pictures at most.
    batch: usize,
    ready: Option<(Probe, Batch)>,
}

impl Taking {
    pub fn new(batch: usize) -> Self {
        Self { batch, ready: None }
    }
}

impl Instrument for Taking {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let (probe, batch) = match &mut self.ready {
            Some(ready) => ready,
            ready => ready.insert(made_ready(subject, self.batch)?),
        };
        let numbers = Numbers::read_from(subject.graph, subject.placement, &**subject.memory)?;
        // What the step does to the copy is nobody's concern: its values and gradients come before the update.
        let state = State { numbers: &numbers, slots: None, table: table::first(subject.experiment) };
        let step = probe.step(&state, batch)?;
        let Statistics { n_pictures, layers, .. } = Statistics::of(&probe.graph, &numbers, &step, false);
        Ok(Glance::whole(View::Signals(Signals { n_pictures, layers })))
    }
}

fn made_ready(subject: &Subject<'_>, batch: usize) -> Result<(Probe, Batch), LookError> {
    let Some(set) = subject.set else {
        return Err(LookError::Impossible("There are no pictures to measure the signals on.".into()));
    };
    let loss = subject.experiment.train.loss;
    let batch = Batch::first(batch, set, &set.train, loss, subject.normalisation);
    let (goal, n) = (batch.goal, batch.n_pictures);
    let probe = Probe::new(subject.graph, subject.experiment, goal, n, &**subject.device)?;
    let batch = batch.shortened(probe.batch);
    Ok((probe, batch))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::catalogue;
    use crate::engine::{DeviceChoice, open};
    use crate::experiment::file;
    use crate::inspect::look::Look;
    use crate::train::Run;

    fn run(network: &str) -> Run {
        let text =
            format!("data = {{ train = 64, test = 16 }}\ntrain.batch = 16\n[network]\nlayers = [{network}]");
        let experiment = file::parse(&text).expect(network);
        let set = Arc::new(catalogue::open(&experiment.data, experiment.seed).expect("built in"));
        Run::new(&experiment, set, open(&DeviceChoice::Cpu).expect("the CPU")).expect("a run")
    }

    fn signals(run: &Run) -> Signals {
        match (Look::Signals { batch: 16 }).whole(&Subject::of(run)).expect("they are seen") {
            View::Signals(signals) => signals,
            other => panic!("signals were asked for: {other:?}"),
        }
    }

    #[test]
    fn a_layer_of_zeros_gives_nothing_and_its_units_are_dead() {
        let run = run("{ conv = 4, init = 'zero' }, 'relu', { linear = 10 }");
        let signals = signals(&run);
        assert_eq!(signals.n_pictures, 16);
        let relu = signals.at("layers.1").expect("the ReLU");
        assert_eq!((relu.signal.deviation, relu.dead), (0.0, Some(1.0)));
        assert!(relu.gradient.is_some_and(|gradient| gradient.deviation > 0.0), "it could come back");
    }

    #[test]
    fn looking_changes_nothing_and_sees_the_weights_as_they_are() {
        let mut run = run("{ conv = 4 }, 'batch-norm', 'relu', { linear = 10 }");
        let before = run.parameters().expect("weights");
        let first = signals(&run);
        assert_eq!(run.parameters().expect("weights"), before);
        run.advance(4).expect("steps");
        assert_ne!(signals(&run), first);
    }
}
