//! What the list holds, one line each.

use egui::Context;
use lucide_icons::Icon;

use crate::app::action::Action;
use crate::app::bridge::Request;
use crate::experiment::shipped;
use crate::lessons;
use crate::session::{RunId, Snapshot};

/// Something that can be done.
pub struct Entry {
    pub icon: Icon,
    /// What sort of thing it opens; empty for actions.
    pub kind: String,
    pub label: String,
    /// What it does or is about, in a sentence.
    pub help: String,
    /// Its key as written on this system; empty where it has none.
    pub keys: String,
    deed: Deed,
}

enum Deed {
    Do(Action),
    Load(&'static str),
    Read(&'static str),
    Select(RunId),
}

impl Entry {
    pub fn request(&self) -> Request {
        match self.deed {
            Deed::Do(action) => Request::Do(action),
            Deed::Load(name) => Request::Load(name.into()),
            Deed::Read(name) => Request::OpenLesson(name.into()),
            Deed::Select(run) => Request::Select(run),
        }
    }
}

/// Actions, then the runs that are there, lessons and experiments.
pub fn all(ctx: &Context, snapshot: &Snapshot) -> Vec<Entry> {
    // It is open already.
    let actions = Action::ALL.into_iter().filter(|action| *action != Action::Search);
    let actions = actions.map(|action| Entry {
        icon: action.icon(),
        kind: String::new(),
        label: action.label().into(),
        help: action.help().into(),
        keys: action.shortcut_text(ctx),
        deed: Deed::Do(action),
    });
    let others = snapshot.runs.iter().filter(|run| Some(run.id) != snapshot.current);
    let runs = others.map(|run| Entry {
        icon: Icon::ChartLine,
        kind: "Run".into(),
        label: run.name.clone(),
        help: format!("Brings this run to the front: {}.", run.experiment.title),
        keys: String::new(),
        deed: Deed::Select(run.id),
    });
    let lessons = lessons::shipped::names().filter_map(|name| {
        let lesson = lessons::shipped::get(name).ok()?;
        let (icon, kind, deed) = (Icon::BookOpen, "Lesson".into(), Deed::Read(name));
        Some(Entry { icon, kind, label: lesson.title, help: lesson.summary, keys: String::new(), deed })
    });
    let experiments = shipped::names().filter_map(|name| {
        let help = shipped::summary(name).unwrap_or_default().into();
        let (icon, kind, deed) = (Icon::FlaskConical, "Experiment".into(), Deed::Load(name));
        Some(Entry { icon, kind, label: shipped::title(name)?, help, keys: String::new(), deed })
    });
    actions.chain(runs).chain(lessons).chain(experiments).collect()
}
