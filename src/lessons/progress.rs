//! What a student has done in a lesson, kept as one plain file for each in the user's data folder: readable, easy
//! to hand in, gone when it is deleted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What was done in one lesson.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    #[serde(default)]
    pub lesson: String,
    #[serde(default)]
    pub predictions: BTreeMap<String, Predicted>,
    #[serde(default)]
    pub checks: BTreeMap<String, Checked>,
}

/// A prediction that was made, and what was thought of it afterwards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    /// The words of the choice, or the number as it was typed; none of a curve.
    #[serde(default)]
    pub answer: String,
    /// `(epoch, value)`, where a curve was sketched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<[f64; 2]>,
    /// One sentence on the gap.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sentence: String,
    /// The day on which it was made, `2026-03-01`.
    #[serde(default)]
    pub day: String,
}

/// A check on the student's own run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    pub expected: String,
    pub observed: String,
    /// Whether it ever held.
    pub held: bool,
    #[serde(default)]
    pub day: String,
}

/// What an instructor has set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Teaching {
    /// Predictions may be passed over.
    pub skip_predictions: bool,
    /// All stages are shown from the beginning.
    pub reveal: bool,
}

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// The most lessons that are handed in.
const MOST_LESSONS: usize = 1000;

/// The file of the instructor's settings; no lesson's name has a dot.
const TEACHING: &str = "instructor.settings.json";

/// Where the progress of all lessons is kept.
#[derive(Clone, Debug)]
pub struct Shelf(pub PathBuf);

impl Shelf {
    /// In the user's data folder; none where the system has no such folder.
    pub fn of_user() -> Option<Self> {
        let folders = directories::ProjectDirs::from("", "", "convscope")?;
        Some(Self(folders.data_dir().join("progress")))
    }

    fn file(&self, lesson: &str) -> PathBuf {
        // A lesson's name may be anything that a folder is called: what is no plain letter becomes a hyphen.
        let plain: String =
            lesson.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '-' }).take(100).collect();
        self.0.join(format!("{plain}.json"))
    }

    /// What was done in a lesson; nothing where no file tells.
    pub fn load(&self, lesson: &str) -> Progress {
        let read = |path: &Path| -> Option<Progress> {
            (fs::metadata(path).ok()?.len() <= MOST_BYTES).then_some(())?;
            serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
        };
        let mut progress = read(&self.file(lesson)).unwrap_or_default();
        progress.lesson = lesson.to_string();
        progress
    }

    /// Keeps it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn save(&self, progress: &Progress) -> Result<(), String> {
        self.write(&self.file(&progress.lesson), progress)
    }

    /// The instructor's settings; the customary ones where no file tells.
    pub fn teaching(&self) -> Teaching {
        let read = || serde_json::from_str(&fs::read_to_string(self.0.join(TEACHING)).ok()?).ok();
        read().unwrap_or_default()
    }

    /// Keeps them.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn keep_teaching(&self, teaching: &Teaching) -> Result<(), String> {
        self.write(&self.0.join(TEACHING), teaching)
    }

    fn write(&self, path: &Path, value: &impl Serialize) -> Result<(), String> {
        keep(path, value)
            .map_err(|error| format!("Progress cannot be kept in `{}`: {error}.", self.0.display()))
    }

    /// Forgets a lesson.
    ///
    /// # Errors
    /// The file is there and cannot be deleted.
    pub fn reset(&self, lesson: &str) -> Result<(), String> {
        match fs::remove_file(self.file(lesson)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("Progress cannot be reset: {error}."))
            }
            _ => Ok(()),
        }
    }

    /// All lessons that were begun in one text, for handing in: these first, in their order, then those from elsewhere.
    pub fn export(&self, first: &[&str]) -> String {
        let others = self.lessons();
        let others = others.iter().map(String::as_str).filter(|lesson| !first.contains(lesson));
        let all: Vec<Progress> =
            first.iter().copied().chain(others).map(|lesson| self.load(lesson)).collect();
        let begun: Vec<&Progress> = all.iter().filter(|progress| progress.is_begun()).collect();
        serde_json::to_string_pretty(&begun).unwrap_or_default()
    }

    /// The names of the lessons that there is a file of, in order.
    fn lessons(&self) -> Vec<String> {
        let paths = fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path());
        let name = |path: PathBuf| {
            let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
            (!name.contains('.')).then(|| name.to_string())
        };
        let mut names: Vec<String> = paths.filter_map(name).take(MOST_LESSONS).collect();
        names.sort();
        names
    }
}

/// Writes a value to a file for people to read: beside the old one first, then in its place.
///
/// # Errors
/// The folder cannot be made or written.
pub fn keep(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("json.new");
    fs::write(&beside, serde_json::to_string_pretty(value).map_err(std::io::Error::other)?)?;
    fs::rename(&beside, path)
}

impl Progress {
    pub fn is_begun(&self) -> bool {
        !self.predictions.is_empty() || !self.checks.is_empty()
    }

    /// Whether a prediction is made or a check has held.
    pub fn has(&self, name: &str) -> bool {
        self.predictions.contains_key(name) || self.checks.get(name).is_some_and(|check| check.held)
    }
}

/// Today, as `2026-03-01` (in UTC).
pub fn today() -> String {
    let seconds =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let [year, month, day] = civil((seconds / 86_400) as i64);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a day counted from 1970-01-01 (Hinnant's `civil_from_days`).
fn civil(days: i64) -> [i64; 3] {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    [year_of_era + era * 400 + i64::from(month <= 2), month, day]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (days, date) in [(0, [1970, 1, 1]), (11_016, [2000, 2, 29]), (20_513, [2026, 3, 1])] {
            assert_eq!(civil(days), date);
        }
    }

    #[test]
    fn progress_is_kept_handed_in_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().join("progress"));
        let mut progress = shelf.load("first-convnet");
        assert!(!progress.is_begun());
        let predicted = Predicted { answer: "24×24".into(), day: today(), ..Predicted::default() };
        progress.predictions.insert("shape".into(), predicted);
        shelf.save(&progress).unwrap();
        assert_eq!(shelf.load("first-convnet"), progress);
        assert!(progress.has("shape") && !progress.has("learns"));
        let mut own = shelf.load("of-my-own");
        own.predictions.insert("depth".into(), Predicted { answer: "seven".into(), ..Predicted::default() });
        shelf.save(&own).unwrap();
        shelf.keep_teaching(&Teaching::default()).unwrap();
        let handed_in: Vec<Progress> =
            serde_json::from_str(&shelf.export(&["other", "first-convnet"])).unwrap();
        let names: Vec<&str> = handed_in.iter().map(|progress| progress.lesson.as_str()).collect();
        assert_eq!(names, ["first-convnet", "of-my-own"]);
        assert_eq!(handed_in[0], progress);
        shelf.reset("first-convnet").unwrap();
        shelf.reset("first-convnet").unwrap();
        assert!(!shelf.load("first-convnet").is_begun());
    }

    #[test]
    fn what_an_instructor_sets_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().to_path_buf());
        assert_eq!(shelf.teaching(), Teaching::default());
        let teaching = Teaching { reveal: true, ..Teaching::default() };
        shelf.keep_teaching(&teaching).unwrap();
        assert_eq!(shelf.teaching(), teaching);
    }

    #[test]
    fn a_damaged_file_is_a_fresh_start_and_no_name_leads_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().to_path_buf());
        std::fs::write(folder.path().join("a.json"), "{ not json").unwrap();
        assert!(!shelf.load("a").is_begun());
        assert_eq!(shelf.file("../../etc/passwd"), folder.path().join("------etc-passwd.json"));
    }
}
