//! What can be said against a network before it is trained: one rule a function, one file for each part of the
//! net that the rules look at. Nothing here forbids anything; what is impossible is a
//! [`ShapeProblem`](super::ShapeProblem).

mod ends;
mod norms;
mod rate;
mod shapes;
mod sizes;
mod stacks;
#[cfg(test)]
mod testing;

use std::collections::HashSet;

use super::{Goal, Graph, LayerReport, Node, NodeId, Op};
use crate::experiment::figures::counted;
use crate::experiment::words::with_article;
use crate::experiment::{Kind, LayerId, Network, Train};

/// One thing that is probably not meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// The layer on whose card it belongs; none where it concerns the whole net.
    pub layer: Option<LayerId>,
    /// Where that is in the file, `layers.3`; the first of several repetitions.
    pub path: String,
    /// What is the case, in a sentence.
    pub what: String,
    /// Why that matters, in a sentence.
    pub why: String,
    /// What mends it, where an edit can.
    pub remedy: Option<Remedy>,
}

impl Advice {
    /// All of it: what is the case, why that matters, and what mends it.
    pub fn sentences(&self) -> String {
        let Self { what, why, remedy, .. } = self;
        match remedy {
            Some(remedy) => format!("{what} {why} Remedy: {}.", remedy.label()),
            None => format!("{what} {why}"),
        }
    }
}

/// An edit that does what an advice asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedy {
    /// Puts a layer behind another one.
    InsertBehind(LayerId, Kind),
    /// Puts a layer behind all others.
    Append(Kind),
    Remove(LayerId),
    /// Puts a layer of other settings, with all that is in it, in the place of this one; done as the words say.
    Change(LayerId, Kind, String),
    Batch(usize),
}

impl Remedy {
    /// What a button says that does it.
    pub fn label(&self) -> String {
        match self {
            Self::InsertBehind(_, kind) => format!("Put {} between", with_article(kind.title())),
            Self::Append(Kind::Linear(linear)) => {
                format!(
                    "Add a fully connected layer of {} at the end",
                    counted(linear.outputs as u64, "unit")
                )
            }
            Self::Append(kind) => {
                let layer = with_article(&kind.title().to_lowercase());
                format!(
                    "Add {layer} at the end{}",
                    sized(kind).map_or(String::new(), |size| format!(": {size}"))
                )
            }
            Self::Remove(_) => "Remove it".into(),
            Self::Change(_, _, how) => how.clone(),
            Self::Batch(batch) => format!("Train in batches of {batch}"),
        }
    }
}

/// What a layer computes with, where that has a size.
fn sized(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Conv(conv) => {
            let [height, width] = conv.kernel;
            Some(format!("{} of {height}×{width}", counted(conv.filters as u64, "filter")))
        }
        Kind::Linear(linear) => Some(counted(linear.outputs as u64, "unit")),
        _ => None,
    }
}

/// All that the rules have to say of a net that is to be trained so for this goal, in the order of the layers. Each
/// rule speaks once of a layer, however often that is repeated. Of a net that is not possible nothing is said here.
pub fn advise(network: &Network, goal: &Goal, train: &Train) -> Vec<Advice> {
    let (graph, problem) = super::build::flatten(network);
    let net = Net::new(network, &graph, goal, train);
    if problem.is_some() {
        return Vec::new();
    }
    let mut all: Vec<Advice> = RULES.iter().flat_map(|rule| once_a_layer(rule(&net))).collect();
    let place = |advice: &Advice| graph.layers.iter().position(|report| Some(report.layer) == advice.layer);
    all.sort_by_key(|advice| place(advice).unwrap_or(usize::MAX));
    all
}

/// The edit that gives the last layer the shape that is wanted.
pub use ends::head_remedy;
pub use shapes::shape_remedy;

/// The rules, in the order in which they speak of one layer.
const RULES: &[fn(&Net<'_>) -> Vec<Advice>] = &[
    stacks::two_linear_layers,
    stacks::two_activations,
    norms::useless_bias,
    norms::dropout_before_norm,
    norms::batch_of_one,
    sizes::taps_beside_the_maps,
    sizes::pixels_left_out,
    sizes::pool_of_single_pixels,
    sizes::blind_decision,
    ends::answers_cut_off,
    ends::answers_squashed_twice,
    ends::answers_dropped,
    rate::drops_too_late,
    rate::warm_up_too_long,
];

fn once_a_layer(advice: Vec<Advice>) -> Vec<Advice> {
    let mut seen = HashSet::new();
    advice.into_iter().filter(|advice| seen.insert(advice.layer)).collect()
}

/// A net as the rules see it: its graph, and to which layer each node belongs.
struct Net<'a> {
    network: &'a Network,
    graph: &'a Graph,
    goal: &'a Goal,
    train: &'a Train,
    /// Nodes that read each node.
    readers: Vec<Vec<NodeId>>,
    /// Place in [`Graph::layers`] of each node's layer; none for the input.
    owners: Vec<Option<usize>>,
}

impl<'a> Net<'a> {
    fn new(network: &'a Network, graph: &'a Graph, goal: &'a Goal, train: &'a Train) -> Self {
        let mut readers = vec![Vec::new(); graph.nodes.len()];
        for (i, node) in graph.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| readers[input.0].push(NodeId(i)));
        }
        // A layer owns the nodes that came with it: those up to its own and behind those of the layer before.
        let mut owners = vec![None; graph.nodes.len()];
        let mut n_owned = 1;
        for (place, report) in graph.layers.iter().enumerate() {
            for owner in owners.iter_mut().take(report.node.0 + 1).skip(n_owned) {
                *owner = Some(place);
            }
            n_owned = n_owned.max(report.node.0 + 1);
        }
        Self { network, graph, goal, train, readers, owners }
    }

    fn nodes(&self) -> impl Iterator<Item = (NodeId, &'a Node)> {
        self.graph.nodes.iter().enumerate().map(|(i, node)| (NodeId(i), node))
    }

    /// The layer that a node came with; none for the input.
    fn owner(&self, node: NodeId) -> Option<&'a LayerReport> {
        self.owners[node.0].map(|place| &self.graph.layers[place])
    }

    /// The only node that reads this one, where there is just one.
    fn reader(&self, node: NodeId) -> Option<NodeId> {
        match self.readers[node.0][..] {
            [reader] => Some(reader),
            _ => None,
        }
    }

    /// The settings of a layer.
    fn kind(&self, id: LayerId) -> Option<&'a Kind> {
        find(&self.network.layers, id)
    }

    /// What is said of the layer of a node; nothing of the input.
    fn about(
        &self,
        node: NodeId,
        what: impl FnOnce(&LayerReport) -> String,
        why: impl Into<String>,
        remedy: impl FnOnce(LayerId) -> Option<Remedy>,
    ) -> Option<Advice> {
        let report = self.owner(node)?;
        Some(Advice {
            layer: Some(report.layer),
            path: report.path.clone(),
            what: what(report),
            why: why.into(),
            remedy: remedy(report.layer),
        })
    }
}

fn find(layers: &[crate::experiment::Layer], id: LayerId) -> Option<&Kind> {
    layers.iter().find_map(|layer| match layer.id == id {
        true => Some(&layer.kind),
        false => layer.kind.children().into_iter().find_map(|list| find(list, id)),
    })
}

/// Whether a node computes a linear function of its input, up to a constant.
fn is_linear(op: &Op) -> bool {
    use crate::experiment::layers::PoolMode;
    match op {
        Op::Conv(_) | Op::TransposedConv(_) | Op::Linear(_) | Op::BatchNorm(_) => true,
        Op::Dropout(_) | Op::Upsample(_) | Op::Flatten(_) | Op::Permute(_) | Op::Shortcut(_) => true,
        Op::Pool(pool) => pool.mode != PoolMode::Max,
        Op::Input | Op::Activation(_) | Op::Prelu(_) | Op::Lrn(_) | Op::Merge(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{LabelKind, shipped};
    use crate::tensor::Extent;

    /// What ships is as it is meant; what is said of it here is meant too.
    #[test]
    fn nothing_is_said_of_the_experiments_that_ship() {
        for name in shipped::names() {
            let experiment = shipped::get(name).expect("it ships");
            let (input, labels, n_classes) = match experiment.data.source.as_str() {
                "glyphs" | "mnist" | "fashion-mnist" => (Extent::new(1, 28, 28), LabelKind::Classes, 10),
                "scenes" => (Extent::new(3, 32, 32), LabelKind::Tags, 6),
                "scene-masks" => (Extent::new(3, 32, 32), LabelKind::Pixels, 7),
                _ => (Extent::new(3, 32, 32), LabelKind::Classes, 10),
            };
            let goal = Goal { loss: experiment.train.loss, labels, n_classes };
            let network = experiment.network.network(input, goal.n_outputs()).expect("it fits");
            let said: Vec<String> =
                advise(&network, &goal, &experiment.train).into_iter().map(|advice| advice.what).collect();
            assert!(said.is_empty(), "{name}: {said:?}");
        }
    }
}
