//! What can be measured on an experiment: one file for each family, one line here for each quantity.
//!
//! A quantity stands in a lesson as `{ test-error = "convnet", at = "best" }`: its name as the key, the
//! experiment that it is of, and its settings. The smallest piece of a [`fact`](super::fact).

mod cost;
mod curves;
mod depth;
mod descents;
mod filters;
mod modes;
mod rates;
mod shifts;
mod signals;
#[cfg(test)]
mod tests;
mod whole_split;

use std::fmt;

use super::settings::{Moment, Setting, Settings};
use crate::experiment::Experiment;
use crate::experiment::figures::grouped;
use crate::graph::Graph;
use crate::inspect::statistics::Statistics;
use crate::train::Run;
use crate::train::curves::Curves;

/// A quantity, or why there is none, in a sentence.
pub type Measured = Result<f64, String>;

/// One kind of quantity.
pub struct Kind {
    /// The key in a lesson.
    pub name: &'static str,
    /// What it is, before "of": "test error".
    pub words: &'static str,
    pub help: &'static str,
    pub unit: Unit,
    pub settings: &'static [Setting],
    pub measure: Measure,
}

/// How a number is written for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of 1, shown in per cent.
    Share,
    /// A whole number, shown in groups of three digits.
    Count,
    Plain,
    Seconds,
}

/// What a quantity is measured on.
pub enum Measure {
    /// The net as drawn: nothing runs.
    Graph(fn(&Quantity, &Graph) -> Measured),
    /// The experiment alone: nothing is trained.
    Told(fn(&Quantity, &Experiment) -> Measured),
    /// What the run told of its steps and evaluations.
    Curves(fn(&Quantity, &Curves, u64) -> Measured),
    /// The weights as they stand, at the moment that the quantity asks for.
    Run(fn(&Quantity, &mut Sitting<'_>) -> Measured),
}

/// A run that is being measured at one moment.
pub struct Sitting<'a> {
    pub run: &'a mut Run,
    /// Says whether there is time to go on, and otherwise why there is none.
    pub go_on: &'a dyn Fn() -> Result<(), String>,
    /// What was found out for one quantity and serves others.
    statistics: Option<Statistics>,
}

/// All of them, in the order in which the lessons' manual lists them.
pub static KINDS: &[Kind] = &[
    curves::TEST_ERROR,
    curves::TEST_LOSS,
    curves::TRAIN_ERROR,
    curves::TRAIN_LOSS,
    curves::BEST_RATE,
    curves::SECONDS,
    whole_split::TRAIN_SET_ERROR,
    modes::BATCH_MODE_ERROR,
    rates::EFFECTIVE_RATE,
    filters::ORIENTED_SHARE,
    filters::SELECTIVITY,
    signals::SIGNAL,
    signals::GRADIENT,
    signals::UPDATE_RATIO,
    signals::DEAD_SHARE,
    signals::SIGNAL_FACTOR,
    signals::THEORY_FACTOR,
    depth::INSERTION_DIFFERENCE,
    depth::INSERTION_CHANGED,
    depth::REMOVAL,
    shifts::SHIFT_CHANGE,
    descents::DESCENT,
    cost::PARAMETERS,
    cost::MULTIPLY_ADDS,
    cost::CHANNELS,
    cost::HEIGHT,
    cost::WIDTH,
    cost::RECEPTIVE_FIELD,
];

/// A kind of quantity, of one experiment of the lesson.
#[derive(Clone)]
pub struct Quantity {
    pub kind: &'static Kind,
    /// The name of the experiment.
    pub of: String,
    pub settings: Settings,
}

impl Quantity {
    /// Whether steps must be taken before it can be measured.
    pub fn needs_training(&self) -> bool {
        match self.kind.measure {
            Measure::Graph(_) | Measure::Told(_) => false,
            Measure::Curves(_) => true,
            Measure::Run(_) => self.settings.moment() != Moment::Start,
        }
    }

    /// Whether a run must be made ready for it.
    pub fn needs_run(&self) -> bool {
        !matches!(self.kind.measure, Measure::Graph(_) | Measure::Told(_))
    }

    /// Whether it needs the test pictures to be answered after each epoch, or only after the last.
    pub fn needs_tests(&self) -> Option<Moment> {
        self.kind.name.starts_with("test-").then(|| self.settings.moment())
    }
}

impl<'a> Sitting<'a> {
    pub fn new(run: &'a mut Run, go_on: &'a dyn Fn() -> Result<(), String>) -> Self {
        Self { run, go_on, statistics: None }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name && self.of == other.of && self.settings == other.settings
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// "test error of convnet at its best".
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}{}", self.kind.words, self.of, self.settings)
    }
}

impl Unit {
    pub fn text(self, number: f64) -> String {
        if !number.is_finite() {
            return "no number".into();
        }
        match self {
            Self::Share => format!("{} %", rounded(100.0 * number, 3)),
            Self::Count if number.fract() == 0.0 && number.abs() < 1e15 => {
                let size = grouped(number.abs() as u64);
                if number < 0.0 { format!("−{size}") } else { size }
            }
            Self::Seconds => format!("{} s", rounded(number, 3)),
            Self::Count | Self::Plain => rounded(number, 3),
        }
    }
}

/// A number with so many digits that count, without zeros at the end.
pub fn rounded(number: f64, digits: usize) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e6).contains(&size) {
        return format!("{number:.*e}", digits.saturating_sub(1));
    }
    let magnitude = if size == 0.0 { 0 } else { size.log10().floor() as i32 };
    let decimals = (digits as i32 - 1 - magnitude).max(0) as usize;
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}
