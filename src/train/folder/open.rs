//! `window.json`: that a window has the run open, and how. A window that is closed leaves it, and so does one that is
//! killed: what was open is offered again at the next start. It goes when the run is taken from the window.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FolderError, cannot_write};
use crate::train::replace::replace;

pub const FILE: &str = "window.json";

/// More than any that this program writes.
const MOST_BYTES: u64 = 64 << 10;

/// How a window has a run open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What it is called there.
    pub name: String,
    /// Its place among the others.
    pub place: usize,
    /// It goes in lockstep with those of the same number.
    pub party: Option<u64>,
    /// Whether it was training.
    pub trains: bool,
    /// The number of the colour and the marker by which it is known.
    #[serde(default)]
    pub mark: Option<usize>,
}

/// Notes that a window has the run open.
pub fn note(folder: &Path, open: &Open) -> Result<(), FolderError> {
    let path = folder.join(FILE);
    let text = serde_json::to_string(open).unwrap_or_default();
    let failed = |error| cannot_write(&path, error);
    replace(&path, failed, |file| file.write_all(text.as_bytes()).map_err(failed))
}

/// How a window has it open or had it when it ended; none where none has, or where the note says nothing that makes
/// sense.
pub fn of(folder: &Path) -> Option<Open> {
    let path = folder.join(FILE);
    let is_plausible = fs::metadata(&path).is_ok_and(|about| about.len() <= MOST_BYTES);
    let text = is_plausible.then(|| fs::read_to_string(path).ok())??;
    serde_json::from_str(&text).ok()
}

/// The run is in no window any more.
///
/// # Errors
/// The system refuses.
pub fn put_away(folder: &Path) -> Result<(), FolderError> {
    let path = folder.join(FILE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_write(&path, error)),
        _ => Ok(()),
    }
}
