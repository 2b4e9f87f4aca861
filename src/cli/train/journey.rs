//! From where a run stands to its end.

use indicatif::{ProgressBar, ProgressStyle};

use super::keeper::Keeper;
use super::log::Log;
use super::training;
use crate::cli::{Failure, interrupt, text};
use crate::engine::Part;
use crate::train::{Evaluation, Run};

/// A run, how far it is to go, and its folder if it has one.
pub struct Journey {
    pub run: Run,
    pub n_steps: u64,
    pub keeper: Option<Keeper>,
}

/// How it ended.
pub enum End {
    /// With what the last test found.
    Arrived(Evaluation),
    /// The user broke off; the folder has a checkpoint.
    Interrupted,
}

/// Steps between two looks at the progress, by time.
const LOOK_EVERY_SECS: f64 = 0.1;

impl Journey {
    /// Trains to the end, with a test after each epoch and at the end.
    pub fn travel(&mut self, mut log: Option<&mut Log>) -> Result<End, Failure> {
        if self.keeper.is_some() {
            interrupt::watch();
        }
        let bar = bar(&self.run, self.n_steps);
        let (mut per_step, mut burst) = (LOOK_EVERY_SECS, 1);
        let mut found = None;
        loop {
            if test_is_due(&self.run, self.n_steps) {
                found = Some(self.run.test()?);
                bar.suspend(|| eprintln!("{}", epoch_line(&self.run)));
            }
            let step = self.run.progress().step;
            if step >= self.n_steps {
                break;
            }
            if interrupt::came() {
                return self.break_off(log);
            }
            let (begin, finished) = (self.run.seconds(), self.run.curves.len());
            // At most twice as many as the last time: one hasty measurement must not start minutes of work.
            burst = ((LOOK_EVERY_SECS / per_step) as u64).clamp(1, 2 * burst).min(self.n_steps - step);
            let until_checkpoint = self.keeper.as_ref().and_then(|keeper| keeper.steps_left(&self.run));
            if self.run.advance(burst.min(until_checkpoint.unwrap_or(u64::MAX)))? == 0 {
                break;
            }
            // A GPU takes orders long before it has finished: what counts is what has come back.
            let n_finished = (self.run.curves.len() - finished).max(1);
            per_step = ((self.run.seconds() - begin) / n_finished as f64).max(1e-5);
            self.keep(&mut log)?;
            bar.set_position(self.run.progress().step);
            bar.set_message(message(&self.run));
        }
        bar.finish_and_clear();
        self.arrive(log, found)
    }

    /// Writes what the last steps brought.
    fn keep(&mut self, log: &mut Option<&mut Log>) -> Result<(), Failure> {
        if let Some(log) = log {
            log.catch_up(0, &self.run)?;
        }
        match &mut self.keeper {
            Some(keeper) => keeper.keep(&mut self.run),
            None => Ok(()),
        }
    }

    /// Writes everything that there is.
    fn finish(&mut self, log: Option<&mut Log>) -> Result<(), Failure> {
        self.run.collect(true)?;
        if let Some(log) = log {
            log.catch_up(0, &self.run)?;
            log.finish()?;
        }
        match &mut self.keeper {
            Some(keeper) => keeper.finish(&mut self.run),
            None => Ok(()),
        }
    }

    fn break_off(&mut self, log: Option<&mut Log>) -> Result<End, Failure> {
        self.finish(log)?;
        Ok(End::Interrupted)
    }

    fn arrive(&mut self, log: Option<&mut Log>, found: Option<Evaluation>) -> Result<End, Failure> {
        self.finish(log)?;
        if !training(&self.run).0.is_finite() && !self.run.curves.is_empty() {
            eprintln!(
                "convscope: The loss is no number any more: training has diverged. Try a lower `train.rate`."
            );
        }
        // A run that was finished before has its test behind it, which then is in its metrics already.
        let found = found.map_or_else(|| self.run.evaluate(Part::Test), Ok)?;
        Ok(End::Arrived(found))
    }

    /// How to go on from the folder, if there is one.
    pub fn how_to_go_on(&self) -> String {
        self.keeper.as_ref().map(Keeper::how_to_go_on).unwrap_or_default()
    }
}

/// Whether an epoch has ended, or the run, without its test.
pub fn test_is_due(run: &Run, n_steps: u64) -> bool {
    let progress = run.progress();
    let has_ended = progress.left_in_epoch() == progress.steps_per_epoch || progress.step >= n_steps;
    let is_tested = run.curves.tests.last().is_some_and(|test| test.step == progress.step);
    progress.step > 0 && has_ended && !is_tested
}

fn bar(run: &Run, n_steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(n_steps);
    let style = "{bar:30} {pos}/{len} steps  {msg}  {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_position(run.progress().step);
    bar.reset_eta();
    bar
}

fn message(run: &Run) -> String {
    match run.curves.mean_of_last(50) {
        Some((loss, error)) => {
            let speed = run.curves.len() as f64 * run.experiment.train.batch as f64 / run.seconds();
            format!("loss {loss:.4}  error {}  {}", text::percent(error), text::speed(speed))
        }
        None => String::new(),
    }
}

/// What an epoch brought, once it is tested.
pub fn epoch_line(run: &Run) -> String {
    let (loss, error) = training(run);
    let progress = run.progress();
    let epoch = (progress.epochs_done() * 1e4).round() / 1e4;
    let (test_loss, test_error) =
        run.curves.tests.last().map_or((f64::NAN, f64::NAN), |test| (test.loss, test.error));
    format!(
        "epoch {epoch:.4}  train loss {loss:.4} error {}  test loss {test_loss:.4} error {}  {:.1} s",
        text::percent(error),
        text::percent(test_error),
        run.seconds()
    )
}
