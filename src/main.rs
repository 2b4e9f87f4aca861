//! The program: a window, or one command.

use std::process::ExitCode;

use clap::Parser;
use convscope::cli::{self, Arguments};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(command) => cli::run(command),
        None => window(&arguments),
    }
}

fn window(_arguments: &Arguments) -> ExitCode {
    eprintln!("convscope: This build has no window. See `convscope --help` for the commands.");
    ExitCode::from(2)
}
