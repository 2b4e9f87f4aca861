//! The tree made flat: every layer a node, every edge with its shape `(N, C, H, W)`.
//!
//! Shape rules, parameter counts, multiply-adds, receptive fields and the rules of differentiation are here
//! and nowhere else, one file per kind of layer under [`layers`]. [`program`] turns a graph into a list of
//! steps for one batch size and mode; what memory the steps' values lie in, and how a step is computed, is
//! the engine's affair.

pub mod advice;
mod build;
mod fuse;
mod gain;
mod goal;
pub mod layers;
pub mod program;
mod receptive_field;
mod seen;

use crate::experiment::{Initialisation, LayerId, Network};
use crate::tensor::Extent;
pub use goal::Goal;
pub use layers::Op;
pub use receptive_field::{ReceptiveField, Stride};

/// A network made flat, in static single assignment: a node reads only nodes before it. Node 0 is the input.
#[derive(Clone, Debug)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub parameters: Vec<Parameter>,
    pub statistics: Vec<Statistic>,
    /// One for each layer of the tree and each repetition of it, in the order of reading.
    pub layers: Vec<LayerReport>,
    /// The node whose value goes to the loss.
    pub output: NodeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// Index into [`Graph::parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(pub usize);

/// Index into [`Graph::statistics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatisticId(pub usize);

#[derive(Clone, Debug)]
pub struct Node {
    pub op: Op,
    pub inputs: Vec<NodeId>,
    /// Shape of the output for one picture, `(C, H, W)`.
    pub extent: Extent,
}

/// A tensor that is learned.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The name in files: `layers.3.weight`.
    pub name: String,
    /// PyTorch's shape: `(O, I, kH, kW)`, `(out, in)` or `(n)`.
    pub shape: Vec<usize>,
    pub role: Role,
    /// Which draw of initial weights it takes: the layer's ordinal on the main path, or, behind a bit of its
    /// own, on the shortcuts; so that a plain net and its residual twin begin with the same weights.
    pub draw: u32,
    /// From what the layer's weights are drawn, where that is not the whole net's rule.
    pub init: Option<Initialisation>,
    /// Whether it is the scale of the normalisation that ends the residual branch of a block, F(x) in F(x) + x.
    pub ends_branch: bool,
}

/// What a parameter does in its layer, which decides its start, its decay and its order in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `(O, I/groups, kH, kW)`; each unit reads `I/groups·kH·kW` numbers.
    ConvWeight,
    /// `(I, O/groups, kH, kW)`; each unit reads `fan_in` numbers, on average.
    TransposedConvWeight {
        fan_in: usize,
    },
    /// `(out, C·H·W)` over an input of this shape.
    LinearWeight {
        input: Extent,
    },
    Bias,
    /// The slope of a PReLU below 0.
    Slope,
    /// γ of a normalisation, starting at 1.
    Scale,
    /// β of a normalisation, starting at 0.
    Shift,
}

impl Role {
    /// Whether it multiplies inputs into sums.
    pub fn is_weight(self) -> bool {
        matches!(self, Self::ConvWeight | Self::TransposedConvWeight { .. } | Self::LinearWeight { .. })
    }
}

/// A tensor that is measured in training and used in testing, not learned: a running mean or variance.
#[derive(Clone, Debug)]
pub struct Statistic {
    /// The name in files: `layers.4.running_mean`.
    pub name: String,
    pub len: usize,
    /// 0 for a mean, 1 for a variance.
    pub start: f32,
}

/// What is known of one layer before anything runs.
#[derive(Clone, Debug)]
pub struct LayerReport {
    /// `layers.3`, `layers.3.0.2`, `layers.7.branches.0.1`.
    pub path: String,
    pub layer: LayerId,
    /// The kind's word in the experiment file; `add` or `concat` where branches meet.
    pub kind: &'static str,
    /// The node that holds the layer's output.
    pub node: NodeId,
    /// `(C, H, W)`.
    pub output: Extent,
    /// Learned numbers.
    pub parameters: u64,
    /// Multiply-accumulates of convolutions and fully connected layers, for one picture.
    pub multiply_adds: u64,
    pub receptive_field: ReceptiveField,
}

/// Sums over all layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Total {
    pub parameters: u64,
    /// For one picture.
    pub multiply_adds: u64,
    /// Bytes of the input and of every layer's output for one picture, in 32-bit numbers: what training has
    /// to remember.
    pub activation_bytes: u64,
}

/// An impossible network: where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct ShapeProblem {
    pub path: String,
    /// The layer on whose card the message belongs; none for an empty network.
    pub layer: Option<LayerId>,
    /// A sentence or two for a person.
    pub message: String,
}

/// Everything that can be said of a network while it is being built, possible or not.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Of the layers up to the problem, if there is one.
    pub layers: Vec<LayerReport>,
    pub total: Total,
    pub problem: Option<ShapeProblem>,
}

impl Graph {
    /// Makes the tree flat.
    ///
    /// # Errors
    /// The first layer whose settings do not fit the shape that reaches it.
    pub fn new(network: &Network) -> Result<Self, ShapeProblem> {
        let (graph, problem) = build::flatten(network);
        match problem {
            Some(problem) => Err(problem),
            None => Ok(graph),
        }
    }

    /// [`Graph::new`] for a net that ends in a classifier of `n_classes` classes.
    pub fn classifier(network: &Network, n_classes: usize) -> Result<Self, ShapeProblem> {
        Self::for_goal(network, &Goal::classes(n_classes))
    }

    /// [`Graph::new`] for a net whose last layer gives what the goal asks for.
    pub fn for_goal(network: &Network, goal: &Goal) -> Result<Self, ShapeProblem> {
        let graph = Self::new(network)?;
        match goal.head_problem(network, &graph.layers) {
            Some(problem) => Err(problem),
            None => Ok(graph),
        }
    }

    /// Shape of one picture, `(C, H, W)`.
    pub fn input(&self) -> Extent {
        self.nodes[0].extent
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Groups of the convolution that a parameter belongs to; 1 for other layers.
    pub fn groups(&self, parameter: ParameterId) -> usize {
        let node = self.nodes.iter().find(|node| node.op.weight() == Some(parameter));
        node.map_or(1, |node| node.op.groups())
    }

    pub fn total(&self) -> Total {
        total(self.input(), &self.layers)
    }

    /// The graph with normalisations, sums and products taking over the ReLU behind them where nothing else
    /// reads what lies between. The same function; fewer passes over memory.
    pub fn fused(&self) -> Self {
        fuse::fuse(self, &[])
    }

    /// The same with the values of some nodes left to be read.
    pub fn fused_around(&self, kept: &[NodeId]) -> Self {
        fuse::fuse(self, kept)
    }
}

impl Survey {
    /// The survey of a net for a goal.
    pub fn of(network: &Network, goal: &Goal) -> Self {
        let (graph, problem) = build::flatten(network);
        let problem = problem.or_else(|| goal.head_problem(network, &graph.layers));
        Self { total: total(network.input, &graph.layers), layers: graph.layers, problem }
    }

    /// The reports of one layer of the tree: several where it is repeated.
    pub fn of_layer(&self, layer: LayerId) -> impl Iterator<Item = &LayerReport> {
        self.layers.iter().filter(move |report| report.layer == layer)
    }
}

impl Parameter {
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers that each unit reads.
    pub fn fan_in(&self) -> usize {
        match self.role {
            Role::TransposedConvWeight { fan_in } => fan_in,
            _ => self.shape.iter().skip(1).product(),
        }
    }

    /// Units that read each number: as PyTorch counts them, who leaves out that groups and strides keep some away.
    /// For a transposed convolution this and [`Parameter::fan_in`] are what they are for other layers, where
    /// PyTorch exchanges the two.
    pub fn fan_out(&self) -> usize {
        match self.role {
            Role::TransposedConvWeight { .. } => self.shape.iter().skip(1).product(),
            _ => self.shape.iter().take(1).chain(self.shape.iter().skip(2)).product(),
        }
    }

    /// Whether weight decay applies.
    pub fn decays(&self) -> bool {
        self.role.is_weight()
    }
}

fn total(input: Extent, layers: &[LayerReport]) -> Total {
    let numbers = |extent: Extent| 4 * extent.len() as u64;
    // What no machine could hold or do stops at the largest number.
    let sum = |of: fn(&LayerReport) -> u64| layers.iter().map(of).fold(0, u64::saturating_add);
    let outputs = layers.iter().map(|layer| numbers(layer.output)).fold(0, u64::saturating_add);
    Total {
        parameters: sum(|layer| layer.parameters),
        multiply_adds: sum(|layer| layer.multiply_adds),
        activation_bytes: numbers(input).saturating_add(outputs),
    }
}

#[cfg(test)]
mod published;
#[cfg(test)]
pub mod strategies;
#[cfg(test)]
mod blocks_tests;
#[cfg(test)]
mod tests;
