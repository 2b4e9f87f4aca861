//! What of a run is published.

use std::sync::Arc;

use super::{Goal, Slot, Testing};
use crate::session::snapshot::Activity;

impl Slot {
    /// Brings what is published up to date.
    pub fn look(&mut self) {
        self.seen.activity = self.activity();
        let seen = &mut self.seen;
        if seen.kept != self.keeper.kept {
            seen.kept = self.keeper.kept.clone();
        }
        seen.has_begun = self.run.is_some();
        let steps = || self.series.kept().iter().map(|kept| kept.step);
        if !seen.kept_steps.iter().copied().eq(steps()) {
            seen.kept_steps = steps().collect();
        }
        let Some(run) = &self.run else {
            (seen.step, seen.steps_per_epoch, seen.n_steps, seen.images_per_second) = (0, 0, 0, 0.0);
            (seen.curves, seen.input, seen.graph) = (Arc::default(), None, None);
            seen.experiment = self.described.clone();
            return;
        };
        let progress = run.progress();
        (seen.step, seen.steps_per_epoch, seen.n_steps) =
            (progress.step, progress.steps_per_epoch, progress.n_steps);
        seen.images_per_second =
            if matches!(self.goal, Goal::Until(..)) { self.speed.per_second() } else { 0.0 };
        let is_known = (seen.curves.len(), seen.curves.tests.len())
            == (run.curves.len(), run.curves.tests.len())
            && seen.curves.changes == run.curves.changes;
        if !is_known {
            seen.curves = Arc::new(run.curves.clone());
        }
        if *seen.experiment != run.experiment {
            seen.experiment = Arc::new(run.experiment.clone());
        }
        seen.arena_bytes = run.arena_bytes();
        seen.input = Some(run.graph.input());
        seen.graph.get_or_insert_with(|| Arc::new(run.graph.clone()));
    }

    fn activity(&self) -> Activity {
        match self.goal {
            _ if self.testing == Testing::Going => Activity::Testing,
            Goal::Until(..) => Activity::Training,
            Goal::Begin(_) => Activity::Preparing,
            Goal::Rest if matches!(self.late, Some(Goal::Begin(_))) => Activity::Preparing,
            Goal::Rest => match &self.run {
                // With its last test broken off it is not at its end.
                Some(run) if run.progress().is_finished() && self.testing == Testing::No => {
                    Activity::Finished
                }
                _ => Activity::Idle,
            },
        }
    }
}
