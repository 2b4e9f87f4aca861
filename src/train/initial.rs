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

/// The number at each place of a parameter.
pub type Rule = Box<dyn Fn(usize) -> f32>;

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
        (0..self.graph.parameters[id.0].len()).map(self.rule(id)).collect()
    }

    /// The initial number at each place of a parameter in its logical order.
    pub fn rule(&self, id: ParameterId) -> Rule {
        let parameter = &self.graph.parameters[id.0];
        match parameter.role {
            Role::ConvWeight | Role::TransposedConvWeight { .. } | Role::LinearWeight { .. } => {
                self.weights(id, parameter.init.unwrap_or(self.train.initialisation))
            }
            Role::Scale if parameter.ends_branch && self.train.zero_residual => constant(0.0),
            Role::Slope => constant(Prelu::START),
            Role::Scale => constant(1.0),
            Role::Bias | Role::Shift => constant(0.0),
        }
    }

    fn weights(&self, id: ParameterId, rule: Initialisation) -> Rule {
        let parameter = &self.graph.parameters[id.0];
        let [fan_in, fan_out] = [parameter.fan_in(), parameter.fan_out()].map(|fan| fan.max(1) as f64);
        match rule {
            Initialisation::Zero => constant(0.0),
            Initialisation::Constant { value } => constant(value),
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
    fn drawn(&self, parameter: &Parameter, deviation: f64, uniform: bool) -> Rule {
        let key = Key::new(self.seed, Purpose::InitialWeights).with(parameter.draw);
        if uniform {
            let reach = (3f64.sqrt() * deviation) as f32;
            Box::new(move |i| reach * (2.0 * key.uniform(i as u32) - 1.0))
        } else {
            let deviation = deviation as f32;
            Box::new(move |i| deviation * key.normal(i as u32))
        }
    }
}

fn constant(value: f32) -> Rule {
    Box::new(move |_| value)
}

/// 1 where number d of a group's outputs meets number d of its inputs, in the middle of the kernel; the outputs,
/// or for a transposed convolution the inputs, come first in the shape.
fn dirac(shape: &[usize], groups: usize) -> Rule {
    let (first, second) = (shape[0], shape[1]);
    let kernel = &shape[2..];
    let area: usize = kernel.iter().product();
    let middle = kernel.iter().fold(0, |place, size| place * size + size / 2);
    let per_group = first / groups;
    Box::new(move |i| {
        let (row, column) = (i / (second * area), i / area % second);
        (row % per_group == column && i % area == middle) as u8 as f32
    })
}

#[cfg(test)]
mod tests;
