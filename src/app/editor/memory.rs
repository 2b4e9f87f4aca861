//! What training takes of memory, counted before it begins, and what can be said where that is too much.

use super::Editor;
use crate::engine::{DeviceKind, Footprint, room};
use crate::experiment::figures::bytes_needed;
use crate::experiment::{Experiment, Network};
use crate::graph::advice::{Advice, Remedy};
use crate::graph::program::Placement;
use crate::graph::{Goal, Graph};
use crate::train;

/// Nodes of a net whose memory is counted at every edit: some hundredths of a second.
const MOST_COUNTED: usize = 1500;

/// What training may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// On a device that does not tell, or before one is known.
    #[default]
    Unknown,
    /// What this computer has left, and the bytes that the run holds already and would give back.
    System { held: u64 },
    /// So many bytes, for a test that knows what fits.
    #[cfg(test)]
    Bytes(u64),
}

impl Room {
    /// On a device of this kind, of whose memory the run holds so much.
    pub fn on(kind: DeviceKind, held: u64) -> Self {
        match kind {
            DeviceKind::Cpu => Self::System { held },
            DeviceKind::Gpu => Self::Unknown,
        }
    }

    /// Bytes that can be had now.
    pub fn left(self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::System { held } => Some(room::available()?.saturating_add(held)),
            #[cfg(test)]
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}

impl Editor {
    /// The largest smaller batch, a power of two, that trains within so many bytes; half the present one where that
    /// cannot be counted. It takes some hundredths of a second.
    pub fn batch_within(&self, bytes: u64) -> Option<usize> {
        let (goal, batch) = (self.goal(), self.experiment.train.batch);
        let Some(needed) = self.footprint() else { return Some(batch / 2).filter(|&batch| batch > 0) };
        let network = Network { input: self.task.input, layers: self.layers.clone() };
        fitting_batch(needed, bytes, batch, |batch| {
            counted(&network, goal, &with_batch(&self.experiment, batch), self.room)
        })
    }
}

/// What training takes: on the processor all of it, on a device that only tells when it is asked what it takes on any;
/// none of a net that is not possible, or too deep to count while a person waits.
pub fn counted(network: &Network, goal: Goal, experiment: &Experiment, room: Room) -> Option<Footprint> {
    let graph = Graph::for_goal(network, &goal).ok()?;
    if graph.nodes.len() > MOST_COUNTED {
        return None;
    }
    let program = train::train_program(experiment, goal, &graph.fused());
    let placement = Placement::for_program(&graph, &program);
    Some(match room {
        Room::Unknown => Footprint::least(&placement, &program),
        _ => Footprint::on_cpu(&placement, &program),
    })
}

/// The experiment in batches of another size.
pub fn with_batch(experiment: &Experiment, batch: usize) -> Experiment {
    let mut experiment = experiment.clone();
    experiment.train.batch = batch;
    experiment
}

/// What is to be said where training takes more than there is, with the largest batch that would fit: a power of
/// two, as batches are. `count` tells what a batch of another size takes.
pub fn advice(
    needed: Footprint,
    left: u64,
    batch: usize,
    count: impl Fn(usize) -> Option<Footprint>,
) -> Option<Advice> {
    if needed.total() <= left {
        return None;
    }
    let fitting = fitting_batch(needed, left, batch, count);
    let what = format!(
        "Training in batches of {batch} takes {} of memory; {}.",
        bytes_needed(needed.total()),
        DeviceKind::Cpu.left(left)
    );
    let why = match fitting {
        Some(_) => "It would be refused. What a step must remember grows with the batch.",
        None => "It would be refused, whatever the batch: use fewer or narrower layers, or smaller pictures.",
    };
    let remedy = fitting.map(Remedy::Batch);
    Some(Advice { layer: None, path: "train.batch".into(), what, why: why.into(), remedy })
}

/// The largest power of two below `batch` with which training takes no more than is left, where `batch` needs so much
/// and `count` tells what another takes.
pub fn fitting_batch(
    needed: Footprint,
    left: u64,
    batch: usize,
    count: impl Fn(usize) -> Option<Footprint>,
) -> Option<usize> {
    // The step grows with the batch, all else does not.
    let lasting = needed.total() - needed.step;
    let share = left.saturating_sub(lasting) as f64 / needed.step.max(1) as f64;
    let most = (batch as f64 * share) as usize;
    let powers = (0..usize::BITS).rev().map(|bit| 1 << bit);
    let mut powers = powers.skip_while(|&power| power > most || power >= batch);
    powers.find(|&power| count(power).is_some_and(|found| found.total() <= left))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step of 100 MiB for each picture over 50 MiB that stay.
    fn footprint(batch: usize) -> Footprint {
        Footprint { parameters: 50 << 20, step: (batch as u64 * 100) << 20, ..Footprint::default() }
    }

    fn said(batch: usize, left_mib: u64) -> Option<Advice> {
        advice(footprint(batch), left_mib << 20, batch, |batch| Some(footprint(batch)))
    }

    #[test]
    fn the_largest_batch_that_fits_is_offered() {
        assert_eq!(said(10, 1050), None);
        let said = said(10, 1000).expect("it is too much");
        assert_eq!(said.remedy, Some(Remedy::Batch(8)));
        assert!(
            said.what.contains("takes 1,050.0 MiB") && said.what.contains("has 1,000.0 MiB left"),
            "{}",
            said.what
        );
    }

    #[test]
    fn where_no_batch_fits_something_else_must_change() {
        for left in [149, 20] {
            let said = said(16, left).expect("it is too much");
            assert_eq!(said.remedy, None);
            assert!(said.why.contains("whatever the batch"), "{}", said.why);
        }
        assert_eq!(said(16, 150).and_then(|advice| advice.remedy), Some(Remedy::Batch(1)));
    }
}
