//! `convscope describe`: what a net costs and what speaks against it, before anything runs.

use serde_json::json;

use super::subject::{ForPreset, Subject};
use super::{Failure, text};
use crate::data::Prospect;
use crate::engine::{self, Beside, DeviceChoice, DeviceInfo, EngineError, Footprint};
use crate::experiment::Experiment;
use crate::graph::advice::{self, Advice, Remedy};
use crate::graph::program::{Placement, Program};
use crate::graph::{Goal, Graph, LayerReport, Total};
use crate::tensor::Extent;
use crate::train::{self, Run, TrainError, evaluate};

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

impl DescribeArguments {
    pub(super) fn subject(&self) -> (&str, &[String]) {
        (&self.name, &self.set)
    }
}

pub(super) fn run(arguments: &DescribeArguments) -> Result<(), Failure> {
    let n_classes = arguments.classes.map(|n| n as usize);
    let for_preset = ForPreset { input: arguments.input, n_classes };
    let Subject { mut experiment, input, goal, pictures } =
        Subject::of(&arguments.name, &arguments.set, for_preset)?;
    let network = experiment.network.network(input, goal.n_outputs())?;
    if let Some(batch) = arguments.batch {
        experiment.train.batch = batch as usize;
    }
    let graph = Graph::for_goal(&network, &goal).map_err(Failure::Shape)?;
    let memory = Memory::of(&experiment, goal, &graph, pictures.as_ref(), &arguments.device)?;
    let settings = match &pictures {
        Some(pictures) => train::check_settings(&experiment, pictures.extent, pictures.train).err(),
        None => None,
    };
    let refusals: Vec<String> =
        settings.iter().map(TrainError::to_string).chain(memory.refusals.iter().cloned()).collect();
    let advice = advice::advise(&network, &goal, &experiment.train);
    match arguments.json {
        true => print_json(&graph, &memory, &advice, &refusals),
        false => {
            print_table(&graph, &memory);
            refusals
                .iter()
                .for_each(|refusal| text::print_line(&format!("this would be refused: {refusal}")));
            print_advice(&advice);
        }
    }
    Ok(())
}

/// What training and testing take of a device's memory, and what it has.
struct Memory {
    device: DeviceInfo,
    batch: usize,
    training: Footprint,
    test_batch: usize,
    testing: Footprint,
    /// Bytes of an experiment's pictures.
    pictures: Option<u64>,
    /// Bytes that can be had, where the device tells.
    available: Option<u64>,
    /// Why there is no room, a sentence or two each.
    refusals: Vec<String>,
}

impl Memory {
    fn of(
        experiment: &Experiment,
        goal: Goal,
        graph: &Graph,
        pictures: Option<&Prospect>,
        choice: &DeviceChoice,
    ) -> Result<Self, Failure> {
        let (device, fused) = (engine::open(choice)?, graph.fused());
        let pictures = pictures.map(Prospect::bytes);
        let mut refusals = Vec::new();
        let mut footprint = |program: &Program| -> Result<Footprint, EngineError> {
            let placement = Placement::for_program(graph, program);
            match device.footprint(&placement, program) {
                // An array that the device cannot hold in one piece; how much there is in all is known all the same.
                Err(error @ EngineError::OutOfMemory { .. }) => {
                    refusals.push(error.to_string());
                    Ok(Footprint::least(&placement, program))
                }
                found => found,
            }
        };
        let training = footprint(&train::train_program(experiment, goal, &fused))?;
        let test_batch = evaluate::fitting_batch(&fused, goal);
        let testing = footprint(&evaluate::test_program(&fused, goal, test_batch))?;
        if refusals.is_empty() {
            let beside = Beside { taken: pictures.unwrap_or(0), ..Beside::default() };
            refusals.extend(
                Run::check_room(experiment, goal, graph, &*device, beside).err().map(|e| e.to_string()),
            );
        }
        let (info, available) = (device.info().clone(), device.available());
        let batch = experiment.train.batch;
        Ok(Self { device: info, batch, training, test_batch, testing, pictures, available, refusals })
    }

    /// How much there is, and what stands against it.
    fn sentence(&self) -> String {
        let kind = self.device.kind;
        let left =
            self.available.map_or("how much there is, the device does not tell".into(), |n| kind.left(n));
        match self.pictures {
            Some(pictures) => {
                format!("the pictures come on top of it and take {}; {left}", text::bytes(pictures))
            }
            None => format!("the pictures come on top of it; {left}"),
        }
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
    rows.push(row([
        "input",
        "",
        &input.to_string(),
        "",
        "",
        &text::bytes(4 * input.len() as u64),
        "",
        "",
        "",
    ]));
    for layer in &graph.layers {
        let LayerReport { parameters, multiply_adds, receptive_field, .. } = layer;
        let count = |n: u64| if n == 0 { "–".into() } else { text::grouped(n) };
        rows.push(row([
            &layer.path,
            layer.kind,
            &layer.output.to_string(),
            &count(*parameters),
            &count(*multiply_adds),
            &text::bytes(4 * layer.output.len() as u64),
            &pair(receptive_field.size, "×"),
            &pair(receptive_field.stride, "×"),
            &pair(receptive_field.offset, ","),
        ]));
    }
    let total = graph.total();
    let [parameters, multiply_adds] = [total.parameters, total.multiply_adds].map(text::grouped);
    let activations = text::bytes(total.activation_bytes);
    rows.push(row(["total", "", "", &parameters, &multiply_adds, &activations, "", "", ""]));
    text::print_table(&[false, false, true, true, true, true, true, true, true], &rows);
    print_memory(&total, memory);
}

/// What the columns on memory and receptive fields mean for a run.
fn print_memory(total: &Total, memory: &Memory) {
    let Memory { device: DeviceInfo { name: device, .. }, batch, training, test_batch, testing, .. } = memory;
    let optimiser = match training.optimiser {
        0 => String::new(),
        slots => format!(", the optimiser {}", text::bytes(slots)),
    };
    // Step and test share one place, as large as the larger of them.
    let tests = match training.beside(testing).total() {
        total if total > training.total() => format!(" (with tests after the epochs {})", text::bytes(total)),
        _ => String::new(),
    };
    text::print_line(&format!(
        "training in batches of {batch} on {device}: {}{tests}; a step remembers {} (all outputs kept apart: {}), \
         parameters take {}, gradients {}{optimiser}, statistics {}",
        text::bytes(training.total()),
        text::bytes(training.step),
        text::bytes(*batch as u64 * total.activation_bytes),
        text::bytes(training.parameters),
        text::bytes(training.gradients),
        text::bytes(training.statistics),
    ));
    text::print_line(&format!(
        "testing in batches of {test_batch} on {device}: {}; a step remembers {}",
        text::bytes(testing.total()),
        text::bytes(testing.step),
    ));
    text::print_line(&memory.sentence());
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

fn print_json(graph: &Graph, memory: &Memory, advice: &[Advice], refusals: &[String]) {
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
            "device": memory.device.name,
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
        "pictures_bytes": memory.pictures,
        "available_bytes": memory.available,
        "refusals": refusals,
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
