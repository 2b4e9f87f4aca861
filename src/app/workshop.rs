//! All panels together and what they share: the experiment under edit, and what is done on request.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use egui::{CentralPanel, Context, Frame, Margin, Panel, Ui, UiBuilder};

use super::action::Action;
use super::bridge::{Bridge, Desk, Request};
use super::editor::history::Gesture;
use super::editor::{Editor, Task};
use super::files::{Answer, Asking, Purpose};
use super::theme::{self, Palette};
use super::widgets::Gravity;
use super::{bar, curves, help, lessons, library, network, runs, status, training};
use crate::engine::DeviceChoice;
use crate::experiment::{Experiment, file, shipped};
use crate::lessons::progress::Shelf;
use crate::session::{Command, PicturesState, RunId, Snapshot, Watch};

/// What work in another thread has to say.
type Report = (Gravity, String);

/// The whole window, but for the window.
pub struct Workshop {
    pub(super) bridge: Bridge,
    /// The experiment of the run in front.
    pub(super) editor: Editor,
    pub(super) front: runs::front::Front,
    pub(super) snapshot: Arc<Snapshot>,
    library: library::State,
    lessons: lessons::State,
    /// Whether the left side shows the lessons.
    shows_lessons: bool,
    network: network::State,
    pub(super) training: training::State,
    pub(super) status: status::State,
    /// The device that was asked for.
    device: DeviceChoice,
    asking: Option<Asking>,
    is_help_open: bool,
    /// The run that the session was told of last, and its experiment.
    pub(super) told: Option<(RunId, Experiment)>,
    watch: Option<Watch>,
    /// Mouse buttons pressed so far: what happens during one press is one edit.
    n_presses: u64,
    /// What work in other threads has to say when it is done.
    reports: (Sender<Report>, Receiver<Report>),
}

impl Workshop {
    pub fn new(
        bridge: Bridge,
        experiment: Experiment,
        opened: Option<PathBuf>,
        device: DeviceChoice,
    ) -> Self {
        let mut editor = Editor::new(experiment);
        editor.file = opened;
        let snapshot = bridge.snapshot();
        let front = snapshot.current.map_or_else(runs::front::Front::default, runs::front::Front::new);
        Self {
            snapshot,
            bridge,
            editor,
            front,
            library: library::State::default(),
            lessons: lessons::State::new(Shelf::of_user()),
            shows_lessons: false,
            network: network::State::default(),
            training: training::State::default(),
            device,
            status: status::State::default(),
            asking: None,
            is_help_open: false,
            told: None,
            watch: None,
            n_presses: 0,
            reports: channel(),
        }
    }

    /// One frame.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.read(ui.ctx());
        let mut requests = Vec::new();
        if self.asking.is_none() && !self.is_help_open && !self.network.is_over_others() {
            self.library.browser.keys(ui.ctx());
            requests.extend(Action::pressed(ui.ctx()).into_iter().map(Request::Do));
        }
        self.panels_ui(ui, &mut requests);
        self.overlays_ui(ui.ctx());
        for request in requests {
            self.fulfil(ui.ctx(), request);
        }
        self.tell(ui.ctx());
    }

    /// Takes over what is new outside: the snapshot, dropped files, finished work.
    fn read(&mut self, ctx: &Context) {
        self.snapshot = self.front.seen(self.bridge.snapshot());
        self.front.retain(&self.snapshot);
        if let PicturesState::Ready(ready) = self.snapshot.pictures() {
            let is_asked_for = ready.spec.source == self.editor.experiment.data.source;
            if is_asked_for {
                self.editor.set_task(Task {
                    input: ready.set.extent,
                    n_classes: ready.set.classes.len(),
                    labels: ready.set.train.labels.kind(),
                });
            }
        }
        self.training.curves.follow(&self.snapshot);
        while let Ok((gravity, text)) = self.reports.1.try_recv() {
            self.status.say(gravity, text);
        }
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        for file in dropped {
            self.drop(ctx, file.path());
        }
    }

    fn panels_ui(&mut self, ui: &mut Ui, requests: &mut Vec<Request>) {
        let snapshot = self.snapshot.clone();
        let mut desk = Desk { snapshot: &snapshot, run: self.front.id, editor: &mut self.editor, requests };
        let (width, palette) = (ui.available_width(), Palette::of(ui));
        let frame = |fill| Frame::new().fill(fill).inner_margin(Margin::symmetric(theme::MARGIN, 8));
        let thin = frame(palette.panel).inner_margin(Margin::symmetric(theme::MARGIN, 4));
        Panel::top("bar").frame(thin).show(ui, |ui| {
            bar::bar_ui(ui, &mut desk, &mut self.device);
            status::status_ui(ui, &mut desk, &mut self.status, self.training.curves.broke_at());
        });
        // The side panels grow with the window, and can be drawn wider or narrower.
        let [left, right] = [(0.18 * width).clamp(280.0, 360.0), (0.31 * width).clamp(412.0, 760.0)];
        let side = |panel: Panel, size: f32| {
            panel.frame(frame(palette.panel)).default_size(size).size_range(0.8 * size..=1.5 * size)
        };
        // A lesson is read: it takes more room than a list.
        let is_reading = self.shows_lessons && self.lessons.is_open();
        let left = if is_reading { (0.29 * width).clamp(380.0, 560.0) } else { left };
        side(Panel::left(("library", width as i32, is_reading)), left).show(ui, |ui| {
            within_ui(ui, |ui| {
                let tabs = [
                    (false, "Library", "Experiments and data sets"),
                    (true, "Lessons", "The lecture, to be tried out"),
                ];
                ui.horizontal(|ui| super::widgets::choice_ui(ui, &mut self.shows_lessons, &tabs));
                ui.add_space(theme::SMALL_GAP);
                match self.shows_lessons {
                    true => lessons::lessons_ui(ui, &mut desk, &mut self.lessons),
                    false => library::library_ui(ui, &mut desk, &mut self.library),
                }
            });
        });
        if self.library.browser.is_open {
            CentralPanel::default().frame(frame(palette.panel)).show(ui, |ui| {
                library::browser::browser_ui(ui, &mut desk, &mut self.library.browser);
            });
            return;
        }
        side(Panel::right(("training", width as i32)), right).show(ui, |ui| {
            within_ui(ui, |ui| training::training_ui(ui, &mut desk, &mut self.training));
        });
        CentralPanel::default().frame(frame(palette.background)).show(ui, |ui| {
            network::network_ui(ui, &mut desk, &mut self.network);
        });
    }

    fn overlays_ui(&mut self, ctx: &Context) {
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

    fn fulfil(&mut self, ctx: &Context, request: Request) {
        match request {
            Request::Do(action) => self.act(ctx, action),
            Request::Send(command) => {
                // Whatever is asked for is asked of the experiment as it stands.
                self.describe();
                self.bridge.send(command);
            }
            Request::Select(id) => self.select(id),
            Request::Duplicate(id) => self.duplicate_run(id),
            Request::Beside(changes) => self.add_beside(ctx, changes),
            Request::StartBeside => self.start_beside(),
            Request::Remove(id) => self.remove_run(id),
            Request::Restore => self.restore_run(),
            Request::Load(name_or_path) => match shipped::resolve(&name_or_path) {
                Ok(experiment) => self.editor.open(experiment, None),
                Err(problem) => self.status.say(Gravity::Problem, problem.to_string()),
            },
            Request::SetTable(table) => self.set_table(table),
            Request::Say(gravity, text) => self.status.say(gravity, text),
            Request::AskPath(purpose) => self.ask(purpose),
        }
    }

    fn act(&mut self, ctx: &Context, action: Action) {
        use super::editor::edit::Edit;
        let selected = self.editor.selected;
        let edit = |make: fn(crate::experiment::LayerId) -> Edit| selected.map(make);
        let layer_edit = match action {
            Action::MoveUp => edit(Edit::MoveUp),
            Action::MoveDown => edit(Edit::MoveDown),
            Action::Duplicate => edit(Edit::Duplicate),
            Action::Remove => edit(Edit::Remove),
            _ => None,
        };
        if let Some(edit) = layer_edit {
            return self.editor.apply(edit);
        }
        match action {
            Action::PlayPause | Action::Step | Action::Epoch | Action::Reset | Action::Evaluate => {
                self.drive(action)
            }
            Action::NextRun => self.select_next_run(1),
            Action::PreviousRun => self.select_next_run(-1),
            Action::DuplicateRun => self.duplicate_run(self.front.id),
            Action::Undo => self.editor.undo(),
            Action::Redo => self.editor.redo(),
            Action::Open => self.ask(Purpose::OpenExperiment),
            Action::Save => match self.editor.file.clone() {
                Some(file) => self.save(&file),
                None => self.ask(Purpose::SaveExperiment),
            },
            Action::SaveAs => self.ask(Purpose::SaveExperiment),
            Action::SelectAbove => self.editor.select_next(-1),
            Action::SelectBelow => self.editor.select_next(1),
            Action::BrowsePictures => self.library.browser.is_open ^= true,
            Action::SwitchTheme => ctx.set_theme(bar::next_theme(ctx)),
            Action::Help => self.is_help_open = true,
            // Nothing is selected.
            Action::MoveUp | Action::MoveDown | Action::Duplicate | Action::Remove => {}
        }
    }

    /// The tape deck. What runs can be paused whatever the experiment is like; nothing impossible is begun.
    fn drive(&mut self, action: Action) {
        let (snapshot, run) = (&self.snapshot, self.front.id);
        let desk = Desk { snapshot, run, editor: &mut self.editor, requests: &mut Vec::new() };
        let is_possible = desk.obstacle().is_none();
        let has_begun = snapshot.begun().is_some();
        let command = match action {
            Action::PlayPause if snapshot.activity().is_work() => Command::Pause(run),
            Action::PlayPause if is_possible => Command::Play(run),
            Action::Step if is_possible => Command::Step(run),
            Action::Epoch if is_possible => Command::Epoch(run),
            Action::Reset if has_begun => Command::Reset(run),
            Action::Evaluate if has_begun => Command::Evaluate(run),
            _ => return,
        };
        self.describe();
        self.bridge.send(command);
    }

    fn ask(&mut self, purpose: Purpose) {
        let here = || std::env::current_dir().unwrap_or_default();
        let beside =
            || self.editor.file.as_deref().and_then(Path::parent).map_or_else(here, Path::to_path_buf);
        let suggestion = match purpose {
            Purpose::OpenExperiment | Purpose::Pictures | Purpose::OpenLesson => beside().join(""),
            Purpose::ExportProgress => beside().join("progress.json"),
            Purpose::SaveExperiment => {
                self.editor.file.clone().unwrap_or_else(|| beside().join("experiment.toml"))
            }
            Purpose::ExportCsv | Purpose::ExportPng | Purpose::ExportSvg => {
                beside().join("curves").with_extension(purpose.ending().unwrap_or_default())
            }
        };
        self.asking = Some(Asking::new(purpose, &suggestion));
    }

    fn answered(&mut self, ctx: &Context, purpose: Purpose, path: PathBuf) {
        match purpose {
            Purpose::OpenExperiment => self.load(&path),
            Purpose::SaveExperiment => self.save(&path),
            Purpose::Pictures => self.library.choose_path(ctx, &mut self.editor.experiment.data, &path),
            Purpose::ExportCsv | Purpose::ExportPng | Purpose::ExportSvg => self.export(ctx, path),
            Purpose::OpenLesson => self.lessons.open_path(&path),
            Purpose::ExportProgress => match self.lessons.hand_in(&path) {
                Ok(()) => self.status.say(Gravity::Note, format!("Written to {}.", path.display())),
                Err(message) => self.status.say(Gravity::Problem, message),
            },
        }
    }

    /// Something was dropped on the window: an experiment, or pictures.
    fn drop(&mut self, ctx: &Context, path: &Path) {
        match path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
            true => self.load(path),
            false => self.library.choose_path(ctx, &mut self.editor.experiment.data, path),
        }
    }

    fn load(&mut self, path: &Path) {
        match file::load(path) {
            Ok(experiment) => self.editor.open(experiment, Some(path.to_path_buf())),
            Err(problem) => self.status.say(Gravity::Problem, problem.to_string()),
        }
    }

    fn save(&mut self, path: &Path) {
        match std::fs::write(path, file::write(&self.editor.experiment)) {
            Ok(()) => {
                self.editor.saved_as(path.to_path_buf());
                self.status.say(Gravity::Note, format!("Saved to {}.", path.display()));
            }
            Err(error) => {
                let text = format!("{} cannot be written: {error}. Choose another place.", path.display());
                self.status.say(Gravity::Problem, text);
            }
        }
    }

    /// Writes the curves in a thread of its own: a picture takes longer than a frame may.
    fn export(&mut self, ctx: &Context, path: PathBuf) {
        let Some(run) = self.snapshot.begun() else { return };
        let (curves, title) = (run.curves.clone(), run.experiment.title.clone());
        let window = self.training.curves.settings.window;
        let (sender, ctx) = (self.reports.0.clone(), ctx.clone());
        let work = move || {
            let report = match curves::export::write(&curves, window, &title, &path) {
                Ok(()) => (Gravity::Note, format!("Exported to {}.", path.display())),
                Err(error) => (Gravity::Problem, format!("{error:#}.")),
            };
            // The window may have been closed meanwhile; then nobody wants the report.
            let _ = sender.send(report);
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("export".into()).spawn(work) {
            self.status.say(Gravity::Problem, format!("The system gives no thread to export in: {error}."));
        }
    }

    /// Takes note of what was edited in this frame and tells the session, once.
    fn tell(&mut self, ctx: &Context) {
        let (pressed, down) = ctx.input(|input| {
            (input.pointer.any_pressed(), input.pointer.any_down() || input.pointer.any_released())
        });
        self.n_presses += pressed as u64;
        let focused = ctx.memory(|memory| memory.focused());
        let gesture = match (down, focused) {
            (true, _) => Some(Gesture::Press(self.n_presses)),
            (false, Some(id)) => Some(Gesture::Typing(id.value())),
            (false, None) => None,
        };
        if self.editor.note(gesture) {
            ctx.request_repaint();
        }
        self.describe();
        let watch = Watch { filters: true };
        if self.watch != Some(watch) {
            self.watch = Some(watch);
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

/// Draws contents within the panel's present width: what is too wide is cut off and does not widen the panel.
fn within_ui(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let rect = ui.available_rect_before_wrap();
    contents(&mut ui.new_child(UiBuilder::new().max_rect(rect)));
    ui.advance_cursor_after_rect(rect);
}
