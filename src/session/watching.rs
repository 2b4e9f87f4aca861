//! What the window looks at, computed between turns and for the current run alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RunId;
use super::slot::{Goal, Slot};
use crate::inspect::filters::{self, Filters};
use crate::train::TrainError;

/// At most so often are watched weights read back.
const FILTERS_EVERY: Duration = Duration::from_millis(200);

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    pub filters: bool,
}

/// What is looked at, and what was seen when.
#[derive(Default)]
pub struct Watching {
    watch: Watch,
    /// When the filters were read last, of which run that had begun how often, and at which step.
    read: Option<(Instant, RunId, u64, u64)>,
}

impl Watching {
    pub fn set(&mut self, watch: Watch) {
        *self = Self { watch, read: None };
    }

    /// Shows what is watched of this run, if it has changed and the last look is long ago.
    pub fn look(&mut self, slot: &mut Slot) -> Result<(), TrainError> {
        let Some(run) = slot.run.as_ref().filter(|_| self.watch.filters) else { return Ok(()) };
        let now = (slot.seen.id, slot.seen.number, run.progress().step);
        let is_due = self.read.is_none_or(|(at, id, number, step)| {
            let is_other = (id, number) != (now.0, now.1);
            is_other || step != now.2 && (at.elapsed() >= FILTERS_EVERY || slot.goal == Goal::Rest)
        });
        let Some(id) = filters::first_convolution(&run.graph).filter(|_| is_due) else { return Ok(()) };
        let name = &run.graph.parameters[id.0].name;
        let path = name.strip_suffix(".weight").unwrap_or(name).to_string();
        self.read = Some((Instant::now(), now.0, now.1, now.2));
        slot.seen.filters = Some(Arc::new(Filters { path, weights: run.parameter(id)? }));
        Ok(())
    }
}
