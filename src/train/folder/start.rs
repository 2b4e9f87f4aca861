//! `start.safetensors`: the weights that a run began with, where they were given to it: resetting it goes back to them.
//! A run whose weights were drawn needs no such file: its seed says them.

use std::path::Path;

use super::FolderError;
use super::checkpoint::Head;
use crate::train::weights::container::{self, Container, Entry};
use crate::train::weights::{Numbers, WeightsError, check};
use crate::train::{Lasting, Run, TrainError};

pub const FILE: &str = "start.safetensors";

/// Writes them once: they stay the same for as long as the run does.
pub fn write(folder: &Path, head: &Head, start: &Numbers) -> Result<(), FolderError> {
    let numbers = || start.parameters.iter().chain(&start.statistics);
    let entry = |(name, shape): &(String, Vec<usize>)| Entry::floats(name.clone(), shape.clone());
    // Parameters and statistics come first; what the optimiser keeps begins with nothing.
    let entries: Vec<Entry> = head.entries.iter().take(numbers().count()).map(entry).collect();
    let written = container::write(&folder.join(FILE), &head.about.to_map(), &entries, |writer| {
        numbers().try_for_each(|numbers| writer.put(numbers))
    });
    written.map_err(|error: WeightsError| match error {
        WeightsError::Write { path, reason } => FolderError::Write { path, reason },
        error => FolderError::Write { path: folder.into(), reason: error.to_string() },
    })
}

/// Reads them for a run of the same net.
///
/// # Errors
/// They are not there, or those of another net.
pub fn read(folder: &Path, run: &Run) -> Result<Numbers, TrainError> {
    let damaged =
        |what: String| FolderError::Damaged { path: folder.into(), what: format!("{FILE}: {what}") };
    let all = run.lasting().into_iter().filter(|tensor| !matches!(tensor, Lasting::Slot(..)));
    let wanted: Vec<(String, Vec<usize>)> = all.map(|tensor| run.describe_lasting(tensor)).collect();
    let mut container = Container::open(&folder.join(FILE)).map_err(|error| damaged(error.to_string()))?;
    check::fits(&container.header, &wanted, &[]).map_err(damaged)?;
    check::are_floats(&container.header, &wanted).map_err(damaged)?;
    let tensors = wanted.iter().map(|(name, shape)| container.floats(name, shape.iter().product()));
    let mut parameters = tensors.collect::<Result<Vec<_>, _>>()?;
    let statistics = parameters.split_off(run.graph.parameters.len());
    Ok(Numbers { parameters, statistics })
}
