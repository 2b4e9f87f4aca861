//! What a trained net is worth without one of its blocks.
//!
//! A residual net hardly notices the loss of one block, as if it were a crowd of shallow nets rather than one deep
//! one; a plain net is lost without any of its layers (Veit, Wilber, Belongie 2016, Figure 3). A residual block is
//! removed by letting its branch give nothing, so that the shortcut alone remains; a plain layer by making it the
//! identity, which is possible where it keeps the shape. No other number of the net is touched, and nothing is
//! trained again.

use std::sync::Arc;

use crate::data::DataSet;
use crate::engine::{Device, Part};
use crate::experiment::Initialisation;
use crate::graph::layers::batch_norm::BatchNormNode;
use crate::graph::{Graph, NodeId, Op, ParameterId, Role};
use crate::train::initial::Start;
use crate::train::weights::Numbers;
use crate::train::{Model, Net, TrainError};

/// A block that can be removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Where its branches meet, or the plain layer's own.
    pub path: String,
    pub form: Form,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A branch beside a shortcut. These numbers at its end become 0.
    Residual { ends: Vec<ParameterId>, is_identity: bool },
    /// A convolution with the normalisation behind it.
    Plain { weight: ParameterId, bias: Option<ParameterId>, norm: Option<BatchNormNode> },
}

/// The error of a net as it is, and without each of its blocks in turn.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Removal {
    pub n_pictures: usize,
    /// Share of wrong answers of the whole net.
    pub error: f64,
    pub blocks: Vec<Without>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Without {
    pub path: String,
    /// Whether the shortcut that remains is the identity; none for a plain layer.
    pub is_identity: Option<bool>,
    /// Share of wrong answers without the block.
    pub error: f64,
}

impl Without {
    pub fn of(block: &Block, error: f64) -> Self {
        let is_identity = match block.form {
            Form::Residual { is_identity, .. } => Some(is_identity),
            Form::Plain { .. } => None,
        };
        Self { path: block.path.clone(), is_identity, error }
    }
}

/// The blocks of a net that can be removed: its residual ones, or where it has none its plain layers.
pub fn blocks(graph: &Graph) -> Vec<Block> {
    let mut residual: Vec<Block> = Vec::new();
    for report in graph.layers.iter().filter(|report| report.kind == "add") {
        let Some(form) = residual_form(graph, &report.path) else { continue };
        // Blocks inside go with the block around them, which is read after them.
        let inside = format!("{}.", report.path);
        residual.retain(|block| !block.path.starts_with(&inside));
        residual.push(Block { path: report.path.clone(), form });
    }
    if !residual.is_empty() {
        return residual;
    }
    (0..graph.nodes.len()).filter_map(|node| plain_layer(graph, NodeId(node))).collect()
}

fn residual_form(graph: &Graph, path: &str) -> Option<Form> {
    let inside = |branch: usize| format!("{path}.branches.{branch}.");
    let ids = |prefix: &str| -> Vec<ParameterId> {
        let ids = (0..graph.parameters.len()).map(ParameterId);
        ids.filter(|id| graph.parameters[id.0].name.starts_with(prefix)).collect()
    };
    let layers = |branch: usize| {
        let prefix = inside(branch);
        graph.layers.iter().filter(move |report| report.path.starts_with(&prefix))
    };
    let weighs = |branch: usize| {
        ids(&inside(branch)).iter().filter(|id| graph.parameters[id.0].role.is_weight()).count()
    };
    let [first, second] = [weighs(0), weighs(1)];
    let (main, around) = if first >= second { (0, 1) } else { (1, 0) };
    // What can be set to 0 last, and nothing behind it that makes something of it.
    let ends = |id: &&ParameterId| {
        matches!(graph.parameters[id.0].role, Role::Scale) || graph.parameters[id.0].role.is_weight()
    };
    let own = ids(&inside(main));
    let (end, _) = graph.parameters[own.iter().rfind(ends)?.0].name.rsplit_once('.')?;
    let behind = layers(main).skip_while(|report| report.path != end).skip(1);
    let keeps_zero = |kind: &str| !matches!(kind, "sigmoid" | "add" | "concat");
    let third = graph.layers.iter().any(|report| report.path.starts_with(&inside(2)));
    if third || !behind.map(|report| report.kind).all(keeps_zero) {
        return None;
    }
    let prefix = format!("{end}.");
    let ends = own.into_iter().filter(|id| graph.parameters[id.0].name.starts_with(&prefix)).collect();
    Some(Form::Residual { ends, is_identity: layers(around).next().is_none() })
}

fn plain_layer(graph: &Graph, node: NodeId) -> Option<Block> {
    let Op::Conv(conv) = &graph.node(node).op else { return None };
    let input = *graph.node(node).inputs.first()?;
    if graph.node(input).extent != graph.node(node).extent || input == NodeId(0) {
        return None;
    }
    let norm = graph.nodes.iter().find_map(|other| match &other.op {
        Op::BatchNorm(norm) if other.inputs == [node] => Some(norm.clone()),
        _ => None,
    });
    let path = graph.parameters[conv.weight.0].name.trim_end_matches(".weight").to_string();
    Some(Block { path, form: Form::Plain { weight: conv.weight, bias: conv.bias, norm } })
}

impl Block {
    /// The numbers of a net without this block.
    pub fn removed(&self, net: &Net) -> Numbers {
        let mut numbers = net.numbers.clone();
        match &self.form {
            Form::Residual { ends, .. } => ends.iter().for_each(|id| numbers.parameters[id.0].fill(0.0)),
            Form::Plain { weight, bias, norm } => {
                let mut graph = net.graph.clone();
                graph.parameters[weight.0].init = Some(Initialisation::Dirac);
                let start = Start::new(&graph, &net.experiment.train, net.experiment.seed);
                numbers.parameters[weight.0] = start.numbers(*weight);
                if let Some(bias) = bias {
                    numbers.parameters[bias.0].fill(0.0);
                }
                if let Some(norm) = norm {
                    let variances = &net.numbers.statistics[norm.variance.0];
                    let root =
                        |variance: &f32| (f64::from(*variance) + f64::from(norm.epsilon)).sqrt() as f32;
                    numbers.parameters[norm.scale.0] = variances.iter().map(root).collect();
                    numbers.parameters[norm.shift.0].clone_from(&net.numbers.statistics[norm.mean.0]);
                }
            }
        }
        numbers
    }
}

/// Evaluates a net on a split as it is and without each of its blocks; `heard` is told how many of how many
/// evaluations are done.
///
/// # Errors
/// A device without room.
pub fn removal(
    net: &Net,
    set: &Arc<DataSet>,
    part: Part,
    device: &Arc<dyn Device>,
    heard: &mut dyn FnMut(usize, usize),
) -> Result<Removal, TrainError> {
    let n_pictures = match part {
        Part::Train => set.train.len(),
        Part::Test => set.test.len(),
    };
    let blocks = blocks(&net.graph);
    let n = blocks.len() + 1;
    let mut evaluate = |numbers: Numbers, done: usize| {
        let changed = Net { numbers, ..net.clone() };
        let found = Model::new(&changed, device.clone(), n_pictures)?.evaluate(set, part)?;
        heard(done, n);
        Ok::<_, TrainError>(found)
    };
    let whole = evaluate(net.numbers.clone(), 1)?;
    let mut without = Vec::new();
    for (i, block) in blocks.iter().enumerate() {
        without.push(Without::of(block, evaluate(block.removed(net), i + 2)?.error));
    }
    Ok(Removal { n_pictures: whole.n_pictures, error: whole.error, blocks: without })
}

#[cfg(test)]
mod tests;
