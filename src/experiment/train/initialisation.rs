use crate::experiment::Named;
use crate::experiment::fields::Field;

/// The variance from which initial weights are drawn, normally distributed; biases start at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initialisation {
    /// `Var[w] = 2 / n_in` (He et al. 2015, "Delving deep into rectifiers", equation 10).
    He,
    /// `Var[w] = 1 / n_in`, the lecture's form of Glorot and Bengio 2010.
    Xavier,
}

impl Initialisation {
    /// Standard deviation of the weights of a layer whose units each read `fan_in` numbers.
    pub fn deviation(self, fan_in: usize) -> f32 {
        let gain = match self {
            Self::He => 2.0,
            Self::Xavier => 1.0,
        };
        (gain / fan_in.max(1) as f32).sqrt()
    }
}

impl Named for Initialisation {
    const WHAT: &'static str = "initialisation";
    const EXAMPLE: &'static str = "{ name = \"he\" }";

    fn all() -> Vec<Self> {
        vec![Self::He, Self::Xavier]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::He => "he",
            Self::Xavier => "xavier",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::He => "He",
            Self::Xavier => "Xavier",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::He => {
                "Initial weights of variance 2/n for units with n inputs: keeps the signal's size through ReLU."
            }
            Self::Xavier => "Initial weights of variance 1/n for units with n inputs.",
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        Vec::new()
    }
}
