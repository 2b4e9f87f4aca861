//! The folder that a new lesson begins as: whole, small and without mistakes.

use std::fs;
use std::path::Path;

use super::files::{SETTINGS, TEXT};
use crate::experiment::Problem;

/// `(file, text)`, with the title yet to be put in.
const FILES: [(&str, &str); 3] = [
    (SETTINGS, include_str!("../../assets/lesson/lesson.toml")),
    (TEXT, include_str!("../../assets/lesson/lesson.md")),
    ("convnet.toml", include_str!("../../assets/lesson/convnet.toml")),
];

/// Writes a new lesson into a folder that is not there yet.
///
/// # Errors
/// Something is there already, or the folder cannot be written.
pub fn write(folder: &Path) -> Result<(), Problem> {
    let cannot = |error: std::io::Error| {
        Problem::new(format!("The lesson cannot be written: {error}.")).in_file(folder)
    };
    if folder.exists() {
        return Err(Problem::new("There is something of this name already. Choose another.").in_file(folder));
    }
    let name = folder.file_name().map_or_else(|| "lesson".into(), |name| name.to_string_lossy().into_owned());
    let mut title = name.replace(['-', '_', '"', '\\'], " ");
    title.retain(|c| !c.is_control());
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    fs::create_dir_all(folder).map_err(cannot)?;
    for (file, text) in FILES {
        fs::write(folder.join(file), text.replace("A lesson of my own", &title)).map_err(cannot)?;
    }
    Ok(())
}
