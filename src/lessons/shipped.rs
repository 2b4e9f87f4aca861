//! The lessons that ship with the program, embedded: one folder each in `lessons`, one line each here.

use std::path::Path;

use super::{Files, Lesson, files, read};
use crate::experiment::Problem;
use crate::experiment::words::{remedy, shortened};

/// A lesson's name and files.
type Shipped = (&'static str, &'static [(&'static str, &'static [u8])]);

/// A folder of `lessons` with the files in it.
macro_rules! lesson {
    ($name:literal: $($file:literal),+ $(,)?) => {
        ($name, &[$(($file, include_bytes!(concat!("../../lessons/", $name, "/", $file)).as_slice())),+])
    };
}

/// All of them, in the lecture's order.
static SHIPPED: &[Shipped] = &[
    lesson!("perceptron-to-layers": "lesson.toml", "lesson.md", "line.toml", "softmax.toml"),
    lesson!("one-filter": "lesson.toml", "lesson.md", "plain.toml"),
    lesson!("first-convnet": "lesson.toml", "lesson.md", "convnet.toml"),
    lesson!("structure-matters": "lesson.toml", "lesson.md", "convnet.toml", "connected.toml"),
    lesson!("non-linearities": "lesson.toml", "lesson.md", "relu.toml"),
    lesson!("normalisation": "lesson.toml", "lesson.md", "without.toml", "with.toml", "forgotten.toml"),
    lesson!("optimisers": "lesson.toml", "lesson.md", "convnet.toml"),
    lesson!("learning-rate": "lesson.toml", "lesson.md", "convnet.toml"),
    lesson!("batch-size": "lesson.toml", "lesson.md", "resnet-8.toml"),
    lesson!("what-a-unit-sees": "lesson.toml", "lesson.md", "strong-decay.toml"),
    lesson!("initialisation": "lesson.toml", "lesson.md", "relu-22.toml", "relu-30.toml"),
    lesson!("simply-stacking": "lesson.toml", "lesson.md", "plain-20.toml", "plain-56.toml"),
    lesson!("residual-learning": "lesson.toml", "lesson.md", "plain-56.toml", "resnet-20.toml", "resnet-56.toml"),
    lesson!("going-deeper": "lesson.toml", "lesson.md"),
    lesson!("more-data-worse-labels": "lesson.toml", "lesson.md", "lenet.toml"),
];

/// The names, in the lecture's order.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The lesson of this name.
///
/// # Errors
/// There is none, with the nearest name. That those that ship are without mistakes is checked by a test.
pub fn get(name: &str) -> Result<Lesson, Problem> {
    let Some((name, files)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) else {
        let asked = shortened(name);
        return Err(Problem::new(format!("There is no lesson `{asked}`{}", remedy(name, names()))));
    };
    read(name, Files::of_bytes(format!("lessons/{name}"), files.iter().copied()))
}

/// The lesson that a person asks for: by the name or number of one that ships, or by the path of a folder or
/// zip archive.
///
/// # Errors
/// None of them, or a lesson with a mistake in it.
pub fn resolve(asked: &str) -> Result<Lesson, Problem> {
    let path = Path::new(asked);
    let is_path = asked.contains(['/', '\\', '.']);
    if !is_path && (names().any(|name| name == asked) || !path.exists()) {
        let by_number = asked.parse::<usize>().ok().and_then(|number| {
            names().find(|name| get(name).is_ok_and(|lesson| lesson.number == Some(number)))
        });
        return get(by_number.unwrap_or(asked));
    }
    read_at(path)
}

/// The lesson in a folder, that of a `lesson.toml`, or that in a zip archive, by the name of folder or archive.
///
/// # Errors
/// Nothing there, or a lesson with a mistake in it.
pub fn read_at(path: &Path) -> Result<Lesson, Problem> {
    let is_settings = path.is_file() && path.file_name().is_some_and(|name| name == files::SETTINGS);
    let here = Path::new(".");
    let path = match path.parent().filter(|_| is_settings) {
        Some(folder) if folder.as_os_str().is_empty() => here,
        Some(folder) => folder,
        None => path,
    };
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name =
        resolved.file_stem().map_or_else(|| "lesson".into(), |stem| stem.to_string_lossy().into_owned());
    read(&name, Files::open(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_ship_are_without_mistakes() {
        for name in names() {
            let lesson = get(name).unwrap_or_else(|problem| panic!("{problem}"));
            assert!(!lesson.checks.is_empty(), "{name} checks nothing");
            assert!(lesson.summary.ends_with('.'), "{name}: {}", lesson.summary);
        }
        let numbers: Vec<_> = names().map(|name| get(name).expect("it ships").number).collect();
        assert!(numbers.is_sorted(), "they stand in the lecture's order: {numbers:?}");
    }

    #[test]
    fn every_folder_and_file_ships() {
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lessons"));
        for folder in std::fs::read_dir(root).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
            let name = folder.file_name().into_string().unwrap();
            let (_, files) = SHIPPED.iter().find(|(shipped, _)| *shipped == name).expect("it is registered");
            let there = Files::open(&folder.path()).unwrap();
            let embedded: std::collections::BTreeSet<&str> = files.iter().map(|(file, _)| *file).collect();
            assert_eq!(there.names().collect::<Vec<_>>(), embedded.into_iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn a_lesson_is_found_by_name_and_number() {
        assert_eq!(resolve("2").unwrap().name, "first-convnet");
        assert_eq!(
            resolve("first-convent").unwrap_err().to_string(),
            "There is no lesson `first-convent`; did you mean `first-convnet`?"
        );
        assert!(resolve("./nowhere").unwrap_err().to_string().contains("no such folder or archive"));
    }
}
