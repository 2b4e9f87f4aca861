//! What theory says of the way of a signal through a layer: `E[y²] = n·E[w²]·E[x²]`, and behind a ReLU
//! `E[x²] = ½·E[y²]` of the layer before (He et al. 2015, "Delving deep into rectifiers", equations 7 to 9; the
//! weights of one layer are independent of each other and of its input, and y is symmetric about 0).
//!
//! n is how many numbers a unit reads, on average over its positions: of the taps of a window only those that lie
//! inside the picture count, for the zeros around it carry nothing.

use crate::experiment::layers::Activation;
use crate::graph::layers::Window;
use crate::graph::{Graph, NodeId, Op, ParameterId};
use crate::tensor::Extent;

/// A layer with weights, the place before it that its signal is held against, and what lies between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    pub node: NodeId,
    pub weight: ParameterId,
    /// Where the signal was symmetric about 0 last: a layer with weights, a normalisation, the pictures.
    pub source: NodeId,
    /// n, times the share of the signal's power that the non-linearity between lets through.
    pub factor: f64,
}

impl Link {
    /// The link that ends in a node; none where theory says nothing of what lies before it: a sum of branches, a
    /// pool, a non-linearity without a simple law.
    pub fn to(graph: &Graph, node: NodeId) -> Option<Self> {
        let input = *graph.node(node).inputs.first()?;
        let extent = graph.node(input).extent;
        let (weight, n) = match &graph.node(node).op {
            Op::Conv(conv) => {
                let taps = mean_taps(&conv.window, extent, graph.node(node).extent);
                (conv.weight, (extent.channels / conv.groups) as f64 * taps)
            }
            Op::Linear(linear) => (linear.weight, extent.len() as f64),
            _ => return None,
        };
        let (source, share) = source(graph, input)?;
        Some(Self { node, weight, source, factor: n * share })
    }
}

/// Back to where the signal was symmetric, and the share of its power that came through from there.
fn source(graph: &Graph, mut node: NodeId) -> Option<(NodeId, f64)> {
    let mut share = None;
    loop {
        match &graph.node(node).op {
            Op::Input if share.is_none() => return Some((node, 1.0)),
            Op::Conv(_) | Op::Linear(_) | Op::TransposedConv(_) | Op::BatchNorm(_) => {
                return Some((node, share.unwrap_or(1.0)));
            }
            Op::Flatten(_) | Op::Permute(_) => {}
            // A second non-linearity sees what is not symmetric any more.
            Op::Activation(activation) if share.is_none() => match activation.function {
                Activation::Relu => share = Some(0.5),
                Activation::LeakyRelu { slope } => share = Some(0.5 * (1.0 + f64::from(slope).powi(2))),
                _ => return None,
            },
            _ => return None,
        }
        node = graph.node(node).inputs[0];
    }
}

/// Taps of a window that lie inside the picture, on average over its positions.
fn mean_taps(window: &Window, input: Extent, output: Extent) -> f64 {
    let along = |axis: usize, size: usize, n_positions: usize| {
        let is_inside = |position: usize, tap: usize| {
            let at = position * window.stride[axis] + tap * window.dilation[axis];
            (window.padding[axis]..window.padding[axis] + size).contains(&at)
        };
        let taps = |position: usize| (0..window.kernel[axis]).filter(|&tap| is_inside(position, tap)).count();
        (0..n_positions).map(taps).sum::<usize>() as f64 / n_positions as f64
    };
    along(0, input.height, output.height) * along(1, input.width, output.width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::file;

    fn links(layers: &str) -> Vec<Option<(usize, f64)>> {
        let experiment = file::parse(&format!("[network]\nlayers = [{layers}]")).expect(layers);
        let network = experiment.network.network(Extent::new(3, 4, 6), 10).expect(layers);
        let graph = Graph::new(&network).expect(layers);
        let weighted = (0..graph.nodes.len()).map(NodeId).filter(|&id| graph.node(id).op.weight().is_some());
        weighted.map(|id| Link::to(&graph, id).map(|link| (link.source.0, link.factor))).collect()
    }

    /// Of a 3×3 window with padding 1 over 4×6, 2·2 + 2·3 = 10 of 12 rows of taps lie inside, and 16 of 18 columns.
    #[test]
    fn taps_in_the_padding_do_not_count() {
        let found = links("{ conv = 8, padding = 1 }, 'relu', { conv = 8, padding = 1 }, { linear = 2 }");
        let taps = (10.0 / 4.0) * (16.0 / 6.0);
        let expected = [(0, 3.0 * taps), (1, 4.0 * taps), (3, 8.0 * 24.0)];
        for (found, expected) in found.into_iter().zip(expected) {
            let (source, factor) = found.expect("a link");
            assert!(source == expected.0 && (factor - expected.1).abs() < 1e-9, "{found:?}, {expected:?}");
        }
        assert_eq!(links("{ conv = 2 }, 'batch-norm', 'relu', { conv = 4, kernel = 1 }")[1], Some((2, 1.0)));
    }

    #[test]
    fn where_there_is_no_simple_law_nothing_is_said() {
        assert_eq!(links("{ conv = 2 }, 'tanh', { linear = 2 }")[1], None);
        assert_eq!(links("{ conv = 2 }, 'relu', { max-pool = 2 }, { linear = 2 }")[1], None);
        assert_eq!(links("'relu', { linear = 2 }")[0], None);
    }
}
