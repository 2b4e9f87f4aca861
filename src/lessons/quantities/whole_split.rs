//! Answers to a whole split, in test mode.

use super::{Kind, Measure, Unit};
use crate::engine::Part;

pub const TRAIN_SET_ERROR: Kind = Kind {
    name: "train-set-error",
    words: "error on the training pictures",
    help: "the share of wrong answers on all training pictures at the end, in test mode",
    unit: Unit::Share,
    settings: &[],
    measure: Measure::Run(|_, run| match run.evaluate(Part::Train) {
        Ok(found) => Ok(if found.loss.is_finite() { found.error } else { f64::NAN }),
        Err(error) => Err(error.to_string()),
    }),
};
