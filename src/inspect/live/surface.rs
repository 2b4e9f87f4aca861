//! The loss around the weights, see [`surface`](crate::inspect::surface).

use std::time::Duration;

use super::{Pass, Passes, pictures};
use crate::inspect::batch::Batch;
use crate::inspect::contour::{Heights, Window};
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::surface::{Direction, Height, Landscape, Survey, Weights, Window1};
use crate::train::initial;
use crate::train::weights::Numbers;

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slice {
    /// From the initial weights to the present ones and a little beyond.
    FromStart,
    /// Over two filter-normalised random directions.
    Plane,
}

/// What has been drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    pub slice: Slice,
    pub n_pictures: usize,
    /// Points measured, and points of all.
    pub progress: (usize, usize),
    /// `(step, height)` along the line, 0 the initial weights and 1 the present ones; empty of a plane.
    pub line: Vec<(f64, Height)>,
    /// Losses over the plane with the present weights in its middle; none of a line.
    pub plane: Option<Heights>,
}

/// Draws the loss around the weights.
pub struct Drawing(Passes<Measured>);

impl Drawing {
    pub fn new(slice: Slice) -> Self {
        Self(Passes::new(slice))
    }
}

impl Instrument for Drawing {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        self.0.go_on(subject, span)
    }
}

struct Measured {
    slice: Slice,
    landscape: Landscape,
    survey: Survey,
}

/// Pictures that the loss is measured on, at most.
const BATCH: usize = 64;

/// Points along a line, and along a plane's side.
const LINE: usize = 33;
const SIDE: usize = 17;

impl Pass for Measured {
    type Question = Slice;

    fn begin(slice: &Slice, subject: &Subject<'_>) -> Result<Self, LookError> {
        let set = pictures(subject)?;
        let (train, seed) = (&subject.experiment.train, subject.experiment.seed);
        let batch = Batch::first(BATCH, set, &set.train, train.loss, subject.normalisation);
        let landscape = Landscape::new(subject.graph, batch.goal, &batch, &**subject.device)?;
        let here: Weights =
            Numbers::read_from(subject.graph, subject.placement, &**subject.memory)?.parameters;
        let survey = match slice {
            Slice::FromStart => {
                let start = initial::all(subject.graph, train, seed);
                let axis = Direction::between(&start, &here);
                Survey::line(start, axis, Window1 { low: 0.0, high: 1.5 }, LINE)
            }
            Slice::Plane => {
                let axes = [0, 1].map(|which| Direction::random(subject.graph, &here, seed, which));
                Survey::plane(here, axes, Window { low: [-1.0; 2], high: [1.0; 2] }, SIDE)
            }
        };
        Ok(Self { slice: *slice, landscape, survey })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        self.survey.advance(&mut self.landscape)?;
        Ok(self.survey.is_done())
    }

    fn view(&self) -> Option<View> {
        let is_plane = self.slice == Slice::Plane;
        Some(View::Surface(Drawn {
            slice: self.slice,
            n_pictures: self.landscape.n_pictures,
            progress: self.survey.progress(),
            line: if is_plane { Vec::new() } else { self.survey.points() },
            plane: is_plane.then(|| self.survey.heights(|height| height.loss)),
        }))
    }
}
