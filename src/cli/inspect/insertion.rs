//! `convscope inspect … insertion`.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::super::{Failure, cannot_write, text};
use super::InspectArguments;
use crate::engine::Part;
use crate::experiment::file;
use crate::inspect::batch::Batch;
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Form as Drawn, Up};
use crate::inspect::insertion::{
    Comparison, Deeper, Form, Insertion, InsertionProblem, compare, deeper, weighted,
};
use crate::train::{Evaluation, Model, Net, weights};

#[derive(clap::Args)]
pub struct InsertionArguments {
    /// Layers with weights to set in, shared out among the ends of the net's stages.
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u32).range(1..=1200))]
    layers: u32,

    /// What an identity is made of: a convolution that passes every channel on, or a residual block that gives
    /// nothing. Where not given, what the net is made of.
    #[arg(long, value_enum)]
    form: Option<FormChoice>,

    /// Write the weights of the deeper net (safetensors).
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Write the experiment of the deeper net, to go on training it (`train … --init`).
    #[arg(long, value_name = "FILE")]
    experiment_out: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FormChoice {
    Plain,
    Residual,
}

/// Training pictures that normalisations are measured on.
const MEASURED_ON: usize = 256;

/// Test pictures whose answers are compared, at most.
const COMPARED: usize = 1000;

const SIZE: [usize; 2] = [640, 560];

pub(super) fn run(arguments: &InspectArguments, what: &InsertionArguments) -> Result<(), Failure> {
    let (net, set, device) = arguments.net_and_pictures()?;
    let is_residual = net.graph.layers.iter().any(|report| report.kind == "add");
    let form = match what.form {
        Some(FormChoice::Plain) => Form::Plain,
        None if !is_residual => Form::Plain,
        _ => Form::Residual,
    };
    let batch = |n, split| Batch::first(n, &set, split, net.experiment.train.loss, &net.normalisation);
    let insertion = Insertion { n_layers: what.layers as usize, form };
    let found = deeper(&net, insertion, &batch(MEASURED_ON, &set.train), &*device).map_err(failure)?;
    let comparison = compare([&net, &found.net], &batch(COMPARED, &set.test), &*device)?;
    let evaluate = |net: &Net| -> Result<Evaluation, Failure> {
        Ok(Model::new(net, device.clone(), set.test.len())?.evaluate(&Arc::clone(&set), Part::Test)?)
    };
    let errors = [evaluate(&net)?, evaluate(&found.net)?];
    if let Some(path) = &what.save {
        weights::write(path, &found.net.graph, &found.net.numbers, &found.net.about())
            .map_err(|error| Failure::BadInput(error.to_string()))?;
    }
    if let Some(path) = &what.experiment_out {
        let text = file::write(&found.net.experiment);
        std::fs::write(path, text).map_err(|error| cannot_write(path, error))?;
    }
    let n_weighted = [&net, &found.net].map(|net| weighted(&net.graph));
    let json = json!({
        "form": form,
        "layers": { "before": n_weighted[0], "after": n_weighted[1] },
        "places": found.places,
        "comparison": comparison,
        "test_error": { "before": errors[0].error, "after": errors[1].error },
        "test_loss": { "before": errors[0].loss, "after": errors[1].loss },
    });
    arguments.show(|| picture(&comparison), json, || print(&found, &comparison, n_weighted, errors))
}

fn failure(problem: InsertionProblem) -> Failure {
    match problem {
        InsertionProblem::Train(error) => error.into(),
        problem => Failure::BadInput(problem.to_string()),
    }
}

/// Every answer of the deeper net over that of the net as it was: all on the diagonal.
fn picture(found: &Comparison) -> crate::inspect::picture::Picture {
    let points =
        found.answers[0].iter().zip(&found.answers[1]).map(|(&a, &b)| [a.into(), b.into()]).collect();
    Chart {
        title: format!("Answers to {}, before and after", text::counted(found.n_pictures as u64, "picture")),
        across: Across::Numbers("logit of the net as it was".into()),
        up: Up::linear("logit of the deeper net"),
        curves: vec![Curve { name: String::new(), colour: COLOURS[0], points, form: Drawn::Dots }],
    }
    .drawn(SIZE)
}

fn print(found: &Deeper, comparison: &Comparison, n_weighted: [usize; 2], errors: [Evaluation; 2]) {
    for place in &found.places {
        text::print_line(&format!(
            "{} behind {} ({})",
            text::counted(place.n_layers as u64, "identity layer"),
            place.behind,
            place.extent
        ));
    }
    text::print_line(&format!(
        "{} with weights became {}; test error {} before, {} after",
        text::counted(n_weighted[0] as u64, "layer"),
        n_weighted[1],
        text::percent(errors[0].error),
        text::percent(errors[1].error),
    ));
    text::print_line(&format!(
        "of the answers to {}, up to {:.3} in size, none changed by more than {:.1e}; taken for something else: {}",
        text::counted(comparison.n_pictures as u64, "picture"),
        comparison.largest,
        comparison.largest_difference,
        text::counted(comparison.n_answers_changed as u64, "picture")
    ));
}
