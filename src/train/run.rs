//! A run: the weights of one net under training, step by step.

mod change;
mod evaluation;
mod leg;
mod state;
mod steps;

use std::collections::VecDeque;
use std::sync::Arc;

use super::TrainError;
use super::curves::Curves;
use super::evaluate::{Evaluator, fitting_batch, test_program};
use super::initial::Start;
use super::rate::Plateau;
use super::weights::Numbers;
use crate::data::{DataSet, Normalisation, Prospect};
use crate::engine::{Beside, Device, Memory, Part, PictureSource, Pictures, Plan, layout};
use crate::experiment::Experiment;
use crate::graph::program::{Bank, Placement};
use crate::graph::{Goal, Graph, ParameterId};
use crate::tensor::{Extent, Tensor};
pub use leg::Leg;
pub use state::{Lasting, Standing};
use steps::Awaited;
pub use steps::train_program;

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
    /// Since the batches have had their present size.
    leg: Leg,
    /// Steps done before the optimiser began with an empty memory.
    rule_since: u64,
    /// The epoch whose order lies on the device, and that order.
    ordered: Option<(u32, Vec<u32>)>,
    /// Steps asked of the device whose metrics have not come back.
    awaited: VecDeque<Awaited>,
    seconds: f64,
    /// The weights that it began with, where they were given and not drawn.
    start: Option<Arc<Numbers>>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub step: u64,
    /// The same counted as if all batches had had their present size.
    pub place: u64,
    pub steps_per_epoch: u64,
    /// Steps at the end of the last epoch.
    pub n_steps: u64,
}

impl Progress {
    pub fn is_finished(self) -> bool {
        self.step >= self.n_steps
    }

    /// Epochs that have ended.
    pub fn epoch(self) -> u64 {
        self.place / self.steps_per_epoch.max(1)
    }

    /// Epochs done, with a fraction.
    pub fn epochs_done(self) -> f64 {
        self.place as f64 / self.steps_per_epoch.max(1) as f64
    }

    /// Whether an epoch has just ended.
    pub fn is_at_end_of_epoch(self) -> bool {
        self.step > 0 && self.left_in_epoch() == self.steps_per_epoch
    }

    /// Steps left in the present epoch.
    pub fn left_in_epoch(self) -> u64 {
        self.steps_per_epoch - self.place % self.steps_per_epoch
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
        Self::check_room(experiment, goal, &graph, &*device, Beside::default())?;
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
            leg: Leg::default(),
            rule_since: 0,
            ordered: None,
            awaited: VecDeque::new(),
            seconds: 0.0,
            start: None,
            device,
            set,
        };
        run.begin()?;
        Ok(run)
    }

    /// Whether pictures that are not there yet can be trained on: what [`Run::new`] would refuse is refused before
    /// minutes have gone into making them.
    ///
    /// # Errors
    /// Those of [`Run::new`]; where only the pictures will tell their classes, those that show without.
    pub fn foresee(
        experiment: &Experiment,
        prospect: &Prospect,
        device: &dyn Device,
    ) -> Result<(), TrainError> {
        let Some(goal) = prospect.goal(experiment.train.loss) else {
            return check_settings(experiment, prospect.extent, prospect.train);
        };
        let graph = graph_for(experiment, goal, prospect.extent)?;
        check_settings(experiment, prospect.extent, prospect.train)?;
        let pictures = super::net::beside_pictures(prospect, device, prospect.bytes(), 0)?;
        Self::check_room(experiment, goal, &graph, device, pictures)
    }

    /// The graph of an experiment over these pictures, without making anything ready.
    ///
    /// # Errors
    /// A net that does not fit the pictures, a batch of none or of more than the training split, augmentation that can
    /// leave nothing of a picture.
    pub fn check(experiment: &Experiment, set: &DataSet) -> Result<Graph, TrainError> {
        let graph = graph_for(experiment, set.goal(experiment.train.loss), set.extent)?;
        check_settings(experiment, set.extent, set.train.len())?;
        Ok(graph)
    }

    /// Whether there will be room for the training of a graph that [`Run::check`] gave, together with what changes hands
    /// `beside` it: pictures that are still to come, memory that is given back.
    ///
    /// # Errors
    /// How much it needs and how much there is.
    pub fn check_room(
        experiment: &Experiment,
        goal: Goal,
        graph: &Graph,
        device: &dyn Device,
        beside: Beside,
    ) -> Result<(), TrainError> {
        let with = if beside.taken > 0 { " with its pictures" } else { "" };
        let fused = graph.fused();
        let program = train_program(experiment, goal, &fused);
        let placement = Placement::for_program(graph, &program);
        let what = format!("Training in batches of {}{with}", experiment.train.batch);
        device.footprint(&placement, &program)?.check_beside(&what, device, beside)?;
        let batch = fitting_batch(&fused, goal);
        let what = format!("Testing in batches of {batch}{with}");
        let program = test_program(&fused, goal, batch);
        Ok(device.footprint(&placement, &program)?.check_beside(&what, device, beside)?)
    }

    /// Bytes that the run's numbers take, and will leave.
    pub fn bank_bytes(&self) -> u64 {
        Bank::ALL.iter().map(|&bank| 4 * self.placement.len(bank) as u64).sum()
    }

    /// Back to step 0 with the weights that it began with: those given ([`Run::begin_here`]), else those that its seed
    /// says.
    pub fn reset(&mut self) -> Result<(), TrainError> {
        self.plan.take_metrics(true)?;
        for bank in Bank::ALL {
            self.clear(bank)?;
        }
        self.begin()
    }

    /// Sets the initial weights in banks of zeros.
    fn begin(&mut self) -> Result<(), TrainError> {
        match &self.start {
            Some(start) => start.write_to(&self.graph, &self.placement, &*self.memory)?,
            None => self.draw()?,
        }
        self.curves = Curves::default();
        self.curves.batches.push((0, self.experiment.train.batch));
        self.curves.multiply_adds = self.graph.total().multiply_adds;
        self.awaited.clear();
        self.plateau = Plateau::default();
        (self.step, self.leg, self.rule_since) = (0, Leg::default(), 0);
        self.seconds = 0.0;
        self.ordered = None;
        Ok(())
    }

    /// Draws the weights that the seed says.
    fn draw(&self) -> Result<(), TrainError> {
        let start = Start::new(&self.graph, &self.experiment.train, self.experiment.seed);
        for (k, parameter) in self.graph.parameters.iter().enumerate() {
            let place = self.placement.parameters[k];
            layout::pieces_to_storage(parameter, start.rule(ParameterId(k)), |offset, piece| {
                self.memory.write(Bank::Parameters, place + offset, piece)
            })?;
        }
        for (statistic, place) in self.graph.statistics.iter().zip(&self.placement.statistics) {
            self.memory.write(Bank::Statistics, *place, &vec![statistic.start; statistic.len])?;
        }
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

    /// What the net's answers are held against.
    pub fn goal(&self) -> Goal {
        self.set.goal(self.experiment.train.loss)
    }

    pub fn progress(&self) -> Progress {
        self.leg.progress(self.step, self.sizes())
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
        self.write_lasting(Lasting::Parameter(id), numbers)
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
}

/// The graph of an experiment over pictures of shape `input`.
fn graph_for(experiment: &Experiment, goal: Goal, input: Extent) -> Result<Graph, TrainError> {
    goal.check()?;
    let network = experiment.network.network(input, goal.n_outputs())?;
    Ok(Graph::for_goal(&network, &goal)?)
}

/// Whether a training's batch and augmentation fit `n_pictures` of shape `input`.
///
/// # Errors
/// A batch of none or of more than there are, augmentation that can leave nothing of a picture.
pub fn check_settings(experiment: &Experiment, input: Extent, n_pictures: usize) -> Result<(), TrainError> {
    experiment.data.augment.check(input)?;
    match experiment.train.batch {
        0 => Err(TrainError::EmptyBatch),
        batch if batch > n_pictures => Err(TrainError::BatchTooLarge { batch, n_pictures }),
        _ => Ok(()),
    }
}
