use crate::experiment::Named;
use crate::experiment::fields::Field;

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

impl Optimiser {
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

    /// The rules with their customary constants.
    pub const ALL: [Self; 4] =
        [Self::Sgd, Self::Momentum { momentum: 0.9 }, Self::Nesterov { momentum: 0.9 }, Self::ADAM];
}

impl Named for Optimiser {
    const WHAT: &'static str = "optimiser";
    const EXAMPLE: &'static str = "{ name = \"adam\", beta1 = 0.9 }";

    fn all() -> Vec<Self> {
        Self::ALL.to_vec()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum { .. } => "momentum",
            Self::Nesterov { .. } => "nesterov",
            Self::Adam { .. } => "adam",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Sgd => "SGD",
            Self::Momentum { .. } => "Momentum",
            Self::Nesterov { .. } => "Nesterov",
            Self::Adam { .. } => "Adam",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Sgd => "w ← w − η·g",
            Self::Momentum { .. } => "Δ ← μ·Δ − η·g, w ← w + Δ",
            Self::Nesterov { .. } => "Δ ← μ·Δ − η·g, w ← w + μ·Δ − η·g: looks ahead along the last step",
            Self::Adam { .. } => {
                "Steps of about η for each weight, by running means of gradient and square (Kingma and Ba 2015)"
            }
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
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
