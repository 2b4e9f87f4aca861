//! The worker thread: it alone holds the device and the run.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::Receiver;

use super::loader::{Loaded, Loader, Wish};
use super::speed::Speed;
use super::{Activity, Command, PicturesReady, PicturesState, RunSnapshot, Snapshot, Watch};
use crate::engine::{self, Device, DeviceChoice, EngineError};
use crate::experiment::Experiment;
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
    choice: DeviceChoice,
    inbox: Receiver<Command>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    notify: Notify,
) -> io::Result<()> {
    let state = (**snapshot.load()).clone();
    let worker = Worker {
        device,
        choice,
        is_device_lost: false,
        inbox,
        published: snapshot,
        notify,
        state,
        experiment: None,
        loader: Loader::default(),
        run: None,
        run_number: 0,
        goal: Goal::Rest,
        testing: Testing::No,
        watch: Watch::default(),
        speed: Speed::default(),
        published_at: Instant::now(),
        filters_at: None,
    };
    std::thread::Builder::new().name("training".into()).spawn(move || worker.work()).map(drop)
}

struct Worker {
    device: Arc<dyn Device>,
    choice: DeviceChoice,
    is_device_lost: bool,
    inbox: Receiver<Command>,
    published: Arc<ArcSwap<Snapshot>>,
    notify: Notify,
    /// The snapshot as it will be published next.
    state: Snapshot,
    experiment: Option<Arc<Experiment>>,
    loader: Loader,
    run: Option<Run>,
    run_number: u64,
    goal: Goal,
    testing: Testing,
    watch: Watch,
    speed: Speed,
    published_at: Instant,
    /// When the filters were read last, and at which step.
    filters_at: Option<(Instant, u64)>,
}

/// What the worker is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Rest,
    /// Train until this step, of a span that was asked for.
    Until(u64, Span),
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

/// Whether the test pictures are being gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Testing {
    No,
    /// An epoch ended, but its test was broken off; training takes it up again.
    Due,
    Going,
}

/// What a wait brought.
enum News {
    Command(Command),
    Pictures(Loaded),
    Nothing,
    /// The window is gone.
    End,
}

impl Worker {
    fn work(mut self) {
        self.state.devices = engine::devices().into();
        self.publish();
        loop {
            let news = self.news();
            // A mistake in the program must not leave a window that waits for ever.
            let done = catch_unwind(AssertUnwindSafe(|| match news {
                News::Command(command) => {
                    self.obey(command);
                    self.publish();
                    true
                }
                News::Pictures(loaded) => {
                    self.take_pictures(loaded);
                    self.publish();
                    true
                }
                News::Nothing => {
                    self.slice();
                    true
                }
                News::End => false,
            }));
            match done {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => self.give_up(),
            }
        }
    }

    /// The next command or pictures. Waits for them where there is nothing else to do.
    fn news(&self) -> News {
        let arrival = self.loader.arrival();
        let works = self.testing == Testing::Going
            || matches!(self.goal, Goal::Until(..))
            || (self.goal != Goal::Rest && arrival.is_none());
        let arrival = arrival.unwrap_or_else(crossbeam_channel::never);
        let broke_off = || Err("Reading the pictures broke off. Choose them again.".to_string());
        crossbeam_channel::select! {
            recv(self.inbox) -> command => command.map_or(News::End, News::Command),
            recv(arrival) -> loaded => News::Pictures(loaded.unwrap_or_else(|_| broke_off())),
            default(if works { Duration::ZERO } else { Duration::MAX }) => News::Nothing,
        }
    }

    /// After a panic: the run is in an unknown state and goes.
    fn give_up(&mut self) {
        self.goal = Goal::Rest;
        self.testing = Testing::No;
        self.run = None;
        self.state.run = None;
        let message =
            "Training stopped by a mistake in the program, and the run is lost. Press play to begin anew.";
        self.state.problem = Some(message.into());
        self.publish();
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Describe(experiment) => self.describe(*experiment),
            Command::Play => self.aim(Span::All),
            Command::Step => self.aim(Span::Step),
            Command::Epoch => self.aim(Span::Epoch),
            Command::Pause => self.rest(),
            Command::Reset => self.reset(),
            Command::Evaluate => {
                let begun = self.run.as_mut().map(Run::begin_test);
                if let Some(Ok(())) = begun {
                    self.testing = Testing::Going;
                }
                self.note(begun.unwrap_or(Ok(())));
            }
            Command::UseDevice(choice) => self.use_device(&choice),
            Command::Watch(watch) => {
                self.watch = watch;
                self.filters_at = None;
            }
        }
    }

    /// Nothing is to be reached any more; a test under way is left for later.
    fn rest(&mut self) {
        self.goal = Goal::Rest;
        if self.testing == Testing::Going {
            self.testing = Testing::Due;
        }
    }

    fn describe(&mut self, experiment: Experiment) {
        let wish = Wish::new(&experiment.data, experiment.seed);
        let is_new = self.experiment.as_ref().is_none_or(|old| Wish::new(&old.data, old.seed) != wish);
        if let Some(run) = &mut self.run {
            let covers = run.adjust(&experiment);
            if let Some(snapshot) = &mut self.state.run {
                snapshot.is_stale = !covers;
                snapshot.experiment = Arc::new(run.experiment.clone());
            }
            let n_steps = run.progress().n_steps;
            match self.goal {
                _ if !covers => self.rest(),
                // More epochs, or fewer.
                Goal::Until(_, Span::All) => self.goal = Goal::Until(n_steps, Span::All),
                Goal::Until(step, span) => self.goal = Goal::Until(step.min(n_steps), span),
                Goal::Rest | Goal::Begin(_) => {}
            }
        }
        if let PicturesState::Ready(ready) = &mut self.state.pictures {
            ready.spec = experiment.data.clone();
        }
        self.experiment = Some(Arc::new(experiment));
        if is_new {
            self.open_pictures();
        }
    }

    /// Opens the pictures that the experiment asks for.
    fn open_pictures(&mut self) {
        let Some(experiment) = &self.experiment else { return };
        self.state.pictures = PicturesState::Opening { source: experiment.data.source.clone() };
        if let Err(error) = self.loader.begin(Wish::new(&experiment.data, experiment.seed)) {
            self.state.problem = Some(format!("The system gives no thread to read in: {error}."));
        }
    }

    fn take_pictures(&mut self, loaded: Loaded) {
        let (Some(answered), Some(experiment)) = (self.loader.finish(), &self.experiment) else { return };
        if answered != Wish::new(&experiment.data, experiment.seed) {
            self.open_pictures();
            return;
        }
        let spec = experiment.data.clone();
        self.state.pictures = match loaded {
            Ok(set) => PicturesState::Ready(PicturesReady { spec, set: Arc::new(set) }),
            Err(message) => {
                self.goal = Goal::Rest;
                PicturesState::Failed { source: spec.source, message }
            }
        };
    }

    /// Sets the goal; begins a run where there is none, or a stale one.
    fn aim(&mut self, span: Span) {
        let is_stale = self.state.run.as_ref().is_none_or(|run| run.is_stale);
        match &mut self.run {
            Some(run) if !is_stale => {
                self.goal = Goal::Until(until(run, span), span);
                if self.testing == Testing::Due {
                    self.testing = Testing::No;
                    match run.begin_test() {
                        Ok(()) => self.testing = Testing::Going,
                        Err(error) => self.note(Err(error)),
                    }
                }
            }
            _ => {
                self.goal = Goal::Begin(span);
                // What failed may have been mended since.
                if matches!(self.state.pictures, PicturesState::Failed { .. }) {
                    self.open_pictures();
                }
            }
        }
    }

    fn reset(&mut self) {
        self.goal = Goal::Rest;
        self.testing = Testing::No;
        let is_stale = self.state.run.as_ref().is_some_and(|run| run.is_stale);
        if self.is_device_lost {
            self.use_device(&self.choice.clone());
            self.goal = Goal::Begin(Span::Nothing);
        } else if is_stale {
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
                self.testing = Testing::No;
                self.keep_curves();
                self.run = None;
                self.state.run = None;
                self.state.device = device.info().clone();
                self.device = device;
                self.choice = choice.clone();
                self.is_device_lost = false;
                self.state.problem = None;
            }
            Err(error) => self.state.problem = Some(error.to_string()),
        }
    }

    /// Some work towards the goal.
    fn slice(&mut self) {
        let worked = match self.goal {
            _ if self.testing == Testing::Going => self.test_slice(),
            Goal::Begin(span) => self.begin(span),
            Goal::Until(step, _) => self.train_slice(step),
            Goal::Rest => Ok(()),
        };
        if worked.is_err() {
            self.goal = Goal::Rest;
            self.testing = Testing::No;
        }
        let rests = self.goal == Goal::Rest && self.testing != Testing::Going;
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
        // What cannot be must not cost the run that is.
        let graph = Run::check(&experiment, &set)?;
        let released = self.run.as_ref().map_or(0, Run::bank_bytes);
        Run::check_room(&experiment, set.goal(experiment.train.loss), &graph, &*self.device, released)?;
        self.keep_curves();
        self.state.activity = Activity::Preparing;
        self.publish();
        // The old run's memory is given back before the new one takes its own.
        self.run = None;
        self.state.run = None;
        self.testing = Testing::No;
        let run = Run::new(&experiment, set, self.device.clone())?;
        self.goal = Goal::Until(until(&run, span), span);
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
            let n = self.speed.steps_within(SLICE, run.experiment.train.batch);
            let finished = run.curves.len();
            run.advance(n.min(until - run.progress().step))?;
            // Steps count when their metrics are there: a GPU takes orders long before it has finished.
            let n_finished = (run.curves.len() - finished) as u64;
            self.speed.count(n_finished * run.experiment.train.batch as u64);
            at_end_of_epoch = run.progress().left_in_epoch() == run.progress().steps_per_epoch;
        }
        if at_end_of_epoch {
            run.begin_test()?;
            self.testing = Testing::Going;
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
        while begin.elapsed() < SLICE && self.testing == Testing::Going {
            if run.continue_test()?.is_some() {
                self.testing = Testing::No;
            }
        }
        if self.testing == Testing::No {
            // The pause does not count as slowness.
            self.speed.forget_times();
        }
        Ok(())
    }

    fn note(&mut self, result: Result<(), TrainError>) {
        match result {
            Ok(()) => self.state.problem = None,
            Err(error) => {
                self.is_device_lost |= matches!(error, TrainError::Engine(EngineError::DeviceLost(_)));
                self.state.problem = Some(error.to_string());
            }
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
                images_per_second: if matches!(self.goal, Goal::Until(..)) {
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
            _ if self.testing == Testing::Going => Activity::Testing,
            Goal::Until(..) => Activity::Training,
            Goal::Begin(_) => Activity::Preparing,
            Goal::Rest => match &self.run {
                Some(run) if run.progress().is_finished() => Activity::Finished,
                _ => Activity::Idle,
            },
        }
    }

    /// The filters anew, if they are watched, have changed, and the last reading is old.
    fn filters(&mut self) -> Option<Arc<Filters>> {
        let run = self.run.as_ref().filter(|_| self.watch.filters)?;
        let step = run.progress().step;
        let is_due = self.filters_at.is_none_or(|(at, read_step)| {
            read_step != step && (at.elapsed() >= FILTERS_EVERY || self.goal == Goal::Rest)
        });
        let id = filters::first_convolution(&run.graph).filter(|_| is_due)?;
        let name = &run.graph.parameters[id.0].name;
        let path = name.strip_suffix(".weight").unwrap_or(name).to_string();
        self.filters_at = Some((Instant::now(), step));
        match run.parameter(id) {
            Ok(weights) => Some(Arc::new(Filters { path, weights })),
            Err(error) => {
                self.note(Err(error));
                None
            }
        }
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
