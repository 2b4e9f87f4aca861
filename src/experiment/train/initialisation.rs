use crate::experiment::Named;
use crate::experiment::fields::Field;

/// From what initial weights are drawn. `n_in` is how many numbers a unit reads (fan-in), `n_out` how many units
/// read a number (fan-out), both counted as PyTorch does, but for transposed convolutions, where PyTorch exchanges
/// the two. Biases start at 0 throughout.
///
/// Where a deviation σ follows from such a rule, weights are drawn from the normal distribution or, with
/// `uniform`, evenly from −√3·σ to √3·σ, which has the same deviation. `scale` multiplies σ: 1 is the rule itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initialisation {
    /// `Var[w] = gain² / n_in` with the gain √2 of a ReLU (He et al. 2015, "Delving deep into rectifiers",
    /// equation 10); with `fan-out`, `gain² / n_out` (equation 14). With `own-gain` the gain is that of the
    /// non-linearity that follows the layer, see [`Graph::gains`](crate::graph::Graph::gains). PyTorch's
    /// `kaiming_normal_` and `kaiming_uniform_`.
    He { fan_out: bool, uniform: bool, own_gain: bool, scale: f32 },
    /// `Var[w] = 1 / n_in`, the lecture's form of Glorot and Bengio 2010.
    Xavier { uniform: bool, scale: f32 },
    /// `Var[w] = 2 / (n_in + n_out)` (Glorot and Bengio 2010, equation 12; uniform there). PyTorch's
    /// `xavier_normal_` and `xavier_uniform_`.
    Glorot { uniform: bool, scale: f32 },
    /// Normally distributed with this deviation, whatever the layer.
    Normal { deviation: f32 },
    /// Every weight the same.
    Constant { value: f32 },
    /// Nothing: all units of a layer stay alike for ever.
    Zero,
    /// The identity: a convolution hands on its channels, a fully connected layer its numbers, as far as there
    /// are as many outputs (group by group). PyTorch's `dirac_` and `eye_`.
    Dirac,
}

impl Initialisation {
    pub const HE: Self = Self::He { fan_out: false, uniform: false, own_gain: false, scale: 1.0 };
    pub const XAVIER: Self = Self::Xavier { uniform: false, scale: 1.0 };
}

impl Named for Initialisation {
    const WHAT: &'static str = "initialisation";
    const EXAMPLE: &'static str = "{ name = \"he\", fan-out = true }";

    fn all() -> Vec<Self> {
        vec![
            Self::HE,
            Self::XAVIER,
            Self::Glorot { uniform: false, scale: 1.0 },
            Self::Normal { deviation: 0.01 },
            Self::Constant { value: 0.1 },
            Self::Zero,
            Self::Dirac,
        ]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::He { .. } => "he",
            Self::Xavier { .. } => "xavier",
            Self::Glorot { .. } => "glorot",
            Self::Normal { .. } => "normal",
            Self::Constant { .. } => "constant",
            Self::Zero => "zero",
            Self::Dirac => "dirac",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::He { .. } => "He",
            Self::Xavier { .. } => "Xavier",
            Self::Glorot { .. } => "Glorot",
            Self::Normal { .. } => "Normal",
            Self::Constant { .. } => "Constant",
            Self::Zero => "Zero",
            Self::Dirac => "Dirac",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::He { .. } => {
                "Weights of variance 2/n for units with n inputs: ReLU loses half of the signal's power, the 2 \
                 makes up for it (He et al. 2015)."
            }
            Self::Xavier { .. } => {
                "Weights of variance 1/n for units with n inputs: keeps the signal's size through layers without \
                 a ReLU."
            }
            Self::Glorot { .. } => {
                "Weights of variance 2/(n_in + n_out): between what keeps the signal's size forwards and what \
                 keeps the gradient's backwards (Glorot and Bengio 2010)."
            }
            Self::Normal { .. } => "Weights of one deviation in all layers, whatever their size.",
            Self::Constant { .. } => "Every weight the same: all units of a layer learn the same.",
            Self::Zero => "Every weight 0: nothing passes, and nothing comes back.",
            Self::Dirac => "Each convolution hands on its input unchanged: the identity.",
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::He { fan_out, uniform: evenly, own_gain, scale } => vec![
                Field::flag(
                    "fan-out",
                    fan_out,
                    "keep the gradient's size backwards, not the signal's forwards",
                )
                .rare(),
                uniform(evenly),
                Field::flag(
                    "own-gain",
                    own_gain,
                    "by the gain of the non-linearity that follows each layer, not that of a ReLU",
                )
                .rare(),
                scaled(scale),
            ],
            Self::Xavier { uniform: evenly, scale } | Self::Glorot { uniform: evenly, scale } => {
                vec![uniform(evenly), scaled(scale)]
            }
            Self::Normal { deviation } => {
                vec![Field::number("deviation", deviation, 0.0..=1000.0, "standard deviation of the weights")]
            }
            Self::Constant { value } => {
                vec![Field::number("value", value, -1000.0..=1000.0, "what each weight is")]
            }
            Self::Zero | Self::Dirac => Vec::new(),
        }
    }
}

fn uniform(value: &mut bool) -> Field<'_> {
    Field::flag(
        "uniform",
        value,
        "evenly between two bounds, not normally distributed; of the same deviation",
    )
    .rare()
}

fn scaled(value: &mut f32) -> Field<'_> {
    Field::number("scale", value, 0.0..=1000.0, "times the deviation that the rule gives").rare()
}
