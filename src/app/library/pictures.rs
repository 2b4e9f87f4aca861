//! Which pictures, how many, and what is done to them on the way into the net.

use std::path::Path;

use egui::{ComboBox, DragValue, TextEdit, Ui};
use lucide_icons::Icon;

use super::strip::Strip;
use super::{fetch, own};
use crate::app::action::Action;
use crate::app::bridge::{Desk, Request};
use crate::app::files::Purpose;
use crate::app::format;
use crate::app::theme;
use crate::app::widgets::{self, Gravity, named};
use crate::data::HOLD_OUT;
use crate::data::catalogue::{Availability, Entry};
use crate::experiment::{Data, LabelKind, MAX_SIDE, Normalise};
use crate::session::{PicturesReady, PicturesState};

/// What the section remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// Its height in the last frame.
    pub height: f32,
    strip: Strip,
    pub fetch: fetch::State,
    pub own: own::State,
    /// The path as it is being typed; none while nobody types.
    typed: Option<String>,
}

/// Width of the captions before the settings.
const CAPTION: f32 = 60.0;

pub fn pictures_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, entries: &[Entry]) {
    widgets::section_ui(ui, "Pictures", |ui| {
        let browse = Action::BrowsePictures;
        let response = widgets::icon_button(ui, browse.icon(), browse.label());
        if response.on_hover_text(browse.tooltip(ui.ctx())).clicked() {
            desk.act(browse);
        }
        if let PicturesState::Opening { .. } = desk.snapshot.pictures() {
            ui.add(egui::Spinner::new().size(14.0));
            widgets::caption_ui(ui, "reading…");
        }
    });
    let is_locked = desk.hold.lock.holds("data");
    if is_locked {
        widgets::locked_ui(ui);
    }
    ui.scope(|ui| {
        if is_locked {
            ui.disable();
        }
        settings_ui(ui, desk, state, entries);
    });
    ui.add_space(theme::SMALL_GAP);
    fetch::elsewhere_ui(ui, desk, entries);
    let source = &desk.editor.experiment.data.source;
    let absent = entries.iter().find(|entry| {
        entry.name == source && matches!(entry.availability, Availability::Absent(_)) && is_failed(desk)
    });
    if let Some(entry) = absent {
        return fetch::absent_ui(ui, desk, &mut state.fetch, entry);
    }
    match desk.snapshot.pictures() {
        PicturesState::Opening { .. } => state.strip.last_ui(ui),
        PicturesState::Ready(ready) => ready_ui(ui, ready, &mut state.strip),
        PicturesState::Failed { message, .. } => widgets::message_ui(ui, Gravity::Problem, message, |ui| {
            if ui.button("Use the built-in glyphs").clicked() {
                let data = &mut desk.editor.experiment.data;
                (data.source, data.train, data.test) = ("glyphs".into(), None, None);
            }
        }),
    }
}

/// Which pictures, how many, and what is done to them.
fn settings_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, entries: &[Entry]) {
    source_ui(ui, desk, state, entries);
    let data = &mut desk.editor.experiment.data;
    sizes_ui(ui, data);
    // What has a name has a part for testing.
    if !entries.iter().any(|entry| entry.name == data.source) {
        hold_out_ui(ui, &mut data.hold_out);
    }
    let classes = match desk.snapshot.pictures() {
        PicturesState::Ready(ready) => &ready.set.classes[..],
        PicturesState::Opening { .. } | PicturesState::Failed { .. } => &[],
    };
    treatment_ui(ui, data, classes);
}

fn is_failed(desk: &Desk<'_>) -> bool {
    matches!(desk.snapshot.pictures(), PicturesState::Failed { .. })
}

fn line_ui(ui: &mut Ui, caption: &str, controls: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_min_height(theme::ROW);
        ui.allocate_ui_with_layout(
            egui::vec2(CAPTION, theme::ROW),
            egui::Layout::left_to_right(egui::Align::Center),
            |ui| {
                ui.set_min_width(CAPTION);
                widgets::caption_ui(ui, caption);
            },
        );
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        controls(ui);
    });
}

/// A data set by name, or a path.
fn source_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, entries: &[Entry]) {
    line_ui(ui, "Data set", |ui| {
        let data = &mut desk.editor.experiment.data;
        let is_known = entries.iter().any(|entry| entry.name == data.source);
        let shown = if is_known { data.source.as_str() } else { "other" };
        let combo = ComboBox::from_id_salt("data set").width(ui.available_width() - 8.0).selected_text(shown);
        let response = combo.show_ui(ui, |ui| {
            for entry in entries {
                let is_chosen = entry.name == data.source;
                let mark = match entry.availability {
                    Availability::BuiltIn => "built in",
                    Availability::At(_) => "found",
                    Availability::Absent(_) => "download…",
                };
                let button =
                    egui::Button::selectable(is_chosen, entry.name).right_text(theme::caption(ui, mark));
                let response = named(ui.add(button), &format!("{}, {mark}", entry.name));
                if response.on_hover_text(help(entry)).clicked() && !is_chosen {
                    choose(data, entry.name);
                }
            }
        });
        named(response.response, "Data set");
    });
    line_ui(ui, "Path", |ui| path_ui(ui, desk, state, entries));
}

/// The path as a field; it counts when the field is left.
fn path_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, entries: &[Entry]) {
    let data = &mut desk.editor.experiment.data;
    let is_known = entries.iter().any(|entry| entry.name == data.source);
    let path = if is_known { String::new() } else { data.source.clone() };
    let mut text = state.typed.clone().unwrap_or(path);
    let edit = TextEdit::singleline(&mut text)
        .hint_text("folder or file")
        .desired_width(ui.available_width() - 36.0);
    let response = named(ui.add(edit), "Path or name of the pictures");
    let response = response.on_hover_text("A folder with one folder of pictures per class, one with pictures and label pictures, or the files of a data set. Or drop it on the window.");
    if response.lost_focus() {
        if let Some(typed) =
            state.typed.take().filter(|typed| !typed.trim().is_empty() && *typed != data.source)
        {
            state.own.begin(ui.ctx(), data, Path::new(typed.trim()));
        }
    } else if response.has_focus() {
        state.typed = Some(text);
    }
    let response = widgets::icon_button(ui, Icon::FolderOpen, "Choose pictures");
    if response.on_hover_text("Choose a folder or file of pictures…").clicked() {
        desk.requests.push(Request::AskPath(Purpose::Pictures));
    }
}

/// Another source: what was cut to the size of the old one is no longer fitting.
pub fn choose(data: &mut Data, source: &str) {
    (data.source, data.train, data.test) = (source.into(), None, None);
    data.noise.to = None;
    data.hold_out = None;
}

fn help(entry: &Entry) -> String {
    let (train, test) = (format::count(entry.train as u64), format::count(entry.test as u64));
    let mut text = format!(
        "{}. {}, {} {}; {train} training and {test} test pictures.",
        entry.what,
        entry.extent,
        entry.classes.len(),
        if entry.labels == LabelKind::Tags { "tags" } else { "classes" }
    );
    if let Availability::Absent(sentence) = &entry.availability {
        text.push('\n');
        text.push_str(sentence);
    }
    text
}

fn sizes_ui(ui: &mut Ui, data: &mut Data) {
    line_ui(ui, "Use", |ui| {
        for (name, short, value) in [("training", "train", &mut data.train), ("test", "test", &mut data.test)]
        {
            let mut n = value.unwrap_or(0);
            let drag = DragValue::new(&mut n)
                .range(0..=10_000_000)
                .speed(20.0)
                .update_while_editing(false)
                .custom_formatter(|n, _| if n == 0.0 { "all".into() } else { format::count(n as u64) })
                .custom_parser(|text| match text.trim() {
                    "all" | "" => Some(0.0),
                    number => number.replace([',', '_'], "").parse().ok(),
                });
            let response = named(ui.add(drag), &format!("Number of {name} pictures"));
            if response
                .on_hover_text(format!("How many {name} pictures to use, the first of the set; 0 for all."))
                .changed()
            {
                *value = (n > 0).then_some(n);
            }
            widgets::caption_ui(ui, short);
        }
    });
}

fn treatment_ui(ui: &mut Ui, data: &mut Data, classes: &[String]) {
    line_ui(ui, "Normalise", |ui| {
        let combo = ComboBox::from_id_salt("normalise")
            .width(ui.available_width() - 8.0)
            .selected_text(label(data.normalise));
        let response = combo.show_ui(ui, |ui| {
            for normalise in Normalise::ALL {
                let (name, help) = (label(normalise), normalise_help(normalise));
                ui.selectable_value(&mut data.normalise, normalise, name).on_hover_text(help);
            }
        });
        named(response.response, "Normalise").on_hover_text(normalise_help(data.normalise));
    });
    augment_ui(ui, data);
    noise_ui(ui, data, classes);
}

/// Random changes to the training pictures, and whether their order is drawn.
fn augment_ui(ui: &mut Ui, data: &mut Data) {
    line_ui(ui, "Augment", |ui| {
        ui.checkbox(&mut data.augment.flip, "flip")
            .on_hover_text("Mirror each training picture left to right with probability one half.");
        let help =
            "Pad by so many pixels on each side and cut out a window of the old size at random; 0 for none.";
        ui.add_space(theme::SMALL_GAP);
        widgets::caption_ui(ui, "crop").on_hover_text(help);
        widgets::count_ui(ui, "Crop by", &mut data.augment.crop, 0..=64).on_hover_text(help);
        ui.add_space(theme::SMALL_GAP);
        ui.checkbox(&mut data.shuffle, "shuffle")
            .on_hover_text("Draw the order of the training pictures anew for each epoch.");
    });
    line_ui(ui, "", |ui| {
        let help =
            "Set a square of so many pixels to each side to zero, anywhere in the picture; 0 for none.";
        widgets::caption_ui(ui, "cutout").on_hover_text(help);
        widgets::count_ui(ui, "Cut out", &mut data.augment.cutout, 0..=4096).on_hover_text(help);
        ui.add_space(theme::SMALL_GAP);
        let help =
            "Multiply brightness, contrast and saturation by factors that stray so far from 1; 0 for none.";
        widgets::caption_ui(ui, "jitter").on_hover_text(help);
        widgets::number_ui(ui, "Jitter", &mut data.augment.jitter, 0.0..=1.0).on_hover_text(help);
    });
    // A line has no room for what belongs to both.
    let is_divided = data.permute.is_some() || data.size.is_some();
    line_ui(ui, "Pixels", |ui| {
        permute_ui(ui, &mut data.permute);
        if !is_divided {
            ui.add_space(theme::SMALL_GAP);
            size_ui(ui, &mut data.size);
        }
    });
    if is_divided {
        line_ui(ui, "", |ui| size_ui(ui, &mut data.size));
    }
}

/// Whether the pictures are resized, and to how many rows and columns.
fn size_ui(ui: &mut Ui, size: &mut Option<[usize; 2]>) {
    const FIRST: [usize; 2] = [32, 32];
    let help = "Cut the pictures to these proportions around their middle and resize them: rows × columns.";
    let mut is_resized = size.is_some();
    let label = if is_resized { "size" } else { "resized" };
    if named(ui.checkbox(&mut is_resized, label), "Resized").on_hover_text(help).changed() {
        *size = is_resized.then_some(FIRST);
    }
    if let Some([height, width]) = size {
        widgets::count_ui(ui, "Height of the pictures", height, 1..=MAX_SIDE).on_hover_text(help);
        widgets::caption_ui(ui, "×");
        widgets::count_ui(ui, "Width of the pictures", width, 1..=MAX_SIDE).on_hover_text(help);
    }
}

/// Whether the pixels are permuted, and by which permutation.
fn permute_ui(ui: &mut Ui, permute: &mut Option<u64>) {
    let help = "All pixels change places by one permutation, the same for every picture: what is beside what is lost.";
    let mut is_permuted = permute.is_some();
    if ui.checkbox(&mut is_permuted, "permuted").on_hover_text(help).changed() {
        *permute = is_permuted.then_some(1);
    }
    if let Some(seed) = permute {
        let help = "Seed of the permutation: another number, other places. It is not the experiment's seed, so that \
                    runs that begin otherwise see the same pictures.";
        widgets::caption_ui(ui, "by seed").on_hover_text(help);
        widgets::seed_ui(ui, "Seed of the permutation", seed).on_hover_text(help);
    }
}

/// The share of the pictures that is put aside for testing.
fn hold_out_ui(ui: &mut Ui, hold_out: &mut Option<f32>) {
    line_ui(ui, "Hold out", |ui| {
        let help = "The share that is put aside for testing, drawn by the experiment's seed: 0.2 is every fifth picture \
                    of each class. Pictures that come with a part for testing keep it.";
        let mut share = hold_out.unwrap_or(HOLD_OUT);
        let field = widgets::number_ui(ui, "Share held out for testing", &mut share, Data::HOLD_OUT);
        if field.on_hover_text(help).changed() {
            *hold_out = (share != HOLD_OUT).then_some(share);
        }
        widgets::caption_ui(ui, "for testing").on_hover_text(help);
    });
}

/// Training labels made wrong, at random or towards one class.
fn noise_ui(ui: &mut Ui, data: &mut Data, classes: &[String]) {
    line_ui(ui, "Noise", |ui| {
        let help = "The share of the training labels that are made wrong, 0 to 1.";
        let mut share = data.noise.share;
        if widgets::number_ui(ui, "Label noise", &mut share, 0.0..=1.0).on_hover_text(help).changed() {
            data.noise.share = share;
        }
        widgets::caption_ui(ui, "to");
        let shown = data.noise.to.clone().unwrap_or_else(|| "any other".into());
        let width = ui.available_width() - 8.0;
        let combo = ComboBox::from_id_salt("noise").width(width).truncate().selected_text(shown);
        let response = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut data.noise.to, None, "any other class");
            for class in classes {
                ui.selectable_value(&mut data.noise.to, Some(class.clone()), class);
            }
        });
        let help = "What a label becomes: any other class, or always the same one, which is a bias.";
        named(response.response, "Where the noise leads").on_hover_text(help);
    });
}

fn label(normalise: Normalise) -> &'static str {
    match normalise {
        Normalise::None => "none",
        Normalise::PerChannel => "per channel",
        Normalise::PixelMean => "mean picture",
    }
}

fn normalise_help(normalise: Normalise) -> &'static str {
    match normalise {
        Normalise::None => "Pixels stay between 0 and 1.",
        Normalise::PerChannel => {
            "Each channel is brought to mean 0 and standard deviation 1 over the training pictures."
        }
        Normalise::PixelMean => "The mean training picture is subtracted, pixel by pixel.",
    }
}

fn ready_ui(ui: &mut Ui, ready: &PicturesReady, strip: &mut Strip) {
    let set = &ready.set;
    let (train, test) = (format::count(set.train.len() as u64), format::count(set.test.len() as u64));
    let (n, extent) = (set.classes.len(), set.extent);
    let what = match set.train.labels.kind() {
        LabelKind::Classes => format::counted(n as u64, "class"),
        LabelKind::Tags => format!("{}, several to a picture", format::counted(n as u64, "tag")),
        LabelKind::Pixels => format!("{} of pixels", format::counted(n as u64, "class")),
    };
    let text = format!("{train} train, {test} test, {extent}, {what}");
    ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
    for note in &set.notes {
        widgets::message_ui(ui, Gravity::Note, note, |_| {});
    }
    ui.add_space(theme::SMALL_GAP);
    strip.strip_ui(ui, set);
}
