//! Asking for a path: a small window with a field to type in, the files around, and the system's dialog.
//!
//! The system's dialog runs in a thread of its own and may not exist at all, which looks like cancelling; the
//! field to type in is always there.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use egui::{Button, Key, ScrollArea, TextEdit, Ui, vec2};
use lucide_icons::Icon;

use super::theme;
use super::widgets;

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    OpenExperiment,
    SaveExperiment,
    Pictures,
    ExportCsv,
    ExportPng,
    ExportSvg,
    OpenLesson,
    ExportProgress,
    /// One to show the net.
    ShowPicture,
    /// Weights to look at in the place of the run's own.
    LookAtWeights,
}

impl Purpose {
    fn title(self) -> &'static str {
        match self {
            Self::OpenExperiment => "Open experiment",
            Self::SaveExperiment => "Save experiment",
            Self::Pictures => "Choose pictures",
            Self::ExportCsv => "Export the curves as CSV",
            Self::ExportPng => "Export the curves as PNG",
            Self::ExportSvg => "Export the curves as SVG",
            Self::OpenLesson => "Open a lesson: its `lesson.toml`, or a zip archive",
            Self::ExportProgress => "Hand in the progress of all lessons",
            Self::ShowPicture => "Show the net a picture: PNG, JPEG, WebP, GIF or BMP",
            Self::LookAtWeights => "Look at the weights of a file (safetensors) of the same net",
        }
    }

    fn is_saving(self) -> bool {
        !matches!(
            self,
            Self::OpenExperiment
                | Self::Pictures
                | Self::OpenLesson
                | Self::ShowPicture
                | Self::LookAtWeights
        )
    }

    /// The ending of its files; none where anything goes.
    pub fn ending(self) -> Option<&'static str> {
        match self {
            Self::OpenExperiment | Self::SaveExperiment => Some("toml"),
            Self::Pictures | Self::OpenLesson | Self::ShowPicture => None,
            Self::ExportCsv => Some("csv"),
            Self::ExportPng => Some("png"),
            Self::ExportSvg => Some("svg"),
            Self::ExportProgress => Some("json"),
            Self::LookAtWeights => Some("safetensors"),
        }
    }
}

/// The window that asks, while it is open.
pub struct Asking {
    pub purpose: Purpose,
    path: String,
    is_new: bool,
    /// The folder whose files are listed, with them.
    around: Option<(PathBuf, Vec<Entry>)>,
    /// The answer of the system's dialog.
    dialog: Option<Receiver<Option<PathBuf>>>,
}

/// A folder or file beside others, as found when the folder was listed.
#[derive(Debug)]
struct Entry {
    name: String,
    path: PathBuf,
    is_folder: bool,
}

/// What came of asking.
pub enum Answer {
    Open,
    Cancelled,
    Path(PathBuf),
}

impl Asking {
    /// Asks for a path, with `suggestion` in the field.
    pub fn new(purpose: Purpose, suggestion: &Path) -> Self {
        Self { purpose, path: suggestion.display().to_string(), is_new: true, around: None, dialog: None }
    }

    pub fn ask_ui(&mut self, ctx: &egui::Context) -> Answer {
        if let Some(Ok(answer)) = self.dialog.as_ref().map(|dialog| dialog.try_recv()) {
            self.dialog = None;
            if let Some(path) = answer {
                return Answer::Path(path);
            }
        }
        let modal = widgets::modal("ask for a path", ctx).show(ctx, |ui| {
            ui.set_width(520.0);
            ui.label(egui::RichText::new(self.purpose.title()).heading());
            self.contents_ui(ui)
        });
        if modal.should_close() && matches!(modal.inner, Answer::Open) {
            Answer::Cancelled
        } else {
            modal.inner
        }
    }

    fn contents_ui(&mut self, ui: &mut Ui) -> Answer {
        let mut answer = Answer::Open;
        ui.add_space(theme::SMALL_GAP);
        let edit = TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY).hint_text("path");
        let response = widgets::named(ui.add(edit), "Path");
        if std::mem::take(&mut self.is_new) {
            response.request_focus();
        }
        let is_folder = self.purpose != Purpose::Pictures && Path::new(self.path.trim()).is_dir();
        let entered = !is_folder && response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        self.around_ui(ui, &mut answer);
        ui.add_space(theme::SMALL_GAP);
        ui.horizontal(|ui| {
            if ui
                .button("Browse…")
                .on_hover_text("Opens the system's file dialog, where there is one.")
                .clicked()
            {
                self.browse(ui.ctx());
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let label = if self.purpose.is_saving() { "Save" } else { "Open" };
                ui.add_enabled_ui(!is_folder && !self.path.trim().is_empty(), |ui| {
                    if widgets::main_button(ui, None, label, vec2(72.0, theme::ROW)).clicked() || entered {
                        answer = Answer::Path(self.finished());
                    }
                });
                if ui.button("Cancel").clicked() {
                    answer = Answer::Cancelled;
                }
            });
        });
        answer
    }

    /// The folders and fitting files of the folder that the path leads to.
    fn around_ui(&mut self, ui: &mut Ui, answer: &mut Answer) {
        let folder = folder_of(Path::new(self.path.trim()));
        if self.around.as_ref().is_none_or(|(shown, _)| *shown != folder) {
            self.around = Some((folder.clone(), list(&folder, self.purpose)));
        }
        let Some((folder, entries)) = &self.around else { return };
        let mut chosen = None;
        ui.label(theme::caption(ui, folder.display().to_string()));
        ScrollArea::vertical().max_height(220.0).min_scrolled_height(220.0).auto_shrink([false, false]).show(
            ui,
            |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                if let Some(parent) = folder.parent() {
                    entry_ui(ui, Icon::CornerLeftUp, "..", &mut chosen, parent);
                }
                for entry in entries {
                    let symbol = if entry.is_folder { Icon::Folder } else { Icon::File };
                    entry_ui(ui, symbol, &entry.name, &mut chosen, &entry.path);
                }
            },
        );
        if let Some((path, is_double)) = chosen {
            let is_file = path.is_file();
            let end = if is_file { "" } else { std::path::MAIN_SEPARATOR_STR };
            self.path = format!("{}{end}", path.display());
            if is_double && is_file && !self.purpose.is_saving() {
                *answer = Answer::Path(path);
            }
        }
    }

    fn browse(&mut self, ctx: &egui::Context) {
        let (purpose, ctx) = (self.purpose, ctx.clone());
        let folder = folder_of(Path::new(self.path.trim()));
        let (sender, receiver) = channel();
        self.dialog = Some(receiver);
        let work = move || {
            let mut dialog = rfd::AsyncFileDialog::new().set_title(purpose.title()).set_directory(folder);
            if let Some(ending) = purpose.ending() {
                dialog = dialog.add_filter(ending, &[ending]);
            }
            let handle = match purpose {
                Purpose::Pictures => pollster::block_on(dialog.pick_folder()),
                _ if purpose.is_saving() => pollster::block_on(dialog.save_file()),
                _ => pollster::block_on(dialog.pick_file()),
            };
            // The window may have been closed meanwhile; then nobody wants the answer.
            let _ = sender.send(handle.map(|handle| handle.path().to_path_buf()));
            ctx.request_repaint();
        };
        if std::thread::Builder::new().name("file dialog".into()).spawn(work).is_err() {
            self.dialog = None;
        }
    }

    /// The path as typed, with its ending where one is wanted and none was given.
    fn finished(&self) -> PathBuf {
        let path = PathBuf::from(self.path.trim());
        match self.purpose.ending() {
            Some(ending) if self.purpose.is_saving() && path.extension().is_none() => {
                path.with_extension(ending)
            }
            _ => path,
        }
    }
}

fn entry_ui(ui: &mut Ui, symbol: Icon, name: &str, chosen: &mut Option<(PathBuf, bool)>, path: &Path) {
    let button = Button::new((widgets::icon(symbol), name))
        .frame_when_inactive(false)
        .min_size(vec2(ui.available_width(), theme::ROW));
    let response = ui.add(button);
    if response.clicked() || response.double_clicked() {
        *chosen = Some((path.to_path_buf(), response.double_clicked()));
    }
}

/// The folder that a half-typed path leads to.
fn folder_of(path: &Path) -> PathBuf {
    let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let mut folder = path.to_path_buf();
    while !folder.is_dir() {
        if !folder.pop() || folder.as_os_str().is_empty() {
            return here();
        }
    }
    folder
}

/// Folders first, then files that fit, hidden ones left out; at most so many as a person looks through.
fn list(folder: &Path, purpose: Purpose) -> Vec<Entry> {
    const MOST: usize = 500;
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let entry = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(Entry { name, is_folder: path.is_dir(), path })
    };
    let fits = |entry: &Entry| {
        let has_ending = |ending| entry.path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
        !entry.name.starts_with('.') && (entry.is_folder || purpose.ending().is_none_or(has_ending))
    };
    let found = entries.take(10 * MOST).filter_map(|found| entry(found.ok()?.path()));
    let mut entries: Vec<Entry> = found.filter(fits).take(MOST).collect();
    entries.sort_by_cached_key(|entry| (!entry.is_folder, entry.name.to_lowercase()));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_ending_is_added_when_saving() {
        let path = |purpose, path: &str| Asking::new(purpose, Path::new(path)).finished();
        assert_eq!(path(Purpose::SaveExperiment, "mine"), Path::new("mine.toml"));
        assert_eq!(path(Purpose::ExportPng, "a/b.png"), Path::new("a/b.png"));
        assert_eq!(path(Purpose::OpenExperiment, "mine"), Path::new("mine"));
    }

    #[test]
    fn folders_come_first_and_only_fitting_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.toml", "a.toml", "c.txt", ".hidden.toml"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("z")).unwrap();
        let entries = list(folder.path(), Purpose::OpenExperiment);
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["z", "a.toml", "b.toml"]);
    }
}
