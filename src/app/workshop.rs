//! All panels together and what they share: the experiment under edit, and what is done on request.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use egui::{CentralPanel, Context, Frame, Margin, Panel, Ui};

use super::action::Action;
use super::arrangement::{Arrangement, Heights, Pane, Panes};
use super::bridge::{Bridge, Desk, Hold, Request};
use super::editor::history::Gesture;
use super::editor::{Editor, Room, Task};
use super::files::{Answer, Asking};
use super::memory::{Keeper, Opening};
use super::theme::{self, Palette};
use super::widgets::Gravity;
use super::{bar, device, help, lessons, library, network, past, runs, search, status, text, training};
use crate::engine::DeviceChoice;
use crate::experiment::Experiment;
use crate::lessons::progress::Shelf;
use crate::session::{At, Command, PicturesState, RunId, Snapshot, Watch};

/// What work in another thread has to say.
type Report = (Gravity, String);

/// The whole window, but for the window.
pub struct Workshop {
    pub(super) bridge: Bridge,
    /// The experiment of the run in front.
    pub(super) editor: Editor,
    pub(super) front: runs::front::Front,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) library: library::State,
    pub(super) lessons: lessons::State,
    /// What the open lesson withholds in this frame.
    pub(super) hold: Hold,
    /// Where the panels stand.
    pub(super) arrangement: Arrangement,
    pub(super) text: text::State,
    pub(super) network: network::State,
    pub(super) training: training::State,
    pub(super) status: status::State,
    pub(super) past: past::State,
    pub(super) device: device::State,
    pub(super) asking: Option<Asking>,
    pub(super) is_help_open: bool,
    /// Whether the window is shown to a hall.
    pub(super) is_presenting: bool,
    /// Whether the page of the first start is shown.
    pub(super) is_welcoming: bool,
    /// Where it is kept what the window looks like; nowhere in tests.
    pub(super) keeper: Option<Keeper>,
    /// What was kept last of what is written and not trained: in which folder, and the text.
    pub(super) written: HashMap<RunId, (PathBuf, Option<String>)>,
    pub(super) search: search::State,
    /// The run that the session was told of last, and its experiment.
    pub(super) told: Option<(RunId, Experiment)>,
    /// What the session was told last to look at.
    watch: Watch,
    /// Mouse buttons pressed so far: what happens during one press is one edit.
    n_presses: u64,
    /// What work in other threads has to say when it is done.
    pub(super) reports: (Sender<Report>, Receiver<Report>),
}

impl Workshop {
    pub fn new(bridge: Bridge, opening: Opening, device: DeviceChoice) -> Self {
        let editor = Editor::open_with(opening);
        let snapshot = bridge.snapshot();
        let front = snapshot.current.map_or_else(runs::front::Front::default, runs::front::Front::new);
        Self {
            snapshot,
            bridge,
            editor,
            front,
            library: library::State::default(),
            lessons: lessons::State::new(Shelf::of_user()),
            hold: Hold::default(),
            arrangement: Arrangement::default(),
            text: text::State::default(),
            network: network::State::default(),
            training: training::State::default(),
            device: device::State::new(device),
            status: status::State::default(),
            past: past::State::default(),
            asking: None,
            is_help_open: false,
            is_presenting: false,
            is_welcoming: false,
            keeper: None,
            written: HashMap::new(),
            search: search::State::default(),
            told: None,
            watch: Watch::default(),
            n_presses: 0,
            reports: channel(),
        }
    }

    /// One frame.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.read(ui.ctx());
        let before = std::mem::replace(&mut self.hold, self.lessons.hold(&self.snapshot, self.front.id));
        if let Some(first) = before.first.filter(|first| self.hold.first.as_ref() != Some(first)) {
            self.status.retract(&first);
        }
        let locked = (!self.hold.lock.is_empty()).then(|| (self.front.id, self.editor.experiment.clone()));
        let mut requests = Vec::new();
        let watch = RefCell::default();
        if !self.is_something_over() {
            self.library.browser.keys(ui.ctx());
            requests.extend(Action::pressed(ui.ctx()).into_iter().map(Request::Do));
        }
        self.panels_ui(ui, &mut requests, &watch);
        self.overlays_ui(ui.ctx(), &mut requests, &watch);
        requests.extend(search::search_ui(ui.ctx(), &mut self.search));
        if self.is_welcoming {
            self.welcome_ui(ui.ctx(), &mut requests);
        }
        for request in requests {
            self.fulfil(ui.ctx(), request);
        }
        if let Some((_, before)) = locked.filter(|(run, _)| *run == self.front.id) {
            self.put_back(&before);
        }
        self.tell(ui.ctx(), watch.into_inner());
        self.keep(ui.ctx());
    }

    /// Whether a window lies over the panels and has the keys.
    fn is_something_over(&self) -> bool {
        let own = self.asking.is_some() || self.is_help_open || self.search.is_open();
        own || self.is_welcoming || self.past.is_open || self.network.is_over_others()
    }

    /// Takes over what is new outside: the snapshot, dropped files, finished work.
    fn read(&mut self, ctx: &Context) {
        self.snapshot = self.front.seen(self.bridge.snapshot());
        self.front.retain(&self.snapshot);
        if let PicturesState::Ready(ready) = self.snapshot.pictures() {
            let data = &self.editor.experiment.data;
            if ready.spec.source == data.source && ready.spec.size == data.size {
                self.editor.set_task(Task {
                    input: ready.set.extent,
                    n_classes: ready.set.classes.len(),
                    labels: ready.set.train.labels.kind(),
                });
            }
        }
        self.editor.foresee();
        if let Some(refused) = self.snapshot.run().and_then(|run| run.refused.as_ref())
            && *refused.asked == self.editor.experiment
        {
            self.editor.take_back(&refused.kept);
        }
        let held = self.snapshot.begun().map_or(0, |run| run.arena_bytes);
        self.editor.room = Room::on(self.snapshot.device.kind, held);
        if let Some(problem) = self.training.curves.take_arrivals() {
            self.status.say(Gravity::Problem, problem);
        }
        self.training.curves.follow(&self.snapshot);
        self.past.follow(ctx);
        while let Ok((gravity, text)) = self.reports.1.try_recv() {
            self.status.say(gravity, text);
        }
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        for file in dropped {
            self.drop(ctx, file.path());
        }
    }

    fn panels_ui(&mut self, ui: &mut Ui, requests: &mut Vec<Request>, watch: &RefCell<Watch>) {
        let snapshot = self.snapshot.clone();
        let mut desk = Desk {
            snapshot: &snapshot,
            run: self.front.id,
            editor: &mut self.editor,
            is_presenting: self.is_presenting,
            requests,
            watch,
            at: At::Now,
            hold: &self.hold,
        };
        let palette = Palette::of(ui);
        let frame =
            |fill, margin| Frame::new().fill(fill).inner_margin(Margin::symmetric(theme::MARGIN, margin));
        Panel::top("bar").frame(frame(palette.panel, 4)).show(ui, |ui| {
            bar::bar_ui(ui, &mut desk, &mut self.device);
            status::status_ui(ui, &mut desk, &mut self.status, self.training.curves.broke_at());
            past::offer_ui(ui, &mut desk, &mut self.past);
        });
        let is_reading = self.arrangement.shows(Pane::Text)
            || self.arrangement.shows(Pane::Lessons) && self.lessons.asked().is_some();
        // In a hall only what is read has its place on the left, and so where there is little room for the net: at 200 %
        // on a screen of 1920 pixels, say.
        let has_room = ui.available_width() >= theme::LEAST_FOR_THREE;
        let is_read = is_reading || self.arrangement.shows(Pane::Lessons) && !self.is_presenting;
        for pane in [Pane::Library, Pane::Lessons, Pane::Text] {
            self.arrangement.set_visible(pane, is_read || has_room && !self.is_presenting);
        }
        if self.library.browser.is_open {
            // The pictures take all the room but for what they are set by.
            let left = Panel::left("pictures").frame(frame(palette.panel, 8));
            left.default_size(280.0).size_range(240.0..=420.0).show(ui, |ui| {
                library::library_ui(ui, &mut desk, &mut self.library);
            });
            CentralPanel::default().frame(frame(palette.panel, 8)).show(ui, |ui| {
                library::browser::browser_ui(ui, &mut desk, &mut self.library.browser);
            });
            return;
        }
        // Enlarged, the curves stand where the net does.
        self.arrangement.set_visible(Pane::Curves, !self.training.curves.is_enlarged);
        let heights =
            Heights { controls: self.training.controls_height, inside: self.training.inside_height };
        let mut panes = Panes {
            desk,
            library: &mut self.library,
            lessons: &mut self.lessons,
            text: &mut self.text,
            network: &mut self.network,
            training: &mut self.training,
            palette,
            is_arranging: false,
            was_changed: false,
        };
        CentralPanel::default().frame(Frame::new().fill(palette.panel)).show(ui, |ui| {
            self.arrangement.ui(ui, &mut panes, is_reading, heights);
        });
    }

    fn overlays_ui(&mut self, ctx: &Context, requests: &mut Vec<Request>, watch: &RefCell<Watch>) {
        let snapshot = self.snapshot.clone();
        let (run, is_presenting) = (self.front.id, self.is_presenting);
        let (editor, hold) = (&mut self.editor, &self.hold);
        let at = At::Now;
        let mut desk = Desk { snapshot: &snapshot, run, editor, is_presenting, requests, watch, at, hold };
        past::list_ui(ctx, &mut desk, &mut self.past, &self.training.curves);
        if self.is_help_open && help::help_ui(ctx) {
            self.is_help_open = false;
        }
        let Some(asking) = &mut self.asking else { return };
        let purpose = asking.purpose;
        match asking.ask_ui(ctx) {
            Answer::Open => {}
            Answer::Cancelled => self.asking = None,
            Answer::Path(path) => {
                self.asking = None;
                self.answered(ctx, purpose, path);
            }
        }
    }

    /// Takes back what was changed although the lesson locks it.
    fn put_back(&mut self, before: &Experiment) {
        let changed = self.hold.lock.keep(before, &mut self.editor.experiment);
        if !changed.is_empty() {
            let text = format!("The lesson locks {}: that stays as it is.", changed.join(", "));
            self.status.say(Gravity::Note, text);
        }
    }

    /// Takes note of what was edited in this frame and tells the session, once.
    fn tell(&mut self, ctx: &Context, watch: Watch) {
        let (pressed, down) = ctx.input(|input| {
            (input.pointer.any_pressed(), input.pointer.any_down() || input.pointer.any_released())
        });
        self.n_presses += pressed as u64;
        let focused = ctx.memory(|memory| memory.focused());
        let gesture = match (down, focused) {
            (true, _) => Some(Gesture::Press(self.n_presses)),
            (false, Some(id)) if self.text.is_written_in(id) => Some(Gesture::Writing(self.text.n_pauses())),
            (false, Some(id)) => Some(Gesture::Typing(id.value())),
            (false, None) => None,
        };
        if self.editor.note(gesture) {
            ctx.request_repaint();
        }
        self.describe();
        if self.watch != watch {
            self.watch = watch.clone();
            self.bridge.send(Command::Watch(watch));
        }
    }

    pub(super) fn describe(&mut self) {
        let (id, experiment) = (self.front.id, &self.editor.experiment);
        if self.told.as_ref().is_none_or(|(told, of)| *told != id || of != experiment) {
            self.told = Some((id, experiment.clone()));
            self.bridge.send(Command::Describe(id, Box::new(experiment.clone())));
        }
    }
}
