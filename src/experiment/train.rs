//! How a network is trained: the rule, its rate over time, the start.

mod initialisation;
mod optimiser;
mod schedule;

pub use initialisation::Initialisation;
pub use optimiser::Optimiser;
pub use schedule::Schedule;

/// The training part of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Train {
    pub optimiser: Optimiser,
    /// Learning rate η at the start.
    pub rate: f32,
    pub schedule: Schedule,
    /// λ of the L2 penalty `λ/2 · |w|²`, which comes into the gradient of the weights (see [`Optimiser`]).
    pub weight_decay: f32,
    /// Whether biases and the scales and shifts of normalisations decay too.
    pub decay_all: bool,
    /// The most that the gradient by all parameters together may measure, `√Σ g²`; what is longer is shortened
    /// to it (Pascanu, Mikolov, Bengio 2013).
    pub clip: Option<f32>,
    /// Pictures per step.
    pub batch: usize,
    pub epochs: usize,
    pub initialisation: Initialisation,
}

impl Default for Train {
    fn default() -> Self {
        Self {
            optimiser: Optimiser::Momentum { momentum: 0.9 },
            rate: 0.01,
            schedule: Schedule::Constant,
            weight_decay: 0.0,
            decay_all: false,
            clip: None,
            batch: 64,
            epochs: 10,
            initialisation: Initialisation::He,
        }
    }
}
