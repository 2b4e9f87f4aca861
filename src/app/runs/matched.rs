//! What a run has in common with the one that it was put beside: found once, in a thread of its own.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};

use egui::Context;

use crate::app::editor::Task;
use crate::experiment::Experiment;
use crate::experiment::words::capitalised;
use crate::graph::{Goal, Graph};
use crate::session::RunId;
use crate::train::initial::Start;
use crate::train::twins::{self, Pairing};

/// In a sentence, and tensor by tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    pub sentence: String,
    pub details: Vec<String>,
}

/// What a comparison in another thread found of a run.
type Arrival = (RunId, Matched);

pub struct Matching {
    found: HashMap<RunId, Matched>,
    arrivals: (Sender<Arrival>, Receiver<Arrival>),
}

impl Default for Matching {
    fn default() -> Self {
        Self { found: HashMap::new(), arrivals: channel() }
    }
}

/// One of two runs: its name and its experiment.
pub struct Side {
    pub name: String,
    pub experiment: Experiment,
}

impl Matching {
    /// Compares a new run with the one it was put beside.
    pub fn begin(&self, ctx: &Context, id: RunId, sides: [Side; 2], task: Task) {
        let (sender, ctx) = (self.arrivals.0.clone(), ctx.clone());
        let work = move || {
            if let Some(matched) = matched(&sides, task) {
                // The window may have been closed meanwhile.
                let _ = sender.send((id, matched));
                ctx.request_repaint();
            }
        };
        // Without a thread the two stay uncompared, and train all the same.
        let _ = std::thread::Builder::new().name("twins".into()).spawn(work);
    }

    pub fn of(&mut self, id: RunId) -> Option<&Matched> {
        self.found.extend(self.arrivals.1.try_iter());
        self.found.get(&id)
    }
}

/// None where one of the nets cannot be.
fn matched(sides: &[Side; 2], task: Task) -> Option<Matched> {
    let graph = |side: &Side| {
        let goal = Goal { loss: side.experiment.train.loss, labels: task.labels, n_classes: task.n_classes };
        let network = side.experiment.network.network(task.input, goal.n_outputs()).ok()?;
        Graph::for_goal(&network, &goal).ok()
    };
    let graphs = [graph(&sides[0])?, graph(&sides[1])?];
    let [first, second] = &graphs;
    let pairing = twins::pair(&first.parameters, &second.parameters);
    let differing = pairing.differing(&start(first, &sides[0]), &start(second, &sides[1]));
    let n_alike = pairing.matched.len() - differing.len();
    let n_all = second.parameters.len();
    let batches = match same_batches(&sides[0].experiment, &sides[1].experiment) {
        true => "sees the same batches in the same order",
        false => "sees other batches",
    };
    let weights = match n_alike {
        0 => "begins with other weights".to_string(),
        n if n == n_all => match n {
            1 => "begins with the same weights in its only tensor".into(),
            n => format!("begins with the same weights in all its {n} tensors"),
        },
        n => format!("begins with the same weights in {n} of its {n_all} tensors"),
    };
    let sentence = format!("{weights} as “{}” and {batches}.", sides[0].name);
    Some(Matched { sentence: capitalised(&sentence), details: details(&graphs, &pairing, differing.len()) })
}

fn start<'a>(graph: &'a Graph, side: &'a Side) -> Start<'a> {
    Start::new(graph, &side.experiment.train, side.experiment.seed)
}

/// Whether both draw the same pictures for each step, with the same augmentation.
fn same_batches(a: &Experiment, b: &Experiment) -> bool {
    a.seed == b.seed && a.data == b.data && a.train.batch == b.train.batch
}

fn details(graphs: &[Graph; 2], pairing: &Pairing, n_differing: usize) -> Vec<String> {
    let [_, second] = graphs;
    let alone = pairing.alone[1].iter().map(|alone| {
        let parameter = &second.parameters[alone.id.0];
        format!("{}: {}", parameter.name, alone.why)
    });
    let drawn = (n_differing > 0).then(|| {
        let are = if n_differing == 1 { "is" } else { "are" };
        let tensors = crate::app::format::counted(n_differing as u64, "tensor");
        format!("{tensors} of the same place and shape {are} drawn by another seed or rule")
    });
    drawn.into_iter().chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::editor::expected;
    use crate::experiment::{Data, Initialisation, NetworkChoice};

    fn side(name: &str, network: &str) -> Side {
        let network = NetworkChoice::Preset(network.into());
        Side { name: name.into(), experiment: Experiment { network, ..Experiment::default() } }
    }

    fn found(sides: [Side; 2]) -> Matched {
        matched(&sides, expected(&Data { source: "shapes".into(), ..Data::default() }).expect("it is known"))
            .expect("possible nets")
    }

    #[test]
    fn a_plain_net_begins_as_its_residual_twin() {
        let found = found([side("residual", "resnet-20"), side("plain", "plain-20")]);
        assert!(found.sentence.starts_with("Begins with the same weights in all its"), "{}", found.sentence);
        assert!(found.sentence.ends_with("as “residual” and sees the same batches in the same order."));
        assert!(found.details.is_empty());
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        let found = found([side("small", "resnet-20"), side("large", "resnet-32")]);
        assert!(found.sentence.contains(" of its "), "{}", found.sentence);
        assert!(!found.details.is_empty());
    }

    #[test]
    fn another_rule_draws_other_weights() {
        let mut xavier = side("xavier", "lenet");
        xavier.experiment.train.initialisation = Initialisation::XAVIER;
        xavier.experiment.seed = 5;
        let found = found([side("he", "lenet"), xavier]);
        assert!(found.details[0].contains("another seed or rule"), "{found:?}");
        assert!(found.sentence.contains("other batches"));
    }
}
