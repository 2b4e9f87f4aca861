//! From the text of a file to the experiment.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Problem;
use super::keys::{KEYS, SECTIONS, unknown_key};
use super::node::{Document, Node};
use crate::experiment::{Experiment, NetworkChoice};

/// The longest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Reads an experiment from TOML 1.1.
///
/// # Errors
/// The first thing that is wrong, with its line: text that is no TOML, an unknown key, a value of the wrong
/// type or out of bounds, no network or two of them, more layers than there may be. Whether the shapes fit
/// is not looked at here.
pub fn parse(text: &str) -> Result<Experiment, Problem> {
    if text.len() > MAX_BYTES {
        return Err(too_long());
    }
    let document = Document::parse(text)?;
    let entries = document.entries();
    // Without layers, so that `input` may stand before them.
    let network = NetworkChoice::Layers { input: None, layers: Vec::new() };
    let mut experiment = Experiment { network, ..Experiment::default() };
    check_network(&entries)?;
    for entry in &entries {
        overlay_entry(&mut experiment, entry)?;
    }
    Ok(experiment)
}

/// Changes what a table mentions, which is written as an experiment's file is: `{ train.rate = 0.1 }`.
///
/// # Errors
/// The first thing that is wrong, with its line; what stands before it has then been changed.
pub fn overlay(experiment: &mut Experiment, table: &Node<'_>) -> Result<(), Problem> {
    let entries = table.table("a table of an experiment's keys, such as { train.rate = 0.1 }")?;
    entries.iter().try_for_each(|entry| overlay_entry(experiment, entry))
}

/// Reads the experiment in a file.
///
/// # Errors
/// Those of [`parse`], a file that cannot be opened, is too long or is no text; all with the path.
pub fn load(path: &Path) -> Result<Experiment, Problem> {
    load_text(path).map(|(experiment, _)| experiment)
}

/// [`load`], with the text of the file.
///
/// # Errors
/// Those of [`load`].
pub fn load_text(path: &Path) -> Result<(Experiment, String), Problem> {
    let read = read_text(path).and_then(|text| Ok((parse(&text)?, text)));
    read.map_err(|problem| problem.in_file(path))
}

fn read_text(path: &Path) -> Result<String, Problem> {
    let cannot = |error: std::io::Error| Problem::new(format!("The file cannot be read: {error}."));
    if path.is_dir() {
        return Err(Problem::new("This is a folder; an experiment is a file, `something.toml`."));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    // One byte more than allowed tells a file that is too long without reading all of it.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_long());
    }
    String::from_utf8(bytes).map_err(|error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        Problem::new("The file is no text in UTF-8, as an experiment must be.").at_line(line)
    })
}

fn too_long() -> Problem {
    Problem::new(format!("The file is longer than the {MAX_BYTES} bytes that an experiment may have."))
}

/// Reads one entry of the top: a section or a key. A table changes only what it mentions.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn overlay_entry(experiment: &mut Experiment, entry: &Node<'_>) -> Result<(), Problem> {
    if !SECTIONS.contains(&entry.name) {
        return read_key(experiment, "", entry);
    }
    let inside = entry.table(format!("a table, `[{}]`", entry.name))?;
    inside.iter().try_for_each(|inner| read_key(experiment, entry.name, inner))
}

fn read_key(experiment: &mut Experiment, section: &str, entry: &Node<'_>) -> Result<(), Problem> {
    match KEYS.iter().find(|key| key.section == section && key.name == entry.name) {
        Some(key) => (key.read)(experiment, entry),
        None => Err(unknown_key(section, entry)),
    }
}

/// A file must give the network, and only once.
fn check_network(entries: &[Node<'_>]) -> Result<(), Problem> {
    let remedy = "Give `preset = \"resnet-20\"` or `layers = [ … ]`";
    let Some(network) = entries.iter().find(|entry| entry.name == "network") else {
        // A slip in the name of the table is the better complaint.
        let strays = entries.iter().filter(|entry| entry.is_table() && !SECTIONS.contains(&entry.name));
        let stray = strays.map(|entry| unknown_key("", entry)).next();
        return Err(stray
            .unwrap_or_else(|| Problem::new(format!("There is no network. {remedy} under `[network]`."))));
    };
    let inside = network.table("a table, `[network]`")?;
    let has = |name: &str| inside.iter().find(|entry| entry.name == name);
    match (has("preset"), has("layers"), has("input")) {
        (Some(_), Some(layers), _) => {
            Err(layers.problem("A network is either a `preset` or its `layers`, not both. Leave one out."))
        }
        (Some(_), None, Some(input)) => Err(input
            .problem("`input` belongs to `layers`; a preset takes the shape of the pictures. Leave it out.")),
        (None, None, _) => {
            let known = super::keys::names_in("network");
            let stray = inside.iter().find(|entry| !known.contains(&entry.name));
            Err(match stray {
                Some(entry) => unknown_key("network", entry),
                None => network.problem(format!("There is no network here. {remedy}.")),
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
