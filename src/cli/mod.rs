//! The command line: the same engine without the window. One file a command; the only module that knows
//! clap.
//!
//! Results go to standard output, messages and progress to standard error. Exit code 0 for success, 2 for bad
//! input (what, where, remedy), 1 for failure.

mod bench;
mod data;
mod descent;
mod describe;
mod devices;
mod eval;
mod export;
mod gradcheck;
mod inspect;
mod interrupt;
mod lesson;
mod place;
mod predict;
mod subject;
mod text;
mod train;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::data::{DataSet, Split};
use crate::engine::{DeviceChoice, EngineError, Part};
use crate::experiment::{Experiment, Problem, presets, shipped, unwritable};
use crate::graph::ShapeProblem;
use crate::train::TrainError;

#[derive(Parser)]
#[command(name = "convscope", version, about, long_about = None, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Without a command the window opens, with this experiment if one is given (a file, or a name that
    /// ships), or with this lesson (a folder, or a zip archive of one).
    pub experiment: Option<String>,

    /// Where the window computes: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "auto", value_parser = device)]
    pub device: DeviceChoice,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Train an experiment.
    Train(train::TrainArguments),
    /// Evaluate weights on a split.
    Eval(eval::EvalArguments),
    /// Say what pictures show.
    ///
    /// A line for each: the three most probable classes; of tags the three most probable and all others from 50 % on;
    /// of a net that gives pixels classes, those that most pixels are taken for, with the share of the pixels.
    Predict(predict::PredictArguments),
    /// Write a net for other programs: as a Python file for PyTorch, or as ONNX.
    Export(export::ExportArguments),
    /// Print the layers of an experiment or preset: shapes, parameters, multiply-adds, receptive fields.
    Describe(describe::DescribeArguments),
    /// Hold the gradient of every parameter against differences of the loss, in double precision.
    Gradcheck(gradcheck::GradcheckArguments),
    /// Data sets.
    Data(data::DataArguments),
    /// Look inside a net: its filters, what they prefer, what it takes for what.
    Inspect(inspect::InspectArguments),
    /// Follow the optimisers down a surface of two weights.
    Descent(descent::DescentArguments),
    /// Lessons: list them, check that they show what they claim, begin a new one.
    Lesson(lesson::LessonArguments),
    /// Measure how fast this machine trains and evaluates the standard work.
    Bench(bench::BenchArguments),
    /// What this machine can compute on, and what `auto` would take.
    Devices(devices::DevicesArguments),
}

impl Command {
    /// The one experiment that it is about, if it is about one, with what `--set` changes.
    fn subject(&self) -> Option<(&str, &[String])> {
        match self {
            Self::Train(arguments) => arguments.subject(),
            Self::Eval(arguments) => Some(arguments.experiment.subject()),
            Self::Predict(arguments) => Some(arguments.experiment.subject()),
            Self::Export(arguments) => Some(arguments.experiment.subject()),
            Self::Inspect(arguments) => Some(arguments.experiment.subject()),
            Self::Describe(arguments) => Some(arguments.subject()),
            Self::Gradcheck(arguments) => Some(arguments.subject()),
            Self::Data(_) | Self::Descent(_) | Self::Lesson(_) | Self::Bench(_) | Self::Devices(_) => None,
        }
    }
}

/// Which experiment, with changes.
#[derive(clap::Args)]
pub struct ExperimentArguments {
    /// An experiment file, or the name of an experiment that ships.
    experiment: String,

    /// Override a key of the file: `--set train.batch=32`. The value is TOML, else plain text.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl ExperimentArguments {
    fn subject(&self) -> (&str, &[String]) {
        (&self.experiment, &self.set)
    }

    fn resolve(&self) -> Result<Experiment, Failure> {
        resolve_experiment(&self.experiment, &self.set)
    }
}

/// The experiment of this name or path, changed by `--set`.
fn resolve_experiment(name: &str, settings: &[String]) -> Result<Experiment, Failure> {
    let mut experiment = shipped::resolve(name).map_err(|problem| match presets::check(name) {
        Ok(()) => Problem::new(format!(
            "`{name}` is a preset, not an experiment. Write an experiment with it, or take one that ships and add \
             `--set network.preset={name}`."
        )),
        Err(_) => problem,
    })?;
    apply(&mut experiment, settings)?;
    Ok(experiment)
}

/// Which of a data set's pictures.
#[derive(Clone, Copy, clap::ValueEnum)]
enum SplitChoice {
    Train,
    Test,
}

impl SplitChoice {
    fn part(self) -> Part {
        match self {
            Self::Train => Part::Train,
            Self::Test => Part::Test,
        }
    }

    fn of(self, set: &DataSet) -> &Split {
        match self {
            Self::Train => &set.train,
            Self::Test => &set.test,
        }
    }
}

/// Why a command ended early.
enum Failure {
    /// The user can mend it: exit code 2.
    BadInput(String),
    /// The user can mend it, and where it is written is still to be said: exit code 2.
    Shape(ShapeProblem),
    /// Something else: exit code 1.
    Failed(String),
    /// Bad input of which the user has been told: exit code 2.
    Told,
}

impl Failure {
    /// Where it is written in the experiment called `name` that its layers do not fit, if that is what is wrong.
    fn located(self, name: &str, settings: &[String]) -> Self {
        match self {
            Self::Shape(problem) => place::located(name, settings, &problem).into(),
            other => other,
        }
    }
}

/// Carries out a command.
pub fn run(command: Command) -> ExitCode {
    let subject = command.subject().map(|(name, settings)| (name.to_owned(), settings.to_vec()));
    let result = match command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Describe(arguments) => describe::run(&arguments),
        Command::Gradcheck(arguments) => gradcheck::run(&arguments),
        Command::Data(arguments) => data::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Descent(arguments) => descent::run(&arguments),
        Command::Lesson(arguments) => lesson::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
    };
    let result = result.map_err(|failure| match subject {
        Some((name, settings)) => failure.located(&name, &settings),
        None => failure,
    });
    let (code, message) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::BadInput(message)) => (2, message),
        Err(Failure::Shape(problem)) => (2, problem.to_string()),
        Err(Failure::Failed(message)) => (1, message),
        Err(Failure::Told) => return ExitCode::from(2),
    };
    eprintln!("convscope: {message}");
    ExitCode::from(code)
}

fn device(text: &str) -> Result<DeviceChoice, std::convert::Infallible> {
    text.parse()
}

/// The experiment of this name or path, for commands that take a preset as well; the name is that of none.
fn resolve_beside_presets(name: &str) -> Result<Experiment, Problem> {
    shipped::resolve(name).map_err(|problem| match presets::check(name) {
        Err(preset) if !name.contains(['/', '\\', '.']) => {
            // What is nearest comes first; all that there are only where nothing is near.
            let is_near = [&preset, &problem].map(|problem| !problem.message.contains("; there are "));
            Problem::new(match is_near {
                [true, false] => preset.message,
                [false, true] => problem.message,
                _ => format!("{} {}", preset.message, problem.message),
            })
        }
        _ => problem,
    })
}

fn apply(experiment: &mut Experiment, settings: &[String]) -> Result<(), Failure> {
    for setting in settings {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Failure::BadInput(format!(
                "`--set {setting}` has no `=`. Write it as `--set train.batch=32`."
            )));
        };
        experiment
            .set(key.trim(), value.trim())
            .map_err(|problem| Failure::BadInput(format!("`--set {setting}`: {problem}")))?;
    }
    Ok(())
}

/// Writes a picture as a PNG file.
fn write_picture(path: &Path, picture: crate::inspect::picture::Picture) -> Result<(), Failure> {
    let file = crate::data::png([picture.width, picture.height], picture.pixels.as_flattened());
    std::fs::write(path, file).map_err(|error| cannot_write(path, error))
}

/// An error while writing a file that the user asked for.
fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    Failure::BadInput(format!("{} cannot be written: {}", path.display(), unwritable::reason(path, &error)))
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::BadInput(problem.to_string())
    }
}

impl From<crate::data::DataError> for Failure {
    fn from(error: crate::data::DataError) -> Self {
        Self::BadInput(error.to_string())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NoGpu | EngineError::UnknownDevice { .. } => Self::BadInput(error.to_string()),
            EngineError::OutOfMemory { .. } | EngineError::DeviceLost(_) => Self::Failed(error.to_string()),
        }
    }
}

impl From<crate::export::ExportError> for Failure {
    fn from(error: crate::export::ExportError) -> Self {
        Self::BadInput(error.to_string())
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Engine(error) => error.into(),
            TrainError::Shape(problem) => Self::Shape(problem),
            error => Self::BadInput(error.to_string()),
        }
    }
}
