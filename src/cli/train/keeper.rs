//! `--out` and `--resume`: when the run's folder is written.

use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::cli::Failure;
use crate::train::folder::{self, Folder, FolderError};
use crate::train::series::Series;
use crate::train::{Run, TrainError};

/// How often a checkpoint is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    Steps(u64),
    Time(Duration),
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is neither a number of steps (100) nor of seconds (20s)");
        match text.strip_suffix('s') {
            Some(seconds) => {
                let seconds: f64 = seconds.trim().parse().map_err(|_| wrong())?;
                match Duration::try_from_secs_f64(seconds) {
                    Ok(time) if time > Duration::ZERO => Ok(Self::Time(time)),
                    _ => Err(wrong()),
                }
            }
            None => text.parse().ok().filter(|&n| n > 0).map(Self::Steps).ok_or_else(wrong),
        }
    }
}

/// Writes a run's folder as the run goes on.
pub struct Keeper {
    pub folder: Folder,
    /// What is kept of the run beside its last checkpoint.
    series: Series,
    every: Every,
    /// When the last checkpoint was tried, and at which step.
    tried_at: Instant,
    tried_step: u64,
    /// The step of the last that is on the disk.
    on_disk: u64,
    /// Whether the user knows that the last attempt failed.
    has_told: bool,
}

impl Keeper {
    pub fn new(folder: Folder, every: Every, run: &mut Run) -> Result<Self, TrainError> {
        let step = run.progress().step;
        let mut series = Series::go_on(&run.graph, folder::kept(&folder.path, &run.graph, step));
        series.follow(run)?;
        Ok(Self {
            folder,
            series,
            every,
            tried_at: Instant::now(),
            tried_step: step,
            on_disk: step,
            has_told: false,
        })
    }

    /// Steps until a checkpoint is due, where it goes by steps, or the weights are to be kept.
    pub fn steps_left(&self, run: &Run) -> Option<u64> {
        let step = run.progress().step;
        let until_checkpoint = match self.every {
            Every::Steps(n) => Some(self.tried_step.saturating_add(n).saturating_sub(step)),
            Every::Time(_) => None,
        };
        let until_kept = self.series.steps_left(step);
        until_checkpoint.into_iter().chain(until_kept).min().map(|n| n.max(1))
    }

    /// Writes the metrics that are new, and a checkpoint where one is due. A disk that takes neither is told of once,
    /// and training goes on: the checkpoint before stands, and room may be made.
    pub fn keep(&mut self, run: &mut Run) -> Result<(), Failure> {
        self.series.follow(run)?;
        let is_due = match self.every {
            Every::Steps(n) => run.progress().step >= self.tried_step.saturating_add(n),
            Every::Time(time) => self.tried_at.elapsed() >= time,
        };
        let kept =
            if is_due { self.checkpoint(run) } else { self.folder.append(&run.curves).map_err(Into::into) };
        match kept {
            Err(TrainError::Folder(error @ FolderError::Write { .. })) => {
                if !self.has_told {
                    eprintln!(
                        "convscope: {error} Training goes on; the last checkpoint is that of step {}.",
                        self.on_disk
                    );
                }
                self.has_told = true;
                Ok(())
            }
            Err(error) => Err(error.into()),
            Ok(()) => {
                self.has_told &= !is_due;
                Ok(())
            }
        }
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// It could not be written.
    pub fn finish(&mut self, run: &mut Run) -> Result<(), Failure> {
        self.checkpoint(run).map_err(|error| match error {
            TrainError::Folder(error) => Failure::Failed(error.to_string()),
            error => error.into(),
        })
    }

    fn checkpoint(&mut self, run: &mut Run) -> Result<(), TrainError> {
        // Also where it fails the next one is due as much later: each attempt costs time.
        (self.tried_at, self.tried_step) = (Instant::now(), run.progress().step);
        self.folder.checkpoint(run)?;
        self.on_disk = run.progress().step;
        self.folder.keep_steps(run, self.series.kept())
    }

    /// How to go on from the last checkpoint.
    pub fn how_to_go_on(&self) -> String {
        format!(
            "Go on from step {} with `convscope train --resume {}`.",
            self.on_disk,
            self.folder.path.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_seconds_are_told_apart() {
        let seconds = |secs| Ok(Every::Time(Duration::from_secs_f64(secs)));
        assert_eq!("100".parse(), Ok(Every::Steps(100)));
        assert_eq!("20s".parse(), seconds(20.0));
        assert_eq!("0.5 s".parse(), seconds(0.5));
        for wrong in ["0", "-1", "0s", "-1s", "NaNs", "1e300s", "", "s", "20 steps"] {
            assert!(wrong.parse::<Every>().is_err_and(|message| message.contains("20s")), "{wrong}");
        }
    }
}
