//! Curves that are kept in sight whatever becomes of their run: those of a run at one moment, pinned to be compared
//! with what comes, and those of past runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use egui::{Align, Layout, RichText, Sense, Ui, vec2};
use lucide_icons::Icon;

use super::State;
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::experiment::Experiment;
use crate::session::{RunId, RunSnapshot};
use crate::train::curves::Curves;

/// Pinned curves are known by marks that no run has.
const FIRST_MARK: usize = 2 * crate::app::runs::mark::N_SHAPES;

/// So many may be pinned at once.
pub const MOST_PINS: usize = 16;

/// Curves that do not change any more.
pub struct Pin {
    pub id: RunId,
    pub name: String,
    pub mark: usize,
    pub curves: Arc<Curves>,
    /// The folder of the past run whose curves they are.
    path: Option<PathBuf>,
}

/// Curves of a past run, or why there are none.
type Arrival = (PathBuf, Result<(Experiment, Curves), String>);

pub struct Pins {
    pub all: Vec<Pin>,
    arrivals: (Sender<Arrival>, Receiver<Arrival>),
}

impl Default for Pins {
    fn default() -> Self {
        Self { all: Vec::new(), arrivals: channel() }
    }
}

impl Pins {
    fn add(&mut self, name: String, curves: Arc<Curves>, path: Option<PathBuf>) {
        let is_taken = |mark: &usize| self.all.iter().any(|pin| pin.mark == *mark);
        // From the last colour on, since runs begin with the first.
        let marks = (FIRST_MARK..FIRST_MARK + MOST_PINS).rev();
        let mark = marks.into_iter().find(|mark| !is_taken(mark)).unwrap_or(FIRST_MARK);
        self.all.push(Pin { id: RunId::next(), name, mark, curves, path });
    }
}

impl State {
    /// Where curves of past runs arrive.
    pub fn arriving(&self) -> Sender<Arrival> {
        self.pins.arrivals.0.clone()
    }

    /// Takes in what has arrived; a sentence on what could not be.
    pub fn take_arrivals(&mut self) -> Option<String> {
        let mut problem = None;
        while let Ok((path, read)) = self.pins.arrivals.1.try_recv() {
            match read {
                _ if self.is_pinned(&path) => {}
                Ok(_) if self.pins.all.len() >= MOST_PINS => {
                    problem =
                        Some(format!("There may be {MOST_PINS} pinned curves at most. Unpin some first."));
                }
                Ok((experiment, curves)) => {
                    self.pins.add(experiment.title, Arc::new(curves), Some(path));
                }
                Err(error) => problem = Some(error),
            }
        }
        problem
    }

    /// Pins the curves of a run as they are now.
    pub fn pin(&mut self, run: &RunSnapshot) {
        if !run.curves.is_empty() && self.pins.all.len() < MOST_PINS {
            let name = format!("{}, step {}", run.name, format::count(run.curves.len() as u64));
            self.pins.add(name, run.curves.clone(), None);
        }
    }

    /// Whether the curves of the past run in this folder are drawn.
    pub fn is_pinned(&self, path: &Path) -> bool {
        self.pins.all.iter().any(|pin| pin.path.as_deref() == Some(path))
    }

    pub fn unpin_path(&mut self, path: &Path) {
        self.pins.all.retain(|pin| pin.path.as_deref() != Some(path));
    }
}

/// A line for each pinned set of curves.
pub fn pins_ui(ui: &mut Ui, state: &mut State) {
    let mut unpinned = None;
    for pin in &state.pins.all {
        let size = vec2(ui.available_width(), theme::ROW);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
            ui.add_space(4.0);
            let palette = Palette::of(ui);
            ui.label(widgets::icon(Icon::Pin).font(theme::icons(11.0)).color(palette.muted))
                .on_hover_text("Pinned: these curves stay as they are.");
            mark::swatch_ui(ui, pin.mark, state.is_hidden(pin.id));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let unpin = widgets::quiet_button(ui, Icon::X, &format!("Unpin {}", pin.name));
                if unpin.on_hover_text("Leaves these curves out.").clicked() {
                    unpinned = Some(pin.id);
                }
                ui.label(RichText::new(errors(&pin.curves)).monospace().size(11.0).color(palette.muted));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(egui::Label::new(&pin.name).truncate().selectable(false).sense(Sense::hover()));
                });
            });
        });
    }
    state.pins.all.retain(|pin| Some(pin.id) != unpinned);
}

/// Errors in the end, training and test.
fn errors(curves: &Curves) -> String {
    let train = curves.mean_of_end().map(|(_, error)| error);
    let test = curves.tests.last().map(|test| test.error);
    let text = |error: Option<f64>| error.map_or("–".into(), |error| format!("{:.1}", 100.0 * error));
    format!("{:>5} {:>5}", text(train), text(test))
}
