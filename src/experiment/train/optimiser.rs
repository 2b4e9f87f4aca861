use crate::experiment::Named;
use crate::experiment::fields::Field;

/// The update rule, in the form of the lecture's slides. With weights w, gradient g, rate η and step number
/// t = 1, 2, …; all memories start at 0. Where PyTorch writes a rule in another way, it says so, and how the
/// constants map.
///
/// Weight decay λ comes into all but AdamW as `g ← g + λ·w`, as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    /// `w ← w − η·g`.
    Sgd,
    /// `Δ ← μ·Δ − η·g`, `w ← w + Δ`. PyTorch (`SGD(momentum=μ)`) keeps `v = −Δ/η` instead, `v ← μ·v + g`,
    /// `w ← w − η·v`: the same until the rate changes, when its whole memory is scaled with the rate at once.
    Momentum { momentum: f32 },
    /// `Δ ← μ·Δ − η·g`, `w ← w + μ·Δ − η·g` (Nesterov's look-ahead as in Sutskever et al. 2013, in the form
    /// that evaluates the gradient at the weights themselves). PyTorch's `nesterov=True`, with the same
    /// difference as for momentum.
    Nesterov { momentum: f32 },
    /// `G ← G + g²`, `w ← w − η·g / (√G + ε)` (Duchi, Hazan, Singer 2011). PyTorch's `Adagrad`.
    AdaGrad { epsilon: f32 },
    /// `v ← μ·v + (1 − μ)·g²`, `w ← w − η·g / (√v + ε)` (Tieleman and Hinton 2012), with μ as `decay`.
    /// PyTorch's `RMSprop`, which calls it `alpha` and starts from 0.99.
    RmsProp { decay: f32, epsilon: f32 },
    /// `m ← β₁·m + (1 − β₁)·g`, `v ← β₂·v + (1 − β₂)·g²`,
    /// `w ← w − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)` (Kingma and Ba 2015, Algorithm 1).
    Adam { beta1: f32, beta2: f32, epsilon: f32 },
    /// `w ← w − η·λ·w`, then Adam by the gradient alone (Loshchilov and Hutter 2019, Algorithm 2, with PyTorch's
    /// factor η on the decay, where the paper has the schedule's factor alone).
    AdamW { beta1: f32, beta2: f32, epsilon: f32 },
}

impl Optimiser {
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

    /// The rules with their customary constants.
    pub const ALL: [Self; 7] = [
        Self::Sgd,
        Self::Momentum { momentum: 0.9 },
        Self::Nesterov { momentum: 0.9 },
        Self::AdaGrad { epsilon: 1e-10 },
        Self::RmsProp { decay: 0.9, epsilon: 1e-8 },
        Self::ADAM,
        Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    ];

    /// Numbers that it remembers for each weight.
    pub fn n_slots(self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::Momentum { .. } | Self::Nesterov { .. } | Self::AdaGrad { .. } | Self::RmsProp { .. } => 1,
            Self::Adam { .. } | Self::AdamW { .. } => 2,
        }
    }
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
            Self::AdaGrad { .. } => "adagrad",
            Self::RmsProp { .. } => "rmsprop",
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Sgd => "SGD",
            Self::Momentum { .. } => "Momentum",
            Self::Nesterov { .. } => "Nesterov",
            Self::AdaGrad { .. } => "AdaGrad",
            Self::RmsProp { .. } => "RMSProp",
            Self::Adam { .. } => "Adam",
            Self::AdamW { .. } => "AdamW",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Sgd => "w ← w − η·g: down the gradient, no memory.",
            Self::Momentum { .. } => {
                "Δ ← μ·Δ − η·g, w ← w + Δ: keeps a share of the last step, which averages out what swings to \
                 and fro and adds up what goes on (to 1/(1 − μ) times the rate)."
            }
            Self::Nesterov { .. } => {
                "Δ ← μ·Δ − η·g, w ← w + μ·Δ − η·g: momentum that looks ahead along the last step \
                 (Sutskever et al. 2013)."
            }
            Self::AdaGrad { .. } => {
                "G ← G + g², w ← w − η·g / (√G + ε): each weight has a rate of its own, which only ever falls \
                 (Duchi et al. 2011)."
            }
            Self::RmsProp { .. } => {
                "v ← μ·v + (1 − μ)·g², w ← w − η·g / (√v + ε): as AdaGrad, but old gradients are forgotten \
                 (Tieleman and Hinton 2012)."
            }
            Self::Adam { .. } => {
                "m and v are running means of g and g², corrected for their start at 0; w ← w − η·m / (√v + ε): \
                 steps of about η for each weight (Kingma and Ba 2015)."
            }
            Self::AdamW { .. } => {
                "Adam, with weight decay apart from the gradient: w ← w − η·λ·w, so that it is not divided by √v \
                 (Loshchilov and Hutter 2019)."
            }
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::Sgd => Vec::new(),
            Self::Momentum { momentum } | Self::Nesterov { momentum } => {
                vec![Field::number("momentum", momentum, 0.0..=1.0, "share of the last step that is kept")]
            }
            Self::AdaGrad { epsilon: value } => vec![epsilon(value)],
            Self::RmsProp { decay, epsilon: value } => vec![
                Field::number(
                    "decay",
                    decay,
                    0.0..=1.0,
                    "share kept of the running mean of the gradient's square",
                ),
                epsilon(value),
            ],
            // A β of 1 would divide by zero in the bias correction.
            Self::Adam { beta1, beta2, epsilon: value } | Self::AdamW { beta1, beta2, epsilon: value } => {
                vec![
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
                    epsilon(value),
                ]
            }
        }
    }
}

fn epsilon(value: &mut f32) -> Field<'_> {
    Field::number("epsilon", value, 1e-16..=1.0, "added to the root by which the step is divided")
}
