//! By how much the weights of a layer must be larger for what the non-linearity behind it takes away.

use super::Graph;
use super::layers::Op;
use crate::experiment::layers::{Activation, Prelu};

impl Graph {
    /// For each parameter the gain of the non-linearity that its layer's sums go into, be it through
    /// normalisation, pooling, dropout or where branches meet; 1 where another layer with weights or the loss
    /// comes first. The factors are PyTorch's (`calculate_gain`).
    pub fn gains(&self) -> Vec<f64> {
        // What comes first behind each node; of several readers the first that meets a non-linearity counts.
        let mut behind: Vec<Option<f64>> = vec![None; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate().rev() {
            let found = match &node.op {
                Op::Activation(activation) => Some(gain(activation.function)),
                // As it starts (He et al. 2015, section 2.2).
                Op::Prelu(_) => Some(leaky(Prelu::START.into())),
                op if op.weight().is_some() => None,
                _ => behind[i],
            };
            for input in &node.inputs {
                behind[input.0] = found.or(behind[input.0]);
            }
        }
        let mut gains = vec![1.0; self.parameters.len()];
        for (node, behind) in self.nodes.iter().zip(behind) {
            if let (Some(weight), Some(gain)) = (node.op.weight(), behind) {
                gains[weight.0] = gain;
            }
        }
        gains
    }
}

/// What keeps the signal's deviation through this function. ELU, GELU and SiLU, for which there is no customary
/// number, count as the ReLU that they resemble.
fn gain(function: Activation) -> f64 {
    match function {
        Activation::Relu | Activation::Elu { .. } | Activation::Gelu | Activation::Silu => 2f64.sqrt(),
        Activation::LeakyRelu { slope } => leaky(slope.into()),
        Activation::Tanh => 5.0 / 3.0,
        Activation::Selu => 0.75,
        Activation::Sigmoid => 1.0,
    }
}

/// `√(2 / (1 + a²))` for a ReLU of slope a where it is negative (He et al. 2015, section 2.2).
fn leaky(slope: f64) -> f64 {
    (2.0 / (1.0 + slope * slope)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::file::parse;
    use crate::tensor::Extent;

    /// The gains of the weights of some layers.
    fn check(layers: &str, expected: &[f64]) {
        let text = format!("[network]\nlayers = [{layers}]");
        let network = parse(&text).and_then(|e| e.network.network(Extent::new(3, 8, 8), 10));
        let graph = Graph::new(&network.expect(layers)).expect(layers);
        let gains = graph.gains();
        let weights = graph.parameters.iter().zip(gains).filter(|(p, _)| p.role.is_weight());
        let found: Vec<f64> = weights.map(|(_, gain)| gain).collect();
        assert_eq!(found.len(), expected.len(), "{layers}");
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{layers}: {found:?}");
    }

    #[test]
    fn the_gain_is_that_of_the_non_linearity_behind() {
        let root = 2f64.sqrt();
        check("{ conv = 4 }, 'relu', { linear = 10 }", &[root, 1.0]);
        check("{ conv = 4 }, 'batch-norm', { max-pool = 2 }, { dropout = 0.5 }, 'tanh'", &[5.0 / 3.0]);
        check("{ linear = 4 }, 'sigmoid', { linear = 4 }, 'selu'", &[1.0, 0.75]);
        check("{ conv = 4 }, { leaky-relu = 0.5 }", &[(2.0f64 / 1.25).sqrt()]);
        check("{ conv = 4 }, 'prelu'", &[(2.0f64 / 1.0625).sqrt()]);
        check("{ conv = 4 }, { conv = 4 }, 'relu'", &[1.0, root]);
        // Both ways end in the ReLU behind the sum.
        check("{ merge = 'add', branches = [[{ conv = 3, padding = 1 }], []] }, 'relu'", &[root]);
        check(
            "{ conv = 3 }, { merge = 'add', branches = [['relu', { conv = 3, padding = 1 }], []] }",
            &[root, 1.0],
        );
    }
}
