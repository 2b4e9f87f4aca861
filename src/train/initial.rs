//! Weights before the first step.

use crate::experiment::layers::Prelu;
use crate::experiment::{Initialisation, Train};
use crate::graph::{Graph, Parameter, ParameterId, Role};
use crate::tensor::random::{Key, Purpose};

/// Where the weights of a net begin. They depend on the seed, on the rule and on [`Parameter::draw`] alone, so
/// that nets which agree in a layer's place and shape begin alike there.
pub struct Start<'a> {
    graph: &'a Graph,
    train: &'a Train,
    seed: u64,
    /// For each parameter, see [`Graph::gains`].
    gains: Vec<f64>,
}

/// The initial numbers of all parameters of a graph.
pub fn all(graph: &Graph, train: &Train, seed: u64) -> Vec<Vec<f32>> {
    let start = Start::new(graph, train, seed);
    (0..graph.parameters.len()).map(|i| start.numbers(ParameterId(i))).collect()
}

impl<'a> Start<'a> {
    pub fn new(graph: &'a Graph, train: &'a Train, seed: u64) -> Self {
        Self { graph, train, seed, gains: graph.gains() }
    }

    /// The initial numbers of a parameter, in its logical order.
    pub fn numbers(&self, id: ParameterId) -> Vec<f32> {
        let parameter = &self.graph.parameters[id.0];
        let all = |value: f32| vec![value; parameter.len()];
        match parameter.role {
            Role::ConvWeight | Role::TransposedConvWeight { .. } | Role::LinearWeight { .. } => {
                self.weights(id, parameter.init.unwrap_or(self.train.initialisation))
            }
            Role::Scale if parameter.ends_branch && self.train.zero_residual => all(0.0),
            Role::Slope => all(Prelu::START),
            Role::Scale => all(1.0),
            Role::Bias | Role::Shift => all(0.0),
        }
    }

    fn weights(&self, id: ParameterId, rule: Initialisation) -> Vec<f32> {
        let parameter = &self.graph.parameters[id.0];
        let [fan_in, fan_out] = [parameter.fan_in(), parameter.fan_out()].map(|fan| fan.max(1) as f64);
        match rule {
            Initialisation::Zero => vec![0.0; parameter.len()],
            Initialisation::Constant { value } => vec![value; parameter.len()],
            Initialisation::Dirac => dirac(&parameter.shape, self.graph.groups(id)),
            Initialisation::Normal { deviation } => self.drawn(parameter, deviation.into(), false),
            Initialisation::Xavier { uniform, scale } => {
                self.drawn(parameter, f64::from(scale) * (1.0 / fan_in).sqrt(), uniform)
            }
            Initialisation::Glorot { uniform, scale } => {
                self.drawn(parameter, f64::from(scale) * (2.0 / (fan_in + fan_out)).sqrt(), uniform)
            }
            Initialisation::He { fan_out: backwards, uniform, own_gain, scale } => {
                let gain = if own_gain { self.gains[id.0] } else { 2f64.sqrt() };
                let fan = if backwards { fan_out } else { fan_in };
                self.drawn(parameter, f64::from(scale) * gain / fan.sqrt(), uniform)
            }
        }
    }

    /// Numbers of mean 0 and this deviation.
    fn drawn(&self, parameter: &Parameter, deviation: f64, uniform: bool) -> Vec<f32> {
        let key = Key::new(self.seed, Purpose::InitialWeights).with(parameter.draw);
        let places = 0..parameter.len() as u32;
        if uniform {
            let reach = (3f64.sqrt() * deviation) as f32;
            places.map(|i| reach * (2.0 * key.uniform(i) - 1.0)).collect()
        } else {
            let deviation = deviation as f32;
            places.map(|i| deviation * key.normal(i)).collect()
        }
    }
}

/// 1 where number d of a group's outputs meets number d of its inputs, in the middle of the kernel; the outputs,
/// or for a transposed convolution the inputs, come first in the shape.
fn dirac(shape: &[usize], groups: usize) -> Vec<f32> {
    let (first, second) = (shape[0], shape[1]);
    let kernel = &shape[2..];
    let area: usize = kernel.iter().product();
    let middle = kernel.iter().fold(0, |place, size| place * size + size / 2);
    let mut numbers = vec![0.0; first * second * area];
    let per_group = first / groups;
    for group in 0..groups {
        for d in 0..per_group.min(second) {
            numbers[((group * per_group + d) * second + d) * area + middle] = 1.0;
        }
    }
    numbers
}

#[cfg(test)]
mod tests;
