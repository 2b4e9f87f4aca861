//! The gradient check: the gradient that back-propagation gives against differences of the loss, in double
//! precision, parameter tensor by parameter tensor; and a device's gradient in its own precision against both.
//!
//! Taken at a random point: pictures and weights are drawn (weights with He's variance, the rest around its
//! start), so that no ReLU is at 0 and no gradient vanishes by symmetry. The net runs in training mode, as it
//! is differentiated in training: batch normalisation by the batch's own statistics, dropout with one mask.

mod point;
pub mod reduce;
mod slope;

use rayon::prelude::*;

use crate::engine::plain::{Machine, Real, check_room};
use crate::engine::{Device, EngineError, StepTable};
use crate::graph::program::{Bank, Feed, Mode, Placement, Program, Request};
use crate::graph::{Goal, Graph, Parameter};
use crate::tensor::random::{Key, Purpose};
use point::Point;
use slope::{Prober, Slope};

/// The largest relative error with which a slope counts as the gradient's: differences find it to six digits,
/// and a wrong formula is seldom wrong by less than a percent.
pub const TOLERANCE: f64 = 1e-5;

/// How far a device's gradient of a tensor may be from the plain one, by norm, in any case: now and then
/// rounding switches a ReLU near 0. A wrong kernel is off by more than a tenth.
const DEVICE_TOLERANCE: f64 = 2e-2;

/// How many times as far as the plain reference in single precision ever is in this net it may be: where
/// gradients grow from layer to layer, so do roundings, and others in another order of the sums.
const DEVICE_SLACK: f64 = 10.0;

/// The slope, relative to the loss, up to which one that is lost in rounding is 0.
const NOTHING: f64 = 1e-9;

/// Directions that are drawn in the place of one along which the loss has a kink at every length tried.
const MOST_REDRAWN: usize = 4;

/// How the check is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Pictures in the batch.
    pub batch: usize,
    pub seed: u64,
    /// Random directions for each tensor.
    pub n_random: usize,
    /// Single numbers for each tensor, those with the largest gradient.
    pub n_largest: usize,
    /// Tensors to check at most; of more, as many spread evenly over the net.
    pub most_tensors: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { batch: 8, seed: 1, n_random: 2, n_largest: 1, most_tensors: usize::MAX }
    }
}

/// What was found of one net.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    /// Mean loss at the point.
    pub loss: f64,
    /// In the order of the graph.
    pub tensors: Vec<TensorReport>,
}

/// What was found of one parameter tensor.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TensorReport {
    pub name: String,
    pub shape: Vec<usize>,
    /// Length of its gradient.
    pub norm: f64,
    /// The largest of `|analytic − numerical| / max(|analytic|, |numerical|)` over the directions tried, of those
    /// whose slope stands out of the rounding of the differences; none where no slope does.
    pub error: Option<f64>,
    pub verdict: Verdict,
    pub n_directions: usize,
    /// Directions whose differences were taken closer to the point, to keep clear of kinks.
    pub n_shortened: usize,
    /// Directions that were given up for others, since a kink was too near.
    pub n_redrawn: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Gradient and differences are the same.
    Right,
    /// They are not.
    Wrong,
    /// Both are 0 as far as can be told: so it is with a bias in front of a normalisation, which takes it off
    /// again.
    Zero,
    /// Wherever it was looked, kinks lie so near, or rounding is so large, that nothing can be said.
    Untold,
}

/// How far a gradient of single precision is from the plain one in double, by norm: `|g − plain| / |plain|`.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Distance {
    /// The device's.
    pub device: f64,
    /// The plain reference's in single precision: what rounding alone makes of it.
    pub rounding: f64,
}

/// Whether rounding explains the distances of a net's tensors. What is no number is never explained.
pub fn is_rounding(distances: &[Distance]) -> bool {
    let rounding = distances.iter().map(|distance| distance.rounding).fold(0.0, f64::max);
    distances.iter().all(|distance| distance.device <= DEVICE_TOLERANCE.max(DEVICE_SLACK * rounding))
}

impl Verdict {
    /// Of two directions: one that is wrong is enough, one that is right says more than one that says nothing.
    fn joined(self, other: Self) -> Self {
        let rank = |verdict| match verdict {
            Self::Wrong => 3,
            Self::Right => 2,
            Self::Zero => 1,
            Self::Untold => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl Report {
    /// How many tensors were judged so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.tensors.iter().filter(|tensor| tensor.verdict == verdict).count()
    }

    /// Whether the gradient of at least one tensor was found to be right or 0, and of none to be wrong. Tensors
    /// of which nothing could be told do not speak against it; [`Report::count`] says how many they are.
    pub fn is_right(&self) -> bool {
        self.count(Verdict::Wrong) == 0 && self.count(Verdict::Untold) < self.tensors.len()
    }

    /// The tensor with the largest error.
    pub fn worst(&self) -> Option<&TensorReport> {
        self.tensors.iter().max_by(|a, b| a.error.unwrap_or(0.0).total_cmp(&b.error.unwrap_or(0.0)))
    }
}

/// Checks the gradient of every parameter of a net with the loss of its goal. `done` is called as each tensor is
/// finished.
///
/// # Errors
/// The machine has not enough memory left.
pub fn check(
    graph: &Graph,
    goal: Goal,
    settings: &Settings,
    done: &(dyn Fn() + Sync),
) -> Result<Report, EngineError> {
    let net = Net::new(graph, goal, settings);
    let forward = net.program(false);
    let n_tensors = graph.parameters.len().min(settings.most_tensors);
    let n_threads = rayon::current_num_threads().min(n_tensors).max(1);
    let bytes = Machine::<f64>::bytes(&net.program(true), &net.placement)
        + n_threads as u64 * Machine::<f64>::bytes(&forward, &net.placement);
    check_room("The gradient check", bytes)?;
    let (loss, gradients) = net.plain_gradients::<f64>();
    let mut machine = Machine::<f64>::new(forward, &net.placement);
    net.point.fill(&mut machine, graph, &net.placement);
    machine.run(&net.table);
    // Each prober works from the end of the net towards its beginning, so that what lies before a tensor's
    // first reader is still as the point has it.
    let mut order: Vec<usize> = (0..n_tensors).map(|i| i * graph.parameters.len() / n_tensors).collect();
    order.sort_by_key(|&k| std::cmp::Reverse(net.first_reader(&machine, k)));
    let check_share = |share: usize| -> Vec<(usize, TensorReport)> {
        let mut machine = machine.clone();
        let own = order.iter().copied().skip(share).step_by(n_threads);
        own.map(|k| {
            let report = net.check_tensor(&mut machine, k, &gradients[k]);
            done();
            (k, report)
        })
        .collect()
    };
    let mut tensors: Vec<(usize, TensorReport)> =
        (0..n_threads).into_par_iter().flat_map_iter(check_share).collect();
    tensors.sort_by_key(|(k, _)| *k);
    Ok(Report { loss, tensors: tensors.into_iter().map(|(_, report)| report).collect() })
}

/// For each parameter the distance of a device's gradient from the plain one. A gradient that is nothing beside
/// the others' (below a millionth of them all together) is measured against those.
///
/// # Errors
/// The device or the machine has not enough memory left.
pub fn distances(
    graph: &Graph,
    goal: Goal,
    settings: &Settings,
    device: &dyn Device,
) -> Result<Vec<Distance>, EngineError> {
    let net = Net::new(graph, goal, settings);
    let program = net.program(true);
    check_room("The gradient check", Machine::<f64>::bytes(&program, &net.placement))?;
    let (_, plain) = net.plain_gradients::<f64>();
    let (_, single) = net.plain_gradients::<f32>();
    let memory = device.memory(&net.placement)?;
    let mut plan = device.plan(&program, &memory, None)?;
    net.point.write(&mut *plan, &*memory, &program, graph, &net.placement)?;
    plan.run(&[net.table])?;
    plan.take_metrics(true)?;
    let found = memory.read(Bank::Gradients)?;
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let together = norm(&mut plain.iter().flatten().copied());
    let distance = |found: &[f32], plain: &[f64]| {
        let apart = norm(&mut found.iter().zip(plain).map(|(&found, plain)| found as f64 - plain));
        apart / norm(&mut plain.iter().copied()).max(1e-6 * together)
    };
    let gradients = plain.iter().zip(&single).zip(&net.placement.parameters);
    Ok(gradients
        .map(|((plain, single), &place)| Distance {
            device: distance(&found[place..place + plain.len()], plain),
            rounding: distance(single, plain),
        })
        .collect())
}

/// The net under check, at its point.
struct Net<'a> {
    graph: &'a Graph,
    goal: Goal,
    fused: Graph,
    placement: Placement,
    settings: Settings,
    point: Point,
    table: StepTable,
}

impl<'a> Net<'a> {
    fn new(graph: &'a Graph, goal: Goal, settings: &Settings) -> Self {
        let dropout_key = Key::new(settings.seed, Purpose::Dropout).0;
        Self {
            graph,
            goal,
            fused: graph.fused(),
            placement: Placement::of(graph),
            settings: *settings,
            point: Point::draw(graph, &goal, settings.batch, settings.seed),
            table: StepTable { dropout_key, ..StepTable::default() },
        }
    }

    fn program(&self, gradients: bool) -> Program {
        let request = Request {
            batch: self.settings.batch,
            mode: Mode::Train,
            feed: Feed::Direct,
            loss: Some(self.goal),
            gradients,
            update: None,
            wanted: Vec::new(),
        };
        Program::new(&self.fused, &request)
    }

    /// The loss and, for each parameter, its gradient by back-propagation, in storage order.
    fn plain_gradients<R: Real>(&self) -> (f64, Vec<Vec<R>>) {
        let mut machine = Machine::new(self.program(true), &self.placement);
        self.point.fill(&mut machine, self.graph, &self.placement);
        machine.run(&self.table);
        let places = self.graph.parameters.iter().zip(&self.placement.parameters);
        let gradients = places.map(|(parameter, &place)| {
            machine.bank(Bank::Gradients)[place..place + parameter.len()].to_vec()
        });
        (machine.loss().map_or(f64::NAN, R::double), gradients.collect())
    }

    fn first_reader(&self, machine: &Machine<f64>, k: usize) -> usize {
        machine.first_reader(Bank::Parameters, self.placement.parameters[k]).unwrap_or(usize::MAX)
    }

    fn check_tensor(&self, machine: &mut Machine<f64>, k: usize, gradient: &[f64]) -> TensorReport {
        let parameter: &Parameter = &self.graph.parameters[k];
        let mut report = TensorReport {
            name: parameter.name.clone(),
            shape: parameter.shape.clone(),
            norm: gradient.iter().map(|g| g * g).sum::<f64>().sqrt(),
            error: None,
            verdict: Verdict::Untold,
            n_directions: 0,
            n_shortened: 0,
            n_redrawn: 0,
        };
        let first = self.first_reader(machine, k);
        let mut prober =
            Prober::new(machine, self.table, self.placement.parameters[k], gradient.len(), first);
        for direction in Direction::all(&self.settings, gradient.len()) {
            let (slope, along) = self.probe(&mut prober, k, direction, gradient, &mut report);
            report.take(slope, along);
        }
        report
    }

    /// The slope along a direction, or along one drawn in its place, and what the gradient says of it.
    fn probe(
        &self,
        prober: &mut Prober,
        k: usize,
        direction: Direction,
        gradient: &[f64],
        report: &mut TensorReport,
    ) -> (Slope, f64) {
        let mut best: Option<(Slope, f64)> = None;
        for attempt in 0..=MOST_REDRAWN {
            let key =
                Key::new(self.settings.seed, Purpose::GradientCheck).with(k as u32).with(attempt as u32);
            let along = direction.vector(key, attempt, prober.theta(), gradient);
            let analytic = along.iter().zip(gradient).map(|(d, g)| d * g).sum();
            let slope = prober.slope(&along, analytic);
            if best.as_ref().is_none_or(|(other, _)| slope.doubt < other.doubt) {
                best = Some((slope, analytic));
            }
            if slope.is_smooth {
                break;
            }
            report.n_redrawn += (attempt < MOST_REDRAWN) as usize;
        }
        best.expect("at least one direction was tried")
    }
}

impl TensorReport {
    /// Takes in one direction: its slope by differences and by the gradient.
    fn take(&mut self, slope: Slope, analytic: f64) {
        self.n_directions += 1;
        self.n_shortened += slope.is_shortened as usize;
        let apart = (analytic - slope.value).abs();
        let size = analytic.abs().max(slope.value.abs());
        // What is no number is never right.
        let verdict = if apart.is_nan() {
            Verdict::Wrong
        } else if !slope.is_smooth {
            Verdict::Untold
        } else if size * TOLERANCE > slope.doubt || apart > 10.0 * slope.doubt {
            if apart <= TOLERANCE * size { Verdict::Right } else { Verdict::Wrong }
        } else if size <= NOTHING * slope.loss {
            Verdict::Zero
        } else {
            Verdict::Untold
        };
        if matches!(verdict, Verdict::Right | Verdict::Wrong) {
            let error = apart / size;
            self.error = Some(self.error.map_or(error, |before| before.max(error)));
        }
        self.verdict = self.verdict.joined(verdict);
    }
}

/// A way to move a tensor's numbers.
#[derive(Clone, Copy, Debug)]
enum Direction {
    /// All of them at random; the n-th such.
    Random(usize),
    /// The one with the n-th largest gradient alone.
    Largest(usize),
}

impl Direction {
    fn all(settings: &Settings, len: usize) -> impl Iterator<Item = Self> + use<> {
        let random = (0..settings.n_random).map(Self::Random);
        random.chain((0..settings.n_largest.min(len)).map(Self::Largest))
    }

    /// The direction as a vector as long as the tensor's numbers `theta` are (or, of a single one, as their
    /// mean square), so that a step is relative to them. A later attempt is another direction.
    fn vector(self, key: Key, attempt: usize, theta: &[f64], gradient: &[f64]) -> Vec<f64> {
        let typical = (theta.iter().map(|w| w * w).sum::<f64>() / theta.len() as f64).sqrt().max(1e-3);
        match self {
            Self::Random(n) => {
                let key = key.with(n as u32);
                (0..theta.len() as u32).map(|i| typical * key.normal(i) as f64).collect()
            }
            Self::Largest(n) => {
                let mut order: Vec<usize> = (0..gradient.len()).collect();
                order.sort_by(|&a, &b| gradient[b].abs().total_cmp(&gradient[a].abs()));
                let mut along = vec![0.0; theta.len()];
                along[order[(n + attempt) % order.len()]] = typical;
                along
            }
        }
    }
}

#[cfg(test)]
mod tests;
