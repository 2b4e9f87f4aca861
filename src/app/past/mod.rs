//! Runs of the past: what was open when the window was last closed, offered again; and the list of all that are on the
//! disk, to be opened, compared with or deleted.

mod acts;
mod list;
mod offer;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use egui::Context;

use super::latest::Latest;
use crate::session::Keeping;
use crate::train::folder::{self, Past};
pub use list::list_ui;
pub use offer::offer_ui;

/// What the window remembers of it from frame to frame.
pub struct State {
    /// Where runs are kept; none where the system has no place for that, and in tests.
    home: Option<PathBuf>,
    pub keeping: Keeping,
    pub is_open: bool,
    /// How often the list has been asked for.
    n_asked: u64,
    asked_at: Option<Instant>,
    found: Latest<u64, Vec<Past>>,
    /// The folder of the run that was in front when the window was last closed.
    pub in_front: Option<PathBuf>,
    /// Whether what was open has been offered.
    is_offered: bool,
    /// What is being offered.
    offer: Vec<Past>,
    /// The run that the question is about.
    deleting: Option<PathBuf>,
    words: String,
}

/// While the list is in sight it is looked up anew so often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Default for State {
    fn default() -> Self {
        Self::new(None)
    }
}

impl State {
    /// Of a window that keeps its runs there, as its user set it.
    pub fn new(home: Option<PathBuf>) -> Self {
        Self {
            keeping: home.as_deref().map_or(Keeping::NOTHING, Keeping::load),
            in_front: None,
            is_offered: home.is_none(),
            home,
            is_open: false,
            n_asked: 0,
            asked_at: None,
            found: Latest::default(),
            offer: Vec::new(),
            deleting: None,
            words: String::new(),
        }
    }

    /// The list as it was found last; none before it was looked up at all.
    fn found(&mut self, ctx: &Context) -> Option<&[Past]> {
        let home = self.home.clone()?;
        let (_, found) = self.found.get(ctx, &self.n_asked, || move || folder::list(&home))?;
        Some(found)
    }

    /// Has the list looked up anew.
    fn look_again(&mut self) {
        self.n_asked += 1;
        self.asked_at = Some(Instant::now());
    }

    /// Looks up what was open when the window was last closed, once.
    pub fn follow(&mut self, ctx: &Context) {
        if self.is_offered {
            return;
        }
        if let Some(found) = self.found(ctx) {
            self.offer = offer::of(found);
            self.is_offered = true;
        }
    }
}
