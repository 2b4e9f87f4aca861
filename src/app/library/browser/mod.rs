//! The pictures enlarged: classes on the left, all pictures in the middle, the selected one and what becomes of it
//! on the right. The settings of the pictures stay beside it, so that a change is seen at once.

mod classes;
mod detail;
mod grid;
mod header;
mod portrait;
mod shown;

use std::sync::Arc;

use egui::{Context, Key, Modifiers, Rect, Ui, UiBuilder, vec2};

use crate::app::bridge::Desk;
use crate::app::latest::Latest;
use crate::app::theme;
use crate::app::widgets::{self, Gravity};
use crate::data::survey::Survey;
use crate::data::{DataSet, Split};
use crate::session::PicturesState;
use shown::Shown;

const CLASSES_WIDTH: f32 = 196.0;
const DETAIL_WIDTH: f32 = 352.0;

/// What the browser remembers from frame to frame.
#[derive(Default)]
pub struct State {
    pub is_open: bool,
    /// The pictures that are shown: those of the experiment, or while others are being read the ones before.
    set: Option<SetKey>,
    view: View,
    /// Index into the split.
    selected: usize,
    /// Whether the selected picture is to be scrolled to.
    jumps: bool,
    survey: Latest<(SetKey, Part), Arc<Survey>>,
    shown: Shown,
    classes: classes::State,
    grid: grid::State,
    portrait: portrait::State,
    detail: detail::State,
}

/// Which pictures are shown, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct View {
    part: Part,
    class: Option<usize>,
    /// Only those whose label noise made wrong.
    only_changed: bool,
    /// The plain pictures, without the tints of what their pixels show.
    is_plain: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Train,
    Test,
}

impl Part {
    fn of(self, set: &DataSet) -> &Split {
        match self {
            Self::Train => &set.train,
            Self::Test => &set.test,
        }
    }

    /// Before the word "picture".
    fn word(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Test => "test",
        }
    }
}

/// A data set as a key: the very same one, not an equal one.
#[derive(Clone)]
struct SetKey(Arc<DataSet>);

impl PartialEq for SetKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

pub fn browser_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    state.follow(desk);
    let Some(set) = state.set.clone() else {
        header::header_ui(ui, desk, state, None);
        return nothing_ui(ui, desk);
    };
    let survey = state.survey(ui.ctx(), &set);
    header::header_ui(ui, desk, state, Some((&set.0, survey.as_deref())));
    ui.add_space(theme::SMALL_GAP);
    let split = state.view.part.of(&set.0);
    state.shown.follow(&set, state.view, split.len(), survey.as_deref());
    if !state.shown.is_empty() && state.shown.place_of(state.selected).is_none() {
        state.selected = state.shown.at(0);
        state.jumps = true;
    }
    let area = ui.available_rect_before_wrap();
    let [left, right] = [area.left() + CLASSES_WIDTH, area.right() - DETAIL_WIDTH];
    let column = |from: f32, to: f32| Rect::from_x_y_ranges(from..=to, area.y_range());
    within_ui(ui, column(area.left(), left), |ui| {
        classes::classes_ui(ui, &mut state.classes, &set, survey.as_ref(), &mut state.view);
    });
    within_ui(ui, column(left + theme::MARGIN as f32, right - theme::MARGIN as f32), |ui| {
        grid::grid_ui(ui, state, &set);
    });
    within_ui(ui, column(right, area.right()), |ui| {
        egui::ScrollArea::vertical().id_salt("one picture").auto_shrink([false, false]).show(ui, |ui| {
            detail::detail_ui(ui, desk, state, &set);
            ui.separator();
            portrait::portrait_ui(ui, &mut state.portrait, &set, state.view, survey.as_deref());
        });
    });
    ui.advance_cursor_after_rect(area);
}

/// What there is instead of pictures.
fn nothing_ui(ui: &mut Ui, desk: &Desk<'_>) {
    match desk.snapshot.pictures() {
        PicturesState::Failed { message, .. } => widgets::message_ui(ui, Gravity::Problem, message, |_| {}),
        PicturesState::Opening { .. } | PicturesState::Ready(_) => {
            ui.add(egui::Spinner::new());
        }
    }
}

/// Draws within a part of the area.
fn within_ui(ui: &mut Ui, rect: Rect, contents: impl FnOnce(&mut Ui)) {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
    child.set_clip_rect(rect.expand2(vec2(2.0, 2.0)).intersect(ui.clip_rect()));
    contents(&mut child);
}

impl State {
    /// Takes over the pictures of the experiment, once they are there.
    fn follow(&mut self, desk: &Desk<'_>) {
        let PicturesState::Ready(ready) = desk.snapshot.pictures() else { return };
        if self.set.as_ref().is_none_or(|set| !Arc::ptr_eq(&set.0, &ready.set)) {
            // The same set with other noise keeps its place.
            let is_alike = self
                .set
                .as_ref()
                .is_some_and(|set| set.0.name == ready.set.name && set.0.classes == ready.set.classes);
            if !is_alike {
                (self.view, self.selected) = (View::default(), 0);
            }
            self.set = Some(SetKey(ready.set.clone()));
        }
        if let Some(set) = &self.set {
            self.view.only_changed &= set.0.clean.is_some() && self.view.part == Part::Train;
            self.selected = self.selected.min(self.view.part.of(&set.0).len().saturating_sub(1));
        }
    }

    /// The survey of the part that is shown, once it is made.
    fn survey(&mut self, ctx: &Context, set: &SetKey) -> Option<Arc<Survey>> {
        let key = (set.clone(), self.view.part);
        let made = self.survey.get(ctx, &key, || {
            let (set, part) = key.clone();
            move || {
                let clean = set.0.clean.as_ref().filter(|_| part == Part::Train);
                Arc::new(Survey::of(part.of(&set.0), set.0.extent, set.0.classes.len(), clean))
            }
        });
        made.filter(|(own, _)| *own == key).map(|(_, survey)| survey.clone())
    }

    /// What the keys do while the browser is open: the arrows go from picture to picture, Escape closes it.
    pub fn keys(&mut self, ctx: &Context) {
        if !self.is_open || ctx.egui_wants_keyboard_input() {
            return;
        }
        let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::Escape) {
            self.is_open = false;
            return;
        }
        let Some(last) = self.shown.len().checked_sub(1) else { return };
        let row = self.grid.across.max(1);
        let page = row * self.grid.rows_in_view.max(1);
        let now = self.shown.place_of(self.selected).unwrap_or(0);
        let moves: [(Key, usize); 8] = [
            (Key::ArrowLeft, now.saturating_sub(1)),
            (Key::ArrowRight, now + 1),
            (Key::ArrowUp, now.checked_sub(row).unwrap_or(now)),
            (Key::ArrowDown, if now + row > last { now } else { now + row }),
            (Key::PageUp, now.saturating_sub(page)),
            (Key::PageDown, now + page),
            (Key::Home, 0),
            (Key::End, last),
        ];
        for (key, place) in moves {
            if pressed(key) {
                self.selected = self.shown.at(place.min(last));
                self.jumps = true;
            }
        }
    }
}

/// What is known of a picture: its class, its tags, what its pixels show.
fn words(set: &DataSet, part: Part, index: usize) -> String {
    list(set, |class| part.of(set).labels.shows(index, class))
}

/// What was known of a training picture before noise, where that was something else.
fn words_before(set: &DataSet, part: Part, index: usize) -> Option<String> {
    let clean = set.clean.as_ref().filter(|_| part == Part::Train)?;
    (clean.bytes(index..index + 1) != set.train.labels.bytes(index..index + 1))
        .then(|| list(set, |class| clean.shows(index, class)))
}

fn list(set: &DataSet, is_shown: impl Fn(usize) -> bool) -> String {
    let shown = set.classes.iter().enumerate().filter(|(class, _)| is_shown(*class));
    let names: Vec<&str> = shown.map(|(_, name)| name.as_str()).collect();
    if names.is_empty() { "nothing that has a name".into() } else { names.join(", ") }
}
