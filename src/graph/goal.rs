//! What a net is made for: the loss, the labels, and so the shape that its last layer must give.

use super::{LayerReport, ShapeProblem};
use crate::experiment::figures::plural;
use crate::experiment::{LabelKind, Loss, Named, Network, Problem};
use crate::tensor::Extent;

/// What a net's answers are held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    pub loss: Loss,
    pub labels: LabelKind,
    /// Classes or tags that the labels tell apart.
    pub n_classes: usize,
}

impl Goal {
    /// Softmax cross-entropy over one of `n_classes` classes for each picture.
    pub const fn classes(n_classes: usize) -> Self {
        Self { loss: Loss::CrossEntropy { smoothing: 0.0 }, labels: LabelKind::Classes, n_classes }
    }

    /// What a net with this loss answers, whatever the labels that it was trained on.
    pub fn answering(loss: Loss, n_classes: usize) -> Self {
        let labels = [LabelKind::Classes, LabelKind::Pixels].into_iter().find(|&labels| loss.fits(labels));
        Self { loss, labels: labels.unwrap_or(LabelKind::Tags), n_classes }
    }

    /// Checks that the loss can be computed from the labels.
    ///
    /// # Errors
    /// A loss for labels of another kind, with the one that is customary for these; a void class that there is
    /// not.
    pub fn check(&self) -> Result<(), Problem> {
        match self.loss {
            Loss::PixelCrossEntropy { void: Some(void) } if void >= self.n_classes => {
                return Err(Problem::new(format!(
                    "There is no class {void} to be void: these pictures have the classes 0 to {}. Change or take \
                     away `void` in `train.loss`.",
                    self.n_classes.saturating_sub(1)
                )));
            }
            loss if loss.fits(self.labels) => return Ok(()),
            _ => {}
        }
        Err(Problem::new(format!(
            "The loss `{}` does not fit these pictures, which have {}. Set `train.loss` to `{}`.",
            self.loss.name(),
            self.labels.words(),
            Loss::customary(self.labels).name()
        )))
    }

    /// Classes or tags that the net must tell apart: a void class behind all others is none of them.
    pub fn n_outputs(&self) -> usize {
        match self.loss {
            Loss::PixelCrossEntropy { void: Some(void) } if void > 0 && void + 1 == self.n_classes => void,
            _ => self.n_classes,
        }
    }

    /// Numbers that tell what is known of one picture of shape `input`.
    pub fn label_len(&self, input: Extent) -> usize {
        match self.labels {
            LabelKind::Classes => 1,
            LabelKind::Tags => self.n_classes,
            LabelKind::Pixels => input.area(),
        }
    }

    /// The shape that the last layer must give for a picture of shape `input`.
    pub fn head(&self, input: Extent) -> Extent {
        match self.loss {
            Loss::PixelCrossEntropy { .. } => Extent::new(self.n_outputs(), input.height, input.width),
            _ => Extent::vector(self.n_outputs()),
        }
    }

    /// What keeps the last layer from giving the answers wanted.
    pub(super) fn head_problem(&self, network: &Network, layers: &[LayerReport]) -> Option<ShapeProblem> {
        let head = self.head(network.input);
        let Some(last) = layers.last() else {
            return Some(ShapeProblem {
                path: "layers".into(),
                layer: network.layers.last().map(|layer| layer.id),
                message: format!("The network has no layers. {}", self.remedy(head)),
            });
        };
        (last.output != head).then(|| ShapeProblem {
            path: last.path.clone(),
            layer: Some(last.layer),
            message: format!(
                "The last layer gives {}, but {} need {}. {}",
                last.output,
                self.wanted(head),
                if head.is_vector() {
                    format!("{} {}", head.channels, plural(head.channels as u64, "number"))
                } else {
                    head.to_string()
                },
                self.remedy(head)
            ),
        })
    }

    fn wanted(&self, head: Extent) -> String {
        let n = head.channels;
        let of = |thing| plural(n as u64, thing);
        match (self.loss, self.labels) {
            (Loss::PixelCrossEntropy { .. }, _) => {
                format!("{n} {} for each of {}×{} pixels", of("class"), head.height, head.width)
            }
            (_, LabelKind::Tags) => format!("{n} {}", of("tag")),
            _ => format!("{n} {}", of("class")),
        }
    }

    fn remedy(&self, head: Extent) -> String {
        let n = head.channels;
        let of = |thing| plural(n as u64, thing);
        match (self.loss, self.labels) {
            (Loss::PixelCrossEntropy { .. }, _) => {
                format!(
                    "End with a convolution of {n} {} on maps of {}×{}.",
                    of("filter"),
                    head.height,
                    head.width
                )
            }
            (_, LabelKind::Tags) => {
                format!("End with a fully connected layer of {n} {}, one for each tag.", of("unit"))
            }
            _ => format!("End with a fully connected layer of {n} {}, one for each class.", of("unit")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_void_class_must_be_one_of_the_classes() {
        let goal =
            |void| Goal { loss: Loss::PixelCrossEntropy { void }, labels: LabelKind::Pixels, n_classes: 12 };
        assert_eq!((goal(Some(11)).check(), goal(Some(11)).n_outputs()), (Ok(()), 11));
        assert_eq!(goal(None).check(), Ok(()));
        let message = goal(Some(12)).check().expect_err("there is none").to_string();
        assert!(message.starts_with("There is no class 12 to be void"), "{message}");
    }
}
