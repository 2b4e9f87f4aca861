//! The loss around the weights, see [`surface`](crate::inspect::surface).

use std::time::Duration;

use super::{Pass, Passes, pictures};
use crate::inspect::batch::Batch;
use crate::inspect::contour::{Heights, Window};
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::surface::{Direction, Height, Landscape, Principal, Survey, Weights, Window1};
use crate::train::initial;
use crate::train::weights::Numbers;

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slice {
    /// Along the straight line between two points and a little beyond both.
    Line { from: Point, to: Point },
    /// Over two filter-normalised random directions.
    Plane,
    /// Over the plane in which the run's own path lies as well as in any ([`Principal`]).
    Path,
}

/// Weights by which a line can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// The initial ones.
    Start,
    /// Those after so many steps, where they were kept.
    Step(u64),
    /// Those that are looked at.
    Here,
    /// Those of the run beside.
    Beside,
}

impl Slice {
    /// From the initial weights through the present ones.
    pub const FROM_START: Self = Self::Line { from: Point::Start, to: Point::Here };
}

/// What has been drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    pub slice: Slice,
    pub n_pictures: usize,
    /// Points measured, and points of all.
    pub progress: (usize, usize),
    /// `(step, height)` along the line, 0 the one point and 1 the other; empty of a plane.
    pub line: Vec<(f64, Height)>,
    /// Losses over the plane, in which the weights looked at lie at the origin; none of a line.
    pub plane: Option<Heights>,
    /// Where the run was after so many steps, as near as any point of the plane, in their order.
    pub path: Vec<(u64, [f64; 2])>,
    /// The share of the path's variance along either axis, where the plane was laid through it.
    pub explained: Option<[f64; 2]>,
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
    path: Vec<(u64, [f64; 2])>,
    explained: Option<[f64; 2]>,
}

/// Pictures that the loss is measured on, at most.
const BATCH: usize = 64;

/// Points along a line, and along a plane's side.
const LINE: usize = 33;
const SIDE: usize = 17;

/// How far a line goes beyond its ends, and the plane of a path beyond the path, as a share of their length.
const BEYOND: f64 = 0.25;

impl Pass for Measured {
    type Question = Slice;

    fn begin(slice: &Slice, subject: &Subject<'_>) -> Result<Self, LookError> {
        let set = pictures(subject)?;
        let batch =
            Batch::first(BATCH, set, &set.train, subject.experiment.train.loss, subject.normalisation);
        let here = point(subject, Point::Here)?;
        let kept = || subject.past.iter().filter(|kept| kept.step <= subject.step);
        let (survey, path, explained) = match slice {
            Slice::Line { from, to } => {
                let [from, to] = [point(subject, *from)?, point(subject, *to)?];
                let axis = Direction::between(&from, &to);
                (
                    Survey::line(from, axis, Window1 { low: -BEYOND, high: 1.0 + BEYOND }, LINE),
                    Vec::new(),
                    None,
                )
            }
            Slice::Plane => {
                let seed = subject.experiment.seed;
                let axes = [0, 1].map(|which| Direction::random(subject.graph, &here, seed, which));
                let survey = Survey::plane(here, axes, Window { low: [-1.0; 2], high: [1.0; 2] }, SIDE);
                let path = kept().map(|kept| (kept.step, survey.place(&kept.numbers.parameters))).collect();
                (survey, path, None)
            }
            Slice::Path => {
                let mut way: Vec<&Weights> = kept().map(|kept| &kept.numbers.parameters).collect();
                way.push(&here);
                let Some(found) = Principal::of(&way) else { return Err(no_path()) };
                let mut steps: Vec<u64> = kept().map(|kept| kept.step).collect();
                steps.push(subject.step);
                let path = steps.into_iter().zip(found.places.iter().copied()).collect();
                let window = around(&found.places);
                (Survey::plane(here, found.axes, window, SIDE), path, Some(found.explained))
            }
        };
        let landscape = Landscape::new(subject.graph, batch.goal, &batch, &**subject.device)?;
        Ok(Self { slice: *slice, landscape, survey, path, explained })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        self.survey.advance(&mut self.landscape)?;
        Ok(self.survey.is_done())
    }

    fn view(&self) -> Option<View> {
        let is_line = matches!(self.slice, Slice::Line { .. });
        Some(View::Surface(Drawn {
            slice: self.slice,
            n_pictures: self.landscape.n_pictures,
            progress: self.survey.progress(),
            line: if is_line { self.survey.points() } else { Vec::new() },
            plane: (!is_line).then(|| self.survey.heights(|height| height.loss)),
            path: self.path.clone(),
            explained: self.explained,
        }))
    }
}

fn no_path() -> LookError {
    LookError::Impossible(
        "The run's path has no plane: of a run it takes three steps at least, and of a net too large to be kept step by \
         step nothing is known of its path."
            .into(),
    )
}

/// The weights at a point.
fn point(subject: &Subject<'_>, point: Point) -> Result<Weights, LookError> {
    let numbers = match point {
        Point::Start => {
            let drawn = || initial::all(subject.graph, &subject.experiment.train, subject.experiment.seed);
            return Ok(subject.start.map_or_else(drawn, |start| start.parameters.clone()));
        }
        Point::Here => Numbers::read_from(subject.graph, subject.placement, &**subject.memory)?,
        Point::Step(step) => match subject.past.iter().find(|kept| kept.step == step) {
            Some(kept) => return Ok(kept.numbers.parameters.clone()),
            None => {
                let text = format!("The weights of step {step} are kept no more. Choose another step.");
                return Err(LookError::Impossible(text));
            }
        },
        Point::Beside => {
            let Some(other) = &subject.beside else {
                return Err(LookError::Impossible("There is no run beside this one to go to.".into()));
            };
            let shapes = |graph: &crate::graph::Graph| -> Vec<Vec<usize>> {
                graph.parameters.iter().map(|parameter| parameter.shape.clone()).collect()
            };
            if shapes(other.graph) != shapes(subject.graph) {
                let text = "A line joins weights of one net, and the run beside trains another one. Choose a run of \
                            the same net.";
                return Err(LookError::Impossible(text.into()));
            }
            Numbers::read_from(other.graph, other.placement, &**other.memory)?
        }
    };
    Ok(numbers.parameters)
}

/// A window around places and the origin, a little wider on all sides; a path that is narrow against its length still
/// has room about it.
pub fn around(places: &[[f64; 2]]) -> Window {
    let reach = |axis: usize| {
        let all = places.iter().map(|place| place[axis]);
        all.fold((0f64, 0f64), |(low, high), x| (low.min(x), high.max(x)))
    };
    let reaches = [reach(0), reach(1)];
    let longest = reaches.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
    let widened = |(low, high): (f64, f64)| {
        let room = BEYOND * longest;
        [low - room, high + room]
    };
    let [x, y] = reaches.map(widened);
    Window { low: [x[0], y[0]], high: [x[1], y[1]] }
}
