//! Where a lesson is tried without a window: its runs are carried out once, whatever number of checks asks, and
//! all that the checks ask of a run is measured while it is there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::check::{Bounds, Check};
use super::fact::Fact;
use super::quantities::{Measure, Measured, Quantity, Sitting, Unit};
use super::settings::Moment;
use super::setup::{Cell, Form, Setup};
use super::{Lesson, Prediction};
use crate::data::{DataSet, catalogue};
use crate::engine::Device;
use crate::experiment::{Data, Experiment, presets};
use crate::graph::{Goal, Graph};
use crate::train::{Run, TrainError};

/// How a lesson is to be tried.
pub struct Trial<'a> {
    pub device: Arc<dyn Device>,
    pub form: Form,
    /// Added to the seed of every experiment.
    pub seed: u64,
    /// How long all runs together may take, evaluations included.
    pub limit: Duration,
    /// Hears of what is being done: the experiment, and how much of it, 0 to 1; says whether to go on.
    pub hear: &'a dyn Fn(&str, f64) -> bool,
    /// Hears each number as it is measured, with the place of the run in its grid.
    pub note: &'a dyn Fn(&Quantity, usize, &Measured),
}

/// What was measured, of each run of each experiment that is asked after.
#[derive(Debug, Default)]
pub struct Findings {
    /// `(quantity, one number for each run)`.
    measured: Vec<(Quantity, Vec<Measured>)>,
    /// The values of the keys that a grid varies, `(experiment, key, one value for each run)`.
    axes: Vec<(String, String, Vec<f64>)>,
}

/// A check held against what was measured.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Verdict {
    pub name: String,
    /// The bounds, in words.
    pub expected: String,
    /// The number; none where it could not be measured.
    pub observed: Option<f64>,
    /// The number for a person, or why there is none.
    pub shown: String,
    pub held: bool,
}

impl Trial<'_> {
    /// Carries out the runs of a lesson and holds each check against them.
    pub fn check(&self, lesson: &Lesson) -> Vec<Verdict> {
        let findings = self.findings(lesson, &lesson.checks, &lesson.predictions);
        lesson.checks.iter().map(|check| verdict(check, self.form, &findings)).collect()
    }

    /// Measures all that these checks and predictions ask after.
    pub fn findings(&self, lesson: &Lesson, checks: &[Check], predictions: &[Prediction]) -> Findings {
        let mut wanted: Vec<Quantity> = Vec::new();
        let mut want = |fact: &Fact| {
            for quantity in fact.quantities() {
                if !wanted.contains(quantity) {
                    wanted.push(quantity.clone());
                }
            }
        };
        checks.iter().flat_map(Check::facts).for_each(&mut want);
        predictions.iter().flat_map(Prediction::facts).for_each(|fact| want(&fact));
        let deadline = Instant::now() + self.limit;
        let mut pictures = Pictures::default();
        let mut findings = Findings::default();
        for setup in &lesson.setups {
            let asked: Vec<Quantity> = wanted.iter().filter(|of| of.of == setup.name).cloned().collect();
            if asked.is_empty() {
                continue;
            }
            let mut columns = vec![Vec::new(); asked.len()];
            let cells = setup.cells(self.form);
            for (i, cell) in cells.iter().enumerate() {
                let done = |share: f64| (self.hear)(&setup.name, (i as f64 + share) / cells.len() as f64);
                let numbers = self.measure(setup, cell, &asked, &mut pictures, deadline, &done);
                asked.iter().zip(&numbers).for_each(|(quantity, number)| (self.note)(quantity, i, number));
                columns.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
            }
            findings.measured.extend(asked.into_iter().zip(columns));
            findings.keep_axes(setup, cells);
        }
        findings
    }

    /// All that is asked of one run.
    fn measure(
        &self,
        setup: &Setup,
        cell: &Cell,
        asked: &[Quantity],
        pictures: &mut Pictures,
        deadline: Instant,
        done: &dyn Fn(f64) -> bool,
    ) -> Vec<Measured> {
        let mut experiment = cell.experiment.clone();
        experiment.seed = experiment.seed.wrapping_add(self.seed);
        if !asked.iter().any(Quantity::needs_run) {
            let graph = graph(setup, &experiment);
            let of = |quantity: &Quantity| match (&graph, &quantity.kind.measure) {
                (_, Measure::Told(measure)) => measure(quantity, &experiment),
                (Ok(graph), Measure::Graph(measure)) => measure(quantity, graph),
                (Err(message), _) => Err(message.clone()),
                _ => Err("This needs a run.".into()),
            };
            return asked.iter().map(of).collect();
        }
        let fail = |error: TrainError| asked.iter().map(|_| Err(error.to_string())).collect();
        let set = match pictures.open(&experiment) {
            Ok(set) => set,
            Err(error) => return fail(error.into()),
        };
        match Run::new(&experiment, set, self.device.clone()) {
            Ok(run) => Attended { run, asked, deadline, done, share: 0.0 }.measure(cell.steps),
            Err(error) => fail(error),
        }
    }
}

/// The net of an experiment, without its pictures being opened.
///
/// # Errors
/// A net that does not fit the pictures.
pub fn graph(setup: &Setup, experiment: &Experiment) -> Result<Graph, String> {
    let (input, goal) = match &setup.preset {
        Some(name) => (presets::customary_input(name), Goal::classes(presets::customary_classes(name))),
        None => {
            let known = catalogue::list().into_iter().find(|entry| entry.name == experiment.data.source);
            let entry = known.ok_or("These pictures are not in the catalogue.")?;
            let extent = match experiment.data.size {
                Some([height, width]) => crate::tensor::Extent::new(entry.extent.channels, height, width),
                None => entry.extent,
            };
            let n_classes = entry.classes.len();
            (extent, Goal { loss: experiment.train.loss, labels: entry.labels, n_classes })
        }
    };
    let network =
        experiment.network.network(input, goal.n_outputs()).map_err(|problem| problem.to_string())?;
    Graph::for_goal(&network, &goal).map_err(|problem| problem.to_string())
}

/// A run with those who wait for its numbers.
struct Attended<'a> {
    run: Run,
    asked: &'a [Quantity],
    deadline: Instant,
    done: &'a dyn Fn(f64) -> bool,
    /// How much of the training lies behind.
    share: f64,
}

/// Whether somebody still waits and the time is not over.
fn go_on(done: &dyn Fn(f64) -> bool, share: f64, deadline: Instant) -> Result<(), String> {
    if !done(share) {
        return Err("This was stopped.".into());
    }
    match Instant::now() > deadline {
        true => {
            Err("The lesson takes longer than four times the minutes that it states. Shorten its runs, or \
                     raise `minutes`."
                .into())
        }
        false => Ok(()),
    }
}

/// Steps between two looks at the clock, in seconds.
const LOOK_EVERY_SECS: f64 = 0.2;

impl Attended<'_> {
    fn measure(mut self, steps: Option<u64>) -> Vec<Measured> {
        let before = self.of_weights(Moment::Start);
        let trained = match self.asked.iter().any(Quantity::needs_training) {
            true => self.train(steps),
            false => Ok(()),
        };
        let per_epoch = self.run.progress().steps_per_epoch;
        let after = self.of_weights(Moment::End);
        let of = |(i, quantity): (usize, &Quantity)| match &quantity.kind.measure {
            Measure::Graph(measure) => measure(quantity, &self.run.graph),
            Measure::Told(measure) => measure(quantity, &self.run.experiment),
            _ if let Err(message) = &trained
                && quantity.needs_training() =>
            {
                Err(message.clone())
            }
            Measure::Curves(measure) => measure(quantity, &self.run.curves, per_epoch),
            Measure::Run(_) => {
                let found = before[i].clone().or_else(|| after[i].clone());
                found.unwrap_or_else(|| {
                    Err("Weights are looked at before the first step or after the last.".into())
                })
            }
        };
        self.asked.iter().enumerate().map(of).collect()
    }

    /// What is asked of the weights at this moment; none elsewhere.
    fn of_weights(&mut self, moment: Moment) -> Vec<Option<Measured>> {
        let (asked, done, share, deadline) = (self.asked, self.done, self.share, self.deadline);
        let is_in_time = || go_on(done, share, deadline);
        let mut sitting = Sitting::new(&mut self.run, &is_in_time);
        let mut of = |quantity: &Quantity| match quantity.kind.measure {
            Measure::Run(measure) if quantity.settings.moment() == moment => {
                Some(is_in_time().and_then(|()| measure(quantity, &mut sitting)))
            }
            _ => None,
        };
        asked.iter().map(&mut of).collect()
    }

    /// Trains to the end, with the evaluations that somebody waits for.
    fn train(&mut self, steps: Option<u64>) -> Result<(), String> {
        let n_steps = steps.unwrap_or(u64::MAX).min(self.run.progress().n_steps);
        let tests: Vec<Moment> = self.asked.iter().filter_map(Quantity::needs_tests).collect();
        let at_each = tests.iter().any(|&moment| matches!(moment, Moment::Best | Moment::Epoch(_)));
        if tests.contains(&Moment::Start) {
            self.test()?;
        }
        let (mut per_step, mut burst) = (LOOK_EVERY_SECS, 1);
        while self.run.progress().step < n_steps {
            let begin = self.run.seconds();
            burst = ((LOOK_EVERY_SECS / per_step) as u64)
                .clamp(1, 2 * burst)
                .min(n_steps - self.run.progress().step);
            let taken = self.run.advance(burst).map_err(|error| error.to_string())?;
            per_step = ((self.run.seconds() - begin) / taken.max(1) as f64).max(1e-5);
            let progress = self.run.progress();
            self.share = progress.step as f64 / n_steps as f64;
            go_on(self.done, self.share, self.deadline)?;
            if at_each && progress.left_in_epoch() == progress.steps_per_epoch && progress.step < n_steps {
                self.test()?;
            }
        }
        self.run.collect(true).map_err(|error| error.to_string())?;
        if tests.is_empty() { Ok(()) } else { self.test() }
    }

    /// Answers the test pictures, as long as there is time.
    fn test(&mut self) -> Result<(), String> {
        self.run.begin_test().map_err(|error| error.to_string())?;
        while self.run.continue_test().map_err(|error| error.to_string())?.is_none() {
            go_on(self.done, self.share, self.deadline)?;
        }
        Ok(())
    }
}

/// Pictures that were opened, so that runs over the same ones share them.
#[derive(Default)]
struct Pictures(Vec<(Wanted, Arc<DataSet>)>);

/// What decides which pictures there are.
type Wanted = (Data, u64, Option<usize>);

impl Pictures {
    fn open(&mut self, experiment: &Experiment) -> Result<Arc<DataSet>, crate::data::DataError> {
        let wanted = (experiment.data.clone(), experiment.seed, experiment.train.loss.void());
        if let Some((_, set)) = self.0.iter().find(|(known, _)| *known == wanted) {
            return Ok(set.clone());
        }
        let set = Arc::new(catalogue::open(experiment)?);
        self.0.insert(0, (wanted, set.clone()));
        self.0.truncate(3);
        Ok(set)
    }
}

impl Findings {
    /// Findings that were made elsewhere, such as on a student's own run.
    pub fn add(&mut self, quantity: Quantity, numbers: Vec<Measured>) {
        self.measured.push((quantity, numbers));
    }

    fn keep_axes(&mut self, setup: &Setup, cells: &[Cell]) {
        for (i, axis) in setup.axes.iter().enumerate() {
            let values = cells.iter().map(|cell| cell.values[i].parse().unwrap_or(f64::NAN));
            self.axes.push((setup.name.clone(), axis.key.clone(), values.collect()));
        }
    }

    /// The numbers of a quantity, one for each run.
    fn numbers(&self, quantity: &Quantity) -> Result<&[Measured], String> {
        let found = self.measured.iter().find(|(known, _)| known == quantity);
        found
            .map(|(_, numbers)| numbers.as_slice())
            .ok_or_else(|| format!("`{}` has not been run.", quantity.of))
    }

    /// Those of a grid; a run that could not be carried out spoils it.
    fn all(&self, quantity: &Quantity) -> Result<Vec<f64>, String> {
        self.numbers(quantity)?.iter().cloned().collect()
    }

    /// What a fact comes to.
    pub fn evaluate(&self, fact: &Fact) -> Measured {
        match fact {
            Fact::Number(number) => Ok(*number),
            Fact::Measured(quantity) => {
                self.numbers(quantity)?.first().cloned().unwrap_or_else(|| Err("There is no run.".into()))
            }
            Fact::Ratio(pair) => Ok(self.evaluate(&pair[0])? / self.evaluate(&pair[1])?),
            Fact::Difference(pair) => Ok(self.evaluate(&pair[0])? - self.evaluate(&pair[1])?),
            Fact::Over(summary, quantity) => Ok(summary.of(&self.all(quantity)?)),
            Fact::Count(quantity, bounds) => {
                let numbers = self.all(quantity)?;
                let holds = |number: &&f64| self.is_within(bounds, **number).unwrap_or(false);
                Ok(numbers.iter().filter(holds).count() as f64)
            }
            Fact::WhereLeast(quantity, key) => {
                let numbers = self.all(quantity)?;
                let axis = self.axes.iter().find(|(setup, known, _)| *setup == quantity.of && known == key);
                let (.., values) = axis.ok_or_else(|| format!("`{key}` was not varied."))?;
                let pairs = numbers.iter().zip(values).filter(|(number, _)| number.is_finite());
                Ok(pairs.min_by(|a, b| a.0.total_cmp(b.0)).map_or(f64::NAN, |(_, value)| *value))
            }
        }
    }

    /// Whether a number is within bounds.
    ///
    /// # Errors
    /// A bound that could not be measured.
    pub fn is_within(&self, bounds: &Bounds, number: f64) -> Result<bool, String> {
        for bound in &bounds.0 {
            let limit = self.evaluate(&bound.limit.fact)? * bound.limit.times + bound.limit.plus;
            if !bound.holds(number, limit) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The bounds in words, with what the facts in them came to.
    fn expected(&self, bounds: &Bounds, unit: Unit) -> String {
        let mut words = bounds.words(unit);
        for bound in bounds.0.iter().filter(|bound| !matches!(bound.limit.fact, Fact::Number(_))) {
            if let Ok(number) = self.evaluate(&bound.limit.fact) {
                let limit = number * bound.limit.times + bound.limit.plus;
                words.push_str(&format!(" (= {})", unit.text(limit)));
            }
        }
        words
    }
}

/// Holds a check against what was measured.
pub fn verdict(check: &Check, form: Form, findings: &Findings) -> Verdict {
    let unit = check.fact.unit();
    let bounds = check.bounds_in(form);
    let expected = match bounds {
        Some(bounds) => findings.expected(bounds, unit),
        None => "a number".into(),
    };
    let observed = findings.evaluate(&check.fact);
    let held = observed.clone().and_then(|number| match bounds {
        Some(bounds) => findings.is_within(bounds, number),
        None => Ok(number.is_finite()),
    });
    let shown = match (&observed, &held) {
        (Err(message), _) | (_, Err(message)) => message.clone(),
        (Ok(number), _) => unit.text(*number),
    };
    let observed = observed.ok().filter(|number| number.is_finite());
    Verdict { name: check.name.clone(), expected, observed, shown, held: held.unwrap_or(false) }
}
