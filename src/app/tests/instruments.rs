//! The instruments over what was seen of a small run.

use std::sync::Arc;

use egui::Theme;

use super::fixture::{self, Bench, DESKTOP, experiment, front, pictures, snapshot, training};
use crate::engine::Part;
use crate::engine::cpu::Cpu;
use crate::experiment::file;
use crate::inspect::live::surface::Slice;
use crate::inspect::look::{Look, Subject};
use crate::session::{Command, Snapshot};
use crate::train::Run;

/// A tab, what its instrument asks for, and words that only what was seen has.
fn tabs() -> [(&'static str, Option<Look>, &'static str); 8] {
    [
        ("Gratings", Some(Look::Tuning), "filters are oriented"),
        ("Statistics", Some(Look::Statistics { batch: 32, histograms: false }), "From layer to layer"),
        ("Blocks", Some(Look::Removal { n_pictures: 500 }), "Without one block"),
        ("Answers", Some(Look::Answers { part: Part::Test }), "test pictures wrong"),
        ("Embedding", Some(Look::Embedding { by_tsne: false }), "the nearest neighbour of"),
        ("Shift", Some(Look::Translation { furthest: 6 }), "A convolution follows"),
        ("Loss surface", Some(Look::Surface(Slice::FROM_START)), "Training loss on"),
        ("Optimisers", None, "above the minimum"),
    ]
}

/// What is seen of a net after an epoch, as the session publishes it.
fn seen() -> Snapshot {
    let text = "[network]\nlayers = [{ conv = 6, kernel = 5 }, 'relu', { conv = 6, kernel = 3, padding = 1 }, 'relu', \
                { max-pool = 4 }, { linear = 10 }]\n[train]\nbatch = 16\nrate = 0.05";
    let small = file::parse(text).expect("an experiment");
    let set = Arc::new(pictures("glyphs"));
    let mut run = Run::new(&small, set, Arc::new(Cpu::new())).expect("a run");
    run.advance(8).expect("some steps");
    run.collect(true).expect("their metrics");
    let mut snapshot = training("quickstart", 40);
    let front = front(&mut snapshot).clone();
    let deeper = Look::Insertion { n_layers: 36, n_pictures: 500 };
    for look in tabs().into_iter().filter_map(|(_, look, _)| look).chain([deeper]) {
        let view = Ok(Arc::new(look.whole(&Subject::of(&run)).expect("a view")));
        snapshot.views.push(fixture::seen(&front, 8, look, view));
    }
    snapshot
}

#[test]
fn each_instrument_asks_for_its_look_and_shows_what_was_seen() {
    let seen = seen();
    let mut bench =
        Bench::with("quickstart", DESKTOP, Theme::Dark, training("quickstart", 40), |builder| builder);
    for (tab, look, words) in tabs() {
        bench.commands();
        bench.click(tab);
        let watched: Vec<Look> = bench
            .commands()
            .into_iter()
            .filter_map(|command| match command {
                Command::Watch(watch) => Some(watch.looks),
                _ => None,
            })
            .next_back()
            .unwrap_or_default();
        assert!(look.is_none_or(|look| watched.contains(&look)), "{tab} asks for {watched:?}");
        assert_eq!(bench.has_text(words), tab == "Optimisers", "{tab} shows nothing yet");
    }
    bench.set(|snapshot| *snapshot = seen);
    for (tab, _, words) in tabs() {
        bench.click(tab);
        assert!(bench.has_text(words), "{tab}: `{words}`");
    }
}

/// Before a run has begun the statistics are those of the net as it is edited.
#[test]
fn statistics_come_before_the_first_step() {
    let mut bench =
        Bench::with("quickstart", DESKTOP, Theme::Light, snapshot("quickstart"), |builder| builder);
    bench.click("Statistics");
    let begin = std::time::Instant::now();
    while !bench.has_text("as the net stands now") {
        assert!(begin.elapsed() < std::time::Duration::from_secs(120), "nothing was measured");
        std::thread::sleep(std::time::Duration::from_millis(20));
        bench.run();
    }
    assert!(bench.has_text("The gradient by the first layer's weights"));
    assert_eq!(experiment("quickstart").seed, 1);
}

#[test]
fn the_views_of_an_instrument_are_switched() {
    let mut bench = Bench::with("quickstart", DESKTOP, Theme::Light, seen(), |builder| builder);
    bench.click("Statistics");
    for (view, words) in
        [("Updates", "Far above 1e-2"), ("Dead units", "A unit is dead"), ("Norms", "no batch normalisation")]
    {
        bench.click(view);
        assert!(bench.has_text(words), "{view}");
    }
    bench.click("Blocks");
    bench.click("With identity layers");
    assert!(bench.has_text("3 layers with weights became 39"), "the same answers from a deeper net");
    assert!(bench.has_text("none changed by more than"));
    bench.click("Answers");
    assert!(bench.has_text("Confusion matrix"));
    bench.click("Most certain");
    assert!(bench.has_text("with"), "a picture with its answer");
    bench.click("Optimisers");
    bench.click("Saddle");
    assert!(bench.has_text("All begin almost on the ridge"));
}
