//! From the tree to the flat graph.

use super::layers::{self, Op};
use super::{
    Graph, LayerReport, Node, NodeId, Parameter, ParameterId, ReceptiveField, Role, ShapeProblem, Statistic,
    StatisticId,
};
use crate::experiment::layers::{Branches, Merge, Repeat};
use crate::experiment::{Initialisation, Kind, Layer, LayerId, Network};
use crate::tensor::Extent;

/// Numbers in one feature map stack, or in one parameter, above which a network is refused: 2³¹, eight
/// gigabytes.
const LARGEST_TENSOR: usize = 1 << 31;

/// Nodes above which a network is refused.
const MOST_NODES: usize = 20_000;

/// Bit that sets the draws of shortcuts apart from those of the main path.
const SHORTCUT_DRAW: u32 = 1 << 31;

/// Flattens as far as the shapes allow; the graph holds what came before the problem.
pub(super) fn flatten(network: &Network) -> (Graph, Option<ShapeProblem>) {
    let mut builder = Builder::new(network.input);
    let end = if network.input.is_empty() {
        Err(ShapeProblem {
            path: "input".into(),
            layer: None,
            message: format!("A picture of {} has no pixels.", network.input),
        })
    } else {
        builder.stack("layers", &network.layers, NodeId(0))
    };
    let problem = match end {
        Ok(output) => {
            builder.graph.output = output;
            None
        }
        Err(problem) => Some(problem),
    };
    (builder.graph, problem)
}

/// What the layer rules see of the graph under construction.
pub(super) struct Builder {
    graph: Graph,
    /// Field of each node's units.
    fields: Vec<ReceptiveField>,
    /// Path of the layer being added.
    path: String,
    /// Multiply-adds of the layer being added.
    multiply_adds: u64,
    /// Layers with weights met so far, on the main path and on shortcuts.
    ordinals: [u32; 2],
    on_shortcut: bool,
    /// From what the layer being added draws its weights, if it says so itself.
    init: Option<Initialisation>,
}

impl Builder {
    fn new(input: Extent) -> Self {
        let node = Node { op: Op::Input, inputs: Vec::new(), extent: input };
        Self {
            graph: Graph {
                nodes: vec![node],
                parameters: Vec::new(),
                statistics: Vec::new(),
                layers: Vec::new(),
                output: NodeId(0),
            },
            fields: vec![ReceptiveField::PIXEL],
            path: String::new(),
            multiply_adds: 0,
            ordinals: [0, 0],
            on_shortcut: false,
            init: None,
        }
    }

    pub fn extent(&self, node: NodeId) -> Extent {
        self.graph.node(node).extent
    }

    pub fn field(&self, node: NodeId) -> ReceptiveField {
        self.fields[node.0]
    }

    /// Adds a node; `field` is that of its units.
    pub fn node(
        &mut self,
        op: Op,
        inputs: Vec<NodeId>,
        extent: Extent,
        field: ReceptiveField,
    ) -> Result<NodeId, String> {
        bounded(&[extent.channels, extent.height, extent.width], "The output")?;
        if self.graph.nodes.len() >= MOST_NODES {
            return Err(format!(
                "With its repetitions the net has more than {MOST_NODES} layers. Repeat less."
            ));
        }
        self.graph.nodes.push(Node { op, inputs, extent });
        self.fields.push(field);
        Ok(NodeId(self.graph.nodes.len() - 1))
    }

    /// Adds a learned tensor to the layer being added.
    pub fn parameter(&mut self, suffix: &str, shape: Vec<usize>, role: Role) -> Result<ParameterId, String> {
        bounded(&shape, "The weights")?;
        let lane = self.on_shortcut as usize;
        let draw = self.ordinals[lane] | if self.on_shortcut { SHORTCUT_DRAW } else { 0 };
        if role.is_weight() {
            self.ordinals[lane] += 1;
        }
        let name = format!("{}.{suffix}", self.path);
        let init = self.init.filter(|_| role.is_weight());
        self.graph.parameters.push(Parameter { name, shape, role, draw, init, ends_branch: false });
        Ok(ParameterId(self.graph.parameters.len() - 1))
    }

    /// Adds a measured tensor of `len` numbers to the layer being added.
    pub fn statistic(&mut self, suffix: &str, len: usize, start: f32) -> StatisticId {
        let name = format!("{}.{suffix}", self.path);
        self.graph.statistics.push(Statistic { name, len, start });
        StatisticId(self.graph.statistics.len() - 1)
    }

    pub fn count_multiply_adds(&mut self, multiply_adds: u64) {
        self.multiply_adds = self.multiply_adds.saturating_add(multiply_adds);
    }

    fn stack(&mut self, path: &str, layers: &[Layer], input: NodeId) -> Result<NodeId, ShapeProblem> {
        let mut node = input;
        for (i, layer) in layers.iter().enumerate() {
            node = self.layer(&format!("{path}.{i}"), layer, node)?;
        }
        Ok(node)
    }

    fn layer(&mut self, path: &str, layer: &Layer, input: NodeId) -> Result<NodeId, ShapeProblem> {
        match &layer.kind {
            Kind::Repeat(repeat) => self.repeat(path, layer.id, repeat, input),
            Kind::Branches(branches) => self.branches(path, layer.id, branches, input),
            kind => {
                self.init = kind.init();
                self.leaf(path, layer.id, kind.name(), |builder| layers::add(kind, builder, input))
            }
        }
    }

    /// Adds one layer by `add` and reports it.
    fn leaf(
        &mut self,
        path: &str,
        layer: LayerId,
        kind: &'static str,
        add: impl FnOnce(&mut Self) -> Result<NodeId, String>,
    ) -> Result<NodeId, ShapeProblem> {
        self.path = path.into();
        self.multiply_adds = 0;
        let first_parameter = self.graph.parameters.len();
        let node =
            add(self).map_err(|message| ShapeProblem { path: path.into(), layer: Some(layer), message })?;
        let parameters = self.graph.parameters[first_parameter..].iter().map(|p| p.len() as u64).sum();
        self.graph.layers.push(LayerReport {
            path: path.into(),
            layer,
            kind,
            node,
            output: self.extent(node),
            parameters,
            multiply_adds: self.multiply_adds,
            receptive_field: self.field(node),
        });
        Ok(node)
    }

    fn repeat(
        &mut self,
        path: &str,
        id: LayerId,
        repeat: &Repeat,
        input: NodeId,
    ) -> Result<NodeId, ShapeProblem> {
        if repeat.layers.is_empty() {
            let message = "There is nothing to repeat. Add a layer inside, or remove the repetition.".into();
            return Err(ShapeProblem { path: path.into(), layer: Some(id), message });
        }
        let mut node = input;
        for i in 0..repeat.times {
            node = self.stack(&format!("{path}.{i}"), &repeat.layers, node)?;
        }
        Ok(node)
    }

    /// Marks the normalisation that ends a branch whose nodes begin with number `first`, if one does. With its
    /// scale at 0 the branch gives nothing, and still learns: what stands between it and the sum lets the
    /// gradient pass.
    fn mark_end(&mut self, first: usize, end: NodeId) {
        let mut node = end;
        while node.0 >= first {
            match &self.graph.node(node).op {
                Op::BatchNorm(norm) => {
                    let scale = norm.scale;
                    self.graph.parameters[scale.0].ends_branch = true;
                    return;
                }
                Op::Dropout(_) => node = self.graph.node(node).inputs[0],
                _ => return,
            }
        }
    }

    fn branches(
        &mut self,
        path: &str,
        id: LayerId,
        branches: &Branches,
        input: NodeId,
    ) -> Result<NodeId, ShapeProblem> {
        if branches.branches.len() < 2 {
            let message = "Branches that meet must be at least two; an empty branch is the identity.".into();
            return Err(ShapeProblem { path: path.into(), layer: Some(id), message });
        }
        // The branch with most weights carries the main path; the others are shortcuts around it.
        let weights: Vec<usize> = branches.branches.iter().map(|layers| n_weighted(layers)).collect();
        let most = weights.iter().copied().max().unwrap_or(0);
        let main = weights.iter().position(|&n| n == most).unwrap_or(0);
        let around = self.on_shortcut;
        let mut ends = Vec::new();
        for (i, layers) in branches.branches.iter().enumerate() {
            self.on_shortcut = around || i != main;
            let first = self.graph.nodes.len();
            let end = self.stack(&format!("{path}.branches.{i}"), layers, input)?;
            if branches.merge == Merge::Add && i == main {
                self.mark_end(first, end);
            }
            ends.push(end);
        }
        self.on_shortcut = around;
        self.leaf(path, id, branches.merge.name(), |builder| layers::merge(branches.merge, builder, ends))
    }
}

/// Layers with weights in a stack, those inside others included.
fn n_weighted(layers: &[Layer]) -> usize {
    let own = |layer: &Layer| layer.kind.is_weighted() as usize;
    layers.iter().map(|l| own(l) + l.kind.children().iter().map(|c| n_weighted(c)).sum::<usize>()).sum()
}

fn bounded(shape: &[usize], what: &str) -> Result<(), String> {
    let len = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
    match len {
        Some(len) if len <= LARGEST_TENSOR => Ok(()),
        _ => Err(format!(
            "{what} would hold {} numbers, more than {LARGEST_TENSOR}. Make the layer or its input smaller.",
            shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
        )),
    }
}
