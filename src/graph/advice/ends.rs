//! The end of the net: what reaches the loss.

use super::{Advice, Net, Remedy};
use crate::experiment::figures::counted;
use crate::experiment::layers::{Activation, Conv, Linear};
use crate::experiment::{Kind, Loss, Network};
use crate::graph::{Goal, NodeId, Op};

/// The last node before the loss that does anything to the numbers.
fn end(net: &Net<'_>) -> NodeId {
    let mut at = net.graph.output;
    while let Op::Flatten(_) = net.graph.node(at).op {
        at = net.graph.node(at).inputs[0];
    }
    at
}

fn function(net: &Net<'_>) -> Option<Activation> {
    match &net.graph.node(end(net)).op {
        Op::Activation(activation) => Some(activation.function),
        _ => None,
    }
}

/// Answers behind a ReLU: none can be negative, and one that is 0 has no gradient by which it could rise.
pub fn answers_cut_off(net: &Net<'_>) -> Vec<Advice> {
    if function(net) != Some(Activation::Relu) {
        return Vec::new();
    }
    let what = "The answers pass through a ReLU before the loss.";
    let why = "No answer can be negative, and one that is cut off at 0 has no gradient left by which it could learn.";
    net.about(end(net), |_| what.into(), why, |layer| Some(Remedy::Remove(layer))).into_iter().collect()
}

/// Cross-entropies bring the answers into 0 to 1 themselves.
pub fn answers_squashed_twice(net: &Net<'_>) -> Vec<Advice> {
    let squashes = match net.goal.loss {
        Loss::CrossEntropy { .. } | Loss::PixelCrossEntropy { .. } => "a softmax",
        Loss::SigmoidCrossEntropy => "a sigmoid",
        Loss::SquaredError => return Vec::new(),
    };
    let Some(function @ (Activation::Sigmoid | Activation::Tanh)) = function(net) else { return Vec::new() };
    let what = format!(
        "The answers pass through a {} before a loss that has {squashes} of its own.",
        function.title()
    );
    let why = "Squashed twice, no answer can be far from the others: the loss cannot come near 0, and the gradient is small.";
    net.about(end(net), |_| what, why, |layer| Some(Remedy::Remove(layer))).into_iter().collect()
}

/// Dropout over the answers themselves.
pub fn answers_dropped(net: &Net<'_>) -> Vec<Advice> {
    let Op::Dropout(dropout) = &net.graph.node(end(net)).op else { return Vec::new() };
    if dropout.probability == 0.0 {
        return Vec::new();
    }
    let what = "A dropout stands right before the loss.";
    let why = "It sets answers themselves to 0, that of the right class as well, and nothing can learn to make up for it.";
    net.about(end(net), |_| what.into(), why, |layer| Some(Remedy::Remove(layer))).into_iter().collect()
}

/// The edit that gives the last layer the shape that the goal asks for; none where more than that is wrong.
pub fn head_remedy(network: &Network, goal: &Goal) -> Option<Remedy> {
    let (graph, problem) = crate::graph::build::flatten(network);
    if problem.is_some() || goal.check().is_err() {
        return None;
    }
    let head = goal.head(network.input);
    if graph.layers.last().is_some_and(|last| last.output == head) {
        return None;
    }
    let n = head.channels;
    let linear = Kind::Linear(Linear { outputs: n, ..Linear::default() });
    let conv = Kind::Conv(Conv { filters: n, kernel: [1, 1], ..Conv::default() });
    let is_as_large = graph.node(graph.output).extent.area() == head.area();
    match network.layers.last().map(|last| (last.id, &last.kind)) {
        Some((id, Kind::Linear(own))) if head.is_vector() => {
            let kind = Kind::Linear(Linear { outputs: n, ..own.clone() });
            Some(Remedy::Change(id, kind, format!("Make it {}", counted(n as u64, "unit"))))
        }
        Some((id, Kind::Conv(own))) if is_as_large && own.groups == 1 => {
            let kind = Kind::Conv(Conv { filters: n, ..own.clone() });
            Some(Remedy::Change(id, kind, format!("Make it {}", counted(n as u64, "filter"))))
        }
        _ if head.is_vector() => Some(Remedy::Append(linear)),
        _ => is_as_large.then_some(Remedy::Append(conv)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with};
    use super::*;
    use crate::experiment::{LabelKind, Layer, Train};
    use crate::tensor::Extent;

    #[test]
    fn answers_are_not_cut_off() {
        check("{ linear = 10 }, 'relu'", &[("layers.1", "through a ReLU before the loss")]);
        check("{ linear = 10 }", &[]);
    }

    #[test]
    fn answers_are_squashed_by_the_loss_alone() {
        check("{ linear = 10 }, 'sigmoid'", &[("layers.1", "a loss that has a softmax of its own")]);
        let squared = Train { loss: Loss::SquaredError, ..Train::default() };
        check_with("{ linear = 10 }, 'sigmoid'", squared, &[]);
    }

    #[test]
    fn answers_are_not_dropped() {
        check("{ linear = 10 }, { dropout = 0.5 }", &[("layers.1", "right before the loss")]);
        check("{ linear = 10 }, { dropout = 0.0 }", &[]);
    }

    fn remedy(kinds: &[Kind], goal: Goal) -> Option<Remedy> {
        let layers = kinds.iter().cloned().map(Layer::new).collect();
        head_remedy(&Network { input: Extent::new(3, 8, 8), layers }, &goal)
    }

    #[test]
    fn the_last_layer_is_made_to_fit_or_one_is_added() {
        let linear = |outputs| Kind::Linear(Linear { outputs, ..Linear::default() });
        let conv = |filters| Kind::Conv(Conv { filters, kernel: [1, 1], ..Conv::default() });
        let classes = Goal::classes(10);
        assert!(
            matches!(remedy(&[linear(7)], classes), Some(Remedy::Change(_, kind, _)) if kind == linear(10))
        );
        assert_eq!(remedy(&[linear(10)], classes), None);
        assert_eq!(remedy(&[Kind::GlobalAveragePool], classes), Some(Remedy::Append(linear(10))));
        assert_eq!(remedy(&[], classes), Some(Remedy::Append(linear(10))));
        let loss = Loss::PixelCrossEntropy { void: None };
        let pixels = Goal { loss, labels: LabelKind::Pixels, n_classes: 7 };
        assert!(matches!(remedy(&[conv(4)], pixels), Some(Remedy::Change(_, kind, _)) if kind == conv(7)));
        assert_eq!(remedy(&[Kind::GlobalAveragePool], pixels), None, "the size is lost");
    }
}
