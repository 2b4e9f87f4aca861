//! A ReLU joins the step before it.

use super::layers::Op;
use super::{Graph, Node, NodeId};
use crate::experiment::layers::{Activation, Merge};

/// Marks the producer of each ReLU as rectified and turns the ReLU's readers to it, where nothing else reads
/// the value between. The ReLU's node stays, unread, so that node numbers keep their meaning. The values of nodes in
/// `kept` are found in their own places.
pub(super) fn fuse(graph: &Graph, kept: &[NodeId]) -> Graph {
    let mut fused = graph.clone();
    let mut n_readers = vec![0; graph.nodes.len()];
    for input in graph.nodes.iter().flat_map(|node| &node.inputs) {
        n_readers[input.0] += 1;
    }
    n_readers[graph.output.0] += 1;
    kept.iter().for_each(|kept| n_readers[kept.0] += 1);
    // Where a node's value is found after fusion.
    let mut place: Vec<NodeId> = (0..graph.nodes.len()).map(NodeId).collect();
    for (i, node) in graph.nodes.iter().enumerate() {
        fused.nodes[i].inputs = node.inputs.iter().map(|input| place[input.0]).collect();
        if let Op::Activation(activation) = &node.op
            && activation.function == Activation::Relu
            && n_readers[node.inputs[0].0] == 1
            && !kept.contains(&NodeId(i))
            && rectify(&mut fused.nodes[node.inputs[0].0])
        {
            place[i] = node.inputs[0];
        }
    }
    fused.output = place[graph.output.0];
    fused.nodes = without_unread(fused.nodes, kept.iter().copied().chain([fused.output]));
    fused
}

/// Lets a node's step apply the ReLU, if it can.
fn rectify(node: &mut Node) -> bool {
    match &mut node.op {
        Op::Conv(conv) => conv.relu = true,
        Op::Linear(linear) => linear.relu = true,
        Op::BatchNorm(norm) => norm.relu = true,
        Op::Merge(merge) if merge.merge == Merge::Add => merge.relu = true,
        _ => return false,
    }
    true
}

/// Nodes that nothing reads any more become inputs, for which nothing is computed.
fn without_unread(mut nodes: Vec<Node>, ends: impl Iterator<Item = NodeId>) -> Vec<Node> {
    let mut read = vec![false; nodes.len()];
    ends.for_each(|end| read[end.0] = true);
    for i in (0..nodes.len()).rev() {
        if read[i] {
            for input in &nodes[i].inputs {
                read[input.0] = true;
            }
        } else if i > 0 {
            nodes[i].op = Op::Input;
            nodes[i].inputs.clear();
        }
    }
    nodes
}
