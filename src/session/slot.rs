//! One run of the session: what it is to train, how far it has come, and what is asked of it.

mod described;
pub mod misfortune;
mod seen;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RunId;
use super::keeping::Keeper;
use super::loader::Wish;
use super::snapshot::{PicturesReady, PicturesState, RunSnapshot};
use super::speed::Speed;
use crate::data::DataSet;
use crate::engine::{Beside, Device, Memory};
use crate::experiment::Experiment;
use crate::graph::Graph;
use crate::train::folder::{self, FolderError, Stored};
use crate::train::keeping::Keeping;
use crate::train::series::Series;
use crate::train::{Lasting, Run, TrainError};

pub struct Slot {
    /// As it was published last; what is described stands here alone.
    pub seen: RunSnapshot,
    /// The experiment as it is described now, which may have changed since the run began.
    pub described: Arc<Experiment>,
    pub run: Option<Run>,
    /// What the run was at some of its steps.
    pub series: Series,
    pub goal: Goal,
    pub testing: Testing,
    pub speed: Speed,
    /// What it has had of what is shared ([`super::share`]).
    pub spent: f64,
    /// Whether it is to begin with the weights of what still fits.
    pub keeps: bool,
    /// Why it has no device any more, and what it was to reach.
    pub lost: Option<Lost>,
    /// Sees to its folder.
    pub keeper: Keeper,
    /// What it is to reach from its last checkpoint, where a slow disk has its folder still.
    pub late: Option<Goal>,
    /// Whether the pictures that are there have turned out to be others than those of the run it goes on from.
    pub doubts_pictures: bool,
    /// From where it goes on once it begins, if not from its first step.
    pub stored: Option<Stored>,
    /// How it is to be described once it has gone on from there: until then it is what the folder says.
    pub later: Option<Experiment>,
}

/// What befell a run whose device stopped working.
pub struct Lost {
    pub reason: String,
    pub goal: Goal,
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
            series: Series::default(),
            goal: Goal::Rest,
            testing: Testing::No,
            speed: Speed::default(),
            spent: 0.0,
            keeps: false,
            lost: None,
            keeper: Keeper::default(),
            late: None,
            doubts_pictures: false,
            stored: None,
            later: None,
        }
    }

    pub fn id(&self) -> RunId {
        self.seen.id
    }

    pub fn wish(&self) -> Wish {
        Wish::new(&self.described)
    }

    /// Sees that an epoch which has ended is tested: here, or where training goes on.
    fn mind_test(&mut self) {
        let Some(run) = &self.run else { return };
        let progress = run.progress();
        let is_tested = run.curves.tests.last().is_some_and(|test| test.step == progress.step);
        if !progress.is_at_end_of_epoch() || is_tested || self.testing != Testing::No {
            return;
        }
        self.testing = Testing::Due;
        if matches!(self.goal, Goal::Until(_, span) if span != Span::Nothing) {
            self.begin_test();
        }
    }

    /// Where its numbers lie at present.
    pub fn memory(&self) -> Option<Arc<dyn Memory>> {
        self.run.as_ref().map(|run| run.memory().clone())
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
        self.keeps = false;
        if let Some(Goal::Begin(span)) = &mut self.late {
            *span = Span::Nothing;
        }
        if self.testing == Testing::Going {
            self.testing = Testing::Due;
        }
    }

    /// Sets the goal, counted from step `base`; a run that has not begun, or is stale, is to begin.
    pub fn aim(&mut self, span: Span, base: u64) {
        self.keeps = false;
        match &mut self.run {
            None if self.late.is_some() => self.late = Some(Goal::Begin(span)),
            Some(run) if !self.seen.is_stale => {
                self.goal = Goal::Until(until(run, span, base), span);
                if self.testing == Testing::Due {
                    self.begin_test();
                }
            }
            _ => self.aim_anew(span),
        }
    }

    /// Is to begin, and then to train so far.
    fn aim_anew(&mut self, span: Span) {
        self.goal = Goal::Begin(span);
        // What failed, or was not what it should be, may have been mended since.
        if self.doubts_pictures || matches!(self.seen.pictures, PicturesState::Failed { .. }) {
            self.want_pictures();
        }
    }

    /// Back to step 0 with the weights that it began with.
    pub fn reset(&mut self) {
        self.rest();
        self.testing = Testing::No;
        if self.seen.is_stale {
            self.aim_anew(Span::Nothing);
        } else if self.run.is_some() {
            self.keep_curves();
            let reset = self.run.as_mut().map_or(Ok(()), Run::reset);
            self.speed = Speed::default();
            self.seen.number += 1;
            let reset = reset.and_then(|()| self.begin_series(false));
            self.note(reset);
        }
    }

    pub fn begin_test(&mut self) {
        let begun = self.run.as_mut().map(Run::begin_test);
        self.testing = if matches!(begun, Some(Ok(()))) { Testing::Going } else { Testing::No };
        self.note(begun.unwrap_or(Ok(())));
    }

    /// The step that twins compare; none where nothing is to be done.
    pub fn place(&self) -> Option<u64> {
        match self.goal {
            Goal::Until(..) => self.run.as_ref().map(|run| run.progress().step),
            _ if self.testing == Testing::Going => self.run.as_ref().map(|run| run.progress().step),
            // Until the pictures or its folder are there, it keeps its twins waiting and nobody else.
            Goal::Begin(_) => Some(0),
            Goal::Rest => matches!(self.late, Some(Goal::Begin(_))).then_some(0),
        }
    }

    /// Whether it can do nothing before its pictures, or its folder, are there.
    pub fn is_waiting(&self) -> bool {
        let no_pictures =
            matches!((self.goal, &self.seen.pictures), (Goal::Begin(_), PicturesState::Opening { .. }));
        no_pictures || self.goal == Goal::Rest && self.late.is_some()
    }

    /// Makes a run of the experiment as it is described.
    pub fn begin(&mut self, device: &Arc<dyn Device>) -> Result<Work, TrainError> {
        let start = Instant::now();
        let (PicturesState::Ready(ready), Goal::Begin(span)) = (&self.seen.pictures, self.goal) else {
            // Without pictures there is nothing to begin with, now or at the next turn.
            self.rest();
            return Ok(Work::default());
        };
        let (set, experiment) = (ready.set.clone(), self.described.clone());
        // What cannot be must not cost the run that is.
        let graph = Run::check(&experiment, &set)?;
        let beside = Beside { released: self.run.as_ref().map_or(0, Run::bank_bytes), ..Beside::default() };
        Run::check_room(&experiment, set.goal(experiment.train.loss), &graph, &**device, beside)?;
        let kept = match std::mem::take(&mut self.keeps) {
            true => self.fitting(&graph)?,
            false => Vec::new(),
        };
        self.keep_curves();
        // The old run's memory is given back before the new one takes its own.
        self.run = None;
        self.seen.graph = None;
        self.testing = Testing::No;
        let is_gone_on_with = self.stored.is_some();
        let mut run = match self.stored.take() {
            Some(stored) => {
                let path = stored.path.clone();
                // What cannot go on now is not to begin anew without a word the next time.
                self.go_on(stored, set, device).inspect_err(|error| {
                    let is_of_others =
                        |error: &FolderError| matches!(error, FolderError::OtherPictures { .. });
                    self.doubts_pictures = matches!(error, TrainError::Folder(error) if is_of_others(error));
                    self.stored = folder::open(&path).ok();
                })?
            }
            None => {
                let mut run = Run::new(&experiment, set, device.clone())?;
                if !kept.is_empty() {
                    kept.iter().try_for_each(|(tensor, numbers)| run.write_lasting(*tensor, numbers))?;
                    run.begin_here()?;
                }
                run
            }
        };
        self.seen.is_stale = !run.adjust(&self.described)?;
        let base = run.progress().step;
        self.goal = Goal::Until(until(&run, span, base), span);
        self.seen.number += 1;
        self.speed = Speed::default();
        self.run = Some(run);
        self.begin_series(is_gone_on_with)?;
        if is_gone_on_with {
            self.keeper.number = self.seen.number;
        }
        self.mind_test();
        Ok(Work { seconds: start.elapsed().as_secs_f64(), n_pictures: 0 })
    }

    /// Keeps what the run is at its beginning; where it goes on, what is kept in its folder as well.
    fn begin_series(&mut self, goes_on: bool) -> Result<(), TrainError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let path = self.keeper.kept.path.as_ref().filter(|_| goes_on);
        let kept = path.map(|path| folder::kept(path, &run.graph, run.progress().step));
        self.series = Series::go_on(&run.graph, kept.unwrap_or_default());
        self.series.follow(run)
    }

    /// What of the run fits another net, as it stands now.
    fn fitting(&mut self, graph: &Graph) -> Result<Vec<(Lasting, Vec<f32>)>, TrainError> {
        self.settle()?;
        self.run.as_ref().map_or(Ok(Vec::new()), |run| Keeping::new(&run.graph, graph).read(run))
    }

    /// Is to go on from there once it begins: as it was then, and after that as it is described now.
    pub fn go_on_from(&mut self, stored: Stored) {
        if *self.described != stored.experiment {
            let now = std::mem::replace(&mut self.described, stored.experiment.clone().into());
            if Wish::new(&now) != self.wish() {
                self.want_pictures();
            }
            self.later.get_or_insert_with(|| Arc::unwrap_or_clone(now));
        }
        self.stored = Some(stored);
    }

    /// The run that a folder tells of, which is then written on.
    fn go_on(
        &mut self,
        stored: Stored,
        set: Arc<DataSet>,
        device: &Arc<dyn Device>,
    ) -> Result<Run, TrainError> {
        self.seen.note = stored.difference(&**device);
        let (run, folder) = stored.resume(set, device.clone())?;
        self.keeper = Keeper::of_folder(folder, &run);
        Ok(run)
    }

    /// So many steps as can be made at once: within the time, the epoch and the goal.
    pub fn n_possible(&mut self, span: Duration) -> u64 {
        let (Some(run), Goal::Until(until, _)) = (&self.run, self.goal) else { return 0 };
        let progress = run.progress();
        let left = until.saturating_sub(progress.step).min(progress.left_in_epoch());
        // What is kept of the run is kept at the same steps, however fast it goes.
        let until_kept = self.series.steps_left(progress.step).map_or(u64::MAX, |n| n.max(1));
        self.speed.steps_within(span, run.experiment.train.batch).min(left).min(until_kept)
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
        if n_made > 0 && progress.is_at_end_of_epoch() {
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
        self.series.follow(run)?;
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

    /// Remembers the curves of the run for comparison, if it came anywhere.
    fn keep_curves(&mut self) {
        if let Some(run) = &self.run
            && !run.curves.is_empty()
        {
            self.seen.previous = Some(Arc::new(run.curves.clone()));
        }
    }
}

impl Goal {
    pub fn span(self) -> Span {
        match self {
            Self::Until(_, span) | Self::Begin(span) => span,
            Self::Rest => Span::Nothing,
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
