//! What training makes small, and what must be known of the pictures for it.

use crate::experiment::Named;
use crate::experiment::fields::Field;

/// The loss, a mean over the answers of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Softmax and cross-entropy over one class for each picture, `−log softmax(z)[label]`. With smoothing ε the
    /// wanted probabilities are `1 − ε + ε/K` for the label and `ε/K` for each other class (Szegedy et al. 2016,
    /// section 7).
    CrossEntropy { smoothing: f32 },
    /// `(y − t)²` for each output, against 1 for the class or a tag that is there and 0 for the others.
    SquaredError,
    /// `−t·log σ(z) − (1 − t)·log(1 − σ(z))` for each output, against the same: every class or tag is a yes or no
    /// of its own.
    SigmoidCrossEntropy,
    /// Softmax and cross-entropy over one class for each pixel. Pixels of the class `void` count as little as
    /// those of which nothing is known.
    PixelCrossEntropy { void: Option<usize> },
}

/// What is known of each picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKind {
    /// One class.
    Classes,
    /// Any number of tags.
    Tags,
    /// A class for each pixel, or nothing.
    Pixels,
}

impl Loss {
    /// The losses with their customary constants.
    pub const ALL: [Self; 4] = [
        Self::CrossEntropy { smoothing: 0.0 },
        Self::SquaredError,
        Self::SigmoidCrossEntropy,
        Self::PixelCrossEntropy { void: None },
    ];

    /// Whether it can be computed from labels of this kind.
    pub fn fits(self, labels: LabelKind) -> bool {
        match self {
            Self::CrossEntropy { .. } => labels == LabelKind::Classes,
            Self::SquaredError | Self::SigmoidCrossEntropy => labels != LabelKind::Pixels,
            Self::PixelCrossEntropy { .. } => labels == LabelKind::Pixels,
        }
    }

    /// The class that pixels of which nothing is known have, if one is left out.
    pub fn void(self) -> Option<usize> {
        match self {
            Self::PixelCrossEntropy { void } => void,
            _ => None,
        }
    }

    /// The customary loss for labels of this kind.
    pub fn customary(labels: LabelKind) -> Self {
        match labels {
            LabelKind::Classes => Self::CrossEntropy { smoothing: 0.0 },
            LabelKind::Tags => Self::SigmoidCrossEntropy,
            LabelKind::Pixels => Self::PixelCrossEntropy { void: None },
        }
    }
}

impl Named for Loss {
    const WHAT: &'static str = "loss";
    const EXAMPLE: &'static str = "{ name = \"cross-entropy\", smoothing = 0.1 }";

    fn all() -> Vec<Self> {
        Self::ALL.to_vec()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::CrossEntropy { .. } => "cross-entropy",
            Self::SquaredError => "squared-error",
            Self::SigmoidCrossEntropy => "sigmoid-cross-entropy",
            Self::PixelCrossEntropy { .. } => "pixel-cross-entropy",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::CrossEntropy { .. } => "Cross-entropy",
            Self::SquaredError => "Squared error",
            Self::SigmoidCrossEntropy => "Sigmoid cross-entropy",
            Self::PixelCrossEntropy { .. } => "Pixel cross-entropy",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::CrossEntropy { .. } => "−log softmax(z)[class]: one class for each picture",
            Self::SquaredError => {
                "(y − t)² for each output, t = 1 for the class or a tag that is there, else 0"
            }
            Self::SigmoidCrossEntropy => {
                "−log σ(z) for the class or a tag that is there, −log(1 − σ(z)) for each other: several tags for \
                 each picture"
            }
            Self::PixelCrossEntropy { .. } => "−log softmax(z)[class] at each pixel: a class for each pixel",
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::CrossEntropy { smoothing } => vec![
                Field::number(
                    "smoothing",
                    smoothing,
                    0.0..=1.0,
                    "share of the wanted probability that is spread over all classes",
                )
                .rare(),
            ],
            Self::PixelCrossEntropy { void } => vec![Field::optional_count(
                "void",
                void,
                0..=254,
                "class whose pixels do not count, from 0; none where all do",
            )],
            Self::SquaredError | Self::SigmoidCrossEntropy => Vec::new(),
        }
    }
}

impl LabelKind {
    /// As the end of a sentence about pictures: "the pictures of shapes have …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Classes => "one class each",
            Self::Tags => "several tags each",
            Self::Pixels => "a class for each pixel",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_customary_loss_fits() {
        for labels in [LabelKind::Classes, LabelKind::Tags, LabelKind::Pixels] {
            assert!(Loss::customary(labels).fits(labels));
        }
    }
}
