//! The curves of the runs: error and loss, training and test, over steps, epochs, seconds, pictures or
//! multiply-adds.

pub mod export;
mod axes;
mod drawing;
mod families;
mod hover;
mod legend;
mod lines;
mod marks;
mod others;
mod pins;
mod plot;
mod pyramid;
mod range;
mod series;

use std::collections::{BTreeMap, BTreeSet};

use egui::{Slider, SliderClamping, Ui, vec2};
use lucide_icons::Icon;

use super::action::Action;
use super::bridge::{Desk, Request};
use super::files::Purpose;
use super::theme;
use super::widgets;
use crate::session::{RunId, RunSnapshot, Snapshot};
use families::{Member, Together};
use pins::Pins;
pub use pins::pins_ui;
use range::{Drag, Zoom};
use series::{Axis, Quantity, Series};

/// What is shown, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    shown: Shown,
    axis: Axis,
    log_x: bool,
    log_y: bool,
    /// Steps over which the training curves are smoothed, about.
    pub window: f32,
    with_rate: bool,
    with_previous: bool,
    together: Together,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Both,
    Error,
    Loss,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shown: Shown::Both,
            axis: Axis::Step,
            log_x: false,
            log_y: false,
            window: 20.0,
            with_rate: false,
            with_previous: true,
            together: Together::Seeds,
        }
    }
}

/// What the panel remembers from frame to frame.
#[derive(Default)]
pub struct State {
    pub settings: Settings,
    /// Of each run that is there.
    series: BTreeMap<RunId, Series>,
    /// The runs in the order of the list, with what tells them apart.
    runs: Vec<Seen>,
    /// The run in front.
    front: Option<RunId>,
    /// The curves of the run in front before it began anew.
    previous: Series,
    /// Those curves as last seen.
    previous_seen: usize,
    /// Counts the previous curves that were shown.
    n_previous: u64,
    hidden: BTreeSet<RunId>,
    pins: Pins,
    /// What stands in for the series of a run that is not there.
    none: Series,
    /// Where the pointer is on the horizontal axis, in its own units.
    hovered: Option<f64>,
    /// What was zoomed into.
    zoom: Zoom,
    /// What is being dragged over.
    drag: Option<Drag>,
    /// Whether they take up the middle of the window.
    pub is_enlarged: bool,
    /// How much thicker than usual they are drawn, for a hall; 0 before they were drawn at all.
    thickness: f32,
}

/// A run as it is drawn.
struct Seen {
    id: RunId,
    name: String,
    mark: usize,
    /// The first of the runs that it is drawn together with, by its place.
    family: Option<usize>,
}

impl State {
    /// Takes over what is new in the snapshot.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        let window = self.settings.window;
        let pins = &self.pins.all;
        let is_pin = |id: RunId| pins.iter().any(|pin| pin.id == id);
        self.series.retain(|id, _| snapshot.run_of(*id).is_some() || is_pin(*id));
        self.front = snapshot.current;
        self.runs.clear();
        for run in &snapshot.runs {
            let series = self.series.entry(run.id).or_default();
            series.set_window(window);
            series.follow(run.number, &run.curves);
            self.runs.push(Seen { id: run.id, name: run.name.clone(), mark: run.mark, family: None });
        }
        let member = |run: &RunSnapshot| Member { twins: run.twins, experiment: run.experiment.clone() };
        let members: Vec<Member> = snapshot.runs.iter().map(member).collect();
        let families = families::families(&members, self.settings.together);
        self.runs.iter_mut().zip(families).for_each(|(run, family)| run.family = family);
        for pin in pins {
            let series = self.series.entry(pin.id).or_default();
            series.set_window(window);
            series.follow(1, &pin.curves);
            self.runs.push(Seen { id: pin.id, name: pin.name.clone(), mark: pin.mark, family: None });
        }
        self.previous.set_window(window);
        match snapshot.run().and_then(|run| run.previous.as_ref()) {
            Some(curves) => {
                let address = std::sync::Arc::as_ptr(curves) as usize;
                if address != self.previous_seen {
                    (self.previous_seen, self.n_previous) = (address, self.n_previous + 1);
                }
                self.previous.follow(self.n_previous, curves);
            }
            None => self.previous = Series::default(),
        }
    }

    /// The first step whose loss was no number, of the run in front.
    pub fn broke_at(&self) -> Option<u64> {
        self.present().broken.first().map(|[first, _]| *first)
    }

    pub fn is_hidden(&self, run: RunId) -> bool {
        self.hidden.contains(&run)
    }

    pub fn set_hidden(&mut self, run: RunId, is_hidden: bool) {
        match is_hidden {
            true => self.hidden.insert(run),
            false => self.hidden.remove(&run),
        };
    }

    /// The curves of the run in front.
    fn present(&self) -> &Series {
        self.front.and_then(|id| self.series.get(&id)).unwrap_or(&self.none)
    }

    /// The runs beside the one in front whose curves are to be seen.
    fn beside(&self) -> impl Iterator<Item = (&Seen, &Series)> {
        let is_alone = |run: &&Seen| run.family.is_none() && !self.is_hidden(run.id);
        let others = self.runs.iter().filter(is_alone).filter(|run| Some(run.id) != self.front);
        let with_series = others.filter_map(|run| Some((run, self.series.get(&run.id)?)));
        with_series.filter(|(_, series)| !series.is_empty())
    }

    /// The runs that are drawn together, each family with the mark of its first.
    fn together(&self) -> Vec<(usize, Vec<&Series>)> {
        let firsts = self.runs.iter().enumerate().filter(|(i, run)| run.family == Some(*i));
        let of = |first: usize| {
            let members = self.runs.iter().filter(|run| run.family == Some(first) && !self.is_hidden(run.id));
            let series = members.filter_map(|run| self.series.get(&run.id));
            series.filter(|series| !series.is_empty()).collect()
        };
        firsts.map(|(i, run)| (run.mark, of(i))).collect()
    }

    /// By what the run in front is known, where there are others to be told from.
    fn front_mark(&self) -> Option<usize> {
        let front = self.runs.iter().find(|run| Some(run.id) == self.front)?;
        (self.runs.len() > 1).then_some(front.mark)
    }

    /// The curves of the run in front, unless they are hidden.
    fn shown_present(&self) -> &Series {
        match self.front.is_some_and(|id| self.is_hidden(id)) {
            true => &self.none,
            false => self.present(),
        }
    }

    /// Those of the run before, where they are asked for.
    fn shown_previous(&self) -> &Series {
        if self.settings.with_previous { &self.previous } else { &self.none }
    }

    /// All curves that are drawn.
    fn shown(&self) -> impl Iterator<Item = &Series> {
        let runs = self.runs.iter().filter(|run| !self.is_hidden(run.id));
        runs.filter_map(|run| self.series.get(&run.id)).chain([self.shown_previous()])
    }
}

pub fn curves_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, height: f32) {
    let bottom = ui.cursor().top() + height;
    state.thickness = if desk.is_presenting { theme::PRESENTING_LINES } else { 1.0 };
    header_ui(ui, desk, state);
    let plots: &[Quantity] = match state.settings.shown {
        Shown::Both => &[Quantity::Error, Quantity::Loss],
        Shown::Error => &[Quantity::Error],
        Shown::Loss => &[Quantity::Loss],
    };
    let for_rate = if state.settings.with_rate { 92.0 } else { 0.0 };
    let room = bottom - ui.cursor().top() - for_rate;
    let each = (room / plots.len() as f32).max(76.0);
    let mut hovered = None;
    for (i, &quantity) in plots.iter().enumerate() {
        let is_last = i + 1 == plots.len() && !state.settings.with_rate;
        hovered = hovered.or(plot::quantity_ui(
            ui,
            desk,
            state,
            quantity,
            vec2(ui.available_width(), each),
            is_last,
        ));
    }
    if state.settings.with_rate {
        hovered = hovered.or(plot::rate_ui(ui, state, vec2(ui.available_width(), for_rate)));
    }
    state.hovered = hovered;
}

fn header_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    // Where there is little room, the titles of the plots are enough.
    let title = if ui.available_width() < 450.0 { "" } else { "Curves" };
    widgets::section_ui(ui, title, |ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        enlarge_ui(ui, desk, state.is_enlarged);
        export_menu_ui(ui, desk);
        settings_menu_ui(ui, &mut state.settings);
        let settings = &mut state.settings;
        ui.toggle_value(&mut settings.log_y, "log").on_hover_text("Logarithmic vertical axis");
        let before = settings.axis;
        axis_ui(ui, settings);
        if settings.axis != before {
            state.zoom.x = None;
        }
        let settings = &mut state.settings;
        // From right to left.
        let shown = [(Shown::Loss, "Loss", ""), (Shown::Error, "Error", ""), (Shown::Both, "Both", "")];
        widgets::choice_ui(ui, &mut settings.shown, &shown);
    });
}

fn enlarge_ui(ui: &mut Ui, desk: &mut Desk<'_>, is_enlarged: bool) {
    let action = Action::EnlargeCurves;
    let symbol = if is_enlarged { Icon::Minimize2 } else { action.icon() };
    let name = if is_enlarged { "Make the curves small again" } else { action.label() };
    if widgets::icon_button(ui, symbol, name).on_hover_text(action.tooltip(ui.ctx())).clicked() {
        desk.act(action);
    }
}

/// What is drawn over what.
fn axis_ui(ui: &mut Ui, settings: &mut Settings) {
    let combo = egui::ComboBox::from_id_salt("horizontal axis").width(64.0);
    let log = if settings.log_x { " (log)" } else { "" };
    let response = combo.selected_text(format!("{}{log}", settings.axis.title())).show_ui(ui, |ui| {
        for axis in Axis::ALL {
            ui.selectable_value(&mut settings.axis, axis, axis.title()).on_hover_text(axis.help());
        }
        ui.separator();
        ui.checkbox(&mut settings.log_x, "Logarithmic horizontal axis");
    });
    widgets::named(response.response, "Horizontal axis").on_hover_text(settings.axis.help());
}

fn settings_menu_ui(ui: &mut Ui, settings: &mut Settings) {
    let button = widgets::icon_button(ui, Icon::SlidersHorizontal, "Settings of the curves");
    let behaviour = egui::PopupCloseBehavior::CloseOnClickOutside;
    egui::Popup::menu(&button).close_behavior(behaviour).show(|ui| {
        ui.set_min_width(220.0);
        widgets::caption_ui(ui, &format!("Smoothing over about {:.0} steps", settings.window));
        let slider = Slider::new(&mut settings.window, 1.0..=1000.0)
            .logarithmic(true)
            .clamping(SliderClamping::Always);
        widgets::slider_ui(ui, "Smoothing", 200.0, slider);
        ui.checkbox(&mut settings.with_rate, "Learning rate beneath");
        ui.checkbox(&mut settings.with_previous, "Run before, faint");
        widgets::caption_ui(ui, "As mean and band");
        let options = [
            (Together::Nothing, "None", "Each run by itself"),
            (Together::Seeds, "Seeds", "Twins that differ in nothing but the seed"),
            (Together::Twins, "All twins", "All that go in lockstep, whatever they differ in"),
        ];
        ui.horizontal(|ui| widgets::choice_ui(ui, &mut settings.together, &options));
    });
    button.on_hover_text("Smoothing, axes, rate, run before");
}

fn export_menu_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let has_run = desk.snapshot.runs.iter().any(|run| !run.curves.is_empty());
    ui.add_enabled_ui(has_run, |ui| {
        let button = widgets::icon_button(ui, Icon::Download, "Export the curves");
        egui::Popup::menu(&button).show(|ui| {
            let items = [
                ("Table (CSV)…", Purpose::ExportCsv),
                ("Picture (PNG)…", Purpose::ExportPng),
                ("Drawing (SVG)…", Purpose::ExportSvg),
            ];
            for (label, purpose) in items {
                if ui.button(label).clicked() {
                    desk.requests.push(Request::AskPath(purpose));
                    ui.close();
                }
            }
        });
        button.on_hover_text("Export the curves").on_disabled_hover_text("There are no curves yet.");
    });
}
