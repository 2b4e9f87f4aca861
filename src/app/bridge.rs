//! What ties the panels to the engine: one way to read, one way to send. A test puts its own ends in.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use super::action::Action;
use super::editor::{Editor, Fault};
use crate::experiment::changes::Change;
use crate::experiment::figures::counted;
use crate::experiment::file::Lock;
use crate::inspect::look::Look;
use crate::session::{At, Command, RunId, Seen, Snapshot, Watch};
use crate::train::folder::Past;

/// Reads the latest snapshot and sends commands; neither waits.
pub struct Bridge {
    read: Box<dyn Fn() -> Arc<Snapshot>>,
    send: Box<dyn Fn(Command)>,
}

impl Bridge {
    pub fn new(read: impl Fn() -> Arc<Snapshot> + 'static, send: impl Fn(Command) + 'static) -> Self {
        Self { read: Box::new(read), send: Box::new(send) }
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        (self.read)()
    }

    pub fn send(&self, command: Command) {
        (self.send)(command);
    }
}

/// What a panel has before it in one frame: the engine's state to read, the experiment to edit, and the list
/// of what is to be done when the frame is drawn.
pub struct Desk<'a> {
    pub snapshot: &'a Snapshot,
    /// The run in front, whose experiment is edited.
    pub run: RunId,
    pub editor: &'a mut Editor,
    /// Whether what is seldom touched stands back: the window is shown to a hall.
    pub is_presenting: bool,
    pub requests: &'a mut Vec<Request>,
    /// What is to be seen: only what a panel asked for in this frame is computed.
    pub watch: &'a RefCell<Watch>,
    /// Which weights of the run in front are looked at.
    pub at: At,
    /// What the open lesson withholds from the run in front.
    pub hold: &'a Hold,
}

/// What an open lesson withholds from its own run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hold {
    /// What of the experiment may not be changed.
    pub lock: Lock,
    /// What is to be done before the run begins, in a sentence.
    pub first: Option<String>,
}

/// What a panel asks the window to do.
#[derive(Debug)]
pub enum Request {
    Do(Action),
    Send(Command),
    /// Brings a run to the front.
    Select(RunId),
    /// Adds a copy of a run and brings it to the front.
    Duplicate(RunId),
    /// Adds runs that go in lockstep with the one in front and differ from it in one thing each.
    Beside(Vec<Change>),
    /// The run in front goes back to what it trained, and a new one trains what was changed.
    StartBeside,
    /// Takes a run away; the next comes to the front.
    Remove(RunId),
    /// Brings back the run that was removed last.
    Restore,
    /// Opens these runs of the past.
    GoOn(Vec<Past>),
    /// Notes that these runs of the past are open no more.
    PutAway(Vec<Past>),
    /// Draws the curves of the past run in this folder beside the present ones, or no more.
    Compare(PathBuf),
    LeaveOut(PathBuf),
    /// Deletes the past run in this folder for good.
    DeleteRun(PathBuf),
    /// Opens the experiment of this name or path.
    Load(String),
    /// Opens the lesson that ships under this name.
    OpenLesson(String),
    /// Shows the text of the experiment's file.
    ShowText,
    /// Brings into view where it is told what keeps training from beginning.
    ShowFault(Fault),
    /// Takes all runs away and puts these in their place, in lockstep.
    SetTable(Vec<(String, crate::experiment::Experiment)>),
    /// Tells of something in the bar.
    Say(super::widgets::Gravity, String),
    /// Opens the window that asks for a path.
    AskPath(super::files::Purpose),
}

impl<'a> Desk<'a> {
    /// Asks for a look at the run in front, and gives what has been seen so far: until there is something, what was
    /// seen last of another picture.
    pub fn look(&self, look: Look) -> Option<&'a Seen> {
        self.look_at(self.front(), look)
    }

    /// The same of any run; of another than the one in front as it stands.
    pub fn look_at(&self, run: RunId, look: Look) -> Option<&'a Seen> {
        let at = if run == self.front() { &self.at } else { &At::Now };
        let seen = self.snapshot.seen_of(run, at, &look);
        self.watch.borrow_mut().ask(self.front(), run, at, look);
        seen
    }

    /// The run in front as the session knows it.
    pub fn front(&self) -> RunId {
        self.snapshot.current.unwrap_or(self.run)
    }

    pub fn act(&mut self, action: Action) {
        self.requests.push(Request::Do(action));
    }

    /// What keeps training from beginning, in a sentence.
    pub fn obstacle(&self) -> Option<String> {
        self.fault().map(|(_, message)| message)
    }

    /// The same, and where it is told and can be mended.
    pub fn fault(&self) -> Option<(Fault, String)> {
        use crate::session::PicturesState;
        let pictures = match self.snapshot.pictures() {
            PicturesState::Failed { message, .. } => Some((Fault::Library, message.clone())),
            PicturesState::Ready(ready) => {
                let experiment = &self.editor.experiment;
                let augment = experiment.data.augment.check(ready.set.extent).err();
                batch_problem(experiment.train.batch, ready.set.train.len())
                    .map(|message| (Fault::Batch, message))
                    .or(augment.map(|problem| (Fault::Library, problem.message)))
            }
            PicturesState::Opening { .. } => None,
        };
        self.editor.fault().or(pictures)
    }
}

fn batch_problem(batch: usize, n_train: usize) -> Option<String> {
    (batch > n_train).then(|| {
        format!(
            "A batch of {batch} is larger than the {}. Make the batch smaller.",
            counted(n_train as u64, "training picture")
        )
    })
}
