//! Several runs: the list of them, which one is in front, and what each act sends.

use std::sync::Arc;

use egui::{Key, Modifiers, Theme};

use super::fixture::{Bench, LAPTOP, curves, front, training};
use crate::session::{Activity, Command, RunId, RunSnapshot, Snapshot};

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
        filters: None,
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
