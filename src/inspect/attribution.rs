//! Why a unit responds to a picture: what the response depends on, pixel by pixel, in five ways that need not agree.
//!
//! - the *gradient* of the response by the picture (Simonyan, Vedaldi, Zisserman 2013);
//! - *guided back-propagation*, the same with what comes back to a ReLU cut off below 0 (Springenberg et al. 2014);
//! - the *deconvnet*, which ignores where the ReLUs were off, but remembers which place won in each max pool
//!   (Zeiler and Fergus 2013);
//! - *occlusion*: how far the response falls when a square of the picture is greyed out (the same, section 4.2);
//! - the *class activation map* of a net that ends in global average pooling: the maps before it, each weighted as
//!   the class weights it (Zhou et al. 2015).
//!
//! The first three begin with 1 at the unit and 0 elsewhere. Numbers are by the net's own pixels, after
//! normalisation.

use std::time::{Duration, Instant};

use super::activations::layer_at;
use super::exhibit::{Exhibit, Shown};
use super::eye::Eye;
use super::look::{Glance, Instrument, Look, LookError, Subject, View};
use crate::experiment::layers::PoolMode;
use crate::graph::program::{Back, BackwardRule, Origin};
use crate::graph::{Graph, NodeId, Op, ParameterId};
use crate::tensor::Extent;

/// A unit of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Path of the layer.
    pub layer: String,
    pub channel: usize,
    /// `[row, column]`; where it responds most if not given.
    pub place: Option<[usize; 2]>,
}

/// A square that is laid over a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occluder {
    pub side: usize,
    /// From one place to the next.
    pub stride: usize,
}

/// What the response depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    pub picture: Shown,
    pub unit: Unit,
    pub node: NodeId,
    /// `[row, column]` of the unit.
    pub place: [usize; 2],
    pub response: f32,
    /// `(C, H, W)` each, in the order of [`RULES`].
    pub gradients: [Vec<f32>; 3],
    /// None until all of it is there.
    pub occlusion: Option<Occlusion>,
    /// None where the unit is no class, or no global average pooling stands before the classes.
    pub class_map: Option<ClassMap>,
}

/// How far the response falls when a square is greyed out.
#[derive(Clone, Debug, PartialEq)]
pub struct Occlusion {
    pub occluder: Occluder,
    /// `(rows, columns)` of places.
    pub size: [usize; 2],
    /// The response to the whole picture less that to the picture with the square at each place.
    pub falls: Vec<f32>,
}

/// The class activation map.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMap {
    /// `(height, width)` of the maps before the pooling.
    pub size: [usize; 2],
    /// Their mean, and the class's bias, is its logit.
    pub numbers: Vec<f32>,
    pub bias: f32,
}

/// The rules of the ways back, with their names.
pub const RULES: [(BackwardRule, &str); 3] = [
    (BackwardRule::Plain, "gradient"),
    (BackwardRule::Guided, "guided back-propagation"),
    (BackwardRule::Deconvnet, "deconvnet"),
];

/// Pictures with a square on them that are shown at a time, behind one without.
const OCCLUDED: usize = 15;

impl Occluder {
    /// A fifth of the picture, at about fourteen places along each side.
    pub fn fitting(input: Extent) -> Self {
        let shorter = input.height.min(input.width);
        Self { side: (shorter / 5).max(1), stride: (shorter / 14).max(1) }
    }

    /// Places along each side.
    fn places(self, input: Extent) -> [usize; 2] {
        [input.height, input.width].map(|side| (side - self.side) / self.stride + 1)
    }

    /// Greys out the square at `(row, column)` of the places, in a picture `(C, H, W)`: with 0, the mean of the
    /// pictures where they are normalised.
    fn cover(self, picture: &mut [f32], input: Extent, place: [usize; 2]) {
        let [top, left] = place.map(|at| at * self.stride);
        for row in (0..input.channels).flat_map(|c| (top..top + self.side).map(move |y| c * input.height + y))
        {
            picture[row * input.width + left..][..self.side].fill(0.0);
        }
    }
}

impl Occlusion {
    /// For each pixel `(H, W)` the mean fall over the squares that cover it; 0 where none does.
    pub fn by_pixel(&self, input: Extent) -> Vec<f32> {
        let (mut sums, mut counts) = (vec![0.0; input.area()], vec![0.0; input.area()]);
        let Occluder { side, stride } = self.occluder;
        for (i, &fall) in self.falls.iter().enumerate() {
            let [top, left] = [i / self.size[1] * stride, i % self.size[1] * stride];
            for y in top..top + side {
                for x in left..left + side {
                    sums[y * input.width + x] += fall;
                    counts[y * input.width + x] += 1.0;
                }
            }
        }
        sums.iter().zip(counts).map(|(sum, n): (&f32, f32)| sum / n.max(1.0)).collect()
    }
}

/// The strongest place of a channel in maps `(C, H, W)`, the first of equals.
pub fn strongest(maps: &[f32], extent: Extent, channel: usize) -> [usize; 2] {
    let map = &maps[channel * extent.area()..][..extent.area()];
    let best = (1..map.len()).fold(0, |best, i| if map[i] > map[best] { i } else { best });
    [best / extent.width, best % extent.width]
}

/// Maps whose means tell the classes.
struct PooledMaps {
    maps: NodeId,
    /// Weights and biases of the classes; none where each class has a map of its own.
    weights: Option<(ParameterId, Option<ParameterId>)>,
}

/// Where the classes are told from the means of maps: those maps.
fn pooled_maps(graph: &Graph) -> Option<PooledMaps> {
    let mut node = graph.output;
    let mut weights = None;
    loop {
        let input = *graph.node(node).inputs.first()?;
        match &graph.node(node).op {
            Op::Linear(linear) if weights.is_none() => weights = Some((linear.weight, linear.bias)),
            Op::Flatten(_) | Op::Dropout(_) => {}
            Op::Pool(pool) => {
                let extent = graph.node(input).extent;
                let is_global = pool.window.kernel == [extent.height, extent.width]
                    && graph.node(node).extent.area() == 1
                    && pool.window.padding == [0, 0];
                return (pool.mode == PoolMode::Average && is_global)
                    .then_some(PooledMaps { maps: input, weights });
            }
            _ => return None,
        }
        node = input;
    }
}

/// Asks why.
pub struct Asking {
    exhibit: Exhibit,
    unit: Unit,
    occluder: Option<Occluder>,
    made: Option<Made>,
}

struct Made {
    /// One for each of [`RULES`].
    back: [Eye; 3],
    /// Shows pictures with a square on them.
    covered: Eye,
    /// Half done: what has been found, and the falls so far.
    going: Option<(Why, Vec<f32>)>,
}

impl Asking {
    /// `occluder`: one that fits the picture if none is given.
    pub fn new(exhibit: Exhibit, unit: Unit, occluder: Option<Occluder>) -> Self {
        Self { exhibit, unit, occluder, made: None }
    }

    /// The three ways back, and the class activation map.
    fn trace(&mut self, subject: &Subject<'_>) -> Result<Why, LookError> {
        let report = layer_at(subject.graph, &self.unit.layer)?;
        let (node, extent) = (report.node, report.output);
        check(&self.unit, extent)?;
        let picture = self.exhibit.show(subject)?;
        let class_map = class_map(subject, node, self.unit.channel)?;
        let wanted_map = class_map.as_ref().map(|(maps, ..)| *maps);
        let made = match &mut self.made {
            Some(made) => made,
            made => made.insert(Made::new(subject, node, wanted_map)?),
        };
        let silent = vec![0.0; extent.len()];
        let mut gradients = [Vec::new(), Vec::new(), Vec::new()];
        let mut found = ([0, 0], 0.0);
        for (i, (eye, gradient)) in made.back.iter_mut().zip(&mut gradients).enumerate() {
            if i == 0 {
                eye.begin_back(&silent, extent)?;
                eye.see(&picture.numbers)?;
                let maps = eye.value(node)?;
                let place = self.unit.place.unwrap_or_else(|| strongest(&maps, extent, self.unit.channel));
                found = (place, maps[number(extent, self.unit.channel, place)]);
            }
            let mut begin = silent.clone();
            begin[number(extent, self.unit.channel, found.0)] = 1.0;
            eye.begin_back(&begin, extent)?;
            eye.see(&picture.numbers)?;
            *gradient = eye.gradient(NodeId(0))?;
        }
        let class_map = match class_map {
            Some((maps, weights, bias)) => {
                let extent = subject.graph.node(maps).extent;
                let numbers = weighted(&made.back[0].value(maps)?, extent, &weights);
                Some(ClassMap { size: [extent.height, extent.width], numbers, bias })
            }
            None => None,
        };
        let (place, response) = found;
        let unit = self.unit.clone();
        Ok(Why { picture, unit, node, place, response, gradients, occlusion: None, class_map })
    }

    /// Greys out squares for about `span`; whether all are done.
    fn occlude(&mut self, span: Duration) -> Result<bool, LookError> {
        let Some(Made { covered, going: Some((why, falls)), .. }) = &mut self.made else { return Ok(true) };
        let begin = Instant::now();
        let input = why.picture.extent;
        let occluder = self.occluder.unwrap_or_else(|| Occluder::fitting(input));
        let size = occluder.places(input);
        let n = size[0] * size[1];
        while falls.len() < n && (begin.elapsed() < span || falls.is_empty()) {
            // The whole picture comes first, so that both are seen by the same weights.
            let mut batch = why.picture.numbers.repeat(1 + OCCLUDED);
            let places = falls.len()..n.min(falls.len() + OCCLUDED);
            for (i, picture) in places.clone().zip(batch.chunks_exact_mut(input.len()).skip(1)) {
                occluder.cover(picture, input, [i / size[1], i % size[1]]);
            }
            covered.see(&batch)?;
            let responses = covered.value(why.node)?;
            let extent = covered.extent(why.node);
            let at = number(extent, why.unit.channel, why.place);
            let of = |i: usize| responses[i * extent.len() + at];
            falls.extend((1..=places.len()).map(|i| of(0) - of(i)));
        }
        if falls.len() == n {
            why.occlusion = Some(Occlusion { occluder, size, falls: std::mem::take(falls) });
            return Ok(true);
        }
        Ok(false)
    }
}

impl Instrument for Asking {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        if let Some(occluder) = self.occluder {
            check_occluder(occluder, subject.graph.input())?;
        }
        if self.made.as_ref().is_none_or(|made| made.going.is_none()) {
            let why = self.trace(subject)?;
            let view = Some(View::Why(why.clone()));
            if let Some(made) = &mut self.made {
                made.going = Some((why, Vec::new()));
            }
            if span < Duration::MAX {
                return Ok(Glance { view, is_whole: false });
            }
        }
        if !self.occlude(span)? {
            return Ok(Glance { view: None, is_whole: false });
        }
        let whole = self.made.as_mut().and_then(|made| made.going.take());
        Ok(Glance { view: whole.map(|(why, _)| View::Why(why)), is_whole: true })
    }

    fn turn_to(&mut self, look: Look) {
        if let Look::Why { exhibit, unit, .. } = look {
            (self.exhibit, self.unit) = (exhibit, unit);
            if let Some(made) = &mut self.made {
                made.going = None;
            }
        }
    }
}

impl Made {
    fn new(subject: &Subject<'_>, node: NodeId, maps: Option<NodeId>) -> Result<Self, LookError> {
        let eye = |(rule, _): (BackwardRule, &str)| {
            let wanted = [Some(NodeId(0)), Some(node), maps].into_iter().flatten().collect();
            Eye::looking_back(subject, 1, wanted, Back { from: Origin::Node(node), rule })
        };
        let [plain, guided, deconvnet] = RULES;
        Ok(Self {
            back: [eye(plain)?, eye(guided)?, eye(deconvnet)?],
            covered: Eye::open(subject, 1 + OCCLUDED, vec![node])?,
            going: None,
        })
    }
}

/// Place of a unit's number in maps `(C, H, W)`.
fn number(extent: Extent, channel: usize, [row, column]: [usize; 2]) -> usize {
    (channel * extent.height + row) * extent.width + column
}

/// # Errors
/// The layer has no such unit.
pub fn check(unit: &Unit, extent: Extent) -> Result<(), LookError> {
    let [row, column] = unit.place.unwrap_or_default();
    match unit.channel < extent.channels && row < extent.height && column < extent.width {
        true => Ok(()),
        false => Err(LookError::Impossible(format!(
            "`{}` gives {extent}, and has no unit {} at row {row} and column {column}; all are counted from 0.",
            unit.layer, unit.channel
        ))),
    }
}

fn check_occluder(occluder: Occluder, input: Extent) -> Result<(), LookError> {
    match (1..=input.height.min(input.width)).contains(&occluder.side) && occluder.stride > 0 {
        true => Ok(()),
        false => Err(LookError::Impossible(format!(
            "A square of {} pixels that moves by {} does not fit a picture of {}×{}. Choose a side from 1 to {}, and \
             a stride of 1 or more.",
            occluder.side,
            occluder.stride,
            input.height,
            input.width,
            input.height.min(input.width)
        ))),
    }
}

/// Where `node` holds the classes and they are told from the means of maps: the node of those, their weights in the
/// class, and its bias.
fn class_map(
    subject: &Subject<'_>,
    node: NodeId,
    class: usize,
) -> Result<Option<(NodeId, Vec<f32>, f32)>, LookError> {
    let is_answer = node == subject.graph.output;
    let Some(PooledMaps { maps, weights }) = pooled_maps(subject.graph).filter(|_| is_answer) else {
        return Ok(None);
    };
    let channels = subject.graph.node(maps).extent.channels;
    Ok(Some(match weights {
        Some((weight, bias)) => {
            let weights = subject.parameter(weight)?.data[class * channels..][..channels].to_vec();
            let bias = bias.map(|bias| subject.parameter(bias)).transpose()?;
            (maps, weights, bias.map_or(0.0, |bias| bias.data[class]))
        }
        // Each class has a map of its own.
        None => (maps, (0..channels).map(|c| (c == class) as u8 as f32).collect(), 0.0),
    }))
}

/// `Σ_c w[c] · map[c]`, `(H, W)`.
fn weighted(maps: &[f32], extent: Extent, weights: &[f32]) -> Vec<f32> {
    let at = |p: usize| weights.iter().enumerate().map(|(c, w)| w * maps[c * extent.area() + p]).sum();
    (0..extent.area()).map(at).collect()
}
