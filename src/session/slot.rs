//! One run of the session: what it is to train, how far it has come, and what is asked of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RunId;
use super::loader::Wish;
use super::snapshot::{Activity, PicturesReady, PicturesState, RunSnapshot};
use super::speed::Speed;
use crate::data::DataSet;
use crate::engine::{Device, EngineError};
use crate::experiment::Experiment;
use crate::graph::Graph;
use crate::train::keeping::Keeping;
use crate::train::{Lasting, Run, TrainError};

pub struct Slot {
    /// As it was published last; what is described stands here alone.
    pub seen: RunSnapshot,
    /// The experiment as it is described now, which may have changed since the run began.
    pub described: Arc<Experiment>,
    pub run: Option<Run>,
    pub goal: Goal,
    pub testing: Testing,
    pub speed: Speed,
    /// What it has had of what is shared ([`super::share`]).
    pub spent: f64,
    pub is_device_lost: bool,
    /// Whether it is to begin with the weights of what still fits.
    pub keeps: bool,
}

/// What a run is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Rest,
    /// Train until this step, of a span that was asked for.
    Until(u64, Span),
    /// Begin anew once the pictures are there, then train so far.
    Begin(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Step,
    Epoch,
    All,
    /// Only prepare.
    Nothing,
}

/// Whether the test pictures are being gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Testing {
    No,
    /// An epoch ended, but its test was broken off; training takes it up again.
    Due,
    Going,
}

/// What a piece of work took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub seconds: f64,
    pub n_pictures: u64,
}

impl Slot {
    pub fn new(id: RunId, experiment: Experiment, mark: usize) -> Self {
        let described = Arc::new(experiment);
        Self {
            seen: RunSnapshot { mark, ..RunSnapshot::new(id, described.clone()) },
            described,
            run: None,
            goal: Goal::Rest,
            testing: Testing::No,
            speed: Speed::default(),
            spent: 0.0,
            is_device_lost: false,
            keeps: false,
        }
    }

    pub fn id(&self) -> RunId {
        self.seen.id
    }

    pub fn wish(&self) -> Wish {
        Wish::new(&self.described.data, self.described.seed)
    }

    /// Takes over a description; whether it asks for other pictures.
    pub fn describe(&mut self, experiment: Experiment) -> bool {
        let before = self.wish();
        self.described = Arc::new(experiment);
        if let Some(run) = &mut self.run {
            let covers = run.adjust(&self.described);
            self.seen.is_stale = !covers;
            let n_steps = run.progress().n_steps;
            match self.goal {
                _ if !covers => self.rest(),
                // More epochs, or fewer.
                Goal::Until(_, Span::All) => self.goal = Goal::Until(n_steps, Span::All),
                Goal::Until(step, span) => self.goal = Goal::Until(step.min(n_steps), span),
                Goal::Rest | Goal::Begin(_) => {}
            }
        }
        if let PicturesState::Ready(ready) = &mut self.seen.pictures {
            ready.spec = self.described.data.clone();
        }
        self.wish() != before
    }

    /// Its pictures are wanted anew.
    pub fn want_pictures(&mut self) {
        self.seen.pictures = PicturesState::Opening { source: self.described.data.source.clone() };
    }

    pub fn take_pictures(&mut self, loaded: Result<Arc<DataSet>, String>) {
        let spec = self.described.data.clone();
        self.seen.pictures = match loaded {
            Ok(set) => PicturesState::Ready(PicturesReady { spec, set }),
            Err(message) => {
                // Pictures that failed are told of in their own place.
                self.goal = Goal::Rest;
                PicturesState::Failed { source: spec.source, message }
            }
        };
    }

    /// Nothing is to be reached any more; a test under way is left for later.
    pub fn rest(&mut self) {
        self.goal = Goal::Rest;
        if self.testing == Testing::Going {
            self.testing = Testing::Due;
        }
    }

    /// Sets the goal, counted from step `base`; a run that has not begun, or is stale, is to begin.
    pub fn aim(&mut self, span: Span, base: u64) {
        match &mut self.run {
            Some(run) if !self.seen.is_stale => {
                self.goal = Goal::Until(until(run, span, base), span);
                if self.testing == Testing::Due {
                    self.begin_test();
                }
            }
            _ => {
                self.goal = Goal::Begin(span);
                // What failed may have been mended since.
                if matches!(self.seen.pictures, PicturesState::Failed { .. }) {
                    self.want_pictures();
                }
            }
        }
    }

    /// Back to step 0 with the same initial weights.
    pub fn reset(&mut self) {
        self.goal = Goal::Rest;
        self.testing = Testing::No;
        if self.seen.is_stale || self.is_device_lost {
            self.goal = Goal::Begin(Span::Nothing);
        } else if self.run.is_some() {
            self.keep_curves();
            let reset = self.run.as_mut().map_or(Ok(()), Run::reset);
            self.speed = Speed::default();
            self.seen.number += 1;
            self.note(reset);
        }
    }

    pub fn begin_test(&mut self) {
        let begun = self.run.as_mut().map(Run::begin_test);
        self.testing = if matches!(begun, Some(Ok(()))) { Testing::Going } else { Testing::No };
        self.note(begun.unwrap_or(Ok(())));
    }

    /// Gives up the run, but for its description and its curves.
    pub fn leave_device(&mut self) {
        self.rest();
        self.testing = Testing::No;
        self.keep_curves();
        self.run = None;
        self.is_device_lost = false;
        self.seen.problem = None;
    }

    /// The step that twins compare; none where nothing is to be done.
    pub fn place(&self) -> Option<u64> {
        match self.goal {
            Goal::Until(..) => self.run.as_ref().map(|run| run.progress().step),
            _ if self.testing == Testing::Going => self.run.as_ref().map(|run| run.progress().step),
            // Until the pictures are there, it keeps its twins waiting and nobody else.
            Goal::Begin(_) => Some(0),
            Goal::Rest => None,
        }
    }

    pub fn waits_for_pictures(&self) -> bool {
        matches!((self.goal, &self.seen.pictures), (Goal::Begin(_), PicturesState::Opening { .. }))
    }

    /// Makes a run of the experiment as it is described.
    pub fn begin(&mut self, device: &Arc<dyn Device>) -> Result<Work, TrainError> {
        let start = Instant::now();
        let (PicturesState::Ready(ready), Goal::Begin(span)) = (&self.seen.pictures, self.goal) else {
            return Ok(Work::default());
        };
        let (set, experiment) = (ready.set.clone(), self.described.clone());
        // What cannot be must not cost the run that is.
        let graph = Run::check(&experiment, &set)?;
        let released = self.run.as_ref().map_or(0, Run::bank_bytes);
        Run::check_room(&experiment, set.goal(experiment.train.loss), &graph, &**device, released)?;
        let kept = match std::mem::take(&mut self.keeps) {
            true => self.fitting(&graph)?,
            false => Vec::new(),
        };
        self.keep_curves();
        // The old run's memory is given back before the new one takes its own.
        self.run = None;
        self.seen.graph = None;
        self.testing = Testing::No;
        let run = Run::new(&experiment, set, device.clone())?;
        kept.iter().try_for_each(|(tensor, numbers)| run.write_lasting(*tensor, numbers))?;
        self.goal = Goal::Until(until(&run, span, 0), span);
        self.seen.number += 1;
        self.seen.is_stale = false;
        self.speed = Speed::default();
        self.run = Some(run);
        Ok(Work { seconds: start.elapsed().as_secs_f64(), n_pictures: 0 })
    }

    /// What of the run fits another net, as it stands now.
    fn fitting(&mut self, graph: &Graph) -> Result<Vec<(Lasting, Vec<f32>)>, TrainError> {
        self.settle()?;
        self.run.as_ref().map_or(Ok(Vec::new()), |run| Keeping::new(&run.graph, graph).read(run))
    }

    /// So many steps as can be made at once: within the time, the epoch and the goal.
    pub fn n_possible(&mut self, span: Duration) -> u64 {
        let (Some(run), Goal::Until(until, _)) = (&self.run, self.goal) else { return 0 };
        let progress = run.progress();
        let left = until.saturating_sub(progress.step).min(progress.left_in_epoch());
        self.speed.steps_within(span, run.experiment.train.batch).min(left)
    }

    /// Trains for `n` steps; at the end of an epoch a test begins, and where the goal is reached the run rests.
    pub fn train(&mut self, n: u64) -> Result<Work, TrainError> {
        let (Some(run), Goal::Until(until, _)) = (&mut self.run, self.goal) else {
            return Ok(Work::default());
        };
        let begin = Instant::now();
        let finished = run.curves.len();
        let n_made = run.advance(n)?;
        let progress = run.progress();
        let at_end_of_epoch = n_made > 0 && progress.left_in_epoch() == progress.steps_per_epoch;
        if at_end_of_epoch {
            run.begin_test()?;
            self.testing = Testing::Going;
        }
        if progress.step >= until {
            run.collect(true)?;
            self.goal = Goal::Rest;
        }
        // Steps count when their metrics are there: a GPU takes orders long before it has finished.
        let n_pictures = (run.curves.len() - finished) as u64 * run.experiment.train.batch as u64;
        self.speed.count(n_pictures, begin.elapsed());
        Ok(Work { seconds: begin.elapsed().as_secs_f64(), n_pictures })
    }

    /// Waits until all that was asked of the device is done, so that the next has it to itself.
    pub fn settle(&mut self) -> Result<(), TrainError> {
        self.run.as_mut().map_or(Ok(()), |run| run.collect(true))
    }

    /// Goes on with the test for a while.
    pub fn test(&mut self, span: Duration) -> Result<Work, TrainError> {
        let Some(run) = &mut self.run else { return Ok(Work::default()) };
        let begin = Instant::now();
        while begin.elapsed() < span && self.testing == Testing::Going {
            if run.continue_test()?.is_some() {
                self.testing = Testing::No;
                // The pause does not count as slowness.
                self.speed.forget_times();
            }
        }
        Ok(Work { seconds: begin.elapsed().as_secs_f64(), n_pictures: 0 })
    }

    pub fn note(&mut self, result: Result<(), TrainError>) {
        match result {
            Ok(()) => self.seen.problem = None,
            Err(error) => {
                self.is_device_lost |= matches!(error, TrainError::Engine(EngineError::DeviceLost(_)));
                self.goal = Goal::Rest;
                self.testing = Testing::No;
                self.seen.problem = Some(error.to_string());
            }
        }
    }

    /// After a mistake in the program: the run is in an unknown state and goes.
    pub fn give_up(&mut self) {
        self.leave_device();
        let message =
            "Training stopped by a mistake in the program, and the run is lost. Press play to begin anew.";
        self.seen.problem = Some(message.into());
    }

    /// Remembers the curves of the run for comparison, if it came anywhere.
    fn keep_curves(&mut self) {
        if let Some(run) = &self.run
            && !run.curves.is_empty()
        {
            self.seen.previous = Some(Arc::new(run.curves.clone()));
        }
    }

    /// Brings what is published up to date.
    pub fn look(&mut self) {
        self.seen.activity = self.activity();
        let seen = &mut self.seen;
        seen.has_begun = self.run.is_some();
        let Some(run) = &self.run else {
            (seen.step, seen.steps_per_epoch, seen.n_steps, seen.images_per_second) = (0, 0, 0, 0.0);
            (seen.curves, seen.input, seen.graph) = (Arc::default(), None, None);
            seen.experiment = self.described.clone();
            return;
        };
        let progress = run.progress();
        (seen.step, seen.steps_per_epoch, seen.n_steps) =
            (progress.step, progress.steps_per_epoch, progress.n_steps);
        seen.images_per_second =
            if matches!(self.goal, Goal::Until(..)) { self.speed.per_second() } else { 0.0 };
        let is_known =
            (seen.curves.len(), seen.curves.tests.len()) == (run.curves.len(), run.curves.tests.len());
        if !is_known {
            seen.curves = Arc::new(run.curves.clone());
        }
        if *seen.experiment != run.experiment {
            seen.experiment = Arc::new(run.experiment.clone());
        }
        seen.arena_bytes = run.arena_bytes();
        seen.input = Some(run.graph.input());
        seen.graph.get_or_insert_with(|| Arc::new(run.graph.clone()));
    }

    fn activity(&self) -> Activity {
        match self.goal {
            _ if self.testing == Testing::Going => Activity::Testing,
            Goal::Until(..) => Activity::Training,
            Goal::Begin(_) => Activity::Preparing,
            Goal::Rest => match &self.run {
                Some(run) if run.progress().is_finished() => Activity::Finished,
                _ => Activity::Idle,
            },
        }
    }
}

/// The step at which a span ends that begins at step `base`.
fn until(run: &Run, span: Span, base: u64) -> u64 {
    let progress = run.progress();
    let end = match span {
        Span::Nothing => progress.step,
        Span::Step => base + 1,
        Span::Epoch => base + progress.steps_per_epoch - base % progress.steps_per_epoch,
        Span::All => progress.n_steps,
    };
    end.min(progress.n_steps.max(progress.step))
}
