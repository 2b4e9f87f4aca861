//! The keys of the experiment file, each with how it is read and how it is written: one line of registration
//! for the reader, the writer and `--set`.

use super::named;
use super::node::{Node, number_text, pair_text};
use super::values;
use crate::experiment::words::listed;
use crate::experiment::{Data, Experiment, MAX_SIDE, Normalise, Problem, Schedule, Train};

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
pub(super) const KEYS: [Key; 28] = [
    key("", "title", |e, v| put(&mut e.title, values::text(v)), |e| Some(values::quoted(&e.title))),
    key("", "seed", |e, v| put(&mut e.seed, v.seed()), |e| Some(e.seed.to_string())),
    key(
        "data",
        "source",
        |e, v| put(&mut e.data.source, values::source(v)),
        |e| Some(values::quoted(&e.data.source)),
    ),
    key(
        "data",
        "train",
        |e, v| put(&mut e.data.train, values::subset(v)),
        |e| e.data.train.map(|n| n.to_string()),
    ),
    key(
        "data",
        "test",
        |e, v| put(&mut e.data.test, values::subset(v)),
        |e| e.data.test.map(|n| n.to_string()),
    ),
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
        values::normalise_text,
    ),
    key(
        "data",
        "augment",
        |e, v| values::read_augment(&mut e.data.augment, v),
        |e| values::augment_text(e.data.augment),
    ),
    key(
        "data",
        "noise",
        |e, v| values::read_noise(&mut e.data.noise, v),
        |e| values::noise_text(&e.data.noise),
    ),
    key(
        "data",
        "permute",
        |e, v| put(&mut e.data.permute, v.optional_seed()),
        |e| e.data.permute.map(|seed| seed.to_string()),
    ),
    key(
        "data",
        "hold-out",
        |e, v| put(&mut e.data.hold_out, values::or_none(v, |v| v.number(Data::HOLD_OUT))),
        |e| e.data.hold_out.map(number_text),
    ),
    key("network", "preset", |e, v| put(&mut e.network, values::preset(v)), values::preset_text),
    key("network", "input", values::read_input, values::input_text),
    key("network", "layers", values::read_network, values::network_text),
    key(
        "train",
        "loss",
        |e, v| named::read(&mut e.train.loss, v),
        |e| (e.train.loss != Train::default().loss).then(|| named::text(&e.train.loss)),
    ),
    key(
        "train",
        "optimiser",
        |e, v| named::read(&mut e.train.optimiser, v),
        |e| Some(named::text(&e.train.optimiser)),
    ),
    key(
        "train",
        "rate",
        |e, v| put(&mut e.train.rate, v.number(Train::RATE)),
        |e| Some(number_text(e.train.rate)),
    ),
    key(
        "train",
        "reference-batch",
        |e, v| put(&mut e.train.reference_batch, values::or_none(v, |v| v.count(Train::BATCH))),
        |e| e.train.reference_batch.map(|batch| batch.to_string()),
    ),
    key(
        "train",
        "warm-up",
        |e, v| values::read_warm_up(&mut e.train.warm_up, v),
        |e| values::warm_up_text(e.train.warm_up),
    ),
    key(
        "train",
        "schedule",
        |e, v| named::read(&mut e.train.schedule, v),
        |e| (e.train.schedule != Schedule::Constant).then(|| named::text(&e.train.schedule)),
    ),
    key(
        "train",
        "weight-decay",
        |e, v| put(&mut e.train.weight_decay, v.number(Train::WEIGHT_DECAY)),
        values::weight_decay_text,
    ),
    key(
        "train",
        "decay-all",
        |e, v| put(&mut e.train.decay_all, v.flag()),
        |e| e.train.decay_all.then(|| "true".into()),
    ),
    key(
        "train",
        "clip",
        |e, v| put(&mut e.train.clip, values::or_none(v, |v| v.number(Train::CLIP))),
        |e| e.train.clip.map(number_text),
    ),
    key(
        "train",
        "batch",
        |e, v| put(&mut e.train.batch, v.count(Train::BATCH)),
        |e| Some(e.train.batch.to_string()),
    ),
    key(
        "train",
        "epochs",
        |e, v| put(&mut e.train.epochs, v.count(Train::EPOCHS)),
        |e| Some(e.train.epochs.to_string()),
    ),
    key(
        "train",
        "initialisation",
        |e, v| named::read(&mut e.train.initialisation, v),
        |e| {
            let start = &e.train.initialisation;
            (*start != Train::default().initialisation).then(|| named::text(start))
        },
    ),
    key(
        "train",
        "zero-residual",
        |e, v| put(&mut e.train.zero_residual, v.flag()),
        |e| e.train.zero_residual.then(|| "true".into()),
    ),
];

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
