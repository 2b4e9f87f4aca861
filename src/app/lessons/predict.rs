//! A prediction: committed to before the run, then shown beside what happened, with one sentence on the gap.

use egui::{Frame, Key, Margin, RichText, TextEdit, Ui};
use lucide_icons::Icon;

use super::{Open, sketch};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::lessons::bench::Findings;
use crate::lessons::prediction::{Answer, Choice};
use crate::lessons::progress::{Predicted, Teaching, today};
use crate::lessons::quantities::{Measured, Unit};
use crate::lessons::{Prediction, own};

/// An answer that is not committed to yet.
#[derive(Clone, Debug, Default)]
pub struct State {
    choice: Option<usize>,
    number: String,
    curve: Vec<[f64; 2]>,
}

pub fn predict_ui(ui: &mut Ui, desk: &Desk<'_>, open: &mut Open, teaching: &Teaching, name: &str) {
    let Some(prediction) = open.lesson.prediction(name).cloned() else { return };
    let palette = Palette::of(ui);
    let frame =
        Frame::new().fill(palette.card).stroke((1.0, palette.border)).corner_radius(theme::CARD_CORNER);
    frame.inner_margin(Margin::same(10)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(widgets::icon(Icon::Lightbulb).color(palette.accent));
            widgets::caption_ui(ui, "Prediction");
        });
        ui.label(theme::strong(&prediction.ask));
        match open.progress.predictions.contains_key(name) {
            false => ask_ui(ui, open, teaching, &prediction),
            true => told_ui(ui, desk, open, &prediction),
        }
    });
}

/// The question, while it is open.
fn ask_ui(ui: &mut Ui, open: &mut Open, teaching: &Teaching, prediction: &Prediction) {
    let epochs = epochs_of(open, prediction);
    let state = open.page.predictions.entry(prediction.name.clone()).or_default();
    let (answer, is_entered) = match &prediction.answer {
        Answer::Choice(choices) => (choice_ui(ui, state, choices), false),
        Answer::Number(fact) => number_ui(ui, state, fact.unit()),
        Answer::Curve(quantity) => {
            sketch::sketch_ui(ui, quantity, &mut state.curve, epochs);
            (sketch::is_whole(&state.curve).then(String::new), false)
        }
    };
    let curve = state.curve.clone();
    ui.horizontal(|ui| {
        let ready = answer.is_some();
        let commit = ui.add_enabled(ready, egui::Button::new("Commit"));
        let commit = commit.on_hover_text("Keeps the prediction; it cannot be changed afterwards.");
        let skipped = teaching.skip_predictions && ui.button("Skip").clicked();
        if ((commit.clicked() || is_entered) && ready) || skipped {
            let made = if skipped { "skipped".to_string() } else { answer.unwrap_or_default() };
            let curve = if skipped { Vec::new() } else { curve };
            let predicted = Predicted { answer: made, curve, day: today(), ..Predicted::default() };
            open.progress.predictions.insert(prediction.name.clone(), predicted);
        }
    });
}

fn choice_ui(ui: &mut Ui, state: &mut State, choices: &[Choice]) -> Option<String> {
    ui.scope(|ui| {
        // Rings that are seen on light ground, too.
        ui.visuals_mut().widgets.inactive.bg_stroke.color = Palette::of(ui).strong_border;
        for (i, choice) in choices.iter().enumerate() {
            ui.radio_value(&mut state.choice, Some(i), choice.says.as_str());
        }
    });
    state.choice.and_then(|i| choices.get(i)).map(|choice| choice.says.clone())
}

/// The number, and whether Enter was pressed behind it.
fn number_ui(ui: &mut Ui, state: &mut State, unit: Unit) -> (Option<String>, bool) {
    let hint = if unit == Unit::Share { "a number, in %" } else { "a number" };
    let field = TextEdit::singleline(&mut state.number).desired_width(120.0).hint_text(hint);
    let field = widgets::named(ui.add(field), "Predicted number");
    let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    (number(&state.number).map(|_| state.number.trim().to_string()), is_entered)
}

/// A number as a person types it: with groups, a percent sign, or as a power of ten.
fn number(text: &str) -> Option<f64> {
    let text = text.trim().replace(['\u{2009}', ' ', ','], "").replace('−', "-");
    match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok().map(|percent| percent / 100.0),
        None => text.parse().ok(),
    }
    .filter(|number: &f64| number.is_finite())
}

/// The prediction and what happened, and one sentence.
fn told_ui(ui: &mut Ui, desk: &Desk<'_>, open: &mut Open, prediction: &Prediction) {
    let Some(predicted) = open.progress.predictions.get(&prediction.name).cloned() else { return };
    let is_known = match &prediction.answer {
        Answer::Curve(quantity) => {
            let run = own::run_of(desk.snapshot, &quantity.of);
            sketch::compared_ui(ui, quantity, &predicted.curve, run);
            run.is_some_and(|run| run.has_begun && run.step >= run.n_steps)
        }
        Answer::Choice(_) | Answer::Number(_) => {
            line_ui(ui, "You said", &predicted.answer);
            let truth = truth(desk, open, prediction);
            truth_ui(ui, &truth);
            truth.is_ok()
        }
    };
    if is_known && predicted.answer != "skipped" {
        sentence_ui(ui, open, prediction);
    }
}

/// What happened, in the words of the answer: on the runs of the table, or, where it takes the weights or a grid of
/// runs, as a check has measured it. None where nothing decides.
///
/// # Errors
/// Why it is not known yet.
fn truth(desk: &Desk<'_>, open: &Open, prediction: &Prediction) -> Result<Option<String>, String> {
    let facts = prediction.facts();
    if own::can_be_read(&open.lesson, &facts) {
        return told(&own::findings(&open.lesson, desk.snapshot, &facts), prediction);
    }
    let measured = open.page.trial.find(|findings| told(findings, prediction).ok());
    measured.ok_or_else(|| "You will know when a check below has measured it.".into())
}

/// What happened by these findings.
fn told(findings: &Findings, prediction: &Prediction) -> Result<Option<String>, String> {
    match &prediction.answer {
        Answer::Number(fact) => Ok(Some(fact.unit().text(findings.evaluate(fact)?))),
        Answer::Choice(choices) => {
            let found = outcome(choices, |choice| {
                let number = findings.evaluate(choice.fact.as_ref().ok_or("Nothing decides this.")?)?;
                Ok(f64::from(u8::from(findings.is_within(&choice.bounds, number)?)))
            })?;
            Ok(found.map(|choice| choice.says.clone()))
        }
        Answer::Curve(_) => Ok(None),
    }
}

/// The first choice that is what happened; none where nothing decides.
fn outcome(choices: &[Choice], holds: impl Fn(&Choice) -> Measured) -> Result<Option<&Choice>, String> {
    for choice in choices.iter().filter(|choice| choice.fact.is_some()) {
        if holds(choice)? > 0.0 {
            return Ok(Some(choice));
        }
    }
    Ok(None)
}

fn line_ui(ui: &mut Ui, what: &str, text: &str) {
    ui.horizontal_wrapped(|ui| {
        widgets::caption_ui(ui, what);
        ui.label(text);
    });
}

fn truth_ui(ui: &mut Ui, truth: &Result<Option<String>, String>) {
    match truth {
        Ok(Some(text)) => {
            ui.horizontal_wrapped(|ui| {
                widgets::caption_ui(ui, "It is");
                ui.label(theme::strong(text));
            });
        }
        Ok(None) => {}
        Err(message) => {
            ui.label(theme::caption(ui, message.as_str()));
        }
    }
}

fn sentence_ui(ui: &mut Ui, open: &mut Open, prediction: &Prediction) {
    let Some(predicted) = open.progress.predictions.get_mut(&prediction.name) else { return };
    ui.add_space(theme::SMALL_GAP);
    ui.add(egui::Label::new(RichText::new(&prediction.then).italics()).wrap());
    let field = TextEdit::multiline(&mut predicted.sentence)
        .desired_rows(2)
        .desired_width(f32::INFINITY)
        .char_limit(1000)
        .hint_text("One sentence of your own");
    widgets::named(ui.add(field), "Sentence of your own");
}

/// Epochs over which a curve is drawn.
fn epochs_of(open: &Open, prediction: &Prediction) -> f64 {
    match &prediction.answer {
        Answer::Curve(quantity) => {
            open.lesson.setup(&quantity.of).map_or(1.0, |setup| setup.experiment().train.epochs as f64)
        }
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        for (text, expected) in [
            ("24", Some(24.0)),
            ("61,706", Some(61_706.0)),
            (" 5 % ", Some(0.05)),
            ("−1e-3", Some(-1e-3)),
            ("a few", None),
            ("", None),
            ("inf", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
