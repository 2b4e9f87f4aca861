//! The experiments that ship with the program, by name: one file each in `assets/experiments`, embedded.

use std::path::Path;

use super::words::{nearest, remedy, shortened};
use super::{Experiment, Problem, file};

/// The experiments of these names, `(name, text of the file)`.
macro_rules! ship {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../assets/experiments/", $name, ".toml")))),*]
    };
}

/// All of them, in the order of a menu.
const SHIPPED: &[(&str, &str)] = ship![
    "quickstart",
    "lenet-glyphs",
    "lenet-mnist",
    "lenet-fashion-mnist",
    "mlp-mnist",
    "plain-20-shapes",
    "resnet-20-shapes",
    "plain-56-shapes",
    "resnet-56-shapes",
    "tags-scenes",
    "u-net-scene-masks",
    "plain-20-cifar-10",
    "resnet-20-cifar-10",
    "plain-56-cifar-10",
    "resnet-56-cifar-10",
];

/// The names, in the order of a menu.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The experiment of this name; `None` where none ships under it.
pub fn get(name: &str) -> Option<Experiment> {
    // That all of them can be read is checked by a test.
    file::parse(text(name)?).ok()
}

/// Its title, for a menu.
pub fn title(name: &str) -> Option<String> {
    get(name).map(|experiment| experiment.title)
}

/// What it shows, in a sentence: the comment on the first line of its file.
pub fn summary(name: &str) -> Option<&'static str> {
    text(name)?.lines().next()?.strip_prefix("# ")
}

/// The experiment that a person asks for by the name of one that ships, or else by the path of a file. To
/// read a file that has the name of one that ships, put a folder before it: `./quickstart`.
///
/// # Errors
/// Neither, with the nearest name; or a file that is no experiment.
pub fn resolve(name_or_path: &str) -> Result<Experiment, Problem> {
    if let Some(experiment) = get(name_or_path) {
        return Ok(experiment);
    }
    let path = Path::new(name_or_path);
    if path.exists() {
        return file::load(path);
    }
    let asked = shortened(name_or_path);
    let looks_like_path = name_or_path.contains(['/', '\\']) || name_or_path.ends_with(".toml");
    if !looks_like_path {
        return Err(Problem::new(format!(
            "There is no experiment `{asked}`{}",
            remedy(name_or_path, names())
        )));
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name_or_path);
    Err(Problem::new(match nearest(stem, names()) {
        Some(name) => format!("There is no file `{asked}`. One that ships is called `{name}`."),
        None => format!("There is no file `{asked}`."),
    }))
}

fn text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{NetworkChoice, Schedule};

    #[test]
    fn all_that_ship_can_be_read_and_say_what_they_show() {
        for (name, text) in SHIPPED {
            let experiment = file::parse(text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
            assert_eq!(get(name), Some(experiment.clone()));
            assert_ne!(experiment.title, "Untitled", "{name}");
            let summary = summary(name).unwrap_or_else(|| panic!("{name} has no comment on top"));
            assert!(summary.ends_with(['.', '?']) && summary.len() <= 108, "{name}: {summary}");
        }
    }

    /// The files are written as the program itself writes them, but for the comment.
    #[test]
    fn all_that_ship_are_in_the_form_of_the_writer() {
        for (name, text) in SHIPPED {
            let (_, body) = text.split_once('\n').unwrap();
            assert_eq!(file::write(&get(name).unwrap()), body, "{name}");
        }
    }

    #[test]
    fn every_file_in_the_folder_ships() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/experiments");
        for entry in std::fs::read_dir(folder).unwrap() {
            let file_name = entry.unwrap().file_name().into_string().unwrap();
            let name = file_name.strip_suffix(".toml").expect("only experiments lie there");
            assert!(names().any(|shipped| shipped == name), "{name} is not registered");
        }
    }

    /// He et al. 2015, section 4.2: 64,000 steps of 128 of 50,000 pictures are 164 epochs, 32,000 and 48,000
    /// are 82 and 123.
    #[test]
    fn cifar_is_trained_by_the_recipe_of_the_paper() {
        let experiment = get("resnet-20-cifar-10").unwrap();
        let epoch_of = |step: f64| (step * 128.0 / 50_000.0).round() as f32;
        let expected = Schedule::Steps { drop: 0.1, at: vec![epoch_of(32e3), epoch_of(48e3)] };
        assert_eq!((experiment.train.schedule, experiment.train.epochs), (expected, epoch_of(64e3) as usize));
    }

    /// Twins are compared with each other: they may differ in nothing but the network.
    #[test]
    fn plain_and_residual_twins_differ_in_the_network_only() {
        for data in ["shapes", "cifar-10"] {
            let reference = get(&format!("plain-20-{data}")).unwrap();
            for network in ["resnet-20", "plain-56", "resnet-56"] {
                let twin = get(&format!("{network}-{data}")).unwrap();
                assert_eq!(twin.network, NetworkChoice::Preset(network.into()));
                assert_eq!(
                    (twin.data, twin.train, twin.seed),
                    (reference.data.clone(), reference.train.clone(), 1)
                );
            }
        }
    }

    #[test]
    fn an_experiment_is_found_by_name_or_path() {
        assert_eq!(resolve("quickstart").unwrap(), get("quickstart").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quickstart.toml");
        std::fs::write(&path, "title = 'Mine'\nnetwork.preset = 'mlp'").unwrap();
        assert_eq!(resolve(path.to_str().unwrap()).unwrap().title, "Mine");
    }

    #[test]
    fn what_is_not_found_is_answered_with_the_nearest_name() {
        for (asked, expected) in [
            ("quikstart", "There is no experiment `quikstart`; did you mean `quickstart`?"),
            ("resnet-20", "There is no experiment `resnet-20`; did you mean `resnet-20-shapes`?"),
            (
                "nowhere/lenet-mnist.toml",
                "There is no file `nowhere/lenet-mnist.toml`. One that ships is called `lenet-mnist`.",
            ),
        ] {
            assert_eq!(resolve(asked).unwrap_err().to_string(), expected);
        }
        assert!(resolve("zebra").unwrap_err().message.contains("; there are `quickstart`, "));
    }
}
