//! Weights on disk: safetensors with PyTorch's shapes and names from the tree (`layers.3.weight`,
//! `layers.4.running_mean`). The metadata carries the experiment, the names of the classes and the
//! normalisation, so that a file of weights says by itself what it is for.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorView};

use super::{Run, TrainError};
use crate::data::Normalisation;
use crate::experiment::file;
use crate::graph::program::Bank;
use crate::graph::{Graph, ParameterId};
use crate::tensor::Tensor;

/// What is wrong with a file of weights, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("{} cannot be read: {reason}. Give the path of a file that `--save` has written.", path.display())]
    Read { path: PathBuf, reason: String },
    #[error("{} cannot be written: {reason}. Choose another place.", path.display())]
    Write { path: PathBuf, reason: String },
    #[error(
        "{} is not a file of weights (safetensors): {reason}. Give one that `--save` has written.",
        path.display()
    )]
    Format { path: PathBuf, reason: String },
    #[error("{} does not fit this network: {what}. Use the experiment it was saved with.", path.display())]
    Mismatch { path: PathBuf, what: String },
}

/// Every tensor of the run under its name.
fn tensors(run: &Run) -> Result<Vec<(String, Tensor)>, TrainError> {
    let names = run.graph.parameters.iter().map(|parameter| parameter.name.clone());
    let mut tensors: Vec<(String, Tensor)> = names.zip(run.parameters()?).collect();
    let bank = run.memory().read(Bank::Statistics)?;
    for (statistic, &place) in run.graph.statistics.iter().zip(&run.placement.statistics) {
        let numbers = bank[place..place + statistic.len].to_vec();
        tensors.push((statistic.name.clone(), Tensor::new(vec![statistic.len], numbers)));
    }
    Ok(tensors)
}

/// Writes the run's weights, replacing the file only once the new one is complete.
pub fn save(run: &Run, path: &Path) -> Result<(), TrainError> {
    let tensors = tensors(run)?;
    let views = tensors.iter().map(|(name, tensor)| {
        let bytes = bytemuck::cast_slice(&tensor.data);
        TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map(|view| (name.as_str(), view))
    });
    let format = |reason: String| WeightsError::Format { path: path.into(), reason };
    let views = views.collect::<Result<Vec<_>, _>>().map_err(|error| format(error.to_string()))?;
    let bytes =
        safetensors::serialize(views, Some(metadata(run))).map_err(|error| format(error.to_string()))?;
    let io = |error: std::io::Error| WeightsError::Write { path: path.into(), reason: error.to_string() };
    let partial = partial(path);
    let write = || {
        let mut file = std::fs::File::create(&partial)?;
        file.write_all(&bytes)?;
        // On the disk before it takes the old one's place.
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    Ok(write().map_err(io)?)
}

/// Whether a file can be written at this place; leaves nothing behind.
pub fn check_writable(path: &Path) -> Result<(), WeightsError> {
    let partial = partial(path);
    let checked = std::fs::File::create(&partial).and_then(|_| std::fs::remove_file(&partial));
    checked.map_err(|error| WeightsError::Write { path: path.into(), reason: error.to_string() })
}

/// Where the new file grows until it is complete.
fn partial(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    partial.into()
}

/// The most bytes that names, shapes and metadata may take in a file of weights.
const LARGEST_HEADER: u64 = 64 << 20;

/// Reads weights into the run. Every tensor of the net must be there with its shape and hold plain numbers;
/// nothing is changed otherwise. The run takes over the normalisation that the weights were trained with, and
/// the classes must be the same, where the file tells them.
pub fn load(run: &mut Run, path: &Path) -> Result<(), TrainError> {
    let wanted = shapes(&run.graph);
    let n_numbers: usize = wanted.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
    let bytes = read(path, 4 * n_numbers as u64 + LARGEST_HEADER)?;
    let format = |error: safetensors::SafeTensorError| WeightsError::Format {
        path: path.into(),
        reason: error.to_string(),
    };
    let mismatch = |what: String| WeightsError::Mismatch { path: path.into(), what };
    let file = SafeTensors::deserialize(&bytes).map_err(format)?;
    let mut found = Vec::with_capacity(wanted.len());
    for (name, shape) in &wanted {
        found.push(numbers(&file, name, shape).map_err(mismatch)?);
    }
    if file.len() > wanted.len() {
        let what = format!("it holds {} tensors, the network has {}", file.len(), wanted.len());
        return Err(mismatch(what).into());
    }
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(format)?;
    if let Some(normalisation) = told(&metadata, run).map_err(mismatch)? {
        run.set_normalisation(normalisation)?;
    }
    let (parameters, statistics) = found.split_at(run.graph.parameters.len());
    for (i, numbers) in parameters.iter().enumerate() {
        run.write_parameter(ParameterId(i), numbers)?;
    }
    for (numbers, &place) in statistics.iter().zip(&run.placement.statistics) {
        run.memory().write(Bank::Statistics, place, numbers)?;
    }
    Ok(())
}

/// A whole file, if it is not larger than `most` bytes.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, WeightsError> {
    let io = |error: std::io::Error| WeightsError::Read { path: path.into(), reason: error.to_string() };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        let what = format!("it is larger than the {} MiB that this network can fill", most >> 20);
        return Err(WeightsError::Mismatch { path: path.into(), what });
    }
    Ok(bytes)
}

/// What the file's metadata tells of normalisation, if it does; an error where its classes are others.
fn told(metadata: &Metadata, run: &Run) -> Result<Option<Normalisation>, String> {
    let Some(told) = metadata.metadata() else { return Ok(None) };
    let classes: Option<Vec<String>> = told.get("classes").and_then(|text| serde_json::from_str(text).ok());
    if let Some(classes) = classes.filter(|classes| *classes != run.set.classes) {
        let [theirs, ours] = [&classes, &run.set.classes].map(|classes| classes.join(", "));
        return Err(format!("it tells apart {theirs}, the pictures here are of {ours}"));
    }
    let list = |key: &str| -> Option<Vec<f32>> { serde_json::from_str(told.get(key)?).ok() };
    let (Some(mean), Some(scale)) = (list("normalisation_mean"), list("normalisation_scale")) else {
        return Ok(None);
    };
    let extent = run.set.extent;
    if mean.len() != extent.len() || scale.len() != extent.channels {
        return Err(format!("its normalisation is not for pictures of {extent}"));
    }
    Ok(Some(Normalisation { mean, scale }))
}

/// Name and shape of every tensor of a net, parameters first.
fn shapes(graph: &Graph) -> Vec<(String, Vec<usize>)> {
    let parameters = graph.parameters.iter().map(|p| (p.name.clone(), p.shape.clone()));
    parameters.chain(graph.statistics.iter().map(|s| (s.name.clone(), vec![s.len]))).collect()
}

fn numbers(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let view = file.tensor(name).map_err(|_| format!("it has no tensor `{name}`"))?;
    if view.shape() != shape {
        return Err(format!("`{name}` is {:?} there and {shape:?} here", view.shape()));
    }
    if view.dtype() != Dtype::F32 {
        return Err(format!("`{name}` holds {:?} numbers, not 32-bit floats", view.dtype()));
    }
    let words = view.data().chunks_exact(4);
    let numbers: Vec<f32> =
        words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err(format!("`{name}` holds numbers that are infinite or none"));
    }
    if name.ends_with("running_var") && numbers.iter().any(|&x| x < 0.0) {
        return Err(format!("`{name}` holds negative variances"));
    }
    Ok(numbers)
}

fn metadata(run: &Run) -> HashMap<String, String> {
    // Lists of strings and numbers cannot fail to be written.
    let classes = serde_json::to_string(&run.set.classes).unwrap_or_default();
    let mean = serde_json::to_string(&run.normalisation.mean).unwrap_or_default();
    let scale = serde_json::to_string(&run.normalisation.scale).unwrap_or_default();
    HashMap::from([
        ("experiment".to_string(), file::write(&run.experiment)),
        ("classes".to_string(), classes),
        ("normalisation_mean".to_string(), mean),
        ("normalisation_scale".to_string(), scale),
    ])
}
