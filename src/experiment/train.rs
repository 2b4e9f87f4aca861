//! How a network is trained: the rule, its rate over time, the start.

use super::fields::Field;

/// The training part of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Train {
    pub optimiser: Optimiser,
    /// Learning rate η at the start.
    pub rate: f32,
    pub schedule: Schedule,
    /// λ of the L2 penalty `λ/2 · |w|²`, added to the gradient of weights (not of biases and not of batch
    /// normalisation).
    pub weight_decay: f32,
    /// Pictures per step.
    pub batch: usize,
    pub epochs: usize,
    pub initialisation: Initialisation,
}

/// The update rule. With gradient g, rate η and step number t = 1, 2, ….
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    /// `w ← w − η·g`.
    Sgd,
    /// `Δ ← μ·Δ − η·g`, `w ← w + Δ`, the slide's form. PyTorch keeps `v = −Δ/η` instead, which is the same
    /// until the rate changes.
    Momentum { momentum: f32 },
    /// `Δ ← μ·Δ − η·g`, `w ← w + μ·Δ − η·g` (Nesterov's look-ahead as in Sutskever et al. 2013, in the form
    /// that evaluates the gradient at the weights themselves).
    Nesterov { momentum: f32 },
    /// Kingma and Ba 2015, Algorithm 1, with bias correction.
    Adam { beta1: f32, beta2: f32, epsilon: f32 },
}

/// The rate over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    Constant,
    /// The rate is multiplied by `drop` at each of the times `at`, in epochs.
    Steps {
        drop: f32,
        at: Vec<f32>,
    },
}

/// The variance from which initial weights are drawn, normally distributed; biases start at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialisation {
    /// `Var[w] = 2 / n_in` (He et al. 2015, "Delving deep into rectifiers", equation 10).
    He,
    /// `Var[w] = 1 / n_in`, the lecture's form of Glorot and Bengio 2010.
    Xavier,
}

impl Default for Train {
    fn default() -> Self {
        Self {
            optimiser: Optimiser::Momentum { momentum: 0.9 },
            rate: 0.01,
            schedule: Schedule::Constant,
            weight_decay: 0.0,
            batch: 64,
            epochs: 10,
            initialisation: Initialisation::He,
        }
    }
}

impl Optimiser {
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

    /// The four rules with their customary constants, as offered in a menu.
    pub const ALL: [Self; 4] =
        [Self::Sgd, Self::Momentum { momentum: 0.9 }, Self::Nesterov { momentum: 0.9 }, Self::ADAM];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum { .. } => "momentum",
            Self::Nesterov { .. } => "nesterov",
            Self::Adam { .. } => "adam",
        }
    }

    /// The rule of this name with its customary constants.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|optimiser| optimiser.name() == name)
    }

    /// Its constants, open for reading and writing.
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::Sgd => Vec::new(),
            Self::Momentum { momentum } | Self::Nesterov { momentum } => {
                vec![Field::number("momentum", momentum, 0.0..=1.0, "share of the last step that is kept")]
            }
            // A β of 1 would divide by zero in the bias correction.
            Self::Adam { beta1, beta2, epsilon } => vec![
                Field::number(
                    "beta1",
                    beta1,
                    0.0..=0.999_999,
                    "share kept of the running mean of the gradient",
                ),
                Field::number(
                    "beta2",
                    beta2,
                    0.0..=0.999_999,
                    "share kept of the running mean of its square",
                ),
                Field::number(
                    "epsilon",
                    epsilon,
                    1e-16..=1.0,
                    "added to the root by which the step is divided",
                ),
            ],
        }
    }
}

impl Schedule {
    /// The factor on the starting rate at time `epoch` (fractional).
    pub fn factor(&self, epoch: f64) -> f32 {
        match self {
            Self::Constant => 1.0,
            // A step that begins within rounding of a milestone belongs after it.
            Self::Steps { drop, at } => {
                drop.powi(at.iter().filter(|&&milestone| epoch + 1e-9 >= milestone as f64).count() as i32)
            }
        }
    }
}

impl Initialisation {
    pub const ALL: [Self; 2] = [Self::He, Self::Xavier];

    pub fn name(self) -> &'static str {
        match self {
            Self::He => "he",
            Self::Xavier => "xavier",
        }
    }

    /// Standard deviation of the weights of a layer whose units each read `fan_in` numbers.
    pub fn deviation(self, fan_in: usize) -> f32 {
        let gain = match self {
            Self::He => 2.0,
            Self::Xavier => 1.0,
        };
        (gain / fan_in.max(1) as f32).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_drops_at_each_milestone() {
        let schedule = Schedule::Steps { drop: 0.1, at: vec![2.0, 3.5] };
        let factors: Vec<f32> = [0.0, 1.99, 2.0, 3.49, 3.5].map(|e| schedule.factor(e)).into();
        for (factor, expected) in factors.iter().zip([1.0, 1.0, 0.1, 0.1, 0.01]) {
            assert!((factor - expected).abs() < 1e-7);
        }
    }
}
