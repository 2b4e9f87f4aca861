//! Nothing that a session trains is lost: killed, closed, or before a full disk.

use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::time::{Duration, Instant};

use convscope::experiment::{Augment, Data, Optimiser};
use convscope::session::{Keeping, OpenRun};
use convscope::train::folder::{self, Past, PastState};

use super::*;

/// Names the folder of a child that is to be killed.
const CHILD: &str = "CONVSCOPE_TEST_HOME";

/// With everything that a run remembers, for so many epochs of 10 steps.
fn lasting(n_epochs: usize) -> Experiment {
    let mut experiment = experiment();
    experiment.train.epochs = n_epochs;
    experiment.train.optimiser = Optimiser::ADAM;
    experiment.train.rate = 0.003;
    experiment.data.augment = Augment { flip: true, crop: 2, ..Augment::default() };
    experiment
}

fn slower(n_epochs: usize) -> Experiment {
    Experiment { network: NetworkChoice::Preset("lenet".into()), ..lasting(n_epochs) }
}

fn keep(session: &Session, home: &Path, every: Duration) {
    session.send(Command::Keep(Keeping { home: Some(home.into()), every }));
}

const OFTEN: Duration = Duration::from_millis(30);

/// Opens a run of the past again.
fn open(session: &Session, past: &Past, id: RunId, twin_of: Option<RunId>) {
    let name = past.open.as_ref().map_or("run".into(), |open| open.name.clone());
    let new = NewRun { id, name, experiment: Experiment::default(), behind: None, twin_of };
    session.send(Command::Open(Box::new(OpenRun { new: new.into(), path: past.path.clone(), trains: true })));
}

/// Not a test: the session that [`a_killed_session_goes_on_bit_for_bit`] kills.
#[test]
#[ignore = "runs in a process of its own, to be killed"]
fn child() {
    let Some(home) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let session = start();
    keep(&session, &home, OFTEN);
    add(&session, RUN, lasting(12), None);
    add(&session, OTHER, slower(12), Some(RUN));
    session.send(Command::Play(RUN));
    std::thread::sleep(Duration::from_secs(180));
}

/// Two twins, killed and gone on with by another session, against two that were left in peace.
#[test]
fn a_killed_session_goes_on_bit_for_bit() {
    let home = tempfile::tempdir().expect("a folder");
    let mut child = Program::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", "keeping::child", "--ignored"]).env(CHILD, home.path()).stdout(Stdio::null());
    let mut child = child.spawn().expect("this program runs");
    let begin = Instant::now();
    let is_on_its_way = |past: &Past| past.step >= 15 && past.open.is_some();
    while folder::list(home.path()).iter().filter(|past| is_on_its_way(past)).count() < 2 {
        assert!(begin.elapsed() < Duration::from_secs(170), "{:?}", folder::list(home.path()));
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a child");
    child.wait().expect("a child");

    let mut found = folder::list(home.path());
    found.sort_by_key(|past| past.open.as_ref().map(|open| open.place));
    let [first, second] = &found[..] else { panic!("{found:?}") };
    let notes = [first, second].map(|past| past.open.clone().expect("it was open"));
    assert_eq!([&notes[0].name, &notes[1].name], ["run 1000000", "run 1000001"]);
    assert!(notes[0].party.is_some() && notes[0].party == notes[1].party, "twins know each other again");
    assert!(found.iter().all(|past| past.state == PastState::Interrupted && past.step < 120), "{found:?}");
    let session = start();
    keep(&session, home.path(), OFTEN);
    open(&session, first, RUN, None);
    open(&session, second, OTHER, Some(RUN));
    let gone_on = wait(&session, "the end", |s| s.runs.len() == 2 && all_finished(s));

    let peace = start();
    add(&peace, RUN, lasting(12), None);
    add(&peace, OTHER, slower(12), Some(RUN));
    peace.send(Command::Play(RUN));
    let whole = wait(&peace, "the end", |s| s.runs.len() == 2 && all_finished(s));
    for id in [RUN, OTHER] {
        assert_eq!(bits(&gone_on, id), bits(&whole, id));
    }
    drop(session);
    let found = folder::list(home.path());
    assert!(found.iter().all(|past| past.state == PastState::Finished && past.step == 120), "{found:?}");
}

/// A run that is paused is on the disk at once; a window that is closed leaves it to be offered again.
#[test]
fn a_pause_and_a_closed_window_leave_everything_on_the_disk() {
    let home = tempfile::tempdir().expect("a folder");
    let session = start();
    keep(&session, home.path(), Keeping::EVERY);
    session.send(Command::Describe(RUN, Box::new(lasting(60))));
    session.send(Command::Epoch(RUN));
    wait(&session, "a checkpoint", |s| s.run().is_some_and(|run| run.kept.step == Some(10)));
    assert_eq!(folder::list(home.path())[0].state, PastState::Running);
    session.send(Command::Play(RUN));
    wait(&session, "some steps", |s| run(s).step > 20);
    drop(session);
    let past = folder::list(home.path()).remove(0);
    assert!(past.step > 20 && past.state == PastState::Interrupted, "{past:?}");
    assert!(past.open.as_ref().is_some_and(|open| open.trains), "it was training");

    let session = start();
    open(&session, &past, RUN, None);
    let snapshot = wait(&session, "the run", |s| s.run().is_some_and(|run| run.step > past.step));
    assert!(run(&snapshot).curves.len() as u64 >= past.step);
    session.send(Command::Remove(RUN));
    wait(&session, "a removal", |s| s.runs.is_empty());
    drop(session);
    assert_eq!(folder::list(home.path())[0].open, None, "what was taken away is not offered again");
}

/// The first attempt to write fails: training goes on, one sentence says so, and the next attempt succeeds.
#[test]
fn a_disk_that_takes_nothing_is_told_of_and_training_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("runs");
    // No folder can be made where a file is.
    std::fs::write(&home, "in the way").expect("room");
    let session = start();
    keep(&session, &home, OFTEN);
    session.send(Command::Describe(RUN, Box::new(lasting(20))));
    session.send(Command::Play(RUN));
    let snapshot = wait(&session, "the end", is_finished);
    assert_eq!(run(&snapshot).step, 200);
    let snapshot = wait(&session, "a sentence", |s| run(s).kept.problem.is_some());
    let problem = run(&snapshot).kept.problem.clone().unwrap_or_default();
    assert!(problem.contains("cannot be written") && problem.contains("nothing of it is kept"), "{problem}");
    std::fs::remove_file(&home).expect("it is there");
    let mut longer = lasting(21);
    longer.title = "A longer one".into();
    session.send(Command::Describe(RUN, Box::new(longer)));
    session.send(Command::Play(RUN));
    wait(&session, "a checkpoint", |s| {
        run(s).kept.problem.is_none() && run(s).kept.step == Some(210) && is_finished(s)
    });
    assert_eq!(folder::list(&home)[0].title, "A longer one");
}

/// What stands in the window at the next start must not take the colour of a run that goes on.
#[test]
fn a_run_of_the_past_keeps_its_mark() {
    let home = tempfile::tempdir().expect("a folder");
    let session = start();
    keep(&session, home.path(), Keeping::EVERY);
    add(&session, RUN, lasting(60), None);
    add(&session, OTHER, lasting(60), None);
    [RUN, OTHER].into_iter().for_each(|id| session.send(Command::Epoch(id)));
    wait(&session, "two epochs on the disk", |s| {
        s.runs.len() == 2 && s.runs.iter().all(|run| run.kept.step == Some(10))
    });
    drop(session);
    let session = start();
    let placeholder = RunId(1_000_007);
    session.send(Command::Describe(placeholder, Box::new(lasting(60))));
    let mut found = folder::list(home.path());
    found.sort_by_key(|past| past.open.as_ref().map(|open| open.place));
    for (past, id) in found.iter().zip([RUN, OTHER]) {
        open(&session, past, id, None);
    }
    let snapshot = wait(&session, "three runs", |s| s.runs.len() == 3);
    let mark = |id| snapshot.run_of(id).map(|run| run.mark);
    assert_eq!([RUN, OTHER, placeholder].map(mark), [Some(0), Some(1), Some(2)]);
}

/// The pictures were others when a run was to go on, and another run has them: once they are put back as they were,
/// play goes on, without anything else being chosen anew.
#[test]
fn a_run_goes_on_once_its_pictures_are_put_back() {
    let (home, pictures) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for part in ["train", "t10k"] {
        let header = [2051u32, 40, 28, 28].map(u32::to_be_bytes).concat();
        let pixels: Vec<u8> = (0..40 * 784u32).map(|i| (i * 31 % 251) as u8).collect();
        let labels =
            [[2049u32, 40].map(u32::to_be_bytes).concat(), (0..40).map(|i| i % 10).collect()].concat();
        for (kind, bytes) in [("images-idx3", [header, pixels].concat()), ("labels-idx1", labels)] {
            std::fs::write(pictures.path().join(format!("{part}-{kind}-ubyte")), bytes).expect("room");
        }
    }
    let mut own = lasting(60);
    own.data = Data { source: pictures.path().display().to_string(), ..Data::default() };
    own.train.batch = 10;
    let session = start();
    keep(&session, home.path(), Keeping::EVERY);
    session.send(Command::Describe(RUN, Box::new(own.clone())));
    session.send(Command::Epoch(RUN));
    wait(&session, "an epoch", |s| s.run().is_some_and(|run| run.kept.step == Some(4)));
    drop(session);

    let images = pictures.path().join("train-images-idx3-ubyte");
    let before = std::fs::read(&images).expect("the file");
    let mut after = before.clone();
    after[100] ^= 1;
    std::fs::write(&images, after).expect("room");
    let session = start();
    add(&session, OTHER, own, None);
    session.send(Command::Epoch(OTHER));
    wait(&session, "a run on the other pictures", |s| s.run_of(OTHER).is_some_and(|run| run.step == 4));
    open(&session, &folder::list(home.path())[0], RUN, None);
    let problem = |s: &Snapshot| s.run_of(RUN).and_then(|run| run.problem.clone());
    let snapshot = wait(&session, "a sentence", |s| problem(s).is_some());
    assert!(
        problem(&snapshot).is_some_and(|text| text.contains("Put them back as they were")),
        "{snapshot:?}"
    );
    std::fs::write(&images, before).expect("room");
    session.send(Command::Epoch(RUN));
    let snapshot = wait(&session, "the next epoch", |s| {
        let run = s.run_of(RUN).expect("a run");
        assert!(run.problem.is_none() || run.step == 0, "{:?}", run.problem);
        run.step == 8
    });
    assert_eq!(problem(&snapshot), None);
}

/// What nobody stopped at is not worth a place in the list; what was paused is.
#[test]
fn beginnings_that_are_given_up_leave_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let session = start();
    keep(&session, home.path(), Keeping::EVERY);
    session.send(Command::Describe(RUN, Box::new(lasting(60))));
    session.send(Command::Play(RUN));
    wait(&session, "a folder", |s| s.run().is_some_and(|run| run.kept.path.is_some()));
    session.send(Command::Reset(RUN));
    session.send(Command::Epoch(RUN));
    wait(&session, "an epoch", |s| run(s).kept.step == Some(10));
    session.send(Command::Reset(RUN));
    session.send(Command::Step(RUN));
    wait(&session, "a step", |s| run(s).kept.step == Some(1));
    drop(session);
    let mut steps: Vec<u64> = folder::list(home.path()).iter().map(|past| past.step).collect();
    steps.sort_unstable();
    assert_eq!(steps, [1, 10]);
}
