use crate::experiment::Named;
use crate::experiment::fields::Field;

/// The rate over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    Constant,
    /// The rate is multiplied by `drop` at each of the times `at`, in epochs.
    Steps {
        drop: f32,
        at: Vec<f32>,
    },
}

impl Schedule {
    /// The factor on the starting rate at time `epoch` (fractional).
    pub fn factor(&self, epoch: f64) -> f32 {
        match self {
            Self::Constant => 1.0,
            // A step that begins within rounding of a milestone belongs after it.
            Self::Steps { drop, at } => {
                drop.powi(at.iter().filter(|&&milestone| epoch + 1e-9 >= milestone as f64).count() as i32)
            }
        }
    }
}

impl Named for Schedule {
    const WHAT: &'static str = "schedule";
    const EXAMPLE: &'static str = "{ drop = 0.1, at = [82, 123] }";

    fn all() -> Vec<Self> {
        vec![Self::Constant, Self::Steps { drop: 0.1, at: Vec::new() }]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Steps { .. } => "steps",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Constant => "Constant",
            Self::Steps { .. } => "Steps",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Constant => "The rate stays as it is set.",
            Self::Steps { .. } => "The rate drops by a factor at each of several epochs.",
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::Constant => Vec::new(),
            Self::Steps { drop, at } => vec![
                Field::number("drop", drop, 0.0..=1.0, "the factor on the rate at each step"),
                Field::numbers("at", at, 0.0..=1e6, "the epochs at which the rate drops"),
            ],
        }
    }

    fn required(&self) -> &'static [&'static str] {
        match self {
            Self::Constant => &[],
            Self::Steps { .. } => &["drop", "at"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_drops_at_each_milestone() {
        let schedule = Schedule::Steps { drop: 0.1, at: vec![2.0, 3.5] };
        let factors: Vec<f32> = [0.0, 1.99, 2.0, 3.49, 3.5].map(|e| schedule.factor(e)).into();
        for (factor, expected) in factors.iter().zip([1.0, 1.0, 0.1, 0.1, 0.01]) {
            assert!((factor - expected).abs() < 1e-7);
        }
    }
}
