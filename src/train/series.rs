//! The weights of a run at some of its steps: so few that they fit, so many that its path can be drawn and what it was
//! before can be looked at again.
//!
//! At first every step is kept. Whenever there are too many, every second goes and the next ones are taken half as
//! often: however long the run, what is kept lies evenly over all of it, and its first step is always there.

use std::sync::Arc;

use super::weights::Numbers;
use super::{Run, TrainError};
use crate::graph::Graph;

/// A run's numbers after so many steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub step: u64,
    pub numbers: Numbers,
}

/// What is kept of one run.
#[derive(Clone, Debug, Default)]
pub struct Series {
    kept: Vec<Arc<Kept>>,
    /// Steps from one to the next.
    every: u64,
    /// At most so many; 0 where the net is too large.
    most: usize,
}

/// What is kept at most, and bytes that it may take; where there is no room for [`LEAST`] nothing is kept.
const MOST: usize = 24;
const MOST_BYTES: u64 = 128 << 20;
const LEAST: usize = 4;

impl Series {
    /// Of a net that has not begun.
    pub fn new(graph: &Graph) -> Self {
        let n_parameters: usize = graph.parameters.iter().map(|parameter| parameter.len()).sum();
        let n_statistics: usize = graph.statistics.iter().map(|statistic| statistic.len).sum();
        let fitting = MOST_BYTES / (4 * (n_parameters + n_statistics) as u64).max(1);
        let most = (fitting as usize).min(MOST) & !1;
        Self { kept: Vec::new(), every: 1, most: if most < LEAST { 0 } else { most } }
    }

    /// Of a run that goes on, of which this is kept so far.
    pub fn go_on(graph: &Graph, kept: Vec<Arc<Kept>>) -> Self {
        let every = match &kept[..] {
            [.., before, last] => last.step.saturating_sub(before.step).max(1),
            _ => 1,
        };
        let new = Self::new(graph);
        if new.most == 0 { new } else { Self { kept, every, ..new } }
    }

    /// In the order of their steps.
    pub fn kept(&self) -> &[Arc<Kept>] {
        &self.kept
    }

    pub fn at(&self, step: u64) -> Option<&Arc<Kept>> {
        self.kept.iter().find(|kept| kept.step == step)
    }

    /// Steps until the next is to be taken, 0 where that is now; none where none will be.
    pub fn steps_left(&self, step: u64) -> Option<u64> {
        let next = self.kept.last().map_or(0, |last| (last.step / self.every + 1) * self.every);
        (self.most > 0).then(|| next.saturating_sub(step))
    }

    /// Keeps the run as it stands, if that is due.
    ///
    /// # Errors
    /// The device does not give its numbers.
    pub fn follow(&mut self, run: &mut Run) -> Result<(), TrainError> {
        let step = run.progress().step;
        if self.steps_left(step) != Some(0) {
            return Ok(());
        }
        run.collect(true)?;
        let numbers = Numbers::read_from(&run.graph, &run.placement, &**run.memory())?;
        self.push(Kept { step, numbers });
        Ok(())
    }

    fn push(&mut self, kept: Kept) {
        self.kept.push(Arc::new(kept));
        if self.kept.len() > self.most {
            let mut i = 0;
            self.kept.retain(|_| {
                i += 1;
                i % 2 == 1
            });
            self.every *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue;
    use crate::engine::cpu::Cpu;
    use crate::experiment::file;

    fn run() -> Run {
        let text =
            "data = { train = 400, test = 10 }\n[network]\nlayers = [{ linear = 10 }]\n[train]\nbatch = 4";
        let experiment = file::parse(text).expect("an experiment");
        let set = Arc::new(catalogue::open(&experiment).expect("built in"));
        Run::new(&experiment, set, Arc::new(Cpu::new())).expect("a run")
    }

    /// Whatever the number of steps, from half of the most to the most are kept, evenly from the first on.
    #[test]
    fn what_is_kept_lies_evenly_over_the_run() {
        let mut run = run();
        let mut series = Series::new(&run.graph);
        series.follow(&mut run).expect("numbers");
        while run.progress().step < 100 {
            let n = series.steps_left(run.progress().step).expect("there is room");
            run.advance(n.clamp(1, 5)).expect("steps");
            series.follow(&mut run).expect("numbers");
            let steps: Vec<u64> = series.kept().iter().map(|kept| kept.step).collect();
            assert!(steps.len() <= MOST && steps[0] == 0, "{steps:?}");
            let gaps: Vec<u64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps.iter().all(|gap| *gap == gaps[0]), "{steps:?}");
        }
        assert_eq!(series.kept().len(), 13, "every eighth of 100 steps, and the first");
        let first = Numbers::initial(&run.graph, &run.experiment.train, run.experiment.seed);
        assert_eq!(series.at(0).expect("the first").numbers, first);
        assert_ne!(series.at(96).expect("the last").numbers, first);
        assert!(series.at(97).is_none());
    }

    #[test]
    fn of_a_net_without_room_nothing_is_kept() {
        let mut run = run();
        let mut series = Series { most: 0, ..Series::new(&run.graph) };
        series.follow(&mut run).expect("nothing to do");
        assert_eq!((series.kept().len(), series.steps_left(7)), (0, None));
    }
}
