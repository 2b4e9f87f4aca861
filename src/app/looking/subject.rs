//! What is looked at: the picture that is shown to the net, and the unit of a layer that is asked about. All
//! instruments share it, so that what is found with one can be looked at with another.

use std::sync::Arc;

use egui::{ComboBox, DragValue, Ui};
use lucide_icons::Icon;

use super::drawing::Drawing;
use crate::app::bridge::{Desk, Request};
use crate::app::files::Purpose;
use crate::app::{format, theme, widgets};
use crate::data::DataSet;
use crate::engine::Part;
use crate::experiment::LayerId;
use crate::graph::{Graph, LayerReport};
use crate::inspect::activations::computing;
use crate::inspect::exhibit::{Exhibit, Grating};
use crate::session::PicturesState;
use crate::tensor::Extent;

/// Where the picture comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    #[default]
    Test,
    Train,
    File,
    Drawing,
    Grating,
}

pub struct Subject {
    pub source: Source,
    /// Of the split.
    pub index: usize,
    /// Only pictures of this class are paged through.
    class: Option<usize>,
    own: Option<(String, Arc<[u8]>)>,
    drawing: Drawing,
    grating: Grating,
    /// Path of the layer; the first where none was chosen.
    pub layer: Option<String>,
    pub channel: usize,
    /// `[row, column]`; where the unit responds most if none was chosen.
    pub place: Option<[usize; 2]>,
    /// The card that was selected last.
    card: Option<LayerId>,
    /// Set by who wants the unit and the picture explained.
    pub asks_why: bool,
}

impl Default for Subject {
    fn default() -> Self {
        Self {
            source: Source::Test,
            index: 0,
            class: None,
            own: None,
            drawing: Drawing::default(),
            grating: Grating { orientation_degrees: 45.0, cycles_per_pixel: 0.15, phase_degrees: 0.0 },
            layer: None,
            channel: 0,
            place: None,
            card: None,
            asks_why: false,
        }
    }
}

/// The pictures of the run in front.
pub fn set<'a>(desk: &Desk<'a>) -> Option<&'a Arc<DataSet>> {
    match desk.snapshot.pictures() {
        PicturesState::Ready(ready) => Some(&ready.set),
        _ => None,
    }
}

/// The net of the run in front, once it has begun.
pub fn graph<'a>(desk: &Desk<'a>) -> Option<&'a Graph> {
    desk.snapshot.begun()?.graph.as_deref()
}

impl Subject {
    /// Shows a picture of one's own.
    pub fn show(&mut self, name: String, bytes: Vec<u8>) {
        self.own = Some((name, bytes.into()));
        self.source = Source::File;
    }

    /// The layer whose card is selected is the one that is looked at.
    pub fn follow(&mut self, desk: &Desk<'_>) {
        let selected = desk.editor.selected;
        if selected == self.card {
            return;
        }
        self.card = selected;
        let Some(graph) = graph(desk) else { return };
        if let Some(report) = computing(graph).iter().find(|report| Some(report.layer) == selected) {
            self.choose(report, 0);
        }
    }

    pub fn choose(&mut self, report: &LayerReport, channel: usize) {
        self.layer = Some(report.path.clone());
        self.channel = channel;
        self.place = None;
    }

    /// Turns on by so many pictures of the split that is shown.
    pub fn turn(&mut self, desk: &Desk<'_>, by: isize) {
        let Some(set) = set(desk) else { return };
        let n = if self.source == Source::Train { set.train.len() } else { set.test.len() };
        self.index = self.index.saturating_add_signed(by).min(n.saturating_sub(1));
    }

    /// What is shown to the net; none where there is nothing to show yet.
    pub fn exhibit(&self) -> Option<Exhibit> {
        Some(match self.source {
            Source::Test => Exhibit::Data { part: Part::Test, index: self.index },
            Source::Train => Exhibit::Data { part: Part::Train, index: self.index },
            Source::File => Exhibit::Own(self.own.as_ref()?.1.clone()),
            Source::Drawing => Exhibit::Own(self.drawing.bytes()),
            Source::Grating => Exhibit::Grating(self.grating),
        })
    }

    /// The layer that is looked at, and the unit within it.
    pub fn layer<'a>(&self, graph: &'a Graph) -> Option<(&'a LayerReport, usize)> {
        let layers = computing(graph);
        let own = layers.iter().find(|report| Some(&report.path) == self.layer.as_ref());
        let report = *own.or(layers.first())?;
        Some((report, self.channel.min(report.output.channels - 1)))
    }

    /// Controls for the picture.
    pub fn picture_ui(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, input: Extent) {
        ui.horizontal_wrapped(|ui| {
            let choices = [
                (Source::Test, "Test", "A test picture"),
                (Source::Train, "Training", "A training picture"),
                (Source::File, "File", "A picture of your own, cut to the net's proportions and resized"),
                (Source::Drawing, "Draw", "Draw one"),
                (Source::Grating, "Grating", "Stripes, as they are shown to cells of the visual cortex"),
            ];
            if widgets::choice_ui(ui, &mut self.source, &choices)
                && self.source == Source::File
                && self.own.is_none()
            {
                desk.requests.push(Request::AskPath(Purpose::ShowPicture));
            }
            match self.source {
                Source::Test => self.paging_ui(ui, desk, Part::Test),
                Source::Train => self.paging_ui(ui, desk, Part::Train),
                Source::File => {
                    if ui.button("Choose…").clicked() {
                        desk.requests.push(Request::AskPath(Purpose::ShowPicture));
                    }
                    let name = self.own.as_ref().map_or("none yet", |(name, _)| name);
                    widgets::caption_ui(ui, name);
                }
                Source::Drawing => {
                    self.drawing.fit(input);
                }
                Source::Grating => self.grating_ui(ui),
            }
        });
        if self.source == Source::Drawing {
            self.drawing.pad_ui(ui, 140.0);
        }
    }

    /// Pages through the pictures of a split.
    fn paging_ui(&mut self, ui: &mut Ui, desk: &Desk<'_>, part: Part) {
        let Some(set) = set(desk) else { return };
        let split = if part == Part::Test { &set.test } else { &set.train };
        let class = self.class.filter(|&class| class < set.classes.len());
        let shows = |i: &usize| class.is_none_or(|class| split.labels.shows(*i, class));
        let n = split.len();
        self.index = self.index.min(n.saturating_sub(1));
        widgets::group_ui(ui, "paging", |ui| {
            if widgets::icon_button(ui, Icon::ChevronLeft, "Picture before").clicked() {
                self.index = (0..self.index).rev().find(shows).unwrap_or(self.index);
            }
            widgets::count_ui(ui, "Number of the picture", &mut self.index, 0..=n.saturating_sub(1));
            if widgets::icon_button(ui, Icon::ChevronRight, "Next picture").clicked() {
                self.index = (self.index + 1..n).find(shows).unwrap_or(self.index);
            }
            class_ui(ui, set, &mut self.class, "any class");
            if self.class != class && self.class.is_some() {
                let shows = |i: &usize| self.class.is_none_or(|class| split.labels.shows(*i, class));
                self.index = (0..n).find(shows).unwrap_or(self.index);
            }
        });
    }

    fn grating_ui(&mut self, ui: &mut Ui) {
        let Grating { orientation_degrees, cycles_per_pixel, phase_degrees } = &mut self.grating;
        widgets::group_ui(ui, "grating", |ui| {
            let drag = |value, range, speed| DragValue::new(value).range(range).speed(speed);
            widgets::caption_ui(ui, "at");
            let angle = ui.add(drag(orientation_degrees, 0.0..=180.0, 1.0).suffix("°").max_decimals(0));
            widgets::named(angle, "Angle of the stripes");
            let frequency = ui.add(drag(cycles_per_pixel, 0.01..=0.5, 0.002).max_decimals(3));
            widgets::named(frequency, "Cycles per pixel").on_hover_text("Cycles per pixel");
            let phase = ui.add(drag(phase_degrees, -180.0..=180.0, 2.0).suffix("°").max_decimals(0));
            widgets::named(phase, "Phase").on_hover_text("Phase");
        });
    }

    /// Controls for the layer and the unit.
    pub fn unit_ui(&mut self, ui: &mut Ui, graph: &Graph) {
        let Some((report, channel)) = self.layer(graph) else { return };
        let (mut chosen, mut number) = (report.path.clone(), channel);
        widgets::group_ui(ui, "unit", |ui| {
            layer_ui(ui, &computing(graph), &mut chosen);
            widgets::caption_ui(ui, "unit");
            if widgets::icon_button(ui, Icon::ChevronLeft, "Unit before").clicked() {
                number = number.saturating_sub(1);
            }
            widgets::count_ui(ui, "Number of the unit", &mut number, 0..=report.output.channels - 1);
            if widgets::icon_button(ui, Icon::ChevronRight, "Next unit").clicked() {
                number = (number + 1).min(report.output.channels - 1);
            }
            widgets::caption_ui(ui, &format!("of {}", format::count(report.output.channels as u64)));
        });
        if chosen != report.path {
            (self.layer, self.channel, self.place) = (Some(chosen), 0, None);
        } else if number != channel {
            (self.channel, self.place) = (number, None);
        }
    }
}

/// Chooses a layer by its path.
pub fn layer_ui(ui: &mut Ui, layers: &[&LayerReport], chosen: &mut String) {
    let words = |report: &LayerReport| format!("{}  {}  {}", report.path, report.kind, report.output);
    let own = layers.iter().find(|report| report.path == *chosen);
    let combo =
        ComboBox::from_id_salt("layer").selected_text(own.map_or_else(|| chosen.clone(), |own| words(own)));
    let response = combo.height(420.0).show_ui(ui, |ui| {
        for report in layers {
            ui.selectable_value(chosen, report.path.clone(), words(report));
        }
    });
    widgets::named(response.response, "Layer");
}

/// Chooses a class, or none.
pub fn class_ui(ui: &mut Ui, set: &DataSet, class: &mut Option<usize>, none: &str) {
    let own = class.and_then(|class| set.classes.get(class));
    let response =
        ComboBox::from_id_salt("class").selected_text(own.map_or(none, String::as_str)).show_ui(ui, |ui| {
            ui.selectable_value(class, None, none);
            for (i, name) in set.classes.iter().enumerate() {
                ui.selectable_value(class, Some(i), name);
            }
        });
    widgets::named(response.response, "Class");
}

/// Says that there is nothing to look at yet, or why something cannot be seen.
pub fn nothing_ui(ui: &mut Ui, problem: Option<&str>) {
    ui.add_space(theme::SMALL_GAP);
    match problem {
        Some(problem) => widgets::message_ui(ui, widgets::Gravity::Warning, problem, |_| {}),
        None => {
            widgets::caption_ui(
                ui,
                "It is computed once the run has begun, and may take a moment: Space trains, S makes one step.",
            );
        }
    }
}
