//! `convscope bench`: how fast this machine trains and evaluates the standard work.
//!
//! Each piece of work is measured in a process of its own, so that its memory and its start are its own too;
//! this file starts them and prints what they found, [`measure`] is what they do.

mod measure;
mod profile;
mod work;

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{Failure, text};
use crate::engine::{self, DeviceChoice};
use work::Work;

#[derive(clap::Args)]
pub struct BenchArguments {
    /// Which work, by name; all of it where none is named.
    work: Vec<String>,

    /// Where to compute: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "auto")]
    device: String,

    /// Threads on the CPU instead of one for each core.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,

    /// Seconds to spend on training, and again on evaluation, for each piece of work.
    #[arg(long, default_value_t = 4.0, value_parser = seconds)]
    seconds: f64,

    /// Also print where a step's time goes, op by op.
    #[arg(long)]
    profile: bool,

    /// Train exactly so many steps, in this process, and measure nothing: for tools that count instructions.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["profile", "seconds"])]
    steps: Option<u64>,

    /// On a GPU, first measure by which tiles the products of this work are made quickest, as every run on a hardware
    /// GPU does by and by; what is found is kept for all runs.
    #[arg(long)]
    tune: bool,

    /// Print one line of JSON for each piece of work.
    #[arg(long)]
    json: bool,

    /// The parent's clock when it started this process, in seconds; measure one piece of work here.
    #[arg(long, hide = true)]
    started_at: Option<f64>,
}

pub(super) fn run(arguments: &BenchArguments) -> Result<(), Failure> {
    let chosen = chosen(&arguments.work)?;
    let device: DeviceChoice = arguments.device.parse().unwrap_or_default();
    if let Some(n_steps) = arguments.steps {
        let device = engine::open(&device)?;
        return chosen.iter().try_for_each(|work| {
            text::print_json(&measure::train(work, &device, n_steps)?);
            Ok(())
        });
    }
    if let Some(started_at) = arguments.started_at {
        return chosen.iter().try_for_each(|work| {
            let since_start = Duration::from_secs_f64((now_secs() - started_at).max(0.0));
            let device =
                if arguments.tune { engine::open_measuring(&device) } else { engine::open(&device) }?;
            text::print_json(&measure::measure(work, &device, arguments, since_start)?);
            Ok(())
        });
    }
    // A device that is not there is found out before anything is printed.
    let info = engine::open(&device)?.info().clone();
    if !arguments.json {
        text::print_line(&format!("On {} ({}); medians.", info.name, info.detail));
    }
    for work in chosen {
        let found = in_own_process(work, arguments)?;
        match arguments.json {
            true => text::print_json(&found),
            false => print(&found),
        }
    }
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Work>, Failure> {
    if names.is_empty() {
        return Ok(work::ALL.iter().collect());
    }
    let find = |name: &String| {
        work::ALL.iter().find(|work| work.name == name).ok_or_else(|| {
            let known: Vec<&str> = work::ALL.iter().map(|work| work.name).collect();
            Failure::BadInput(format!("There is no work `{name}` to measure; there is {}.", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

fn in_own_process(work: &Work, arguments: &BenchArguments) -> Result<Value, Failure> {
    let failed = |what: String| Failure::Failed(format!("Measuring `{}` failed: {what}", work.name));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["bench", work.name, "--device", &arguments.device]);
    command.arg(format!("--seconds={}", arguments.seconds));
    if arguments.profile {
        command.arg("--profile");
    }
    if arguments.tune {
        command.arg("--tune");
    }
    if let Some(threads) = arguments.threads {
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    command.arg(format!("--started-at={}", now_secs()));
    let output = command.stderr(Stdio::piped()).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let last = message.trim().lines().last().unwrap_or("it ended early");
        return Err(failed(last.trim_start_matches("convscope: ").to_string()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}

fn print(found: &Value) {
    let number = |path: &str| found.pointer(path).and_then(Value::as_f64);
    let shown = |path: &str, digits: usize| match number(path) {
        Some(number) => format!("{number:.digits$}"),
        None => "unknown".into(),
    };
    let share = number("/share_of_peak").map_or_else(String::new, |share| {
        format!(", {:.0} % of the {} of a matrix product", 100.0 * share, shown("/peak_gmacs", 0))
    });
    text::print_line(&format!(
        "{}: training {} images/s ({} ms a step, {} to {}), evaluation {} images/s, {} Gmultiply-adds/s{share}, \
         products right to {:.0e} of the largest number, first step after {} s, {} MiB",
        found["work"].as_str().unwrap_or_default(),
        shown("/train_images_per_second", 0),
        shown("/step_ms/median", 2),
        shown("/step_ms/least", 2),
        shown("/step_ms/most", 2),
        shown("/eval_images_per_second", 0),
        shown("/gmacs", 1),
        number("/product_error").unwrap_or(f64::NAN),
        shown("/first_step_seconds", 2),
        shown("/peak_memory_mib", 0),
    ));
    if let Some(profile) = found.get("profile") {
        profile::print(profile);
    }
}

fn now_secs() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds from 0.01 to 3600".into()),
    }
}
