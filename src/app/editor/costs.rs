//! What is known of the network before it runs, layer by layer of the tree.

use std::collections::HashMap;

use super::tree::{self, Place};
use crate::experiment::layers::{MAX_DEPTH, MAX_UNROLLED, n_unrolled};
use crate::experiment::{Layer, LayerId, Network};
use crate::graph::advice::{self, Advice, Remedy};
use crate::graph::{Goal, ReceptiveField, ShapeProblem, Survey, Total};
use crate::tensor::Extent;

/// The survey, gathered for each layer of the tree.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    pub total: Total,
    pub problem: Option<ShapeProblem>,
    /// What mends the problem, where one edit can.
    pub mend: Option<Remedy>,
    /// What is probably not meant, in the order of the layers; [`super::Editor`] fills it in, who knows how the
    /// net is trained.
    pub advice: Vec<Advice>,
    /// `(C, H, W)` of the pictures.
    reaches: Option<Extent>,
    by_layer: HashMap<LayerId, Cost>,
    /// Where each layer stands in the file, `layers.3`; of several repetitions the last.
    paths: HashMap<LayerId, String>,
}

/// What one layer of the tree costs and gives, all its repetitions and all that is in it together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// `(C, H, W)` that reaches it, the first time.
    pub input: Option<Extent>,
    /// `(C, H, W)` after its last repetition; none where the shapes do not get so far.
    pub output: Option<Extent>,
    pub parameters: u64,
    /// For one picture.
    pub multiply_adds: u64,
    pub receptive_field: Option<ReceptiveField>,
    /// How many times it stands in the unrolled network.
    pub times: usize,
}

impl Costs {
    /// Of a net for a goal.
    pub fn of(network: &Network, goal: &Goal) -> Self {
        if let Some(problem) = too_large(&network.layers) {
            return Self { problem: Some(problem), ..Self::default() };
        }
        let survey = Survey::of(network, goal);
        let mut by_layer: HashMap<LayerId, Cost> = HashMap::new();
        let paths = survey.layers.iter().map(|report| (report.layer, report.path.clone())).collect();
        for report in &survey.layers {
            let cost = by_layer.entry(report.layer).or_default();
            cost.output = Some(report.output);
            cost.receptive_field = Some(report.receptive_field);
            cost.parameters += report.parameters;
            cost.multiply_adds += report.multiply_adds;
            cost.times += 1;
        }
        let mend = survey.problem.as_ref().and_then(|problem| {
            advice::head_remedy(network, goal).or_else(|| advice::shape_remedy(network, problem))
        });
        let problem = survey.problem;
        let mut costs =
            Self { total: survey.total, problem, mend, advice: Vec::new(), reaches: None, by_layer, paths };
        costs.gather_list(&network.layers, Some(network.input));
        costs.reaches = Some(network.input);
        costs
    }

    /// Of one layer.
    pub fn of_layer(&self, id: LayerId) -> Cost {
        self.by_layer.get(&id).copied().unwrap_or_default()
    }

    /// Where a layer stands in the file; of several repetitions the last.
    pub fn path_of(&self, id: LayerId) -> Option<&str> {
        self.paths.get(&id).map(String::as_str)
    }

    /// What is said of one layer.
    pub fn advice_on(&self, id: LayerId) -> impl Iterator<Item = &Advice> {
        self.advice.iter().filter(move |advice| advice.layer == Some(id))
    }

    /// What is said of the net as a whole.
    pub fn general_advice(&self) -> impl Iterator<Item = &Advice> {
        self.advice.iter().filter(|advice| advice.layer.is_none())
    }

    /// `(C, H, W)` of what reaches a gap between layers, where the shapes get so far.
    pub fn reaching(&self, layers: &[Layer], place: Place) -> Option<Extent> {
        let before =
            place.index.checked_sub(1).map(|i| tree::list(layers, place.list).and_then(|list| list.get(i)));
        match (before, place.list.parent) {
            (Some(before), _) => self.of_layer(before?.id).output,
            (None, Some(parent)) => self.of_layer(parent).input,
            (None, None) => self.reaches,
        }
    }

    fn gather_list(&mut self, layers: &[Layer], input: Option<Extent>) {
        let mut reaching = input;
        for layer in layers {
            self.gather(layer, reaching);
            reaching = self.of_layer(layer.id).output;
        }
    }

    /// Adds to a layer what reaches it and what the layers inside it cost.
    fn gather(&mut self, layer: &Layer, input: Option<Extent>) {
        layer.kind.children().into_iter().for_each(|list| self.gather_list(list, input));
        let mut sum = self.of_layer(layer.id);
        sum.input = input;
        let ends_itself = sum.times > 0;
        for inside in layer.kind.children().into_iter().flatten() {
            let cost = self.of_layer(inside.id);
            sum.parameters += cost.parameters;
            sum.multiply_adds += cost.multiply_adds;
            if !ends_itself && cost.times > 0 {
                (sum.output, sum.receptive_field, sum.times) = (cost.output, cost.receptive_field, 1);
            }
        }
        if !ends_itself && has_unfinished_end(self, layer) {
            (sum.output, sum.receptive_field) = (None, None);
        }
        self.by_layer.insert(layer.id, sum);
    }
}

/// Whether the last layer inside was never reached.
fn has_unfinished_end(costs: &Costs, layer: &Layer) -> bool {
    let ends = layer.kind.children().into_iter().filter_map(|list| list.last());
    ends.into_iter().any(|end| costs.of_layer(end.id).output.is_none())
}

/// A network that would take too long even to survey.
fn too_large(layers: &[Layer]) -> Option<ShapeProblem> {
    let message = if n_unrolled(layers) > MAX_UNROLLED {
        format!(
            "With its repetitions written out the network has more than {MAX_UNROLLED} layers. Repeat less."
        )
    } else if tree::depth(layers) > MAX_DEPTH {
        format!("Branches and repetitions lie more than {MAX_DEPTH} deep in one another. Take some out.")
    } else {
        return None;
    };
    let largest = layers.iter().max_by_key(|layer| n_unrolled(std::slice::from_ref(layer)));
    Some(ShapeProblem { path: "layers".into(), layer: largest.map(|layer| layer.id), message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::layers::{Kind, Repeat};
    use crate::experiment::presets;

    const CIFAR: Extent = Extent::new(3, 32, 32);

    #[test]
    fn the_stack_sums_to_the_total() {
        let network = presets::build("resnet-20", CIFAR, 10).unwrap();
        let costs = Costs::of(&network, &Goal::classes(10));
        let sum = |of: fn(Cost) -> u64| {
            network.layers.iter().map(|layer| of(costs.of_layer(layer.id))).sum::<u64>()
        };
        assert_eq!(sum(|cost| cost.parameters), costs.total.parameters);
        assert_eq!(sum(|cost| cost.multiply_adds), costs.total.multiply_adds);
        assert!(network.layers.iter().all(|layer| costs.of_layer(layer.id).output.is_some()));
        assert!(costs.problem.is_none());
    }

    #[test]
    fn a_thousand_times_a_thousand_layers_are_refused_at_once() {
        let repeat = |layers| vec![Layer::new(Kind::Repeat(Repeat { times: 1000, layers }))];
        let relu = vec![Layer::new(Kind::Activation(crate::experiment::layers::Activation::Relu))];
        let layers = repeat(repeat(repeat(relu)));
        let costs = Costs::of(&Network { input: CIFAR, layers: layers.clone() }, &Goal::classes(10));
        assert_eq!(costs.problem.expect("it is refused").layer, Some(layers[0].id));
    }
}
