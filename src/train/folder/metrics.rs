//! `metrics.csv`: one row for each step, in the order of steps. A spreadsheet reads it as it is, and the program reads
//! it back when a run goes on.
//!
//! What a test found stands at the end of the row of the step before it, so that no cell of a training metric is
//! empty. To that end the last row is left without its end until the next one begins; the file only ever grows.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::train::curves::{Curves, StepRecord, TestRecord};

pub const FILE: &str = "metrics.csv";

const HEADER: &str = "step,epoch,loss,error,rate,seconds,batch,test_loss,test_error";

/// The longest row that is read; those that are written are a third of it.
const LONGEST_ROW: u64 = 512;

/// The file while it grows.
pub struct Metrics {
    file: File,
    written: Written,
    /// As far as it is known to be on the disk.
    synced: Written,
}

/// What the file holds of a run's curves.
#[derive(Clone, Copy, Default)]
struct Written {
    n_bytes: u64,
    n_steps: usize,
    n_tests: usize,
    /// The step whose row has no end yet.
    open: Option<u64>,
}

impl Metrics {
    /// An empty file in the folder.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        let mut metrics = Self { file, written: Written::default(), synced: Written::default() };
        metrics.write(format!("{HEADER}\n"), Written::default())?;
        Ok(metrics)
    }

    /// The file of a run whose first `n_bytes` hold the records of its first `n_steps` steps; what lies behind them
    /// was written after the checkpoint and is cut off.
    ///
    /// # Errors
    /// In words, what is wrong with the file.
    pub fn open(folder: &Path, n_bytes: u64, n_steps: u64) -> Result<(Self, Curves), String> {
        let path = folder.join(FILE);
        let in_words = |error: io::Error| format!("{FILE}: {error}");
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(in_words)?;
        let len = file.metadata().map_err(in_words)?.len();
        if len < n_bytes {
            return Err(format!("{FILE} has {len} bytes where the checkpoint counts on {n_bytes}"));
        }
        let (curves, open) = read(BufReader::new((&file).take(n_bytes)), n_steps)?;
        file.set_len(n_bytes).map_err(in_words)?;
        let (n_steps, n_tests) = (curves.len(), curves.tests.len());
        let written = Written { n_bytes, n_steps, n_tests, open };
        Ok((Self { file, written, synced: written }, curves))
    }

    /// Writes what is new in the curves. Where that fails (a full disk) the file stays as it was, and the same is
    /// written the next time.
    pub fn append(&mut self, curves: &Curves) -> io::Result<()> {
        let mut written = self.written;
        let mut text = String::new();
        let mut tests = curves.tests.iter().skip(written.n_tests).peekable();
        for record in curves.from(written.n_steps) {
            while let Some(test) = tests.next_if(|test| test.step < record.step) {
                written.test(&mut text, test);
            }
            written.step(&mut text, record);
        }
        tests.for_each(|test| written.test(&mut text, test));
        (written.n_steps, written.n_tests) = (curves.len(), curves.tests.len());
        self.write(text, written)
    }

    /// Waits until all of it is on the disk; how many bytes it has. What did not get there is written again the next
    /// time.
    pub fn sync(&mut self) -> io::Result<u64> {
        match self.file.sync_data() {
            Ok(()) => self.synced = self.written,
            Err(error) => {
                self.written = self.synced;
                return Err(error);
            }
        }
        Ok(self.written.n_bytes)
    }

    /// Puts text behind what there is, which then is as `after` says, but for the bytes.
    fn write(&mut self, text: String, after: Written) -> io::Result<()> {
        let begin = self.written.n_bytes;
        let wrote = self.file.seek(SeekFrom::Start(begin)).and_then(|_| self.file.write_all(text.as_bytes()));
        if let Err(error) = wrote {
            // Half a row must not stay; if it does, it is cut off when the run goes on.
            let _ = self.file.set_len(begin);
            return Err(error);
        }
        self.written = Written { n_bytes: begin + text.len() as u64, ..after };
        Ok(())
    }
}

/// The records of the first `n_steps` steps in a folder, which somebody else may be writing.
///
/// # Errors
/// In words, what is wrong with the file.
pub fn look(folder: &Path, n_bytes: u64, n_steps: u64) -> Result<Curves, String> {
    let file = File::open(folder.join(FILE)).map_err(|error| format!("{FILE}: {error}"))?;
    read(BufReader::new(file.take(n_bytes)), n_steps).map(|(curves, _)| curves)
}

/// Whether the folder's file has no row yet.
pub fn is_empty(folder: &Path) -> bool {
    let mut text = String::new();
    let file = File::open(folder.join(FILE));
    let read = file.and_then(|file| file.take(LONGEST_ROW).read_to_string(&mut text));
    read.is_ok() && text.trim_end() == HEADER
}

impl Written {
    fn step(&mut self, text: &mut String, record: &StepRecord) {
        self.close(text);
        let StepRecord { step, epoch, loss, error, rate, seconds, batch } = record;
        // The letter keeps spreadsheets from taking the digest for a number and rounding it.
        text.push_str(&format!("{step},{epoch:.6},{loss},{error},{rate},{seconds:.4},x{batch:016x}"));
        self.open = Some(*step);
    }

    fn test(&mut self, text: &mut String, test: &TestRecord) {
        let TestRecord { step, epoch, loss, error, seconds } = test;
        if self.open != Some(*step) {
            self.close(text);
            text.push_str(&format!("{step},{epoch:.6},,,,{seconds:.4},"));
        }
        text.push_str(&format!(",{loss},{error}\n"));
        self.open = None;
    }

    fn close(&mut self, text: &mut String) {
        if self.open.take().is_some() {
            text.push_str(",,\n");
        }
    }
}

/// The records of the first `n_steps` steps, and the step whose row has no end yet.
fn read(mut rows: impl BufRead, n_steps: u64) -> Result<(Curves, Option<u64>), String> {
    let mut curves = Curves::default();
    let mut open = None;
    let mut row = String::new();
    for number in 1.. {
        row.clear();
        let n = rows.by_ref().take(LONGEST_ROW).read_line(&mut row);
        let strange = || format!("row {number} of {FILE} is none that this program has written");
        if n.map_err(|_| strange())? == 0 {
            break;
        }
        match row.strip_suffix('\n') {
            Some(HEADER) if number == 1 => {}
            Some(row) if number > 1 => take(&mut curves, row, true).ok_or_else(strange)?,
            None if number > 1 => {
                take(&mut curves, &row, false).ok_or_else(strange)?;
                open = curves.last().map(|record| record.step);
            }
            _ => return Err(strange()),
        }
    }
    match curves.len() as u64 {
        found if found == n_steps => Ok((curves, open)),
        found => Err(format!("{FILE} tells of {found} steps where the checkpoint counts on {n_steps}")),
    }
}

/// Takes one row, which has its end or not.
fn take(curves: &mut Curves, row: &str, is_whole: bool) -> Option<()> {
    let cells: Vec<&str> = row.split(',').collect();
    let [step, epoch, loss, error, rate, seconds, batch, tested @ ..] = &cells[..] else { return None };
    let (step, epoch, seconds): (u64, f64, f64) =
        (step.parse().ok()?, epoch.parse().ok()?, seconds.parse().ok()?);
    if !loss.is_empty() {
        let [loss, error, rate] = [loss, error, rate].map(|cell| cell.parse::<f32>().ok());
        let (loss, error, rate) = (loss?, error?, rate?);
        let batch = u64::from_str_radix(batch.strip_prefix('x')?, 16).ok()?;
        if step != curves.last().map_or(0, |record| record.step) + 1 {
            return None;
        }
        curves.push(StepRecord { step, epoch, loss, error, rate, seconds, batch });
    }
    match tested {
        [] if !is_whole => {}
        ["", ""] if is_whole => {}
        [loss, error] if is_whole => {
            let (loss, error) = (loss.parse().ok()?, error.parse().ok()?);
            curves.tests.push(TestRecord { step, epoch, loss, error, seconds });
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64, loss: f32) -> StepRecord {
        let epoch = step as f64 / 2.0;
        StepRecord { step, epoch, loss, error: 0.25, rate: 0.1, seconds: step as f64, batch: 0xab }
    }

    fn test(step: u64) -> TestRecord {
        TestRecord { step, epoch: step as f64 / 2.0, loss: 1.5, error: 0.125, seconds: step as f64 }
    }

    fn text(folder: &Path) -> String {
        std::fs::read_to_string(folder.join(FILE)).expect("the file")
    }

    const WHOLE: &str = "step,epoch,loss,error,rate,seconds,batch,test_loss,test_error
0,0.000000,,,,0.0000,,1.5,0.125
1,0.500000,2,0.25,0.1,1.0000,x00000000000000ab,,
2,1.000000,0.1,0.25,0.1,2.0000,x00000000000000ab,1.5,0.125
3,1.500000,NaN,0.25,0.1,3.0000,x00000000000000ab,,
4,2.000000,inf,0.25,0.1,4.0000,x00000000000000ab,1.5,0.125
";

    /// However the records come in, and wherever the run is cut and goes on.
    #[test]
    fn a_file_that_is_cut_grows_to_what_it_would_have_been() {
        let losses = [2.0, 0.1, f32::NAN, f32::INFINITY];
        for cut in 0..=4_usize {
            let folder = tempfile::tempdir().expect("a folder");
            let mut curves = Curves::default();
            curves.tests.push(test(0));
            let mut metrics = Metrics::create(folder.path()).expect("room");
            let mut kept = None;
            for (i, loss) in losses.into_iter().enumerate() {
                if i == cut {
                    metrics.append(&curves).expect("room");
                    kept = Some((metrics.sync().expect("room"), i as u64));
                }
                curves.push(step(i as u64 + 1, loss));
                if i % 2 == 1 {
                    curves.tests.push(test(i as u64 + 1));
                }
            }
            metrics.append(&curves).expect("room");
            assert_eq!(text(folder.path()), WHOLE);
            drop(metrics);
            let (n_bytes, n_steps) = kept.unwrap_or((WHOLE.len() as u64, 4));
            let (mut metrics, found) = Metrics::open(folder.path(), n_bytes, n_steps).expect("its own file");
            assert_eq!(found.len(), n_steps as usize);
            assert_eq!(text(folder.path()), WHOLE[..n_bytes as usize]);
            metrics.append(&curves).expect("room");
            assert_eq!(text(folder.path()), WHOLE);
        }
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE), WHOLE).expect("room");
        let (_, curves) = Metrics::open(folder.path(), WHOLE.len() as u64, 4).expect("its own file");
        assert_eq!(curves.from(0).next(), Some(&step(1, 2.0)));
        assert!(curves.from(2).next().is_some_and(|record| record.loss.is_nan()));
        assert_eq!(curves.tests, [test(0), test(2), test(4)]);
    }

    #[test]
    fn other_files_are_refused_with_the_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let check = |text: &str, n_steps: u64, words: &str| {
            std::fs::write(folder.path().join(FILE), text).expect("room");
            let found = Metrics::open(folder.path(), text.len() as u64, n_steps);
            let message = found.err().expect("refused");
            assert!(message.contains(words), "`{words}` is not in: {message}");
        };
        let header = format!("{HEADER}\n");
        check("", 1, "tells of 0 steps");
        check("step,loss\n1,2\n", 1, "row 1");
        check(&header[..9], 0, "row 1");
        check(&format!("{header}2,1,1,1,1,1,x1,,\n"), 1, "row 2");
        check(&format!("{header}1,1,1,1,1,1,1,,\n"), 1, "row 2");
        check(&format!("{header}1,1,1,1,1,1,x1,,\n\u{0}\n"), 1, "row 3");
        check(&format!("{header}{}", "1".repeat(10_000)), 1, "row 2");
        check(WHOLE, 5, "tells of 4 steps");
        let found = Metrics::open(folder.path(), 10_000, 4).err().expect("refused");
        assert!(found.contains("10000"), "{found}");
    }
}
