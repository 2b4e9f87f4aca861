use crate::experiment::fields::Field;

/// Batch normalisation over `(N, H, W)` for each channel (Ioffe and Szegedy 2015), with PyTorch's constants:
/// in training by the batch's mean and biased variance; in testing by running ones, updated by
/// `running ← (1 − momentum)·running + momentum·batch` with the unbiased variance.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    pub epsilon: f32,
    pub momentum: f32,
}

impl Default for BatchNorm {
    fn default() -> Self {
        Self { epsilon: 1e-5, momentum: 0.1 }
    }
}

impl BatchNorm {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::number("epsilon", &mut self.epsilon, 1e-8..=1.0, "added to the variance before the root"),
            Field::number(
                "momentum",
                &mut self.momentum,
                0.0..=1.0,
                "weight of the new batch in the running statistics",
            ),
        ]
    }
}
