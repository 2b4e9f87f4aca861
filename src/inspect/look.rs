//! Looking at a net while it trains: what can be asked, what comes of it, and how it comes bit by bit.
//!
//! A [`Look`] is a question and a [`View`] the answer, both plain data. In between stands an [`Instrument`], which
//! keeps what it has made ready (a compiled plan, a search half done) and goes on for as long as it is given time.
//! It reads the weights where they lie and changes nothing that trains: a watched run and an unwatched one are
//! equal to the last bit. Each kind of look has a file of its own and a line in [`Look::instrument`].

use std::sync::Arc;
use std::time::Duration;

use super::activations::{self, Activations};
use super::answers::Answers;
use super::attribution::{self, Occluder, Unit, Why};
use super::convolution::{self, Convolution};
use super::exhibit::Exhibit;
use super::filters::{self, Filters};
use super::live;
use super::live::blocks::Inserted;
use super::live::embedding::Embedding;
use super::live::surface::{Drawn, Slice};
use super::live::tuning::Preferences;
use super::patches::{self, Patches, Search};
use super::plane::{self, Plane};
use super::projection::{self, Projecting, Projections};
use super::removal::Removal;
use super::statistics::Statistics;
use super::translation::Translation;
use crate::data::{DataSet, Normalisation, Split};
use crate::engine::{Device, EngineError, Memory, Part, layout};
use crate::experiment::Experiment;
use crate::graph::program::{Bank, Placement};
use crate::graph::{Graph, ParameterId};
use crate::tensor::Tensor;
use crate::train::series::Kept;
use crate::train::weights::Numbers;
use crate::train::{Run, TrainError};

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// The filters of the convolution at this path, or of the first one.
    Filters { layer: Option<String> },
    /// The answers to a square of so many points along a side, where pictures are points.
    Plane { side: usize },
    /// The answers to all pictures of a split.
    Answers { part: Part },
    /// The first test pictures laid flat, by t-SNE or by principal components.
    Embedding { by_tsne: bool },
    /// Signal, gradient and update of every layer over so many training pictures at most; if asked for, how their
    /// numbers are distributed.
    Statistics { batch: usize, histograms: bool },
    /// The error without each block in turn, on so many test pictures at most.
    Removal { n_pictures: usize },
    /// The answers of a net that so many identity layers are set into, on so many test pictures at most.
    Insertion { n_layers: usize, n_pictures: usize },
    /// The loss around the weights.
    Surface(Slice),
    /// How far each layer's output moves when pictures are shifted by up to so many pixels.
    Translation { furthest: usize },
    /// What the first layer's filters prefer.
    Tuning,
    /// Every layer's maps for a picture.
    Activations { exhibit: Exhibit },
    /// The patches to which the units of a layer respond most.
    Patches(Search),
    /// What of those patches made a unit respond.
    Projections(Projecting),
    /// Why a unit responds to a picture; a square that fits it is laid over it where none is given.
    Why { exhibit: Exhibit, unit: Unit, occluder: Option<Occluder> },
    /// The convolution at this path, or the first one, taken apart over a picture.
    Convolution { layer: Option<String>, exhibit: Exhibit },
}

/// What was seen.
#[derive(Clone, Debug)]
pub enum View {
    Filters(Filters),
    Plane(Plane),
    Answers(Answers),
    Embedding(Embedding),
    Statistics(Box<Statistics>),
    Removal(Removal),
    Insertion(Inserted),
    Surface(Drawn),
    Translation(Translation),
    Tuning(Preferences),
    Activations(Activations),
    Patches(Patches),
    Projections(Projections),
    Why(Why),
    Convolution(Convolution),
}

/// A net on a device, with what there is to show it.
pub struct Subject<'a> {
    pub experiment: &'a Experiment,
    /// As drawn, unfused.
    pub graph: &'a Graph,
    pub placement: &'a Placement,
    pub memory: &'a Arc<dyn Memory>,
    pub device: &'a Arc<dyn Device>,
    pub normalisation: &'a Arc<Normalisation>,
    pub classes: &'a [String],
    /// Not there where a net is looked at without its pictures.
    pub set: Option<&'a Arc<DataSet>>,
    /// Steps of training behind it.
    pub step: u64,
    /// Those of them that the optimiser remembers.
    pub rule_step: u64,
    /// The weights that it began with, where they were given and not drawn by its seed.
    pub start: Option<&'a Arc<Numbers>>,
    /// What it was at some of its steps, in their order.
    pub past: &'a [Arc<Kept>],
    /// A net that it is held against.
    pub beside: Option<Beside<'a>>,
}

/// Another net on a device.
pub struct Beside<'a> {
    pub graph: &'a Graph,
    pub placement: &'a Placement,
    pub memory: &'a Arc<dyn Memory>,
}

/// What an instrument shows after a while.
#[derive(Debug)]
pub struct Glance {
    /// None as long as there is nothing to show.
    pub view: Option<View>,
    /// Whether that is all; otherwise there is more to come.
    pub is_whole: bool,
}

/// A look under way.
pub trait Instrument: Send {
    /// Goes on looking, for about `span` where it can stop, and shows what has been seen. After a whole view it
    /// begins again, at the weights as they are then.
    ///
    /// # Errors
    /// What is asked cannot be seen in this net, or a device without room.
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError>;

    /// Takes over a question that is [alike](Look::is_alike), with all that was made ready for the one before.
    fn turn_to(&mut self, _look: Look) {}
}

/// Why something cannot be seen, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    #[error("{0}")]
    Impossible(String),
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl From<EngineError> for LookError {
    fn from(error: EngineError) -> Self {
        Self::Train(error.into())
    }
}

impl Look {
    /// What answers it.
    pub fn instrument(&self) -> Box<dyn Instrument> {
        match self.clone() {
            Self::Filters { layer } => Box::new(filters::Reading::new(layer)),
            Self::Activations { exhibit } => Box::new(activations::Recording::new(exhibit)),
            Self::Patches(search) => Box::new(patches::Sweep::new(search)),
            Self::Projections(asked) => Box::new(projection::Projector::new(asked)),
            Self::Why { exhibit, unit, occluder } => {
                Box::new(attribution::Asking::new(exhibit, unit, occluder))
            }
            Self::Convolution { layer, exhibit } => Box::new(convolution::Dissection::new(layer, exhibit)),
            Self::Plane { side } => Box::new(plane::Surveying::new(side)),
            Self::Answers { part } => Box::new(live::answers::Asking::new(part)),
            Self::Embedding { by_tsne } => Box::new(live::embedding::Laying::new(by_tsne)),
            Self::Statistics { batch, histograms } => {
                Box::new(live::statistics::Measuring::new(batch, histograms))
            }
            Self::Removal { n_pictures } => Box::new(live::blocks::Removing::new(n_pictures)),
            Self::Insertion { n_layers, n_pictures } => {
                Box::new(live::blocks::Inserting::new(n_layers, n_pictures))
            }
            Self::Surface(slice) => Box::new(live::surface::Drawing::new(slice)),
            Self::Translation { furthest } => Box::new(live::translation::Shifting::new(furthest)),
            Self::Tuning => Box::new(live::tuning::Tuned::default()),
        }
    }

    /// Whether it asks the same as another, but of another picture or of another unit of the same layer: what was made
    /// ready for one serves the other.
    pub fn is_alike(&self, other: &Self) -> bool {
        let is_of_data = |exhibit: &Exhibit| matches!(exhibit, Exhibit::Data { .. });
        match (self, other) {
            (Self::Activations { .. }, Self::Activations { .. }) => true,
            (Self::Why { unit, occluder, .. }, Self::Why { unit: other, occluder: other_occluder, .. }) => {
                unit.layer == other.layer && occluder == other_occluder
            }
            // A way back from the loss is there only where it is known what the picture shows.
            (
                Self::Convolution { layer, exhibit },
                Self::Convolution { layer: other, exhibit: other_exhibit },
            ) => layer == other && is_of_data(exhibit) == is_of_data(other_exhibit),
            _ => false,
        }
    }

    /// Looks until all is seen.
    ///
    /// # Errors
    /// As [`Instrument::look`].
    pub fn whole(&self, subject: &Subject<'_>) -> Result<View, LookError> {
        let mut instrument = self.instrument();
        loop {
            if let Glance { view: Some(view), is_whole: true } = instrument.look(subject, Duration::MAX)? {
                return Ok(view);
            }
        }
    }
}

impl<'a> Subject<'a> {
    /// A run as it stands.
    pub fn of(run: &'a Run) -> Self {
        Self {
            experiment: &run.experiment,
            graph: &run.graph,
            placement: &run.placement,
            memory: run.memory(),
            device: run.device(),
            normalisation: &run.normalisation,
            classes: &run.set.classes,
            set: Some(&run.set),
            step: run.progress().step,
            rule_step: run.rule_step(),
            start: run.start(),
            past: &[],
            beside: None,
        }
    }

    /// The net's own pictures.
    ///
    /// # Errors
    /// It is looked at without them.
    pub fn pictures(&self) -> Result<&'a Arc<DataSet>, LookError> {
        self.set.ok_or_else(|| {
            LookError::Impossible(
                "The pictures of this experiment are not at hand. Show one of your own.".into(),
            )
        })
    }

    /// The pictures of one split.
    ///
    /// # Errors
    /// It is looked at without them.
    pub fn split(&self, part: Part) -> Result<&'a Split, LookError> {
        let set = self.pictures()?;
        Ok(match part {
            Part::Train => &set.train,
            Part::Test => &set.test,
        })
    }

    /// A parameter as it stands, in its logical shape.
    pub fn parameter(&self, id: ParameterId) -> Result<Tensor, EngineError> {
        let parameter = &self.graph.parameters[id.0];
        let place = self.placement.parameters[id.0];
        let stored = self.memory.read_part(Bank::Parameters, place, parameter.len())?;
        Ok(Tensor::new(parameter.shape.clone(), layout::parameter_from_storage(parameter, &stored)))
    }
}

impl Glance {
    /// All there is to see.
    pub fn whole(view: View) -> Self {
        Self { view: Some(view), is_whole: true }
    }
}
