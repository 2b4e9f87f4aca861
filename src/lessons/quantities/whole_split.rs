//! Answers to a whole split, in test mode.

use super::{Kind, Measure, Unit};
use crate::engine::Part;

pub const TRAIN_SET_ERROR: Kind = Kind {
    name: "train-set-error",
    words: "error on the training pictures",
    help: "the share of wrong answers on all training pictures at the end, in test mode",
    unit: Unit::Share,
    settings: &[],
    measure: Measure::Run(|_, sitting| {
        let (run, go_on) = (&*sitting.run, sitting.go_on);
        let mut stopped = Ok(());
        let mut is_in_time = || {
            stopped = go_on();
            stopped.is_ok()
        };
        let found = run.evaluate_while(Part::Train, &mut is_in_time).map_err(|error| error.to_string())?;
        stopped?;
        let found = found.ok_or("There are no training pictures.")?;
        Ok(if found.loss.is_finite() { found.error } else { f64::NAN })
    }),
};
