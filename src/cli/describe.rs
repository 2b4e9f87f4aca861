//! `convscope describe`: what a net costs and what speaks against it, before anything runs.

use serde_json::json;

use super::subject::{ForPreset, Subject};
use super::{Failure, text};
use crate::engine::{self, DeviceChoice, Footprint};
use crate::experiment::Experiment;
use crate::graph::advice::{self, Advice, Remedy};
use crate::graph::program::Placement;
use crate::graph::{Goal, Graph, LayerReport, Total};
use crate::tensor::Extent;
use crate::train::{self, evaluate};

#[derive(clap::Args)]
pub struct DescribeArguments {
    /// An experiment file, the name of an experiment that ships, or a preset (`lenet`, `resnet-20`, …).
    name: String,

    /// Override a key of the experiment: `--set data.source=shapes`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Shape of the pictures for a preset, instead of those it was made for.
    #[arg(long, value_name = "CxHxW", value_parser = extent)]
    input: Option<Extent>,

    /// Number of classes for a preset, instead of those it was made for.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    classes: Option<u32>,

    /// Pictures in a batch of training, instead of the experiment's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: Option<u32>,

    /// The device whose memory is meant: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "cpu", value_parser = super::device)]
    device: DeviceChoice,

    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DescribeArguments) -> Result<(), Failure> {
    let n_classes = arguments.classes.map(|n| n as usize);
    let for_preset = ForPreset { input: arguments.input, n_classes };
    let Subject { mut experiment, input, goal } = Subject::of(&arguments.name, &arguments.set, for_preset)?;
    let network = experiment.network.network(input, goal.n_outputs())?;
    if let Some(batch) = arguments.batch {
        experiment.train.batch = batch as usize;
    }
    let graph = Graph::for_goal(&network, &goal).map_err(|problem| Failure::BadInput(problem.to_string()))?;
    let memory = Memory::of(&experiment, goal, &graph, &arguments.device)?;
    let advice = advice::advise(&network, &goal, &experiment.train);
    match arguments.json {
        true => print_json(&graph, &memory, &advice),
        false => {
            print_table(&graph, &memory);
            print_advice(&advice);
        }
    }
    Ok(())
}

/// What training and testing take of a device's memory.
struct Memory {
    device: String,
    batch: usize,
    training: Footprint,
    test_batch: usize,
    testing: Footprint,
}

impl Memory {
    fn of(
        experiment: &Experiment,
        goal: Goal,
        graph: &Graph,
        choice: &DeviceChoice,
    ) -> Result<Self, Failure> {
        let (device, fused) = (engine::open(choice)?, graph.fused());
        let program = train::train_program(experiment, goal, &fused);
        let training = device.footprint(&Placement::for_program(graph, &program), &program)?;
        let test_batch = evaluate::fitting_batch(&fused, goal);
        let program = evaluate::test_program(&fused, goal, test_batch);
        let testing = device.footprint(&Placement::for_program(graph, &program), &program)?;
        let (device, batch) = (device.info().name.clone(), experiment.train.batch);
        Ok(Self { device, batch, training, test_batch, testing })
    }
}

const HEADER: [&str; 9] = [
    "layer",
    "kind",
    "output",
    "parameters",
    "multiply-adds",
    "memory",
    "receptive field",
    "stride",
    "offset",
];

fn print_table(graph: &Graph, memory: &Memory) {
    let mut rows = vec![HEADER.map(String::from).to_vec()];
    let input = graph.input();
    rows.push(row(["input", "", &input.to_string(), "", "", &bytes(4 * input.len() as u64), "", "", ""]));
    for layer in &graph.layers {
        let LayerReport { parameters, multiply_adds, receptive_field, .. } = layer;
        let count = |n: u64| if n == 0 { "–".into() } else { text::grouped(n) };
        rows.push(row([
            &layer.path,
            layer.kind,
            &layer.output.to_string(),
            &count(*parameters),
            &count(*multiply_adds),
            &bytes(4 * layer.output.len() as u64),
            &pair(receptive_field.size, "×"),
            &pair(receptive_field.stride, "×"),
            &pair(receptive_field.offset, ","),
        ]));
    }
    let total = graph.total();
    let [parameters, multiply_adds] = [total.parameters, total.multiply_adds].map(text::grouped);
    let activations = bytes(total.activation_bytes);
    rows.push(row(["total", "", "", &parameters, &multiply_adds, &activations, "", "", ""]));
    text::print_table(&[false, false, true, true, true, true, true, true, true], &rows);
    print_memory(&total, memory);
}

/// What the columns on memory and receptive fields mean for a run.
fn print_memory(total: &Total, memory: &Memory) {
    let Memory { device, batch, training, test_batch, testing } = memory;
    let optimiser = match training.optimiser {
        0 => String::new(),
        slots => format!(", the optimiser {}", bytes(slots)),
    };
    // Step and test share one place, as large as the larger of them.
    let tests = match training.beside(testing).total() {
        total if total > training.total() => format!(" (with tests after the epochs {})", bytes(total)),
        _ => String::new(),
    };
    text::print_line(&format!(
        "training in batches of {batch} on {device}: {}{tests}; a step remembers {} (all outputs kept apart: {}), \
         parameters take {}, gradients {}{optimiser}, statistics {}",
        bytes(training.total()),
        bytes(training.step),
        bytes(*batch as u64 * total.activation_bytes),
        bytes(training.parameters),
        bytes(training.gradients),
        bytes(training.statistics),
    ));
    text::print_line(&format!(
        "testing in batches of {test_batch} on {device}: {}; a step remembers {}; the pictures and the program itself \
         come on top of it",
        bytes(testing.total()),
        bytes(testing.step),
    ));
}

/// What is probably not meant, each under the layer that it is about.
fn print_advice(advice: &[Advice]) {
    for advice in advice {
        text::print_line(&format!("warning: {}: {}", advice.path, advice.sentences()));
    }
}

fn row(cells: [&str; HEADER.len()]) -> Vec<String> {
    cells.map(String::from).into()
}

/// Two numbers, or one where they read the same: vertical and horizontal.
fn pair<T: std::fmt::Display>(numbers: [T; 2], between: &str) -> String {
    let [vertical, horizontal] = numbers.map(|number| number.to_string());
    if vertical == horizontal { vertical } else { format!("{vertical}{between}{horizontal}") }
}

/// A size of memory, in the unit that gives it two to four digits.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..1_048_576 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        _ => {
            let tenths = (bytes as f64 / (1 << 20) as f64 * 10.0).round() as u64;
            format!("{}.{} MiB", text::grouped(tenths / 10), tenths % 10)
        }
    }
}

fn print_json(graph: &Graph, memory: &Memory, advice: &[Advice]) {
    let shape = |extent: Extent| [extent.channels, extent.height, extent.width];
    let layers: Vec<serde_json::Value> = graph
        .layers
        .iter()
        .map(|layer| {
            json!({
                "path": layer.path,
                "kind": layer.kind,
                "output": shape(layer.output),
                "parameters": layer.parameters,
                "multiply_adds": layer.multiply_adds,
                "output_bytes": 4 * layer.output.len(),
                "receptive_field": layer.receptive_field,
            })
        })
        .collect();
    let advice: Vec<serde_json::Value> = advice
        .iter()
        .map(|Advice { path, what, why, remedy, .. }| {
            json!({ "layer": path, "what": what, "why": why, "remedy": remedy.as_ref().map(Remedy::label) })
        })
        .collect();
    let total = graph.total();
    let of_batches = |batch: usize, footprint: &Footprint| {
        json!({
            "batch": batch,
            "device": memory.device,
            "activation_bytes": batch as u64 * total.activation_bytes,
            "bytes": footprint,
            "total_bytes": footprint.total(),
        })
    };
    let mut training = of_batches(memory.batch, &memory.training);
    training["with_tests_bytes"] = json!(memory.training.beside(&memory.testing).total());
    text::print_json(&json!({
        "input": shape(graph.input()),
        "layers": layers,
        "total": total,
        "training": training,
        "testing": of_batches(memory.test_batch, &memory.testing),
        "advice": advice,
    }));
}

/// `3x32x32` as a shape.
fn extent(text: &str) -> Result<Extent, String> {
    let parts: Option<Vec<usize>> = text.split(['x', '×']).map(|part| part.trim().parse().ok()).collect();
    match parts.as_deref() {
        Some(&[channels, height, width])
            if [channels, height, width].iter().all(|side| (1..=65_536).contains(side)) =>
        {
            Ok(Extent::new(channels, height, width))
        }
        _ => Err("expected channels, height and width from 1 to 65,536, as in 3x32x32".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (n, expected) in [
            (0, "0 B"),
            (9_999, "9999 B"),
            (11_000, "11 KiB"),
            (1 << 20, "1.0 MiB"),
            (1_572_864, "1.5 MiB"),
            (1_300 << 20, "1,300.0 MiB"),
        ] {
            assert_eq!(bytes(n), expected);
        }
    }
}
