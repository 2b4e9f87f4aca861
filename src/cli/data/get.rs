//! `convscope data get`: the one command that uses the internet.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::AtomicBool;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cli::{Failure, text};
use crate::data::catalogue::{self, Availability};
use crate::data::download::{self, Offer, Stage};
use crate::experiment;

#[derive(clap::Args)]
pub struct GetArguments {
    /// The name of a published data set: mnist, fashion-mnist, cifar-10 or cifar-100.
    name: String,

    /// Do not ask whether to.
    #[arg(long, short)]
    yes: bool,

    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &GetArguments) -> Result<(), Failure> {
    let entry = catalogue::list().into_iter().find(|entry| entry.name == arguments.name);
    let (Some(entry), Some(offer)) = (entry, catalogue::offer(&arguments.name)) else {
        return Err(not_to_be_fetched(&arguments.name));
    };
    if let Availability::At(folder) = entry.availability {
        tell(arguments, &offer, &folder, true);
        return Ok(());
    }
    if !arguments.yes && std::io::stdin().is_terminal() && !agreed(&offer) {
        return Err(Failure::BadInput("Nothing was fetched.".into()));
    }
    let folder = fetch(&offer)?;
    tell(arguments, &offer, &folder, false);
    Ok(())
}

/// Why there is nothing to fetch under this name.
fn not_to_be_fetched(name: &str) -> Failure {
    if catalogue::list().iter().any(|entry| entry.name == name) {
        return Failure::BadInput(format!("`{name}` is made by the program: there is nothing to fetch."));
    }
    let data = experiment::Data { source: name.into(), ..experiment::Data::default() };
    let experiment = experiment::Experiment { data, ..experiment::Experiment::default() };
    match catalogue::info(&experiment) {
        Err(error) => error.into(),
        Ok(_) => Failure::BadInput(format!("`{name}` is on this computer: there is nothing to fetch.")),
    }
}

/// One question, answered on the terminal.
fn agreed(offer: &Offer) -> bool {
    let (size, hosts) = (megabytes(offer.bytes()), offer.hosts());
    eprint!("Fetch {}, {size}, from {hosts}, into {}? [y/N] ", offer.title, offer.folder.display());
    let mut answer = String::new();
    let read = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut answer));
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

fn fetch(offer: &Offer) -> Result<std::path::PathBuf, Failure> {
    let bar = ProgressBar::new(offer.bytes());
    let style = "{bar:30} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left  {msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let fetched = download::fetch(offer, &AtomicBool::new(false), &mut |progress| {
        if bar.position() == 0 {
            // What came in an earlier call says nothing of the speed of this one.
            bar.set_position(progress.done);
            bar.reset_eta();
        }
        bar.set_position(progress.done);
        bar.set_message(if progress.stage == Stage::Checking { "checking" } else { "" });
    });
    bar.finish_and_clear();
    fetched.map_err(|error| Failure::Failed(error.to_string()))
}

fn tell(arguments: &GetArguments, offer: &Offer, folder: &std::path::Path, was_there: bool) {
    if arguments.json {
        let (name, bytes) = (&arguments.name, if was_there { 0 } else { offer.bytes() });
        text::print_json(&json!({ "name": name, "folder": folder, "fetched_bytes": bytes }));
        return;
    }
    let what = if was_there { "was here already, in" } else { "is complete, in" };
    text::print_line(&format!("{} {what} {}.", offer.title, folder.display()));
}

/// `11.6 MB`.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
