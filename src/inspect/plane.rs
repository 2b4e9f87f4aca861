//! What a net makes of every point of a plane: its decision surface, where pictures are points.

use std::sync::Arc;
use std::time::Duration;

use super::look::{Glance, Instrument, LookError, Subject, View};
use crate::data::Normalisation;
use crate::engine::{Plan, StepTable, layout};
use crate::graph::program::{Feed, Mode, Program, Request, ValueId};
use crate::tensor::Extent;

/// Pictures that are points: one pixel, two channels, the coordinates.
pub const POINTS: Extent = Extent::new(2, 1, 1);

/// Answers over a square of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Points along a side.
    pub side: usize,
    pub n_classes: usize,
    /// Probabilities `(side, side, K)`: rows from the top, where y is largest; columns from the left.
    pub probabilities: Vec<f32>,
}

/// Asks the net for `side × side` points, all of them as one batch.
pub struct Surveying {
    pub side: usize,
    ready: Option<Ready>,
}

/// A plan over the run's own weights, with the points in it.
struct Ready {
    plan: Box<dyn Plan>,
    logits: ValueId,
    n_classes: usize,
}

impl Surveying {
    pub fn new(side: usize) -> Self {
        Self { side: side.clamp(2, 256), ready: None }
    }

    fn made_ready(&self, subject: &Subject<'_>) -> Result<Ready, LookError> {
        let n_classes = subject.graph.node(subject.graph.output).extent.len();
        if subject.graph.input() != POINTS || n_classes != subject.classes.len() {
            let message = "Only of points in the plane, such as `rings`, can all be shown at once.";
            return Err(LookError::Impossible(message.into()));
        }
        let fused = subject.graph.fused();
        let request = Request {
            batch: self.side * self.side,
            mode: Mode::Test,
            feed: Feed::Direct,
            loss: None,
            gradients: false,
            update: None,
            wanted: vec![fused.output],
        };
        let program = Program::new(&fused, &request);
        let mut plan = subject.device.plan(&program, subject.memory, None)?;
        plan.write(program.pictures, &self.points(subject.normalisation))?;
        Ok(Ready { plan, logits: program.outputs[&fused.output], n_classes })
    }

    /// All points as the net sees them, in storage order.
    fn points(&self, normalisation: &Arc<Normalisation>) -> Vec<f32> {
        let last = self.side - 1;
        let byte = |i: usize| ((255 * i + last / 2) / last) as u8;
        let point = |i: usize| [byte(i % self.side), 255 - byte(i / self.side)];
        let points = (0..self.side * self.side).flat_map(|i| normalisation.apply(POINTS, &point(i)));
        layout::maps_to_storage(&points.collect::<Vec<f32>>(), POINTS)
    }
}

impl Instrument for Surveying {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let mut ready = match self.ready.take() {
            Some(ready) => ready,
            None => self.made_ready(subject)?,
        };
        ready.plan.run(&[StepTable::default()])?;
        let n_classes = ready.n_classes;
        let logits = ready.plan.read(ready.logits)?;
        let probabilities = logits.chunks_exact(n_classes).flat_map(softmax).collect();
        self.ready = Some(ready);
        Ok(Glance::whole(View::Plane(Plane { side: self.side, n_classes, probabilities })))
    }
}

impl Plane {
    /// The probabilities of a point.
    pub fn at(&self, row: usize, column: usize) -> &[f32] {
        let first = (row * self.side + column) * self.n_classes;
        &self.probabilities[first..first + self.n_classes]
    }
}

/// `p_k = e^{z_k} / Σ e^{z_j}`, without overflow.
fn softmax(logits: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|z| (z - largest).exp()).sum();
    logits.iter().map(move |z| (z - largest).exp() / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue;
    use crate::engine::{self, DeviceChoice};
    use crate::experiment::file;
    use crate::graph::ParameterId;
    use crate::inspect::look::Look;
    use crate::train::Run;

    fn run(text: &str) -> Run {
        let experiment = file::parse(text).expect("an experiment");
        let set = Arc::new(catalogue::open(&experiment).expect("built in"));
        let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
        Run::new(&experiment, set, device).expect("it fits")
    }

    /// One linear layer from x alone to the first class: the probability grows to the right and not upwards.
    #[test]
    fn a_linear_net_divides_the_plane_by_a_line() {
        let run = run("data = { source = \"rings\", train = 16, test = 4, normalise = \"none\" }\n\
                       network.layers = [{ linear = 2 }]\ntrain.batch = 4");
        run.write_parameter(ParameterId(0), &[4.0, 0.0, 0.0, 0.0]).expect("a weight");
        run.write_parameter(ParameterId(1), &[-2.0, 0.0]).expect("a bias");
        let found = Look::Plane { side: 5 }.whole(&Subject::of(&run)).expect("points");
        let View::Plane(plane) = found else { panic!("{found:?}") };
        for row in 0..5 {
            for (column, expected) in [(0, -2.0f32), (4, 2.0)] {
                let wanted = 1.0 / (1.0 + (-expected).exp());
                assert!((plane.at(row, column)[0] - wanted).abs() < 1e-5, "{row}, {column}");
            }
        }
    }

    #[test]
    fn pictures_are_more_than_a_plane() {
        let run = run("data = { train = 16, test = 4 }\nnetwork.preset = \"quickstart\"\ntrain.batch = 4");
        let refused = Look::Plane { side: 5 }.whole(&Subject::of(&run)).expect_err("pictures").to_string();
        assert!(refused.contains("points in the plane"), "{refused}");
    }
}
