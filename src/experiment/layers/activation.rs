use crate::experiment::fields::Field;

/// A non-linearity applied to each number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(0, x)`.
    Relu,
    /// x where positive, else `slope · x` (Maas, Hannun, Ng 2013).
    LeakyRelu {
        slope: f32,
    },
    /// x where positive, else `alpha · (eˣ − 1)` (Clevert, Unterthiner, Hochreiter 2016).
    Elu {
        alpha: f32,
    },
    /// `λ·x` where positive, else `λ·α·(eˣ − 1)`, with [`Activation::SELU_LAMBDA`] and
    /// [`Activation::SELU_ALPHA`] (Klambauer et al. 2017).
    Selu,
    /// `x · Φ(x)`, with Φ the distribution function of the standard normal (Hendrycks, Gimpel 2016): exact, not
    /// by the hyperbolic tangent.
    Gelu,
    /// `x / (1 + e⁻ˣ)` (Elfwing, Uchibe, Doya 2018).
    Silu,
    Tanh,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
}

impl Activation {
    /// With these two, numbers of mean 0 and variance 1 have mean 0 and variance 1 behind a SELU (Klambauer et
    /// al. 2017, equation 14).
    pub const SELU_LAMBDA: f64 = 1.0507009873554805;
    pub const SELU_ALPHA: f64 = 1.6732632423543772;

    /// One of each, with its customary setting.
    pub const ALL: [Self; 8] = [
        Self::Relu,
        Self::LeakyRelu { slope: 0.01 },
        Self::Elu { alpha: 1.0 },
        Self::Selu,
        Self::Gelu,
        Self::Silu,
        Self::Tanh,
        Self::Sigmoid,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky-relu",
            Self::Elu { .. } => "elu",
            Self::Selu => "selu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Relu => "ReLU",
            Self::LeakyRelu { .. } => "Leaky ReLU",
            Self::Elu { .. } => "ELU",
            Self::Selu => "SELU",
            Self::Gelu => "GELU",
            Self::Silu => "SiLU",
            Self::Tanh => "Tanh",
            Self::Sigmoid => "Sigmoid",
        }
    }

    pub fn purpose(self) -> &'static str {
        match self {
            Self::Relu => "max(0, x): what is negative is cut off; the gradient passes unchanged elsewhere.",
            Self::LeakyRelu { .. } => {
                "A ReLU that lets a small share of what is negative through, so that no unit goes dead."
            }
            Self::Elu { .. } => "A ReLU that bends down to −alpha instead of breaking off at 0.",
            Self::Selu => {
                "An ELU so scaled that signals of mean 0 and variance 1 stay so from layer to layer."
            }
            Self::Gelu => "x times the chance that a normal number lies below x: a ReLU rounded off.",
            Self::Silu => "x times its sigmoid: a ReLU rounded off, with a shallow dip below 0.",
            Self::Tanh => "Squashes every number into −1 to 1; flat, and without gradient, far from 0.",
            Self::Sigmoid => "Squashes every number into 0 to 1; its slope is 1/4 at most.",
        }
    }

    /// Whether it has a number of its own, given by its name in the file.
    pub fn has_setting(self) -> bool {
        matches!(self, Self::LeakyRelu { .. } | Self::Elu { .. })
    }

    /// Whether the derivative follows from the output, as it does where each output but those in a flat stretch
    /// belongs to one input; GELU and SiLU fall and rise again.
    pub fn derives_from_output(self) -> bool {
        !matches!(self, Self::Gelu | Self::Silu)
    }

    pub fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::LeakyRelu { slope } => {
                vec![Field::number("leaky-relu", slope, 0.0..=1.0, "slope below 0")]
            }
            Self::Elu { alpha } => {
                vec![Field::number("elu", alpha, 0.0..=100.0, "how far below 0 it bends down")]
            }
            _ => Vec::new(),
        }
    }
}
