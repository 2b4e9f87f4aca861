//! What looking costs while a run trains: `cargo test --release --test session cost -- --ignored --nocapture`.

use std::time::Duration;

use convscope::inspect::live::surface::Slice;
use convscope::inspect::projection::Projecting;
use convscope::session::Command;

use super::*;

/// Seconds of each stretch of training, and how often it is measured with and without the look.
const STRETCH: f64 = 4.0;
const ROUNDS: usize = 3;

/// What each instrument of the window asks for as it opens, with what the cards ask for.
fn instruments() -> Vec<(&'static str, Vec<Look>)> {
    let exhibit = Exhibit::Data { part: Part::Test, index: 0 };
    let layer = "layers.0".to_string();
    let unit = Unit { layer: layer.clone(), channel: 0, place: None };
    let search = Search {
        layer: layer.clone(),
        part: Part::Test,
        class: None,
        n_pictures: Some(1000),
        n_patches: 9,
        one_each: true,
    };
    let patch = convscope::inspect::patches::Patch { picture: 3, place: [2, 6], response: 1.0 };
    let projecting = Projecting {
        layer,
        channel: 0,
        part: Part::Test,
        patches: vec![patch; 9],
        rule: convscope::graph::program::BackwardRule::Deconvnet,
    };
    let signals = Look::Statistics { batch: 32, histograms: false };
    vec![
        ("cards", vec![signals.clone(), Look::Activations { exhibit: exhibit.clone() }]),
        ("filters", vec![Look::Filters { layer: None }]),
        ("activations", vec![Look::Activations { exhibit: exhibit.clone() }]),
        ("patches", vec![Look::Patches(search), Look::Projections(projecting)]),
        ("why", vec![Look::Why { exhibit: exhibit.clone(), unit, occluder: None }]),
        ("convolution", vec![Look::Convolution { layer: None, exhibit }]),
        ("gratings", vec![Look::Tuning]),
        ("statistics", vec![signals]),
        ("histograms", vec![Look::Statistics { batch: 32, histograms: true }]),
        ("removal", vec![Look::Removal { n_pictures: 500 }]),
        ("insertion", vec![Look::Insertion { n_layers: 36, n_pictures: 500 }]),
        ("answers", vec![Look::Answers { part: Part::Test }]),
        ("embedding", vec![Look::Embedding { by_tsne: false }]),
        ("t-SNE", vec![Look::Embedding { by_tsne: true }]),
        ("shift", vec![Look::Translation { furthest: 6 }]),
        ("line", vec![Look::Surface(Slice::FROM_START)]),
        ("path", vec![Look::Surface(Slice::Path)]),
        ("plane", vec![Look::Surface(Slice::Plane)]),
    ]
}

/// Steps a second of what went into training alone, and the longest look meanwhile in seconds.
fn speed(session: &Session) -> (f64, f64) {
    let begin = session.snapshot();
    let mut longest = 0f64;
    loop {
        std::thread::sleep(Duration::from_millis(10));
        let now = session.snapshot();
        longest = longest.max(now.spent.last_look);
        let trained = now.spent.training - begin.spent.training;
        if trained > STRETCH {
            return ((run(&now).step - run(&begin).step) as f64 / trained, longest);
        }
    }
}

/// What looking takes of the time while it never stops: a second of it is made up for by twelve of training before the
/// next look (`src/session/watching.rs`).
const SHARE_OF_LOOKING: f64 = 1.0 / 13.0;

/// No instrument takes more than a tenth of the training's speed: neither the looks themselves nor what they do to the
/// steps between them, whose caches they empty.
#[test]
#[ignore = "measures time"]
fn cost() {
    let name = std::env::var("CONVSCOPE_COST").unwrap_or_else(|_| "resnet-20-shapes".into());
    let mut experiment = shipped::get(&name).expect("it ships");
    (experiment.train.epochs, experiment.data.test) = (100_000, Some(1000));
    let session = start();
    session.send(Command::Describe(RUN, Box::new(experiment)));
    session.send(Command::Play(RUN));
    wait(&session, "training", |snapshot| snapshot.run().is_some_and(|run| run.step > 20));
    let only = std::env::var("CONVSCOPE_ONLY").unwrap_or_default();
    let is_meant = |name: &str| only.is_empty() || only.split(',').any(|one| one == name);
    let mut worst: f64 = 0.0;
    for (instrument, looks) in instruments().into_iter().filter(|(name, _)| is_meant(name)) {
        let (mut ratios, mut longest) = (Vec::new(), 0f64);
        let begin = session.snapshot().spent;
        for _ in 0..ROUNDS {
            session.send(Command::Watch(Watch::default()));
            let (without, _) = speed(&session);
            session.send(Command::Watch(watch(looks.clone())));
            wait(&session, "a first look", |snapshot| looks.iter().any(|look| snapshot.seen(look).is_some()));
            let (with, look) = speed(&session);
            ratios.push(with / without);
            longest = longest.max(look);
        }
        let snapshot = session.snapshot();
        let failed = snapshot.views.iter().find_map(|seen| seen.view.clone().err());
        assert_eq!(failed, None, "{instrument}");
        let (looking, training) =
            (snapshot.spent.looking - begin.looking, snapshot.spent.training - begin.training);
        // The last look is not yet made up for; those before were, some of it while nothing was looked at.
        let taken = (looking - snapshot.spent.last_look) / training;
        assert!(taken < 1.05 / 12.0, "{instrument}: looks took {taken:.3} of the training's time");
        ratios.sort_by(f64::total_cmp);
        let slower = 1.0 - ratios[ROUNDS / 2] * (1.0 - SHARE_OF_LOOKING);
        worst = worst.max(slower);
        println!(
            "{name}, {instrument}: at most {:.1} % slower; steps at {:.3} of their speed ({ratios:.3?}), looks took \
             {:.1} %, the longest {:.0} ms",
            100.0 * slower,
            ratios[ROUNDS / 2],
            100.0 * taken,
            1e3 * longest
        );
    }
    assert!(worst < 0.1, "{:.1} % slower at worst", 100.0 * worst);
}
