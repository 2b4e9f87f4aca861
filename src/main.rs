//! The program: a window, or one command.

use std::process::ExitCode;

use clap::Parser;
use convscope::cli::{self, Arguments};

fn main() -> ExitCode {
    choose_graphics_processors_alone();
    let arguments = Arguments::parse();
    match arguments.command {
        Some(command) => cli::run(command),
        None => window(arguments),
    }
}

/// Without a desktop's session, keeps Mesa from asking its compositor which graphics processor is the first: Wayland's
/// library would complain of the lack on standard error, once for each time that processors are listed, and which is
/// taken we decide ourselves.
fn choose_graphics_processors_alone() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: the program has one thread as yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

#[cfg(feature = "gui")]
fn window(arguments: Arguments) -> ExitCode {
    use std::path::PathBuf;

    use convscope::app::{self, Start};
    use convscope::experiment::shipped;
    use convscope::lessons;

    let path = arguments.experiment.as_ref().map(PathBuf::from);
    let lesson = path.filter(|path| lessons::Files::is_lesson(path));
    if let Some(Err(problem)) = lesson.as_deref().map(lessons::shipped::read_at) {
        eprintln!("convscope: {problem}");
        return ExitCode::from(2);
    }
    let (experiment, file) = match arguments.experiment.filter(|_| lesson.is_none()) {
        None => (None, None),
        Some(name) => match shipped::resolve(&name) {
            Ok(experiment) => (Some(experiment), shipped::get(&name).is_none().then(|| PathBuf::from(name))),
            Err(problem) => {
                eprintln!("convscope: {problem}");
                return ExitCode::from(2);
            }
        },
    };
    match app::run(Start { experiment, file, lesson, device: arguments.device }) {
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
