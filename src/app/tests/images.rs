//! Pictures of the panels that must stay as they are, each in light on a laptop's screen and in dark on a large one.
//! What they show is made up, so that no data and next to no shipped file changes them.
//! After an intended change: `UPDATE_SNAPSHOTS=1 cargo test --release --lib images`, and look at them.

use egui::{Key, Modifiers, Rect, Theme, Vec2, vec2};
use egui_kittest::{SnapshotOptions, try_image_snapshot_options};

use super::building::Dropped;
use super::fixture::{Bench, DESKTOP, LAPTOP, snapshot, training};
use super::looking::satisfy;
use super::runs::three;
use crate::app::arrangement::Pane;
use crate::app::library;
use crate::app::looking::INSTRUMENTS;
use crate::app::theme;
use crate::engine::DeviceKind;
use crate::session::Snapshot;

/// The ends of the files' names, and what is drawn in them.
pub const MANNERS: [(&str, Vec2, Theme); 2] =
    [("light", LAPTOP, Theme::Light), ("dark", DESKTOP, Theme::Dark)];

/// Compares a part of the window with how it looked.
pub fn compare(bench: &mut Bench, file: &str, part: Rect) {
    let image = bench.harness.render().expect("there is an adapter to draw with");
    let [x, y, width, height] =
        [part.left(), part.top(), part.width(), part.height()].map(|side| side.round() as u32);
    let part = image::imageops::crop_imm(&image, x, y, width, height).to_image();
    // Drivers round the edges of letters a little differently.
    let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(60usize);
    try_image_snapshot_options(&part, file, &options).unwrap();
}

/// Draws an experiment in both manners, and compares these panels, which lie side by side.
fn check(file: &str, name: &str, mut snapshot: Snapshot, panes: &[Pane], prepare: impl Fn(&mut Bench)) {
    // What the processor takes of memory depends on how many cores it has.
    snapshot.device.kind = DeviceKind::Gpu;
    for (manner, size, theme) in MANNERS {
        let mut bench = Bench::with(name, size, theme, snapshot.clone(), |builder| builder.wgpu());
        prepare(&mut bench);
        bench.run();
        let rect = |pane: &Pane| bench.harness.state().arrangement.rect(*pane).expect("it is in view");
        let part = panes.iter().map(rect).reduce(Rect::union).expect("there is one");
        compare(&mut bench, &format!("{file}-{manner}"), part);
    }
}

#[test]
fn the_stack_of_cards_looks_as_it_did() {
    check("network", "lenet", snapshot("lenet"), &[Pane::Network], |_| {});
}

#[test]
fn a_run_looks_as_it_did() {
    let panes = [Pane::Training, Pane::Curves, Pane::Inside];
    check("training", "lenet", training("lenet", 400), &panes, |_| {});
}

#[test]
fn several_runs_look_as_they_did() {
    check("curves", "quickstart", three("quickstart"), &[Pane::Network, Pane::Training], |bench| {
        bench.press(Modifiers::NONE, Key::C);
        bench.click("Settings of the curves");
        bench.click("Learning rate beneath");
        bench.press(Modifiers::NONE, Key::Escape);
    });
}

#[test]
fn the_library_looks_as_it_did() {
    check("library", "quickstart", snapshot("quickstart"), &[Pane::Library], |bench| {
        bench.harness.state_mut().library = library::State::of(["quickstart", "lenet-glyphs"]);
    });
}

#[test]
fn the_text_looks_as_it_did() {
    check("text", "lenet", snapshot("lenet"), &[Pane::Text], |bench| {
        bench.press(Modifiers::COMMAND, Key::E);
    });
}

#[test]
fn a_lesson_looks_as_it_did() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("rows");
    std::fs::create_dir(&folder).unwrap();
    let settings = "title = \"Rows and columns\"\nsummary = \"How many.\"\nminutes = 5\n\
        [experiments.net]\npreset = \"quickstart\"\n\
        [predictions.size]\nask = \"How many rows has its output?\"\n\
        number = { height = \"net\", layer = \"layers.0\" }\n\
        [checks.rows]\nsays = \"28 less 4.\"\nfact = { height = \"net\", layer = \"layers.0\" }\nequals = 24\n";
    let text = "A filter of $k \\times k$ weights leaves of $n$ rows\n\n$$n' = \\left\\lfloor \\frac{n + 2p - k}{s} \
        \\right\\rfloor + 1$$\n\n- **padding** $p$: rows of zeros above and below;\n- **stride** $s$: from one place to \
        the next.\n\n```predict size\n```\n\n```check rows\n```\n";
    std::fs::write(folder.join("lesson.toml"), settings).unwrap();
    std::fs::write(folder.join("lesson.md"), text).unwrap();
    check("lesson", "quickstart", snapshot("quickstart"), &[Pane::Lessons], |bench| {
        let dropped = Dropped(folder.clone());
        bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(dropped));
        bench.run();
    });
}

#[test]
fn the_table_of_all_layers_looks_as_it_did() {
    for (manner, size, theme) in MANNERS {
        let mut bench = Bench::with("lenet", size, theme, snapshot("lenet"), |builder| builder.wgpu());
        bench.press(Modifiers::NONE, Key::L);
        let rect = |name: &str| bench.get(name).rect();
        let part = rect("All layers").union(rect("Copy as CSV")).union(rect("Close")).expand(12.0);
        compare(&mut bench, &format!("table-{manner}"), part);
    }
}

/// Each instrument in the middle of the window, over what it really sees of a net before its first step.
#[test]
fn each_instrument_looks_as_it_did() {
    for (manner, size, theme) in MANNERS {
        let mut bench =
            Bench::with("quickstart", size, theme, training("quickstart", 100), |builder| builder.wgpu());
        satisfy(&mut bench);
        bench.click("Enlarge the instrument");
        // Of statistics nothing is seen in this way: the cards ask for the same.
        for instrument in INSTRUMENTS.iter().filter(|instrument| instrument.name != "Statistics") {
            bench.click(instrument.name);
            satisfy(&mut bench);
            let part = bench.harness.state().arrangement.rect(Pane::Network).expect("it is in view");
            let name = instrument.name.trim_end_matches('?').to_lowercase().replace(' ', "-");
            compare(&mut bench, &format!("instrument-{name}-{manner}"), part);
        }
    }
}

/// What lies over the panels when it is asked for.
#[test]
fn what_comes_over_the_panels_looks_as_it_did() {
    for (manner, size, theme) in MANNERS {
        for (file, modifiers, key) in [
            ("keys", Modifiers::NONE, Key::F1),
            ("actions", Modifiers::COMMAND, Key::K),
            ("presentation", Modifiers::NONE, Key::F5),
            ("tabs", Modifiers::NONE, Key::F6),
        ] {
            let snapshot = training("quickstart", 400);
            let mut bench = Bench::with("quickstart", size, theme, snapshot, |builder| builder.wgpu());
            bench.press(modifiers, key);
            let pane = |pane| bench.harness.state().arrangement.rect(pane).expect("it is in view");
            let part = match file {
                "keys" => Rect::from_center_size((size / 2.0).to_pos2(), vec2(560.0, 300.0)),
                "actions" => {
                    let field = bench.get("Find an action").rect().expand(12.0);
                    Rect::from_min_size(field.min, vec2(field.width(), 420.0))
                }
                // Which is larger in pixels than in points.
                "presentation" => pane(Pane::Training) * theme::PRESENTING,
                _ => [Pane::Training, Pane::Curves, Pane::Inside]
                    .map(pane)
                    .into_iter()
                    .reduce(Rect::union)
                    .unwrap(),
            };
            compare(&mut bench, &format!("{file}-{manner}"), part);
        }
        let snapshot = three("quickstart");
        let mut bench = Bench::with("quickstart", size, theme, snapshot, |builder| builder.wgpu());
        bench.click("Twin with one change");
        let button = bench.get("Twin with one change").rect();
        let part = Rect::from_min_size(button.left_top() - vec2(160.0, 8.0), vec2(230.0, 260.0));
        compare(&mut bench, &format!("twin-{manner}"), part);
        bench.click("Sweep over values…");
        let part = bench.get("Values of the sweep").rect().union(bench.get("Cancel").rect()).expand(48.0);
        compare(&mut bench, &format!("sweep-{manner}"), part);
    }
}
