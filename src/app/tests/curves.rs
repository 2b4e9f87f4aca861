//! Curves: zoomed, measured over other things, pinned, enlarged, exported, with marks where something changed.

use std::sync::Arc;

use egui::{Key, Modifiers, PointerButton, Pos2, Theme, Vec2};

use super::fixture::{Bench, LAPTOP, curves, front, training};
use super::runs::three;
use crate::session::Snapshot;
use crate::train::changes::Changed;
use crate::train::curves::StepRecord;

fn bench(snapshot: Snapshot) -> Bench {
    Bench::with("quickstart", LAPTOP, Theme::Light, snapshot, |builder| builder)
}

/// Presses, moves and lets go over a plot, by shares of its size.
fn drag(bench: &mut Bench, plot: &str, from: [f32; 2], to: [f32; 2]) {
    let rect = bench.get(plot).rect();
    let at = |share: [f32; 2]| -> Pos2 { rect.min + Vec2::new(share[0], share[1]) * rect.size() };
    let button = |pos: Pos2, pressed: bool| egui::Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    for event in [egui::Event::PointerMoved(at(from)), button(at(from), true)] {
        bench.harness.event(event);
        bench.harness.step();
    }
    for share in [0.5, 1.0] {
        let between = [0, 1].map(|i| from[i] + share * (to[i] - from[i]));
        bench.harness.event(egui::Event::PointerMoved(at(between)));
        bench.harness.step();
    }
    bench.harness.event(button(at(to), false));
    bench.run();
}

fn double_click(bench: &mut Bench, plot: &str) {
    let centre = bench.get(plot).rect().center();
    bench.harness.event(egui::Event::PointerMoved(centre));
    bench.harness.step();
    for pressed in [true, false, true, false] {
        bench.harness.event(egui::Event::PointerButton {
            pos: centre,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        bench.harness.step();
    }
    bench.run();
}

#[test]
fn a_drag_zooms_into_both_plots_and_a_double_click_fits() {
    // Quick frames: two clicks within a quarter of a second each would be no double click.
    let quick =
        |builder: egui_kittest::HarnessBuilder<crate::app::Workshop>| builder.with_step_dt(1.0 / 60.0);
    let mut bench = Bench::with("quickstart", LAPTOP, Theme::Light, training("quickstart", 400), quick);
    let whole = bench.harness.state().training.curves.seen();
    drag(&mut bench, "Error curve", [0.4, 0.3], [0.7, 0.6]);
    let near = bench.harness.state().training.curves.seen();
    assert!(near.0[0] > 100.0 && near.0[1] < 320.0 && near.1, "{whole:?} {near:?}");
    double_click(&mut bench, "Loss curve");
    assert_eq!(bench.harness.state().training.curves.seen(), whole);
}

#[test]
fn curves_are_drawn_over_whatever_is_chosen() {
    let mut snapshot = training("quickstart", 400);
    let mut own = curves(400, 1.0);
    (own.batches, own.multiply_adds) = (vec![(0, 32)], 1000);
    front(&mut snapshot).curves = Arc::new(own);
    let mut bench = bench(snapshot);
    for (axis, end) in [("epoch", 400.0 / 156.0), ("pictures", 12_800.0), ("multiply-adds", 12_800_000.0)] {
        bench.click("Horizontal axis");
        bench.click(axis);
        let [_, to] = bench.harness.state().training.curves.seen().0;
        assert!((to / end - 1.0).abs() < 1e-6, "{axis}: {to}");
    }
    bench.click("Horizontal axis");
    bench.click("Logarithmic horizontal axis");
    let [from, _] = bench.harness.state().training.curves.seen().0;
    assert_eq!(from, 32_000.0, "a logarithmic axis begins with the first step");
}

#[test]
fn what_was_changed_is_marked_and_told() {
    let mut snapshot = three("quickstart");
    let mut own = (*front(&mut snapshot).curves).clone();
    let changed = |step: u64, what: &str, from: &str, to: &str| Changed {
        step,
        epoch: step as f64 / 156.0,
        seconds: step as f64 * 0.0026,
        what: what.into(),
        from: from.into(),
        to: to.into(),
    };
    own.changes = vec![changed(200, "rate", "0.1", "0.05"), changed(200, "batch", "32", "64")];
    front(&mut snapshot).curves = Arc::new(own);
    let bench = bench(snapshot);
    assert!(bench.has("residual, step 200, epoch 1.28: rate from 0.1 to 0.05; batch from 32 to 64"));
}

/// One step in the middle whose loss was no number, and one that was a million.
#[test]
fn a_broken_step_spoils_neither_the_curve_nor_its_range() {
    let mut snapshot = training("quickstart", 400);
    let mut own = curves(400, 1.0);
    for (step, loss) in [(401, f32::NAN), (402, 1e6), (403, 0.2)] {
        own.push(StepRecord { step, epoch: 2.6, loss, error: 0.1, rate: 0.1, seconds: 1.1, batch: 0 });
    }
    front(&mut snapshot).curves = Arc::new(own);
    let bench = bench(snapshot);
    let curves = &bench.harness.state().training.curves;
    assert_eq!(curves.broke_at(), Some(401));
    assert!(bench.has_text("no longer a number at step 401"));
}

#[test]
fn pinned_curves_stay_when_their_run_goes() {
    let mut bench = bench(three("quickstart"));
    bench.click("More for plain");
    bench.click("Pin its curves");
    assert!(bench.has("Unpin plain, step 400"));
    bench.set(|snapshot| snapshot.runs.retain(|run| run.name != "plain"));
    assert!(bench.has("Unpin plain, step 400"), "it stays");
    bench.click("Unpin plain, step 400");
    assert!(!bench.has("Unpin plain, step 400"));
}

#[test]
fn curves_are_enlarged_and_made_small_again() {
    let mut bench = bench(training("quickstart", 400));
    let small = bench.get("Error curve").rect().width();
    bench.press(Modifiers::NONE, Key::C);
    assert!(bench.get("Error curve").rect().width() > 1.2 * small);
    bench.click("Make the curves small again");
    assert_eq!(bench.get("Error curve").rect().width(), small);
}

#[test]
fn a_run_in_front_can_be_hidden_too() {
    let mut bench = bench(three("quickstart"));
    bench.click("More for residual");
    bench.click("Hide its curves");
    bench.click("More for residual");
    assert!(bench.has("Show its curves"));
}

#[test]
fn the_curves_are_smoothed_made_logarithmic_and_get_the_rate_beneath() {
    let mut bench = bench(training("quickstart", 400));
    bench.click("log");
    assert!(bench.harness.state().training.curves.manner().0);
    bench.click("Error");
    assert!(bench.has("Error curve") && !bench.has("Loss curve"));
    bench.click("Both");
    assert!(bench.has("Error curve") && bench.has("Loss curve"));
    bench.click("Settings of the curves");
    bench.click("Learning rate beneath");
    let before = bench.harness.state().training.curves.settings.window;
    bench.get("Smoothing").focus();
    bench.run();
    bench.press(Modifiers::NONE, Key::ArrowRight);
    assert!(bench.harness.state().training.curves.settings.window > before);
    bench.press(Modifiers::NONE, Key::Escape);
    assert!(bench.has("Rate curve"));
}

/// Wherever the pointer is over the curves, the values of all runs are told.
#[test]
fn values_of_all_runs_are_told_at_the_pointer() {
    let mut bench = bench(three("quickstart"));
    let plot = bench.get("Error curve").rect();
    bench.harness.hover_at(plot.center());
    bench.harness.run_steps(3);
    // A little below a low plot, too.
    let area = plot.with_max_y(plot.max.y + 30.0);
    let told = super::layout::drawn(&bench).into_iter().filter(|drawn| area.contains_rect(drawn.rect));
    let told: Vec<String> = told.map(|drawn| drawn.text).collect();
    for name in ["residual", "plain", "adam"] {
        assert!(told.iter().any(|text| text == name), "{name}: {told:?}");
    }
    assert_eq!(told.iter().filter(|text| text.starts_with("train ")).count(), 3, "{told:?}");
}

#[test]
fn curves_are_exported_in_three_formats() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(three("quickstart"));
    for (item, name) in [("Table (CSV)…", "c.csv"), ("Picture (PNG)…", "c.png"), ("Drawing (SVG)…", "c.svg")]
    {
        bench.click("Export the curves");
        bench.click(item);
        let path = folder.path().join(name);
        bench.press(Modifiers::COMMAND, Key::A);
        bench.get("Path").type_text(path.to_str().unwrap());
        bench.run();
        bench.press(Modifiers::NONE, Key::Enter);
        let begin = std::time::Instant::now();
        while !bench.has_text(&format!("Exported to {}", path.display())) {
            assert!(begin.elapsed().as_secs() < 120, "{name} is not written");
            bench.harness.step();
        }
        assert!(std::fs::metadata(&path).unwrap().len() > 1000, "{name}");
    }
}

/// Seeds of one experiment are one curve with a band; all twins are where that is chosen.
#[test]
fn seeds_are_drawn_as_mean_and_band() {
    let mut snapshot = three("quickstart");
    for (i, run) in snapshot.runs.iter_mut().enumerate() {
        let mut own = (*run.experiment).clone();
        (own.seed, own.train.rate) = (1 + i as u64, if i == 2 { 0.5 } else { 0.02 });
        (run.experiment, run.twins) = (Arc::new(own), Some(7));
    }
    let mut bench = bench(snapshot);
    let n_together = |bench: &Bench| bench.harness.state().training.curves.manner().1;
    assert_eq!(n_together(&bench), [2]);
    bench.click("Settings of the curves");
    bench.click("All twins");
    assert_eq!(n_together(&bench), [3]);
    bench.click("None");
    assert!(n_together(&bench).is_empty());
}
