//! `--lockstep`: several experiments side by side, one step of each after the other, so that what differs between
//! them is what was meant to differ. They see the same minibatches, and begin with the same weights wherever their
//! nets agree.

use std::path::Path;

use serde_json::{Value, json};

use super::journey::{epoch_line, test_is_due};
use super::keeper::Keeper;
use super::log::Log;
use super::{TrainArguments, pictures, report, start, summary};
use crate::cli::{Failure, interrupt, resolve_experiment, text};
use crate::data::{DataSet, HOLD_OUT};
use crate::engine::{self, DeviceChoice, Part};
use crate::experiment::Experiment;
use crate::graph::ParameterId;
use crate::train::folder::{self, Folder};
use crate::train::twins::{self, Pairing};
use crate::train::{Run, TrainError};

/// One of the runs.
struct Twin {
    /// What the user called it.
    name: String,
    run: Run,
    n_steps: u64,
    keeper: Option<Keeper>,
}

/// What the first run and another have in common before the first step.
struct Pair {
    pairing: Pairing,
    /// What is matched and begins with other numbers all the same.
    differing: Vec<[ParameterId; 2]>,
}

impl Pair {
    fn of(first: &Twin, second: &Twin) -> Result<Self, TrainError> {
        let pairing = twins::pair(&first.run.graph.parameters, &second.run.graph.parameters);
        let mut differing = Vec::new();
        for &ids in &pairing.matched {
            if first.run.parameter(ids[0])?.data != second.run.parameter(ids[1])?.data {
                differing.push(ids);
            }
        }
        Ok(Self { pairing, differing })
    }
}

pub(super) fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let mut experiments = Vec::new();
    for name in &arguments.experiments {
        experiments.push(resolve_experiment(name, &arguments.set)?);
    }
    check_twins(&arguments.experiments, &experiments)?;
    arguments.log.iter().try_for_each(|path| Log::check_writable(path))?;
    let mut twins = prepare(arguments, experiments)?;
    // The log of before is kept until there are runs to tell of.
    let mut log = match &arguments.log {
        Some(path) => Some(Log::of_several(path, names(&arguments.experiments))?),
        None => None,
    };
    let pairs = twins[1..].iter().map(|twin| Pair::of(&twins[0], twin)).collect::<Result<Vec<_>, _>>()?;
    tell_pairs(&twins, &pairs);
    if arguments.out.is_some() {
        interrupt::watch();
    }
    let went = advance(&mut twins, log.as_mut());
    if let Err(Failure::Failed(message)) = went {
        let how: Vec<String> =
            twins.iter().filter_map(|twin| Some(twin.keeper.as_ref()?.how_to_go_on())).collect();
        return Err(Failure::Failed(format!("{message} {}", how.join(" ")).trim().into()));
    }
    went?;
    print(&twins, &pairs, arguments.json)
}

/// What the user called each, told apart where two have the same name.
fn names(given: &[String]) -> Vec<String> {
    let stem = |name: &String| {
        let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        stem.unwrap_or_else(|| name.clone()).replace([',', '"', '\n'], "-")
    };
    given.iter().enumerate().map(|(i, name)| format!("{}-{}", i + 1, stem(name))).collect()
}

/// # Errors
/// They would not see the same minibatches.
fn check_twins(names: &[String], experiments: &[Experiment]) -> Result<(), Failure> {
    let settings = |experiment: &Experiment| {
        let Experiment { seed, data, train, .. } = experiment;
        [
            ("seed", seed.to_string()),
            ("data.source", data.source.clone()),
            ("data.train", data.train.map_or("all".into(), |n| n.to_string())),
            ("data.hold-out", data.hold_out.unwrap_or(HOLD_OUT).to_string()),
            ("data.shuffle", data.shuffle.to_string()),
            ("train.batch", train.batch.to_string()),
        ]
    };
    let first = settings(&experiments[0]);
    for (name, experiment) in names.iter().zip(experiments).skip(1) {
        for ((key, ours), (_, theirs)) in first.iter().zip(settings(experiment)) {
            if *ours != theirs {
                return Err(Failure::BadInput(format!(
                    "Twins in lockstep see the same minibatches, but `{}` has `{key}` {ours} and `{name}` {theirs}. \
                     Give them the same, for example by `--set {key}={ours}`.",
                    names[0]
                )));
            }
        }
    }
    Ok(())
}

fn prepare(arguments: &TrainArguments, experiments: Vec<Experiment>) -> Result<Vec<Twin>, Failure> {
    let names = names(&arguments.experiments);
    let folders: Vec<_> = names.iter().map(|name| arguments.out.as_ref().map(|out| out.join(name))).collect();
    folders.iter().flatten().try_for_each(|path| folder::check_free(path)).map_err(TrainError::from)?;
    let device = engine::open(arguments.device.as_ref().unwrap_or(&DeviceChoice::Auto))?;
    let mut twins: Vec<Twin> = Vec::new();
    for (i, ((name, folder), mut experiment)) in names.into_iter().zip(folders).zip(experiments).enumerate() {
        let located = |failure: Failure| failure.located(&arguments.experiments[i], &arguments.set);
        // The same pictures are there once.
        let known = twins.iter().find(|twin| twin.run.experiment.data == experiment.data);
        let set: std::sync::Arc<DataSet> = match known {
            Some(twin) => twin.run.set.clone(),
            None => pictures(&experiment, &*device).map_err(located)?,
        };
        let mut run = start(arguments, &mut experiment, set, device.clone()).map_err(located)?;
        let n_steps = arguments.steps.unwrap_or(run.progress().n_steps);
        let keeper = match folder {
            Some(path) => {
                let folder = Folder::create(&path, &mut run, arguments.steps)?;
                Some(Keeper::new(folder, arguments.checkpoint_every, &mut run)?)
            }
            None => None,
        };
        twins.push(Twin { name, run, n_steps, keeper });
    }
    let info = device.info();
    eprintln!("convscope: {} in lockstep on {} ({})", twins.len(), info.name, info.detail);
    Ok(twins)
}

/// One step of each after the other until all have arrived, with their tests.
fn advance(twins: &mut [Twin], mut log: Option<&mut Log>) -> Result<(), Failure> {
    let mut goes_on = true;
    let mut is_stopped = false;
    while goes_on && !is_stopped {
        goes_on = false;
        for (i, twin) in twins.iter_mut().enumerate() {
            if twin.run.progress().step < twin.n_steps {
                goes_on = true;
                twin.run.advance(1)?;
                if let Some(log) = &mut log {
                    log.catch_up(i, &twin.run)?;
                }
                if let Some(keeper) = &mut twin.keeper {
                    keeper.keep(&mut twin.run)?;
                }
            }
            if test_is_due(&twin.run, twin.n_steps) {
                twin.run.test()?;
                eprintln!("{}: {}", twin.name, epoch_line(&twin.run));
            }
        }
        is_stopped = interrupt::came();
    }
    for (i, twin) in twins.iter_mut().enumerate() {
        twin.run.collect(true)?;
        if let Some(log) = &mut log {
            log.catch_up(i, &twin.run)?;
        }
        if let Some(keeper) = &mut twin.keeper {
            keeper.finish(&mut twin.run)?;
        }
    }
    if let Some(log) = &mut log {
        log.finish()?;
    }
    match is_stopped {
        true => Err(Failure::Failed("Stopped.".into())),
        false => Ok(()),
    }
}

/// Tensors without a twin that are named on the terminal; `--json` has them all.
const MOST_NAMED: usize = 6;

/// Tells where each net begins like the first one.
fn tell_pairs(twins: &[Twin], pairs: &[Pair]) {
    let first = &twins[0];
    for (twin, Pair { pairing, differing }) in twins[1..].iter().zip(pairs) {
        let alike = match differing.len() {
            0 => "all begin with the same weights".to_string(),
            n => format!("all but {n} of them begin with the same weights"),
        };
        let n_matched = pairing.matched.len();
        let matched = text::counted(n_matched as u64, "tensor");
        let agree = if n_matched == 1 { "agrees" } else { "agree" };
        eprintln!("{} and {}: {matched} {agree} in place and shape; {alike}.", first.name, twin.name);
        let alone = unmatched(first, twin, pairing);
        for (name, parameter, why) in alone.iter().take(MOST_NAMED) {
            eprintln!("  alone in {name}: {parameter}; {why}");
        }
        if alone.len() > MOST_NAMED {
            eprintln!("  and {} more that are alone (all of them: --json)", alone.len() - MOST_NAMED);
        }
    }
}

/// Net, name and reason of each tensor without a twin.
fn unmatched<'a>(first: &'a Twin, second: &'a Twin, pairing: &Pairing) -> Vec<(&'a str, &'a str, String)> {
    let of = |twin: &'a Twin, alone: &[twins::Alone]| -> Vec<(&'a str, &'a str, String)> {
        let told = |alone: &twins::Alone| (&*twin.name, name(twin, alone.id), alone.why.to_string());
        alone.iter().map(told).collect()
    };
    [of(first, &pairing.alone[0]), of(second, &pairing.alone[1])].concat()
}

fn name(twin: &Twin, id: ParameterId) -> &str {
    &twin.run.graph.parameters[id.0].name
}

fn print(twins: &[Twin], pairs: &[Pair], as_json: bool) -> Result<(), Failure> {
    let mut reports = Vec::new();
    for twin in twins {
        let test = twin.run.evaluate(Part::Test)?;
        if as_json {
            let mut report = report(&twin.run, test);
            report["name"] = twin.name.clone().into();
            reports.push(report);
        } else {
            text::print_line(&format!("{}: {}", twin.name, summary(&twin.run, test)));
        }
    }
    if as_json {
        let pairs = twins[1..].iter().zip(pairs).map(|(twin, pair)| told(&twins[0], twin, pair));
        text::print_json(&json!({ "runs": reports, "pairs": pairs.collect::<Vec<Value>>() }));
    }
    Ok(())
}

/// What two nets have in common, for programs.
fn told(first: &Twin, second: &Twin, Pair { pairing, differing }: &Pair) -> Value {
    let names = |ids: &[ParameterId; 2]| json!([name(first, ids[0]), name(second, ids[1])]);
    let alone = unmatched(first, second, pairing).into_iter();
    let alone = alone.map(|(run, tensor, why)| json!({ "run": run, "tensor": tensor, "why": why }));
    json!({
        "runs": [first.name, second.name],
        "matched": pairing.matched.iter().map(names).collect::<Vec<_>>(),
        "differing": differing.iter().map(names).collect::<Vec<_>>(),
        "alone": alone.collect::<Vec<_>>(),
    })
}
