//! Answers in the wrong mode.

use super::{Kind, Measure, Unit};
use crate::engine::Part;
use crate::inspect::modes;
use crate::lessons::settings::{Setting, Sort};

const BATCH: Setting = Setting {
    name: "batch",
    sort: Sort::Count { from: 1, to: 1024 },
    help: "pictures in a batch; as many as in training where left out",
};

pub const BATCH_MODE_ERROR: Kind = Kind {
    name: "batch-mode-error",
    words: "test error in training mode",
    help: "the share of wrong answers on the test pictures at the end, where normalisation goes on by each batch's own statistics",
    unit: Unit::Share,
    settings: &[BATCH],
    measure: Measure::Run(|quantity, sitting| {
        let (run, go_on) = (&*sitting.run, sitting.go_on);
        let batch =
            quantity.settings.number("batch").map_or(run.experiment.train.batch, |batch| batch as usize);
        let mut stopped = Ok(());
        let mut is_in_time = || {
            stopped = go_on();
            stopped.is_ok()
        };
        let found = modes::error_by_batches(run, Part::Test, batch, &mut is_in_time);
        let found = found.map_err(|error| error.to_string())?;
        stopped?;
        found.ok_or_else(|| "There are no test pictures.".into())
    }),
};
