//! By which weights it is looked: as they stand, as they were at one of the run's steps, or those of a file.

use std::path::Path;

use egui::{Label, RichText, Slider, Ui};
use lucide_icons::Icon;

use crate::app::bridge::{Desk, Request};
use crate::app::files::Purpose;
use crate::app::theme::Palette;
use crate::app::{format, widgets};
use crate::session::{At, Seen};

pub fn moment_ui(ui: &mut Ui, desk: &mut Desk<'_>, at: &mut At) {
    let Some(run) = desk.snapshot.begun() else {
        *at = At::Now;
        return;
    };
    // What is kept comes and goes: of a step that has gone the nearest is taken.
    if let At::Step(step) = at
        && !run.kept_steps.contains(step)
    {
        let nearest = run.kept_steps.iter().min_by_key(|kept| kept.abs_diff(*step));
        *at = nearest.map_or(At::Now, |&step| At::Step(step));
    }
    ui.horizontal(|ui| {
        widgets::caption_ui(ui, "weights").on_hover_text("Which weights all instruments look at");
        match at {
            At::File(path) => {
                ui.label(format!("of {}", file_name(path))).on_hover_text(path.display().to_string());
            }
            _ => steps_ui(ui, &run.kept_steps, at),
        }
        if *at != At::Now && ui.button("Now").on_hover_text("Back to the weights as they stand").clicked() {
            *at = At::Now;
        }
        let button = widgets::icon_button(ui, Icon::FolderOpen, "Weights of a file…");
        if button
            .on_hover_text("Look at the weights of a file: a checkpoint of a run of the same net")
            .clicked()
        {
            desk.requests.push(Request::AskPath(Purpose::LookAtWeights));
        }
        note_ui(ui, desk, at);
    });
}

/// What there is to note of the file whose weights are looked at.
fn note_ui(ui: &mut Ui, desk: &Desk<'_>, at: &At) {
    let is_meant = |seen: &&Seen| seen.run == desk.front() && seen.at == *at;
    let Some(note) = desk.snapshot.views.iter().filter(is_meant).find_map(|seen| seen.note.as_deref()) else {
        return;
    };
    let colour = Palette::of(ui).warning;
    ui.label(widgets::icon(Icon::Info).color(colour)).on_hover_text(note);
    let text = RichText::new(note).small().color(colour);
    ui.add(Label::new(text).truncate()).on_hover_text(note);
}

/// A slider over the steps that are kept; at its right end the weights are those of now.
fn steps_ui(ui: &mut Ui, steps: &[u64], at: &mut At) {
    let place = match at {
        At::Step(step) => steps.iter().position(|kept| kept == step).unwrap_or(steps.len()),
        _ => steps.len(),
    };
    let mut chosen = place;
    if !steps.is_empty() {
        let slider = Slider::new(&mut chosen, 0..=steps.len());
        widgets::slider_ui(ui, "Step whose weights are looked at", 110.0, slider)
            .on_hover_text("Left: as the run was at earlier steps; at the right end: as it stands");
    }
    if chosen != place {
        *at = steps.get(chosen).map_or(At::Now, |&step| At::Step(step));
    }
    ui.label(match at {
        At::Step(step) => format!("of step {}", format::count(*step)),
        _ => "as they stand".into(),
    });
}

/// What the weights are called that a view was seen by.
pub fn words(seen: &Seen) -> String {
    match &seen.at {
        At::File(path) => format!("the weights of {}", file_name(path)),
        _ => format!("the weights of step {}", format::count(seen.step)),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
