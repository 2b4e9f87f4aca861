//! The worker thread: it alone holds the device and the run.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, TryRecvError};

use super::speed::Speed;
use super::{Activity, Command, PicturesReady, PicturesState, RunSnapshot, Snapshot, Watch};
use crate::data::{self, DataSet};
use crate::engine::{self, Device, DeviceChoice};
use crate::experiment::{self, Experiment};
use crate::inspect::filters::{self, Filters};
use crate::train::{Run, TrainError};

/// Work between two looks at the commands: short against a person's patience.
const SLICE: Duration = Duration::from_millis(25);

/// At most so often is a snapshot published while training.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

/// At most so often are watched weights read back.
const FILTERS_EVERY: Duration = Duration::from_millis(200);

type Notify = Box<dyn Fn() + Send + Sync>;

pub(super) fn spawn(
    device: Arc<dyn Device>,
    inbox: Receiver<Command>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    notify: Notify,
) -> io::Result<()> {
    let state = (**snapshot.load()).clone();
    let worker = Worker {
        device,
        inbox,
        published: snapshot,
        notify,
        state,
        experiment: None,
        opening: None,
        run: None,
        run_number: 0,
        goal: Goal::Rest,
        is_testing: false,
        watch: Watch::default(),
        speed: Speed::default(),
        published_at: Instant::now(),
        filters_at: None,
    };
    std::thread::Builder::new().name("training".into()).spawn(move || worker.work()).map(drop)
}

struct Worker {
    device: Arc<dyn Device>,
    inbox: Receiver<Command>,
    published: Arc<ArcSwap<Snapshot>>,
    notify: Notify,
    /// The snapshot as it will be published next.
    state: Snapshot,
    experiment: Option<Arc<Experiment>>,
    opening: Option<Opening>,
    run: Option<Run>,
    run_number: u64,
    goal: Goal,
    is_testing: bool,
    watch: Watch,
    speed: Speed,
    published_at: Instant,
    filters_at: Option<Instant>,
}

/// What the worker is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Rest,
    /// Train until this step.
    Until(u64),
    /// Begin a run once the pictures are there, then train so far.
    Begin(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Step,
    Epoch,
    All,
    /// Only prepare.
    Nothing,
}

/// Pictures under way in a thread of their own, which nobody waits for.
struct Opening {
    spec: experiment::Data,
    seed: u64,
    /// The pictures, or what is wrong with them.
    done: Receiver<Result<DataSet, String>>,
}

impl Worker {
    fn work(mut self) {
        self.state.devices = engine::devices().into();
        self.publish();
        loop {
            let is_busy = self.goal != Goal::Rest || self.is_testing;
            // While there is nothing to do, wait for a command, or for pictures under way.
            let command = match (is_busy && self.opening.is_none(), &self.opening) {
                (true, _) => match self.inbox.try_recv() {
                    Ok(command) => Some(command),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                },
                (false, None) => match self.inbox.recv() {
                    Ok(command) => Some(command),
                    Err(_) => return,
                },
                (false, Some(opening)) => {
                    let done = opening.done.clone();
                    crossbeam_channel::select! {
                        recv(self.inbox) -> command => match command {
                            Ok(command) => Some(command),
                            Err(_) => return,
                        },
                        recv(done) -> result => {
                            self.opened(result.unwrap_or_else(|_| Err("Reading the pictures broke off. Choose them again.".into())));
                            None
                        }
                    }
                }
            };
            match command {
                Some(command) => {
                    self.obey(command);
                    self.publish();
                }
                None => self.slice(),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Describe(experiment) => self.describe(*experiment),
            Command::Play => self.aim(Span::All),
            Command::Step => self.aim(Span::Step),
            Command::Epoch => self.aim(Span::Epoch),
            Command::Pause => {
                self.goal = Goal::Rest;
                self.is_testing = false;
            }
            Command::Reset => self.reset(),
            Command::Evaluate => {
                let begun = self.run.as_mut().map(Run::begin_test);
                self.is_testing = matches!(begun, Some(Ok(())));
                self.note(begun.unwrap_or(Ok(())));
            }
            Command::UseDevice(choice) => self.use_device(&choice),
            Command::Watch(watch) => {
                self.watch = watch;
                self.filters_at = None;
            }
        }
    }

    fn describe(&mut self, experiment: Experiment) {
        let ready = match &self.state.pictures {
            PicturesState::Ready(ready) => ready.spec == experiment.data,
            PicturesState::Opening { .. } | PicturesState::Failed { .. } => false,
        };
        let same_seed = self.experiment.as_ref().is_some_and(|old| old.seed == experiment.seed);
        // The seed of the experiment is that of the built-in pictures and of the split of a folder too.
        let is_under_way =
            self.opening.as_ref().is_some_and(|o| o.spec == experiment.data && o.seed == experiment.seed);
        let is_known = (ready && same_seed) || is_under_way;
        if !is_known {
            self.open(experiment.data.clone(), experiment.seed);
        }
        if let Some(run) = &mut self.run {
            let covers = run.adjust(&experiment);
            if let Some(snapshot) = &mut self.state.run {
                snapshot.is_stale = !covers;
                snapshot.experiment = Arc::new(run.experiment.clone());
            }
            if !covers {
                self.goal = Goal::Rest;
                self.is_testing = false;
            } else if let Goal::Until(step) = self.goal {
                self.goal = Goal::Until(step.min(run.progress().n_steps));
            }
        }
        self.experiment = Some(Arc::new(experiment));
    }

    fn open(&mut self, spec: experiment::Data, seed: u64) {
        let (sender, done) = crossbeam_channel::bounded(1);
        self.state.pictures = PicturesState::Opening { source: spec.source.clone() };
        let wanted = spec.clone();
        // The receiver may have lost interest by then.
        let open = move || data::catalogue::open(&wanted, seed).map_err(|error| error.to_string());
        let work = move || drop(sender.send(open()));
        match std::thread::Builder::new().name("pictures".into()).spawn(work) {
            Ok(_) => self.opening = Some(Opening { spec, seed, done }),
            Err(error) => {
                self.state.problem = Some(format!("The system gives no thread to read in: {error}."))
            }
        }
    }

    fn opened(&mut self, result: Result<DataSet, String>) {
        let Some(Opening { spec, .. }) = self.opening.take() else { return };
        self.state.pictures = match result {
            Ok(set) => PicturesState::Ready(PicturesReady { spec, set: Arc::new(set) }),
            Err(message) => {
                self.goal = Goal::Rest;
                PicturesState::Failed { source: spec.source, message }
            }
        };
        self.publish();
    }

    /// Sets the goal; begins a run where there is none, or a stale one.
    fn aim(&mut self, span: Span) {
        let is_stale = self.state.run.as_ref().is_none_or(|run| run.is_stale);
        self.goal = match &self.run {
            Some(run) if !is_stale => Goal::Until(until(run, span)),
            _ => Goal::Begin(span),
        };
    }

    fn reset(&mut self) {
        self.goal = Goal::Rest;
        self.is_testing = false;
        let is_stale = self.state.run.as_ref().is_some_and(|run| run.is_stale);
        if is_stale {
            self.goal = Goal::Begin(Span::Nothing);
        } else if self.run.is_some() {
            self.keep_curves();
            let reset = self.run.as_mut().map_or(Ok(()), Run::reset);
            self.speed = Speed::default();
            self.filters_at = None;
            self.note(reset);
        }
    }

    fn use_device(&mut self, choice: &DeviceChoice) {
        match engine::open(choice) {
            Ok(device) => {
                self.goal = Goal::Rest;
                self.is_testing = false;
                self.keep_curves();
                self.run = None;
                self.state.run = None;
                self.state.device = device.info().clone();
                self.device = device;
                self.state.problem = None;
            }
            Err(error) => self.state.problem = Some(error.to_string()),
        }
    }

    /// Some work towards the goal.
    fn slice(&mut self) {
        let worked = match self.goal {
            _ if self.is_testing => self.test_slice(),
            Goal::Begin(span) => self.begin(span),
            Goal::Until(step) => self.train_slice(step),
            Goal::Rest => Ok(()),
        };
        if worked.is_err() {
            self.goal = Goal::Rest;
            self.is_testing = false;
        }
        let rests = self.goal == Goal::Rest && !self.is_testing;
        self.note(worked);
        if rests || self.published_at.elapsed() >= PUBLISH_EVERY {
            self.publish();
        }
    }

    fn begin(&mut self, span: Span) -> Result<(), TrainError> {
        let (PicturesState::Ready(ready), Some(experiment)) = (&self.state.pictures, &self.experiment) else {
            // Pictures that failed are told of in their own place.
            self.goal = Goal::Rest;
            return Ok(());
        };
        let (set, experiment) = (ready.set.clone(), experiment.clone());
        self.keep_curves();
        self.state.activity = Activity::Preparing;
        self.publish();
        // The old run's memory is given back before the new one takes its own.
        self.run = None;
        let run = Run::new(&experiment, set, self.device.clone())?;
        self.goal = Goal::Until(until(&run, span));
        self.run_number += 1;
        self.speed = Speed::default();
        self.filters_at = None;
        self.run = Some(run);
        Ok(())
    }

    fn train_slice(&mut self, until: u64) -> Result<(), TrainError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let begin = Instant::now();
        let mut at_end_of_epoch = false;
        while begin.elapsed() < SLICE && run.progress().step < until && !at_end_of_epoch {
            // As many steps at once as fill the slice, by the speed seen so far.
            let per_step = self
                .speed
                .seconds_per_step(run.experiment.train.batch)
                .unwrap_or(SLICE.as_secs_f64())
                .max(1e-5);
            let n = (SLICE.as_secs_f64() / per_step) as u64;
            let n = run.advance(n.clamp(1, until - run.progress().step))?;
            self.speed.count(n * run.experiment.train.batch as u64);
            at_end_of_epoch = run.progress().left_in_epoch() == run.progress().steps_per_epoch;
        }
        if at_end_of_epoch {
            run.begin_test()?;
            self.is_testing = true;
        }
        if run.progress().step >= until {
            run.collect(true)?;
            self.goal = Goal::Rest;
        }
        Ok(())
    }

    fn test_slice(&mut self) -> Result<(), TrainError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let begin = Instant::now();
        while begin.elapsed() < SLICE && self.is_testing {
            self.is_testing = run.continue_test()?.is_none();
        }
        if !self.is_testing {
            // The pause does not count as slowness.
            self.speed.forget_times();
        }
        Ok(())
    }

    fn note(&mut self, result: Result<(), TrainError>) {
        match result {
            Ok(()) if self.goal != Goal::Rest => self.state.problem = None,
            Ok(()) => {}
            Err(error) => self.state.problem = Some(error.to_string()),
        }
    }

    /// Remembers the curves of the present run for comparison, if it came anywhere.
    fn keep_curves(&mut self) {
        if let Some(run) = &self.run
            && !run.curves.is_empty()
        {
            self.state.previous = Some(Arc::new(run.curves.clone()));
        }
    }

    fn publish(&mut self) {
        self.state.activity = self.activity();
        let filters = self.filters();
        if let Some(run) = &self.run {
            let old = self.state.run.take();
            let progress = run.progress();
            self.state.run = Some(RunSnapshot {
                number: self.run_number,
                experiment: match &old {
                    Some(old) if *old.experiment == run.experiment => old.experiment.clone(),
                    _ => Arc::new(run.experiment.clone()),
                },
                is_stale: old.as_ref().is_some_and(|old| old.is_stale && old.number == self.run_number),
                step: progress.step,
                steps_per_epoch: progress.steps_per_epoch,
                n_steps: progress.n_steps,
                images_per_second: if matches!(self.goal, Goal::Until(_)) {
                    self.speed.per_second()
                } else {
                    0.0
                },
                curves: Arc::new(run.curves.clone()),
                filters: filters.or_else(|| old.and_then(|old| old.filters)),
                arena_bytes: run.arena_bytes(),
                input: run.graph.input(),
            });
        }
        self.published.store(Arc::new(self.state.clone()));
        self.published_at = Instant::now();
        (self.notify)();
    }

    fn activity(&self) -> Activity {
        match self.goal {
            _ if self.is_testing => Activity::Testing,
            Goal::Until(_) => Activity::Training,
            Goal::Begin(_) => Activity::Preparing,
            Goal::Rest => match &self.run {
                Some(run) if run.progress().is_finished() => Activity::Finished,
                _ => Activity::Idle,
            },
        }
    }

    /// The filters anew, if they are watched and the last reading is old.
    fn filters(&mut self) -> Option<Arc<Filters>> {
        let is_due =
            self.filters_at.is_none_or(|at| at.elapsed() >= FILTERS_EVERY) || self.goal == Goal::Rest;
        let run = self.run.as_ref().filter(|_| self.watch.filters && is_due)?;
        let id = filters::first_convolution(&run.graph)?;
        let name = &run.graph.parameters[id.0].name;
        let path = name.strip_suffix(".weight").unwrap_or(name).to_string();
        let filters = run.parameter(id).ok().map(|weights| Arc::new(Filters { path, weights }));
        self.filters_at = Some(Instant::now());
        filters
    }
}

/// The step at which a span ends that begins now.
fn until(run: &Run, span: Span) -> u64 {
    let progress = run.progress();
    let end = match span {
        Span::Nothing => progress.step,
        Span::Step => progress.step + 1,
        Span::Epoch => progress.step + progress.left_in_epoch(),
        Span::All => progress.n_steps,
    };
    end.min(progress.n_steps.max(progress.step))
}
