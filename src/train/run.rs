//! A run: the weights of one net under training, step by step.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::TrainError;
use super::curves::{Curves, StepRecord, TestRecord};
use super::evaluate::{Evaluation, Evaluator, fitting_batch, test_program};
use super::initial::Start;
use super::rate::{self, Plateau};
use super::table;
use crate::data::{DataSet, Normalisation};
use crate::engine::{Device, Memory, Part, PictureSource, Pictures, Plan, StepCost, StepTable, layout};
use crate::experiment::{Experiment, Moment, Named, Schedule, Train};
use crate::graph::program::{Bank, Feed, Mode, Placement, Program, Request, Update};
use crate::graph::{Goal, Graph, ParameterId};
use crate::tensor::Tensor;
use crate::tensor::random::{Key, Purpose};

/// The weights of one net under training, on one device, with all they need to go on.
pub struct Run {
    pub experiment: Experiment,
    pub set: Arc<DataSet>,
    /// As drawn: unfused, for names, shapes and looking inside.
    pub graph: Graph,
    pub placement: Placement,
    pub curves: Curves,
    pub normalisation: Arc<Normalisation>,
    device: Arc<dyn Device>,
    memory: Arc<dyn Memory>,
    fused: Graph,
    train_pictures: Arc<dyn Pictures>,
    test_source: PictureSource,
    plan: Box<dyn Plan>,
    evaluator: Option<Evaluator>,
    /// What the schedule remembers, if it goes by the training error.
    pub plateau: Plateau,
    /// Steps asked of the device.
    step: u64,
    /// The epoch whose order lies on the device.
    ordered: Option<u32>,
    /// Steps asked of the device whose metrics have not come back: `(step, epoch, rate)`.
    awaited: VecDeque<(u64, f64, f32)>,
    seconds: f64,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub step: u64,
    pub steps_per_epoch: u64,
    /// Steps at the end of the last epoch.
    pub n_steps: u64,
}

impl Progress {
    pub fn is_finished(self) -> bool {
        self.step >= self.n_steps
    }

    /// Steps left in the present epoch.
    pub fn left_in_epoch(self) -> u64 {
        self.steps_per_epoch - self.step % self.steps_per_epoch
    }
}

impl Run {
    /// A run at step 0, compiled and ready.
    ///
    /// # Errors
    /// A net that does not fit the pictures, a batch larger than the training split, a device without room.
    pub fn new(
        experiment: &Experiment,
        set: Arc<DataSet>,
        device: Arc<dyn Device>,
    ) -> Result<Self, TrainError> {
        let graph = Self::check(experiment, &set)?;
        let goal = set.goal(experiment.train.loss);
        Self::check_room(experiment, goal, &graph, &*device, 0)?;
        let fused = graph.fused();
        let program = train_program(experiment, goal, &fused);
        let placement = Placement::for_program(&graph, &program);
        let normalisation = Normalisation::of(experiment.data.normalise, &set.train, set.extent);
        let normalisation = Arc::new(normalisation.permuted(experiment.data.permute));
        let source = |part| PictureSource { set: set.clone(), part, normalisation: normalisation.clone() };
        let memory = device.memory(&placement)?;
        let train_pictures = device.pictures(&source(Part::Train))?;
        let plan = device.plan(&program, &memory, Some(&train_pictures))?;
        let mut run = Self {
            experiment: experiment.clone(),
            test_source: source(Part::Test),
            graph,
            placement,
            curves: Curves::default(),
            normalisation,
            memory,
            fused,
            train_pictures,
            plan,
            evaluator: None,
            plateau: Plateau::default(),
            step: 0,
            ordered: None,
            awaited: VecDeque::new(),
            seconds: 0.0,
            device,
            set,
        };
        run.begin()?;
        Ok(run)
    }

    /// The graph of an experiment over these pictures, without making anything ready.
    ///
    /// # Errors
    /// A net that does not fit the pictures, a batch of none or of more than the training split.
    pub fn check(experiment: &Experiment, set: &DataSet) -> Result<Graph, TrainError> {
        let goal = set.goal(experiment.train.loss);
        goal.check()?;
        let network = experiment.network.network(set.extent, goal.n_outputs())?;
        let graph = Graph::for_goal(&network, &goal)?;
        let (batch, n_pictures) = (experiment.train.batch, set.train.len());
        match batch {
            0 => Err(TrainError::EmptyBatch),
            _ if batch > n_pictures => Err(TrainError::BatchTooLarge { batch, n_pictures }),
            _ => Ok(graph),
        }
    }

    /// Whether there will be room for the training of a graph that [`Run::check`] gave, once `released` bytes
    /// are given back.
    ///
    /// # Errors
    /// How much it needs and how much there is.
    pub fn check_room(
        experiment: &Experiment,
        goal: Goal,
        graph: &Graph,
        device: &dyn Device,
        released: u64,
    ) -> Result<(), TrainError> {
        let program = train_program(experiment, goal, &graph.fused());
        let placement = Placement::for_program(graph, &program);
        let what = format!("Training in batches of {}", experiment.train.batch);
        device.footprint(&placement, &program)?.check(&what, device, released)?;
        let batch = fitting_batch(&graph.fused(), goal);
        let what = format!("Testing in batches of {batch}");
        let program = test_program(&graph.fused(), goal, batch);
        Ok(device.footprint(&placement, &program)?.check(&what, device, released)?)
    }

    /// Bytes that the run's numbers take, and will leave.
    pub fn bank_bytes(&self) -> u64 {
        Bank::ALL.iter().map(|&bank| 4 * self.placement.len(bank) as u64).sum()
    }

    /// Back to step 0 with the same initial weights.
    pub fn reset(&mut self) -> Result<(), TrainError> {
        self.plan.take_metrics(true)?;
        for bank in Bank::ALL {
            self.clear(bank)?;
        }
        self.begin()
    }

    /// Sets the initial weights in banks of zeros.
    fn begin(&mut self) -> Result<(), TrainError> {
        // One after the other: the weights of a large net are not there twice.
        let start = Start::new(&self.graph, &self.experiment.train, self.experiment.seed);
        for id in (0..self.graph.parameters.len()).map(ParameterId) {
            self.write_parameter(id, &start.numbers(id))?;
        }
        for (statistic, place) in self.graph.statistics.iter().zip(&self.placement.statistics) {
            self.memory.write(Bank::Statistics, *place, &vec![statistic.start; statistic.len])?;
        }
        self.curves = Curves::default();
        self.awaited.clear();
        self.plateau = Plateau::default();
        self.step = 0;
        self.seconds = 0.0;
        self.ordered = None;
        Ok(())
    }

    fn clear(&self, bank: Bank) -> Result<(), TrainError> {
        let zeros = vec![0.0; 1 << 16];
        let len = self.placement.len(bank);
        for start in (0..len).step_by(zeros.len()) {
            self.memory.write(bank, start, &zeros[..zeros.len().min(len - start)])?;
        }
        Ok(())
    }

    /// Takes over what can change without beginning anew: rate, schedule, weight decay, epochs and the
    /// constants of the same optimiser. Gives whether that covers all the differences.
    pub fn adjust(&mut self, experiment: &Experiment) -> bool {
        let same_rule = self.experiment.train.optimiser.name() == experiment.train.optimiser.name();
        let old = &self.experiment.train;
        // Whether the gradient's length is known at all is compiled.
        let clips = old.clip.is_some() == experiment.train.clip.is_some();
        let train = Train {
            loss: old.loss,
            batch: old.batch,
            initialisation: old.initialisation,
            zero_residual: old.zero_residual,
            optimiser: if same_rule { experiment.train.optimiser } else { old.optimiser },
            clip: if clips { experiment.train.clip } else { old.clip },
            ..experiment.train.clone()
        };
        self.experiment.train = train;
        self.experiment.title.clone_from(&experiment.title);
        self.experiment == *experiment
    }

    /// What the net's answers are held against.
    pub fn goal(&self) -> Goal {
        self.set.goal(self.experiment.train.loss)
    }

    pub fn progress(&self) -> Progress {
        let steps_per_epoch = (self.set.train.len() / self.experiment.train.batch) as u64;
        let n_steps = steps_per_epoch.saturating_mul(self.experiment.train.epochs as u64);
        Progress { step: self.step, steps_per_epoch, n_steps }
    }

    /// Trains for at most `n` steps and at most to the end of the epoch; gives how many. May return before
    /// the device has finished; [`Run::collect`] brings the metrics in.
    pub fn advance(&mut self, n: u64) -> Result<u64, TrainError> {
        self.hear_of_epoch()?;
        let begin = Instant::now();
        let progress = self.progress();
        let n = n.min(progress.left_in_epoch()).min(progress.n_steps.saturating_sub(progress.step));
        let epoch = (self.step / progress.steps_per_epoch) as u32;
        if n > 0 && self.ordered != Some(epoch) {
            self.train_pictures.set_order(&self.order(epoch))?;
            self.ordered = Some(epoch);
        }
        let tables: Vec<StepTable> = (0..n).map(|_| self.next_table()).collect();
        self.plan.run(&tables)?;
        self.seconds += begin.elapsed().as_secs_f64();
        self.collect(false)?;
        Ok(n)
    }

    /// Tells a schedule that goes by the training error of the epoch that has just ended, whose metrics it waits
    /// for.
    fn hear_of_epoch(&mut self) -> Result<(), TrainError> {
        let steps_per_epoch = self.progress().steps_per_epoch;
        let n_epochs = self.step / steps_per_epoch;
        let is_due = self.step.is_multiple_of(steps_per_epoch) && n_epochs > self.plateau.n_epochs;
        if is_due && matches!(self.experiment.train.schedule, Schedule::Plateau { .. }) {
            self.collect(true)?;
            if let Some((_, error)) = self.curves.mean_of_last(steps_per_epoch as usize) {
                self.plateau.hear(&self.experiment.train, n_epochs, error);
            }
        }
        Ok(())
    }

    /// Brings in the metrics of finished steps; with `wait`, of all steps.
    pub fn collect(&mut self, wait: bool) -> Result<(), TrainError> {
        let begin = Instant::now();
        let metrics = self.plan.take_metrics(wait)?;
        if wait {
            self.seconds += begin.elapsed().as_secs_f64();
        }
        for metrics in metrics {
            let Some((step, epoch, rate)) = self.awaited.pop_front() else { break };
            let (error, seconds) = (metrics.error(), self.seconds);
            self.curves.push(StepRecord { step, epoch, loss: metrics.loss, error, rate, seconds });
        }
        Ok(())
    }

    /// The steps of the training program and what each takes. For measuring alone: the step is taken at a rate
    /// of 0 and in no curve, but it moves running statistics and the optimiser's memory.
    pub fn profile(&mut self) -> Result<(Program, Vec<StepCost>), TrainError> {
        self.collect(true)?;
        let costs = self.plan.profile(&StepTable {
            epsilon: 1.0,
            correction1: 1.0,
            correction2: 1.0,
            ..StepTable::default()
        })?;
        self.plan.take_metrics(true)?;
        Ok((train_program(&self.experiment, self.goal(), &self.fused), costs))
    }

    /// A whole evaluation of one split, which leaves the curves alone.
    pub fn evaluate(&self, part: Part) -> Result<Evaluation, TrainError> {
        let source = PictureSource { part, ..self.test_source.clone() };
        let pictures = self.device.pictures(&source)?;
        let n = source.split().len();
        let mut evaluator =
            Evaluator::new(&self.fused, self.goal(), &*self.device, &self.memory, &pictures, n)?;
        loop {
            if let Some(found) = evaluator.advance()? {
                return Ok(found);
            }
        }
    }

    /// Begins an evaluation of the test split in test mode; [`Run::continue_test`] carries it out.
    pub fn begin_test(&mut self) -> Result<(), TrainError> {
        self.collect(true)?;
        if self.evaluator.is_none() {
            let pictures = self.device.pictures(&self.test_source)?;
            let n = self.test_source.split().len();
            self.evaluator =
                Some(Evaluator::new(&self.fused, self.goal(), &*self.device, &self.memory, &pictures, n)?);
        }
        if let Some(evaluator) = &mut self.evaluator {
            evaluator.begin();
        }
        Ok(())
    }

    /// One more batch of the evaluation; its result, also in the curves, once it is complete.
    pub fn continue_test(&mut self) -> Result<Option<Evaluation>, TrainError> {
        let Some(evaluator) = &mut self.evaluator else { return Ok(None) };
        let Some(found) = evaluator.advance()? else { return Ok(None) };
        let epoch = self.step as f64 / self.progress().steps_per_epoch as f64;
        let Evaluation { loss, error, .. } = found;
        self.curves.tests.push(TestRecord { step: self.step, epoch, loss, error, seconds: self.seconds });
        Ok(Some(found))
    }

    /// A whole evaluation of the test split.
    pub fn test(&mut self) -> Result<Evaluation, TrainError> {
        self.begin_test()?;
        loop {
            if let Some(found) = self.continue_test()? {
                return Ok(found);
            }
        }
    }

    /// Sees pictures as another run did: with weights that were trained elsewhere.
    pub fn set_normalisation(&mut self, normalisation: Normalisation) -> Result<(), TrainError> {
        if *self.normalisation == normalisation {
            return Ok(());
        }
        self.normalisation = Arc::new(normalisation);
        self.test_source.normalisation = self.normalisation.clone();
        self.evaluator = None;
        let source = PictureSource { part: Part::Train, ..self.test_source.clone() };
        self.train_pictures = self.device.pictures(&source)?;
        self.ordered = None;
        let program = train_program(&self.experiment, self.goal(), &self.fused);
        self.plan = self.device.plan(&program, &self.memory, Some(&self.train_pictures))?;
        Ok(())
    }

    /// A parameter as it stands, in its logical shape.
    pub fn parameter(&self, id: ParameterId) -> Result<Tensor, TrainError> {
        let parameter = &self.graph.parameters[id.0];
        let place = self.placement.parameters[id.0];
        let stored = self.memory.read_part(Bank::Parameters, place, parameter.len())?;
        Ok(Tensor::new(parameter.shape.clone(), layout::parameter_from_storage(parameter, &stored)))
    }

    /// All parameters as they stand.
    pub fn parameters(&self) -> Result<Vec<Tensor>, TrainError> {
        (0..self.graph.parameters.len()).map(|i| self.parameter(ParameterId(i))).collect()
    }

    /// Overwrites a parameter; `numbers` in its logical order.
    pub fn write_parameter(&self, id: ParameterId, numbers: &[f32]) -> Result<(), TrainError> {
        let parameter = &self.graph.parameters[id.0];
        let stored = layout::parameter_to_storage(parameter, numbers);
        Ok(self.memory.write(Bank::Parameters, self.placement.parameters[id.0], &stored)?)
    }

    pub fn memory(&self) -> &Arc<dyn Memory> {
        &self.memory
    }

    pub fn device(&self) -> &Arc<dyn Device> {
        &self.device
    }

    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    pub fn arena_bytes(&self) -> u64 {
        self.plan.arena_bytes()
    }

    /// The order of the training pictures in an epoch.
    fn order(&self, epoch: u32) -> Vec<u32> {
        let n = self.set.train.len();
        match self.experiment.data.shuffle {
            true => Key::new(self.experiment.seed, Purpose::Shuffle).with(epoch).permutation(n),
            false => (0..n as u32).collect(),
        }
    }

    /// The table of the next step, which thereby counts as asked for.
    fn next_table(&mut self) -> StepTable {
        let train = &self.experiment.train;
        let steps_per_epoch = self.progress().steps_per_epoch;
        let moment = Moment { step: self.step, steps_per_epoch, n_epochs: train.epochs };
        let rate = rate::rate(train, moment, &self.plateau);
        self.step += 1;
        let end = Moment { step: self.step, ..moment };
        self.awaited.push_back((self.step, end.epoch(), rate));
        table::of(&self.experiment, moment, rate)
    }
}

/// A whole step of training over a graph, fused or not.
pub fn train_program(experiment: &Experiment, goal: Goal, fused: &Graph) -> Program {
    let request = Request {
        batch: experiment.train.batch,
        mode: Mode::Train,
        feed: Feed::DataSet { augment: experiment.data.augment },
        loss: Some(goal),
        gradients: true,
        update: Some(Update { rule: experiment.train.optimiser, clips: experiment.train.clip.is_some() }),
        wanted: Vec::new(),
    };
    Program::new(fused, &request)
}
