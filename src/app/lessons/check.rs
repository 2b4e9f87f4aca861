//! A check: its claim, and on request what was expected beside what was observed.

use egui::{Frame, Label, Margin, RichText, Ui};
use lucide_icons::Icon;

use super::Open;
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::engine::{DeviceChoice, DeviceKind};
use crate::lessons::bench::{Verdict, verdict};
use crate::lessons::progress::{Checked, today};
use crate::lessons::{Check, Form, own};

/// From so many claims on, one button holds all of them.
const MANY: usize = 3;

pub fn checks_ui(ui: &mut Ui, desk: &Desk<'_>, open: &mut Open, names: &[String]) {
    if let Some((name, found)) = open.page.trial.finished() {
        match found {
            Ok(verdict) => keep(open, &verdict),
            Err(message) => {
                let failed =
                    Verdict { name, expected: String::new(), observed: None, shown: message, held: false };
                keep(open, &failed);
            }
        }
    }
    for name in names {
        if let Some(check) = open.lesson.check(name).cloned() {
            check_ui(ui, desk, open, &check);
        }
    }
    all_ui(ui, desk, open, names);
}

/// One button for claims that stand below each other and need no more than what the runs tell.
fn all_ui(ui: &mut Ui, desk: &Desk<'_>, open: &mut Open, names: &[String]) {
    let checks = names.iter().filter_map(|name| open.lesson.check(name));
    let told: Vec<Check> =
        checks.filter(|check| own::can_be_read(&open.lesson, check.facts())).cloned().collect();
    if told.len() < MANY || !ui.button(format!("Check all {}", told.len())).clicked() {
        return;
    }
    for check in &told {
        hold(desk, open, check);
    }
}

fn check_ui(ui: &mut Ui, desk: &Desk<'_>, open: &mut Open, check: &Check) {
    let palette = Palette::of(ui);
    let known = open.progress.checks.get(&check.name).cloned();
    let (symbol, colour) = match &known {
        Some(checked) if checked.held => (Icon::CircleCheck, palette.rate),
        Some(_) => (Icon::CircleDashed, palette.warning),
        None => (Icon::Circle, palette.muted),
    };
    let frame =
        Frame::new().fill(palette.card).stroke((1.0, palette.border)).corner_radius(theme::CARD_CORNER);
    frame.inner_margin(Margin::same(10)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.label(widgets::icon(symbol).color(colour));
            ui.vertical(|ui| {
                ui.add(Label::new(check.says.as_str()).wrap());
                if let Some(checked) = &known {
                    verdict_ui(ui, checked, check);
                }
                act_ui(ui, desk, open, check);
            });
        });
    });
}

fn verdict_ui(ui: &mut Ui, checked: &Checked, check: &Check) {
    let palette = Palette::of(ui);
    let line = |ui: &mut Ui, what: &str, text: &str, colour| {
        ui.horizontal_wrapped(|ui| {
            widgets::caption_ui(ui, what);
            ui.add(Label::new(RichText::new(text).color(colour)).wrap());
        });
    };
    line(ui, "expected", &checked.expected, palette.text);
    line(ui, "observed", &checked.observed, if checked.held { palette.rate } else { palette.warning });
    if !check.look.is_empty() {
        ui.add(Label::new(RichText::new(&check.look).italics().color(palette.muted)).wrap());
    }
}

/// The button that measures; where it needs more than the runs tell, by the lesson's own settings.
fn act_ui(ui: &mut Ui, desk: &Desk<'_>, open: &mut Open, check: &Check) {
    let is_told = own::can_be_read(&open.lesson, check.facts());
    if let Some((name, experiment, share)) = open.page.trial.at_work() {
        if name == check.name {
            let mut is_stopped = false;
            ui.horizontal_wrapped(|ui| {
                ui.spinner();
                ui.label(theme::caption(ui, format!("{experiment}, {:.0} %", 100.0 * share)));
                is_stopped = ui.small_button("Stop").clicked();
            });
            if is_stopped {
                open.page.trial.stop();
            }
            return;
        }
        if !is_told {
            return;
        }
    }
    ui.horizontal_wrapped(|ui| {
        let label = if is_told { "Check" } else { "Measure" };
        let help = match is_told {
            true => "Holds the claim against your own runs.",
            false => "Runs the lesson's own experiments for this beside the window, which takes a while.",
        };
        let button = widgets::named(ui.button(label), &format!("{label} {}", check.name));
        if button.on_hover_text(help).clicked() {
            match is_told {
                true => hold(desk, open, check),
                false => {
                    let is_gpu = desk.snapshot.device.kind == DeviceKind::Gpu;
                    let device = if is_gpu { DeviceChoice::Gpu } else { DeviceChoice::Cpu };
                    open.page.trial.begin(&open.lesson, &check.name, device, ui.ctx());
                }
            }
        }
    });
}

/// Holds a claim against the runs on the table.
fn hold(desk: &Desk<'_>, open: &mut Open, check: &Check) {
    let findings = own::findings(&open.lesson, desk.snapshot, check.facts());
    keep(open, &verdict(check, Form::Quick, &findings));
}

/// Keeps what was found. A check that has held once has held: what is changed afterwards does not undo it.
fn keep(open: &mut Open, found: &Verdict) {
    let before = open.progress.checks.get(&found.name);
    if before.is_some_and(|before| before.held) && !found.held {
        return;
    }
    let checked = Checked {
        expected: found.expected.clone(),
        observed: found.shown.clone(),
        held: found.held,
        day: today(),
    };
    open.progress.checks.insert(found.name.clone(), checked);
}
