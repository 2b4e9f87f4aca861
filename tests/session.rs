//! The bridge: commands in, snapshots out, as the window uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use convscope::data::catalogue;
use convscope::engine::{self, DeviceChoice, Part};
use convscope::experiment::{Experiment, NetworkChoice, Schedule, shipped};
use convscope::inspect::attribution::Unit;
use convscope::inspect::exhibit::Exhibit;
use convscope::inspect::filters::first_convolution;
use convscope::inspect::look::{Look, View};
use convscope::inspect::patches::Search;
use convscope::session::{
    Activity, Command, MOST_RUNS, NewRun, PicturesState, RunId, RunSnapshot, Session, Snapshot, Spent, Watch,
};
use convscope::train::Run;

#[path = "session/cost.rs"]
mod cost;
#[path = "session/elsewhere.rs"]
mod elsewhere;
#[path = "session/keeping.rs"]
mod keeping;

const RUN: RunId = RunId(1_000_000);

fn start() -> Session {
    Session::start(&DeviceChoice::Cpu, || {}).expect("the CPU is always there")
}

/// Quickstart, made smaller.
fn experiment() -> Experiment {
    let mut experiment = shipped::get("quickstart").expect("it ships");
    experiment.data.train = Some(640);
    experiment.data.test = Some(100);
    experiment.train.epochs = 3;
    experiment.train.batch = 64;
    experiment
}

/// Waits until the snapshot is as wanted.
fn wait(session: &Session, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let begin = Instant::now();
    loop {
        let snapshot = session.snapshot();
        if is_so(&snapshot) {
            return snapshot;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(180),
            "{what} does not come; {:?}",
            snapshot.activity()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn run(snapshot: &Snapshot) -> &RunSnapshot {
    snapshot.run().expect("a run")
}

fn is_finished(snapshot: &Snapshot) -> bool {
    snapshot.activity() == Activity::Finished
}

/// Of the run in front, as it stands.
fn watch(looks: Vec<Look>) -> Watch {
    Watch { looks, ..Watch::default() }
}

/// One of each kind.
fn every_look() -> Vec<Look> {
    let exhibit = Exhibit::Data { part: Part::Test, index: 7 };
    let unit = Unit { layer: "layers.3".into(), channel: 2, place: None };
    let search = Search {
        layer: "layers.3".into(),
        part: Part::Train,
        class: None,
        n_pictures: Some(100),
        n_patches: 4,
        one_each: true,
    };
    vec![
        Look::Filters { layer: None },
        Look::Activations { exhibit: exhibit.clone() },
        Look::Patches(search),
        Look::Why { exhibit: exhibit.clone(), unit, occluder: None },
        Look::Convolution { layer: None, exhibit },
    ]
}

#[test]
fn play_trains_to_the_end_and_is_the_run_of_the_command_line() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Watch(watch(every_look())));
    session.send(Command::Play(RUN));
    let snapshot = wait(&session, "the end", is_finished);
    let Spent { training, looking, last_look } = snapshot.spent;
    assert!(10.0 * (looking - last_look) <= training, "{looking} s of looking in {training} s of training");
    let seen = run(&snapshot);
    assert_eq!((seen.step, seen.n_steps), (30, 30));
    assert_eq!(seen.curves.tests.len(), 3);

    let set = Arc::new(catalogue::open(&experiment()).expect("built in"));
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU");
    let mut alone = Run::new(&experiment(), set, device).expect("a run");
    while !alone.progress().is_finished() {
        alone.advance(7).expect("steps");
    }
    let losses = |curves: &convscope::train::curves::Curves| -> Vec<u32> {
        curves.from(0).map(|record| record.loss.to_bits()).collect()
    };
    assert_eq!(losses(&seen.curves), losses(&alone.curves), "a watched run is the run of nobody's watching");

    // Where nothing trains, all is seen at last.
    let all_seen =
        |snapshot: &Snapshot| every_look().iter().all(|look| snapshot.seen(look).is_some_and(|s| s.is_whole));
    let snapshot = wait(&session, "all looks", all_seen);
    let failed = snapshot.views.iter().find_map(|seen| seen.view.as_ref().err());
    assert_eq!(failed, None);

    // What is seen at the end are the weights of the end.
    let look = Look::Filters { layer: None };
    let is_last = |snapshot: &Snapshot| snapshot.seen(&look).is_some_and(|seen| seen.step == 30);
    let snapshot = wait(&session, "the last look", is_last);
    let view = snapshot.seen(&look).and_then(|seen| seen.view.clone().ok()).expect("they are seen");
    let View::Filters(filters) = &*view else { panic!("{view:?}") };
    let weights = alone.parameter(first_convolution(&alone.graph).expect("a convolution")).expect("weights");
    assert_eq!(filters.weights, weights);
}

#[test]
fn looks_that_nobody_asks_for_any_more_are_gone() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    let look = Look::Filters { layer: None };
    session.send(Command::Watch(watch(vec![look.clone()])));
    session.send(Command::Step(RUN));
    wait(&session, "a look", |snapshot| snapshot.seen(&look).is_some_and(|seen| seen.is_whole));
    session.send(Command::Watch(watch(vec![Look::Filters { layer: Some("layers.99".into()) }])));
    let snapshot =
        wait(&session, "another look", |snapshot| snapshot.views.iter().any(|seen| seen.view.is_err()));
    assert!(snapshot.seen(&look).is_none());
    let message = snapshot.views[0].view.as_ref().expect_err("there is no such layer");
    assert!(message.contains("`layers.99`") && message.contains("`layers.0`"), "{message}");
    assert!(snapshot.problem().is_none(), "the run itself goes on");
}

/// A look at another picture goes on with what was made ready for the one before; the window can tell the two views
/// apart, wherever they lie in memory.
#[test]
fn one_picture_is_looked_at_after_the_other() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Step(RUN));
    let looks = [3, 8].map(|index| Look::Activations { exhibit: Exhibit::Data { part: Part::Test, index } });
    let mut serials = Vec::new();
    let numbers = looks.map(|look| {
        session.send(Command::Watch(watch(vec![look.clone()])));
        let snapshot =
            wait(&session, "a look", |snapshot| snapshot.seen(&look).is_some_and(|seen| seen.is_whole));
        serials.extend(snapshot.seen(&look).map(|seen| seen.serial));
        let view = snapshot.seen(&look).and_then(|seen| seen.view.clone().ok()).expect("it is seen");
        let View::Activations(seen) = &*view else { panic!("{view:?}") };
        (seen.picture.bytes.clone(), seen.layers[0].numbers.clone())
    });
    let set = catalogue::open(&experiment()).expect("built in");
    for (index, (bytes, _)) in [3, 8].into_iter().zip(&numbers) {
        assert_eq!(bytes, set.test.picture(set.extent, index));
    }
    assert_ne!(numbers[0].1, numbers[1].1);
    assert_ne!(serials[0], serials[1]);
}

#[test]
fn step_and_epoch_stop_where_they_say() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Step(RUN));
    let rests_at = |step: u64| {
        move |snapshot: &Snapshot| {
            snapshot.activity() == Activity::Idle && snapshot.run().is_some_and(|run| run.step == step)
        }
    };
    wait(&session, "one step", rests_at(1));
    session.send(Command::Epoch(RUN));
    let snapshot = wait(&session, "the end of the epoch", rests_at(10));
    assert_eq!(run(&snapshot).curves.len(), 10);
}

#[test]
fn reset_goes_back_to_the_same_initial_weights() {
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Play(RUN));
    let first = wait(&session, "the end", is_finished);
    session.send(Command::Reset(RUN));
    wait(&session, "step 0", |snapshot| run(snapshot).step == 0);
    session.send(Command::Play(RUN));
    let second = wait(&session, "the end again", is_finished);
    let last = |snapshot: &Snapshot| run(snapshot).curves.last().map(|record| record.loss.to_bits());
    assert_eq!(last(&first), last(&second));
    assert_eq!(run(&second).previous.as_ref().map(|curves| curves.len()), Some(30));
}

#[test]
fn the_rate_changes_at_the_next_step_and_a_new_net_needs_a_new_run() {
    let session = start();
    let mut described = experiment();
    described.train.schedule = Schedule::Constant;
    session.send(Command::Describe(RUN, Box::new(described.clone())));
    session.send(Command::Epoch(RUN));
    wait(&session, "an epoch", |s| s.activity() == Activity::Idle && s.run().is_some_and(|r| r.step == 10));
    described.train.rate = 0.125;
    session.send(Command::Describe(RUN, Box::new(described.clone())));
    session.send(Command::Step(RUN));
    let snapshot = wait(&session, "a step", |snapshot| run(snapshot).step == 11);
    assert_eq!(run(&snapshot).curves.last().map(|record| record.rate), Some(0.125));
    assert!(!run(&snapshot).is_stale);

    described.network = NetworkChoice::Preset("lenet".into());
    session.send(Command::Describe(RUN, Box::new(described)));
    let stale = wait(&session, "a stale run", |snapshot| run(snapshot).is_stale);
    session.send(Command::Step(RUN));
    let fresh = wait(&session, "a new run", |snapshot| !run(snapshot).is_stale && run(snapshot).step == 1);
    assert_eq!(run(&fresh).number, run(&stale).number + 1);
}

/// A net that has learned nothing has a loss of ln 10 or more.
#[test]
fn a_changed_net_goes_on_with_the_weights_that_fit_if_that_is_wanted() {
    let session = start();
    let mut changed = experiment();
    session.send(Command::Describe(RUN, Box::new(changed.clone())));
    session.send(Command::Play(RUN));
    let trained = wait(&session, "the end", is_finished);
    let last = run(&trained).curves.last().expect("it has run").loss;
    assert!(last < 1.3, "it has learned: {last}");
    let layers =
        changed.network.network(run(&trained).input.expect("of a picture"), 10).expect("it fits").layers;
    let first_loss = |command: fn(RunId) -> Command, changed: &Experiment, number: u64| {
        session.send(Command::Describe(RUN, Box::new(changed.clone())));
        wait(&session, "the change", |snapshot| run(snapshot).is_stale);
        session.send(command(RUN));
        let begun =
            wait(&session, "the end", |snapshot| run(snapshot).number == number && is_finished(snapshot));
        run(&begun).curves.from(0).next().expect("it has run").loss
    };
    // What has weights is as before.
    let mut all = layers.clone();
    all.insert(1, convscope::experiment::Layer::new(convscope::experiment::Kind::Identity));
    changed.network = NetworkChoice::Layers { input: None, layers: all };
    let kept = first_loss(Command::PlayKeeping, &changed, 2);
    assert!(kept < 1.5, "it begins where it was: {kept}");
    session.send(Command::Reset(RUN));
    session.send(Command::Step(RUN));
    let again = wait(&session, "the first step", |s| run(s).number == 3 && run(s).curves.len() == 1);
    assert_eq!(
        run(&again).curves.last().map(|first| first.loss),
        Some(kept),
        "the weights that it began with"
    );
    changed.network = NetworkChoice::Layers { input: None, layers };
    let anew = first_loss(Command::Play, &changed, 4);
    assert!(anew > 2.0, "it begins anew: {anew}");
}

#[test]
fn what_cannot_be_is_told_and_what_can_goes_on() {
    let session = start();
    let mut described = experiment();
    described.data.source = "no/such/folder".into();
    session.send(Command::Describe(RUN, Box::new(described)));
    session.send(Command::Play(RUN));
    let failed = |snapshot: &Snapshot| matches!(snapshot.pictures(), PicturesState::Failed { .. });
    let snapshot = wait(&session, "a failure", |s| failed(s) && s.activity() == Activity::Idle);
    let PicturesState::Failed { message, .. } = snapshot.pictures() else { panic!("waited for") };
    assert!(message.contains("no/such/folder"), "{message}");

    let mut described = experiment();
    described.train.batch = 1000;
    session.send(Command::Describe(RUN, Box::new(described)));
    session.send(Command::Play(RUN));
    let snapshot = wait(&session, "a problem", |snapshot| snapshot.problem().is_some());
    assert!(snapshot.problem().is_some_and(|problem| problem.contains("1,000")), "{snapshot:?}");

    session.send(Command::Describe(RUN, Box::new(experiment())));
    session.send(Command::Step(RUN));
    let snapshot = wait(&session, "a step", |s| s.run().is_some_and(|run| run.step == 1));
    assert_eq!(snapshot.problem(), None);
}

/// The experiment as another run of the same session.
fn add(session: &Session, id: RunId, experiment: Experiment, twin_of: Option<RunId>) {
    let name = format!("run {}", id.0);
    session.send(Command::Add(Box::new(NewRun { id, name, experiment, behind: None, twin_of })));
}

const OTHER: RunId = RunId(1_000_001);
const THIRD: RunId = RunId(1_000_002);

/// The loss of each step and each test, as they are to the last bit.
fn bits(snapshot: &Snapshot, id: RunId) -> (Vec<u32>, Vec<u64>) {
    let curves = &snapshot.run_of(id).expect("a run").curves;
    let tests = curves.tests.iter().map(|test| test.loss.to_bits()).collect();
    (curves.from(0).map(|record| record.loss.to_bits()).collect(), tests)
}

fn all_finished(snapshot: &Snapshot) -> bool {
    snapshot.runs.iter().all(|run| run.activity == Activity::Finished)
}

/// The same experiment alone; beside two others, one of them another net; and paused again and again.
#[test]
fn a_run_is_the_same_alone_beside_others_and_with_pauses() {
    let alone = start();
    alone.send(Command::Describe(RUN, Box::new(experiment())));
    alone.send(Command::Play(RUN));
    let expected = bits(&wait(&alone, "the end", is_finished), RUN);

    let beside = start();
    let mut other_net = experiment();
    other_net.network = NetworkChoice::Preset("lenet".into());
    other_net.train.batch = 50;
    add(&beside, RUN, experiment(), None);
    add(&beside, OTHER, other_net, None);
    add(&beside, THIRD, experiment(), Some(RUN));
    [RUN, OTHER].into_iter().for_each(|id| beside.send(Command::Play(id)));
    let snapshot = wait(&beside, "the end of all", |s| s.runs.len() == 3 && all_finished(s));
    assert_eq!(bits(&snapshot, RUN), expected);
    assert_eq!(bits(&snapshot, THIRD), expected, "a twin without a difference is no other run");
    assert_ne!(bits(&snapshot, OTHER).0[..5], expected.0[..5]);

    let paused = start();
    paused.send(Command::Describe(RUN, Box::new(experiment())));
    for step in [1, 4, 13, 29] {
        while run_step(&paused) < step {
            let before = run_step(&paused);
            paused.send(Command::Play(RUN));
            wait(&paused, "a step", |s| s.run().is_some_and(|run| run.step > before));
            paused.send(Command::Pause(RUN));
            wait(&paused, "a pause", |s| !s.activity().is_work());
        }
    }
    paused.send(Command::Play(RUN));
    assert_eq!(bits(&wait(&paused, "the end", is_finished), RUN), expected);
}

fn run_step(session: &Session) -> u64 {
    session.snapshot().run().map_or(0, |run| run.step)
}

/// Each snapshot that a watcher could see has both at the same step, though one net takes longer.
#[test]
fn twins_go_step_by_step() {
    let session = start();
    let mut slower = experiment();
    slower.network = NetworkChoice::Preset("lenet".into());
    add(&session, RUN, experiment(), None);
    add(&session, OTHER, slower, Some(RUN));
    session.send(Command::Play(OTHER));
    let begin = Instant::now();
    loop {
        let snapshot = session.snapshot();
        let steps: Vec<u64> = snapshot.runs.iter().filter(|run| run.has_begun).map(|run| run.step).collect();
        assert!(steps.windows(2).all(|pair| pair[0] == pair[1]), "{steps:?}");
        if snapshot.runs.len() == 2 && all_finished(&snapshot) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(180), "they do not finish");
    }
    session.send(Command::Part(OTHER));
    session.send(Command::Reset(OTHER));
    let snapshot = wait(&session, "a reset", |s| s.run_of(OTHER).is_some_and(|run| run.step == 0));
    assert_eq!(snapshot.run_of(RUN).map(|run| (run.step, run.twins)), Some((30, None)));
}

#[test]
fn a_removed_run_comes_back_as_it_was() {
    let session = start();
    add(&session, RUN, experiment(), None);
    add(&session, OTHER, experiment(), None);
    session.send(Command::Epoch(RUN));
    wait(&session, "an epoch", |s| s.run_of(RUN).is_some_and(|r| r.step == 10 && !r.activity.is_work()));
    session.send(Command::Remove(RUN));
    let snapshot = wait(&session, "a removal", |s| s.runs.len() == 1);
    assert_eq!(snapshot.current, Some(OTHER));
    assert_eq!(snapshot.removed.as_ref().map(|(id, _)| *id), Some(RUN));
    session.send(Command::Restore);
    let snapshot = wait(&session, "a return", |s| s.runs.len() == 2);
    let back = snapshot.run().expect("it is looked at again");
    assert_eq!((back.id, back.step, back.curves.len()), (RUN, 10, 10));
    session.send(Command::Play(RUN));
    wait(&session, "the end", |s| s.run().is_some_and(|run| run.step == 30));
}

#[test]
fn more_runs_than_there_may_be_are_refused_in_a_sentence() {
    let session = start();
    for i in 0..=MOST_RUNS as u64 {
        add(&session, RunId(2_000_000 + i), experiment(), None);
    }
    let snapshot = wait(&session, "a problem", |snapshot| snapshot.problem().is_some());
    assert!(snapshot.problem().is_some_and(|problem| problem.contains("16 runs")));
    assert_eq!(snapshot.runs.len(), MOST_RUNS);
    let mut marks: Vec<usize> = snapshot.runs.iter().map(|run| run.mark).collect();
    marks.sort_unstable();
    marks.dedup();
    assert_eq!(marks.len(), MOST_RUNS, "each is known by a mark of its own");
}

/// What cannot begin for want of pictures is told of and rests, instead of being tried for ever.
#[test]
fn a_reset_without_pictures_comes_to_rest() {
    let n_told = Arc::new(AtomicUsize::new(0));
    let told = n_told.clone();
    let notify = move || {
        told.fetch_add(1, Ordering::Relaxed);
    };
    let session = Session::start(&DeviceChoice::Cpu, notify).expect("the CPU is always there");
    let mut described = experiment();
    session.send(Command::Describe(RUN, Box::new(described.clone())));
    session.send(Command::Step(RUN));
    wait(&session, "a step", |s| s.run().is_some_and(|run| run.step == 1));
    described.data.source = "no/such/folder".into();
    session.send(Command::Describe(RUN, Box::new(described)));
    let has_failed =
        |s: &Snapshot| s.run().is_some_and(|run| matches!(run.pictures, PicturesState::Failed { .. }));
    wait(&session, "the pictures' failure", has_failed);
    session.send(Command::Reset(RUN));
    session.send(Command::Rename(RUN, "reset".into()));
    wait(&session, "the reset", |s| has_failed(s) && s.run().is_some_and(|run| run.name == "reset"));
    let before = n_told.load(Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(300));
    let n_more = n_told.load(Ordering::Relaxed) - before;
    assert!(n_more < 8, "told of {n_more} times that there are no pictures");
}

/// Batch, augmentation and rule take effect at the next step, are marked in the curves, and end no run; what cannot be
/// is told of, and training goes on.
#[test]
fn settings_change_while_a_run_goes_on() {
    let session = start();
    let mut described = experiment();
    described.train.epochs = 60;
    session.send(Command::Describe(RUN, Box::new(described.clone())));
    session.send(Command::Play(RUN));
    let at = |step: u64| {
        wait(&session, "steps", |s| s.run().is_some_and(|run| run.curves.len() as u64 > step)).run().cloned()
    };
    at(5);
    described.train.batch = 32;
    session.send(Command::Describe(RUN, Box::new(described.clone())));
    at(80);
    described.data.augment.flip = true;
    described.train.optimiser = convscope::experiment::Optimiser::ADAM;
    described.train.rate = 0.001;
    session.send(Command::Describe(RUN, Box::new(described.clone())));
    at(160);
    described.train.batch = 641;
    session.send(Command::Describe(RUN, Box::new(described.clone())));
    let is_told = |s: &Snapshot| s.run().is_some_and(|run| run.note.is_some());
    let told =
        wait(&session, "a sentence", is_told).run().and_then(|run| run.note.clone()).unwrap_or_default();
    assert!(told.contains("641") && told.contains("goes on as before"), "{told}");
    described.train.batch = 32;
    session.send(Command::Describe(RUN, Box::new(described)));
    let snapshot = wait(&session, "the end", is_finished);
    let seen = run(&snapshot);
    assert_eq!(
        (seen.number, seen.is_stale, seen.curves.tests.len()),
        (1, false, 60),
        "one run, an epoch tested each"
    );
    let told: Vec<String> =
        seen.curves.changes.iter().map(|c| format!("{} {} {}", c.what, c.from, c.to)).collect();
    assert_eq!(told, ["batch 64 32", "rate 0.02 0.001", "optimiser Momentum Adam", "flip off on"]);
    let n_pictures = seen.curves.n_pictures(seen.step);
    assert!((60 * 600..=60 * 640).contains(&n_pictures), "every epoch saw its pictures once: {n_pictures}");
}
