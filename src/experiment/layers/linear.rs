use crate::experiment::Initialisation;
use crate::experiment::fields::Field;

/// Fully connected layer: `y = W·x + b` over all `C·H·W` numbers of the input, `(N, C, H, W) → (N, outputs)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    pub outputs: usize,
    pub bias: bool,
    /// From what the weights are drawn at the start, where that is not the whole net's rule.
    pub init: Option<Initialisation>,
}

impl Default for Linear {
    fn default() -> Self {
        Self { outputs: 10, bias: true, init: None }
    }
}

impl Linear {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count("linear", &mut self.outputs, 1..=65_536, "number of units"),
            Field::flag("bias", &mut self.bias, "add a learned constant to each unit's sum"),
            Field::initialisation(&mut self.init),
        ]
    }
}
