//! The keys of the experiment file, each with how it is read and how it is written: one line of registration
//! for the reader, the writer and `--set`.

use super::node::{Node, listed, number_text};
use super::optimiser;
use super::read_layers::read_layers;
use super::write_layers::layers_text;
use crate::experiment::{
    Augment, Data, Experiment, Initialisation, NetworkChoice, Normalise, Problem, Schedule, Train, presets,
};
use crate::tensor::Extent;

/// One key of the file.
pub(super) struct Key {
    /// The table it stands in; empty for the top level.
    pub section: &'static str,
    pub name: &'static str,
    /// Reads the value into the experiment. A table changes only what it mentions.
    pub read: fn(&mut Experiment, &Node<'_>) -> Result<(), Problem>,
    /// The value as TOML; `None` where the key can be left out.
    pub write: fn(&Experiment) -> Option<String>,
}

/// The tables of the file, in the order in which they are written.
pub(super) const SECTIONS: [&str; 3] = ["data", "network", "train"];

/// All keys, in the order in which they are written. What every run depends on is always written, so that a
/// file keeps its meaning should a default change.
pub(super) const KEYS: [Key; 19] = [
    key("", "title", |e, v| put(&mut e.title, text(v)), |e| Some(quoted(&e.title))),
    key("", "seed", |e, v| put(&mut e.seed, v.seed()), |e| Some(e.seed.to_string())),
    key("data", "source", |e, v| put(&mut e.data.source, source(v)), |e| Some(quoted(&e.data.source))),
    key("data", "train", |e, v| put(&mut e.data.train, subset(v)), |e| e.data.train.map(|n| n.to_string())),
    key("data", "test", |e, v| put(&mut e.data.test, subset(v)), |e| e.data.test.map(|n| n.to_string())),
    key(
        "data",
        "size",
        |e, v| put(&mut e.data.size, v.pair(1..=MAX_SIDE).map(Some)),
        |e| e.data.size.map(pair_text),
    ),
    key(
        "data",
        "shuffle",
        |e, v| put(&mut e.data.shuffle, v.flag()),
        |e| (!e.data.shuffle).then(|| "false".into()),
    ),
    key(
        "data",
        "normalise",
        |e, v| put(&mut e.data.normalise, v.choice(&Normalise::ALL, Normalise::name)),
        normalise_text,
    ),
    key("data", "augment", |e, v| read_augment(&mut e.data.augment, v), |e| augment_text(e.data.augment)),
    key("network", "preset", |e, v| put(&mut e.network, preset(v)), preset_text),
    key("network", "input", read_input, input_text),
    key("network", "layers", read_network, network_text),
    key(
        "train",
        "optimiser",
        |e, v| optimiser::read(&mut e.train.optimiser, v),
        |e| Some(optimiser::text(e.train.optimiser)),
    ),
    key(
        "train",
        "rate",
        |e, v| put(&mut e.train.rate, v.number(0.0..=1000.0)),
        |e| Some(number_text(e.train.rate)),
    ),
    key(
        "train",
        "schedule",
        |e, v| read_schedule(&mut e.train.schedule, v),
        |e| schedule_text(&e.train.schedule),
    ),
    key(
        "train",
        "weight-decay",
        |e, v| put(&mut e.train.weight_decay, v.number(0.0..=1000.0)),
        weight_decay_text,
    ),
    key(
        "train",
        "batch",
        |e, v| put(&mut e.train.batch, v.count(1..=65_536)),
        |e| Some(e.train.batch.to_string()),
    ),
    key(
        "train",
        "epochs",
        |e, v| put(&mut e.train.epochs, v.count(1..=1_000_000)),
        |e| Some(e.train.epochs.to_string()),
    ),
    key(
        "train",
        "initialisation",
        |e, v| put(&mut e.train.initialisation, v.choice(&Initialisation::ALL, Initialisation::name)),
        initialisation_text,
    ),
];

/// The longest side of a picture.
const MAX_SIDE: usize = 8192;
const MAX_CHANNELS: usize = 65_536;
const MAX_PICTURES: usize = 1_000_000_000;
/// The most milestones of a schedule.
const MAX_STEPS: usize = 1000;

const fn key(
    section: &'static str,
    name: &'static str,
    read: fn(&mut Experiment, &Node<'_>) -> Result<(), Problem>,
    write: fn(&Experiment) -> Option<String>,
) -> Key {
    Key { section, name, read, write }
}

impl Key {
    /// The key with its table, as on the command line: `train.rate`.
    pub fn full_name(&self) -> String {
        match self.section {
            "" => self.name.into(),
            section => format!("{section}.{}", self.name),
        }
    }
}

fn put<T>(place: &mut T, read: Result<T, Problem>) -> Result<(), Problem> {
    *place = read?;
    Ok(())
}

fn text(node: &Node<'_>) -> Result<String, Problem> {
    node.string("a text in quotes").map(str::to_string)
}

fn source(node: &Node<'_>) -> Result<String, Problem> {
    let expected = "the name of a data set or the path to one, in quotes";
    match node.string(expected)? {
        "" => Err(node.wrong(expected)),
        source => Ok(source.to_string()),
    }
}

fn subset(node: &Node<'_>) -> Result<Option<usize>, Problem> {
    let expected = format!("a whole number from 1 to {MAX_PICTURES}, or \"all\"");
    match node.as_str() {
        Some("all") => Ok(None),
        _ => node.count_or(1..=MAX_PICTURES, expected).map(Some),
    }
}

fn read_augment(augment: &mut Augment, node: &Node<'_>) -> Result<(), Problem> {
    let expected = "a table such as { flip = true, crop = 4 }, or \"none\"";
    if node.as_str() == Some("none") {
        *augment = Augment::default();
        return Ok(());
    }
    for entry in node.table(expected)? {
        match entry.name {
            "flip" => augment.flip = entry.flag()?,
            "crop" => augment.crop = entry.count(0..=64)?,
            _ => return Err(entry.unknown("`augment`", &["flip", "crop"])),
        }
    }
    Ok(())
}

fn preset(node: &Node<'_>) -> Result<NetworkChoice, Problem> {
    let name = node.string("the name of a preset such as \"resnet-20\"")?;
    presets::check(name).map_err(|problem| node.problem(problem.message))?;
    Ok(NetworkChoice::Preset(name.to_string()))
}

fn read_input(experiment: &mut Experiment, node: &Node<'_>) -> Result<(), Problem> {
    let NetworkChoice::Layers { input, .. } = &mut experiment.network else {
        return Err(node.problem(
            "`input` belongs to `layers`; a preset takes the shape of the pictures. Leave it out.",
        ));
    };
    let expected = format!(
        "the shape of a picture, [channels, height, width], with up to {MAX_CHANNELS} channels and \
         {MAX_SIDE} pixels to a side"
    );
    let items = node.list().ok_or_else(|| node.wrong(&expected))?;
    let [channels, height, width] = items.as_slice() else {
        return Err(node.wrong(&expected));
    };
    *input = Some(Extent::new(
        channels.count_or(1..=MAX_CHANNELS, &expected)?,
        height.count_or(1..=MAX_SIDE, &expected)?,
        width.count_or(1..=MAX_SIDE, &expected)?,
    ));
    Ok(())
}

fn read_network(experiment: &mut Experiment, node: &Node<'_>) -> Result<(), Problem> {
    let input = match experiment.network {
        NetworkChoice::Layers { input, .. } => input,
        NetworkChoice::Preset(_) => None,
    };
    experiment.network = NetworkChoice::Layers { input, layers: read_layers(node)? };
    Ok(())
}

fn read_schedule(schedule: &mut Schedule, node: &Node<'_>) -> Result<(), Problem> {
    let expected = "\"constant\" or a table such as { drop = 0.1, at = [82, 123] }, in epochs";
    if node.as_str() == Some("constant") {
        *schedule = Schedule::Constant;
        return Ok(());
    }
    // A table changes a stepped rate; over a constant one it must say both.
    let (mut drop, mut at) = match schedule {
        Schedule::Constant => (None, None),
        Schedule::Steps { drop, at } => (Some(*drop), Some(at.clone())),
    };
    for entry in node.table(expected)? {
        match entry.name {
            "drop" => drop = Some(entry.number(0.0..=1.0)?),
            "at" => at = Some(milestones(&entry)?),
            _ => return Err(entry.unknown("`schedule`", &["drop", "at"])),
        }
    }
    match (drop, at) {
        (Some(drop), Some(at)) => *schedule = Schedule::Steps { drop, at },
        (None, _) => {
            return Err(node.problem("`schedule` lacks `drop`, the factor on the rate at each step."));
        }
        (_, None) => return Err(node.problem("`schedule` lacks `at`, the epochs at which the rate drops.")),
    }
    Ok(())
}

fn milestones(node: &Node<'_>) -> Result<Vec<f32>, Problem> {
    let expected = format!("a list of up to {MAX_STEPS} epochs, such as [82, 123]");
    let items = node.list().filter(|items| items.len() <= MAX_STEPS).ok_or_else(|| node.wrong(expected))?;
    items.iter().map(|item| item.number(0.0..=1e6)).collect()
}

/// A string in TOML's quotes.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// One number for both directions where they agree.
pub(super) fn pair_text([height, width]: [usize; 2]) -> String {
    if height == width { height.to_string() } else { format!("[{height}, {width}]") }
}

fn normalise_text(experiment: &Experiment) -> Option<String> {
    let normalise = experiment.data.normalise;
    (normalise != Data::default().normalise).then(|| quoted(normalise.name()))
}

fn augment_text(augment: Augment) -> Option<String> {
    let flip = augment.flip.then(|| "flip = true".to_string());
    let crop = (augment.crop > 0).then(|| format!("crop = {}", augment.crop));
    let settings: Vec<String> = flip.into_iter().chain(crop).collect();
    (!settings.is_empty()).then(|| format!("{{ {} }}", settings.join(", ")))
}

fn preset_text(experiment: &Experiment) -> Option<String> {
    match &experiment.network {
        NetworkChoice::Preset(name) => Some(quoted(name)),
        NetworkChoice::Layers { .. } => None,
    }
}

fn input_text(experiment: &Experiment) -> Option<String> {
    match experiment.network {
        NetworkChoice::Layers { input: Some(input), .. } => {
            Some(format!("[{}, {}, {}]", input.channels, input.height, input.width))
        }
        _ => None,
    }
}

fn network_text(experiment: &Experiment) -> Option<String> {
    match &experiment.network {
        NetworkChoice::Layers { layers, .. } => Some(layers_text(layers)),
        NetworkChoice::Preset(_) => None,
    }
}

fn schedule_text(schedule: &Schedule) -> Option<String> {
    match schedule {
        Schedule::Constant => None,
        Schedule::Steps { drop, at } => {
            let at: Vec<String> = at.iter().map(|&epoch| number_text(epoch)).collect();
            Some(format!("{{ drop = {}, at = [{}] }}", number_text(*drop), at.join(", ")))
        }
    }
}

fn weight_decay_text(experiment: &Experiment) -> Option<String> {
    let decay = experiment.train.weight_decay;
    (decay != 0.0).then(|| number_text(decay))
}

fn initialisation_text(experiment: &Experiment) -> Option<String> {
    let initialisation = experiment.train.initialisation;
    (initialisation != Train::default().initialisation).then(|| quoted(initialisation.name()))
}

/// Names of the keys in a section, for a complaint about one that is none of them.
pub(super) fn names_in(section: &str) -> Vec<&'static str> {
    KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect()
}

/// The complaint about a key that the section does not have. A key that another section has is sent there.
pub(super) fn unknown_key(section: &str, entry: &Node<'_>) -> Problem {
    let homes: Vec<&str> = KEYS.iter().filter(|key| key.name == entry.name).map(|key| key.section).collect();
    match (homes.as_slice(), section) {
        ([], "") => {
            let known: Vec<&str> = names_in("").into_iter().chain(SECTIONS).collect();
            entry.unknown("an experiment", &known)
        }
        ([], _) => entry.unknown(&format!("`[{section}]`"), &names_in(section)),
        ([""], _) => entry.problem(format!("`{}` belongs at the top, before `[data]`.", entry.name)),
        (homes, _) => {
            let homes: Vec<String> = homes.iter().map(|home| format!("[{home}]")).collect();
            let homes: Vec<&str> = homes.iter().map(String::as_str).collect();
            entry.problem(format!("`{}` belongs under {}.", entry.name, listed(&homes, "or")))
        }
    }
}
