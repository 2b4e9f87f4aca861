//! A lesson under edit: its folder is looked at once a second, and read anew when something in it has changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::experiment::Problem;
use crate::lessons::{Lesson, shipped};

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
    pub fn of(asked: &str) -> Self {
        let path = Path::new(asked);
        let is_own = path.exists() && !shipped::names().any(|name| name == asked);
        let path = is_own.then(|| path.to_path_buf());
        Self { seen: path.as_deref().map(look).unwrap_or_default(), path, last: Instant::now() }
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
        Some(shipped::resolve(&path.display().to_string()))
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
