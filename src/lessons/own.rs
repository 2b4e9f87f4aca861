//! Facts measured on a student's own runs: those of the session that bear the names of the lesson's experiments,
//! whatever has been changed in them.

use super::bench::{self, Findings};
use super::fact::Fact;
use super::quantities::{Measure, Measured, Quantity};
use super::settings::Moment;
use super::{Lesson, Setup};
use crate::session::{RunSnapshot, Snapshot};

/// Whether all that these facts speak of can be read from the runs on the table: graphs and curves. What needs
/// the weights, or a grid of runs, is measured by a [`Trial`](bench::Trial).
pub fn can_be_read<'a>(lesson: &Lesson, facts: impl IntoIterator<Item = &'a Fact>) -> bool {
    let of_one_run = |quantity: &Quantity| !lesson.setup(&quantity.of).is_some_and(Setup::is_grid);
    let is_told = |quantity: &Quantity| !matches!(quantity.kind.measure, Measure::Run(_));
    let starts_with_test = |quantity: &Quantity| quantity.needs_tests() == Some(Moment::Start);
    facts
        .into_iter()
        .flat_map(Fact::quantities)
        .all(|quantity| of_one_run(quantity) && is_told(quantity) && !starts_with_test(quantity))
}

/// What these facts come to on the runs that are there.
pub fn findings<'a>(
    lesson: &Lesson,
    snapshot: &Snapshot,
    facts: impl IntoIterator<Item = &'a Fact>,
) -> Findings {
    let mut findings = Findings::default();
    for quantity in facts.into_iter().flat_map(Fact::quantities) {
        findings.add(quantity.clone(), vec![measure(lesson, snapshot, quantity)]);
    }
    findings
}

/// The run that stands for an experiment of the lesson.
pub fn run_of<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a RunSnapshot> {
    snapshot.runs.iter().find(|run| run.name == name)
}

fn measure(lesson: &Lesson, snapshot: &Snapshot, quantity: &Quantity) -> Measured {
    let setup =
        lesson.setup(&quantity.of).ok_or_else(|| format!("There is no experiment `{}`.", quantity.of))?;
    let run = run_of(snapshot, &quantity.of);
    match &quantity.kind.measure {
        Measure::Graph(measure) => {
            let experiment = run.map_or(setup.experiment(), |run| &*run.experiment);
            measure(quantity, &bench::graph(setup, experiment)?)
        }
        Measure::Told(measure) => measure(quantity, run.map_or(setup.experiment(), |run| &*run.experiment)),
        Measure::Curves(measure) => {
            let run = run.ok_or_else(|| {
                format!("No run called `{}` is on the table. Set the table, then train.", quantity.of)
            })?;
            is_ready(run, quantity)?;
            measure(quantity, &run.curves, run.steps_per_epoch)
        }
        Measure::Run(_) => Err("This is measured on the lesson's own settings.".into()),
    }
}

/// Whether a run has come as far as the quantity asks.
fn is_ready(run: &RunSnapshot, quantity: &Quantity) -> Result<(), String> {
    if !run.has_begun || run.step == 0 {
        return Err(format!("`{}` has not begun. Press Train.", run.name));
    }
    let needs_end = matches!(quantity.settings.moment(), Moment::End | Moment::Best);
    let is_tested = run.curves.tests.last().is_some_and(|test| test.step >= run.n_steps);
    let waits = run.step < run.n_steps || (quantity.needs_tests().is_some() && !is_tested);
    match needs_end && waits {
        true => Err(format!(
            "`{}` has come to epoch {:.1} of {}. Let it train to the end.",
            run.name,
            run.epochs_done(),
            run.n_epochs()
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{DeviceInfo, DeviceKind};
    use crate::lessons::shipped;
    use crate::session::{RunId, Sharing};
    use crate::train::curves::{Curves, TestRecord};

    /// A session with one run on the table.
    fn session(run: RunSnapshot) -> Snapshot {
        let device = DeviceInfo {
            kind: DeviceKind::Cpu,
            name: "a processor".into(),
            detail: String::new(),
            is_software: false,
        };
        Snapshot {
            current: Some(run.id),
            devices: Arc::new([device.clone()]),
            device,
            runs: vec![run],
            views: Vec::new(),
            spent: Default::default(),
            sharing: Sharing::default(),
            removed: None,
            download: None,
            problem: None,
        }
    }

    /// What a check of the first lesson comes to on this run.
    fn observed(check: &str, run: &RunSnapshot) -> Measured {
        let lesson = shipped::get("first-convnet").unwrap();
        let check = lesson.check(check).unwrap();
        assert!(can_be_read(&lesson, check.facts()));
        findings(&lesson, &session(run.clone()), check.facts()).evaluate(&check.fact)
    }

    #[test]
    fn a_fact_is_read_from_the_run_of_its_name_once_that_has_come_far_enough() {
        let lesson = shipped::get("first-convnet").unwrap();
        let experiment = Arc::new(lesson.setup("convnet").unwrap().experiment().clone());
        let mut run = RunSnapshot::new(RunId::next(), experiment);
        let absent = observed("learns", &run).unwrap_err();
        assert!(absent.starts_with("No run called `convnet` is on the table."), "{absent}");
        run.name = "convnet".into();
        assert_eq!(observed("learns", &run).unwrap_err(), "`convnet` has not begun. Press Train.");
        run = RunSnapshot { has_begun: true, step: 15, steps_per_epoch: 10, n_steps: 20, ..run };
        let waits = observed("learns", &run).unwrap_err();
        assert_eq!(waits, "`convnet` has come to epoch 1.5 of 2. Let it train to the end.");
        let mut curves = Curves::default();
        curves.tests.push(TestRecord { step: 20, epoch: 2.0, loss: 0.1, error: 0.02, seconds: 1.0 });
        run = RunSnapshot { step: 20, curves: Arc::new(curves), ..run };
        assert_eq!(observed("learns", &run), Ok(0.02));
    }

    /// What is changed in the net is what is counted.
    #[test]
    fn the_students_own_net_is_counted() {
        let lesson = shipped::get("first-convnet").unwrap();
        let mut experiment = lesson.setup("convnet").unwrap().experiment().clone();
        let run_of = |experiment| {
            let run = RunSnapshot::new(RunId::next(), Arc::new(experiment));
            RunSnapshot { name: "convnet".into(), ..run }
        };
        let as_it_is = observed("parameters", &run_of(experiment.clone())).unwrap();
        experiment.network = crate::experiment::NetworkChoice::Preset("quickstart".into());
        let changed = observed("parameters", &run_of(experiment)).unwrap();
        assert!(as_it_is > 0.0 && changed != as_it_is, "{as_it_is} and {changed}");
    }
}
