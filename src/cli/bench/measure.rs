//! One piece of work, measured: training in blocks of steps, evaluation, the device's peak beside them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::Failure;
use super::work::Work;
use super::{BenchArguments, profile};
use crate::engine::{Device, Memory, Plan, StepTable};
use crate::experiment::Network;
use crate::experiment::layers::{Kind, Layer, Linear};
use crate::graph::Graph;
use crate::graph::program::{Bank, Feed, Mode, Placement, Program, Request, ValueId};
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};
use crate::train::{Run, TrainError};

/// The time that a block of steps takes at least: the device is waited for once in a block.
const BLOCK: Duration = Duration::from_millis(100);

/// Blocks, at least.
const N_BLOCKS: usize = 5;

/// Side of the matrices whose product shows the device's peak.
const PEAK_SIDE: usize = 1024;

/// Everything that is told of one piece of work. `since_start` is how long this process has been running.
pub fn measure(
    work: &Work,
    device: &Arc<dyn Device>,
    arguments: &BenchArguments,
    since_start: Duration,
) -> Result<Value, Failure> {
    // The pictures are not counted: reading or making them is not what is measured.
    let pictures = work.pictures();
    let begin = Instant::now();
    let mut run = Run::new(&work.experiment()?, pictures, device.clone())?;
    steps(&mut run, 1)?;
    let first_step = since_start + begin.elapsed();
    let budget = Duration::from_secs_f64(arguments.seconds);
    let step_secs = training(&mut run, budget)?;
    let evaluation_secs = evaluation(&mut run, budget)?;
    let step = middle(&step_secs);
    let macs = step_multiply_adds(&run.graph) * work.batch as u64;
    let peak = peak(device)?;
    let product_error = product_error(device)?;
    let mut found = json!({
        "work": work.name,
        "device": device.info().name,
        "batch": work.batch,
        "parameters": run.graph.total().parameters,
        "train_images_per_second": work.batch as f64 / step,
        "step_ms": { "median": 1e3 * step, "least": 1e3 * step_secs[0], "most": 1e3 * step_secs[step_secs.len() - 1] },
        "eval_images_per_second": run.set.test.len() as f64 / middle(&evaluation_secs),
        "gmacs": macs as f64 / step / 1e9,
        "peak_gmacs": peak / 1e9,
        "share_of_peak": macs as f64 / step / peak,
        "product_error": product_error,
        "first_step_seconds": first_step.as_secs_f64(),
        "peak_memory_mib": peak_memory_mib(),
    });
    if arguments.profile {
        found["profile"] = profile::profile(&mut run)?;
    }
    Ok(found)
}

/// Trains for `n_steps` from the initial weights, and tells what computed.
pub fn train(work: &Work, device: &Arc<dyn Device>, n_steps: u64) -> Result<Value, Failure> {
    let mut run = Run::new(&work.experiment()?, work.pictures(), device.clone())?;
    steps(&mut run, n_steps)?;
    let info = device.info();
    Ok(json!({ "work": work.name, "steps": n_steps, "device": info.name, "detail": info.detail }))
}

/// Trains for `n` steps and waits for the last.
fn steps(run: &mut Run, mut n: u64) -> Result<(), TrainError> {
    while n > 0 {
        n -= run.advance(n)?;
    }
    run.collect(true)
}

/// Seconds a step, block by block, in ascending order.
fn training(run: &mut Run, budget: Duration) -> Result<Vec<f64>, TrainError> {
    // The first steps warm caches, clocks and the measure of a submission.
    let (begin, mut n) = (Instant::now(), 1);
    let per_block = loop {
        let block = Instant::now();
        steps(run, n)?;
        let is_warm = begin.elapsed() > budget / 4;
        match block.elapsed() {
            taken if taken < BLOCK => n *= 2,
            _ if is_warm => break n,
            _ => {}
        }
    };
    blocks(budget, || steps(run, per_block).map(|()| per_block as f64))
}

/// Seconds for the whole test split, in ascending order.
fn evaluation(run: &mut Run, budget: Duration) -> Result<Vec<f64>, TrainError> {
    run.test()?;
    blocks(budget, || run.test().map(|_| 1.0))
}

/// Seconds for each unit of work, block by block; `block` tells how many units it did.
fn blocks(
    budget: Duration,
    mut block: impl FnMut() -> Result<f64, TrainError>,
) -> Result<Vec<f64>, TrainError> {
    let (begin, mut taken) = (Instant::now(), Vec::new());
    while taken.len() < N_BLOCKS || begin.elapsed() < budget {
        let block_begin = Instant::now();
        let units = block()?;
        taken.push(block_begin.elapsed().as_secs_f64() / units);
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken)
}

/// The median of numbers in ascending order.
fn middle(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

/// Multiply-adds of a training step for one picture: forward, by the weights, and by the input, but for the
/// layers on the pictures themselves, whose input is not learned.
fn step_multiply_adds(graph: &Graph) -> u64 {
    let layers = graph.layers.iter();
    layers
        .map(|layer| {
            let reads_pictures = graph.node(layer.node).inputs.first().is_some_and(|input| input.0 == 0);
            layer.multiply_adds * if reads_pictures { 2 } else { 3 }
        })
        .sum()
}

/// Multiply-adds a second of a large matrix product, the best of several.
fn peak(device: &Arc<dyn Device>) -> Result<f64, Failure> {
    let mut product = Product::new(device, PEAK_SIDE)?;
    let mut best = f64::INFINITY;
    for _ in 0..8 {
        let n_products = 16;
        let begin = Instant::now();
        product.plan.run(&vec![StepTable::default(); n_products])?;
        product.plan.read(product.output)?;
        best = best.min(begin.elapsed().as_secs_f64() / n_products as f64);
    }
    Ok((PEAK_SIDE as f64).powi(3) / best)
}

/// How far a product of matrices of normally distributed numbers is from the exact one, at most, as a share of its
/// largest number.
fn product_error(device: &Arc<dyn Device>) -> Result<f64, Failure> {
    const SIDE: usize = 128;
    let matrix = |name: u32| -> Vec<f32> {
        let key = Key::new(1, Purpose::InitialWeights).with(name);
        (0..(SIDE * SIDE) as u32).map(|i| key.normal(i)).collect()
    };
    let [x, w] = [matrix(1), matrix(2)];
    let mut product = Product::new(device, SIDE)?;
    product.plan.write(product.program.pictures, &x)?;
    product.memory.write(Bank::Parameters, 0, &w)?;
    product.plan.run(&[StepTable::default()])?;
    let found = product.plan.read(product.output)?;
    let (mut error, mut largest) = (0.0_f64, 0.0_f64);
    for (at, &found) in found.iter().enumerate() {
        let (row, column) = (at / SIDE, at % SIDE);
        let terms = (0..SIDE).map(|k| x[row * SIDE + k] as f64 * w[k * SIDE + column] as f64);
        let exact: f64 = terms.sum();
        error = error.max((found as f64 - exact).abs());
        largest = largest.max(exact.abs());
    }
    Ok(error / largest)
}

/// A product of two square matrices as the net of one fully connected layer.
struct Product {
    program: Program,
    memory: Arc<dyn Memory>,
    plan: Box<dyn Plan>,
    output: ValueId,
}

impl Product {
    fn new(device: &Arc<dyn Device>, side: usize) -> Result<Self, Failure> {
        let linear = Linear { outputs: side, bias: false, ..Linear::default() };
        let network = Network { input: Extent::vector(side), layers: vec![Layer::new(Kind::Linear(linear))] };
        let graph = Graph::new(&network).map_err(|problem| Failure::Failed(problem.to_string()))?;
        let request = Request {
            batch: side,
            mode: Mode::Test,
            feed: Feed::Direct,
            loss: None,
            gradients: false,
            update: None,
            wanted: vec![graph.output],
        };
        let program = Program::new(&graph, &request);
        let memory = device.memory(&Placement::of(&graph))?;
        let plan = device.plan(&program, &memory, None)?;
        let output = program.outputs[&graph.output];
        Ok(Self { program, memory, plan, output })
    }
}

/// The most memory that this process has held; unknown where the system does not tell.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}
