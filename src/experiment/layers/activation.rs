/// A non-linearity applied to each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `max(0, x)`.
    Relu,
    Tanh,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
}

impl Activation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Relu => "ReLU",
            Self::Tanh => "Tanh",
            Self::Sigmoid => "Sigmoid",
        }
    }

    pub fn purpose(self) -> &'static str {
        match self {
            Self::Relu => "max(0, x): what is negative is cut off; the gradient passes unchanged elsewhere.",
            Self::Tanh => "Squashes every number into −1 to 1; flat, and without gradient, far from 0.",
            Self::Sigmoid => "Squashes every number into 0 to 1; its slope is 1/4 at most.",
        }
    }
}
