//! What was changed while a run went on, in words, to be marked on its curves and kept with it.

use serde::{Deserialize, Serialize};

use crate::experiment::fields::{Field, Value};
use crate::experiment::{Experiment, Named, decimal};

/// A setting that was changed on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// Steps done before: the next one is the first that knows of it.
    pub step: u64,
    pub epoch: f64,
    /// Training time by then.
    pub seconds: f64,
    /// Which setting, and from what to what.
    pub what: String,
    pub from: String,
    pub to: String,
}

/// A setting in which two experiments differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub what: &'static str,
    pub from: String,
    pub to: String,
}

/// A value that is dragged passes through many: those within so many seconds of training are one change.
const ONE_CHANGE_SECS: f64 = 1.0;

/// Puts a change behind those that were noted, or makes it one with the last of the same setting where that is only
/// just behind. What comes back to what it was has not changed.
pub fn note(noted: &mut Vec<Changed>, change: Changed) {
    let last = noted.iter().rposition(|other| other.what == change.what);
    let is_dragged = [&change.from, &change.to].iter().all(|value| value.parse::<f64>().is_ok());
    let is_same = |other: &Changed| {
        let is_just_behind = change.seconds - other.seconds < ONE_CHANGE_SECS && other.to == change.from;
        other.step == change.step || is_dragged && is_just_behind
    };
    match last.filter(|&i| is_same(&noted[i])) {
        Some(i) if noted[i].from == change.to && noted[i].step == change.step => drop(noted.remove(i)),
        // It had another value for a while.
        Some(i) if noted[i].from == change.to => noted.push(change),
        Some(i) => noted[i].to = change.to,
        None => noted.push(change),
    }
}

/// All that can change while a run goes on, and that does between these two.
pub fn between(from: &Experiment, to: &Experiment) -> Vec<Setting> {
    let (a, b) = (settings(from), settings(to));
    let names: Vec<&'static str> = a.iter().chain(&b).map(|(what, _)| *what).collect();
    let value = |of: &[(&'static str, String)], what: &str| {
        of.iter().find(|(name, _)| *name == what).map_or("–".to_string(), |(_, value)| value.clone())
    };
    let mut found: Vec<Setting> = Vec::new();
    for what in names {
        let (from, to) = (value(&a, what), value(&b, what));
        if from != to && found.iter().all(|other| other.what != what) {
            found.push(Setting { what, from, to });
        }
    }
    // Another rule has other constants: that says it all.
    for of in ["optimiser", "schedule"] {
        if found.iter().any(|setting| setting.what == of) {
            found.retain(|setting| {
                !constants(from, of).chain(constants(to, of)).any(|name| name == setting.what)
            });
        }
    }
    found
}

fn constants(experiment: &Experiment, of: &str) -> std::vec::IntoIter<&'static str> {
    let mut train = experiment.train.clone();
    let names: Vec<&'static str> = match of {
        "optimiser" => train.optimiser.fields().iter().map(|field| field.name).collect(),
        _ => train.schedule.fields().iter().map(|field| field.name).collect(),
    };
    names.into_iter()
}

/// Each setting by name, with its value in words.
fn settings(experiment: &Experiment) -> Vec<(&'static str, String)> {
    let mut train = experiment.train.clone();
    let augment = experiment.data.augment;
    let flag = |is_on: bool| if is_on { "on" } else { "off" }.to_string();
    let mut all = vec![
        ("rate", number(train.rate)),
        ("optimiser", train.optimiser.title().to_string()),
        ("batch", train.batch.to_string()),
        ("weight decay", number(train.weight_decay)),
        ("decay all", flag(train.decay_all)),
        ("clip", train.clip.map_or("none".into(), number)),
        ("schedule", train.schedule.title().to_string()),
        (
            "rate is for batches of",
            train.reference_batch.map_or("any size".into(), |batch| batch.to_string()),
        ),
        ("epochs", train.epochs.to_string()),
        ("flip", flag(augment.flip)),
        ("crop", augment.crop.to_string()),
        ("cutout", augment.cutout.to_string()),
        ("jitter", number(augment.jitter)),
    ];
    let [epochs, from] = [train.warm_up.epochs, train.warm_up.from].map(number);
    let is_warmed_up = train.warm_up.epochs > 0.0;
    all.push((
        "warm-up",
        if is_warmed_up {
            format!("{epochs} {} from {from}", if epochs == "1" { "epoch" } else { "epochs" })
        } else {
            "none".into()
        },
    ));
    all.extend(train.optimiser.fields().into_iter().map(|field| (field.name, value(field))));
    all.extend(train.schedule.fields().into_iter().map(|field| (field.name, value(field))));
    all
}

fn value(field: Field<'_>) -> String {
    match field.value {
        Value::Count(value, _) => value.to_string(),
        Value::OptionalCount(value, _) => value.map_or("none".into(), |value| value.to_string()),
        Value::Pair(value, _) => format!("{}×{}", value[0], value[1]),
        Value::Padding(value, _) => format!("{value:?}"),
        Value::Number(value, _) => number(*value),
        Value::Numbers(values, _) => values.iter().map(|value| number(*value)).collect::<Vec<_>>().join(", "),
        Value::Flag(value) => if *value { "on" } else { "off" }.into(),
        Value::Initialisation(value) => value.map_or("as the net", |start| start.title()).into(),
    }
}

/// The shortest that is this number again.
fn number(x: f32) -> String {
    match x.abs() {
        a if a > 0.0 && a < 1e-3 => format!("{:e}", decimal(x)),
        _ => x.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Optimiser, Schedule};

    fn check(change: impl FnOnce(&mut Experiment), expected: &[&str]) {
        let before = Experiment::default();
        let mut after = before.clone();
        change(&mut after);
        let told = |setting: Setting| format!("{}: {} → {}", setting.what, setting.from, setting.to);
        assert_eq!(between(&before, &after).into_iter().map(told).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_changed_is_told_with_both_values() {
        check(|_| {}, &[]);
        check(|e| e.train.rate = 1e-4, &["rate: 0.01 → 1e-4"]);
        check(|e| e.train.batch = 8, &["batch: 64 → 8"]);
        check(|e| e.data.augment.flip = true, &["flip: off → on"]);
        check(|e| e.train.optimiser = Optimiser::Momentum { momentum: 0.5 }, &["momentum: 0.9 → 0.5"]);
        check(|e| e.train.optimiser = Optimiser::ADAM, &["optimiser: Momentum → Adam"]);
        check(|e| e.train.clip = Some(2.0), &["clip: none → 2"]);
        check(
            |e| e.train.schedule = Schedule::Steps { drop: 0.1, at: vec![3.0] },
            &[&format!(
                "schedule: {} → {}",
                Schedule::Constant.title(),
                Schedule::Steps { drop: 0.1, at: vec![] }.title()
            )],
        );
    }

    fn changed(step: u64, seconds: f64, from: &str, to: &str) -> Changed {
        Changed { step, epoch: 0.0, seconds, what: "rate".into(), from: from.into(), to: to.into() }
    }

    /// A slider that is dragged from 0.1 to 0.4, and a second later back.
    #[test]
    fn what_is_dragged_is_one_change() {
        let mut noted = Vec::new();
        note(&mut noted, changed(10, 1.0, "0.1", "0.2"));
        note(&mut noted, changed(12, 1.1, "0.2", "0.3"));
        note(&mut noted, changed(15, 1.3, "0.3", "0.4"));
        assert_eq!(noted, [changed(10, 1.0, "0.1", "0.4")]);
        note(&mut noted, changed(99, 9.0, "0.4", "0.1"));
        note(&mut noted, changed(99, 9.0, "0.1", "0.4"));
        assert_eq!(noted.len(), 1, "back before the next step");
    }
}
