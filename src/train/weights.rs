//! Weights on disk: safetensors with PyTorch's shapes and names from the tree (`layers.3.weight`,
//! `layers.4.running_mean`). The metadata carries the experiment, the names of the classes and the
//! normalisation, so that a file of weights says by itself what it is for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{Run, TrainError};
use crate::experiment::file;
use crate::graph::program::Bank;
use crate::graph::{Graph, ParameterId};
use crate::tensor::Tensor;

/// What is wrong with a file of weights, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("{}: {reason}.", path.display())]
    Io { path: PathBuf, reason: String },
    #[error("{} is not a file of weights (safetensors): {reason}.", path.display())]
    Format { path: PathBuf, reason: String },
    #[error("{} does not fit this network: {what}. Use the experiment it was saved with.", path.display())]
    Mismatch { path: PathBuf, what: String },
}

/// Every tensor of the run under its name.
pub fn tensors(run: &Run) -> Result<Vec<(String, Tensor)>, TrainError> {
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
    let io = |error: std::io::Error| WeightsError::Io { path: path.into(), reason: error.to_string() };
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    std::fs::write(&partial, bytes).and_then(|()| std::fs::rename(&partial, path)).map_err(io)?;
    Ok(())
}

/// Reads weights into the run. Every tensor of the net must be there with its shape; nothing is changed
/// otherwise.
pub fn load(run: &mut Run, path: &Path) -> Result<(), TrainError> {
    let bytes = std::fs::read(path)
        .map_err(|error| WeightsError::Io { path: path.into(), reason: error.to_string() })?;
    let format = |error: safetensors::SafeTensorError| WeightsError::Format {
        path: path.into(),
        reason: error.to_string(),
    };
    let file = SafeTensors::deserialize(&bytes).map_err(format)?;
    let wanted = shapes(&run.graph);
    let mut found = Vec::with_capacity(wanted.len());
    for (name, shape) in &wanted {
        found.push(
            numbers(&file, name, shape).map_err(|what| WeightsError::Mismatch { path: path.into(), what })?,
        );
    }
    if file.len() > wanted.len() {
        let what = format!("it holds {} tensors, the network has {}", file.len(), wanted.len());
        return Err(WeightsError::Mismatch { path: path.into(), what }.into());
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
    Ok(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
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
