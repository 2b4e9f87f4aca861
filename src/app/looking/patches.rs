//! The patches of pictures to which a unit responds most, beside what of them made it respond, as in Figure 2 of
//! Zeiler and Fergus (2013).

use egui::{Color32, RichText, Ui, vec2};

use super::sheets::{self, Sheets};
use super::subject::{self, Source, Subject};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::engine::Part;
use crate::graph::Graph;
use crate::graph::program::BackwardRule;
use crate::inspect::crop::{self, Crop, colours, signed_colours};
use crate::inspect::look::{Look, View};
use crate::inspect::patches::{MOST_PATCHES, Patch, Patches, Search};
use crate::inspect::picture::{Picture, columns};
use crate::inspect::projection::{Projecting, Projections};

pub struct State {
    part: Part,
    class: Option<usize>,
    n_pictures: usize,
    n_patches: usize,
    one_each: bool,
    /// What is shown beside the patches; nothing if none.
    rule: Option<BackwardRule>,
    /// Whether the strongest patch of every unit is shown rather than all of one.
    shows_all: bool,
    sheets: Sheets,
}

impl Default for State {
    fn default() -> Self {
        Self {
            part: Part::Test,
            class: None,
            n_pictures: 1000,
            n_patches: 9,
            one_each: true,
            rule: Some(BackwardRule::Deconvnet),
            shows_all: false,
            sheets: Sheets::default(),
        }
    }
}

/// What counts as padding is drawn so.
const PADDING: [u8; 3] = [96, 104, 116];

/// Side of a patch where all units are shown, and of its picture in the texture.
const SMALL: f32 = 40.0;
const SMALL_PIXELS: usize = 32;

pub fn patches_ui(ui: &mut Ui, desk: &mut Desk<'_>, subject: &mut Subject, state: &mut State) {
    let Some(graph) = subject::graph(desk) else { return subject::nothing_ui(ui, None) };
    let Some((report, channel)) = subject.layer(graph) else { return };
    state.settings_ui(ui, desk, subject, graph);
    let search = Search {
        layer: report.path.clone(),
        part: state.part,
        class: state.class,
        n_pictures: Some(state.n_pictures),
        n_patches: state.n_patches,
        one_each: state.one_each,
    };
    let Some(seen) = desk.look(Look::Patches(search)) else {
        widgets::caption_ui(ui, "Going through the pictures…");
        return;
    };
    let view = match &seen.view {
        Ok(view) => view,
        Err(problem) => return subject::nothing_ui(ui, Some(problem)),
    };
    let View::Patches(patches) = &**view else { return };
    let key = seen.serial;
    widgets::caption_ui(ui, &words(patches, graph));
    match state.shows_all {
        true => state.all_ui(ui, subject, graph, patches, key),
        false => state.unit_ui(ui, desk, subject, graph, patches, channel, key),
    }
}

/// What was gone through, and by which weights.
fn words(patches: &Patches, graph: &Graph) -> String {
    let [first, last] = patches.steps.map(format::count);
    let steps = if first == last { format!("step {last}") } else { format!("steps {first} to {last}") };
    let [height, width] = graph.field_of(patches.node, [0, 0]).map(|range| range.end - range.start);
    let of = match patches.n_seen == patches.n_pictures {
        true => format::counted(patches.n_pictures as u64, "picture"),
        false => format!(
            "{} of {} so far",
            format::count(patches.n_seen as u64),
            format::counted(patches.n_pictures as u64, "picture")
        ),
    };
    format!("{of}, {steps}; a unit sees {height}×{width} pixels")
}

/// The patch cut out of its picture.
fn cut(patches: &Patches, graph: &Graph, patch: &Patch) -> Picture {
    let extent = patches.set.extent;
    let pixels = colours(patches.split().picture(extent, patch.picture), extent);
    Crop::of(graph, patches.node, patch.place).cut(&pixels, extent, PADDING)
}

impl State {
    fn settings_ui(&mut self, ui: &mut Ui, desk: &Desk<'_>, subject: &mut Subject, graph: &Graph) {
        ui.horizontal_wrapped(|ui| {
            subject.unit_ui(ui, graph);
            let choices = [
                (false, "One unit", "The strongest patches of one unit"),
                (true, "All units", "The strongest patch of every unit"),
            ];
            widgets::group_ui(ui, "how many units", |ui| {
                widgets::choice_ui(ui, &mut self.shows_all, &choices);
            });
        });
        ui.horizontal_wrapped(|ui| {
            let parts = [
                (Part::Test, "Test", "Among test pictures"),
                (Part::Train, "Training", "Among training pictures"),
            ];
            widgets::group_ui(ui, "part", |ui| {
                widgets::choice_ui(ui, &mut self.part, &parts);
            });
            let Some(set) = subject::set(desk) else { return };
            let n = if self.part == Part::Test { set.test.len() } else { set.train.len() };
            widgets::group_ui(ui, "first", |ui| {
                widgets::caption_ui(ui, "first");
                self.n_pictures = self.n_pictures.min(n.max(1));
                widgets::count_ui(ui, "Pictures to go through", &mut self.n_pictures, 1..=n.max(1))
                    .on_hover_text("Pictures to go through");
            });
            self.class = self.class.filter(|&class| class < set.classes.len());
            subject::class_ui(ui, set, &mut self.class, "any class");
            widgets::group_ui(ui, "patches", |ui| {
                widgets::caption_ui(ui, "patches");
                widgets::count_ui(ui, "Number of patches", &mut self.n_patches, 1..=MOST_PATCHES);
            });
            ui.checkbox(&mut self.one_each, "one for each picture")
                .on_hover_text("Otherwise several places of one picture may be among the strongest");
        });
        if !self.shows_all {
            ui.horizontal_wrapped(|ui| {
                widgets::caption_ui(ui, "beside them");
                let rules = [
                    (None, "nothing", ""),
                    (
                        Some(BackwardRule::Deconvnet),
                        "deconvnet",
                        "The response carried back to the pixels: max pools remember which place won, ReLUs cut off \
                         what comes back below 0 (Zeiler and Fergus 2013)",
                    ),
                    (
                        Some(BackwardRule::Guided),
                        "guided",
                        "The gradient, cut off below 0 at every ReLU (Springenberg et al. 2014)",
                    ),
                    (Some(BackwardRule::Plain), "gradient", "The gradient of the response by the pixels"),
                ];
                widgets::choice_ui(ui, &mut self.rule, &rules);
            });
        }
    }

    /// The patches of one unit, and what of them made it respond.
    #[allow(clippy::too_many_arguments)]
    fn unit_ui(
        &mut self,
        ui: &mut Ui,
        desk: &Desk<'_>,
        subject: &mut Subject,
        graph: &Graph,
        patches: &Patches,
        channel: usize,
        key: u64,
    ) {
        let Some(unit) = patches.units.get(channel) else { return };
        if unit.iter().all(|patch| patch.response <= 0.0) {
            let text = "No picture makes this unit respond: it is 0 or below everywhere.";
            return widgets::message_ui(ui, widgets::Gravity::Note, text, |_| {});
        }
        let asked = |rule| Projecting {
            layer: patches.path.clone(),
            channel,
            part: patches.part,
            patches: unit.clone(),
            rule,
        };
        let projected = self.rule.map(|rule| desk.look(Look::Projections(asked(rule))));
        let projections = projected.flatten().and_then(|seen| Some((seen, seen.view.as_ref().ok()?)));
        let across = columns(unit.len());
        let room = ui.available_width().min(if self.rule.is_some() { 1100.0 } else { 560.0 });
        let n_columns = if self.rule.is_some() { 2 * across } else { across };
        let side = ((room - 24.0) / n_columns as f32 - 4.0).clamp(16.0, 150.0);
        ui.horizontal_top(|ui| {
            grid_ui(ui, "patches", across, unit.len(), side, |ui, i| {
                let patch = &unit[i];
                let own = sheets::key((key, channel, i));
                let texture = self.sheets.get(ui, ("patch", i), own, || cut(patches, graph, patch));
                let size = sheets::fitting(Crop::of(graph, patches.node, patch.place).size(), side);
                let name = format!("Patch {}", i + 1);
                let response = sheets::picture_ui(ui, &texture, sheets::WHOLE, size, &name);
                value_ui(ui, patch.response, side);
                if response.clicked() {
                    show(subject, patches, patch);
                }
                let sheets = &mut self.sheets;
                response.on_hover_ui(|ui| whole_ui(ui, sheets, graph, patches, patch, own));
            });
            let Some((seen, view)) = projections else { return };
            let View::Projections(projections) = &**view else { return };
            ui.add_space(12.0);
            let key = seen.serial;
            self.projections_ui(ui, graph, patches, unit, projections, (across, side, key));
        });
        let text = "Grey-blue is padding beyond the picture's edge. Point at a patch to see the whole picture; click it \
                    to ask why.";
        ui.label(theme::caption(ui, text));
    }

    /// What came back, each cut out like its patch and on a scale of its own.
    fn projections_ui(
        &mut self,
        ui: &mut Ui,
        graph: &Graph,
        patches: &Patches,
        unit: &[Patch],
        projections: &Projections,
        (across, side, key): (usize, f32, u64),
    ) {
        let input = graph.input();
        grid_ui(ui, "projections", across, projections.pictures.len().min(unit.len()), side, |ui, i| {
            let crop = Crop::of(graph, patches.node, unit[i].place);
            let numbers = &projections.pictures[i];
            let texture = self.sheets.get(ui, ("projection", i), sheets::key((key, i)), || {
                let pixels = signed_colours(numbers, input, crop::largest(numbers));
                crop.cut(&pixels, input, PADDING)
            });
            let name = format!("What of patch {} made it respond", i + 1);
            sheets::picture_ui(ui, &texture, sheets::WHOLE, sheets::fitting(crop.size(), side), &name);
            // As high as the values beside it.
            ui.label(RichText::new(" ").small());
        });
    }

    /// The strongest patch of every unit.
    fn all_ui(&mut self, ui: &mut Ui, subject: &mut Subject, graph: &Graph, patches: &Patches, key: u64) {
        let n = patches.units.len();
        let across = columns(n);
        let texture = self.sheets.get(ui, ("all", 0), key, || {
            let mut whole = Picture::new(across * SMALL_PIXELS, n.div_ceil(across) * SMALL_PIXELS, PADDING);
            for (i, unit) in patches.units.iter().enumerate() {
                if let Some(patch) = unit.first().filter(|patch| patch.response > 0.0) {
                    let fitted = fitted(&cut(patches, graph, patch), SMALL_PIXELS);
                    whole.put(&fitted, i % across * SMALL_PIXELS, i / across * SMALL_PIXELS);
                }
            }
            whole
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(3.0, 3.0);
            for (i, unit) in patches.units.iter().enumerate() {
                let part = sheets::tile(i, across, n);
                let response =
                    sheets::picture_ui(ui, &texture, part, vec2(SMALL, SMALL), &format!("Unit {i}"));
                if response.clicked() {
                    (subject.layer, subject.channel, subject.place) = (Some(patches.path.clone()), i, None);
                    self.shows_all = false;
                }
                let strongest = unit.first().map_or(0.0, |patch| patch.response);
                let text = match strongest > 0.0 {
                    true => format!("unit {i}: at most {}", format::number(strongest.into())),
                    false => format!("unit {i}: no picture makes it respond"),
                };
                response.on_hover_text(text);
            }
        });
    }
}

/// Cells row by row.
fn grid_ui(
    ui: &mut Ui,
    name: &str,
    across: usize,
    n: usize,
    side: f32,
    mut cell: impl FnMut(&mut Ui, usize),
) {
    egui::Grid::new(name).spacing(vec2(4.0, 4.0)).show(ui, |ui| {
        for i in 0..n {
            ui.vertical(|ui| {
                ui.set_width(side);
                ui.spacing_mut().item_spacing.y = 1.0;
                cell(ui, i);
            });
            if i % across == across - 1 {
                ui.end_row();
            }
        }
    });
}

fn value_ui(ui: &mut Ui, value: f32, side: f32) {
    if side >= 36.0 {
        let text = RichText::new(format::number(value.into())).small().color(Palette::of(ui).muted);
        ui.label(text);
    }
}

/// The whole picture of a patch, with what the unit sees of it.
fn whole_ui(ui: &mut Ui, sheets: &mut Sheets, graph: &Graph, patches: &Patches, patch: &Patch, key: u64) {
    let (extent, split) = (patches.set.extent, patches.split());
    let texture = sheets.get(ui, ("whole", 0), key, || Picture {
        width: extent.width,
        height: extent.height,
        pixels: colours(split.picture(extent, patch.picture), extent),
    });
    let size = sheets::fitting([extent.height, extent.width], 200.0);
    let rect = sheets::picture_ui(ui, &texture, sheets::WHOLE, size, "The whole picture").rect;
    let crop = Crop::of(graph, patches.node, patch.place);
    sheets::field(ui, rect, &crop, extent, Color32::YELLOW);
    let class =
        split.labels.classes().and_then(|classes| patches.set.classes.get(classes[patch.picture] as usize));
    let class = class.map_or_else(String::new, |class| format!(", {class}"));
    let words = if patches.part == Part::Test { "Test" } else { "Training" };
    ui.label(theme::strong(format!("{words} picture {}{class}", patch.picture)));
    let [row, column] = patch.place;
    let text =
        format!("responds with {} at row {row}, column {column}", format::number(patch.response.into()));
    ui.label(theme::caption(ui, text));
}

/// Shows the net the picture of a patch, and asks why.
fn show(subject: &mut Subject, patches: &Patches, patch: &Patch) {
    subject.source = if patches.part == Part::Test { Source::Test } else { Source::Train };
    subject.index = patch.picture;
    subject.layer = Some(patches.path.clone());
    subject.place = Some(patch.place);
    subject.asks_why = true;
}

/// A picture in the middle of a square of this side, each pixel as large as fits.
fn fitted(picture: &Picture, side: usize) -> Picture {
    let longer = picture.width.max(picture.height).max(1);
    let mut square = Picture::new(side, side, PADDING);
    for p in 0..side * side {
        let at = |along: usize, own: usize| {
            let place = along * longer / side;
            place.checked_sub((longer - own) / 2).filter(|&place| place < own)
        };
        if let (Some(x), Some(y)) = (at(p % side, picture.width), at(p / side, picture.height)) {
            square.pixels[p] = picture.pixels[y * picture.width + x];
        }
    }
    square
}
