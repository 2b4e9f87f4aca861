//! What of an experiment may not be changed: a lesson's author holds it fast, so that the rest is looked at.

use std::collections::BTreeSet;

use super::Problem;
use super::keys::{KEYS, Key, SECTIONS};
use super::set;
use crate::experiment::Experiment;

/// Keys of the file by their places in its list. The keys of the network are one: its layers come with its shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock(BTreeSet<usize>);

impl Lock {
    /// Locks a key, `train.rate`, or a whole table, `network`.
    ///
    /// # Errors
    /// There is none of this name, with the nearest.
    pub fn add(&mut self, name: &str) -> Result<(), Problem> {
        let section = SECTIONS.iter().find(|section| **section == name).copied();
        let section = match section {
            Some(section) => Some(section),
            None => Some(set::known(name)?.section).filter(|section| *section == "network"),
        };
        let is_meant = |key: &Key| section.map_or(key.full_name() == name, |section| key.section == section);
        self.0.extend((0..KEYS.len()).filter(|place| is_meant(&KEYS[*place])));
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key is locked, or all keys of a table are.
    pub fn holds(&self, name: &str) -> bool {
        let mut meant =
            (0..KEYS.len()).filter(|i| KEYS[*i].section == name || KEYS[*i].full_name() == name).peekable();
        meant.peek().is_some() && meant.all(|place| self.0.contains(&place))
    }

    /// Puts back what is locked as it was before. Gives the names of what had been changed.
    pub fn keep(&self, before: &Experiment, now: &mut Experiment) -> Vec<String> {
        let is_changed = |key: &Key| match key.section {
            "network" => before.network != now.network,
            _ => (key.write)(before) != (key.write)(now),
        };
        let changed: Vec<&Key> =
            self.0.iter().map(|place| &KEYS[*place]).filter(|key| is_changed(key)).collect();
        let mut names: Vec<String> = changed.iter().map(|key| called(key)).collect();
        names.dedup();
        if !names.is_empty() {
            *now = self.mended(before, now).unwrap_or_else(|_| before.clone());
        }
        names
    }

    /// What is locked from `before`, all else from `now`.
    fn mended(&self, before: &Experiment, now: &Experiment) -> Result<Experiment, Problem> {
        let mut mended = Experiment::default();
        for (place, key) in KEYS.iter().enumerate().filter(|(_, key)| key.section != "network") {
            let source = if self.0.contains(&place) { before } else { now };
            if let Some(text) = (key.write)(source) {
                mended.set(&key.full_name(), &text)?;
            }
        }
        // As it is and not by its text: its layers keep their identity.
        let source = if self.holds("network") { before } else { now };
        mended.network = source.network.clone();
        Ok(mended)
    }
}

/// What a person calls it.
fn called(key: &Key) -> String {
    match key.section {
        "network" => "network".into(),
        _ => key.full_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{NetworkChoice, shipped};

    fn lock(names: &[&str]) -> Lock {
        let mut lock = Lock::default();
        names.iter().for_each(|name| lock.add(name).unwrap());
        lock
    }

    #[test]
    fn what_is_locked_stays_and_the_rest_may_change() {
        let before = shipped::get("quickstart").unwrap();
        let mut now = before.clone();
        now.set("train.rate", "0.5").unwrap();
        now.set("train.batch", "7").unwrap();
        now.set("data.noise", "0.25").unwrap();
        let lock = lock(&["train.rate", "network", "seed"]);
        assert_eq!(lock.keep(&before, &mut now), ["train.rate"]);
        assert_eq!((now.train.rate, now.train.batch), (before.train.rate, 7));
        assert_eq!((now.data.noise.share, now.network.clone()), (0.25, before.network.clone()));
        let settled = now.clone();
        assert!(lock.keep(&before, &mut now).is_empty() && now == settled);
    }

    #[test]
    fn a_locked_network_keeps_its_layers_and_their_identity() {
        let mut before = shipped::get("lenet-glyphs").unwrap();
        before.network = NetworkChoice::Layers { input: None, layers: Vec::new() };
        let mut now = Experiment { network: NetworkChoice::Preset("lenet".into()), ..before.clone() };
        assert_eq!(lock(&["network.layers"]).keep(&before, &mut now), ["network"]);
        assert_eq!(now, before);
        let mut now = before.clone();
        now.set("data.train", "50").unwrap();
        now.set("data.source", "shapes").unwrap();
        assert_eq!(lock(&["data"]).keep(&before, &mut now), ["data.source", "data.train"]);
        assert_eq!(now, before);
    }

    #[test]
    fn whole_tables_are_locked_by_name_and_slips_are_told() {
        let all = lock(&["train", "data.source"]);
        assert!(all.holds("train") && all.holds("train.rate") && all.holds("data.source"));
        assert!(!all.holds("data") && !all.holds("network") && !all.holds("nothing"));
        let problem = Lock::default().add("train.rat").unwrap_err().message;
        assert_eq!(problem, "There is no key `train.rat`; did you mean `train.rate`?");
    }
}
