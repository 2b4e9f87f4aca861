//! The bridge: commands in, snapshots out, as the window uses it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use convscope::data::catalogue;
use convscope::engine::{self, DeviceChoice};
use convscope::experiment::{Experiment, Schedule, shipped};
use convscope::session::{Activity, Command, PicturesState, RunSnapshot, Session, Snapshot, Watch};
use convscope::train::Run;

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
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} does not come; {:?}", snapshot.activity);
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn run(snapshot: &Snapshot) -> &RunSnapshot {
    snapshot.run.as_ref().expect("a run")
}

fn is_finished(snapshot: &Snapshot) -> bool {
    snapshot.activity == Activity::Finished
}

#[test]
fn play_trains_to_the_end_and_is_the_run_of_the_command_line() {
    let session = start();
    session.send(Command::Describe(Box::new(experiment())));
    session.send(Command::Watch(Watch { filters: true }));
    session.send(Command::Play);
    let snapshot = wait(&session, "the end", is_finished);
    let seen = run(&snapshot);
    assert_eq!((seen.step, seen.n_steps), (30, 30));
    assert_eq!(seen.curves.tests.len(), 3);
    assert!(seen.filters.as_ref().is_some_and(|filters| filters.len() > 1));

    let set = Arc::new(catalogue::open(&experiment().data, experiment().seed).expect("built in"));
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU");
    let mut alone = Run::new(&experiment(), set, device).expect("a run");
    while !alone.progress().is_finished() {
        alone.advance(7).expect("steps");
    }
    let losses = |curves: &convscope::train::curves::Curves| -> Vec<u32> {
        curves.from(0).map(|record| record.loss.to_bits()).collect()
    };
    assert_eq!(losses(&seen.curves), losses(&alone.curves));
}

#[test]
fn step_and_epoch_stop_where_they_say() {
    let session = start();
    session.send(Command::Describe(Box::new(experiment())));
    session.send(Command::Step);
    let rests_at = |step: u64| {
        move |snapshot: &Snapshot| {
            snapshot.activity == Activity::Idle && snapshot.run.as_ref().is_some_and(|run| run.step == step)
        }
    };
    wait(&session, "one step", rests_at(1));
    session.send(Command::Epoch);
    let snapshot = wait(&session, "the end of the epoch", rests_at(10));
    assert_eq!(run(&snapshot).curves.len(), 10);
}

#[test]
fn reset_goes_back_to_the_same_initial_weights() {
    let session = start();
    session.send(Command::Describe(Box::new(experiment())));
    session.send(Command::Play);
    let first = wait(&session, "the end", is_finished);
    session.send(Command::Reset);
    wait(&session, "step 0", |snapshot| run(snapshot).step == 0);
    session.send(Command::Play);
    let second = wait(&session, "the end again", is_finished);
    let last = |snapshot: &Snapshot| run(snapshot).curves.last().map(|record| record.loss.to_bits());
    assert_eq!(last(&first), last(&second));
    assert_eq!(second.previous.as_ref().map(|curves| curves.len()), Some(30));
}

#[test]
fn the_rate_changes_at_the_next_step_and_a_new_net_needs_a_new_run() {
    let session = start();
    let mut described = experiment();
    described.train.schedule = Schedule::Constant;
    session.send(Command::Describe(Box::new(described.clone())));
    session.send(Command::Epoch);
    wait(&session, "an epoch", |s| {
        s.activity == Activity::Idle && s.run.as_ref().is_some_and(|r| r.step == 10)
    });
    described.train.rate = 0.125;
    session.send(Command::Describe(Box::new(described.clone())));
    session.send(Command::Step);
    let snapshot = wait(&session, "a step", |snapshot| run(snapshot).step == 11);
    assert_eq!(run(&snapshot).curves.last().map(|record| record.rate), Some(0.125));
    assert!(!run(&snapshot).is_stale);

    described.train.batch = 32;
    session.send(Command::Describe(Box::new(described)));
    let stale = wait(&session, "a stale run", |snapshot| run(snapshot).is_stale);
    session.send(Command::Step);
    let fresh = wait(&session, "a new run", |snapshot| !run(snapshot).is_stale && run(snapshot).step == 1);
    assert_eq!(run(&fresh).number, run(&stale).number + 1);
}

#[test]
fn what_cannot_be_is_told_and_what_can_goes_on() {
    let session = start();
    let mut described = experiment();
    described.data.source = "no/such/folder".into();
    session.send(Command::Describe(Box::new(described)));
    session.send(Command::Play);
    let failed = |snapshot: &Snapshot| matches!(snapshot.pictures, PicturesState::Failed { .. });
    let snapshot = wait(&session, "a failure", |s| failed(s) && s.activity == Activity::Idle);
    let PicturesState::Failed { message, .. } = &snapshot.pictures else { panic!("waited for") };
    assert!(message.contains("no/such/folder"), "{message}");

    let mut described = experiment();
    described.train.batch = 1000;
    session.send(Command::Describe(Box::new(described)));
    session.send(Command::Play);
    let snapshot = wait(&session, "a problem", |snapshot| snapshot.problem.is_some());
    assert!(snapshot.problem.as_ref().is_some_and(|problem| problem.contains("1000")), "{snapshot:?}");

    session.send(Command::Describe(Box::new(experiment())));
    session.send(Command::Step);
    let snapshot = wait(&session, "a step", |s| s.run.as_ref().is_some_and(|run| run.step == 1));
    assert_eq!(snapshot.problem, None);
}
