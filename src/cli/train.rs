//! `convscope train`: one run or several in lockstep, with or without a folder in which nothing is lost.

mod journey;
mod keeper;
mod lockstep;
mod log;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::{Failure, resolve_experiment, text};
use crate::data::{DataSet, Source};
use crate::engine::{self, Device, DeviceChoice};
use crate::experiment::{Experiment, Train};
use crate::train::folder::{self, Folder};
use crate::train::{Evaluation, Run, TrainError, weights};
use journey::{End, Journey};
use keeper::{Every, Keeper};
use log::Log;

#[derive(clap::Args)]
pub struct TrainArguments {
    /// An experiment file, or the name of an experiment that ships; several with `--lockstep`.
    #[arg(value_name = "EXPERIMENT", required_unless_present = "resume")]
    experiments: Vec<String>,

    /// Override a key of the file: `--set train.batch=32`. The value is TOML, else plain text.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Where to compute: auto, cpu, gpu, or a part of an adapter's name. Where not given: auto, or with `--resume` the
    /// device of before.
    #[arg(long, value_parser = super::device)]
    device: Option<DeviceChoice>,

    /// Train for so many epochs instead of the experiment's.
    #[arg(long, conflicts_with = "steps", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    epochs: Option<u32>,

    /// Train for so many steps; a schedule runs over the epochs that they reach into.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    steps: Option<u64>,

    /// Begin from these weights (safetensors).
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,

    /// Write the weights at the end (safetensors).
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Write one row of CSV for each step: step,epoch,loss,error,rate,seconds.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Keep the run in this folder: experiment, metrics, and checkpoints to go on from.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// How often a checkpoint is written into the folder: after so many steps (100) or seconds (20s).
    #[arg(long, value_name = "N|SECONDSs", default_value = "20s")]
    checkpoint_every: Every,

    /// Go on with the run of this folder, bit for bit as if it had never stopped. `--epochs` and `--steps` make it
    /// longer.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["experiments", "set", "init", "out", "lockstep"])]
    resume: Option<PathBuf>,

    /// Train several experiments side by side, step by step, on the same minibatches and from the same weights.
    #[arg(long, conflicts_with = "save")]
    lockstep: bool,

    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

impl TrainArguments {
    /// The experiment, where there is one alone.
    pub(super) fn subject(&self) -> Option<(&str, &[String])> {
        match &self.experiments[..] {
            [name] => Some((name, &self.set)),
            _ => None,
        }
    }
}

pub(super) fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    match (&arguments.experiments[..], arguments.lockstep) {
        ([_, _, ..], true) => return lockstep::run(arguments),
        ([_, _, ..], false) => {
            return Err(Failure::BadInput(
                "Several experiments train together in lockstep only: add `--lockstep`, or give one.".into(),
            ));
        }
        (_, true) => {
            return Err(Failure::BadInput("`--lockstep` is for two experiments or more: name them.".into()));
        }
        _ => {}
    }
    // Found out now rather than after hours of training.
    arguments.log.iter().try_for_each(|path| Log::check_writable(path))?;
    arguments.save.iter().try_for_each(|path| weights::check_writable(path)).map_err(TrainError::from)?;
    let mut journey = match &arguments.resume {
        Some(path) => go_on(arguments, path)?,
        None => begin(arguments)?,
    };
    if let Some(path) = &arguments.save {
        weights::check_savable(&journey.run, path).map_err(TrainError::from)?;
    }
    // The log of before is kept until there is a run to tell of.
    let mut log = arguments.log.as_ref().map(|path| Log::create(path)).transpose()?;
    let info = journey.run.device().info();
    eprintln!("convscope: {} on {} ({})", journey.run.experiment.title, info.name, info.detail);
    let end = journey.travel(log.as_mut());
    // What was learned is kept, even where the training ended early.
    if let Some(path) = &arguments.save {
        save(&journey.run, path, end.is_ok())?;
    }
    match end {
        Ok(End::Arrived(test)) => {
            print(&journey.run, test, arguments.json);
            Ok(())
        }
        Ok(End::Interrupted) => Err(Failure::Failed(format!("Stopped. {}", journey.how_to_go_on()))),
        Err(Failure::Failed(message)) => {
            Err(Failure::Failed(format!("{message} {}", journey.how_to_go_on()).trim().into()))
        }
        Err(failure) => Err(failure),
    }
}

/// A run from its beginning.
fn begin(arguments: &TrainArguments) -> Result<Journey, Failure> {
    let mut experiment = resolve_experiment(&arguments.experiments[0], &arguments.set)?;
    if let Some(out) = &arguments.out {
        folder::check_free(out).map_err(TrainError::from)?;
    }
    let device = engine::open(arguments.device.as_ref().unwrap_or(&DeviceChoice::Auto))?;
    let set = pictures(&experiment, &*device)?;
    let mut run = start(arguments, &mut experiment, set, device)?;
    let keeper = match &arguments.out {
        Some(out) => {
            let folder = Folder::create(out, &mut run, arguments.steps)?;
            Some(Keeper::new(folder, arguments.checkpoint_every, &mut run)?)
        }
        None => None,
    };
    let n_steps = arguments.steps.unwrap_or(run.progress().n_steps);
    Ok(Journey { run, n_steps, keeper })
}

/// The pictures that an experiment asks for, with what there is to note of them. They are made only where they can
/// then be trained on.
fn pictures(experiment: &Experiment, device: &dyn Device) -> Result<Arc<DataSet>, Failure> {
    let source = Source::find(experiment)?;
    Run::foresee(experiment, source.prospect(), device)?;
    let set = source.read()?;
    set.notes.iter().for_each(|note| eprintln!("convscope: {note}"));
    Ok(Arc::new(set))
}

/// A run at step 0, as long as the command line says and from the weights that it names.
fn start(
    arguments: &TrainArguments,
    experiment: &mut Experiment,
    set: Arc<DataSet>,
    device: Arc<dyn Device>,
) -> Result<Run, Failure> {
    if let Some(epochs) = arguments.epochs {
        experiment.train.epochs = epochs as usize;
    }
    let mut run = Run::new(experiment, set, device)?;
    if let Some(steps) = arguments.steps {
        reach(&mut run, steps)?;
    }
    if let Some(path) = &arguments.init {
        let note = weights::load(&mut run, path)?;
        note.inspect(|note| eprintln!("convscope: {note}"));
        if arguments.out.is_some() {
            // Whoever opens the folder in the window can go back to them.
            run.begin_here()?;
        }
    }
    Ok(run)
}

/// Gives the run as many epochs as the steps reach into.
fn reach(run: &mut Run, steps: u64) -> Result<(), Failure> {
    let mut experiment = run.experiment.clone();
    let progress = run.progress();
    let left = steps.saturating_sub(progress.step);
    let epochs = (progress.place + left).div_ceil(progress.steps_per_epoch) as usize;
    let most = *Train::EPOCHS.end();
    if epochs > most {
        let text = format!("`--steps {steps}` are {epochs} epochs; a run has {most} at most. Ask for fewer.");
        return Err(Failure::BadInput(text));
    }
    experiment.train.epochs = epochs;
    Ok(run.adjust(&experiment).map(drop)?)
}

/// A run from where its folder left it.
fn go_on(arguments: &TrainArguments, path: &std::path::Path) -> Result<Journey, Failure> {
    let stored = folder::open(path).map_err(TrainError::from)?;
    let device = match &arguments.device {
        Some(choice) => engine::open(choice)?,
        None => stored.device().map_err(|error| {
            let name = stored.device_name();
            let remedy = "`--device cpu` goes on with the processor, to other last digits";
            Failure::BadInput(format!(
                "The run was computed on {name}, which cannot be had. {error} {remedy}."
            ))
        })?,
    };
    if let Some(difference) = stored.difference(&*device) {
        eprintln!("convscope: {difference}");
    }
    let set = pictures(&stored.experiment, &*device)?;
    let n_steps = stored.n_steps;
    let (mut run, mut folder) = stored.resume(set, device)?;
    let mut n_steps = n_steps.min(run.progress().n_steps);
    if let Some(epochs) = arguments.epochs {
        let mut experiment = run.experiment.clone();
        experiment.train.epochs = epochs as usize;
        run.adjust(&experiment)?;
        (n_steps, folder.last_step) = (run.progress().n_steps, None);
    }
    if let Some(steps) = arguments.steps {
        reach(&mut run, steps)?;
        (n_steps, folder.last_step) = (steps, Some(steps));
    }
    let keeper = Keeper::new(folder, arguments.checkpoint_every, &mut run)?;
    Ok(Journey { run, n_steps, keeper: Some(keeper) })
}

/// Writes the weights. Where the training has failed already, that is what is told.
fn save(run: &Run, path: &std::path::Path, is_well: bool) -> Result<(), Failure> {
    let saved = weights::save(run, path).map_err(Failure::from);
    if is_well {
        saved?;
    }
    if !training(run).0.is_finite() && !run.curves.is_empty() {
        let path = path.display();
        eprintln!(
            "convscope: {path} holds what diverged training left; it cannot be evaluated or gone on from."
        );
    }
    Ok(())
}

/// Running training loss and error over the pictures of the last epoch, or over all if they are fewer.
fn training(run: &Run) -> (f64, f64) {
    run.curves.mean_of_last_epoch().unwrap_or((f64::NAN, f64::NAN))
}

fn print(run: &Run, test: Evaluation, as_json: bool) {
    match as_json {
        true => text::print_json(&report(run, test)),
        false => text::print_line(&summary(run, test)),
    }
}

/// What came of a run, for programs.
fn report(run: &Run, test: Evaluation) -> serde_json::Value {
    let (loss, error) = training(run);
    let progress = run.progress();
    json!({
        "steps": progress.step,
        "epochs": progress.epochs_done(),
        "train_loss": loss,
        "train_error": error,
        "test_loss": test.loss,
        "test_error": test.error,
        "test_pictures": test.n_pictures,
        "images_per_second": images_per_second(run),
        "device": run.device().info().name,
        "seconds": run.seconds(),
    })
}

/// The same in a line.
fn summary(run: &Run, test: Evaluation) -> String {
    format!(
        "{}: test error {} on {}, training error {}, {} on {}",
        text::counted(run.progress().step, "step"),
        text::percent(test.error),
        text::counted(test.n_pictures as u64, "picture"),
        text::percent(training(run).1),
        text::speed(images_per_second(run)),
        run.device().info().name
    )
}

fn images_per_second(run: &Run) -> f64 {
    run.progress().step as f64 * run.experiment.train.batch as f64 / run.seconds()
}
