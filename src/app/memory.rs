//! What the window remembers from one opening to the next: one readable file in the user's settings folder,
//! without which everything is as at the beginning.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::ThemePreference;
use serde::{Deserialize, Serialize};

use super::arrangement::Plan;
use crate::experiment::{Experiment, file};
use crate::lessons::progress;
use crate::session::{MOST_SHARE, SHARE};

/// What is remembered. Fields that a file lacks are as at the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    pub theme: Shade,
    /// Size of everything, 1 at the beginning.
    pub zoom: f32,
    /// Whether the left side shows the lessons.
    pub shows_lessons: bool,
    /// The lesson that was being read, by its name or its path.
    pub lesson: Option<String>,
    /// The experiment that was open, as its file would read.
    pub experiment: Option<String>,
    /// The text as it was written by hand, comments, slips and all, where that is another.
    pub text: Option<String>,
    /// The file it belongs to.
    pub file: Option<PathBuf>,
    /// What its run is called, where that is not the experiment's title.
    pub name: Option<String>,
    /// The folder of its run, where that had begun.
    pub folder: Option<PathBuf>,
    /// The number of those with which it goes in lockstep, if it does.
    pub twins: Option<u64>,
    /// The runs beside it that had not begun: those that had are in folders of their own.
    pub beside: Vec<Beside>,
    /// The share of the processor that training leaves to the window.
    pub left: f64,
    /// Where the panels stand; as at the beginning where it says nothing.
    pub arrangement: Option<Plan>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            theme: Shade::System,
            zoom: 1.0,
            shows_lessons: false,
            lesson: None,
            experiment: None,
            text: None,
            file: None,
            name: None,
            folder: None,
            twins: None,
            beside: Vec::new(),
            left: SHARE,
            arrangement: None,
        }
    }
}

/// A run that was set up and not begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    pub name: String,
    /// As its file would read.
    pub experiment: String,
    /// The number of those with which it goes in lockstep.
    #[serde(default)]
    pub twins: Option<u64>,
    /// The text as it was written by hand, where that is another.
    #[serde(default)]
    pub text: Option<String>,
    /// The file it belongs to.
    #[serde(default)]
    pub file: Option<PathBuf>,
}

/// An experiment to open the window with.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    pub experiment: Experiment,
    /// As it was written by hand, right or wrong, where that is not what the program would write.
    pub text: Option<String>,
    /// The file it belongs to.
    pub file: Option<PathBuf>,
}

impl Opening {
    /// An experiment that has just been read from a file, or from none.
    pub fn of_file(experiment: Experiment, file: Option<PathBuf>) -> Self {
        let text = file.as_deref().and_then(|file| Some(file::load_text(file).ok()?.1));
        Self { experiment, text, file }
    }
}

/// Light, dark, or as the system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shade {
    #[default]
    System,
    Light,
    Dark,
}

impl From<Shade> for ThemePreference {
    fn from(shade: Shade) -> Self {
        match shade {
            Shade::System => Self::System,
            Shade::Light => Self::Light,
            Shade::Dark => Self::Dark,
        }
    }
}

impl From<ThemePreference> for Shade {
    fn from(preference: ThemePreference) -> Self {
        match preference {
            ThemePreference::System => Self::System,
            ThemePreference::Light => Self::Light,
            ThemePreference::Dark => Self::Dark,
        }
    }
}

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// How far a size may be from the usual one; outside, a file is not believed.
const ZOOMS: std::ops::RangeInclusive<f32> = 0.5..=4.0;

/// How often it is looked whether there is something new to keep.
pub const EVERY: Duration = Duration::from_secs(2);

/// The file and what stands in it.
pub struct Keeper {
    path: PathBuf,
    kept: Option<Memory>,
    looked: Instant,
}

impl Keeper {
    /// In the user's settings folder; none where the system has no such folder.
    pub fn of_user() -> Option<Self> {
        let folders = directories::ProjectDirs::from("", "", "convscope")?;
        Some(Self::at(folders.config_dir().join("window.json")))
    }

    pub fn at(path: PathBuf) -> Self {
        Self { kept: read(&path), path, looked: Instant::now() }
    }

    /// What was remembered; `None` at the first start, or where the file cannot be read.
    pub fn memory(&self) -> Option<&Memory> {
        self.kept.as_ref()
    }

    /// The experiment that was open, where it can still be read.
    pub fn opening(&self) -> Option<Opening> {
        let Memory { experiment, text, file, .. } = self.kept.clone()?;
        let experiment = file::parse(&experiment?).ok()?;
        Some(Opening { experiment, text, file })
    }

    /// How long it is until it is time to look again; `None` if it is time.
    pub fn wait(&self) -> Option<Duration> {
        EVERY.checked_sub(self.looked.elapsed()).filter(|rest| !rest.is_zero())
    }

    /// Keeps what is new. What cannot be written is tried again when something else changes: a lost
    /// arrangement is no reason to disturb somebody.
    pub fn keep(&mut self, memory: Memory) {
        self.looked = Instant::now();
        if self.kept.as_ref() != Some(&memory) {
            let _ = progress::keep(&self.path, &memory);
            self.kept = Some(memory);
        }
    }
}

fn read(path: &Path) -> Option<Memory> {
    (fs::metadata(path).ok()?.len() <= MOST_BYTES).then_some(())?;
    let mut memory: Memory = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    if !ZOOMS.contains(&memory.zoom) {
        memory.zoom = 1.0;
    }
    if !(0.0..=MOST_SHARE).contains(&memory.left) {
        memory.left = SHARE;
    }
    Some(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings/window.json");
        let mut keeper = Keeper::at(path.clone());
        assert_eq!(keeper.memory(), None);
        let memory = Memory { theme: Shade::Dark, zoom: 1.5, ..Memory::default() };
        keeper.keep(memory.clone());
        assert_eq!(Keeper::at(path).memory(), Some(&memory));
    }

    #[test]
    fn a_damaged_file_is_a_fresh_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("window.json");
        for text in ["{ not json", "7", "{\"theme\": \"pink\"}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(Keeper::at(path.clone()).memory(), None, "{text}");
        }
        fs::write(&path, "{\"zoom\": 1e9, \"left\": -1, \"shows_lessons\": true}").unwrap();
        let memory = Memory { shows_lessons: true, ..Memory::default() };
        assert_eq!(Keeper::at(path).memory(), Some(&memory), "what can be believed is kept");
    }
}
