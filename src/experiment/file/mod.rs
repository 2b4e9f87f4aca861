//! The experiment file (TOML): the only place that knows its grammar. Reading walks the spanned tree, so
//! that every complaint has its line and the nearest right word; writing gives back the same experiment.
//!
//! The keys are listed once, in `keys`, for the reader, the writer and `--set` alike; the settings of a layer
//! come from [`fields`](super::fields), what goes by a name from [`Named`](super::Named). A layer is a word (`"relu"`), a table with its kind as a key
//! (`{ conv = 16, kernel = 3 }`) or, where the kind has no number of its own, a table that names it
//! (`{ layer = "batch-norm", epsilon = 1e-3 }`).

mod keys;
mod follow;
mod lock;
mod named;
pub mod node;
mod places;
mod read;
mod read_layers;
mod set;
#[cfg(test)]
mod strategies;
mod values;
mod write;
mod write_layers;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use follow::follow;
pub use lock::Lock;
pub use places::{layer_place, layer_places};
pub use read::{MAX_BYTES, load, load_text, overlay, overlay_entry, parse};
pub use write::write;

/// What is wrong with an experiment: where, what was found, what to do; one or two sentences for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// The line in the file, counted from 1, where one is known.
    pub line: Option<usize>,
    /// Which bytes of the text are wrong, where they are known.
    pub span: Option<Range<usize>>,
    pub message: String,
}

impl Problem {
    pub fn new(message: impl Into<String>) -> Self {
        Self { file: None, line: None, span: None, message: message.into() }
    }

    pub fn at_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// At these bytes of a text, and their line.
    pub fn at(self, text: &str, span: Range<usize>) -> Self {
        let line = 1 + text.bytes().take(span.start).filter(|&byte| byte == b'\n').count();
        Self { line: Some(line), span: Some(span), ..self }
    }

    pub fn in_file(self, path: &Path) -> Self {
        Self { file: Some(path.to_path_buf()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{}, line {line}: ", file.display())?,
            (Some(file), None) => write!(f, "{}: ", file.display())?,
            (None, Some(line)) => write!(f, "line {line}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.message)
    }
}
