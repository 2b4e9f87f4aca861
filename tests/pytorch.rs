//! The program's numbers against PyTorch's, made by `tests/reference/pytorch.py`.

mod common;

use std::sync::Arc;

use convscope::data::{DataSet, Labels, PixelClasses, Split};
use convscope::engine::{self, Device, DeviceChoice, layout};
use convscope::experiment::{Experiment, Loss, NetworkChoice, Normalise, Optimiser, Schedule, file};
use convscope::graph::program::Bank;
use convscope::graph::{ParameterId, Role};
use convscope::tensor::Extent;
use convscope::tensor::random::mix;
use convscope::train::Run;

use common::gpu;

/// Number `i` of the script's noise of this name.
fn noise(i: usize, name: usize) -> f64 {
    mix(i as u32 + 1_000_003 * name as u32) as f64 / 2f64.powi(31) - 1.0
}

/// Two batches of pictures by the script's formula.
fn set(extent: Extent, loss: Loss) -> Arc<DataSet> {
    let byte = |i: usize| (mix(i as u32) >> 24) as u8;
    let pictures = (0..32 * extent.len()).map(byte).collect();
    let (labels, n_classes) = match loss {
        Loss::PixelCrossEntropy { .. } => {
            let class = |i: usize| (mix(i as u32 + 7) % 5) as u8;
            let classes = (0..32 * extent.area()).map(class).collect();
            (Labels::Pixels(PixelClasses::new(extent.area(), classes)), 5)
        }
        _ => (Labels::Classes((0..32).map(|n| n % 10).collect()), 10),
    };
    let split = Split { pictures, labels };
    Arc::new(DataSet {
        name: "formula".into(),
        extent,
        classes: (0..n_classes).map(|class: u32| class.to_string()).collect(),
        train: split.clone(),
        test: split,
        clean: None,
        notes: Vec::new(),
    })
}

/// The net and the loss of a file beside the script, or a preset, trained as the script does.
fn experiment(name: &str) -> Experiment {
    let path = format!("{}/tests/reference/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut experiment = match std::fs::read_to_string(path) {
        Ok(text) => file::parse(&text).expect("a good file"),
        Err(_) => Experiment { network: NetworkChoice::Preset(name.into()), ..Experiment::default() },
    };
    experiment.data.normalise = Normalise::None;
    experiment.data.shuffle = false;
    experiment.train.optimiser = Optimiser::Momentum { momentum: 0.9 };
    experiment.train.rate = 1e-3;
    experiment.train.schedule = Schedule::Constant;
    experiment.train.weight_decay = 1e-4;
    experiment.train.batch = 16;
    experiment.train.epochs = 10;
    experiment
}

/// The script's initial weights.
fn start(run: &Run) {
    for (k, parameter) in run.graph.parameters.iter().enumerate() {
        let value = |i: usize| {
            let value = noise(i, k + 1);
            match parameter.role {
                Role::ConvWeight | Role::TransposedConvWeight { .. } | Role::LinearWeight { .. } => {
                    value * (6.0 / parameter.shape[1..].iter().product::<usize>() as f64).sqrt()
                }
                Role::Slope => 0.25 + 0.1 * value,
                Role::Scale => 1.0 + 0.1 * value,
                Role::Bias | Role::Shift => 0.01 * value,
            }
        };
        let numbers: Vec<f32> = (0..parameter.len()).map(|i| value(i) as f32).collect();
        run.write_parameter(ParameterId(k), &numbers).expect("the device takes weights");
    }
}

/// Norm and projection on a fixed direction of each parameter in a bank.
fn fingerprints(run: &Run, bank: Bank) -> Vec<[f64; 2]> {
    let numbers = run.memory().read(bank).expect("the device gives its numbers");
    let parameters = run.graph.parameters.iter().zip(&run.placement.parameters);
    let one = |(parameter, &place): (&convscope::graph::Parameter, &usize)| {
        let logical = layout::parameter_from_storage(parameter, &numbers[place..place + parameter.len()]);
        let norm = logical.iter().map(|&x| (x as f64).powi(2)).sum::<f64>().sqrt();
        let along = logical.iter().enumerate().map(|(i, &x)| x as f64 * noise(i, 0)).sum();
        [norm, along]
    };
    parameters.map(one).collect()
}

/// How far a tensor may be from the script's, as a share of its norm, or of `floor` where that is more.
struct Within {
    share: f64,
    floor: f64,
}

/// Each tensor in length and along the direction. The direction's numbers lie evenly between -1 and 1, so that an
/// error of length e gives along it 0.58 e, in one of a million directions more than 3 e.
fn compare(what: &str, run: &Run, found: &[[f64; 2]], expected: &serde_json::Value, within: &Within) {
    let expected = expected.as_array().expect("a list of tensors");
    assert_eq!(found.len(), expected.len());
    for ((found, expected), parameter) in found.iter().zip(expected).zip(&run.graph.parameters) {
        let [norm, along] = [0, 1].map(|i| expected[i].as_f64().expect("a number"));
        let allowed = within.share * norm.max(within.floor);
        let reach = 3.0 * allowed;
        let name = &parameter.name;
        assert!((found[0] - norm).abs() <= allowed, "{what} of {name}: norm {} against {norm}", found[0]);
        assert!((found[1] - along).abs() <= reach, "{what} of {name}: {} along, against {along}", found[1]);
    }
}

fn check(name: &str, extent: Extent, device: Arc<dyn Device>) {
    let text = include_str!("reference/pytorch.json");
    let reference: serde_json::Value = serde_json::from_str(text).expect("the script writes JSON");
    let expected = &reference[name];
    let experiment = experiment(name);
    let set = set(extent, experiment.train.loss);
    let mut run = Run::new(&experiment, set, device).expect("a run");
    start(&run);
    run.advance(1).expect("a step");
    run.collect(true).expect("its metrics");
    // A gradient is a chain of some twenty sums, each rounded to 1e-6 of its size; but a unit within rounding of 0 may
    // fall on the other side of its ReLU, and moves all gradients below it: seen are 1.1e-3 in one tensor of ResNet-20.
    let within = Within { share: 2e-3, floor: 1e-6 };
    compare("gradient", &run, &fingerprints(&run, Bank::Gradients), &expected["gradients"], &within);
    while run.progress().step < 20 {
        run.advance(1).expect("a step");
    }
    run.collect(true).expect("their metrics");
    let losses: Vec<f64> = run.curves.from(0).map(|record| record.loss as f64).collect();
    let close = |found: f64, expected: f64, tolerance: f64, what: &str| {
        assert!(
            (found - expected).abs() <= tolerance * expected,
            "{name} {what}: {found} against {expected}"
        );
    };
    for (step, loss) in losses.iter().enumerate() {
        // The first loss is one forward pass; later ones carry the rounding of all steps before.
        let tolerance = if step == 0 { 1e-5 } else { 2e-3 };
        close(*loss, expected["losses"][step].as_f64().expect("a loss"), tolerance, &format!("loss {step}"));
    }
    // Shifts start with norms of 0.025 and much of their way is rounding, in PyTorch's own single precision
    // too; whatever is smaller than 0.1 is measured against that.
    let within = Within { share: 1e-3, floor: 0.1 };
    compare("weights", &run, &fingerprints(&run, Bank::Parameters), &expected["weights"], &within);
    let test = run.test().expect("a test");
    close(test.loss, expected["test_loss"].as_f64().expect("a loss"), 2e-3, "test loss");
}

fn cpu() -> Arc<dyn Device> {
    engine::open(&DeviceChoice::Cpu).expect("the CPU is always there")
}

#[test]
fn lenet_trains_as_in_pytorch() {
    check("lenet", Extent::new(1, 28, 28), cpu());
}

#[test]
fn resnet_20_trains_as_in_pytorch() {
    check("resnet-20", Extent::new(3, 32, 32), cpu());
}

#[test]
fn windows_of_every_kind_train_as_in_pytorch() {
    check("windows", Extent::new(3, 16, 16), cpu());
}

#[test]
fn bottlenecks_train_as_in_pytorch() {
    check("bottleneck", Extent::new(3, 16, 16), cpu());
}

#[test]
fn an_encoder_decoder_trains_as_in_pytorch() {
    check("encoder-decoder", Extent::new(3, 16, 16), cpu());
}

#[test]
fn groups_and_response_normalisation_train_as_in_pytorch() {
    check("alexnet", Extent::new(3, 35, 35), cpu());
}

#[test]
fn lenet_trains_as_in_pytorch_on_the_gpu() {
    if let Some(device) = gpu() {
        check("lenet", Extent::new(1, 28, 28), device);
    }
}

#[test]
fn windows_of_every_kind_train_as_in_pytorch_on_the_gpu() {
    if let Some(device) = gpu() {
        check("windows", Extent::new(3, 16, 16), device);
    }
}

#[test]
fn bottlenecks_train_as_in_pytorch_on_the_gpu() {
    if let Some(device) = gpu() {
        check("bottleneck", Extent::new(3, 16, 16), device);
    }
}

#[test]
fn an_encoder_decoder_trains_as_in_pytorch_on_the_gpu() {
    if let Some(device) = gpu() {
        check("encoder-decoder", Extent::new(3, 16, 16), device);
    }
}

#[test]
fn groups_and_response_normalisation_train_as_in_pytorch_on_the_gpu() {
    if let Some(device) = gpu() {
        check("alexnet", Extent::new(3, 35, 35), device);
    }
}

#[test]
fn resnet_20_trains_as_in_pytorch_on_the_gpu() {
    if let Some(device) = gpu() {
        check("resnet-20", Extent::new(3, 32, 32), device);
    }
}
