//! Weights on disk: safetensors with PyTorch's shapes and names from the tree (`layers.3.weight`,
//! `layers.4.running_mean`). The metadata carries the experiment, the shape of the pictures, the names of the
//! classes and the normalisation ([`About`]), so that a file of weights says by itself what it is for.
//!
//! A file is read in two steps: first its header, which says what is in it, then, once that is known to be
//! just what the net needs, the numbers.

mod about;
pub(super) mod check;
pub(super) mod container;

use std::path::{Path, PathBuf};

use super::{Lasting, Run, TrainError, initial, replace};
use crate::engine::{EngineError, Memory, layout};
use crate::experiment::figures::bytes_needed;
use crate::experiment::{Train, unwritable};
use crate::graph::program::{Bank, Placement};
use crate::graph::{Graph, LayerReport, Op};
pub use about::About;
pub use container::little_endian;
use container::{Container, Entry, LARGEST_HEADER, Writer};

/// What is wrong with a file of weights, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("{} cannot be read: {reason}. Give the path of a file that `--save` has written.", path.display())]
    Read { path: PathBuf, reason: String },
    #[error("{} cannot be written: {reason}", path.display())]
    Write { path: PathBuf, reason: String },
    #[error(
        "{} cannot be written: what it would tell of the pictures takes {}, and no more than {} may be. Use \
         `data.normalise = \"per-channel\"` or smaller pictures, and leave `data.permute` out.",
        path.display(), bytes_needed(*.bytes), bytes_needed(LARGEST_HEADER)
    )]
    Header { path: PathBuf, bytes: u64 },
    #[error(
        "{} is not a file of weights (safetensors): {reason}. Give one that `--save` has written.",
        path.display()
    )]
    Format { path: PathBuf, reason: String },
    #[error("{} does not fit this network: {what}. Use the experiment it was saved with.", path.display())]
    Mismatch { path: PathBuf, what: String },
    #[error("{} holds no weights that a net can have: {what}", path.display())]
    Unusable { path: PathBuf, what: String },
}

/// All numbers of a net, each tensor in its logical order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// In the order of [`Graph::parameters`].
    pub parameters: Vec<Vec<f32>>,
    /// In the order of [`Graph::statistics`].
    pub statistics: Vec<Vec<f32>>,
}

impl Numbers {
    /// Those before the first step.
    pub fn initial(graph: &Graph, train: &Train, seed: u64) -> Self {
        let start = graph.statistics.iter().map(|statistic| vec![statistic.start; statistic.len]);
        Self { parameters: initial::all(graph, train, seed), statistics: start.collect() }
    }

    /// Those that lie on a device.
    pub fn read_from(graph: &Graph, placement: &Placement, memory: &dyn Memory) -> Result<Self, EngineError> {
        let parameters = graph.parameters.iter().zip(&placement.parameters).map(|(parameter, &place)| {
            let stored = memory.read_part(Bank::Parameters, place, parameter.len())?;
            Ok(layout::parameter_from_storage(parameter, &stored))
        });
        let parameters = parameters.collect::<Result<_, EngineError>>()?;
        let statistics = graph.statistics.iter().zip(&placement.statistics);
        let statistics =
            statistics.map(|(statistic, &place)| memory.read_part(Bank::Statistics, place, statistic.len));
        Ok(Self { parameters, statistics: statistics.collect::<Result<_, _>>()? })
    }

    /// Lays them on a device.
    pub fn write_to(
        &self,
        graph: &Graph,
        placement: &Placement,
        memory: &dyn Memory,
    ) -> Result<(), EngineError> {
        let parameters = graph.parameters.iter().zip(&placement.parameters).zip(&self.parameters);
        for ((parameter, &place), numbers) in parameters {
            layout::pieces_to_storage(
                parameter,
                |i| numbers[i],
                |offset, piece| memory.write(Bank::Parameters, place + offset, piece),
            )?;
        }
        for (&place, numbers) in placement.statistics.iter().zip(&self.statistics) {
            memory.write(Bank::Statistics, place, numbers)?;
        }
        Ok(())
    }
}

/// Writes the run's weights, replacing the file only once the new one is complete. They are moved piece by piece: a
/// large net is not there twice.
pub fn save(run: &Run, path: &Path) -> Result<(), TrainError> {
    write_with(path, &run.graph, &run.about(), |writer| {
        let weights = run.lasting().into_iter().filter(|tensor| !matches!(tensor, Lasting::Slot(..)));
        weights.into_iter().try_for_each(|tensor| run.put_lasting(tensor, writer))
    })
}

/// Writes the weights of a net, replacing the file only once the new one is complete. The same weights are the
/// same bytes.
pub fn write(path: &Path, graph: &Graph, numbers: &Numbers, about: &About) -> Result<(), WeightsError> {
    write_with(path, graph, about, |writer| {
        numbers.parameters.iter().chain(&numbers.statistics).try_for_each(|numbers| writer.put(numbers))
    })
}

/// Writes a file of weights, whose tensors `put` writes in the order of [`tensors`].
fn write_with<E: From<WeightsError>>(
    path: &Path,
    graph: &Graph,
    about: &About,
    put: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<(), E> {
    let fixed = fixed(graph);
    container::write(path, &about.to_map(), &entries(graph, &fixed), |writer| {
        fixed.iter().try_for_each(|(_, numbers)| writer.put_whole(numbers))?;
        put(writer)
    })
}

/// Whether what a file of the run's weights says of itself can be written, which is better known before than after
/// hours of training.
pub fn check_savable(run: &Run, path: &Path) -> Result<(), WeightsError> {
    container::header(path, &run.about().to_map(), &entries(&run.graph, &fixed(&run.graph))).map(drop)
}

/// Whether a file can be written at this place; leaves nothing behind.
pub fn check_writable(path: &Path) -> Result<(), WeightsError> {
    replace::check(path)
        .map_err(|error| WeightsError::Write { path: path.into(), reason: unwritable::reason(path, &error) })
}

/// Reads weights into the run, which takes over the normalisation that they were trained with. Gives what there is to note
/// of the names of the classes.
///
/// # Errors
/// A tensor of the net is missing, of another shape or holds what is no number; the file tells of other classes.
pub fn load(run: &mut Run, path: &Path) -> Result<Option<String>, TrainError> {
    let mut file = WeightsFile::open(path)?;
    file.expect_pictures(run.set.extent, &run.set.classes)?;
    file.expect_permutation(run.normalisation.permute)?;
    file.lay(&run.graph, &run.placement, &**run.memory())?;
    let note = file.renamed(&run.set.classes);
    if let Some(normalisation) = file.about.normalisation {
        run.set_normalisation(normalisation)?;
    }
    Ok(note)
}

/// A file of weights whose header has been read.
pub struct WeightsFile {
    container: Container,
    pub about: About,
}

impl WeightsFile {
    /// Reads the header.
    ///
    /// # Errors
    /// No such file, no safetensors, or one that says of itself what cannot be.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let container = Container::open(path)?;
        let about = About::of(&container)?;
        Ok(Self { container, about })
    }

    /// Checks that the weights were trained on pictures of this shape and these classes, as far as the file
    /// tells. Some of the classes may have got other names since.
    pub fn expect_pictures(
        &self,
        extent: crate::tensor::Extent,
        classes: &[String],
    ) -> Result<(), WeightsError> {
        let told = &self.about;
        if let Some(input) = told.input.filter(|input| *input != extent) {
            return Err(self.mismatch(format!("it is for pictures of {input}, those here are {extent}")));
        }
        if let Some(theirs) = told.classes.as_ref().filter(|theirs| !check::are_the_same(theirs, classes)) {
            let [theirs, ours] = [theirs, classes].map(check::some_of);
            return Err(self.mismatch(format!("it tells apart {theirs}, the pictures here are of {ours}")));
        }
        Ok(())
    }

    /// What to say where the classes are the same under other names.
    pub fn renamed(&self, classes: &[String]) -> Option<String> {
        let theirs = self.about.classes.as_ref()?;
        let pairs = theirs.iter().zip(classes).filter(|(theirs, ours)| theirs != ours);
        let pairs: Vec<String> = pairs.map(|(theirs, ours)| format!("{theirs} for {ours}")).collect();
        (!pairs.is_empty()).then(|| {
            let path = self.container.path.display();
            format!(
                "{path} has other names for some classes ({}), which are taken for the same.",
                check::some_of(&pairs)
            )
        })
    }

    /// Checks that the weights were trained on pictures stirred by this seed, or not at all, as far as the file
    /// tells.
    pub fn expect_permutation(&self, permute: Option<u64>) -> Result<(), WeightsError> {
        let words = |permute: Option<u64>| match permute {
            Some(seed) => format!("permuted by the seed {seed}"),
            None => "not permuted".into(),
        };
        match self.about.normalisation.as_ref().map(|told| told.permute).filter(|told| *told != permute) {
            Some(told) => Err(self.mismatch(format!(
                "it was trained on pictures {}, those here are {} (`data.permute`)",
                words(told),
                words(permute)
            ))),
            None => Ok(()),
        }
    }

    /// The numbers of the net.
    ///
    /// # Errors
    /// Tensors that are missing, are more than the net has or have another shape, all of them in one message;
    /// numbers that no net can have.
    pub fn numbers(&mut self, graph: &Graph) -> Result<Numbers, WeightsError> {
        self.expect_tensors(graph)?;
        let wanted = tensors(graph);
        let mut numbers = Vec::with_capacity(wanted.len());
        for (name, shape) in &wanted {
            numbers.push(self.tensor(name, shape.iter().product())?);
        }
        let statistics = numbers.split_off(graph.parameters.len());
        Ok(Numbers { parameters: numbers, statistics })
    }

    /// Lays the numbers of the net on a device, piece by piece: a large one is not there twice.
    ///
    /// # Errors
    /// As of [`WeightsFile::numbers`]. What no net can have is found only after some numbers have been laid.
    pub fn lay(
        &mut self,
        graph: &Graph,
        placement: &Placement,
        memory: &dyn Memory,
    ) -> Result<(), TrainError> {
        self.expect_tensors(graph)?;
        for (parameter, &place) in graph.parameters.iter().zip(&placement.parameters) {
            self.container.seek(&parameter.name)?;
            let mut laid = Ok(());
            memory.fill(Bank::Parameters, place, parameter.len(), &mut |stored| {
                laid = layout::storage_from_pieces(parameter, stored, |piece| {
                    self.container.read(piece)?;
                    check::plausible(&parameter.name, piece).map_err(|what| self.unusable(what))
                });
            })?;
            laid?;
        }
        for (statistic, &place) in graph.statistics.iter().zip(&placement.statistics) {
            memory.write(Bank::Statistics, place, &self.tensor(&statistic.name, statistic.len)?)?;
        }
        Ok(())
    }

    /// Checks that the tensors are those of the net, and that what the experiment draws is the same.
    fn expect_tensors(&mut self, graph: &Graph) -> Result<(), WeightsError> {
        let fixed = fixed(graph);
        let wanted = tensors(graph);
        check::fits(&self.container.header, &wanted, &fixed).map_err(|what| self.mismatch(what))?;
        check::are_floats(&self.container.header, &wanted).map_err(|what| self.unusable(what))?;
        for (name, numbers) in fixed {
            if self.container.header.info(&name).is_some()
                && self.container.whole(&name, numbers.len())? != numbers
            {
                return Err(self.mismatch(format!("`{name}` is not the one that this experiment draws")));
            }
        }
        Ok(())
    }

    /// The `len` numbers of a tensor that is known to be there.
    fn tensor(&mut self, name: &str, len: usize) -> Result<Vec<f32>, WeightsError> {
        let numbers = self.container.floats(name, len)?;
        check::plausible(name, &numbers).map_err(|what| self.unusable(what))?;
        Ok(numbers)
    }

    fn mismatch(&self, what: String) -> WeightsError {
        WeightsError::Mismatch { path: self.container.path.clone(), what }
    }

    fn unusable(&self, what: String) -> WeightsError {
        WeightsError::Unusable { path: self.container.path.clone(), what }
    }
}

/// What the experiment alone decides, but other programs cannot draw: for each layer that permutes pixels the
/// places that they are taken from. Written for them; a file may go without.
fn fixed(graph: &Graph) -> Vec<(String, Vec<i64>)> {
    let permutation = |layer: &LayerReport| match &graph.node(layer.node).op {
        // An identity behind it has the same node.
        Op::Permute(op) if layer.kind == "permute-pixels" => {
            let places = op.permutation.places().into_iter().map(i64::from).collect();
            Some((format!("{}.permutation", layer.path), places))
        }
        _ => None,
    };
    graph.layers.iter().filter_map(permutation).collect()
}

/// The tensors of a file of weights, in its order.
fn entries(graph: &Graph, fixed: &[(String, Vec<i64>)]) -> Vec<Entry> {
    let whole = fixed.iter().map(|(name, numbers)| Entry::whole(name.clone(), numbers.len()));
    whole.chain(tensors(graph).into_iter().map(|(name, shape)| Entry::floats(name, shape))).collect()
}

/// Name and shape of every tensor of a net, parameters first.
fn tensors(graph: &Graph) -> Vec<(String, Vec<usize>)> {
    let parameters = graph.parameters.iter().map(|p| (p.name.clone(), p.shape.clone()));
    parameters.chain(graph.statistics.iter().map(|s| (s.name.clone(), vec![s.len]))).collect()
}

#[cfg(test)]
mod tests;
