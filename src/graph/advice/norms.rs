//! What goes ill with batch normalisation.

use super::{Advice, Net, Remedy};
use crate::experiment::Kind;
use crate::graph::layers::batch_norm::BatchNormNode;
use crate::graph::{Node, NodeId, Op};

/// The normalisations of a net.
fn norms<'a>(net: &Net<'a>) -> impl Iterator<Item = (NodeId, &'a Node, &'a BatchNormNode)> {
    net.nodes().filter_map(|(id, node)| match &node.op {
        Op::BatchNorm(norm) => Some((id, node, norm)),
        _ => None,
    })
}

/// A bias whose sum is normalised at once is subtracted again with the mean (Ioffe and Szegedy 2015, section 3.2).
pub fn useless_bias(net: &Net<'_>) -> Vec<Advice> {
    let advice = norms(net).filter_map(|(_, node, _)| {
        let before = *node.inputs.first()?;
        net.reader(before)?;
        let layer = net.owner(before).filter(|_| net.graph.node(before).op.weight().is_some())?.layer;
        let without = without_bias(net.kind(layer)?)?;
        net.about(
            before,
            |_| "Its bias is useless: a batch normalisation follows.".into(),
            "The normalisation subtracts the mean of each channel, and the bias with it; its own shift does the same work.",
            |layer| Some(Remedy::Change(layer, without, "Make it without bias".into())),
        )
    });
    advice.collect()
}

/// The layer without its bias; none where it has none.
fn without_bias(kind: &Kind) -> Option<Kind> {
    let mut kind = kind.clone();
    let bias = match &mut kind {
        Kind::Conv(conv) => &mut conv.bias,
        Kind::TransposedConv(conv) => &mut conv.bias,
        Kind::Linear(linear) => &mut linear.bias,
        _ => return None,
    };
    std::mem::take(bias).then_some(kind)
}

/// Dropout changes the variance that a normalisation behind it measures, in training and not in testing (Li, Chen, Hu,
/// Yang 2019).
pub fn dropout_before_norm(net: &Net<'_>) -> Vec<Advice> {
    let advice = norms(net).filter_map(|(_, node, _)| {
        let dropout = dropout_before(net, *node.inputs.first()?)?;
        net.about(
            dropout,
            |_| "This dropout stands before a batch normalisation.".into(),
            "In training it raises the variance that the normalisation remembers, in testing it does nothing: the \
             scale is then wrong.",
            |layer| Some(Remedy::Remove(layer)),
        )
    });
    advice.collect()
}

/// The dropout from which a single path leads here, past other layers but no normalisation.
fn dropout_before(net: &Net<'_>, from: NodeId) -> Option<NodeId> {
    let mut at = from;
    loop {
        let node = net.graph.node(at);
        match &node.op {
            Op::Dropout(dropout) if dropout.probability > 0.0 => return Some(at),
            Op::BatchNorm(_) | Op::Merge(_) | Op::Input => return None,
            _ => at = *node.inputs.first()?,
        }
    }
}

/// The smallest batch that a remedy asks for.
const USUAL_BATCH: usize = 32;

/// Over a single number mean and variance say nothing.
pub fn batch_of_one(net: &Net<'_>) -> Vec<Advice> {
    if net.train.batch > 1 {
        return Vec::new();
    }
    let advice = norms(net).filter_map(|(id, node, _)| {
        let why = match node.extent.area() {
            1 => "Over one number the mean is the number itself: every output is the shift, whatever the picture.",
            _ => "The statistics are those of one picture and change with each: what is learned does not fit the running ones.",
        };
        let what = "It normalises over batches of a single picture.";
        net.about(id, |_| what.into(), why, |_| Some(Remedy::Batch(USUAL_BATCH)))
    });
    // It is one setting that mends them all.
    advice.take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with, said_with};
    use super::*;
    use crate::experiment::Train;
    use crate::experiment::layers::Conv;

    #[test]
    fn a_bias_before_a_normalisation_is_useless() {
        let layers = "{ conv = 8 }, 'batch-norm', 'relu', { linear = 10 }";
        check(layers, &[("layers.0", "Its bias is useless")]);
        let said = said_with(layers, Train::default());
        assert!(
            matches!(
                &said[0].remedy,
                Some(Remedy::Change(_, Kind::Conv(Conv { filters: 8, bias: false, .. }), _))
            ),
            "{said:?}"
        );
        check("{ conv = 8, bias = false }, 'batch-norm', 'relu', { linear = 10 }", &[]);
        check("{ conv = 8 }, 'relu', 'batch-norm', { linear = 10 }", &[]);
    }

    #[test]
    fn dropout_does_not_stand_before_a_normalisation() {
        let layers = "{ conv = 8, bias = false }, { dropout = 0.5 }, 'batch-norm', 'relu', { linear = 10 }";
        check(layers, &[("layers.1", "This dropout stands before a batch normalisation")]);
        check("{ conv = 8, bias = false }, 'batch-norm', 'relu', { dropout = 0.5 }, { linear = 10 }", &[]);
        check("{ conv = 8, bias = false }, { dropout = 0.0 }, 'batch-norm', 'relu', { linear = 10 }", &[]);
    }

    #[test]
    fn a_batch_is_more_than_one_picture() {
        let layers = "{ conv = 8, bias = false }, 'batch-norm', 'relu', { linear = 10 }";
        let train = Train { batch: 1, ..Train::default() };
        check_with(layers, train.clone(), &[("layers.1", "a single picture")]);
        check_with("{ conv = 8 }, 'relu', { linear = 10 }", train, &[]);
    }
}
