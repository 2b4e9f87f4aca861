//! `written.toml`: the experiment as it was written or changed by hand since, where that is not what is trained: with
//! its comments, right or wrong. It stands beside the run again when that is opened.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{FolderError, cannot_write};
use crate::train::replace;

pub const FILE: &str = "written.toml";

/// More than anybody writes.
const MOST_BYTES: u64 = 1 << 20;

/// Keeps the text, or that there is none.
///
/// # Errors
/// The system refuses.
pub fn keep_written(folder: &Path, text: Option<&str>) -> Result<(), FolderError> {
    let path = folder.join(FILE);
    let failed = |error| cannot_write(&path, error);
    match text {
        // In one act, and without waiting for the disk: it is written while somebody writes.
        Some(text) => {
            let partial = replace::partial(&path);
            fs::write(&partial, text).and_then(|()| fs::rename(&partial, &path)).map_err(failed)
        }
        None => match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        },
    }
}

/// The text, if there is one that can be read.
pub fn written(folder: &Path) -> Option<String> {
    let path = folder.join(FILE);
    let is_plausible = fs::metadata(&path).is_ok_and(|about| about.len() <= MOST_BYTES);
    is_plausible.then(|| fs::read_to_string(path).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_there_until_there_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(written(folder.path()), None);
        keep_written(folder.path(), Some("# Wrong,\nrote = 1 # and kept\n")).expect("room");
        assert_eq!(written(folder.path()).as_deref(), Some("# Wrong,\nrote = 1 # and kept\n"));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        for _ in 0..2 {
            keep_written(folder.path(), None).expect("it goes");
            assert_eq!(written(folder.path()), None);
        }
        assert!(keep_written(&folder.path().join("gone"), Some("x")).is_err());
    }
}
