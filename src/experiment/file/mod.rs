//! The experiment file (TOML): the only place that knows its grammar. Reading walks the spanned tree, so
//! that every complaint has its line and the nearest right word; writing gives back the same experiment.

use std::fmt;

/// What is wrong with an experiment: where, what was found, what to do; one or two sentences for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The line in the file, counted from 1, where one is known.
    pub line: Option<usize>,
    pub message: String,
}

impl Problem {
    pub fn new(message: impl Into<String>) -> Self {
        Self { line: None, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}
