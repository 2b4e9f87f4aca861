//! The thread that writes run folders, one piece of work after the other. A folder goes to it with its work and comes
//! back with what came of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::data::DataSet;
use crate::session::RunId;
use crate::train::TrainError;
use crate::train::curves::Curves;
use crate::train::folder::{self, Folder, FolderError, Open, Still};

/// A folder, and whether it holds more than the first steps of a run.
pub struct Held {
    pub folder: Folder,
    pub is_worth_keeping: bool,
}

/// Something to be written of a run that has begun so often.
pub struct Job {
    pub of: (RunId, u64),
    pub work: Work,
}

pub enum Work {
    /// Makes a folder, with a first checkpoint.
    Begin {
        home: PathBuf,
        set: Arc<DataSet>,
        still: Box<Still>,
        open: Option<Open>,
    },
    Checkpoint(Held, Box<Still>, Option<Open>),
    Append(Held, Curves),
    Note(Held, Option<Open>),
    /// With a last checkpoint, if there is one to write.
    Leave(Held, Option<Box<Still>>),
}

/// A folder that comes back.
pub struct Done {
    pub of: (RunId, u64),
    pub held: Option<Held>,
    /// The step of the checkpoint that was written, if one was asked for; or what went wrong.
    pub outcome: Result<Option<u64>, String>,
}

/// The way to the thread, which begins with the first piece of work.
#[derive(Default)]
pub struct Writer {
    thread: Option<(Sender<Job>, Receiver<Done>)>,
}

/// Attempts to find a name that no other program takes at the same moment.
const MOST_NAMES: usize = 20;

impl Writer {
    pub fn send(&mut self, job: Job) -> io::Result<()> {
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => spawn()?,
        };
        // The thread ends with this sender and not before.
        let _ = thread.0.send(job);
        self.thread = Some(thread);
        Ok(())
    }

    /// A folder that nobody goes on with.
    pub fn leave(&mut self, held: Held, last: Option<Box<Still>>) {
        // Without a thread the folder stays, which hurts nobody.
        let _ = self.send(Job { of: (RunId(0), 0), work: Work::Leave(held, last) });
    }

    /// Where folders come back, if any are under way.
    pub fn arrival(&self) -> Option<Receiver<Done>> {
        self.thread.as_ref().map(|(_, done)| done.clone())
    }
}

fn spawn() -> io::Result<(Sender<Job>, Receiver<Done>)> {
    let (jobs, inbox) = crossbeam_channel::unbounded::<Job>();
    let (sender, done) = crossbeam_channel::unbounded();
    let work = move || {
        for job in inbox {
            if let Some(done) = carry_out(job) {
                // The session may be gone; what was to be written is.
                let _ = sender.send(done);
            }
        }
    };
    std::thread::Builder::new().name("run folders".into()).spawn(work)?;
    Ok((jobs, done))
}

fn carry_out(Job { of, work }: Job) -> Option<Done> {
    let (held, outcome) = match work {
        Work::Begin { home, set, still, open } => match begin(&home, &set, &still, open.as_ref()) {
            Ok(folder) => (Some(Held { folder, is_worth_keeping: false }), Ok(Some(still.step()))),
            Err(error) => (None, Err(error)),
        },
        Work::Checkpoint(mut held, still, open) => {
            let written = held.folder.write(&still);
            let written = written.and_then(|()| Ok(note(&held.folder, open.as_ref())?));
            held.is_worth_keeping |= written.is_ok();
            (Some(held), written.map(|()| Some(still.step())))
        }
        Work::Append(mut held, curves) => {
            let appended = held.folder.append(&curves).map_err(TrainError::from);
            (Some(held), appended.map(|()| None))
        }
        Work::Note(held, open) => {
            let noted = note(&held.folder, open.as_ref()).map_err(TrainError::from);
            (Some(held), noted.map(|()| None))
        }
        Work::Leave(held, last) => {
            leave(held, last.as_deref());
            return None;
        }
    };
    Some(Done { of, held, outcome: outcome.map_err(|error| error.to_string()) })
}

fn begin(home: &Path, set: &DataSet, still: &Still, open: Option<&Open>) -> Result<Folder, TrainError> {
    let title = open.map_or("run", |open| &open.name);
    let mut n_tried = 1;
    let mut folder = loop {
        match Folder::begin(&folder::fresh(home, title), set, None) {
            // Another window was quicker.
            Err(FolderError::InUse { .. } | FolderError::Foreign { .. }) if n_tried < MOST_NAMES => {
                n_tried += 1
            }
            begun => break begun?,
        }
    };
    if let Err(error) = folder.write(still) {
        // Without a checkpoint it is no run, and would only be in the way.
        let path = folder.path.clone();
        drop(folder);
        folder::sweep_away(&path);
        return Err(error);
    }
    note(&folder, open)?;
    Ok(folder)
}

fn note(folder: &Folder, open: Option<&Open>) -> Result<(), FolderError> {
    match open {
        Some(open) => folder.note_open(open),
        None => folder::put_away(&folder.path),
    }
}

/// Nobody waits for it, and where the system refuses, the folder stays for the list of past runs.
fn leave(Held { mut folder, mut is_worth_keeping }: Held, last: Option<&Still>) {
    let path = folder.path.clone();
    if let Some(still) = last {
        // Where there is no room for it, the checkpoint before stays.
        is_worth_keeping |= folder.write(still).is_ok();
    }
    let _ = folder::put_away(&path);
    drop(folder);
    if !is_worth_keeping {
        let _ = folder::delete(&path);
    }
}
