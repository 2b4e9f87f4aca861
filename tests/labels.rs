//! Nets learn from labels of every kind, on pictures that the program makes.

use std::sync::Arc;

use convscope::data::catalogue;
use convscope::engine::{self, DeviceChoice};
use convscope::experiment::{Experiment, file};
use convscope::train::Run;

/// Trains for `n_steps`; gives the mean loss of the first ten and of the last ten, and the last test's answers.
fn train(text: &str, n_steps: u64) -> ([f64; 2], u64) {
    let experiment: Experiment = file::parse(text).expect("a good file");
    let set = Arc::new(catalogue::open(&experiment).expect("built in"));
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU is always there");
    let mut run = Run::new(&experiment, set, device).expect("a run");
    while run.progress().step < n_steps {
        run.advance(n_steps - run.progress().step).expect("steps");
    }
    run.collect(true).expect("metrics");
    let losses: Vec<f64> = run.curves.from(0).map(|record| record.loss as f64).collect();
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let test = run.test().expect("a test");
    assert!(test.error > 0.0 && test.error < 0.5, "{test:?}");
    ([mean(&losses[..10]), mean(&losses[losses.len() - 10..])], test.n_answers)
}

/// With as many yeses as in a scene, a coin that knows how many there are loses about 0.65 a tag.
#[test]
fn the_tags_of_scenes_are_learned() {
    let text = "data = { source = 'scenes', train = 512, test = 50 }
        network.layers = [
            { conv = 16, kernel = 3, stride = 2, padding = 1 }, 'batch-norm', 'relu',
            { conv = 32, kernel = 3, stride = 2, padding = 1 }, 'batch-norm', 'relu',
            'global-average-pool', { linear = 6 },
        ]
        train = { loss = 'sigmoid-cross-entropy', optimiser = 'adam', rate = 0.01, batch = 64, epochs = 12 }";
    let ([first, last], n_answers) = train(text, 96);
    assert!(last < 0.9 * first && last < 0.63, "{first} to {last}");
    assert_eq!(n_answers, 50 * 6);
}

/// Cropping moves the masks with their pictures, and leaves a margin that does not count.
#[test]
fn the_masks_of_scenes_are_learned() {
    let text =
        "data = { source = 'scene-masks', train = 256, test = 20, augment = { flip = true, crop = 2 } }
        network.layers = [
            { conv = 16, kernel = 5, padding = 2 }, 'batch-norm', 'relu',
            { conv = 16, kernel = 5, padding = 2 }, 'batch-norm', 'relu', { conv = 7, kernel = 1 },
        ]
        train = { loss = 'pixel-cross-entropy', optimiser = 'adam', rate = 0.01, batch = 32, epochs = 8 }";
    let ([first, last], n_answers) = train(text, 64);
    assert!(last < 0.6 * first, "{first} to {last}");
    assert_eq!(n_answers, 20 * 32 * 32);
}
