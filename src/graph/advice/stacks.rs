//! Layers whose order makes one of them idle.

use super::{Advice, Net, Remedy, is_linear};
use crate::experiment::layers::Activation;
use crate::experiment::words::{capitalised, with_article};
use crate::experiment::{Kind, LayerId};
use crate::graph::{NodeId, Op};

/// Two layers with weights between which everything is linear are one. Convolutions in groups are left out: a filter
/// for each channel and then 1×1 across them is a way of saving weights (Sifre 2014; Chollet 2017).
pub fn two_linear_layers(net: &Net<'_>) -> Vec<Advice> {
    let weighted = net.nodes().filter(|(_, node)| node.op.weight().is_some() && node.op.groups() == 1);
    let advice = weighted.filter_map(|(second, node)| {
        let first = weights_before(net, node.inputs[0])?;
        let title = net.kind(net.owner(first)?.layer)?.title();
        let behind = last_of_layer(net, first);
        net.about(
            second,
            |report| {
                let own = net.kind(report.layer).map_or("layer", Kind::title).to_lowercase();
                format!("Nothing non-linear stands between the {} before and this {own}.", title.to_lowercase())
            },
            "Two linear functions one after the other are a single one, with no more to choose from than one layer has.",
            |_| Some(Remedy::InsertBehind(behind?, Kind::Activation(Activation::Relu))),
        )
    });
    advice.collect()
}

/// The node with weights from which only linear ones lead here.
fn weights_before(net: &Net<'_>, from: NodeId) -> Option<NodeId> {
    let mut at = from;
    loop {
        let node = net.graph.node(at);
        match node.op.weight() {
            Some(_) if node.op.groups() == 1 => return Some(at),
            None if is_linear(&node.op) => at = *node.inputs.first()?,
            _ => return None,
        }
    }
}

/// The layer behind which a non-linearity belongs: this one, or the normalisation right behind it.
fn last_of_layer(net: &Net<'_>, node: NodeId) -> Option<LayerId> {
    let norm = net.reader(node).filter(|reader| matches!(net.graph.node(*reader).op, Op::BatchNorm(_)));
    Some(net.owner(norm.unwrap_or(node))?.layer)
}

/// A ReLU behind a ReLU or a sigmoid changes nothing; sigmoids one behind the other squash what is squashed.
pub fn two_activations(net: &Net<'_>) -> Vec<Advice> {
    let function = |node: NodeId| match &net.graph.node(node).op {
        Op::Activation(activation) => Some(activation.function),
        _ => None,
    };
    let advice = net.nodes().filter_map(|(second, node)| {
        let (later, earlier) = (function(second)?, function(*node.inputs.first()?)?);
        let is_idle = later == Activation::Relu && matches!(earlier, Activation::Relu | Activation::Sigmoid);
        let why = match is_idle {
            true => "What it gets is never negative, and so it changes nothing.",
            false => "A single one bends the function as well, and the gradient passes through it once only.",
        };
        let [later, earlier] = [later, earlier].map(|function| with_article(function.title()));
        let what = format!("{} stands right behind {earlier}.", capitalised(&later));
        net.about(second, |_| what, why, |layer| Some(Remedy::Remove(layer)))
    });
    advice.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, said_with};
    use super::*;
    use crate::experiment::Train;

    #[test]
    fn two_layers_without_a_non_linearity_are_one() {
        let wanted = [(
            "layers.2",
            "Nothing non-linear stands between the convolution before and this fully connected",
        )];
        check("{ conv = 8, bias = false }, 'batch-norm', { linear = 10 }", &wanted);
        check("{ conv = 8 }, { average-pool = 2 }, { linear = 10 }", &wanted);
        check("{ conv = 8 }, 'relu', { linear = 10 }", &[]);
        check("{ conv = 8 }, { max-pool = 2 }, { linear = 10 }", &[]);
        check("{ conv = 3, groups = 3 }, { conv = 8, kernel = 1 }, 'prelu', { linear = 10 }", &[]);
    }

    #[test]
    fn the_remedy_stands_behind_the_normalisation() {
        let said = said_with("{ conv = 8, bias = false }, 'batch-norm', { linear = 10 }", Train::default());
        let Some(Remedy::InsertBehind(_, kind)) = &said[0].remedy else { panic!("{said:?}") };
        assert_eq!(*kind, Kind::Activation(Activation::Relu));
    }

    /// It is said once, whatever the repetitions, and of the layers between two of them as well.
    #[test]
    fn a_repetition_of_convolutions_alone_is_linear() {
        let layers = "{ repeat = 3, layers = [{ conv = 8, padding = 1 }] }, 'relu', { linear = 10 }";
        check(layers, &[("layers.0.1.0", "Nothing non-linear")]);
    }

    #[test]
    fn an_activation_behind_another_is_idle() {
        check(
            "{ conv = 8 }, 'relu', 'relu', { linear = 10 }",
            &[("layers.2", "A ReLU stands right behind a ReLU")],
        );
        check("{ conv = 8 }, 'sigmoid', 'tanh', { linear = 10 }", &[("layers.2", "A Tanh")]);
        check("{ conv = 8 }, 'relu', { conv = 8 }, 'relu', { linear = 10 }", &[]);
    }
}
