//! What only this crate can do to a session: to take its device away.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::engine::gpu::twin;
use crate::engine::{Device, DeviceKind};
use crate::experiment::{Data, NetworkChoice, Optimiser, Train, file};

const RUN: RunId = RunId(9_000_000);
const OTHER: RunId = RunId(9_000_001);

fn experiment() -> Experiment {
    let text = "network.layers = [{ conv = 4, kernel = 3, stride = 4 }, 'relu', { linear = 10 }]";
    let network: NetworkChoice = file::parse(text).expect("an experiment").network;
    let data = Data { train: Some(40), test: Some(10), ..Data::default() };
    let optimiser = Optimiser::Momentum { momentum: 0.9 };
    let train = Train { batch: 8, epochs: 100, optimiser, ..Train::default() };
    Experiment { data, network, train, ..Experiment::default() }
}

fn wait(session: &Session, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let begin = Instant::now();
    loop {
        let snapshot = session.snapshot();
        if is_so(&snapshot) {
            return snapshot;
        }
        assert!(begin.elapsed() < Duration::from_secs(180), "{what} does not come: {:?}", snapshot.problem());
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn run(snapshot: &Snapshot, id: RunId) -> &RunSnapshot {
    snapshot.run_of(id).expect("a run")
}

fn losses(snapshot: &Snapshot, id: RunId) -> Vec<u32> {
    run(snapshot, id).curves.from(0).map(|record| record.loss.to_bits()).collect()
}

fn keep(session: &Session, home: &Path) {
    let every = Duration::from_millis(20);
    session.send(Command::Keep(Keeping { home: Some(home.into()), every }));
}

fn add(session: &Session, id: RunId) {
    let (name, experiment) = (format!("run {}", id.0), experiment());
    session.send(Command::Add(Box::new(NewRun { id, name, experiment, behind: None, twin_of: None })));
}

fn all_finished(snapshot: &Snapshot) -> bool {
    snapshot.runs.len() == 2 && snapshot.runs.iter().all(|run| run.activity == Activity::Finished)
}

/// The device goes in the middle of two runs: both go on from their checkpoints, on the same device opened again, and
/// end as those that were left in peace. It goes once more: then they go on with the processor.
#[test]
fn a_lost_device_costs_no_run() {
    let Some(peaceful) = twin::gpu() else { return };
    let choice = DeviceChoice::Named(peaceful.info().name.clone());
    let peace = Session::on(peaceful, &choice, || {}).expect("a thread");
    [RUN, OTHER].into_iter().for_each(|id| add(&peace, id));
    [RUN, OTHER].into_iter().for_each(|id| peace.send(Command::Play(id)));
    let whole = wait(&peace, "the end", all_finished);

    let home = tempfile::tempdir().expect("a folder");
    let own = Arc::new(twin::own_gpu(|_| {}).expect("there is one"));
    let device: Arc<dyn Device> = own.clone();
    let session = Session::on(device, &choice, || {}).expect("a thread");
    keep(&session, home.path());
    [RUN, OTHER].into_iter().for_each(|id| add(&session, id));
    [RUN, OTHER].into_iter().for_each(|id| session.send(Command::Play(id)));
    wait(&session, "two checkpoints", |s| {
        s.runs.iter().all(|run| run.kept.step.is_some_and(|step| step > 5))
    });
    own.destroy();
    let snapshot = wait(&session, "a sentence", |s| s.problem.is_some());
    let problem = snapshot.problem.clone().unwrap_or_default();
    assert!(problem.contains("stopped working") && problem.contains("go on from their last"), "{problem}");
    let snapshot = wait(&session, "the end", all_finished);
    assert_eq!(snapshot.device.kind, DeviceKind::Gpu);
    for id in [RUN, OTHER] {
        assert_eq!(losses(&snapshot, id), losses(&whole, id));
    }
}

/// Nothing was kept: the sentence says so, the window lives, and training begins anew.
#[test]
fn a_lost_device_without_a_checkpoint_is_told_of() {
    let Some(own) = twin::own_gpu(|_| {}) else { return };
    let own = Arc::new(own);
    let device: Arc<dyn Device> = own.clone();
    let session = Session::on(device, &DeviceChoice::Cpu, || {}).expect("a thread");
    add(&session, RUN);
    session.send(Command::Play(RUN));
    wait(&session, "some steps", |s| s.run_of(RUN).is_some_and(|run| run.step > 3));
    own.destroy();
    let snapshot = wait(&session, "a sentence", |s| s.problem.is_some());
    let problem = snapshot.problem.clone().unwrap_or_default();
    assert!(problem.contains("train anew"), "{problem}");
    assert_eq!(snapshot.device.kind, DeviceKind::Cpu);
    session.send(Command::Play(RUN));
    wait(&session, "the end", |s| run(s, RUN).activity == Activity::Finished);
}

/// `cargo test --release --lib what_keeping_costs -- --ignored --nocapture`: pictures in a second with a checkpoint
/// every second, twenty times as often as is usual, beside those without.
#[test]
#[ignore = "measures time"]
fn what_keeping_costs() {
    for preset in ["lenet", "resnet-20", "resnet-56"] {
        let speed = |every: Option<Duration>| {
            let home = tempfile::tempdir().expect("a folder");
            let session = Session::start(&DeviceChoice::Cpu, || {}).expect("the processor");
            if let Some(every) = every {
                session.send(Command::Keep(Keeping { home: Some(home.path().into()), every }));
            }
            let mut experiment = experiment();
            experiment.network = NetworkChoice::Preset(preset.into());
            experiment.data.source = if preset == "lenet" { "glyphs" } else { "shapes" }.into();
            experiment.data.train = Some(640);
            (experiment.train.batch, experiment.train.epochs) = (32, 1_000_000);
            session.send(Command::Describe(RUN, Box::new(experiment)));
            session.send(Command::Play(RUN));
            wait(&session, "the first steps", |s| s.run_of(RUN).is_some_and(|run| run.step > 5));
            let before = run(&session.snapshot(), RUN).step;
            let begin = Instant::now();
            std::thread::sleep(Duration::from_secs(8));
            let after = run(&session.snapshot(), RUN).step;
            32.0 * (after - before) as f64 / begin.elapsed().as_secs_f64()
        };
        let rounds: Vec<[f64; 2]> =
            (0..3).map(|_| [speed(None), speed(Some(Duration::from_secs(1)))]).collect();
        println!("{preset}: images/s without and with a checkpoint every second: {rounds:.0?}");
    }
}

/// `cargo test --release --lib what_turns_cost -- --ignored --nocapture`: pictures in a second of eight small runs that
/// take turns, beside those of one after the other.
#[test]
#[ignore = "measures time"]
fn what_turns_cost() {
    let ids: Vec<RunId> = (0..8).map(|i| RunId(9_100_000 + i)).collect();
    let speed = |playing: &[RunId], secs: u64| {
        let session = Session::start(&DeviceChoice::Cpu, || {}).expect("the processor");
        for &id in playing {
            let mut experiment = experiment();
            experiment.network = NetworkChoice::Preset("quickstart".into());
            experiment.data.train = Some(640);
            (experiment.train.batch, experiment.train.epochs) = (32, 1_000_000);
            session.send(Command::Describe(id, Box::new(experiment)));
            session.send(Command::Play(id));
        }
        let steps =
            |s: &Snapshot| playing.iter().map(|&id| s.run_of(id).map_or(0, |run| run.step)).sum::<u64>();
        wait(&session, "the first steps", |s| {
            playing.iter().all(|&id| s.run_of(id).is_some_and(|run| run.step > 50))
        });
        let (before, begin) = (steps(&session.snapshot()), Instant::now());
        std::thread::sleep(Duration::from_secs(secs));
        32.0 * (steps(&session.snapshot()) - before) as f64 / begin.elapsed().as_secs_f64()
    };
    for _ in 0..3 {
        let together = speed(&ids, 8);
        let alone: Vec<f64> = ids.iter().map(|id| speed(&[*id], 1)).collect();
        let alone = alone.iter().sum::<f64>() / alone.len() as f64;
        println!("images/s: {together:.0} together, {alone:.0} one after the other: {:.2}", together / alone);
    }
}

/// Moved from one device to the other in the middle.
#[test]
fn a_run_moves_to_another_device_and_goes_on() {
    let Some(gpu) = twin::gpu() else { return };
    let session = Session::on(gpu, &DeviceChoice::Gpu, || {}).expect("a thread");
    add(&session, RUN);
    session.send(Command::Epoch(RUN));
    wait(&session, "an epoch", |s| s.run_of(RUN).is_some_and(|run| run.step == 5 && !run.activity.is_work()));
    session.send(Command::UseDevice(DeviceChoice::Cpu));
    session.send(Command::Play(RUN));
    let snapshot = wait(&session, "the end", |s| run(s, RUN).activity == Activity::Finished);
    let moved = run(&snapshot, RUN);
    assert_eq!((snapshot.device.kind, moved.curves.len(), moved.number), (DeviceKind::Cpu, 500, 1));
    assert!(moved.note.as_ref().is_some_and(|note| note.contains("From step 5 on")), "{:?}", moved.note);
}

/// A run of the past whose experiment was changed by hand before the window closed: it goes on as it was trained, and
/// the change waits to be trained.
#[test]
fn a_change_that_was_not_trained_does_not_keep_a_run_from_going_on() {
    let home = tempfile::tempdir().expect("a folder");
    let session = Session::start(&DeviceChoice::Cpu, || {}).expect("the processor");
    keep(&session, home.path());
    add(&session, RUN);
    session.send(Command::Epoch(RUN));
    let snapshot = wait(&session, "an epoch on the disk", |s| {
        s.run_of(RUN).is_some_and(|run| run.kept.step == Some(5) && !run.activity.is_work())
    });
    let path = run(&snapshot, RUN).kept.path.clone().expect("it is on the disk");
    drop(session);
    let session = Session::start(&DeviceChoice::Cpu, || {}).expect("the processor");
    let mut changed = experiment();
    changed.data.source = "shapes".into();
    let new =
        NewRun { id: OTHER, name: "again".into(), experiment: experiment(), behind: None, twin_of: None };
    session.send(Command::Open(Box::new(OpenRun { new: Box::new(new), path, trains: false })));
    session.send(Command::Describe(OTHER, Box::new(changed)));
    let snapshot = wait(&session, "the run with the change", |s| {
        s.run_of(OTHER).is_some_and(|run| run.has_begun && run.is_stale)
    });
    let again = run(&snapshot, OTHER);
    let source = again.experiment.data.source.as_str();
    assert_eq!((again.step, again.curves.len(), source), (5, 5, "glyphs"));
    wait(&session, "the pictures of the change", |s| match &run(s, OTHER).pictures {
        PicturesState::Ready(ready) => ready.set.name == "shapes",
        _ => false,
    });
}

/// While the window draws without a pause and half of the processor is left to it, the same is computed, to the bit.
#[test]
fn what_is_left_to_the_window_changes_no_number() {
    let trained = |share: f64, draws: bool| {
        let session = Session::start(&DeviceChoice::Cpu, || {}).expect("the processor");
        session.send(Command::Leave(share));
        add(&session, RUN);
        add(&session, OTHER);
        [RUN, OTHER].into_iter().for_each(|id| session.send(Command::Play(id)));
        let frames = session.frames();
        let snapshot = wait(&session, "the end", |s| {
            if draws {
                frames.begin(Duration::from_millis(8));
            }
            all_finished(s)
        });
        [losses(&snapshot, RUN), losses(&snapshot, OTHER)]
    };
    assert_eq!(trained(0.5, true), trained(0.0, false));
}

/// A batch for which there is no room is refused: the run goes on with the old one and is not to begin anew, and what
/// else was changed with it is taken over.
#[test]
fn a_batch_without_room_is_refused() {
    use crate::engine::cpu::Cpu;
    use crate::engine::cpu::small::Small;
    let device: Arc<dyn Device> = Arc::new(Small(Cpu::new(), 3 << 19));
    let session = Session::on(device, &DeviceChoice::Cpu, || {}).expect("a thread");
    let mut first = experiment();
    (first.data.train, first.train.batch, first.train.epochs) = (Some(600), 2, 1_000_000);
    session.send(Command::Describe(RUN, Box::new(first.clone())));
    session.send(Command::Play(RUN));
    wait(&session, "some steps", |s| s.run_of(RUN).is_some_and(|run| run.step > 3));
    let mut asked = first.clone();
    (asked.train.batch, asked.train.rate) = (600, 0.5);
    session.send(Command::Describe(RUN, Box::new(asked.clone())));
    let snapshot = wait(&session, "a refusal", |s| run(s, RUN).refused.is_some());
    let seen = run(&snapshot, RUN);
    let kept = Experiment { train: Train { rate: 0.5, ..first.train.clone() }, ..first };
    assert_eq!(seen.refused, Some(Refused { asked: asked.into(), kept: kept.clone().into() }));
    assert_eq!((seen.is_stale, seen.activity.is_work(), &*seen.experiment), (false, true, &kept));
    let note = seen.note.clone().unwrap_or_default();
    assert!(note.contains("1.5 MiB left") && note.ends_with("Training goes on with batch 2."), "{note}");
    // The window takes it back; the sentence stays.
    session.send(Command::Describe(RUN, Box::new(kept)));
    let snapshot = wait(&session, "nothing more to refuse", |s| run(s, RUN).refused.is_none());
    assert_eq!((run(&snapshot, RUN).note.clone(), run(&snapshot, RUN).is_stale), (Some(note), false));
}
