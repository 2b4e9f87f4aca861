//! A net that was changed after it was trained keeps the weights of the layers that still fit.
//!
//! [`twins`](super::twins) pairs layers by their place among those with weights, as initial weights are drawn. Here a
//! layer may have been put in or taken out, so that all places behind it have moved: the layers of the two nets are
//! aligned in order, as many of one weight's shape as there can be (the longest common subsequence; Wagner and
//! Fischer 1974).

use super::TrainError;
use super::run::{Lasting, Run};
use crate::graph::{Graph, ParameterId, Role, StatisticId};

/// Which layers of a changed net take over weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// The layers with weights of the new net, in its order.
    pub layers: Vec<Kept>,
    /// Tensors that are taken over: from the old net, in the new one.
    tensors: Vec<[Lasting; 2]>,
}

/// A layer of the changed net.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// As in files, `layers.3`.
    pub name: String,
    /// Of its first tensor.
    pub shape: Vec<usize>,
    /// The layer of the old net whose weights it takes over; none where it begins anew.
    pub from: Option<String>,
}

/// A layer with what lasts in it.
struct Group<'a> {
    name: &'a str,
    shape: &'a [usize],
    /// What its first tensor does, without the shape.
    role: std::mem::Discriminant<Role>,
    tensors: Vec<Held<'a>>,
}

/// A tensor by its name within the layer.
struct Held<'a> {
    name: &'a str,
    shape: Vec<usize>,
    tensor: Lasting,
}

impl Keeping {
    /// Of a net and what it has become.
    pub fn new(old: &Graph, new: &Graph) -> Self {
        let (old, new) = (groups(old), groups(new));
        let partners = align(&old, &new);
        let mut keeping = Self::default();
        for (layer, partner) in new.iter().zip(partners) {
            let partner = partner.map(|i| &old[i]);
            let from = partner.map(|partner| partner.name.to_string());
            keeping.layers.push(Kept { name: layer.name.into(), shape: layer.shape.into(), from });
            for held in &layer.tensors {
                let same = |other: &&Held<'_>| other.name == held.name && other.shape == held.shape;
                let before = partner.and_then(|partner| partner.tensors.iter().find(same));
                keeping.tensors.extend(before.map(|before| [before.tensor, held.tensor]));
            }
        }
        keeping
    }

    pub fn n_kept(&self) -> usize {
        self.layers.iter().filter(|layer| layer.from.is_some()).count()
    }

    /// The numbers that are taken over, as they stand in the old run, each with its tensor in the new net.
    pub fn read(&self, run: &Run) -> Result<Vec<(Lasting, Vec<f32>)>, TrainError> {
        self.tensors.iter().map(|[old, new]| Ok((*new, run.read_lasting(*old)?))).collect()
    }
}

/// For each layer of the new net, the one of the old net that it is.
fn align(old: &[Group<'_>], new: &[Group<'_>]) -> Vec<Option<usize>> {
    let fits = |i: usize, j: usize| (old[i].role, old[i].shape) == (new[j].role, new[j].shape);
    // How many layers can be matched from old[i..] and new[j..].
    let mut most = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let without = most[i + 1][j].max(most[i][j + 1]);
            most[i][j] = if fits(i, j) { without.max(most[i + 1][j + 1] + 1) } else { without };
        }
    }
    let mut partners = vec![None; new.len()];
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        match () {
            _ if fits(i, j) && most[i][j] == most[i + 1][j + 1] + 1 => {
                partners[j] = Some(i);
                (i, j) = (i + 1, j + 1);
            }
            _ if most[i][j] == most[i + 1][j] => i += 1,
            _ => j += 1,
        }
    }
    partners
}

/// The layers that learn something, in the order of the net.
fn groups(graph: &Graph) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (i, parameter) in graph.parameters.iter().enumerate() {
        let (layer, name) = split(&parameter.name);
        if groups.last().is_none_or(|group| group.name != layer) {
            let role = std::mem::discriminant(&parameter.role);
            groups.push(Group { name: layer, shape: &parameter.shape, role, tensors: Vec::new() });
        }
        let held = Held { name, shape: parameter.shape.clone(), tensor: Lasting::Parameter(ParameterId(i)) };
        if let Some(group) = groups.last_mut() {
            group.tensors.push(held);
        }
    }
    for (i, statistic) in graph.statistics.iter().enumerate() {
        let (layer, name) = split(&statistic.name);
        let held = Held { name, shape: vec![statistic.len], tensor: Lasting::Statistic(StatisticId(i)) };
        if let Some(group) = groups.iter_mut().find(|group| group.name == layer) {
            group.tensors.push(held);
        }
    }
    groups
}

/// The layer's name and the tensor's within it.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::file;
    use crate::tensor::Extent;

    fn graph(layers: &str) -> Graph {
        let experiment = file::parse(&format!("[network]\nlayers = [{layers}]")).expect(layers);
        let network = experiment.network.network(Extent::new(3, 16, 16), 10).expect(layers);
        Graph::new(&network).expect(layers)
    }

    /// For each layer of the second net, which one of the first it keeps the weights of.
    fn check(old: &str, new: &str, expected: &[(&str, Option<&str>)]) {
        let keeping = Keeping::new(&graph(old), &graph(new));
        let found: Vec<_> =
            keeping.layers.iter().map(|layer| (layer.name.as_str(), layer.from.as_deref())).collect();
        assert_eq!(found, expected, "{old} to {new}");
    }

    const NET: &str = "{ conv = 8, padding = 1 }, 'relu', { conv = 8, padding = 1 }, 'relu', { linear = 10 }";

    #[test]
    fn layers_behind_a_new_one_keep_what_they_learned() {
        let new = "{ conv = 8, padding = 1 }, 'relu', { conv = 4, padding = 1 }, 'relu', { conv = 8, kernel = 1 }, \
                   'relu', { conv = 8, padding = 1 }, 'relu', { linear = 10 }";
        check(
            NET,
            new,
            &[
                ("layers.0", Some("layers.0")),
                ("layers.2", None),
                ("layers.4", None),
                ("layers.6", Some("layers.2")),
                ("layers.8", Some("layers.4")),
            ],
        );
    }

    #[test]
    fn what_changed_its_shape_begins_anew_and_so_does_what_reads_it() {
        let new = NET.replacen("conv = 8", "conv = 12", 1);
        check(NET, &new, &[("layers.0", None), ("layers.2", None), ("layers.4", Some("layers.4"))]);
    }

    #[test]
    fn without_its_bias_a_layer_keeps_its_weights() {
        let new =
            NET.replacen("conv = 8,", "conv = 8, bias = false,", 1).replacen("'relu'", "'batch-norm'", 1);
        check(
            NET,
            &new,
            &[
                ("layers.0", Some("layers.0")),
                ("layers.1", None),
                ("layers.2", Some("layers.2")),
                ("layers.4", Some("layers.4")),
            ],
        );
        let keeping = Keeping::new(&graph(NET), &graph(&new));
        assert_eq!((keeping.n_kept(), keeping.tensors.len()), (3, 5), "all but the first bias");
    }

    #[test]
    fn a_normalisation_keeps_what_it_measured() {
        let net = "{ conv = 8 }, 'batch-norm', 'relu', { linear = 10 }";
        let keeping = Keeping::new(&graph(net), &graph(net));
        assert_eq!(keeping.tensors.len(), 8, "weight and bias twice, scale and shift, mean and variance");
        assert!(keeping.tensors.iter().all(|[old, new]| old == new));
    }
}
