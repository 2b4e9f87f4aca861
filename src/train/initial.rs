//! Weights before the first step.

use crate::experiment::Initialisation;
use crate::graph::{Graph, Parameter, Role};
use crate::tensor::random::{Key, Purpose};

/// The initial numbers of a parameter, in its logical order. They depend on the seed and on
/// [`Parameter::draw`] alone, so that nets which agree in a layer's place and shape begin alike there.
pub fn numbers(parameter: &Parameter, initialisation: Initialisation, seed: u64) -> Vec<f32> {
    match parameter.role {
        Role::ConvWeight | Role::TransposedConvWeight { .. } | Role::LinearWeight { .. } => {
            let key = Key::new(seed, Purpose::InitialWeights).with(parameter.draw);
            let deviation = initialisation.deviation(parameter.fan_in());
            (0..parameter.len() as u32).map(|i| deviation * key.normal(i)).collect()
        }
        Role::Scale => vec![1.0; parameter.len()],
        Role::Bias | Role::Shift => vec![0.0; parameter.len()],
    }
}

/// The initial numbers of all parameters of a graph.
pub fn all(graph: &Graph, initialisation: Initialisation, seed: u64) -> Vec<Vec<f32>> {
    graph.parameters.iter().map(|parameter| numbers(parameter, initialisation, seed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::tensor::Extent;

    fn weights(preset: &str, initialisation: Initialisation) -> Vec<(Parameter, Vec<f32>)> {
        let network = presets::build(preset, Extent::new(3, 32, 32), 10).expect("a preset");
        let graph = Graph::new(&network).expect("a possible net");
        let numbers = all(&graph, initialisation, 1);
        graph.parameters.into_iter().zip(numbers).collect()
    }

    /// 9,216 draws of a normal deviate: their mean square lies within 6 % (four standard errors).
    #[test]
    fn the_variance_is_he_and_xavier() {
        for (initialisation, gain) in [(Initialisation::He, 2.0), (Initialisation::Xavier, 1.0)] {
            let all = weights("plain-20", initialisation);
            let (parameter, numbers) = all.iter().find(|(p, _)| p.shape == [32, 32, 3, 3]).expect("a layer");
            let square = numbers.iter().map(|w| (w * w) as f64).sum::<f64>() / numbers.len() as f64;
            let expected = gain / parameter.fan_in() as f64;
            assert!((square / expected - 1.0).abs() < 0.06, "{square} against {expected}");
        }
    }

    #[test]
    fn a_plain_net_and_its_residual_twin_begin_alike() {
        let (plain, residual) =
            (weights("plain-20", Initialisation::He), weights("resnet-20", Initialisation::He));
        let conv = |all: &[(Parameter, Vec<f32>)]| -> Vec<Vec<f32>> {
            all.iter().filter(|(p, _)| p.role == Role::ConvWeight).map(|(_, n)| n.clone()).collect()
        };
        assert_eq!(conv(&plain), conv(&residual));
    }
}
