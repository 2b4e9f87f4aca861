//! Programs for someone who looks at a net that is not learning: no more is computed than leads to what is asked for,
//! and parameters are left alone.

use super::{Emit, Feed, Mode, Program, Request};
use crate::graph::layers::{self, StepOp};
use crate::graph::{Goal, Graph, NodeId};

/// What a program is to do for someone who looks at a net that is not learning: answers in test mode, of no more
/// than is needed, and how they hang together.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    pub batch: usize,
    pub feed: Feed,
    /// Nodes whose forward values are wanted, and the gradients by them where there is a way back.
    pub wanted: Vec<NodeId>,
    pub back: Option<Back>,
    pub strongest: Option<Strongest>,
}

/// Which responses are to be kept while pictures go by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strongest {
    /// Of whose channels.
    pub node: NodeId,
    /// How many of each channel.
    pub n_kept: usize,
    /// Whether each picture takes part with its strongest place alone.
    pub one_each: bool,
}

/// The way back, down to the first node that is wanted. Parameters are left alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Back {
    pub from: Origin,
    pub rule: BackwardRule,
}

/// Where a way back begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// At the loss.
    Loss(Goal),
    /// At a node, the gradient by which the caller writes into [`Program::origin`].
    Node(NodeId),
}

/// What a ReLU does with the gradient that comes back to it. Everything else passes its plain gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BackwardRule {
    /// `dx = dy` where `y > 0`.
    #[default]
    Plain,
    /// `dx = dy` where `y > 0` and `dy > 0` (Springenberg et al. 2014, "Striving for simplicity", Figure 1).
    Guided,
    /// `dx = max(0, dy)`, wherever the signal came through on its way up (Zeiler and Fergus 2013, section 2.1).
    Deconvnet,
}

impl Program {
    /// The steps that do what `inspection` asks of `graph`.
    pub fn inspecting(graph: &Graph, inspection: &Inspection) -> Self {
        assert!(inspection.batch > 0, "a batch holds at least one picture");
        let loss = match inspection.back {
            Some(Back { from: Origin::Loss(goal), .. }) => Some(goal),
            _ => None,
        };
        let request = Request {
            batch: inspection.batch,
            mode: Mode::Test,
            feed: inspection.feed,
            loss,
            gradients: false,
            update: None,
            wanted: inspection.wanted.clone(),
        };
        let mut emit = Emit::new(graph, &request);
        emit.learns = false;
        emit.rule = inspection.back.map_or(BackwardRule::Plain, |back| back.rule);
        emit.first_wanted = inspection.wanted.iter().copied().min().unwrap_or(graph.output);
        emit.feed(&request);
        let from = inspection.back.map(|back| match back.from {
            Origin::Loss(_) => graph.output,
            Origin::Node(node) => node,
        });
        let kept = inspection.strongest.map(|strongest| strongest.node);
        let needed = needed(graph, inspection.wanted.iter().copied().chain(from).chain(kept));
        for node in (1..graph.nodes.len()).filter(|&node| needed[node]) {
            layers::forward(&mut emit, NodeId(node));
        }
        if let Some(Strongest { node, n_kept, one_each }) = inspection.strongest {
            let (batch, extent) = (emit.batch, emit.extent(node));
            let step = layers::strongest::StrongestStep { batch, extent, n_kept, one_each };
            let (maps, kept) = (emit.forward_value(node), emit.transient(step.kept_len()));
            emit.step(StepOp::Strongest(step), vec![maps], vec![kept]);
            emit.strongest = Some(kept);
        }
        match inspection.back.map(|back| back.from) {
            Some(Origin::Loss(goal)) => layers::loss::forward(&mut emit, graph.output, &goal),
            Some(Origin::Node(node)) => {
                let origin = emit.batch_of(emit.extent(node));
                emit.origin = Some(origin);
                emit.contribute(node, origin);
            }
            None => {}
        }
        for node in (emit.first_wanted.0 + 1..graph.nodes.len()).rev().filter(|&node| needed[node]) {
            layers::backward(&mut emit, NodeId(node));
        }
        emit.finish(&request)
    }
}

/// Which nodes it takes to compute these.
fn needed(graph: &Graph, ends: impl Iterator<Item = NodeId>) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    ends.for_each(|end| needed[end.0] = true);
    for node in (1..graph.nodes.len()).rev() {
        if needed[node] {
            graph.nodes[node].inputs.iter().for_each(|input| needed[input.0] = true);
        }
    }
    needed
}
