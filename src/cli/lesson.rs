//! `convscope lesson`.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Failure, text};
use crate::engine::{self, DeviceChoice};
use crate::lessons::bench::{Trial, Verdict};
use crate::lessons::{Form, Lesson, shipped, template};

#[derive(clap::Args)]
pub struct LessonArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the lessons that ship.
    List {
        /// Print the result as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run lessons without a window and hold each of their checks against what is measured.
    Check(CheckArguments),
    /// Write the folder of a new lesson, to be edited.
    New {
        /// The folder, whose last name is the lesson's.
        folder: PathBuf,
    },
}

#[derive(clap::Args)]
struct CheckArguments {
    /// Lessons by name or number, or the paths of folders or zip archives.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,

    /// All lessons that ship.
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// With how many seeds each lesson is run.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    seeds: u64,

    /// Smaller and with fewer steps: whether everything still works, not whether the claims hold.
    #[arg(long, conflicts_with = "full")]
    short: bool,

    /// With the settings of the papers; needs their data, and a GPU or patience.
    #[arg(long)]
    full: bool,

    /// Where to compute: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "auto", value_parser = super::device)]
    device: DeviceChoice,

    /// Print the results as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// What one lesson's checks came to.
struct Report {
    lesson: Lesson,
    seconds: f64,
    /// For each seed, the verdict on each check.
    by_seed: Vec<Vec<Verdict>>,
}

pub(super) fn run(arguments: &LessonArguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::List { json } => list(*json),
        Command::Check(arguments) => check(arguments),
        Command::New { folder } => {
            template::write(folder)?;
            let path = folder.display();
            text::print_line(&format!(
                "{path} is written. Edit it; `convscope lesson check {path}` tries it."
            ));
            Ok(())
        }
    }
}

fn list(as_json: bool) -> Result<(), Failure> {
    let lessons = shipped::names().map(shipped::get).collect::<Result<Vec<_>, _>>()?;
    if as_json {
        let row = |lesson: &Lesson| {
            json!({
                "name": lesson.name,
                "number": lesson.number,
                "title": lesson.title,
                "summary": lesson.summary,
                "minutes": lesson.minutes,
                "checks": lesson.checks.len(),
            })
        };
        text::print_json(&lessons.iter().map(row).collect());
        return Ok(());
    }
    let mut rows = vec![["", "lesson", "minutes", "checks", "shows"].map(str::to_string).to_vec()];
    for lesson in &lessons {
        rows.push(vec![
            lesson.number.map_or(String::new(), |number| number.to_string()),
            lesson.name.clone(),
            lesson.minutes.to_string(),
            lesson.checks.len().to_string(),
            lesson.summary.clone(),
        ]);
    }
    text::print_table(&[true, false, true, true, false], &rows);
    Ok(())
}

fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let lessons = match arguments.all {
        true => shipped::names().map(shipped::get).collect::<Result<Vec<_>, _>>()?,
        // Found out now rather than after the lessons before it have run.
        false => arguments.names.iter().map(|name| shipped::resolve(name)).collect::<Result<Vec<_>, _>>()?,
    };
    let device = engine::open(&arguments.device)?;
    let mut reports = Vec::new();
    for lesson in lessons {
        let report = try_lesson(lesson, arguments, &device);
        if !arguments.json {
            print_report(&report, arguments.seeds);
        }
        reports.push(report);
    }
    if arguments.json {
        text::print_json(&reports.iter().map(Report::to_json).collect());
    }
    let broken = reports.iter().filter(|report| !report.holds()).map(|report| report.lesson.name.as_str());
    let broken: Vec<&str> = broken.collect();
    match broken.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(format!("Not every check holds in {}.", broken.join(", ")))),
    }
}

fn try_lesson(
    lesson: Lesson,
    arguments: &CheckArguments,
    device: &std::sync::Arc<dyn crate::engine::Device>,
) -> Report {
    let bar = ProgressBar::new(1000);
    let style = "{bar:30} {msg}  {elapsed}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let seed = Cell::new(0);
    let hear = |experiment: &str, share: f64| {
        let of_seeds = if arguments.seeds > 1 { format!(", seed {}", seed.get() + 1) } else { String::new() };
        bar.set_message(format!("{}: {experiment}{of_seeds}", lesson.name));
        bar.set_position((1000.0 * share) as u64);
        true
    };
    let form = match (arguments.short, arguments.full) {
        (true, _) => Form::Short,
        (_, true) => Form::Full,
        _ => Form::Quick,
    };
    let limit = match form {
        // A week: the papers' settings take what they take.
        Form::Full => Duration::from_secs(7 * 24 * 3600),
        _ => Duration::from_secs(4 * 60 * lesson.minutes as u64),
    };
    let begin = Instant::now();
    let mut by_seed = Vec::new();
    for number in 0..arguments.seeds {
        seed.set(number);
        let trial =
            Trial { device: device.clone(), form, seed: number, limit, hear: &hear, note: &|_, _, _| {} };
        by_seed.push(trial.check(&lesson));
    }
    bar.finish_and_clear();
    Report { seconds: begin.elapsed().as_secs_f64(), by_seed, lesson }
}

impl Report {
    /// With how many seeds a check held.
    fn n_held(&self, check: usize) -> usize {
        self.by_seed.iter().filter(|verdicts| verdicts[check].held).count()
    }

    /// Whether a check held with as many seeds as the lesson says it does.
    fn holds_at(&self, check: usize) -> bool {
        let of_four = self.lesson.checks[check].of_four;
        4 * self.n_held(check) >= of_four * self.by_seed.len()
    }

    fn holds(&self) -> bool {
        (0..self.lesson.checks.len()).all(|check| self.holds_at(check))
    }

    fn to_json(&self) -> serde_json::Value {
        let check = |(i, first): (usize, &Verdict)| {
            let mut value = json!({
                "name": first.name,
                "expected": first.expected,
                "observed": first.observed,
                "held": self.holds_at(i),
            });
            if first.observed.is_none() {
                value["problem"] = json!(first.shown);
            }
            if self.by_seed.len() > 1 {
                let observed: Vec<_> = self.by_seed.iter().map(|verdicts| verdicts[i].observed).collect();
                value["seeds"] =
                    json!({ "held": self.n_held(i), "of": self.by_seed.len(), "observed": observed });
            }
            value
        };
        json!({
            "lesson": self.lesson.name,
            "seconds": self.seconds,
            "checks": self.by_seed[0].iter().enumerate().map(check).collect::<Vec<_>>(),
        })
    }
}

fn print_report(report: &Report, n_seeds: u64) {
    let lesson = &report.lesson;
    text::print_line(&format!("{}  ({:.0} s)", lesson.title, report.seconds));
    let mut rows = Vec::new();
    for (i, check) in lesson.checks.iter().enumerate() {
        let mut observed: Vec<String> =
            report.by_seed.iter().map(|verdicts| verdicts[i].shown.clone()).collect();
        observed.dedup();
        let word = match (report.holds_at(i), n_seeds) {
            (true, 1) => "holds".to_string(),
            (false, 1) => "DOES NOT HOLD".to_string(),
            (held, n) => {
                format!("{} with {} of {n}", if held { "held" } else { "HELD ONLY" }, report.n_held(i))
            }
        };
        rows.push(vec![
            format!("  {}", check.name),
            format!("expected {}", report.by_seed[0][i].expected),
            format!("observed {}", observed.join(", ")),
            word,
        ]);
    }
    text::print_table(&[false; 4], &rows);
}
