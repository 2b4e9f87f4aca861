//! Directions in the space of a net's weights.

use super::Weights;
use crate::graph::{Graph, Parameter, Role};
use crate::tensor::random::{Key, Purpose};

/// A direction, as long as the step of 1 along it.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction(pub Weights);

impl Direction {
    /// The `which`-th direction of a seed, drawn at random and normalised filter by filter to these weights. Where
    /// weights are all 0 it is 0.
    pub fn random(graph: &Graph, weights: &Weights, seed: u64, which: u32) -> Self {
        let key = Key::new(seed, Purpose::Direction).with(which);
        let own = |(i, (parameter, weights)): (usize, (&Parameter, &Vec<f32>))| {
            if !parameter.role.is_weight() {
                return vec![0.0; weights.len()];
            }
            let key = key.with(i as u32);
            let drawn: Vec<f32> = (0..weights.len()).map(|p| key.normal(p as u32)).collect();
            normalised(parameter, drawn, weights)
        };
        Self(graph.parameters.iter().zip(weights).enumerate().map(own).collect())
    }

    /// From some weights to others of the same net: the others are a step of 1 away.
    pub fn between(from: &Weights, to: &Weights) -> Self {
        let difference =
            |(from, to): (&Vec<f32>, &Vec<f32>)| to.iter().zip(from).map(|(b, a)| b - a).collect();
        Self(from.iter().zip(to).map(difference).collect())
    }

    /// `|d|²` and, of two directions, `d·e`.
    pub fn dot(&self, other: &Self) -> f64 {
        let pairs = self.0.iter().flatten().zip(other.0.iter().flatten());
        pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    }

    /// `origin + x·d + y·e`.
    pub fn moved(origin: &Weights, steps: &[(f64, &Self)]) -> Weights {
        let mut weights = origin.clone();
        for (by, direction) in steps.iter().filter(|(by, _)| *by != 0.0) {
            for (weights, direction) in weights.iter_mut().zip(&direction.0) {
                let step = |(w, d): (&mut f32, &f32)| *w = (f64::from(*w) + by * f64::from(*d)) as f32;
                weights.iter_mut().zip(direction).for_each(step);
            }
        }
        weights
    }

    /// Where in the plane of two directions some weights lie, as near as any point of it: x and y such that
    /// `weights − origin − x·d − y·e` is orthogonal to both.
    pub fn place(origin: &Weights, axes: [&Self; 2], weights: &Weights) -> [f64; 2] {
        let way = Self::between(origin, weights);
        let [a, b, c] = [axes[0].dot(axes[0]), axes[0].dot(axes[1]), axes[1].dot(axes[1])];
        let [x, y] = axes.map(|axis| axis.dot(&way));
        let determinant = a * c - b * b;
        match determinant > 1e-12 * a * c {
            true => [(x * c - y * b) / determinant, (y * a - x * b) / determinant],
            false => [if a > 0.0 { x / a } else { 0.0 }, 0.0],
        }
    }
}

/// Each filter of `drawn` made as long as that of the weights: the rows of the first axis, or of a transposed
/// convolution the columns of the second.
fn normalised(parameter: &Parameter, mut drawn: Vec<f32>, weights: &[f32]) -> Vec<f32> {
    let of_filter: Box<dyn Fn(usize) -> usize> = match parameter.role {
        Role::TransposedConvWeight { .. } => {
            let (n, area) = (parameter.shape[1], parameter.shape[2..].iter().product::<usize>());
            Box::new(move |p| p / area % n)
        }
        _ => {
            let each = (parameter.len() / parameter.shape[0].max(1)).max(1);
            Box::new(move |p| p / each)
        }
    };
    let n_filters = (0..weights.len()).map(&of_filter).max().map_or(0, |last| last + 1);
    let mut squares = vec![[0f64; 2]; n_filters];
    for (p, (d, w)) in drawn.iter().zip(weights).enumerate() {
        let own = &mut squares[of_filter(p)];
        *own = [own[0] + f64::from(*d).powi(2), own[1] + f64::from(*w).powi(2)];
    }
    for (p, d) in drawn.iter_mut().enumerate() {
        let [drawn, weights] = squares[of_filter(p)];
        *d = if drawn > 0.0 { (f64::from(*d) * (weights / drawn).sqrt()) as f32 } else { 0.0 };
    }
    drawn
}
