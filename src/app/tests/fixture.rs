//! A workshop over a made-up session: tests set the snapshot and read the commands.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use egui::{Theme, Vec2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, HarnessBuilder, Node};

use crate::app::memory::Opening;
use crate::app::{Bridge, Workshop, theme};
use crate::data::{DataSet, Split};
use crate::engine::{DeviceChoice, DeviceInfo, DeviceKind};
use crate::experiment::{Experiment, NetworkChoice, presets, shipped};
use crate::graph::Graph;
use crate::inspect::filters::Filters;
use crate::inspect::look::{Look, View};
use crate::session::{
    Activity, At, Command, PicturesReady, PicturesState, RunId, RunSnapshot, Seen, Sharing, Snapshot,
};
use crate::tensor::{Extent, Tensor};
use crate::train::curves::{Curves, StepRecord, TestRecord};

pub const LAPTOP: Vec2 = vec2(1366.0, 768.0);
pub const DESKTOP: Vec2 = vec2(1920.0, 1080.0);

/// The window under test with both ends of its bridge.
pub struct Bench {
    pub harness: Harness<'static, Workshop>,
    pub snapshot: Rc<RefCell<Arc<Snapshot>>>,
    commands: Rc<RefCell<Vec<Command>>>,
}

impl Bench {
    /// Opens an experiment that ships, on a laptop's screen.
    pub fn open(name: &str) -> Self {
        Self::with(name, LAPTOP, Theme::Light, snapshot(name), |builder| builder)
    }

    pub fn with(
        name: &str,
        size: Vec2,
        theme: Theme,
        snapshot: Snapshot,
        build: impl FnOnce(HarnessBuilder<Workshop>) -> HarnessBuilder<Workshop>,
    ) -> Self {
        Self::prepared(name, size, theme, snapshot, |workshop| workshop, build)
    }

    /// With the workshop prepared before its first frame.
    pub fn prepared(
        name: &str,
        size: Vec2,
        theme: Theme,
        snapshot: Snapshot,
        prepare: impl FnOnce(Workshop) -> Workshop,
        build: impl FnOnce(HarnessBuilder<Workshop>) -> HarnessBuilder<Workshop>,
    ) -> Self {
        let snapshot = Rc::new(RefCell::new(Arc::new(snapshot)));
        let commands: Rc<RefCell<Vec<Command>>> = Rc::default();
        let (read, sent) = (snapshot.clone(), commands.clone());
        let bridge =
            Bridge::new(move || read.borrow().clone(), move |command| sent.borrow_mut().push(command));
        let opening = Opening { experiment: experiment(name), ..Opening::default() };
        let workshop = prepare(Workshop::new(bridge, opening, DeviceChoice::Auto));
        let builder = Harness::builder().with_size(size).with_theme(theme).with_context_setup(theme::install);
        let harness = build(builder).build_ui_state(|ui, workshop: &mut Workshop| workshop.ui(ui), workshop);
        let mut bench = Self { harness, snapshot, commands };
        bench.run();
        bench
    }

    /// Frames until nothing moves.
    pub fn run(&mut self) {
        self.harness.run_ok();
    }

    pub fn set(&mut self, change: impl FnOnce(&mut Snapshot)) {
        let mut snapshot = (**self.snapshot.borrow()).clone();
        change(&mut snapshot);
        *self.snapshot.borrow_mut() = Arc::new(snapshot);
        self.run();
    }

    /// The first control of this name.
    pub fn get<'a>(&'a self, label: &'a str) -> Node<'a> {
        let mut all: Vec<_> = self.harness.query_all_by_label(label).collect();
        // A caption may have the same words as the control behind it.
        all.sort_by_key(|node| node.accesskit_node().role() == egui::Role::Label);
        all.into_iter().next().unwrap_or_else(|| panic!("there is no `{label}`"))
    }

    pub fn has(&self, label: &str) -> bool {
        self.harness.query_all_by_label(label).next().is_some()
    }

    /// How many controls of this name there are.
    pub fn count(&self, label: &str) -> usize {
        self.harness.query_all_by_label(label).count()
    }

    pub fn has_text(&self, part: &str) -> bool {
        self.harness.query_all_by_label_contains(part).next().is_some()
    }

    pub fn click(&mut self, label: &str) {
        self.get(label).click();
        self.run();
    }

    /// Whether these words stand somewhere as a text to be read: not in the name of a picture or a control.
    pub fn is_written(&self, part: &str) -> bool {
        let mut all = self.harness.query_all_by_label_contains(part);
        all.any(|node| node.accesskit_node().role() == egui::Role::Label)
    }

    /// Frames until nothing turns any more that stands for something yet to come.
    pub fn settle(&mut self) {
        let is_waiting = |harness: &Harness<'static, Workshop>| {
            let mut all = harness.query_all_by_role(egui::Role::ProgressIndicator);
            all.any(|node| node.accesskit_node().label().is_none())
        };
        while is_waiting(&self.harness) {
            std::thread::sleep(std::time::Duration::from_millis(5));
            self.harness.step();
        }
    }

    /// Clicks the first control whose name has these words in it.
    pub fn click_text(&mut self, part: &str) {
        let all: Vec<_> = self.harness.query_all_by_label_contains(part).collect();
        all.first().unwrap_or_else(|| panic!("there is no `{part}`")).click();
        drop(all);
        self.run();
    }

    pub fn press(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.run();
    }

    /// Does what the list of all actions finds first by these words.
    pub fn find(&mut self, words: &str) {
        self.press(egui::Modifiers::COMMAND, egui::Key::K);
        self.get("Find an action").type_text(words);
        self.run();
        self.press(egui::Modifiers::NONE, egui::Key::Enter);
    }

    pub fn is_disabled(&self, label: &str) -> bool {
        self.get(label).accesskit_node().is_disabled()
    }

    /// Types a value into a numeric field.
    pub fn enter(&mut self, label: &str, text: &str) {
        self.click(label);
        self.get(label).type_text(text);
        self.run();
        self.press(egui::Modifiers::NONE, egui::Key::Enter);
    }

    /// The commands sent since this was last asked.
    pub fn commands(&self) -> Vec<Command> {
        std::mem::take(&mut *self.commands.borrow_mut())
    }

    /// The experiment that the session was told last; the commands are taken.
    pub fn told(&self) -> Option<Experiment> {
        let described = |command| match command {
            Command::Describe(_, experiment) => Some(*experiment),
            _ => None,
        };
        self.commands().into_iter().filter_map(described).next_back()
    }
}

/// An experiment that ships; or, by the name of a preset, one that no change to those that ship touches.
pub fn experiment(name: &str) -> Experiment {
    let preset = || {
        presets::check(name).unwrap();
        Experiment { network: NetworkChoice::Preset(name.into()), ..Experiment::default() }
    };
    shipped::get(name).unwrap_or_else(preset)
}

/// A session with the pictures of an experiment, before its first run.
pub fn snapshot(name: &str) -> Snapshot {
    let experiment = experiment(name);
    let device = DeviceInfo {
        kind: DeviceKind::Cpu,
        name: "Ryzen 7 5800U".into(),
        detail: "AVX2, FMA, 16 threads".into(),
        is_software: false,
    };
    let spec = experiment.data.clone();
    let pictures = PicturesState::Ready(PicturesReady { set: Arc::new(pictures(&spec.source)), spec });
    let run = RunSnapshot { pictures, ..RunSnapshot::new(RunId::next(), Arc::new(experiment)) };
    Snapshot {
        current: Some(run.id),
        devices: Arc::new([device.clone()]),
        device,
        runs: vec![run],
        sharing: Sharing::default(),
        views: Vec::new(),
        spent: Default::default(),
        removed: None,
        download: None,
        problem: None,
    }
}

/// The same in training, with so many steps done.
pub fn training(name: &str, n_steps: u64) -> Snapshot {
    let mut snapshot = snapshot(name);
    let input = match snapshot.pictures() {
        PicturesState::Ready(ready) => ready.set.extent,
        _ => unreachable!("the pictures are ready"),
    };
    let run = front(&mut snapshot);
    let network = run.experiment.network.network(input, 10).expect("a possible net");
    *run = RunSnapshot {
        graph: Graph::new(&network).ok().map(Arc::new),
        activity: Activity::Training,
        has_begun: true,
        number: 1,
        step: n_steps,
        steps_per_epoch: 156,
        n_steps: 780,
        images_per_second: 12_345.0,
        curves: Arc::new(curves(n_steps, 1.0)),
        arena_bytes: 1 << 20,
        input: Some(input),
        ..run.clone()
    };
    let view = Ok(Arc::new(View::Filters(filters(16, input.channels))));
    let of_filters = seen(run, n_steps, Look::Filters { layer: None }, view);
    snapshot.views.push(of_filters);
    snapshot
}

/// What has been seen of a run after so many steps, as the session publishes it.
pub fn seen(run: &RunSnapshot, step: u64, look: Look, view: Result<Arc<View>, String>) -> Seen {
    static SERIAL: AtomicU64 = AtomicU64::new(1);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    Seen {
        serial,
        look,
        run: run.id,
        number: run.number,
        at: At::Now,
        step,
        note: None,
        is_whole: true,
        view,
    }
}

/// The run in front.
pub fn front(snapshot: &mut Snapshot) -> &mut RunSnapshot {
    let id = snapshot.current;
    snapshot.runs.iter_mut().find(|run| Some(run.id) == id).expect("there is a run")
}

/// Curves that fall as curves do, with the noise of batches.
pub fn curves(n_steps: u64, speed: f32) -> Curves {
    let mut curves = Curves::default();
    let mut state = 12345u32;
    for step in 1..=n_steps {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
        let decay = (-(step as f32) * speed / 120.0).exp();
        let loss = (0.15 + 2.1 * decay) * (1.0 + 0.4 * noise);
        let error = (0.03 + 0.85 * decay + 0.12 * noise * (0.2 + decay)).clamp(0.0, 1.0);
        let (epoch, seconds) = (step as f64 / 156.0, step as f64 * 0.0026);
        curves.push(StepRecord { step, epoch, loss, error, rate: 0.02, seconds, batch: 0 });
        if step % 156 == 0 {
            let (loss, error) = (0.2 + 1.8 * decay as f64, 0.05 + 0.7 * decay as f64);
            curves.tests.push(TestRecord { step, epoch, loss, error, seconds });
        }
    }
    curves
}

/// Oriented edges, as first layers learn them.
pub fn filters(n: usize, channels: usize) -> Filters {
    let side = 5;
    let weight = |i: usize, c: usize, p: usize| {
        let angle = i as f32 * 0.39 + c as f32 * 0.5;
        let (x, y) = ((p % side) as f32 - 2.0, (p / side) as f32 - 2.0);
        (x * angle.cos() + y * angle.sin() + i as f32 * 0.2).sin() * 0.4
    };
    let mut data = Vec::new();
    for i in 0..n {
        for c in 0..channels {
            data.extend((0..side * side).map(|p| weight(i, c, p)));
        }
    }
    let weights = Tensor::new(vec![n, channels, side, side], data);
    Filters { path: "layers.0".into(), weights, initial: None, scale: Some(vec![1.0; channels]) }
}

/// Pictures by which classes can be told apart at a glance.
pub fn pictures(source: &str) -> DataSet {
    let is_grey = ["glyphs", "mnist", "fashion-mnist"].contains(&source);
    let extent = if is_grey { Extent::new(1, 28, 28) } else { Extent::new(3, 32, 32) };
    let split = |n: usize| {
        let labels: Vec<u16> = (0..n).map(|i| (i % 10) as u16).collect();
        let mut pictures = Vec::with_capacity(n * extent.len());
        for (i, &label) in labels.iter().enumerate() {
            for c in 0..extent.channels {
                pictures.extend((0..extent.area()).map(|p| pixel(extent, label as usize, i, c, p)));
            }
        }
        Split { pictures, labels: labels.into() }
    };
    let classes = match is_grey {
        true => (0..10).map(|digit| digit.to_string()).collect(),
        false => ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
            .map(String::from)
            .into(),
    };
    DataSet {
        name: source.into(),
        extent,
        classes,
        train: split(200),
        test: split(100),
        clean: None,
        notes: Vec::new(),
    }
}

fn pixel(extent: Extent, label: usize, i: usize, c: usize, p: usize) -> u8 {
    let (x, y) = ((p % extent.width) as f32 - 14.0, (p / extent.width) as f32 - 14.0);
    let angle = label as f32 * 0.314 + (i / 10) as f32 * 0.05;
    let distance = (x * angle.cos() + y * angle.sin()).abs();
    let stroke =
        (1.0 - (distance - 2.5).max(0.0) / 2.0).clamp(0.0, 1.0) * if x.hypot(y) < 11.0 { 1.0 } else { 0.0 };
    (stroke * (255.0 - 60.0 * (c * label % 3) as f32)) as u8
}
