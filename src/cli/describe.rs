//! `convscope describe`.

use serde_json::json;

use super::{Failure, apply, text};
use crate::data::catalogue;
use crate::experiment::{Experiment, Network, presets, shipped};
use crate::graph::{Graph, LayerReport};
use crate::tensor::Extent;

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

    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DescribeArguments) -> Result<(), Failure> {
    let (network, n_classes) = network(arguments)?;
    let graph =
        Graph::classifier(&network, n_classes).map_err(|problem| Failure::BadInput(problem.to_string()))?;
    match arguments.json {
        true => print_json(&graph),
        false => print_table(&graph),
    }
    Ok(())
}

/// The network meant, and its number of classes.
fn network(arguments: &DescribeArguments) -> Result<(Network, usize), Failure> {
    // A name that ships, or a file, is an experiment; `quickstart` is both and the experiment wins.
    let is_preset = shipped::get(&arguments.name).is_none() && presets::check(&arguments.name).is_ok();
    if is_preset {
        if !arguments.set.is_empty() {
            let message =
                "`--set` changes an experiment; a preset has no keys. Use `--input` and `--classes`.";
            return Err(Failure::BadInput(message.into()));
        }
        let input = arguments.input.unwrap_or_else(|| presets::customary_input(&arguments.name));
        let n_classes = match arguments.classes {
            Some(n) => n as usize,
            None => presets::customary_classes(&arguments.name),
        };
        return Ok((presets::build(&arguments.name, input, n_classes)?, n_classes));
    }
    let mut experiment = shipped::resolve(&arguments.name)?;
    apply(&mut experiment, &arguments.set)?;
    let (extent, n_classes) = pictures(&experiment)?;
    Ok((experiment.network.network(extent, n_classes)?, n_classes))
}

/// Shape and classes of an experiment's pictures, from the catalogue where that knows them.
fn pictures(experiment: &Experiment) -> Result<(Extent, usize), Failure> {
    let listed = catalogue::list().into_iter().find(|entry| entry.name == experiment.data.source);
    match listed {
        Some(entry) => Ok((entry.extent, entry.classes.len())),
        None => {
            let set = catalogue::open(&experiment.data, experiment.seed)?;
            Ok((set.extent, set.classes.len()))
        }
    }
}

fn print_table(graph: &Graph) {
    let header = ["layer", "kind", "output", "parameters", "multiply-adds", "receptive field"];
    let mut rows = vec![header.map(String::from).to_vec()];
    rows.push(row("input", "", graph.input(), [String::new(), String::new(), String::new()]));
    for layer in &graph.layers {
        let LayerReport { parameters, multiply_adds, receptive_field, .. } = layer;
        let [height, width] = receptive_field.size;
        let count = |n: u64| if n == 0 { "–".into() } else { text::grouped(n) };
        let cells = [count(*parameters), count(*multiply_adds), format!("{height}×{width}")];
        rows.push(row(&layer.path, layer.kind, layer.output, cells));
    }
    let total = graph.total();
    let cells = [text::grouped(total.parameters), text::grouped(total.multiply_adds), String::new()];
    rows.push(row("total", "", Extent::new(0, 0, 0), cells));
    text::print_table(&[false, false, true, true, true, true], &rows);
    let mib = total.activation_bytes as f64 / (1 << 20) as f64;
    text::print_line(&format!("activations of one picture: {mib:.2} MiB"));
}

fn row(path: &str, kind: &str, output: Extent, cells: [String; 3]) -> Vec<String> {
    let output = if output.is_empty() { String::new() } else { output.to_string() };
    [path.to_string(), kind.to_string(), output].into_iter().chain(cells).collect()
}

fn print_json(graph: &Graph) {
    let layers: Vec<serde_json::Value> = graph
        .layers
        .iter()
        .map(|layer| {
            let Extent { channels, height, width } = layer.output;
            json!({
                "path": layer.path,
                "kind": layer.kind,
                "output": [channels, height, width],
                "parameters": layer.parameters,
                "multiply_adds": layer.multiply_adds,
                "receptive_field": layer.receptive_field,
            })
        })
        .collect();
    let Extent { channels, height, width } = graph.input();
    text::print_json(&json!({
        "input": [channels, height, width],
        "layers": layers,
        "total": graph.total(),
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
