//! Single keys changed from outside the file: `--set train.batch=32`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;
use super::keys::{KEYS, Key, SECTIONS, names_in};
use super::node::Node;
use crate::experiment::Experiment;
use crate::experiment::layers::MAX_DEPTH;
use crate::experiment::words::{listed, nearest, shortened};

impl Experiment {
    /// Changes one key of the file: `train.rate`, `data.source`, `train.schedule.drop`. The value is TOML,
    /// else a plain string. A table changes only what it mentions.
    ///
    /// # Errors
    /// An unknown key or a value that it cannot have; the experiment is left as it was.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        let (known, inner) = find(key)?;
        let mut value = match DeValue::parse(value.trim()) {
            Ok(parsed) => parsed.into_inner(),
            Err(_) => DeValue::String(value.into()),
        };
        for name in inner.iter().rev() {
            let mut table = DeTable::new();
            table.insert(Spanned::new(0..0, (*name).into()), Spanned::new(0..0, value));
            value = DeValue::Table(table);
        }
        let mut changed = self.clone();
        let name = known.full_name();
        (known.read)(&mut changed, &Node::alone(&name, &value))?;
        *self = changed;
        Ok(())
    }
}

/// The key of this name, which is one of the file's own and leads no further into its table.
pub(super) fn known(key: &str) -> Result<&'static Key, Problem> {
    let (known, inner) = find(key)?;
    match inner.is_empty() {
        true => Ok(known),
        false => {
            let name = known.full_name();
            Err(Problem::new(format!("`{}` is a part of `{name}`. Name that.", shortened(key))))
        }
    }
}

/// The key of the file that `key` begins with, and the names that lead on into its table.
fn find(key: &str) -> Result<(&'static Key, Vec<&str>), Problem> {
    let key = key.trim();
    for known in &KEYS {
        if let Some(rest) = key.strip_prefix(&known.full_name()) {
            let inner: Vec<&str> = rest.split('.').skip(1).collect();
            if (rest.is_empty() || rest.starts_with('.')) && inner.len() <= MAX_DEPTH {
                return Ok((known, inner));
            }
        }
    }
    Err(Problem::new(format!("There is no key `{}`{}", shortened(key), remedy_for(key))))
}

/// How the sentence about an unknown key ends. Of a key that says its table, only the rest is compared with the keys of
/// that table, and these are listed where none is near; that the table is right makes no wrong name nearer.
fn remedy_for(key: &str) -> String {
    let section = key.split_once('.').and_then(|(section, rest)| {
        let known = SECTIONS.into_iter().find(|known| *known == section)?;
        Some((known, rest))
    });
    let Some((section, rest)) = section else {
        let names: Vec<String> = KEYS.iter().map(Key::full_name).collect();
        return match nearest(key, names.iter().map(String::as_str)) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => format!("; keys begin with {}, or are {}.", tables(), listed(&names_in(""), "or")),
        };
    };
    let names = names_in(section);
    if let Some(meant) = nearest(rest, names.iter().copied()) {
        return format!("; did you mean `{section}.{meant}`?");
    }
    // The name may be right and stand under another table.
    match KEYS.iter().find(|key| key.name == rest) {
        Some(key) => format!("; did you mean `{}`?", key.full_name()),
        None => format!("; under `{section}` there are {}.", listed(&names, "and")),
    }
}

/// The beginnings of all keys that stand in a table.
fn tables() -> String {
    let beginnings = SECTIONS.map(|section| format!("{section}."));
    listed(&beginnings.each_ref().map(String::as_str), "or")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{NetworkChoice, Optimiser, Schedule};

    /// Sets a key of the default experiment.
    fn set(key: &str, value: &str) -> Experiment {
        let mut experiment = Experiment::default();
        experiment.set(key, value).unwrap();
        experiment
    }

    fn check(key: &str, value: &str, expected: &str) {
        let mut experiment = Experiment::default();
        let problem = experiment.set(key, value).expect_err(key);
        assert_eq!(problem.to_string(), expected);
        assert_eq!(experiment, Experiment::default(), "a refused value must change nothing");
    }

    #[test]
    fn the_keys_that_others_rely_on_can_be_set() {
        assert_eq!(set("data.source", "mnist").data.source, "mnist");
        assert_eq!(set("data.source", "../pictures/my set").data.source, "../pictures/my set");
        assert_eq!(set("data.train", "10000").data.train, Some(10_000));
        assert_eq!(set("data.test", "1_000").data.test, Some(1000));
        assert_eq!(set("data.train", "all").data.train, None);
        assert!(!set("data.shuffle", "false").data.shuffle);
        assert_eq!(set("train.batch", "32").train.batch, 32);
        assert_eq!(set("train.rate", "0.5").train.rate, 0.5);
        assert_eq!(set("train.rate", "1").train.rate, 1.0);
        assert_eq!(set("train.epochs", "3").train.epochs, 3);
        assert_eq!(set("seed", "7").seed, 7);
        assert_eq!(set("title", "Deep").title, "Deep");
        assert_eq!(set("network.preset", "resnet-20").network, NetworkChoice::Preset("resnet-20".into()));
    }

    #[test]
    fn an_optimiser_is_a_name_or_a_table() {
        assert_eq!(set("train.optimiser", "adam").train.optimiser, Optimiser::ADAM);
        assert_eq!(set("train.optimiser", "\"sgd\"").train.optimiser, Optimiser::Sgd);
        let nesterov = Optimiser::Nesterov { momentum: 0.95 };
        assert_eq!(set("train.optimiser", "{ nesterov = 0.95 }").train.optimiser, nesterov);
        let table = "{ name = \"nesterov\", momentum = 0.95 }";
        assert_eq!(set("train.optimiser", table).train.optimiser, nesterov);
        assert_eq!(
            set("train.optimiser.momentum", "0.5").train.optimiser,
            Optimiser::Momentum { momentum: 0.5 }
        );
        // A setting that the present rule lacks brings another.
        assert_eq!(
            set("train.optimiser.decay", "0.99").train.optimiser,
            Optimiser::RmsProp { decay: 0.99, epsilon: 1e-8 }
        );
        let mut experiment = set("train.optimiser", "adamw");
        experiment.set("train.optimiser.beta2", "0.99").unwrap();
        assert_eq!(experiment.train.optimiser, Optimiser::AdamW { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 });
    }

    #[test]
    fn a_key_inside_a_table_changes_only_itself() {
        let mut experiment = set("data.augment", "{ flip = true, crop = 4 }");
        experiment.set("data.augment.flip", "false").unwrap();
        assert_eq!((experiment.data.augment.flip, experiment.data.augment.crop), (false, 4));
        experiment.set("train.schedule", "{ drop = 0.1, at = [2] }").unwrap();
        experiment.set("train.schedule.at", "[3, 4.5]").unwrap();
        assert_eq!(experiment.train.schedule, Schedule::Steps { drop: 0.1, at: vec![3.0, 4.5] });
        experiment.set("train.schedule", "constant").unwrap();
        assert_eq!(experiment.train.schedule, Schedule::Constant);
    }

    #[test]
    fn what_is_wrong_is_said_without_a_line() {
        check("train.lr", "0.1", "There is no key `train.lr`; did you mean `train.rate`?");
        check("batch", "32", "There is no key `batch`; did you mean `train.batch`?");
        check("data.rate", "1", "There is no key `data.rate`; did you mean `train.rate`?");
        check("data.nose", "1", "There is no key `data.nose`; did you mean `data.noise`?");
        check(
            "train.batch.size",
            "1",
            "`train.batch` must be a whole number from 1 to 65536; found a table.",
        );
        // What is near to nothing is answered with what there is, in its own table only.
        check(
            "data.xyz",
            "1",
            "There is no key `data.xyz`; under `data` there are `source`, `train`, `test`, `size`, `shuffle`, `normalise`, \
             `augment`, `noise`, `permute` and `hold-out`.",
        );
        check(
            "zebra",
            "1",
            "There is no key `zebra`; keys begin with `data.`, `network.` or `train.`, or are `title` or `seed`.",
        );
        check("train.batch", "0", "`train.batch` must be a whole number from 1 to 65536; found 0.");
        check("train.rate", "fast", "`train.rate` must be a number from 0 to 1000; found \"fast\".");
        check("train.rate", "nan", "`train.rate` must be a number from 0 to 1000; found nan.");
        check("train.batch", "", "`train.batch` must be a whole number from 1 to 65536; found \"\".");
        check(
            "train.optimiser",
            "adamm",
            "`train.optimiser` must be `sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `adam` or `adamw`; found \"adamm\". Did you mean `adam`?",
        );
        check(
            "network.input",
            "[3, 32, 32]",
            "`input` belongs to `layers`; a preset takes the shape of the pictures. Leave it out.",
        );
        check("data.augment.flop", "true", "There is no key `flop` in `augment`; did you mean `flip`?");
    }
}
