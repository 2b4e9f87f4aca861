//! From an experiment to the text of a file.

use super::keys::{KEYS, SECTIONS};
use crate::experiment::Experiment;

/// The experiment as TOML. What the defaults say anyway is left out, except for what every run depends on;
/// [`parse`](super::parse) gives back the same experiment.
pub fn write(experiment: &Experiment) -> String {
    let mut text = section_text(experiment, "");
    for section in SECTIONS {
        text.push_str(&format!("\n[{section}]\n"));
        text.push_str(&section_text(experiment, section));
    }
    text
}

fn section_text(experiment: &Experiment, section: &str) -> String {
    let keys = KEYS.iter().filter(|key| key.section == section);
    keys.filter_map(|key| Some(format!("{} = {}\n", key.name, (key.write)(experiment)?))).collect()
}

#[cfg(test)]
mod tests;
