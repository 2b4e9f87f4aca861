//! What the cards show while the net trains: the picture that it is shown, its maps, signals, gradients, dead units.

use std::sync::Arc;

use egui::Theme;

use super::fixture::{self, Bench, DESKTOP, front, pictures, snapshot, training};
use crate::engine::Part;
use crate::engine::cpu::Cpu;
use crate::experiment::file;
use crate::inspect::exhibit::Exhibit;
use crate::inspect::look::{Look, Subject};
use crate::session::{Command, Snapshot};
use crate::train::Run;

/// The first test picture, as the cards ask for it at first.
fn shown() -> Look {
    Look::Activations { exhibit: Exhibit::Data { part: Part::Test, index: 0 } }
}

/// The quickstart after some steps at a rate so high that units have died, as the session publishes it.
fn seen() -> Snapshot {
    let mut snapshot = training("quickstart", 40);
    let text = "network.preset = 'quickstart'\n[train]\nbatch = 16\nrate = 3.0";
    let experiment = file::parse(text).expect("an experiment");
    let mut run = Run::new(&experiment, Arc::new(pictures("glyphs")), Arc::new(Cpu::new())).expect("a run");
    run.advance(6).expect("some steps");
    run.collect(true).expect("their metrics");
    let front = front(&mut snapshot).clone();
    for look in [shown(), Look::Statistics { batch: 32, histograms: false }] {
        let view = Ok(Arc::new(look.whole(&Subject::of(&run)).expect("a view")));
        snapshot.views.push(fixture::seen(&front, 6, look, view));
    }
    snapshot
}

fn looks(bench: &Bench) -> Vec<Look> {
    let watched = |command| match command {
        Command::Watch(watch) => Some(watch.looks),
        _ => None,
    };
    bench.commands().into_iter().filter_map(watched).next_back().unwrap_or_default()
}

#[test]
fn cards_show_maps_signal_gradient_and_dead_units_of_a_net_in_training() {
    let mut bench =
        Bench::with("quickstart", DESKTOP, Theme::Light, snapshot("quickstart"), |builder| builder);
    assert!(
        !bench.has_text("Maps of") && !bench.has_text("signal"),
        "before the first step there is nothing"
    );
    bench.set(|snapshot| *snapshot = training("quickstart", 40));
    let asked = looks(&bench);
    assert!(
        asked.contains(&shown()) && asked.contains(&Look::Statistics { batch: 32, histograms: false }),
        "{asked:?}"
    );
    bench.set(|snapshot| *snapshot = seen());
    for layer in 0..7 {
        assert!(bench.has(&format!("Maps of layers.{layer}")), "layer {layer}");
    }
    assert!(bench.has_text("signal ") && bench.has_text("gradient ") && bench.has_text(" dead"));
    bench.click("Leave out what goes on in the layers");
    assert!(!bench.has_text("Maps of") && looks(&bench).iter().all(|look| *look != shown()));
}

#[test]
fn the_picture_that_is_shown_stands_on_its_card_and_is_turned_there() {
    let mut bench =
        Bench::with("quickstart", DESKTOP, Theme::Dark, training("quickstart", 40), |builder| builder);
    assert!(bench.has("Shown to the net: test picture 1: 0"));
    bench.click("Show the net the next picture");
    assert!(bench.has("Shown to the net: test picture 2: 1"));
    let next = Look::Activations { exhibit: Exhibit::Data { part: Part::Test, index: 1 } };
    assert!(looks(&bench).contains(&next), "its maps are asked for");
    bench.click("Show the net the picture before");
    bench.click("Show the net the picture before");
    assert!(bench.has("Shown to the net: test picture 1: 0"), "there is none before the first");
}
