//! A published data set fetched by a thread of its own, one at a time.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

use crate::data::catalogue;
use crate::data::download::{self, DownloadError, Progress, Stage};

/// A published data set on its way from the internet.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    /// Its name in the catalogue.
    pub name: String,
    pub stage: DownloadStage,
}

#[derive(Clone, Debug, PartialEq)]
pub enum DownloadStage {
    Going {
        /// Bytes that are here, and bytes of all.
        done: u64,
        bytes: u64,
        /// None until it can be told.
        seconds_left: Option<f64>,
        /// Whether checksums are being computed or files unpacked.
        is_checking: bool,
    },
    /// It lies in this folder.
    Done(PathBuf),
    Stopped,
    /// With a sentence for a person.
    Failed(String),
}

#[derive(Default)]
pub struct Fetcher {
    under_way: Option<(Receiver<Download>, Arc<AtomicBool>)>,
}

impl Fetcher {
    /// Begins to fetch the data set of this name, unless one is being fetched. What arrives says how it goes.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        if self.under_way.is_some() {
            return Ok(());
        }
        let (sender, receiver) = crossbeam_channel::unbounded();
        let cancel = Arc::new(AtomicBool::new(false));
        let (name, own_cancel) = (name.to_owned(), cancel.clone());
        std::thread::Builder::new()
            .name("download".into())
            .spawn(move || fetch(&name, &own_cancel, &sender))?;
        self.under_way = Some((receiver, cancel));
        Ok(())
    }

    /// Stops what is being fetched within a moment.
    pub fn stop(&self) {
        if let Some((_, cancel)) = &self.under_way {
            cancel.store(true, Ordering::Relaxed);
        }
    }

    /// Where reports arrive, if anything is under way.
    pub fn arrival(&self) -> Option<Receiver<Download>> {
        self.under_way.as_ref().map(|(receiver, _)| receiver.clone())
    }

    /// Takes note of a report: after the last one another data set can be fetched.
    pub fn note(&mut self, report: &Download) {
        if !matches!(report.stage, DownloadStage::Going { .. }) {
            self.under_way = None;
        }
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.stop();
    }
}

fn fetch(name: &str, cancel: &AtomicBool, sender: &Sender<Download>) {
    // Nobody may be listening any more.
    let tell = |stage| drop(sender.send(Download { name: name.to_owned(), stage }));
    let Some(offer) = catalogue::offer(name) else {
        return tell(DownloadStage::Failed(format!("There is no address to fetch `{name}` from.")));
    };
    let mut clock = Clock::default();
    let result = download::fetch(&offer, cancel, &mut |progress| tell(clock.going(progress)));
    tell(match result {
        Ok(folder) => DownloadStage::Done(folder),
        Err(DownloadError::Cancelled) => DownloadStage::Stopped,
        Err(error) => DownloadStage::Failed(error.to_string()),
    });
}

/// Tells the time that is left by the speed of this download so far.
#[derive(Default)]
struct Clock {
    /// When the first bytes of this download came, and how many were there already.
    begin: Option<(Instant, u64)>,
}

impl Clock {
    fn going(&mut self, progress: Progress) -> DownloadStage {
        let Progress { stage, done, bytes } = progress;
        let (begin, before) = *self.begin.get_or_insert((Instant::now(), done));
        let (elapsed, came) = (begin.elapsed().as_secs_f64(), done.saturating_sub(before) as f64);
        let seconds_left =
            (elapsed > 1.0 && came > 0.0).then(|| bytes.saturating_sub(done) as f64 * elapsed / came);
        DownloadStage::Going { done, bytes, seconds_left, is_checking: stage == Stage::Checking }
    }
}
