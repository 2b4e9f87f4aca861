//! Looks at other weights than those that train: of a step that is past, of a file, of another run.

use std::path::PathBuf;

use convscope::inspect::live::surface::{Point, Slice};
use convscope::session::{At, Elsewhere};
use convscope::train::weights;

use super::*;

const OTHER: RunId = RunId(1_000_001);

const FILTERS: Look = Look::Filters { layer: None };

fn filters_of(view: &View) -> &[f32] {
    let View::Filters(filters) = view else { panic!("{view:?}") };
    &filters.weights.data
}

/// The weights of the first layer after so many steps of a run of its own.
fn weights_after(n: u64) -> (Run, Vec<f32>) {
    let set = Arc::new(catalogue::open(&experiment()).expect("built in"));
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU");
    let mut run = Run::new(&experiment(), set, device).expect("a run");
    while run.progress().step < n {
        run.advance(1).expect("a step");
    }
    run.collect(true).expect("it is done");
    let weights = run.parameter(first_convolution(&run.graph).expect("a convolution")).expect("weights").data;
    (run, weights)
}

/// Waits for a look at these weights of a run, and gives what is seen.
fn see(session: &Session, id: RunId, at: At, look: Look) -> (Arc<View>, u64) {
    let elsewhere = vec![Elsewhere { run: id, at: at.clone(), looks: vec![look.clone()] }];
    let beside = Some(OTHER);
    session.send(Command::Watch(Watch { looks: vec![FILTERS], elsewhere, beside }));
    let is_there = |snapshot: &Snapshot| {
        snapshot
            .seen_of(id, &at, &look)
            .is_some_and(|seen| seen.is_whole && seen.at == at && seen.look == look)
    };
    let snapshot = wait(session, "a look elsewhere", is_there);
    let seen = snapshot.seen_of(id, &at, &look).expect("it is there");
    (seen.view.clone().expect("it can be seen"), seen.step)
}

/// Every step that is kept can be looked at again, and so can a file; the run itself stays where it is.
#[test]
fn the_weights_of_a_step_that_is_past_are_seen() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Play(RUN));
    let snapshot = wait(&session, "the end", is_finished);
    let kept = run(&snapshot).kept_steps.clone();
    assert!(kept.len() > 10 && kept[0] == 0 && kept[1] == 2, "{kept:?}");
    for step in [0, 2, kept[kept.len() / 2]] {
        let (view, seen_at) = see(&session, RUN, At::Step(step), FILTERS);
        assert_eq!((filters_of(&view), seen_at), (&weights_after(step).1[..], step));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seventh.safetensors");
    let (seventh, expected) = weights_after(7);
    weights::save(&seventh, &file).expect("room");
    assert_eq!(filters_of(&see(&session, RUN, At::File(file), FILTERS).0), expected);
    let snapshot = session.snapshot();
    let now = snapshot.seen(&FILTERS).expect("it is still looked at").view.clone().expect("it can be seen");
    assert_eq!(filters_of(&now), weights_after(30).1);
}

/// A file whose classes have other names is looked at, and the note comes with what is seen; the run's own has none.
#[test]
fn a_file_of_renamed_classes_comes_with_a_note() {
    let mut set = catalogue::open(&experiment()).expect("built in");
    set.classes[9] = "nine".into();
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU");
    let run = Run::new(&experiment(), Arc::new(set), device).expect("a run");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("renamed.safetensors");
    weights::save(&run, &file).expect("room");
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Step(RUN));
    see(&session, RUN, At::File(file.clone()), FILTERS);
    let note = |at| session.snapshot().seen_of(RUN, &at, &FILTERS).and_then(|seen| seen.note.clone());
    let told = note(At::File(file)).expect("a note");
    assert!(told.contains("other names for some classes (nine for 9)"), "{told}");
    see(&session, RUN, At::Step(0), FILTERS);
    assert_eq!(note(At::Step(0)), None);
}

#[test]
fn a_file_that_is_none_is_told_and_nothing_else_happens() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Step(RUN));
    let at = At::File(PathBuf::from("no/such.safetensors"));
    let elsewhere = vec![Elsewhere { run: RUN, at: at.clone(), looks: vec![FILTERS] }];
    session.send(Command::Watch(Watch { elsewhere, ..Watch::default() }));
    let snapshot = wait(&session, "a message", |snapshot| snapshot.seen_of(RUN, &at, &FILTERS).is_some());
    let message =
        snapshot.seen_of(RUN, &at, &FILTERS).expect("it is there").view.clone().expect_err("no file");
    assert!(message.contains("such.safetensors"), "{message}");
    assert!(snapshot.problem().is_none());
}

/// Two runs are looked at side by side, and a line goes from the one to the other: at its ends it has their losses.
#[test]
fn another_run_is_seen_beside_the_one_in_front() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    let mut slow = experiment();
    slow.train.rate *= 0.1;
    let new = NewRun { id: OTHER, name: "slow".into(), experiment: slow, behind: None, twin_of: None };
    session.send(Command::Add(Box::new(new)));
    for id in [RUN, OTHER] {
        session.send(Command::Play(id));
    }
    wait(&session, "both ends", |snapshot| {
        snapshot.runs.len() == 2 && snapshot.runs.iter().all(|run| run.activity == Activity::Finished)
    });
    let own = see(&session, RUN, At::Now, FILTERS);
    let other = see(&session, OTHER, At::Now, FILTERS);
    assert_ne!(filters_of(&own.0), filters_of(&other.0));
    let line = |from, to| {
        let (view, _) = see(&session, RUN, At::Now, Look::Surface(Slice::Line { from, to }));
        let View::Surface(drawn) = &*view else { panic!("{view:?}") };
        let at = |x: f64| {
            let near = drawn.line.iter().min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()));
            near.expect("points").1.loss
        };
        [at(0.0), at(1.0)]
    };
    let ([start, here], [there, beside]) =
        (line(Point::Start, Point::Here), line(Point::Here, Point::Beside));
    // The points nearest to the ends are up to a 64th of the way from them.
    assert!((here - there).abs() < 0.05 * start, "{here} and {there}");
    assert!(here < beside && beside < start, "a tenth of the rate learns less: {here}, {beside}, {start}");
    let (view, _) = see(&session, RUN, At::Now, Look::Surface(Slice::Path));
    let View::Surface(drawn) = &*view else { panic!("{view:?}") };
    assert!(drawn.path.len() > 10 && drawn.path[0].0 == 0, "{:?}", drawn.path);
    assert_eq!(drawn.path.last(), Some(&(30, [0.0, 0.0])));
    let [x, y] = drawn.explained.expect("the plane lies through the path");
    assert!(x > y && x + y > 0.7 && x + y <= 1.0 + 1e-9, "{x} and {y}");
}
