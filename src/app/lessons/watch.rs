//! A lesson under edit: its folder is looked at once a second, and read anew when something in it has changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::experiment::Problem;
use crate::lessons::{Lesson, files, shipped};

const EVERY: Duration = Duration::from_secs(1);

/// What a folder or file looked like: names, times and sizes.
type Look = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// Watches one lesson; does nothing for one that ships.
pub struct Watch {
    path: Option<PathBuf>,
    seen: Look,
    last: Instant,
}

impl Watch {
    /// Of a lesson that ships, or of the path of another.
    pub fn of(asked: &str) -> Self {
        let is_shipped = shipped::names().any(|name| name == asked);
        match Some(Path::new(asked)).filter(|path| path.exists() && !is_shipped) {
            Some(path) => Self::at(path),
            None => Self { path: None, seen: Look::default(), last: Instant::now() },
        }
    }

    /// Of the lesson in a folder, that of a `lesson.toml`, or that in an archive.
    pub fn at(path: &Path) -> Self {
        let folder = path.parent().filter(|_| path.file_name().is_some_and(|name| name == files::SETTINGS));
        let path = folder.unwrap_or(path);
        Self { seen: look(path), path: Some(path.to_path_buf()), last: Instant::now() }
    }

    /// The lesson as it is now, if it has changed since the last look.
    pub fn look(&mut self, ctx: &egui::Context) -> Option<Result<Lesson, Problem>> {
        let path = self.path.as_ref()?;
        ctx.request_repaint_after(EVERY);
        if self.last.elapsed() < EVERY {
            return None;
        }
        self.last = Instant::now();
        let now = look(path);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(shipped::read_at(path))
    }
}

/// The path, and what lies in it two folders deep.
fn look(path: &Path) -> Look {
    let mut found = Vec::new();
    look_into(path, 2, &mut found);
    found.sort();
    found
}

fn look_into(path: &Path, depth: usize, found: &mut Look) {
    // More than a lesson may hold need not be watched.
    if found.len() > 1000 {
        return;
    }
    let Ok(about) = std::fs::symlink_metadata(path) else { return };
    found.push((path.to_path_buf(), about.modified().ok(), about.len()));
    if about.is_dir() && depth > 0 {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| look_into(&entry.path(), depth - 1, found));
    }
}
