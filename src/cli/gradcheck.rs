//! `convscope gradcheck`.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::subject::{ForPreset, Subject};
use super::{Failure, text};
use crate::engine::{self, DeviceChoice};
use crate::experiment::NetworkChoice;
use crate::graph::{Goal, Graph};
use crate::inspect::gradcheck::reduce::{BUDGET, Reduced, reduce};
use crate::inspect::gradcheck::{self, Distance, Report, Settings, TOLERANCE, TensorReport, Verdict};
use crate::tensor::Extent;

/// Classes of a preset under check: the loss is the same formula for any number.
const N_CLASSES: usize = 5;

#[derive(clap::Args)]
pub struct GradcheckArguments {
    /// An experiment file, the name of an experiment that ships, or a preset (`lenet`, `resnet-50`, …).
    name: String,

    /// Override a key of the experiment: `--set train.loss=squared-error`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Pictures in the batch.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: u32,

    /// Where the check is done: the seed of weights, pictures and directions.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Check the net as it stands, with pictures and widths of their own size, however long it takes.
    #[arg(long)]
    full: bool,

    /// Also hold the gradients that a device computes in single precision against the plain ones: auto, cpu,
    /// gpu, or a part of an adapter's name.
    #[arg(long, value_parser = super::device)]
    device: Option<DeviceChoice>,

    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

/// The net to check.
struct Checked {
    reduced: Reduced,
    /// The shape of its own pictures.
    own_input: Extent,
    goal: Goal,
}

/// A device's distance from the plain gradients, tensor by tensor.
struct DeviceReport {
    device: String,
    distances: Vec<Distance>,
}

impl GradcheckArguments {
    pub(super) fn subject(&self) -> (&str, &[String]) {
        (&self.name, &self.set)
    }
}

pub(super) fn run(arguments: &GradcheckArguments) -> Result<(), Failure> {
    let subject = Checked::of(arguments)?;
    let graph = Graph::for_goal(&subject.reduced.network, &subject.goal).map_err(Failure::Shape)?;
    if graph.parameters.is_empty() {
        return Err(Failure::BadInput(format!(
            "{} has no parameters, so that there is no gradient to check. Give a net with a layer that learns: `conv`, \
             `linear`.",
            arguments.name
        )));
    }
    let settings = Settings { batch: arguments.batch as usize, seed: arguments.seed, ..Settings::default() };
    let device = arguments.device.as_ref().map(engine::open).transpose()?;
    let bar = ProgressBar::new(graph.parameters.len() as u64);
    let style = "{bar:30} {pos}/{len} tensors  {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let report = gradcheck::check(&graph, subject.goal, &settings, &|| bar.inc(1))?;
    bar.finish_and_clear();
    let on_device = match device {
        Some(device) => Some(DeviceReport {
            device: device.info().name.clone(),
            distances: gradcheck::distances(&graph, subject.goal, &settings, &*device)?,
        }),
        None => None,
    };
    match arguments.json {
        true => print_json(&subject, &settings, &report, on_device.as_ref()),
        false => print_table(&subject, &settings, &report, on_device.as_ref()),
    }
    verdict(&report, on_device.as_ref())
}

/// Exit code 1 where a gradient is wrong, and where nothing could be told of any.
fn verdict(report: &Report, on_device: Option<&DeviceReport>) -> Result<(), Failure> {
    let wrong: Vec<&str> = report
        .tensors
        .iter()
        .filter(|tensor| tensor.verdict == Verdict::Wrong)
        .map(|tensor| tensor.name.as_str())
        .collect();
    if !wrong.is_empty() {
        return Err(Failure::Failed(format!(
            "The gradient is not the slope of the loss at {}. The backward pass of that layer, or of one above \
             it, is wrong.",
            wrong.join(", ")
        )));
    }
    if !report.is_right() {
        return Err(Failure::Failed(
            "Of no tensor could be told whether its gradient is right: wherever it was looked, kinks lie too near \
             or rounding is too large. Try another `--seed`, or a smaller `--batch`."
                .into(),
        ));
    }
    match on_device {
        Some(found) if !gradcheck::is_rounding(&found.distances) => Err(Failure::Failed(format!(
            "The gradients of {} are not those of the plain reference; the table says where.",
            found.device
        ))),
        _ => Ok(()),
    }
}

impl Checked {
    fn of(arguments: &GradcheckArguments) -> Result<Self, Failure> {
        let n_classes = if arguments.full { None } else { Some(N_CLASSES) };
        let for_preset = ForPreset { n_classes, ..ForPreset::default() };
        let Subject { experiment, input, goal, .. } =
            Subject::of(&arguments.name, &arguments.set, for_preset)?;
        // That the network fits its own pictures is said before it is given others.
        let network = experiment.network.network(input, goal.n_outputs())?;
        let mut choice = experiment.network;
        if let NetworkChoice::Layers { input, .. } = &mut choice {
            *input = None;
        }
        let build = |input: Extent| choice.network(input, goal.n_outputs());
        let reduced = match arguments.full {
            true => Reduced { network, divisor: 1 },
            false => reduce(build, input, &goal, BUDGET)?,
        };
        Ok(Self { reduced, own_input: input, goal })
    }
}

fn print_table(subject: &Checked, settings: &Settings, report: &Report, on_device: Option<&DeviceReport>) {
    text::print_line(&introduction(subject, settings));
    let mut header = vec!["tensor", "shape", "gradient", "error", "verdict"];
    if let Some(found) = on_device {
        header.extend([found.device.as_str(), "rounding"]);
    }
    let mut rows = vec![header.iter().map(|cell| cell.to_string()).collect::<Vec<_>>()];
    for (i, tensor) in report.tensors.iter().enumerate() {
        let mut row = vec![tensor.name.clone(), shape(tensor), format!("{:.2e}", tensor.norm)];
        row.push(tensor.error.map_or("–".into(), |error| format!("{error:.1e}")));
        row.push(word(tensor.verdict).into());
        if let Some(found) = on_device {
            let Distance { device, rounding } = found.distances[i];
            row.extend([device, rounding].map(|distance| format!("{distance:.1e}")));
        }
        rows.push(row);
    }
    let right = [false, true, true, true, false, true, true];
    text::print_table(&right[..header.len()], &rows);
    text::print_line(&conclusion(report));
    if let Some(found) = on_device {
        let worst = |of: fn(&Distance) -> f64| found.distances.iter().map(of).fold(0.0, f64::max);
        text::print_line(&format!(
            "{} is {:.1e} from the plain gradient at most, by norm; the plain reference in single precision {:.1e}.",
            found.device,
            worst(|distance| distance.device),
            worst(|distance| distance.rounding)
        ));
    }
}

fn introduction(subject: &Checked, settings: &Settings) -> String {
    let network = &subject.reduced.network;
    let mut text =
        format!("batch of {} of {}", text::counted(settings.batch as u64, "picture"), network.input);
    if network.input != subject.own_input {
        text += &format!(" instead of {}", subject.own_input);
    }
    text += &format!(", {}", text::counted(subject.goal.n_outputs() as u64, "class"));
    match subject.reduced.divisor {
        1 => text,
        divisor => text + &format!(", layers narrowed to 1/{divisor} of their channels"),
    }
}

fn conclusion(report: &Report) -> String {
    let sum = |count: fn(&TensorReport) -> usize| report.tensors.iter().map(count).sum::<usize>();
    let mut text = match report.count(Verdict::Untold) {
        0 => String::new(),
        n_untold => format!(
            "of {n_untold} of {} nothing can be told; ",
            text::counted(report.tensors.len() as u64, "tensor")
        ),
    };
    text += &text::counted(sum(|tensor| tensor.n_directions) as u64, "direction");
    let (n_shortened, n_redrawn) = (sum(|tensor| tensor.n_shortened), sum(|tensor| tensor.n_redrawn));
    text += &format!(
        "; to keep clear of kinks {n_shortened} were measured closer to the point, {n_redrawn} drawn anew"
    );
    if let Some(TensorReport { name, error: Some(error), .. }) = report.worst() {
        text += &format!("; the largest error is {error:.1e} at {name}, up to {TOLERANCE:.0e} is right");
    }
    text + "."
}

fn shape(tensor: &TensorReport) -> String {
    tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "right",
        Verdict::Wrong => "WRONG",
        Verdict::Zero => "zero",
        Verdict::Untold => "untold",
    }
}

fn print_json(subject: &Checked, settings: &Settings, report: &Report, on_device: Option<&DeviceReport>) {
    let Extent { channels, height, width } = subject.reduced.network.input;
    let mut value = json!({
        "input": [channels, height, width],
        "classes": subject.goal.n_outputs(),
        "width_divisor": subject.reduced.divisor,
        "batch": settings.batch,
        "seed": settings.seed,
        "loss": report.loss,
        "right": report.is_right(),
        "untold": report.count(Verdict::Untold),
        "tensors": report.tensors,
    });
    if let Some(found) = on_device {
        value["device"] = json!({ "name": found.device, "distances": found.distances });
    }
    text::print_json(&value);
}
