//! `convscope export`.

use std::path::PathBuf;

use super::{ExperimentArguments, Failure, cannot_write, text};
use crate::data::Source;
use crate::export::{onnx, pytorch};
use crate::train::Net;

#[derive(clap::Args)]
pub struct ExportArguments {
    #[command(flatten)]
    pub(super) experiment: ExperimentArguments,

    /// The weights to export (safetensors); the initial ones of the experiment's seed where none are given.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// The form: model.py and weights.safetensors for PyTorch, or model.onnx.
    #[arg(long, value_enum)]
    to: Form,

    /// The folder to write into; it is made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Form {
    Pytorch,
    Onnx,
}

pub(super) fn run(arguments: &ExportArguments) -> Result<(), Failure> {
    let experiment = arguments.experiment.resolve()?;
    let net = match &arguments.weights {
        Some(path) => Net::load(&experiment, path, None)?,
        None => {
            let source = Source::find(&experiment)?;
            Net::foresee(&experiment, source.prospect())?;
            let set = source.read()?;
            set.notes.iter().for_each(|note| eprintln!("convscope: {note}"));
            Net::initial(&experiment, &set)?
        }
    };
    let folder = &arguments.out;
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, error))?;
    let files: &[&str] = match arguments.to {
        Form::Pytorch => {
            pytorch::write(&net, folder)?;
            &["model.py", "weights.safetensors"]
        }
        Form::Onnx => {
            onnx::write(&net, folder)?;
            &["model.onnx"]
        }
    };
    files.iter().for_each(|name| text::print_line(&folder.join(name).display().to_string()));
    Ok(())
}
