//! `convscope train`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{ExperimentArguments, Failure, cannot_write, text};
use crate::data::catalogue;
use crate::engine::{self, DeviceChoice};
use crate::train::curves::StepRecord;
use crate::train::{Evaluation, Run, TrainError, weights};

#[derive(clap::Args)]
pub struct TrainArguments {
    #[command(flatten)]
    experiment: ExperimentArguments,

    /// Where to compute: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "auto", value_parser = super::device)]
    device: DeviceChoice,

    /// Train for so many epochs instead of the experiment's.
    #[arg(long, conflicts_with = "steps", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    epochs: Option<u32>,

    /// Train for so many steps.
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

    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Steps between two looks at the progress, by time.
const LOOK_EVERY_SECS: f64 = 0.1;

pub(super) fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let mut experiment = arguments.experiment.resolve()?;
    if let Some(epochs) = arguments.epochs {
        experiment.train.epochs = epochs as usize;
    }
    let mut log = arguments.log.as_ref().map(Log::create).transpose()?;
    if let Some(path) = &arguments.save {
        // Found out now rather than after hours of training.
        weights::check_writable(path).map_err(TrainError::from)?;
    }
    let device = engine::open(&arguments.device)?;
    let set = Arc::new(catalogue::open(&experiment.data, experiment.seed)?);
    set.notes.iter().for_each(|note| eprintln!("convscope: {note}"));
    let mut run = Run::new(&experiment, set, device.clone())?;
    if let Some(steps) = arguments.steps {
        // As many epochs as the steps reach into.
        experiment.train.epochs = steps.div_ceil(run.progress().steps_per_epoch) as usize;
        run.adjust(&experiment);
    }
    if let Some(path) = &arguments.init {
        weights::load(&mut run, path)?;
    }
    let n_steps = arguments.steps.unwrap_or(run.progress().n_steps);
    eprintln!("convscope: {} on {} ({})", experiment.title, device.info().name, device.info().detail);
    let test = train(&mut run, n_steps, log.as_mut());
    // What was learned is kept, even where the training ended early.
    if let Some(path) = &arguments.save {
        let saved = weights::save(&run, path).map_err(Failure::from);
        if test.is_ok() {
            saved?;
        }
        if !training(&run).0.is_finite() {
            let path = path.display();
            eprintln!(
                "convscope: {path} holds what diverged training left; it cannot be evaluated or gone on from."
            );
        }
    }
    report(&run, test?, arguments.json);
    Ok(())
}

/// Trains for `n_steps`, with a test after each epoch and at the end; gives the last.
fn train(run: &mut Run, n_steps: u64, mut log: Option<&mut Log>) -> Result<Evaluation, Failure> {
    let bar = ProgressBar::new(n_steps);
    let style = "{bar:30} {pos}/{len} steps  {msg}  {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (mut per_step, mut burst) = (LOOK_EVERY_SECS, 1);
    let mut test = None;
    while run.progress().step < n_steps {
        let (begin, finished) = (run.seconds(), run.curves.len());
        // At most twice as many as the last time: one hasty measurement must not start minutes of work.
        burst = ((LOOK_EVERY_SECS / per_step) as u64).clamp(1, 2 * burst).min(n_steps - run.progress().step);
        run.advance(burst)?;
        // A GPU takes orders long before it has finished: what counts is what has come back.
        let n_finished = (run.curves.len() - finished).max(1);
        per_step = ((run.seconds() - begin) / n_finished as f64).max(1e-5);
        if let Some(log) = &mut log {
            log.catch_up(run)?;
        }
        bar.set_position(run.progress().step);
        bar.set_message(message(run));
        let progress = run.progress();
        if progress.left_in_epoch() == progress.steps_per_epoch && progress.step < n_steps {
            let found = run.test()?;
            bar.suspend(|| eprintln!("{}", epoch_line(run, found)));
            test = Some((progress.step, found));
        }
    }
    run.collect(true)?;
    if let Some(log) = &mut log {
        log.catch_up(run)?;
        log.finish()?;
    }
    let found = match test {
        Some((step, found)) if step == run.progress().step => found,
        _ => run.test()?,
    };
    bar.finish_and_clear();
    eprintln!("{}", epoch_line(run, found));
    if !training(run).0.is_finite() {
        eprintln!(
            "convscope: The loss is no number any more: training has diverged. Try a lower `train.rate`."
        );
    }
    Ok(found)
}

fn message(run: &Run) -> String {
    match run.curves.mean_of_last(50) {
        Some((loss, error)) => {
            let speed = run.curves.len() as f64 * run.experiment.train.batch as f64 / run.seconds();
            format!("loss {loss:.4}  error {}  {speed:.0} images/s", text::percent(error))
        }
        None => String::new(),
    }
}

/// Running training loss and error over the last epoch, or over all steps if they are fewer.
fn training(run: &Run) -> (f64, f64) {
    run.curves.mean_of_last(run.progress().steps_per_epoch as usize).unwrap_or((f64::NAN, f64::NAN))
}

fn epoch_line(run: &Run, test: Evaluation) -> String {
    let (loss, error) = training(run);
    let progress = run.progress();
    format!(
        "epoch {:.4}  train loss {loss:.4} error {}  test loss {:.4} error {}  {:.1} s",
        (progress.step as f64 / progress.steps_per_epoch as f64 * 1e4).round() / 1e4,
        text::percent(error),
        test.loss,
        text::percent(test.error),
        run.seconds()
    )
}

fn report(run: &Run, test: Evaluation, as_json: bool) {
    let (loss, error) = training(run);
    let progress = run.progress();
    let n_images = progress.step as f64 * run.experiment.train.batch as f64;
    let info = run.device().info();
    if as_json {
        text::print_json(&json!({
            "steps": progress.step,
            "epochs": progress.step as f64 / progress.steps_per_epoch as f64,
            "train_loss": loss,
            "train_error": error,
            "test_loss": test.loss,
            "test_error": test.error,
            "test_pictures": test.n_pictures,
            "images_per_second": n_images / run.seconds(),
            "device": info.name,
            "seconds": run.seconds(),
        }));
    } else {
        text::print_line(&format!(
            "{} steps: test error {} on {} pictures, training error {}, {:.0} images/s on {}",
            progress.step,
            text::percent(test.error),
            text::grouped(test.n_pictures as u64),
            text::percent(error),
            n_images / run.seconds(),
            info.name
        ));
    }
}

/// One row of CSV for each step.
struct Log {
    path: PathBuf,
    file: std::io::BufWriter<std::fs::File>,
    n_rows: usize,
}

impl Log {
    fn create(path: &PathBuf) -> Result<Self, Failure> {
        let file = std::fs::File::create(path).map_err(|error| cannot_write(path, error))?;
        let mut log = Self { path: path.clone(), file: std::io::BufWriter::new(file), n_rows: 0 };
        log.line("step,epoch,loss,error,rate,seconds")?;
        Ok(log)
    }

    /// Writes the records that are new in the curves, whoever brought them in.
    fn catch_up(&mut self, run: &Run) -> Result<(), Failure> {
        run.curves.from(self.n_rows).try_for_each(|record| self.row(record))?;
        self.n_rows = run.curves.len();
        Ok(())
    }

    fn row(&mut self, record: &StepRecord) -> Result<(), Failure> {
        let StepRecord { step, epoch, loss, error, rate, seconds, .. } = record;
        self.line(&format!("{step},{epoch:.6},{loss},{error},{rate},{seconds:.4}"))
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.file, "{line}").map_err(|error| cannot_write(&self.path, error))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| cannot_write(&self.path, error))
    }
}
