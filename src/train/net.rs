//! A net with its weights, without anything that trains it.

use std::path::Path;

use super::weights::{About, Numbers, WeightsFile};
use super::{Run, TrainError};
use crate::data::{self, DataError, DataSet, Normalisation, Prospect, Source};
use crate::engine::plain::check_room;
use crate::engine::{Beside, Device, DeviceKind};
use crate::experiment::{Experiment, Network, file};
use crate::graph::{Goal, Graph};

/// What an experiment and a file of weights say together: all that it takes to use the net on any picture,
/// here or in another program.
#[derive(Clone, Debug)]
pub struct Net {
    pub experiment: Experiment,
    /// The tree, with its presets written out.
    pub network: Network,
    pub graph: Graph,
    /// Empty as long as they are in their file only, see [`Net::open`].
    pub numbers: Numbers,
    pub classes: Vec<String>,
    pub normalisation: Normalisation,
}

impl Net {
    /// The experiment's net with the weights of a file. What the file does not tell of the pictures (it may
    /// come from elsewhere) is taken from `set`, or from the experiment's pictures, which are then opened.
    ///
    /// # Errors
    /// A file that is none of weights or does not fit the net; one that is for other pictures than those of
    /// `set`; one that does not tell what is needed while the pictures are not to be had.
    pub fn load(experiment: &Experiment, path: &Path, set: Option<&DataSet>) -> Result<Self, TrainError> {
        let (mut net, mut file) = Self::open(experiment, path, set)?;
        net.read_numbers(&mut file)?;
        Ok(net)
    }

    /// Takes the numbers out of the net's file ([`Net::open`]).
    ///
    /// # Errors
    /// A file that does not fit the net; one for whose numbers there is no room.
    pub fn read_numbers(&mut self, file: &mut WeightsFile) -> Result<(), TrainError> {
        check_room("Holding the weights of this net", weight_bytes(&self.graph))?;
        self.numbers = file.numbers(&self.graph)?;
        Ok(())
    }

    /// Whether there will be room for the weights of a net, here and not on a device, beside pictures that are not there
    /// yet.
    ///
    /// # Errors
    /// A net that does not fit the pictures; how much is needed and how much there is.
    pub fn foresee(experiment: &Experiment, pictures: &Prospect) -> Result<(), TrainError> {
        let weights = graph_for(experiment, pictures)?.map_or(0, |(graph, _)| weight_bytes(&graph));
        let bytes = weights.saturating_add(pictures.bytes());
        Ok(check_room("Holding the weights of this net and its pictures", bytes)?)
    }

    /// The same with its numbers still in the file, from where they can be laid on a device without being there twice.
    pub fn open(
        experiment: &Experiment,
        path: &Path,
        set: Option<&DataSet>,
    ) -> Result<(Self, WeightsFile), TrainError> {
        let file = WeightsFile::open(path)?;
        if let Some(set) = set {
            file.expect_pictures(set.extent, &set.classes)?;
            file.expect_permutation(experiment.data.permute)?;
        }
        let (network, classes, normalisation) = match (file.about.clone(), set) {
            (
                About {
                    input: Some(input), classes: Some(classes), normalisation: Some(normalisation), ..
                },
                _,
            ) => {
                let n_outputs = Goal::answering(experiment.train.loss, classes.len()).n_outputs();
                (experiment.network.network(input, n_outputs)?, classes, normalisation)
            }
            (told, Some(set)) => filled_in(experiment, told, set)?,
            (told, None) => {
                let source = Source::find(experiment)?;
                Self::foresee(experiment, source.prospect())?;
                let set = source.read()?;
                file.expect_pictures(set.extent, &set.classes)?;
                file.expect_permutation(experiment.data.permute)?;
                filled_in(experiment, told, &set)?
            }
        };
        let graph = Graph::for_goal(&network, &Goal::answering(experiment.train.loss, classes.len()))?;
        let (experiment, numbers) = (experiment.clone(), Numbers::default());
        Ok((Self { experiment, network, graph, numbers, classes, normalisation }, file))
    }

    /// The experiment's net before the first step.
    pub fn initial(experiment: &Experiment, set: &DataSet) -> Result<Self, TrainError> {
        let (network, classes, normalisation) = about_pictures(experiment, set)?;
        let graph = Graph::for_goal(&network, &Goal::answering(experiment.train.loss, classes.len()))?;
        check_room("Holding the weights of this net", weight_bytes(&graph))?;
        let numbers = Numbers::initial(&graph, &experiment.train, experiment.seed);
        Ok(Self { experiment: experiment.clone(), network, graph, numbers, classes, normalisation })
    }

    /// The net of a run, with the weights as they stand.
    pub fn of(run: &Run) -> Result<Self, TrainError> {
        let network = run.experiment.network.network(run.set.extent, run.goal().n_outputs())?;
        let numbers = Numbers::read_from(&run.graph, &run.placement, &**run.memory())?;
        Ok(Self {
            experiment: run.experiment.clone(),
            network,
            graph: run.graph.clone(),
            numbers,
            classes: run.set.classes.clone(),
            normalisation: (*run.normalisation).clone(),
        })
    }

    /// Reads a picture of any size for this net ([`data::read_picture`]).
    pub fn read_picture(&self, path: &Path) -> Result<Vec<u8>, DataError> {
        let picture = data::read_picture(path, self.graph.input())?;
        Ok(self.normalisation.stirred(self.graph.input(), picture))
    }

    /// What a file of these weights says of itself.
    pub fn about(&self) -> About {
        About {
            experiment: Some(file::write(&self.experiment)),
            input: Some(self.graph.input()),
            classes: Some(self.classes.clone()),
            normalisation: Some(self.normalisation.clone()),
        }
    }
}

/// The graph of an experiment over pictures that are not there yet, and what it is for; none where only the pictures will
/// tell their classes.
pub(super) fn graph_for(
    experiment: &Experiment,
    pictures: &Prospect,
) -> Result<Option<(Graph, Goal)>, TrainError> {
    let Some(goal) = pictures.goal(experiment.train.loss) else { return Ok(None) };
    goal.check()?;
    let network = experiment.network.network(pictures.extent, goal.n_outputs())?;
    Ok(Some((Graph::for_goal(&network, &goal)?, goal)))
}

/// What comes to lie beside a net that a device takes on: pictures that are still to be made, `on_device` bytes of them
/// there too where it does not read them where they are, and `kept` bytes of anything else here.
///
/// # Errors
/// This computer has no room for its part, where the device has memory of its own.
pub(super) fn beside_pictures(
    pictures: &Prospect,
    device: &dyn Device,
    on_device: u64,
    kept: u64,
) -> Result<Beside, TrainError> {
    let here = pictures.bytes().saturating_add(kept);
    let taken = match (device.info().kind, device.shares_memory()) {
        (DeviceKind::Cpu, _) => here,
        (DeviceKind::Gpu, true) => here.saturating_add(on_device),
        (DeviceKind::Gpu, false) => {
            check_room("Holding the pictures", here)?;
            on_device
        }
    };
    Ok(Beside { taken, ..Beside::default() })
}

pub(super) fn weight_bytes(graph: &Graph) -> u64 {
    graph.parameters.iter().map(|parameter| 4 * parameter.len() as u64).sum()
}

/// What a file tells, and from the pictures what it does not.
fn filled_in(
    experiment: &Experiment,
    told: About,
    set: &DataSet,
) -> Result<(Network, Vec<String>, Normalisation), TrainError> {
    let (network, classes, normalisation) = about_pictures(experiment, set)?;
    Ok((network, told.classes.unwrap_or(classes), told.normalisation.unwrap_or(normalisation)))
}

/// The network for these pictures, the names of their classes and their normalisation.
fn about_pictures(
    experiment: &Experiment,
    set: &DataSet,
) -> Result<(Network, Vec<String>, Normalisation), TrainError> {
    let goal = set.goal(experiment.train.loss);
    goal.check()?;
    let network = experiment.network.network(set.extent, goal.n_outputs())?;
    let normalisation = Normalisation::of(experiment.data.normalise, &set.train, set.extent);
    Ok((network, set.classes.clone(), normalisation.permuted(experiment.data.permute)))
}
