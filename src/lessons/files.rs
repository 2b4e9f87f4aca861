//! The files of a lesson, read into memory once: from the program itself, from a folder or from a zip archive.
//!
//! Nothing else of a lesson is ever opened, so that no name in it can lead outside. Hidden files and files of
//! other kinds are passed over; what is larger or deeper than a lesson needs to be is refused.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::experiment::words::{nearest, shortened};
use crate::experiment::{Problem, figures};

/// The settings, experiments, predictions and checks.
pub const SETTINGS: &str = "lesson.toml";
/// What the student reads.
pub const TEXT: &str = "lesson.md";

/// Kinds of file that a lesson is made of, by their endings.
const ENDINGS: [&str; 5] = ["toml", "md", "png", "jpg", "jpeg"];
const MOST_FILES: usize = 256;
const MOST_BYTES: u64 = 32 << 20;
const MOST_BYTES_EACH: u64 = 8 << 20;
/// The longest text that is read as Markdown or settings.
const MOST_TEXT: usize = 512 << 10;
const DEEPEST: usize = 3;

/// What lies in a lesson's folder.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Where it came from, for messages: a folder, an archive, `lessons/first-convnet`.
    pub root: PathBuf,
    /// `(path inside the folder with "/" between names, bytes)`.
    files: BTreeMap<String, Vec<u8>>,
    /// Links, which are not followed.
    links: Vec<String>,
}

impl Files {
    /// Whether a path leads to a lesson by the look of it: a folder with a `lesson.toml`, that file itself, or a zip
    /// archive.
    pub fn is_lesson(path: &Path) -> bool {
        let is_archive = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
        let is_settings = path.file_name().is_some_and(|name| name == SETTINGS);
        path.join(SETTINGS).is_file() || (path.is_file() && (is_archive || is_settings))
    }

    /// Files that are part of the program, or made up by a test.
    pub fn of_bytes<'a>(
        root: impl Into<PathBuf>,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect();
        Self { root: root.into(), files, links: Vec::new() }
    }

    /// Reads a folder, or an archive where the path leads to a file.
    ///
    /// # Errors
    /// What cannot be read, is too large, or is no folder or archive of a lesson.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let mut files = Self { root: path.to_path_buf(), ..Self::default() };
        if path.is_dir() {
            files.read_folder(path, "", 0)?;
        } else if path.exists() {
            files.read_archive(path)?;
        } else {
            return Err(Problem::new("There is no such folder or archive.").in_file(path));
        }
        files.check_whole()?;
        Ok(files)
    }

    fn check_whole(&self) -> Result<(), Problem> {
        for name in [SETTINGS, TEXT] {
            if !self.files.contains_key(name) {
                let remedy =
                    "A lesson has `lesson.toml` and `lesson.md`; `convscope lesson new NAME` writes both.";
                let what = if self.is_link(name) { "is a link, which is not followed" } else { "is missing" };
                return Err(self.problem(name, format!("`{name}` {what}. {remedy}")));
            }
        }
        Ok(())
    }

    /// A complaint about one of the files.
    pub fn problem(&self, name: &str, message: impl Into<String>) -> Problem {
        Problem::new(message).in_file(&self.root.join(name))
    }

    fn is_link(&self, name: &str) -> bool {
        self.links.iter().any(|link| link == name)
    }

    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A file that a lesson names, or the complaint that there is none; `ending` is a word for its kind.
    pub fn find(&self, name: &str) -> Result<&[u8], String> {
        if let Some(bytes) = self.bytes(name) {
            return Ok(bytes);
        }
        let short = shortened(name);
        if self.is_link(name) {
            return Err(format!(
                "`{short}` is a link, which is not followed. Copy the file into the folder."
            ));
        }
        if name.starts_with(['/', '\\']) || name.contains("..") || name.contains(':') {
            return Err(format!(
                "`{short}` leads out of the lesson's folder. Copy the file into it and give its name."
            ));
        }
        Err(match nearest(name, self.names()) {
            Some(meant) => format!("There is no file `{short}` in the folder; did you mean `{meant}`?"),
            None => format!("There is no file `{short}` in the folder. Put it there, or take its name out."),
        })
    }

    /// A file as text.
    ///
    /// # Errors
    /// None of this name, too long, or no text in UTF-8.
    pub fn text(&self, name: &str) -> Result<&str, Problem> {
        let bytes = self.find(name).map_err(|message| self.problem(name, message))?;
        if bytes.len() > MOST_TEXT {
            let message = format!("The file is longer than the {MOST_TEXT} bytes that a text may have.");
            return Err(self.problem(name, message));
        }
        std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            self.problem(name, "The file is no text in UTF-8. Save it in that encoding.").at_line(line)
        })
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), Problem> {
        let cannot = |error: std::io::Error| {
            Problem::new(format!("The folder cannot be read: {error}.")).in_file(folder)
        };
        let mut entries: Vec<_> = fs::read_dir(folder).map_err(cannot)?.flatten().collect();
        entries.sort_by_key(|entry| entry.file_name());
        for entry in entries {
            let Ok(own) = entry.file_name().into_string() else { continue };
            let name = format!("{prefix}{own}");
            let Ok(kind) = entry.file_type() else { continue };
            if own.starts_with('.') {
                continue;
            }
            if kind.is_symlink() {
                self.links.push(name);
            } else if kind.is_dir() && depth < DEEPEST {
                self.read_folder(&entry.path(), &format!("{name}/"), depth + 1)?;
            } else if kind.is_file() && has_known_ending(&own) {
                let file = File::open(entry.path())
                    .map_err(|error| self.problem(&name, format!("The file cannot be read: {error}.")))?;
                self.keep(name, file)?;
            }
        }
        Ok(())
    }

    fn read_archive(&mut self, path: &Path) -> Result<(), Problem> {
        let not_archive = |cause: String| {
            Problem::new(format!("This is no folder and no zip archive of a lesson ({cause}).")).in_file(path)
        };
        let file = File::open(path).map_err(|error| not_archive(error.to_string()))?;
        let mut archive = zip::ZipArchive::new(file).map_err(|error| not_archive(error.to_string()))?;
        if archive.len() > 4 * MOST_FILES {
            return Err(not_archive(format!("it has {} entries", archive.len())));
        }
        for i in 0..archive.len() {
            let entry = archive.by_index(i).map_err(|error| not_archive(error.to_string()))?;
            let name = entry.name().map_err(|error| not_archive(error.to_string()))?.replace('\\', "/");
            if entry.enclosed_name().is_none() || name.split('/').any(|part| part == "..") {
                let message = format!(
                    "The archive holds `{}`, which leads out of its folder. Pack the lesson's folder itself.",
                    shortened(&name)
                );
                return Err(Problem::new(message).in_file(path));
            }
            let is_hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
            if entry.is_symlink() {
                self.links.push(name);
            } else if entry.is_file() && !is_hidden && has_known_ending(&name) {
                self.keep(name, entry)?;
            }
        }
        self.leave_common_folder();
        Ok(())
    }

    /// An archive may hold the folder or what is in it.
    fn leave_common_folder(&mut self) {
        let Some(settings) = self.files.keys().find(|name| name.rsplit('/').next() == Some(SETTINGS)) else {
            return;
        };
        let prefix = settings[..settings.len() - SETTINGS.len()].to_string();
        let strip = |name: &String| name.strip_prefix(&prefix).map(str::to_string);
        let links = self.links.iter().filter_map(strip).collect();
        let files = std::mem::take(&mut self.files);
        self.files = files.into_iter().filter_map(|(name, bytes)| Some((strip(&name)?, bytes))).collect();
        self.links = links;
    }

    /// Reads one file, within bounds whatever its header says.
    fn keep(&mut self, name: String, source: impl Read) -> Result<(), Problem> {
        let mut bytes = Vec::new();
        if let Err(error) = source.take(MOST_BYTES_EACH + 1).read_to_end(&mut bytes) {
            return Err(self.problem(&name, format!("The file cannot be read: {error}.")));
        }
        let total: u64 = self.files.values().map(|bytes| bytes.len() as u64).sum();
        let too_much = if bytes.len() as u64 > MOST_BYTES_EACH {
            Some(format!("The file is larger than {}.", figures::bytes(MOST_BYTES_EACH)))
        } else if total + bytes.len() as u64 > MOST_BYTES {
            Some(format!("The lesson is larger than {}.", figures::bytes(MOST_BYTES)))
        } else if self.files.len() == MOST_FILES {
            Some(format!("The lesson has more than {MOST_FILES} files."))
        } else {
            None
        };
        if let Some(what) = too_much {
            return Err(self.problem(&name, format!("{what} Take out what the lesson does not need.")));
        }
        self.files.insert(name, bytes);
        Ok(())
    }
}

fn has_known_ending(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}
