//! The two executors against each other: whole networks, the same numbers to rounding.

mod common;

use std::sync::Arc;

use convscope::data::{DataSet, Labels, Split};
use convscope::engine::{self, DeviceChoice};
use convscope::experiment::{
    Augment, Data, Experiment, NetworkChoice, Normalise, Optimiser, Schedule, Train,
};
use convscope::graph::program::Bank;
use convscope::tensor::Extent;
use convscope::tensor::random::{Key, Purpose};
use convscope::train::Run;

use common::gpu;

const BATCH: usize = 16;

/// A few batches of pictures: for each class a pattern of its own, under noise.
fn set(extent: Extent) -> Arc<DataSet> {
    let key = Key::new(5, Purpose::Pictures);
    let label = |n: u32| key.with(1).below(n, 10);
    let byte = |n: u32, i: u32| {
        let pattern = key.with(2).with(label(n)).below(i / 7, 160);
        (pattern + key.with(3).with(n).below(i, 96)) as u8
    };
    let split = |from: u32, n: u32| Split {
        pictures: (from..from + n).flat_map(|n| (0..extent.len() as u32).map(move |i| byte(n, i))).collect(),
        labels: Labels::Classes((from..from + n).map(|n| label(n) as u16).collect()),
    };
    Arc::new(DataSet {
        name: "patterns".into(),
        extent,
        classes: (0..10).map(|class: u32| class.to_string()).collect(),
        train: split(0, 4 * BATCH as u32),
        test: split(1000, 2 * BATCH as u32 + 3),
        clean: None,
        notes: Vec::new(),
    })
}

fn experiment(preset: &str) -> Experiment {
    let data = Data {
        normalise: Normalise::PerChannel,
        augment: Augment { flip: true, crop: 4, ..Augment::default() },
        ..Data::default()
    };
    let train = Train {
        optimiser: Optimiser::Momentum { momentum: 0.9 },
        rate: 1e-3,
        schedule: Schedule::Constant,
        weight_decay: 1e-4,
        batch: BATCH,
        epochs: 10,
        ..Train::default()
    };
    Experiment { network: NetworkChoice::Preset(preset.into()), data, train, ..Experiment::default() }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (a as f64 - b as f64).powi(2)).sum::<f64>().sqrt()
}

/// Every parameter's part of a bank within `tolerance` of its norm, or of `floor` where that is more.
fn compare(bank: Bank, cpu: &Run, gpu: &Run, tolerance: f64, floor: f64) {
    let [expected, found] = [cpu, gpu].map(|run| run.memory().read(bank).expect("a bank"));
    for (parameter, &place) in cpu.graph.parameters.iter().zip(&cpu.placement.parameters) {
        let range = place..place + parameter.len();
        let (expected, found) = (&expected[range.clone()], &found[range]);
        let norm = distance(expected, &vec![0.0; expected.len()]);
        let apart = distance(expected, found);
        let name = &parameter.name;
        let allowed = tolerance * norm.max(floor);
        assert!(apart <= allowed, "{bank:?} of {name}: {apart} apart, norm {norm}");
    }
}

fn losses(run: &mut Run) -> Vec<f32> {
    run.collect(true).expect("the metrics");
    run.curves.from(0).map(|record| record.loss).collect()
}

fn check(preset: &str, extent: Extent, of_gradient: f64) {
    const N_STEPS: u64 = 20;
    let Some(gpu) = gpu() else { return };
    let cpu = engine::open(&DeviceChoice::Cpu).expect("the CPU is always there");
    let set = set(extent);
    let run = |device| Run::new(&experiment(preset), set.clone(), device).expect("a run");
    let (mut cpu, mut gpu) = (run(cpu), run(gpu));
    for run in [&mut cpu, &mut gpu] {
        run.advance(1).expect("a step");
    }
    let (expected, found) = (losses(&mut cpu)[0], losses(&mut gpu)[0]);
    // One forward pass: some twenty sums in a row, each rounded to 2⁻²⁴ of its size.
    assert!((expected - found).abs() <= 1e-5 * expected, "first loss {found} against {expected}");
    compare(Bank::Gradients, &cpu, &gpu, of_gradient, 0.0);
    for run in [&mut cpu, &mut gpu] {
        while run.progress().step < N_STEPS {
            run.advance(N_STEPS - run.progress().step).expect("steps");
        }
    }
    let (expected, found) = (losses(&mut cpu), losses(&mut gpu));
    assert_eq!(found.len() as u64, N_STEPS);
    for (step, (expected, found)) in expected.iter().zip(&found).enumerate() {
        // Rounding grows from step to step, at this small rate slowly.
        assert!((expected - found).abs() <= 2e-3 * expected, "loss {step}: {found} against {expected}");
    }
    // What starts at 0 has moved by some hundredths only, and the units that fell on the other side of 0 on the way
    // show in it undiminished (seen are 7e-4): whatever is shorter than 1 is measured against that.
    compare(Bank::Parameters, &cpu, &gpu, 1e-3, 1.0);
    let [expected, found] = [cpu.test(), gpu.test()].map(|test| test.expect("a test"));
    assert!((expected.loss - found.loss).abs() <= 2e-3 * expected.loss, "{found:?} against {expected:?}");
}

/// A gradient is a chain of some ten sums, each rounded to 2⁻²⁴ of its size; what is more comes from the few units so
/// close to 0 that rounding decides whether they pass.
#[test]
fn lenet_trains_alike() {
    check("lenet", Extent::new(1, 28, 28), 1e-3);
}

/// On pictures of a quarter of the size, since a software driver computes a thousandth of what a graphics
/// processor does.
#[test]
fn resnet_20_trains_alike() {
    // Among its many units there are some so close to 0 that rounding decides whether their ReLU lets them
    // pass, and each that falls on the other side moves the gradients below it by some thousandths.
    check("resnet-20", Extent::new(3, 16, 16), 1e-2);
}

#[test]
fn a_run_on_the_gpu_repeats_itself() {
    let Some(device) = gpu() else { return };
    let mut experiment = experiment("quickstart");
    experiment.train.rate = 0.1;
    let weights = [3, 12].map(|n_steps| {
        // However the steps are handed over.
        let mut run = Run::new(&experiment, set(Extent::new(1, 16, 16)), device.clone()).expect("a run");
        while run.progress().step < 12 {
            run.advance(n_steps).expect("steps");
        }
        run.memory().read(Bank::Parameters).expect("the weights")
    });
    assert_eq!(weights[0], weights[1]);
}
