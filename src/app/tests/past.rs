//! Runs of the past: offered again, listed, opened, compared with, deleted; and what is kept of the present ones.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use egui::{Key, Modifiers, Theme};

use super::fixture::{Bench, LAPTOP, front, snapshot};
use crate::data::catalogue;
use crate::engine::{self, DeviceChoice};
use crate::experiment::{Data, Experiment, NetworkChoice, Train, file};
use crate::session::{Command, Keeping, RunSnapshot};
use crate::train::Run;
use crate::train::folder::{self, Folder, Open};

/// A small run on the disk, so many steps long, as a window left it.
fn leave(home: &Path, title: &str, n_steps: u64, open: Option<Open>) {
    let text = "network.layers = [{ linear = 10 }]";
    let network: NetworkChoice = file::parse(text).expect("an experiment").network;
    let data = Data { train: Some(20), test: Some(10), ..Data::default() };
    let train = Train { batch: 10, epochs: 5, ..Train::default() };
    let experiment = Experiment { title: title.into(), data, network, train, ..Experiment::default() };
    let set = Arc::new(catalogue::open(&experiment).expect("built in"));
    let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
    let mut run = Run::new(&experiment, set, device).expect("a run");
    let mut kept = Folder::create(&folder::fresh(home, title), &mut run, None).expect("room");
    while run.progress().step < n_steps {
        run.advance(1).expect("a step");
    }
    kept.checkpoint(&mut run).expect("room");
    if let Some(open) = open {
        kept.note_open(&open).expect("room");
    }
}

fn open(name: &str, place: usize, trains: bool) -> Option<Open> {
    Some(Open { name: name.into(), place, party: Some(7), trains, mark: None })
}

/// A window that keeps its runs there.
fn bench(home: &Path) -> Bench {
    let home = home.to_path_buf();
    let prepare = |workshop: crate::app::Workshop| workshop.keep_in(Some(home));
    Bench::prepared("quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), prepare, |builder| builder)
}

/// Frames until these words are to be seen: folders are read in a thread of their own.
fn wait(bench: &mut Bench, words: &str) {
    let begin = Instant::now();
    while !bench.has_text(words) {
        assert!(begin.elapsed().as_secs() < 180, "`{words}` is not to be seen");
        bench.harness.step();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn what_was_open_is_offered_and_gone_on_with() {
    let home = tempfile::tempdir().expect("a folder");
    leave(home.path(), "Second", 10, open("residual", 1, false));
    leave(home.path(), "First", 4, open("plain", 0, true));
    leave(home.path(), "Put away", 3, None);
    let mut bench = bench(home.path());
    let own = bench.snapshot.borrow().current.expect("there is a run");
    wait(&mut bench, "2 runs were open: plain, step 4 of 10; residual, finished");
    assert!(matches!(&bench.commands()[0], Command::Keep(Keeping { home: Some(_), .. })));
    bench.click("Go on");
    let commands = bench.commands();
    let opened: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Open(open) => Some((open.new.name.as_str(), open.new.twin_of.is_some(), open.trains)),
            _ => None,
        })
        .collect();
    assert_eq!(opened, [("plain", false, true), ("residual", true, false)], "twins are twins again");
    assert!(commands.iter().any(|command| matches!(command, Command::Remove(id) if *id == own)));
    assert!(!bench.has("Go on"));
}

#[test]
fn not_now_leaves_them_in_the_list() {
    let home = tempfile::tempdir().expect("a folder");
    leave(home.path(), "First", 4, open("plain", 0, true));
    let mut bench = bench(home.path());
    wait(&mut bench, "this run was open: plain");
    bench.click("Not now");
    let past = folder::list(home.path()).remove(0);
    assert_eq!((past.open, past.step), (None, 4));
    bench.press(Modifiers::COMMAND, Key::H);
    // It goes by its title again once the list has been looked up anew.
    wait(&mut bench, "Open First");
    bench.click("Open First");
    let commands = bench.commands();
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::Open(open) if !open.trains && open.path == past.path)),
        "{commands:?}"
    );
}

#[test]
fn a_past_run_is_compared_with_and_deleted_after_one_question() {
    let home = tempfile::tempdir().expect("a folder");
    leave(home.path(), "An old one", 10, None);
    let mut bench = bench(home.path());
    bench.press(Modifiers::COMMAND, Key::H);
    wait(&mut bench, "finished, 10 steps");
    bench.click("Compare with An old one");
    wait(&mut bench, "Unpin An old one");
    bench.click("Delete An old one…");
    assert!(bench.has_text("for good?"));
    bench.click("Keep");
    assert_eq!(folder::list(home.path()).len(), 1);
    bench.click("Delete An old one…");
    bench.click("Delete");
    assert!(folder::list(home.path()).is_empty());
    assert!(!bench.has("Unpin An old one"));
}

#[test]
fn how_runs_are_kept_is_set_and_stays_set() {
    let home = tempfile::tempdir().expect("a folder");
    let mut bench = bench(home.path());
    bench.press(Modifiers::COMMAND, Key::H);
    bench.commands();
    bench.enter("Seconds between checkpoints", "5");
    bench.click("Keep runs on the disk");
    let commands = bench.commands();
    assert!(matches!(commands.last(), Some(Command::Keep(Keeping { home: None, .. }))), "{commands:?}");
    let set = Keeping::load(home.path());
    assert_eq!((set.home, set.every.as_secs()), (None, 5));
}

#[test]
fn a_full_disk_is_told_of_in_one_sentence() {
    let mut bench = Bench::open("quickstart");
    bench.set(|snapshot| {
        front(snapshot).kept.problem = Some("The disk is full. Training goes on.".into());
    });
    assert!(bench.has_text("The disk is full. Training goes on."));
    bench.click("Dismiss message");
    assert!(!bench.has_text("The disk is full"));
}

#[test]
#[ignore = "draws pictures for people to look at"]
fn looks_of_past_runs() {
    let Some(folder) = std::env::var_os("CONVSCOPE_LOOKS").map(std::path::PathBuf::from) else { return };
    for (size, theme, name) in [
        (LAPTOP, Theme::Light, "past-light"),
        (LAPTOP, Theme::Dark, "past-dark"),
        (super::fixture::DESKTOP, Theme::Light, "past-desktop"),
    ] {
        let home = tempfile::tempdir().expect("a folder");
        leave(home.path(), "Quickstart", 10, open("plain, rate 0.1", 0, true));
        leave(home.path(), "Going deeper: 56 layers", 6, open("residual", 1, true));
        leave(
            home.path(),
            "A net of my own with a name that is longer than what any line has room for",
            3,
            None,
        );
        let path = home.path().to_path_buf();
        let prepare = |workshop: crate::app::Workshop| workshop.keep_in(Some(path));
        let made_up = super::fixture::training("quickstart", 400);
        let mut bench =
            Bench::prepared("quickstart", size, theme, made_up, prepare, |builder| builder.wgpu());
        wait(&mut bench, "2 runs were open");
        bench.run();
        let image = bench.harness.render().expect("there is an adapter to draw with");
        image.save(folder.join(format!("{name}-offer.png"))).expect("room");
        bench.press(Modifiers::COMMAND, Key::H);
        wait(&mut bench, "step 3 of 10");
        bench.click("Delete residual…");
        let image = bench.harness.render().expect("there is an adapter to draw with");
        image.save(folder.join(format!("{name}.png"))).expect("room");
    }
}

/// What was written by hand beside the run that was open stands beside it again once it goes on.
#[test]
fn a_text_goes_on_with_its_run() {
    use crate::app::editor::Editor;
    use crate::app::memory::Opening;
    let home = tempfile::tempdir().expect("a folder");
    leave(home.path(), "First", 4, open("plain", 0, false));
    let experiment = *folder::list(home.path()).remove(0).experiment.expect("it can be read");
    let text = format!("# Why I tried this.\n{}", file::write(&experiment));
    let opening = Opening { experiment, text: Some(text.clone()), file: None };
    let path = home.path().to_path_buf();
    let prepare = |mut workshop: crate::app::Workshop| {
        workshop.editor = Editor::open_with(opening);
        workshop.keep_in(Some(path))
    };
    let mut bench =
        Bench::prepared("quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), prepare, |builder| {
            builder
        });
    wait(&mut bench, "this run was open: plain");
    bench.click("Go on");
    assert!(bench.commands().iter().any(|command| matches!(command, Command::Remove(_))));
    assert_eq!(bench.harness.state().editor.text(), text);
}

/// What was written beside runs that were not in front stands beside them again, and so does what was changed by its
/// cards and not trained; the run that was in front is in front again.
#[test]
fn what_was_written_and_changed_goes_on_with_every_run() {
    let home = tempfile::tempdir().expect("a folder");
    leave(home.path(), "First", 4, open("plain", 0, false));
    leave(home.path(), "Second", 4, open("residual", 1, false));
    let past =
        |title: &str| folder::list(home.path()).into_iter().find(|past| past.title == title).expect("it");
    let of = |title: &str| *past(title).experiment.expect("it can be read");
    let wrong = format!("# Why I tried this.\n{}rote = 1\n", file::write(&of("First")));
    folder::keep_written(&past("First").path, Some(&wrong)).expect("room");
    let mut changed = of("Second");
    changed.train.batch = 5;
    folder::keep_written(&past("Second").path, Some(&file::write(&changed))).expect("room");
    let (path, in_front) = (home.path().to_path_buf(), past("Second").path);
    let prepare = |mut workshop: crate::app::Workshop| {
        workshop.past.in_front = Some(in_front);
        workshop.keep_in(Some(path))
    };
    let made_up = snapshot("quickstart");
    let mut bench = Bench::prepared("quickstart", LAPTOP, Theme::Light, made_up, prepare, |builder| builder);
    wait(&mut bench, "2 runs were open: plain");
    bench.click("Go on");
    let commands = bench.commands();
    let ids: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Open(open) => Some(open.new.id),
            _ => None,
        })
        .collect();
    let is_selected = |command: &Command| matches!(command, Command::Select(id) if *id == ids[1]);
    assert!(commands.iter().any(is_selected), "{commands:?}");
    let is_told = |command: &Command| matches!(command, Command::Describe(id, told) if *id == ids[1] && **told == changed);
    assert!(commands.iter().any(is_told), "what was changed is changed still: {commands:?}");
    bench.set(|snapshot| {
        let own = snapshot.runs[0].clone();
        let run = |id, title: &str| RunSnapshot { id, experiment: Arc::new(of(title)), ..own.clone() };
        snapshot.runs = vec![run(ids[0], "First"), run(ids[1], "Second")];
        snapshot.current = Some(ids[1]);
    });
    bench.press(Modifiers::NONE, Key::PageUp);
    assert_eq!(bench.harness.state().editor.text(), wrong);
    assert_eq!(bench.harness.state().editor.experiment, of("First"), "that is what it said last");
}

/// The other way: what stands beside runs is on the disk with them, without anybody asking for it.
#[test]
fn what_is_written_beside_a_run_is_kept_in_its_folder() {
    use crate::app::memory::Keeper;
    let home = tempfile::tempdir().expect("a folder");
    leave(home.path(), "First", 4, None);
    let path = folder::list(home.path()).remove(0).path;
    let mut bench = Bench::open("quickstart");
    let ctx = bench.harness.ctx.clone();
    bench.set(|snapshot| {
        let run = front(snapshot);
        (run.has_begun, run.kept.path) = (true, Some(path.clone()));
    });
    let keep = |bench: &mut Bench| {
        let keeper = Keeper::at(home.path().join("window.json"));
        bench.harness.state_mut().remember(&ctx, keeper);
        bench.harness.state_mut().is_welcoming = false;
        bench.harness.state_mut().keep_now(&ctx);
    };
    keep(&mut bench);
    assert_eq!(folder::written(&path), None, "there is nothing that the run does not say");
    bench.enter("Batch", "16");
    keep(&mut bench);
    assert!(folder::written(&path).is_some_and(|text| text.contains("batch = 16")));
    let memory = Keeper::at(home.path().join("window.json")).memory().cloned();
    assert_eq!(memory.and_then(|memory| memory.folder), Some(path.clone()), "and which was in front");
    bench.press(Modifiers::COMMAND, Key::Z);
    keep(&mut bench);
    assert_eq!(folder::written(&path), None);
}
