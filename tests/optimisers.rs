//! Update rules, rates and beginnings against PyTorch's, made by `tests/reference/optimisers.py`: twenty steps of a
//! small net by each rule, on every device.

mod common;

use std::sync::Arc;

use convscope::data::{DataSet, Split};
use convscope::engine::{self, Device, DeviceChoice, Part};
use convscope::experiment::{Experiment, Initialisation, Normalise, Train, file};
use convscope::graph::{Graph, ParameterId};
use convscope::tensor::Extent;
use convscope::tensor::random::mix;
use convscope::train::{Run, initial};
use serde_json::Value;

const EXTENT: Extent = Extent::new(1, 4, 4);

/// Number `i` of the script's noise of this name.
fn noise(i: usize, name: usize) -> f64 {
    mix(i as u32 + 1_000_003 * name as u32) as f64 / 2f64.powi(31) - 1.0
}

/// Two batches of pictures by the script's formula.
fn set() -> Arc<DataSet> {
    let pictures = (0..32 * EXTENT.len()).map(|i| (mix(i as u32) >> 24) as u8).collect();
    let split = Split { pictures, labels: (0..32).map(|n| n % 10).collect() };
    Arc::new(DataSet {
        name: "formula".into(),
        extent: EXTENT,
        classes: (0..10).map(|class: u32| class.to_string()).collect(),
        train: split.clone(),
        test: split,
        clean: None,
        notes: Vec::new(),
    })
}

/// The script's net with the settings of a case.
fn experiment(case: &Value) -> Experiment {
    let text = "network.layers = [{ linear = 6 }, 'tanh', { linear = 10 }]";
    let mut experiment = file::parse(text).expect("an experiment");
    experiment.data.normalise = Normalise::None;
    experiment.data.shuffle = false;
    (experiment.train.batch, experiment.train.epochs) = (16, 10);
    for (key, value) in case["set"].as_object().expect("settings") {
        let value = value.as_str().expect("a value as in the file");
        experiment.set(&format!("train.{key}"), value).expect("a setting of the file");
    }
    experiment
}

/// The script's initial weights.
fn start(run: &Run) {
    for (k, parameter) in run.graph.parameters.iter().enumerate() {
        let size = match parameter.role.is_weight() {
            true => (6.0 / parameter.fan_in() as f64).sqrt(),
            false => 0.01,
        };
        let numbers: Vec<f32> = (0..parameter.len()).map(|i| (size * noise(i, k + 1)) as f32).collect();
        run.write_parameter(ParameterId(k), &numbers).expect("the device takes weights");
    }
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/optimisers.json")).expect("the script writes JSON")
}

fn check(name: &str, case: &Value, device: &Arc<dyn Device>) {
    let mut run = Run::new(&experiment(case), set(), device.clone()).expect("a run");
    start(&run);
    while run.progress().step < 20 {
        run.advance(2).expect("an epoch");
    }
    run.collect(true).expect("their metrics");
    for (i, record) in run.curves.from(0).enumerate() {
        let (loss, rate) = (numbers(&case["losses"])[i], numbers(&case["rates"])[i]);
        // Rates are rounded to single precision once.
        assert!(
            (record.rate as f64 - rate).abs() <= 1e-7 * rate,
            "{name}: rate {i}: {}, {rate}",
            record.rate
        );
        assert!(
            (record.loss as f64 - loss).abs() <= 1e-5 * loss,
            "{name}: loss {i}: {}, {loss}",
            record.loss
        );
    }
    for (k, tensor) in run.parameters().expect("weights").iter().enumerate() {
        let expected = numbers(&case["weights"][k]);
        let largest = expected.iter().fold(0.0f64, |largest, w| largest.max(w.abs()));
        for (found, expected) in tensor.data.iter().zip(expected) {
            // Twenty steps of some ten roundings each; where a rule divides by a small root, of a small
            // gradient's last digits too.
            assert!(
                (*found as f64 - expected).abs() <= 5e-5 * largest,
                "{name}, {}: {found} against {expected}",
                run.graph.parameters[k].name
            );
        }
    }
}

fn check_all(device: Arc<dyn Device>) {
    let reference = reference();
    let cases = reference["cases"].as_object().expect("cases");
    assert!(cases.len() >= 20);
    cases.iter().for_each(|(name, case)| check(name, case, &device));
}

#[test]
fn every_rule_and_schedule_trains_as_in_pytorch() {
    check_all(engine::open(&DeviceChoice::Cpu).expect("the CPU is always there"));
}

/// By software where there is no graphics processor; left out where there is none at all, except on the machines
/// that decide on changes.
#[test]
fn every_rule_and_schedule_trains_as_in_pytorch_on_the_gpu() {
    if let Some(device) = common::gpu() {
        check_all(device);
    }
}

/// What the table of a step says changes while a run goes on; what was before the first step asks for a new one.
#[test]
fn constants_change_while_running() {
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU is always there");
    let settings = serde_json::json!({ "set": { "optimiser": "adamw", "clip": "1" } });
    let mut run = Run::new(&experiment(&settings), set(), device).expect("a run");
    let mut told = run.experiment.clone();
    let mut covers = |key: &str, value: &str| {
        let mut changed = told.clone();
        changed.set(key, value).expect("a setting of the file");
        let covers = run.adjust(&changed).expect("room");
        run.advance(1).expect("a step");
        if covers {
            told = changed;
        }
        covers
    };
    for (key, value) in [
        ("train.rate", "0.5"),
        ("train.optimiser.beta2", "0.9"),
        ("train.weight-decay", "0.1"),
        ("train.decay-all", "true"),
        ("train.clip", "0.5"),
        ("train.schedule", "plateau"),
        ("train.schedule", "cosine"),
        ("train.warm-up", "2"),
        ("train.reference-batch", "8"),
        ("train.epochs", "20"),
        ("train.clip", "none"),
    ] {
        assert!(covers(key, value), "{key}");
    }
    for (key, value) in [("train.initialisation", "zero"), ("train.zero-residual", "true")] {
        assert!(!covers(key, value), "{key}");
    }
    run.collect(true).expect("metrics");
    // 0.5 for 8 pictures, and a cosine that is hardly down after eight steps of forty.
    let rate = run.curves.last().expect("steps").rate;
    assert!(rate > 0.8 && rate < 1.0, "{rate}");
}

/// A rule that remembers something else needs other memory: a test under way reads its weights there from then on.
#[test]
fn a_test_goes_on_over_a_change_of_the_rule() {
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU is always there");
    let settings = serde_json::json!({ "set": { "optimiser": "sgd" } });
    let mut run = Run::new(&experiment(&settings), set(), device).expect("a run");
    run.advance(2).expect("steps");
    let expected = run.evaluate(Part::Test).expect("a test");
    run.begin_test().expect("a test");
    let mut changed = run.experiment.clone();
    changed.set("train.optimiser", "adam").expect("a setting of the file");
    assert!(run.adjust(&changed).expect("room"));
    let found = (0..10).find_map(|_| run.continue_test().expect("a batch")).expect("it comes to its end");
    assert_eq!((found.loss, found.error, found.n_pictures), (expected.loss, expected.error, 32));
    assert_eq!(run.curves.tests.len(), 1);
}

/// A run that goes by its own training error falls at the same steps again, whatever the bursts.
#[test]
fn a_plateau_is_met_again_after_a_reset() {
    let device = engine::open(&DeviceChoice::Cpu).expect("the CPU is always there");
    let case = reference()["cases"]["plateau"].clone();
    let mut experiment = experiment(&case);
    // Few epochs bring the error down by half.
    experiment.set("train.schedule.threshold", "0.5").expect("a setting of the file");
    let mut run = Run::new(&experiment, set(), device).expect("a run");
    let mut rates = |burst: u64| -> Vec<f32> {
        run.reset().expect("step 0");
        while !run.progress().is_finished() {
            run.advance(burst).expect("steps");
        }
        run.collect(true).expect("metrics");
        run.curves.from(0).map(|record| record.rate).collect()
    };
    let first = rates(1);
    assert_eq!(first, rates(2));
    assert!(first.windows(2).any(|pair| pair[1] < pair[0]), "it falls somewhere: {first:?}");
}

/// The graph of layers over so many channels.
fn graph(channels: usize, layers: &str) -> Graph {
    let text = format!("network.layers = [{layers}]");
    let experiment = file::parse(&text).expect(layers);
    let network = experiment.network.network(Extent::new(channels, 8, 8), 10).expect(layers);
    Graph::new(&network).expect(layers)
}

fn sizes(list: &Value) -> Vec<usize> {
    numbers(list).into_iter().map(|number| number as usize).collect()
}

/// A convolution, or a fully connected layer, whose weights have this shape.
fn layer(shape: &[usize], groups: usize) -> Graph {
    match shape {
        [outputs, inputs] => graph(*inputs, &format!("'global-average-pool', {{ linear = {outputs} }}")),
        [filters, channels, height, width] => graph(
            groups * channels,
            &format!("{{ conv = {filters}, kernel = [{height}, {width}], groups = {groups} }}"),
        ),
        _ => panic!("weights have two dimensions or four"),
    }
}

#[test]
fn fans_gains_and_identities_are_pytorchs() {
    let beginnings = &reference()["beginnings"];
    for case in beginnings["fans"].as_array().expect("a list") {
        let shape = sizes(&case["shape"]);
        for groups in [1, 2] {
            let graph = layer(&shape, groups);
            let weight = &graph.parameters[0];
            assert_eq!(weight.shape, shape);
            assert_eq!(vec![weight.fan_in(), weight.fan_out()], sizes(&case["fans"]), "{shape:?}");
        }
    }
    for (name, gain) in beginnings["gains"].as_object().expect("a table") {
        let word = if name == "leaky_relu" { "{ leaky-relu = 0.2 }".into() } else { format!("'{name}'") };
        let found = graph(1, &format!("{{ conv = 1 }}, {word}")).gains()[0];
        assert!((found - gain.as_f64().expect("a number")).abs() < 1e-7, "{name}: {found} against {gain}");
    }
    for case in beginnings["identities"].as_array().expect("a list") {
        let groups = case["groups"].as_u64().expect("a number") as usize;
        let train = Train { initialisation: Initialisation::Dirac, ..Train::default() };
        let weights = &initial::all(&layer(&sizes(&case["shape"]), groups), &train, 1)[0];
        let ones: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] != 0.0).collect();
        assert_eq!(ones, sizes(&case["ones"]), "{case}");
        assert!(ones.iter().all(|&i| weights[i] == 1.0));
    }
}
