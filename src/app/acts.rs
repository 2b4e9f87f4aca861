//! What is done on request of a panel, a key or a file that was dropped.

use std::io::Write;
use std::path::{Path, PathBuf};

use egui::{Context, gui_zoom};

use super::action::Action;
use super::arrangement::{Arrangement, Pane};
use super::bridge::{Desk, Request};
use super::editor::Fault;
use super::files::{Asking, Purpose};
use super::widgets::Gravity;
use super::workshop::Workshop;
use super::{bar, theme};
use crate::data;
use crate::experiment::{file, shipped, unwritable};
use crate::lessons::Files;
use crate::session::{At, Command};
use crate::train::replace::replace;

impl Workshop {
    pub(super) fn fulfil(&mut self, ctx: &Context, request: Request) {
        match request {
            Request::Do(action) => self.act(ctx, action),
            Request::Send(command) => {
                if let Some(first) = self.first_of(&command) {
                    return self.status.say(Gravity::Note, first);
                }
                // Whatever is asked for is asked of the experiment as it stands.
                self.describe();
                if let Command::UseDevice(choice) = &command {
                    self.device.choice = choice.clone();
                }
                self.bridge.send(command);
            }
            Request::Select(id) => self.select(id),
            Request::Duplicate(id) => self.duplicate_run(id),
            Request::Beside(changes) => self.add_beside(ctx, changes),
            Request::StartBeside => self.start_beside(),
            Request::Remove(id) => self.remove_run(id),
            Request::Restore => self.restore_run(),
            Request::GoOn(runs) => self.go_on(runs),
            Request::PutAway(runs) => self.put_away(runs),
            Request::Compare(path) => self.compare(ctx, path),
            Request::LeaveOut(path) => self.training.curves.unpin_path(&path),
            Request::DeleteRun(path) => self.delete_run(&path),
            Request::Load(name_or_path) => match shipped::resolve(&name_or_path) {
                Ok(experiment) => self.editor.open(experiment, None),
                Err(problem) => self.status.say(Gravity::Problem, problem.to_string()),
            },
            Request::OpenLesson(name) => {
                self.lessons.open(&name);
                self.arrangement.bring(Pane::Lessons);
            }
            Request::ShowText => self.show_text(),
            Request::ShowFault(fault) => {
                self.show_fault(fault);
                ctx.request_repaint();
            }
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
            // The keys that presenters' remote controls send.
            Action::NextRun if self.is_presenting && self.lessons.turn(1) => {}
            Action::PreviousRun if self.is_presenting && self.lessons.turn(-1) => {}
            Action::NextRun => self.select_next_run(1),
            Action::PreviousRun => self.select_next_run(-1),
            Action::DuplicateRun => self.duplicate_run(self.front.id),
            Action::PastRuns => self.past.is_open = true,
            Action::EnlargeCurves => self.training.curves.is_enlarged ^= true,
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
            Action::EditText if self.arrangement.shows(Pane::Text) => self.arrangement.bring(Pane::Library),
            Action::EditText => self.show_text(),
            Action::LayerTable => self.network.open_table(&self.editor),
            Action::Search => self.search.open(ctx, &self.snapshot),
            Action::Present => self.present(ctx, !self.is_presenting),
            Action::MovePanels => self.arrangement.is_arranging ^= true,
            Action::ResetPanels => self.arrangement = Arrangement::default(),
            Action::SwitchTheme => ctx.set_theme(bar::next_theme(ctx)),
            Action::Larger => gui_zoom::zoom_in(ctx),
            Action::Smaller => gui_zoom::zoom_out(ctx),
            Action::UsualSize => {
                ctx.set_zoom_factor(if self.is_presenting { theme::PRESENTING } else { 1.0 })
            }
            Action::Help => self.is_help_open = true,
            // Nothing is selected.
            Action::MoveUp | Action::MoveDown | Action::Duplicate | Action::Remove => {}
        }
    }

    /// Brings into view where it is told what keeps training from beginning, whatever stands before it.
    fn show_fault(&mut self, fault: Fault) {
        match fault {
            Fault::Library => self.arrangement.bring(Pane::Library),
            Fault::Batch => self.training.settings.show_batch(),
            Fault::Layer(_) | Fault::Loss | Fault::Pictures => {
                self.library.browser.is_open = false;
                self.training.curves.is_enlarged = false;
                self.arrangement.bring(Pane::Network);
                self.network.show_fault(&mut self.editor, fault);
            }
        }
    }

    fn show_text(&mut self) {
        self.arrangement.bring(Pane::Text);
        self.text.wants_keys = true;
    }

    /// What the open lesson wants to be done before what is asked for here begins.
    fn first_of(&self, command: &Command) -> Option<String> {
        match command {
            Command::Play(run) | Command::PlayKeeping(run) | Command::Step(run) | Command::Epoch(run) => {
                self.lessons.hold(&self.snapshot, *run).first
            }
            _ => None,
        }
    }

    /// The tape deck. What runs can be paused whatever the experiment is like; nothing impossible is begun.
    fn drive(&mut self, action: Action) {
        let (snapshot, run) = (&self.snapshot, self.front.id);
        let (requests, watch) = (&mut Vec::new(), &std::cell::RefCell::default());
        let (editor, is_presenting, hold) = (&mut self.editor, self.is_presenting, &self.hold);
        let desk = Desk { snapshot, run, editor, is_presenting, requests, watch, at: At::Now, hold };
        let is_possible = desk.obstacle().is_none() && hold.first.is_none();
        let begins = matches!(action, Action::PlayPause | Action::Step | Action::Epoch);
        if let Some(first) = hold.first.clone().filter(|_| begins) {
            return self.status.say(Gravity::Note, first);
        }
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

    /// Larger type, thicker lines and fewer controls for a hall, or as before.
    pub(super) fn present(&mut self, ctx: &Context, is_wanted: bool) {
        let factor = if is_wanted { theme::PRESENTING } else { 1.0 / theme::PRESENTING };
        if self.is_presenting != is_wanted {
            self.is_presenting = is_wanted;
            ctx.set_zoom_factor(ctx.zoom_factor() * factor);
        }
    }

    fn ask(&mut self, purpose: Purpose) {
        let here = || std::env::current_dir().unwrap_or_default();
        let beside =
            || self.editor.file.as_deref().and_then(Path::parent).map_or_else(here, Path::to_path_buf);
        let suggestion = match purpose {
            Purpose::OpenExperiment
            | Purpose::Pictures
            | Purpose::OpenLesson
            | Purpose::ShowPicture
            | Purpose::LookAtWeights => beside().join(""),
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

    pub(super) fn answered(&mut self, ctx: &Context, purpose: Purpose, path: PathBuf) {
        match purpose {
            Purpose::OpenExperiment => self.load(&path),
            Purpose::SaveExperiment => self.save(&path),
            Purpose::Pictures => self.library.choose_path(ctx, &mut self.editor.experiment.data, &path),
            Purpose::ExportCsv | Purpose::ExportPng | Purpose::ExportSvg => self.export(ctx, path),
            Purpose::OpenLesson => self.lessons.open_path(&path),
            Purpose::ShowPicture => self.show_picture(&path),
            Purpose::LookAtWeights => self.training.looking.look_at_file(path),
            Purpose::ExportProgress => match self.lessons.hand_in(&path) {
                Ok(()) => self.status.say(Gravity::Note, format!("Written to {}.", path.display())),
                Err(message) => self.status.say(Gravity::Problem, message),
            },
        }
    }

    /// Shows the net a picture from a file.
    fn show_picture(&mut self, path: &Path) {
        let input = self.snapshot.run().and_then(|run| run.input);
        if let Err(message) = self.training.looking.show(path, input) {
            self.status.say(Gravity::Problem, message);
        }
    }

    /// Something was dropped on the window: a lesson, an experiment, or pictures.
    pub(super) fn drop(&mut self, ctx: &Context, path: &Path) {
        if Files::is_lesson(path) {
            self.open_lesson(path);
            return;
        }
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("toml") => self.load(path),
            Some("safetensors") => self.training.looking.look_at_file(path.into()),
            _ if path.is_file() && data::is_picture(path) => self.show_picture(path),
            _ => self.library.choose_path(ctx, &mut self.editor.experiment.data, path),
        }
    }

    /// Opens the lesson in a folder or archive, in the left column.
    pub fn open_lesson(&mut self, path: &Path) {
        self.arrangement.bring(Pane::Lessons);
        // Whoever opens a lesson by its path has been here before.
        self.is_welcoming = false;
        self.lessons.open_path(path);
    }

    fn load(&mut self, path: &Path) {
        match file::load_text(path) {
            Ok((experiment, text)) => self.editor.open_text(experiment, &text, path.to_path_buf()),
            Err(problem) => self.status.say_with(problem.to_string(), Action::Open),
        }
    }

    fn save(&mut self, path: &Path) {
        if let Some(problem) = self.editor.text_problem() {
            let text = format!(
                "The text is not saved, for it says no experiment: {problem} Mend it, or write it anew."
            );
            return self.status.say_with(text, Action::EditText);
        }
        let text = self.editor.text();
        match replace(path, |error| error, |file| file.write_all(text.as_bytes())) {
            Ok(()) => {
                self.editor.saved_as(path.to_path_buf());
                self.status.say(Gravity::Note, format!("Saved to {}.", path.display()));
            }
            Err(error) => {
                let text =
                    format!("{} cannot be written: {}", path.display(), unwritable::reason(path, &error));
                self.status.say_with(text, Action::SaveAs);
            }
        }
    }

    /// Writes the curves in a thread of its own: a picture takes longer than a frame may.
    fn export(&mut self, ctx: &Context, path: PathBuf) {
        let title = self.snapshot.run().map_or(String::new(), |run| run.experiment.title.clone());
        let export = self.training.curves.export(&self.snapshot, &title);
        let (sender, ctx) = (self.reports.0.clone(), ctx.clone());
        let work = move || {
            let report = match export.write(&path) {
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
}
