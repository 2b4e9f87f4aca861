use crate::experiment::fields::Field;

/// Dropout (Srivastava et al. 2014) in its inverted form: in training each number is zeroed with
/// `probability` and the others are divided by `1 − probability`; in testing nothing happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    pub probability: f32,
}

impl Default for Dropout {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl Dropout {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![Field::number("dropout", &mut self.probability, 0.0..=0.99, "share of numbers set to 0")]
    }
}
