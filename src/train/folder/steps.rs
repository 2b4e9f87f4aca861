//! `steps/`: the weights of a run at some of its steps ([`Series`](crate::train::series::Series)), each a file that can
//! be looked at by itself (`--weights`), so that its path can be drawn and what it was before can be looked at again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checkpoint::{Head, disk_trouble};
use crate::graph::Graph;
use crate::train::TrainError;
use crate::train::series::Kept;
use crate::train::weights::{WeightsFile, container};

pub const FOLDER: &str = "steps";

const ENDING: &str = "safetensors";

/// Bytes that the steps of a run take on the disk, about: of a larger net fewer are kept there than in memory.
const MOST_BYTES: usize = 16 << 20;

/// Of which step a file of this name is.
fn step_of(path: &Path) -> Option<u64> {
    let is_one = path.extension().is_some_and(|ending| ending == ENDING);
    path.file_stem().filter(|_| is_one)?.to_str()?.parse().ok()
}

/// The steps of the run in a folder with their files, in their order.
pub fn steps(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder.join(FOLDER)).into_iter().flatten().flatten();
    let mut found: Vec<(u64, PathBuf)> =
        entries.filter_map(|entry| Some((step_of(&entry.path())?, entry.path()))).collect();
    found.sort();
    found
}

/// What is kept of a run in its folder, up to this step; what is no file of its weights is left out.
pub fn kept(folder: &Path, graph: &Graph, last: u64) -> Vec<Arc<Kept>> {
    let read = |(step, path): (u64, PathBuf)| {
        let numbers = WeightsFile::open(&path).and_then(|mut file| file.numbers(graph)).ok()?;
        Some(Arc::new(Kept { step, numbers }))
    };
    steps(folder).into_iter().filter(|(step, _)| *step <= last).filter_map(read).collect()
}

/// Of what is kept in memory that which is to be on the disk: all, or every so-many-th from the first on.
fn chosen(kept: &[Arc<Kept>]) -> Vec<&Kept> {
    let bytes = |kept: &Kept| {
        let numbers = kept.numbers.parameters.iter().chain(&kept.numbers.statistics);
        4 * numbers.map(Vec::len).sum::<usize>()
    };
    let all: usize = kept.iter().map(|kept| bytes(kept)).sum();
    let every = all.div_ceil(MOST_BYTES).max(1).next_power_of_two();
    kept.iter().step_by(every).map(|kept| &**kept).collect()
}

/// Writes those that are not there yet, and takes away those that are kept no more.
///
/// # Errors
/// What the disk answers.
pub fn write(folder: &Path, head: &Head, kept: &[Arc<Kept>]) -> Result<(), TrainError> {
    let there = steps(folder);
    let chosen = chosen(kept);
    let inside = folder.join(FOLDER);
    if !chosen.is_empty() {
        fs::create_dir_all(&inside).map_err(|error| super::cannot_write(&inside, error))?;
    }
    for kept in &chosen {
        if there.iter().all(|(step, _)| *step != kept.step) {
            let path = inside.join(format!("{:08}.{ENDING}", kept.step));
            let numbers = || kept.numbers.parameters.iter().chain(&kept.numbers.statistics);
            let entries = head.entries_of_weights(numbers().count());
            let put =
                |writer: &mut container::Writer| Ok(numbers().try_for_each(|numbers| writer.put(numbers))?);
            container::write(&path, &head.metadata(), &entries, put).map_err(disk_trouble)?;
        }
    }
    for (_, path) in there.into_iter().filter(|(step, _)| chosen.iter().all(|kept| kept.step != *step)) {
        // One too many is no harm.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

/// Takes all of them away, and their folder if nothing else is in it.
pub fn sweep(folder: &Path) {
    for (_, path) in steps(folder) {
        let _ = fs::remove_file(path);
    }
    let _ = fs::remove_dir(folder.join(FOLDER));
}
