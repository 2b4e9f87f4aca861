//! `convscope eval`.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::{ExperimentArguments, Failure, SplitChoice, text};
use crate::data::Source;
use crate::engine::{self, DeviceChoice, Part};
use crate::train::{Model, Net};

#[derive(clap::Args)]
pub struct EvalArguments {
    #[command(flatten)]
    pub(super) experiment: ExperimentArguments,

    /// Weights to evaluate (safetensors).
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// Which pictures.
    #[arg(long, value_enum, default_value = "test")]
    split: SplitChoice,

    /// Where to compute: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "auto", value_parser = super::device)]
    device: DeviceChoice,

    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &EvalArguments) -> Result<(), Failure> {
    let experiment = arguments.experiment.resolve()?;
    let device = engine::open(&arguments.device)?;
    let source = Source::find(&experiment)?;
    let n_pictures = match arguments.split {
        SplitChoice::Train => source.prospect().train,
        SplitChoice::Test => source.prospect().test,
    };
    Model::foresee(&experiment, source.prospect(), &*device, n_pictures)?;
    let set = Arc::new(source.read()?);
    set.notes.iter().for_each(|note| eprintln!("convscope: {note}"));
    let (net, mut file) = Net::open(&experiment, &arguments.weights, Some(&set))?;
    file.renamed(&set.classes).inspect(|note| eprintln!("convscope: {note}"));
    let (part, split, name) = match arguments.split {
        SplitChoice::Train => (Part::Train, &set.train, "train"),
        SplitChoice::Test => (Part::Test, &set.test, "test"),
    };
    let model = Model::of_file((&net, &mut file), device.clone(), split.len())?;
    let begin = std::time::Instant::now();
    let found = model.evaluate(&set, part)?;
    let images_per_second = found.n_pictures as f64 / begin.elapsed().as_secs_f64();
    if arguments.json {
        text::print_json(&json!({
            "split": name,
            "loss": found.loss,
            "error": found.error,
            "pictures": found.n_pictures,
            "images_per_second": images_per_second,
            "device": device.info().name,
        }));
    } else {
        text::print_line(&format!(
            "{name} error {} on {}, loss {:.4}, {} on {}",
            text::percent(found.error),
            text::counted(found.n_pictures as u64, "picture"),
            found.loss,
            text::speed(images_per_second),
            device.info().name
        ));
    }
    Ok(())
}
