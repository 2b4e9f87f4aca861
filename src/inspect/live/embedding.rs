//! Pictures as points of a plane, see [`embedding`](crate::inspect::embedding).

use std::time::Duration;

use super::answers::split;
use super::{Pass, Passes, copied, pictures};
use crate::engine::Part;
use crate::graph::NodeId;
use crate::inspect::batch::Batch;
use crate::inspect::embedding::{Features, Points, last_input, neighbours_alike, pca, tsne::Tsne};
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::values::Showing;

/// Lays the first test pictures flat.
pub struct Laying(Passes<Laid>);

impl Laying {
    pub fn new(by_tsne: bool) -> Self {
        Self(Passes::new(by_tsne))
    }
}

impl Instrument for Laying {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        self.0.go_on(subject, span)
    }
}

/// Points in a plane, and what they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The layer whose input was laid flat, and how many numbers that is.
    pub before: String,
    pub dimension: usize,
    /// Of the first test pictures, in their order.
    pub points: Points,
    pub classes: Vec<u16>,
    /// The share of the variance along either axis, where they are principal components.
    pub explained: Option<[f64; 2]>,
    /// How much of the layout is done.
    pub share: f64,
    /// Share of the points whose nearest neighbour is of their own class.
    pub neighbours_alike: f64,
}

/// Pictures that are laid out, and those shown to the net at a time.
const N_PICTURES: usize = 500;
const BATCH: usize = 50;

/// Neighbours that t-SNE heeds, about.
const PERPLEXITY: f32 = 30.0;

struct Laid {
    showing: Showing,
    node: NodeId,
    pictures: Batch,
    classes: Vec<u16>,
    features: Features,
    by_tsne: bool,
    tsne: Option<Tsne>,
}

impl Pass for Laid {
    type Question = bool;

    fn begin(by_tsne: &bool, subject: &Subject<'_>) -> Result<Self, LookError> {
        let set = pictures(subject)?;
        let split = split(set, Part::Test);
        let Some(classes) = split.labels.classes() else {
            let words = split.labels.kind().words();
            return Err(LookError::Impossible(format!(
                "Points are coloured by one class each; these pictures have {words}."
            )));
        };
        let Some((node, before)) = last_input(subject.graph) else {
            return Err(LookError::Impossible("This net has no layer with weights.".into()));
        };
        let loss = subject.experiment.train.loss;
        let pictures = Batch::first(N_PICTURES, set, split, loss, subject.normalisation);
        let memory = copied(subject)?;
        let showing = Showing::new(subject.graph, &memory, &[node], BATCH, &**subject.device)?;
        let features = Features { before, n: 0, numbers: Vec::new() };
        let classes = classes[..pictures.n_pictures].to_vec();
        Ok(Self { showing, node, pictures, classes, features, by_tsne: *by_tsne, tsne: None })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        let (first, each) = (self.features.n, self.pictures.extent.len());
        if first < self.pictures.n_pictures {
            let end = self.pictures.n_pictures.min(first + self.showing.batch());
            let mut values = self.showing.show(&self.pictures.pictures[first * each..end * each])?;
            self.features.numbers.extend(values.stored.remove(&self.node).unwrap_or_default());
            self.features.n = end;
            return Ok(end == self.pictures.n_pictures && !self.by_tsne);
        }
        if self.tsne.is_none() {
            self.tsne = Tsne::new(&self.features, PERPLEXITY);
        }
        match &mut self.tsne {
            Some(tsne) => {
                tsne.advance();
                Ok(tsne.is_done())
            }
            None => Ok(true),
        }
    }

    fn view(&self) -> Option<View> {
        if self.features.n < self.pictures.n_pictures || self.features.n == 0 {
            return None;
        }
        let (points, explained, share) = match &self.tsne {
            Some(tsne) => (tsne.points().to_vec(), None, tsne.share()),
            None => {
                let plane = pca::plane(&self.features);
                (plane.points, Some(plane.explained), 1.0)
            }
        };
        Some(View::Embedding(Embedding {
            before: self.features.before.clone(),
            dimension: self.features.dimension(),
            neighbours_alike: neighbours_alike(&points, &self.classes),
            points,
            classes: self.classes.clone(),
            explained,
            share,
        }))
    }
}
