//! `convscope data`.

mod get;

use serde_json::json;

use super::{Failure, text};
use crate::data::catalogue::{self, Availability, Contents, Entry};
use crate::experiment::{self, LabelKind};

#[derive(clap::Args)]
pub struct DataArguments {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(clap::Subcommand)]
enum DataCommand {
    /// All data sets that can be called by name, and where they are.
    List {
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a published data set from the internet.
    Get(get::GetArguments),
    /// What is in a data set: classes, counts, statistics.
    Info {
        /// The name of a data set, or the path of one.
        name: String,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(arguments: &DataArguments) -> Result<(), Failure> {
    match &arguments.command {
        DataCommand::List { json } => {
            list(*json);
            Ok(())
        }
        DataCommand::Get(arguments) => get::run(arguments),
        DataCommand::Info { name, json } => info(name, *json),
    }
}

fn list(as_json: bool) {
    let entries = catalogue::list();
    if as_json {
        text::print_json(&json!(entries));
        return;
    }
    let header = ["name", "pictures", "labels", "classes", "train", "test", "where"];
    let mut rows = vec![header.map(String::from).to_vec()];
    rows.extend(entries.iter().map(|entry| {
        vec![
            entry.name.to_string(),
            entry.extent.to_string(),
            entry.labels.words().to_string(),
            entry.classes.len().to_string(),
            text::grouped(entry.train as u64),
            text::grouped(entry.test as u64),
            place(entry),
        ]
    }));
    text::print_table(&[false, true, false, true, true, true, false], &rows);
    text::print_line("The built-in sets can be made in any size (`data.train`, `data.test`).");
}

fn place(entry: &Entry) -> String {
    match &entry.availability {
        Availability::BuiltIn => "built in".into(),
        Availability::At(folder) => folder.display().to_string(),
        Availability::Absent(_) => format!("absent; `convscope data get {}` fetches it", entry.name),
    }
}

fn info(name: &str, as_json: bool) -> Result<(), Failure> {
    let data = experiment::Data { source: name.into(), ..experiment::Data::default() };
    let experiment = experiment::Experiment { data, ..experiment::Experiment::default() };
    let info = catalogue::info(&experiment)?;
    if as_json {
        text::print_json(&json!(info));
        return Ok(());
    }
    text::print_line(&info.name);
    if let Some(entry) = &info.entry {
        text::print_line(&format!("{}. From: {}. Licence: {}.", entry.what, entry.origin, entry.licence));
        if let Availability::Absent(message) = &entry.availability {
            text::print_line(message);
        }
    }
    if let Some(contents) = &info.contents {
        print_contents(contents);
    }
    Ok(())
}

fn print_contents(contents: &Contents) {
    text::print_line(&format!(
        "{} to train on, {} to test on, each {}, with {}.",
        text::counted(contents.train as u64, "picture"),
        text::grouped(contents.test as u64),
        contents.extent,
        contents.labels.words()
    ));
    for (i, moments) in contents.channels.iter().enumerate() {
        text::print_line(&format!(
            "channel {i}: mean {:.4}, standard deviation {:.4}",
            moments.mean, moments.deviation
        ));
    }
    let header = match contents.labels {
        LabelKind::Classes => ["class", "train", "test"],
        LabelKind::Tags => ["tag", "train pictures", "test pictures"],
        LabelKind::Pixels => ["class", "train pixels", "test pixels"],
    };
    let mut rows = vec![header.map(String::from).to_vec()];
    let counts = contents.classes.iter();
    rows.extend(
        counts.map(|class| vec![class.name.clone(), class.train.to_string(), class.test.to_string()]),
    );
    text::print_table(&[false, true, true], &rows);
    contents.notes.iter().for_each(|note| text::print_line(note));
}
