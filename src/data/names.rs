//! The names of classes in a file of their own, one on a line.

use super::MAX_NAME;
use super::error::DataError;
use crate::experiment::figures::counted;
use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

/// What the file is called, beside or among the pictures.
pub const FILE: &str = "classes.txt";

/// More than any names take.
const MOST_BYTES: u64 = 1 << 20;

/// The names that a folder's file tells, if it has one; empty lines are left out.
///
/// # Errors
/// Not as many names as there may be (`remedy` says what to do then), one of more than [`MAX_NAME`] characters, what
/// cannot be read.
pub(super) fn in_folder(
    folder: &Path,
    allowed: RangeInclusive<usize>,
    remedy: &'static str,
) -> Result<Option<Vec<String>>, DataError> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let mut text = String::new();
    let file = File::open(&path).map_err(DataError::unreadable(&path))?;
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(DataError::unreadable(&path))?;
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if !allowed.contains(&names.len()) {
        let what = format!("it names {}", counted(names.len() as u64, "class"));
        return Err(DataError::Damaged { path, what, remedy });
    }
    if let Some(name) = names.iter().find(|name| name.chars().count() > MAX_NAME) {
        let what =
            format!("the name that begins with `{}` is too long", name.chars().take(30).collect::<String>());
        return Err(DataError::Damaged { path, what, remedy: "names may have 255 characters" });
    }
    Ok(Some(names))
}
