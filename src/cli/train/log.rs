//! `--log`: one row of CSV for each step.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cli::{Failure, cannot_write};
use crate::train::Run;
use crate::train::curves::StepRecord;

pub struct Log {
    path: PathBuf,
    file: BufWriter<File>,
    /// What stands in the first column for each of several runs; nothing for one alone.
    names: Vec<String>,
    /// Rows of each run.
    n_rows: Vec<usize>,
}

impl Log {
    /// Whether there can be one. What is there already stays, and where nothing is, nothing is left.
    pub fn check_writable(path: &Path) -> Result<(), Failure> {
        // A link that leads nowhere yet is there as well, and stays.
        let is_there = path.symlink_metadata().is_ok();
        let opened = OpenOptions::new().append(true).create(true).open(path);
        let checked = opened.and_then(|_| if is_there { Ok(()) } else { std::fs::remove_file(path) });
        checked.map_err(|error| cannot_write(path, error))
    }

    /// For one run: `step,epoch,loss,error,rate,seconds`.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        Self::begin(path, Vec::new(), "step,epoch,loss,error,rate,seconds")
    }

    /// For several, with the digest of each batch, by which one sees that they saw the same pictures.
    pub fn of_several(path: &Path, names: Vec<String>) -> Result<Self, Failure> {
        Self::begin(path, names, "run,step,epoch,loss,error,rate,seconds,batch")
    }

    fn begin(path: &Path, names: Vec<String>, header: &str) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| cannot_write(path, error))?;
        let n_rows = vec![0; names.len().max(1)];
        let mut log = Self { path: path.into(), file: BufWriter::new(file), names, n_rows };
        log.line(header)?;
        Ok(log)
    }

    /// Writes the records that are new in the curves of run `i`, whoever brought them in.
    pub fn catch_up(&mut self, i: usize, run: &Run) -> Result<(), Failure> {
        run.curves.from(self.n_rows[i]).try_for_each(|record| self.row(i, record))?;
        self.n_rows[i] = run.curves.len();
        Ok(())
    }

    fn row(&mut self, i: usize, record: &StepRecord) -> Result<(), Failure> {
        let StepRecord { step, epoch, loss, error, rate, seconds, batch } = record;
        let row = format!("{step},{epoch:.6},{loss},{error},{rate},{seconds:.4}");
        match self.names.get(i) {
            Some(name) => self.line(&format!("{name},{row},x{batch:016x}")),
            None => self.line(&row),
        }
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.file, "{line}").map_err(|error| cannot_write(&self.path, error))
    }

    pub fn finish(&mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| cannot_write(&self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_leaves_all_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let [new, old] = ["new.csv", "old.csv"].map(|name| folder.path().join(name));
        std::fs::write(&old, "rows").expect("room");
        assert!([&new, &old].into_iter().all(|path| Log::check_writable(path).is_ok()));
        assert!(!new.exists());
        assert_eq!(std::fs::read_to_string(&old).expect("there"), "rows");
        #[cfg(unix)]
        {
            let link = folder.path().join("link.csv");
            std::os::unix::fs::symlink(&new, &link).expect("a link");
            assert!(Log::check_writable(&link).is_ok());
            assert!(link.symlink_metadata().is_ok(), "the link stays");
        }
    }
}
