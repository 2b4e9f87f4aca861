//! The program: a window, or one command.

use std::process::ExitCode;

use clap::Parser;
use convscope::cli::{self, Arguments};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(command) => cli::run(command),
        None => window(arguments),
    }
}

#[cfg(feature = "gui")]
fn window(arguments: Arguments) -> ExitCode {
    use std::path::PathBuf;

    use convscope::app::{self, Start};
    use convscope::experiment::shipped;

    let name = arguments.experiment.unwrap_or_else(|| "quickstart".into());
    let experiment = match shipped::resolve(&name) {
        Ok(experiment) => experiment,
        Err(problem) => {
            eprintln!("convscope: {problem}");
            return ExitCode::from(2);
        }
    };
    let file = shipped::get(&name).is_none().then(|| PathBuf::from(name));
    match app::run(Start { experiment, file, device: arguments.device }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("convscope: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(feature = "gui"))]
fn window(_arguments: Arguments) -> ExitCode {
    eprintln!("convscope: This build has no window. `convscope --help` lists the commands.");
    ExitCode::from(2)
}
