//! The graph of an ONNX model under construction.

use std::collections::{HashMap, HashSet};

use super::message::Initialiser;
use super::proto::{Attribute, Node};
use crate::graph::{Graph, NodeId, ParameterId, StatisticId};
use crate::tensor::Extent;
use crate::train::Net;
use crate::train::weights::Numbers;

pub const INPUT: &str = "input";
pub const OUTPUT: &str = "logits";

/// Nodes and weights as far as they have been written.
pub struct Writer<'a> {
    pub graph: &'a Graph,
    pub nodes: Vec<Node>,
    pub initialisers: Vec<Initialiser<'a>>,
    numbers: &'a Numbers,
    /// The layer that gives each node's value.
    paths: HashMap<NodeId, &'a str>,
    /// What holds each node's value.
    values: Vec<Value>,
    /// The names that operators have given so far: two layers may want the same value in another form.
    made: HashSet<String>,
}

/// A value: its name, and whether it is `(N, K)`, as behind a matrix product, rather than `(N, C, H, W)`.
#[derive(Clone)]
struct Value {
    name: String,
    is_flat: bool,
}

impl<'a> Writer<'a> {
    pub fn new(net: &'a Net) -> Self {
        let mut paths = HashMap::new();
        for layer in &net.graph.layers {
            // The first layer that has the value is the one that makes it.
            paths.entry(layer.node).or_insert(layer.path.as_str());
        }
        Self {
            graph: &net.graph,
            nodes: Vec::new(),
            initialisers: Vec::new(),
            numbers: &net.numbers,
            paths,
            values: vec![Value { name: INPUT.into(), is_flat: false }],
            made: HashSet::new(),
        }
    }

    pub fn extent(&self, node: NodeId) -> Extent {
        self.graph.node(node).extent
    }

    /// What a node's value is called.
    pub fn name(&self, node: NodeId) -> String {
        match self.paths.get(&node) {
            Some(path) => (*path).to_string(),
            None => format!("node.{}", node.0),
        }
    }

    /// Adds an operator; gives the name of its output.
    pub fn op(
        &mut self,
        op_type: &str,
        inputs: &[&str],
        output: impl Into<String>,
        attributes: Vec<Attribute>,
    ) -> String {
        let output = output.into();
        self.made.insert(output.clone());
        self.nodes.push(Node {
            input: inputs.iter().map(|name| name.to_string()).collect(),
            output: vec![output.clone()],
            name: output.clone(),
            op_type: op_type.into(),
            attribute: attributes,
        });
        output
    }

    /// Says that the next node's value is there, under this name; nodes come in their order.
    pub fn set(&mut self, name: String, is_flat: bool) {
        self.values.push(Value { name, is_flat });
    }

    /// A node's value as it is, and whether it is `(N, K)`.
    pub fn value(&self, node: NodeId) -> (String, bool) {
        let Value { name, is_flat } = self.values[node.0].clone();
        (name, is_flat)
    }

    /// A node's value as maps, `(N, C, H, W)`.
    pub fn maps(&mut self, node: NodeId) -> String {
        let (name, is_flat) = self.value(node);
        let maps = format!("{name}/maps");
        match is_flat {
            false => name,
            true if self.made.contains(&maps) => maps,
            true => {
                let Extent { channels, height, width } = self.extent(node);
                self.reshape(&name, &maps, &[channels, height, width])
            }
        }
    }

    /// A node's value as vectors, `(N, C·H·W)`.
    pub fn vectors(&mut self, node: NodeId) -> String {
        let (name, is_flat) = self.value(node);
        let flat = format!("{name}/flat");
        match is_flat {
            true => name,
            false if self.made.contains(&flat) => flat,
            false => self.op("Flatten", &[&name], flat, Vec::new()),
        }
    }

    /// `(N, …)` to `(N, shape)`.
    pub fn reshape(&mut self, input: &str, output: &str, shape: &[usize]) -> String {
        // A zero keeps the side that is there: the batch.
        let shape: Vec<i64> = std::iter::once(0).chain(shape.iter().map(|&side| side as i64)).collect();
        let shape = self.whole(&format!("{output}/shape"), &shape);
        self.op("Reshape", &[input, &shape], output, Vec::new())
    }

    /// The numbers of a parameter, under its own name, in the given shape or its own.
    pub fn parameter(&mut self, id: ParameterId, shape: Option<&[usize]>) -> String {
        let parameter = &self.graph.parameters[id.0];
        let shape = shape.unwrap_or(&parameter.shape);
        self.numbers(&parameter.name, shape, &self.numbers.parameters[id.0])
    }

    pub fn statistic(&mut self, id: StatisticId) -> String {
        let statistic = &self.graph.statistics[id.0];
        self.numbers(&statistic.name, &[statistic.len], &self.numbers.statistics[id.0])
    }

    /// Numbers of the net, under their own name.
    fn numbers(&mut self, name: &str, shape: &[usize], numbers: &'a [f32]) -> String {
        self.initialisers.push(Initialiser::floats(name, shape, numbers));
        name.into()
    }

    pub fn floats(&mut self, name: &str, shape: &[usize], numbers: &[f32]) -> String {
        self.initialisers.push(Initialiser::constants(name, shape, numbers));
        name.into()
    }

    pub fn whole(&mut self, name: &str, numbers: &[i64]) -> String {
        self.initialisers.push(Initialiser::whole(name, numbers));
        name.into()
    }
}
