//! Several runs: the list of them, which one is in front, and what each act sends.

use std::sync::Arc;

use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable as _;

use super::fixture::{Bench, LAPTOP, curves, front, training};
use crate::experiment::NetworkChoice;
use crate::session::{Activity, Command, RunId, RunSnapshot, Sharing, Snapshot};
use crate::train::curves::{Curves, StepRecord};

/// Three runs of one experiment that have come differently far, the first in front.
pub fn three(name: &str) -> Snapshot {
    let mut snapshot = training(name, 400);
    let first = front(&mut snapshot).clone();
    let another = |mark: usize, name: &str, n_steps: u64, speed: f32| RunSnapshot {
        id: RunId::next(),
        name: name.into(),
        mark,
        step: n_steps,
        curves: Arc::new(curves(n_steps, speed)),
        ..first.clone()
    };
    let paused = RunSnapshot { activity: Activity::Idle, ..another(2, "adam", 300, 0.6) };
    snapshot.runs.extend([another(1, "plain", 400, 0.3), paused]);
    front(&mut snapshot).name = "residual".into();
    snapshot
}

fn bench() -> (Bench, Vec<RunId>) {
    let snapshot = three("quickstart");
    let ids = snapshot.runs.iter().map(|run| run.id).collect();
    let bench = Bench::with("quickstart", LAPTOP, Theme::Light, snapshot, |builder| builder);
    bench.commands();
    (bench, ids)
}

#[test]
fn each_run_has_a_line_that_says_where_it_stands() {
    let (bench, _) = bench();
    assert!(bench.has_text("Run residual, training, training error"));
    assert!(bench.has_text("Run plain, training") && bench.has_text("Run adam, paused"));
}

#[test]
fn a_click_or_a_key_brings_a_run_to_the_front_and_its_experiment_with_it() {
    let (mut bench, ids) = bench();
    bench.enter("Rate", "0.5");
    bench.commands();
    bench.click_text("Run plain");
    assert!(matches!(bench.commands()[..], [Command::Select(id)] if id == ids[1]));
    bench.enter("Rate", "0.25");
    let told = bench.commands();
    assert!(
        matches!(&told[..], [Command::Describe(id, told)] if *id == ids[1] && told.train.rate == 0.25),
        "{told:?}"
    );
    bench.press(Modifiers::NONE, Key::PageUp);
    bench.press(Modifiers::COMMAND, Key::Z);
    let told = bench.commands();
    let of_first = |command: &Command| matches!(command, Command::Describe(id, told) if *id == ids[0] && told.train.rate == 0.02);
    assert!(told.iter().any(of_first), "each run has its own way back: {told:?}");
}

#[test]
fn the_deck_drives_the_run_in_front_and_the_list_any() {
    let (mut bench, ids) = bench();
    bench.press(Modifiers::NONE, Key::Space);
    assert!(matches!(bench.commands()[..], [Command::Pause(id)] if id == ids[0]));
    bench.click("Train adam");
    assert!(matches!(bench.commands()[..], [Command::Play(id)] if id == ids[2]));
    bench.click("More for plain");
    bench.click("Train one epoch");
    assert!(matches!(bench.commands()[..], [Command::Epoch(id)] if id == ids[1]));
}

#[test]
fn a_run_is_duplicated_renamed_removed_and_brought_back() {
    let (mut bench, ids) = bench();
    bench.click("Duplicate run");
    let commands = bench.commands();
    let [Command::Add(new), Command::Select(id)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((new.behind, new.twin_of, new.id), (Some(ids[0]), None, *id));
    bench.click("More for adam");
    bench.click("Rename");
    bench.get("Name of the run").type_text(" again");
    bench.run();
    bench.press(Modifiers::NONE, Key::Enter);
    let commands = bench.commands();
    let renamed = |command: &Command| matches!(command, Command::Rename(id, name) if *id == ids[2] && name == "adam again");
    assert!(commands.iter().any(renamed), "{commands:?}");
    bench.click("More for plain");
    bench.click("Remove run");
    assert!(matches!(bench.commands()[..], [Command::Remove(id)] if id == ids[1]));
    bench.set(|snapshot| {
        let removed = snapshot.runs.remove(1);
        snapshot.removed = Some((removed.id, removed.name));
    });
    bench.click("Bring back the removed run");
    assert!(bench.commands().iter().any(|command| matches!(command, Command::Restore)));
}

/// Plain against residual in two clicks: the menu, and the change.
#[test]
fn a_twin_with_one_change_is_two_clicks_away() {
    let mut bench = Bench::with("resnet-20", LAPTOP, Theme::Light, training("resnet-20", 10), |b| b);
    let own = bench.snapshot.borrow().current.expect("there is a run");
    bench.commands();
    bench.click("Twin with one change");
    bench.click("plain-20");
    let commands = bench.commands();
    let [Command::Add(new), Command::Select(id), Command::Play(first)] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!((new.twin_of, new.id, *first), (Some(own), *id, own), "the one that runs is joined");
    assert_eq!(new.experiment.network, NetworkChoice::Preset("plain-20".into()));
    bench.set(|snapshot| {
        let mut twin = RunSnapshot::new(new.id, Arc::new(new.experiment.clone()));
        (twin.pictures, twin.twins, twin.mark) = (front(snapshot).pictures.clone(), Some(1), 1);
        twin.name.clone_from(&new.name);
        front(snapshot).twins = Some(1);
        snapshot.runs.push(twin);
        snapshot.current = Some(new.id);
    });
    let begin = std::time::Instant::now();
    while !bench.has_text("Begins with the same weights in all its") {
        assert!(begin.elapsed().as_secs() < 180, "what was matched is not shown");
        bench.harness.step();
    }
}

#[test]
fn a_sweep_adds_a_run_for_each_value() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.click("Twin with one change");
    bench.click("Sweep over values…");
    bench.click("Add these runs");
    let commands = bench.commands();
    let added: Vec<&str> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Add(new) => Some(new.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(added, ["rate 0.001", "rate 0.01", "rate 0.1"]);
}

#[test]
fn a_change_begins_anew_or_stands_beside() {
    let mut bench = Bench::with("quickstart", LAPTOP, Theme::Light, training("quickstart", 400), |b| b);
    bench.enter("Batch", "16");
    bench.set(|snapshot| {
        let run = front(snapshot);
        (run.activity, run.is_stale) = (Activity::Idle, true);
    });
    bench.commands();
    bench.click("Start beside");
    let commands = bench.commands();
    let [Command::Describe(_, back), Command::Add(new), Command::Select(_), Command::Play(id)] =
        &commands[..]
    else {
        panic!("{commands:?}")
    };
    assert_eq!((back.train.batch, new.experiment.train.batch, *id), (32, 16, new.id));
}

#[test]
fn time_is_shared_and_all_runs_are_driven_from_the_head_of_the_list() {
    let (mut bench, ids) = bench();
    bench.click("Time shared by seconds");
    assert!(matches!(bench.commands()[..], [Command::Share(Sharing::Pictures)]));
    bench.set(|snapshot| snapshot.sharing = Sharing::Pictures);
    bench.click("Time shared by pictures");
    assert!(matches!(bench.commands()[..], [Command::Share(Sharing::Seconds)]));
    bench.click("Pause all runs");
    let paused = |command: &Command| match command {
        Command::Pause(id) => Some(*id),
        _ => None,
    };
    assert_eq!(bench.commands().iter().filter_map(paused).collect::<Vec<_>>(), ids);
    bench.set(|snapshot| snapshot.runs.iter_mut().for_each(|run| run.activity = Activity::Idle));
    bench.click("Train all runs");
    assert!(bench.commands().iter().all(|command| matches!(command, Command::Play(_))));
}

/// Going back to the same initial weights is one act, drawing others another.
#[test]
fn reset_and_a_new_draw_are_two_acts() {
    let mut bench = Bench::with("quickstart", LAPTOP, Theme::Light, training("quickstart", 400), |b| b);
    bench.commands();
    bench.click("Reset");
    assert!(matches!(bench.commands()[..], [Command::Reset(_)]), "the experiment stays as it is");
    bench.click("Another seed");
    let commands = bench.commands();
    assert!(matches!(&commands[..], [Command::Describe(_, told)] if told.seed == 2), "{commands:?}");
}

/// Several seeds: a run for each but the present one, in lockstep with it.
#[test]
fn a_sweep_over_seeds_is_chosen_by_its_name() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.click("Twin with one change");
    bench.click("Sweep over values…");
    // The one of the training lies below.
    let choices: Vec<_> = bench.harness.query_all_by_label("Seed").collect();
    choices.last().expect("it is offered").click();
    drop(choices);
    bench.run();
    bench.click("Add these runs");
    let seeds: Vec<u64> = bench
        .commands()
        .iter()
        .filter_map(|command| match command {
            Command::Add(new) if new.twin_of.is_some() => Some(new.experiment.seed),
            _ => None,
        })
        .collect();
    assert_eq!(seeds, [2, 3, 4, 5]);
}

/// There may be sixteen, and the seventeenth is refused in a sentence.
#[test]
fn sixteen_runs_are_the_most() {
    let mut bench = Bench::open("quickstart");
    bench.set(|snapshot| {
        let own = snapshot.runs[0].clone();
        snapshot.runs.extend((1..16).map(|mark| RunSnapshot { id: RunId::next(), mark, ..own.clone() }));
    });
    assert!(bench.is_disabled("Duplicate run"));
    bench.commands();
    bench.find("duplicate run");
    assert!(bench.has_text("There may be 16 runs at most"));
    assert!(!bench.commands().iter().any(|command| matches!(command, Command::Add(_))));
    bench.click("Dismiss message");
    bench.click("Twin with one change");
    assert!(!bench.has("Add these runs"));
}

/// At the end of an epoch of batches of other sizes each picture counts once, as in the metrics.
#[test]
fn the_error_in_the_list_is_over_pictures() {
    let mut snapshot = three("quickstart");
    let run = front(&mut snapshot);
    let mut curves = Curves::default();
    curves.batches = vec![(0, 10), (21, 40)];
    for step in 1..=22u64 {
        let error = if step == 22 { 0.0 } else { 0.8 };
        let record =
            StepRecord { step, epoch: step as f64, loss: 1.0, error, rate: 0.1, seconds: 0.0, batch: 0 };
        curves.push(record);
    }
    (run.curves, run.step) = (Arc::new(curves), 22);
    let bench = Bench::with("quickstart", LAPTOP, Theme::Light, snapshot, |b| b);
    // 19 batches of 10 pictures, four in five wrong, and one of 40 without a mistake.
    let share = 0.8 * 190.0 / 230.0;
    assert!(bench.has_text(&format!("training error {:.1} %", 100.0 * share)));
}
