//! Nets side by side: which tensors stand in the same place of two nets, and so begin with the same weights.

use std::collections::HashMap;
use std::fmt;

use super::initial::Start;
use crate::graph::{Parameter, ParameterId, Role};

/// What two nets have in common, tensor by tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Tensors of the same place and shape, one of each net, in the order of the first.
    pub matched: Vec<[ParameterId; 2]>,
    /// Tensors of the first and of the second net that have no such twin.
    pub alone: [Vec<Alone>; 2],
}

/// A tensor that has no twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    pub id: ParameterId,
    pub why: Why,
}

/// Why a tensor has no twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The other net has no tensor of its kind in its place.
    NoCounterpart,
    /// The other net has one of this name and shape there.
    OtherShape { name: String, shape: Vec<usize> },
}

/// Where a tensor stands: its layer's ordinal on the main path or on the shortcuts ([`Parameter::draw`]), its
/// kind, and how many like it came before.
type Place = (u32, &'static str, usize);

/// Pairs the parameters of two nets by place and shape. Places are counted in layers with weights, so that
/// neither names nor what has no weights (activations, pooling, a residual block's addition) make a difference:
/// a plain net and its residual twin agree in all but the projections on the shortcuts.
pub fn pair(first: &[Parameter], second: &[Parameter]) -> Pairing {
    let others: HashMap<Place, usize> =
        places(second).into_iter().enumerate().map(|(i, place)| (place, i)).collect();
    let mut has_twin = vec![false; second.len()];
    // For each tensor of the second net, the one in its place.
    let mut rivals: Vec<Option<usize>> = vec![None; second.len()];
    let mut pairing = Pairing::default();
    for (i, place) in places(first).into_iter().enumerate() {
        let other = others.get(&place).copied();
        match other {
            Some(j) if first[i].shape == second[j].shape => {
                pairing.matched.push([ParameterId(i), ParameterId(j)]);
                has_twin[j] = true;
            }
            _ => pairing.alone[0].push(alone(i, other.map(|j| &second[j]))),
        }
        if let Some(j) = other {
            rivals[j] = Some(i);
        }
    }
    let lonely = (0..second.len()).filter(|&j| !has_twin[j]);
    pairing.alone[1] = lonely.map(|j| alone(j, rivals[j].map(|i| &first[i]))).collect();
    pairing
}

impl Pairing {
    /// The matched tensors that do not begin with the same numbers all the same: their nets draw by other
    /// seeds or rules.
    pub fn differing(&self, first: &Start, second: &Start) -> Vec<[ParameterId; 2]> {
        let differs = |ids: &&[ParameterId; 2]| first.numbers(ids[0]) != second.numbers(ids[1]);
        self.matched.iter().filter(differs).copied().collect()
    }
}

fn alone(i: usize, rival: Option<&Parameter>) -> Alone {
    let why = match rival {
        Some(rival) => Why::OtherShape { name: rival.name.clone(), shape: rival.shape.clone() },
        None => Why::NoCounterpart,
    };
    Alone { id: ParameterId(i), why }
}

fn places(parameters: &[Parameter]) -> Vec<Place> {
    let mut seen: HashMap<(u32, &'static str), usize> = HashMap::new();
    let place = |parameter: &Parameter| {
        let kind = kind(parameter.role);
        let n_before = seen.entry((parameter.draw, kind)).or_default();
        *n_before += 1;
        (parameter.draw, kind, *n_before)
    };
    parameters.iter().map(place).collect()
}

/// What a tensor is, whatever its shape.
fn kind(role: Role) -> &'static str {
    match role {
        Role::ConvWeight => "convolution",
        Role::TransposedConvWeight { .. } => "transposed convolution",
        Role::LinearWeight { .. } => "linear",
        Role::Bias => "bias",
        Role::Slope => "slope",
        Role::Scale => "scale",
        Role::Shift => "shift",
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCounterpart => f.write_str("the other net has none in its place"),
            Self::OtherShape { name, shape } => {
                let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
                write!(f, "in its place the other net has {name} of {}", sides.join("×"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Initialisation, Train, presets};
    use crate::graph::Graph;
    use crate::tensor::Extent;

    fn graph(preset: &str) -> Graph {
        let network = presets::build(preset, Extent::new(3, 32, 32), 10).expect("a preset");
        Graph::new(&network).expect("a possible net")
    }

    /// What of two presets is matched, and the names of what is not, each with its reason.
    fn check(presets: [&str; 2], n_matched: usize, alone: [&[&str]; 2]) {
        let graphs = presets.map(graph);
        let pairing = pair(&graphs[0].parameters, &graphs[1].parameters);
        assert_eq!(pairing.matched.len(), n_matched);
        for (i, expected) in alone.into_iter().enumerate() {
            let words = |alone: &Alone| format!("{}: {}", graphs[i].parameters[alone.id.0].name, alone.why);
            assert_eq!(pairing.alone[i].iter().map(words).collect::<Vec<_>>(), expected);
        }
        // What is matched begins alike.
        let train = Train::default();
        let [first, second] = [&graphs[0], &graphs[1]].map(|graph| Start::new(graph, &train, 7));
        assert!(pairing.differing(&first, &second).is_empty());
    }

    /// The shortcuts of these nets have no weights.
    #[test]
    fn a_plain_net_and_its_residual_twin_agree_throughout() {
        check(["plain-20", "resnet-20"], graph("plain-20").parameters.len(), [&[], &[]]);
    }

    /// Seven convolutions of 16 channels with their normalisations are the same; the eighth has 32 channels in the
    /// one and 16 in the other. From there on each place has another shape, but the last layer of the first net,
    /// which is a convolution in the second.
    #[test]
    fn nets_of_two_depths_agree_where_they_are_equally_wide() {
        let [first, second] = ["plain-20", "plain-56"].map(graph);
        let pairing = pair(&first.parameters, &second.parameters);
        let of = |i: usize| pairing.matched.iter().map(move |ids| ids[i]);
        assert!(of(0).zip(of(1)).all(|(a, b)| first.parameters[a.0].shape == second.parameters[b.0].shape));
        // 3 tensors each, and the normalisations of 32 channels that meet again further up.
        assert!(pairing.matched.len() >= 21);
        assert_eq!(of(0).take(21).collect::<Vec<_>>(), (0..21).map(ParameterId).collect::<Vec<_>>());
        let Why::OtherShape { shape, .. } = &pairing.alone[0][0].why else { panic!("of another shape") };
        assert_eq!((pairing.alone[0][0].id, shape), (ParameterId(21), &vec![16, 16, 3, 3]));
        let last = pairing.alone[0].last().expect("the classifier");
        assert_eq!(pairing.matched.len() + pairing.alone[0].len(), first.parameters.len());
        assert_eq!(pairing.matched.len() + pairing.alone[1].len(), second.parameters.len());
        assert_eq!(last.why.to_string(), "the other net has none in its place");
    }

    #[test]
    fn twins_by_another_rule_begin_otherwise() {
        let graph = graph("plain-20");
        let pairing = pair(&graph.parameters, &graph.parameters);
        let rules = [Initialisation::HE, Initialisation::XAVIER];
        let trains = rules.map(|initialisation| Train { initialisation, ..Train::default() });
        let [first, second] = [&trains[0], &trains[1]].map(|train| Start::new(&graph, train, 7));
        let differing = pairing.differing(&first, &second);
        let is_weight = |ids: &[ParameterId; 2]| graph.parameters[ids[0].0].role.is_weight();
        assert_eq!(differing.len(), 20);
        assert!(differing.iter().all(is_weight));
    }
}
