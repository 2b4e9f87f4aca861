//! What frames cost: `cargo test --release --lib speed -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::fixture::{Bench, DESKTOP, curves, experiment, front, training};
use crate::app::memory::Opening;
use crate::app::{Bridge, Workshop, theme};
use crate::engine::DeviceChoice;
use crate::session::{Activity, Command, NewRun, RunId, RunSnapshot, Session};
use crate::train::changes::Changed;

/// Runs side by side.
const N_RUNS: usize = 8;

/// Eight runs of 100,000 steps, a deep net unfolded in view, for every frame a new snapshot in which all have
/// come one step further; with the curves at the side, and over the middle with the rate beneath.
#[test]
#[ignore = "measures time"]
fn frame_time() {
    for (name, is_enlarged) in
        [("resnet-56-shapes", false), ("resnet-56-shapes", true), ("resnet-152", false)]
    {
        let [median, late] = frame_ms(name, is_enlarged);
        assert!(median < 8.0 && late < 16.0, "the window's own work must leave the machine to the training");
    }
}

/// Tells the time that this thread has worked, where the system tells it: what other programs do on the machine is then
/// left out. Else the time that went by.
struct Clock {
    worked: Option<u64>,
    at: Instant,
}

impl Clock {
    fn now() -> Self {
        Self { worked: worked_ns(), at: Instant::now() }
    }

    fn elapsed_ms(&self) -> f64 {
        match (self.worked, worked_ns()) {
            (Some(from), Some(to)) => (to - from) as f64 / 1e6,
            _ => self.at.elapsed().as_secs_f64() * 1e3,
        }
    }
}

/// Nanoseconds of this thread on a processor so far, as Linux counts them.
fn worked_ns() -> Option<u64> {
    // What was counted is brought up to date when a thread gives way.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Milliseconds of a frame, at the median and at the 99th percentile.
fn frame_ms(name: &str, is_enlarged: bool) -> [f64; 2] {
    let mut snapshot = training(name, 10);
    let mut growing = curves(100_000, 0.01);
    (growing.batches, growing.multiply_adds) = (vec![(0, 128)], 1_000_000);
    growing.changes = (1..=20).map(changed).collect();
    let extra = curves(101_000, 0.01);
    front(&mut snapshot).previous = Some(std::sync::Arc::new(growing.clone()));
    let first = front(&mut snapshot).clone();
    snapshot.runs.extend((1..N_RUNS).map(|mark| RunSnapshot { id: RunId::next(), mark, ..first.clone() }));
    let mut bench = Bench::with(name, DESKTOP, egui::Theme::Dark, snapshot, |builder| builder);
    if is_enlarged {
        bench.press(egui::Modifiers::NONE, egui::Key::C);
        bench.click("Settings of the curves");
        bench.click("Learning rate beneath");
        bench.press(egui::Modifiers::NONE, egui::Key::Escape);
    }
    let mut times = Vec::new();
    for record in extra.from(100_000).take(300) {
        growing.push(*record);
        let mut next = (**bench.snapshot.borrow()).clone();
        next.runs.iter_mut().for_each(|run| run.curves = std::sync::Arc::new(growing.clone()));
        *bench.snapshot.borrow_mut() = std::sync::Arc::new(next);
        let start = Clock::now();
        bench.harness.step();
        let output = bench.harness.output();
        let triangles = bench.harness.ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
        assert!(!triangles.is_empty());
        times.push(start.elapsed_ms());
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let place = if is_enlarged { "in the middle" } else { "at the side" };
    println!(
        "{name}, curves {place}: median {:.2} ms, 99th percentile {:.2} ms, longest {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    [at(0.5), at(0.99)]
}

fn changed(i: u64) -> Changed {
    let step = 5000 * i;
    let (epoch, seconds) = (step as f64 / 156.0, step as f64 * 0.0026);
    Changed { step, epoch, seconds, what: "rate".into(), from: "0.1".into(), to: "0.05".into() }
}

/// From the click on a preset to the frame that shows it: shapes, costs and memory of all its layers anew.
#[test]
#[ignore = "measures time"]
fn preset_time() {
    for name in ["vgg-16", "resnet-50", "resnet-152", "resnet-110"] {
        let mut bench = Bench::open("quickstart");
        bench.click("Start from…");
        bench.get(name).click();
        let start = Instant::now();
        bench.harness.step();
        bench.harness.step();
        let ms = start.elapsed().as_secs_f64() * 1e3;
        println!("{name}: shown after {ms:.1} ms");
        assert!(ms < 150.0, "a click is answered at once");
    }
}

/// Eight deep nets train for real, on all processors, while the window is drawn 30 times a second and clicked: whatever
/// the engine does, the frame that a click falls into shows its answer, and the engine itself obeys soon after.
#[test]
#[ignore = "measures time"]
fn clicks_are_answered_while_eight_runs_train() {
    let session = Arc::new(Session::start(&DeviceChoice::Cpu, || {}).expect("the processor"));
    let (reader, sender) = (session.clone(), session.clone());
    let bridge = Bridge::new(move || reader.snapshot(), move |command| sender.send(command));
    let mut own = experiment("resnet-56-shapes");
    (own.data.train, own.data.test, own.train.batch) = (Some(640), Some(64), 32);
    let opening = Opening { experiment: own.clone(), ..Opening::default() };
    let workshop = Workshop::new(bridge, opening, DeviceChoice::Cpu);
    let builder = Harness::builder().with_size(DESKTOP).with_context_setup(theme::install);
    let mut harness = builder.build_ui_state(|ui, workshop: &mut Workshop| workshop.ui(ui), workshop);
    for i in 1..N_RUNS {
        let (id, name) = (RunId::next(), format!("run {i}"));
        let new = NewRun { id, name, experiment: own.clone(), behind: None, twin_of: None };
        session.send(Command::Add(Box::new(new)));
    }
    let at_work = |session: &Session| {
        session.snapshot().runs.iter().filter(|run| run.activity == Activity::Training).count()
    };
    wait_for("runs", || session.snapshot().runs.len() == N_RUNS);
    session.snapshot().runs.iter().for_each(|run| session.send(Command::Play(run.id)));
    wait_for("training", || at_work(&session) == N_RUNS);
    let (mut worked, mut passed) = (Vec::new(), Vec::new());
    for frame in 0..300 {
        let place = frame % 3;
        let card = ["Layer 1: Convolution", "Layer 2: Batch normalisation", "Layer 3: ReLU"][place];
        // A person clicks on what stands still.
        settle(&mut harness, card);
        harness.query_all_by_label(card).next().expect("a card").click();
        let (start, clock) = (Instant::now(), Clock::now());
        harness.step();
        worked.push(clock.elapsed_ms());
        passed.push(start.elapsed().as_secs_f64() * 1e3);
        let editor = &harness.state().editor;
        assert_eq!(editor.selected, Some(editor.layers()[place].id), "the frame of the click answers it");
        std::thread::sleep(Duration::from_millis(33).saturating_sub(start.elapsed()));
    }
    let [[median, late], [median_passed, late_passed]] = [worked, passed].map(|mut times| {
        times.sort_by(f64::total_cmp);
        [0.5, 0.99].map(|share| times[((times.len() - 1) as f64 * share) as usize])
    });
    println!("a frame with a click: {median:.1} ms of work at the median, {late:.1} at the 99th percentile");
    println!("by the clock on the wall: {median_passed:.1} and {late_passed:.1} ms");
    let start = Instant::now();
    session.snapshot().runs.iter().for_each(|run| session.send(Command::Pause(run.id)));
    wait_for("a pause", || at_work(&session) == 0);
    println!("all runs pause after {} ms", start.elapsed().as_millis());
    assert!(median < 8.0 && late < 16.0, "the window's own work must leave the machine to the training");
}

/// Draws until a card stays where it is.
fn settle(harness: &mut Harness<'_, Workshop>, card: &str) {
    let place =
        |harness: &Harness<'_, Workshop>| harness.query_all_by_label(card).next().expect("a card").rect();
    let mut before = place(harness);
    for _ in 0..60 {
        harness.step();
        let now = place(harness);
        if std::mem::replace(&mut before, now) == now {
            return;
        }
    }
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(180), "{what} does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What is left to the window while a net trains on all processors: how long a frame of 6 ms of work takes by the clock
/// on the wall, 20 of them a second, and what it costs the training.
#[test]
#[ignore = "measures time"]
fn frames_beside_training() {
    const WORK_MS: f64 = 6.0;
    let session = Session::start(&DeviceChoice::Cpu, || {}).expect("the processor");
    let mut own = experiment("quickstart");
    (own.data.train, own.data.test, own.train.epochs) = (Some(3200), Some(64), 1_000_000);
    let id = RunId::next();
    session.send(Command::Describe(id, Box::new(own)));
    session.send(Command::Play(id));
    let step = || session.snapshot().run_of(id).map_or(0, |run| run.step);
    wait_for("training", || step() > 50);
    let frames = session.frames();
    let measure = |share: f64, draws: bool| {
        session.send(Command::Leave(share));
        let (begin, before, mut times) = (Instant::now(), step(), Vec::new());
        while begin.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(44));
            if draws {
                let (start, clock) = (Instant::now(), Clock::now());
                frames.begin(Duration::from_secs_f64(WORK_MS / 1e3));
                while clock.elapsed_ms() < WORK_MS {
                    std::hint::black_box((0..2000u64).sum::<u64>());
                }
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times.get((times.len().saturating_sub(1) as f64 * share) as usize).copied();
        let speed = (step() - before) as f64 / begin.elapsed().as_secs_f64();
        (speed, [0.5, 0.9, 0.99].map(|share| at(share).unwrap_or_default()))
    };
    for _ in 0..3 {
        let (free, _) = measure(0.0, false);
        for share in [0.0, 0.1, 0.3] {
            let (speed, [median, late, latest]) = measure(share, true);
            println!(
                "{share} left: {:.3} of the steps; a frame of {WORK_MS} ms takes {median:.1}, at the 90th percentile \
                 {late:.1}, at the 99th {latest:.1} ms",
                speed / free
            );
        }
    }
}
