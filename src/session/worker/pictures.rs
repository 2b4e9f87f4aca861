//! The worker and the pictures of its runs: opened, shared, fetched from the internet.

use std::sync::Arc;

use super::Worker;
use crate::session::RunId;
use crate::session::fetcher::{Download, DownloadStage};
use crate::session::loader::Loaded;
use crate::session::slot::Slot;
use crate::session::snapshot::PicturesState;

impl Worker {
    /// A run asks for other pictures than before.
    pub(super) fn want_pictures(&mut self, id: RunId) {
        if let Some(slot) = self.runs.get(id) {
            slot.want_pictures();
            self.open_pictures();
        }
    }

    /// Gives each run that waits for pictures those that are there, and begins to open others: first those of
    /// the current run.
    pub(super) fn open_pictures(&mut self) {
        let waits = |slot: &&mut Slot| matches!(slot.seen.pictures, PicturesState::Opening { .. });
        for slot in self.runs.slots.iter_mut().filter(waits) {
            if std::mem::take(&mut slot.doubts_pictures) {
                // Others may still have them; this run wants those that are on the disk now.
                self.loader.forget(&slot.wish());
            }
            if let Some(set) = self.loader.at_hand(&slot.wish()) {
                slot.take_pictures(Ok(set));
            }
        }
        let current = self.runs.current;
        let waiting = self.runs.slots.iter_mut().filter(waits);
        let Some(first) = waiting.min_by_key(|slot| Some(slot.id()) != current) else { return };
        if let Err(error) = self.loader.begin(first.wish()) {
            self.state.problem = Some(format!("The system gives no thread to read in: {error}."));
        }
    }

    pub(super) fn take_pictures(&mut self, loaded: Loaded) {
        let Some(answered) = self.loader.finish() else { return };
        let loaded = loaded.map(Arc::new);
        if let Ok(set) = &loaded {
            self.loader.keep(answered.clone(), set);
        }
        for slot in &mut self.runs.slots {
            let waits = matches!(slot.seen.pictures, PicturesState::Opening { .. });
            if waits && slot.wish() == answered {
                slot.take_pictures(loaded.clone());
            }
        }
        self.open_pictures();
    }

    /// Notes how a download goes. Pictures that failed for want of it are opened once it is there.
    pub(super) fn take_download(&mut self, report: Download) {
        self.fetcher.note(&report);
        if let DownloadStage::Done(_) = report.stage {
            let failed = |slot: &&mut Slot| matches!(&slot.seen.pictures, PicturesState::Failed { source, .. } if *source == report.name);
            self.runs.slots.iter_mut().filter(failed).for_each(Slot::want_pictures);
            self.open_pictures();
        }
        self.state.download = Some(report);
    }
}
