use super::*;
use crate::data::catalogue;
use crate::engine::gpu::twin;
use crate::engine::ops::testing::cpu;
use crate::experiment::file;

/// A net at its initial weights and pictures of glyphs.
fn net(layers: &str, train: &str) -> (Net, Batch) {
    let data = "source = 'glyphs'\ntrain = 64\ntest = 10";
    let text = format!("[data]\n{data}\n[network]\nlayers = [{layers}]\n[train]\n{train}");
    let experiment = file::parse(&text).expect("an experiment");
    let set = catalogue::open(&experiment).expect("glyphs");
    let net = Net::initial(&experiment, &set).expect("a net");
    let batch = Batch::first(8, &set, &set.train, experiment.train.loss, &net.normalisation);
    (net, batch)
}

fn measured(layers: &str, train: &str, options: Options) -> Statistics {
    let (net, batch) = net(layers, train);
    statistics(&net, &batch, &*cpu()[0], &options).expect("room")
}

/// So many layers of 3×3 with their non-linearities over maps of 7×7.
fn deep(n: usize, activation: &str) -> String {
    let layer = format!("{{ conv = 32, padding = 1, bias = false }}, '{activation}'");
    format!("{{ average-pool = 4 }}, {{ repeat = {n}, layers = [{layer}] }}, {{ linear = 10 }}")
}

const DRAWS: Options = Options { batch: 4, n_draws: Some(8), histograms: false };

/// He et al. 2015 ("Delving deep into rectifiers"), section 2.2, on a net of 30 layers. A tenth is for what theory
/// leaves out: the edges of a map, whose windows are half empty, carry less than its middle, so that a window finds
/// more than its mean number of taps would.
#[test]
fn the_signal_grows_as_theory_says() {
    for rule in ["xavier", "he"] {
        let found = measured(&deep(30, "relu"), &format!("initialisation = '{rule}'"), DRAWS);
        let growth = found.growth().expect("30 layers");
        assert_eq!((growth.n_layers, found.n_draws, found.n_pictures), (30, 8, 4));
        assert!((growth.measured / growth.theory - 1.0).abs() < 0.1, "{rule}: {growth:?}");
        // Of nine taps 6.61 lie inside maps of 7×7: (2 + 5·3 + 2)²/49.
        let inside = (19.0f64 / 7.0).powi(2) / 9.0;
        let expected = if rule == "he" { inside } else { inside / 2.0 };
        assert!((growth.theory / expected - 1.0).abs() < 0.02, "{rule}: {growth:?} against {expected}");
    }
}

/// A sigmoid's slope is a quarter at most: what comes back through ten of them is next to nothing.
#[test]
fn gradients_vanish_behind_sigmoids() {
    let options = Options { n_draws: Some(2), ..DRAWS };
    let first = |activation: &str| {
        measured(&deep(10, activation), "initialisation = 'he'", options).weights[0].gradient_norm
    };
    let (relu, sigmoid) = (first("relu"), first("sigmoid"));
    assert!(relu > 1000.0 * sigmoid, "{relu} against {sigmoid}");
}

/// The statistics of a small net against the same numbers worked out from the net's parts.
#[test]
fn each_number_means_what_it_says() {
    let (mut net, batch) = net("{ linear = 3 }, 'relu', { linear = 10 }", "optimiser = 'sgd'\nrate = 0.5");
    // The first unit reads nothing and is dead; the others give their biases.
    net.numbers.parameters[0].fill(0.0);
    net.numbers.parameters[1] = vec![-1.0, 1.0, 2.0];
    net.numbers.parameters[2].fill(0.0);
    let options = Options { batch: 8, n_draws: None, histograms: true };
    let found = statistics(&net, &batch, &*cpu()[0], &options).expect("room");
    assert_eq!((found.n_draws, found.n_pictures), (1, 8));
    assert!((found.loss - 10f64.ln()).abs() < 1e-6, "all answers are alike: {}", found.loss);
    let relu = &found.layers[1];
    assert_eq!((relu.kind, relu.dead, relu.zeros), ("relu", Some(1.0 / 3.0), Some(1.0 / 3.0)));
    assert_eq!(relu.signal.mean, 1.0);
    let counts = &relu.signal_histogram.as_ref().expect("asked for").counts;
    assert_eq!((counts[0], counts[Histogram::BINS / 2], counts[Histogram::BINS - 1]), (8, 8, 8));
    // dz = (softmax − one-hot), of one picture's own loss: of 10 numbers nine are 0.1 and one −0.9.
    let logits = found.layers[2].gradient.expect("the loss depends on them");
    assert!((logits.deviation - 0.3).abs() < 1e-6 && logits.mean.abs() < 1e-7, "{logits:?}");
    let [first, last] = &found.weights[..] else { panic!("two layers") };
    assert_eq!(first.gradient_norm, 0.0, "no weight leads on to the loss");
    // Without weights there is nothing for the update to be held against: −η·g over 0.
    assert!(last.gradient_norm > 0.0 && last.update_ratio.is_infinite());
    assert_eq!(found.first_against_last(), Some(0.0));
}

/// `|Δw| / |w| = η·|g| / |w|` for plain descent.
#[test]
fn the_update_is_the_optimisers() {
    let found = measured("{ conv = 4 }, 'relu', { linear = 10 }", "optimiser = 'sgd'\nrate = 0.5", {
        Options { n_draws: None, ..DRAWS }
    });
    for weight in &found.weights {
        let expected = 0.5 * weight.gradient_norm / weight.norm;
        assert!((weight.update_ratio / expected - 1.0).abs() < 1e-3, "{}: {expected}", weight.path);
    }
}

/// Before the first step the running statistics are 0 and 1 and no batch's.
#[test]
fn batch_and_running_statistics_are_told_apart() {
    let layers = "{ conv = 4 }, 'batch-norm', 'relu', { linear = 10 }";
    let found = measured(layers, "", Options { n_draws: None, ..DRAWS });
    let norm = &found.norms[0];
    assert_eq!((norm.path.as_str(), &norm.running_mean[..]), ("layers.1", &[0.0; 4][..]));
    let expected: f64 = norm.batch_mean.iter().map(|mean| mean * mean / (1.0 + 1e-5)).sum::<f64>() / 4.0;
    assert!((norm.means_apart - expected.sqrt()).abs() < 1e-9);
    let response = &found.responses[0];
    assert_eq!(response.path, "layers.0");
    assert!((response.deviation - 1.0).abs() < 1e-3, "normalised: {}", response.deviation);
}

/// Both executors, up to rounding.
#[test]
fn the_graphics_processor_measures_the_same() {
    let Some(gpu) = twin::gpu() else { return };
    let (net, batch) = net("{ conv = 4 }, 'batch-norm', 'relu', { max-pool = 2 }, { linear = 10 }", "");
    let options = Options { n_draws: None, ..DRAWS };
    let on = |device: &dyn Device| statistics(&net, &batch, device, &options).expect("room");
    let (mut a, mut b) = (on(&*cpu()[0]), on(&*gpu));
    for (a, b) in a.factors().into_iter().zip(b.factors()) {
        assert!((*a / *b - 1.0).abs() < 1e-3, "{a} against {b}");
    }
}
