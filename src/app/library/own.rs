//! A folder of one's own pictures: what was found in it, and how much of it is held out for testing, before it is
//! used.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use egui::{Context, ProgressBar, RichText, ScrollArea, Slider, Ui, vec2};

use super::choose;
use crate::app::format;
use crate::app::theme;
use crate::app::widgets::{self, Gravity};
use crate::data::HOLD_OUT;
use crate::data::findings::{Examination, Findings, Unreadable, examine};
use crate::experiment::Data;

/// What is remembered from frame to frame.
#[derive(Default)]
pub struct State {
    asking: Option<Asking>,
}

/// A folder that is being looked through, or that has been.
struct Asking {
    path: PathBuf,
    examination: Arc<Examination>,
    /// None from those that need no question.
    answer: Receiver<Option<Findings>>,
    found: Option<Findings>,
    hold_out: f32,
}

/// What was decided.
enum Decision {
    Open,
    Use,
    Cancelled,
}

impl State {
    /// Begins to look through the pictures at `path`; what needs no look is chosen at once.
    pub fn begin(&mut self, ctx: &Context, data: &mut Data, path: &Path) {
        let examination = Arc::new(Examination::default());
        let (sender, answer) = channel();
        let (own_path, own, ctx) = (path.to_owned(), examination.clone(), ctx.clone());
        let work = move || {
            // What cannot be used is told in its place once it is chosen. The window may have been closed meanwhile.
            let _ = sender.send(examine(&own_path, &own).unwrap_or_default());
            ctx.request_repaint();
        };
        let is_begun = path.is_dir()
            && std::thread::Builder::new().name("looking through pictures".into()).spawn(work).is_ok();
        self.cancel();
        if !is_begun {
            return choose(data, &path.display().to_string());
        }
        let hold_out = data.hold_out.unwrap_or(HOLD_OUT);
        self.asking = Some(Asking { path: path.to_owned(), examination, answer, found: None, hold_out });
    }

    fn cancel(&mut self) {
        if let Some(asking) = self.asking.take() {
            asking.examination.cancel.store(true, Ordering::Relaxed);
        }
    }
}

/// The question, while there is one.
pub fn own_ui(ctx: &Context, data: &mut Data, state: &mut State) {
    let Some(asking) = &mut state.asking else { return };
    if asking.found.is_none() {
        match asking.answer.try_recv() {
            Ok(Some(found)) => asking.found = Some(found),
            Err(TryRecvError::Empty) => ctx.request_repaint_after(Duration::from_millis(100)),
            Ok(None) | Err(TryRecvError::Disconnected) => {
                choose(data, &asking.path.display().to_string());
                state.asking = None;
                return;
            }
        }
    }
    let modal = widgets::modal("own pictures", ctx).show(ctx, |ui| {
        ui.set_width(480.0);
        let name = asking.path.file_name().map(|name| name.to_string_lossy().into_owned());
        ui.label(RichText::new(format!("Pictures in {}", name.unwrap_or_default())).heading());
        ui.add_space(theme::SMALL_GAP);
        asking_ui(ui, asking)
    });
    match modal.inner {
        Decision::Use => {
            if let Some(asking) = state.asking.take() {
                choose(data, &asking.path.display().to_string());
                let is_divided = asking.found.is_some_and(|found| found.n_test.is_none());
                let is_usual = asking.hold_out == HOLD_OUT;
                data.hold_out = (is_divided && !is_usual).then_some(asking.hold_out);
            }
        }
        Decision::Cancelled => state.cancel(),
        Decision::Open if modal.should_close() => state.cancel(),
        Decision::Open => {}
    }
}

fn asking_ui(ui: &mut Ui, asking: &mut Asking) -> Decision {
    match &asking.found {
        None => {
            let [n, of] = [&asking.examination.n_examined, &asking.examination.n_pictures]
                .map(|n| n.load(Ordering::Relaxed));
            let text = format!("{} of {} looked at", format::count(n as u64), format::count(of as u64));
            widgets::caption_ui(ui, &text);
            widgets::named(
                ui.add(ProgressBar::new(n as f32 / of.max(1) as f32).desired_height(6.0)),
                "Progress of looking through the pictures",
            );
        }
        Some(found) => {
            found_ui(ui, found);
            match found.n_test {
                Some(n) => {
                    let n = format::count(n as u64);
                    widgets::caption_ui(
                        ui,
                        &format!("{n} of them are for testing, in a folder of their own."),
                    );
                }
                None => hold_out_ui(ui, &mut asking.hold_out),
            }
        }
    }
    ui.add_space(theme::GAP);
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let is_found = asking.found.is_some();
        let use_them = ui.add_enabled_ui(is_found, |ui| {
            widgets::main_button(ui, None, "Use these pictures", vec2(140.0, theme::ROW)).clicked()
        });
        let is_cancelled = ui.button("Cancel").clicked();
        match (use_them.inner, is_cancelled) {
            (true, _) => Decision::Use,
            (_, true) => Decision::Cancelled,
            _ => Decision::Open,
        }
    })
    .inner
}

fn found_ui(ui: &mut Ui, found: &Findings) {
    ui.label(theme::strong(found.words()));
    ui.add(egui::Label::new(theme::caption(ui, found.classes.join(", "))).truncate());
    if found.unreadable.is_empty() {
        return;
    }
    widgets::message_ui(ui, Gravity::Warning, "These will be left out:", |ui| {
        ScrollArea::vertical().max_height(120.0).auto_shrink([false, true]).show_rows(
            ui,
            16.0,
            found.unreadable.len(),
            |ui, rows| {
                for Unreadable { path, cause } in &found.unreadable[rows] {
                    let text = theme::caption(ui, format!("{} ({cause})", path.display()));
                    ui.add(egui::Label::new(text).truncate()).on_hover_text(cause);
                }
            },
        );
    });
}

/// How much is held out, where the folder does not say.
fn hold_out_ui(ui: &mut Ui, hold_out: &mut f32) {
    ui.horizontal(|ui| {
        widgets::caption_ui(ui, "Hold out for testing");
        let mut percent = (*hold_out * 100.0).round();
        let slider = Slider::new(&mut percent, 5.0..=50.0).step_by(5.0);
        if widgets::slider_ui(ui, "Share held out for testing", 160.0, slider).changed() {
            *hold_out = percent / 100.0;
        }
        ui.label(format!("{percent} % of each class"));
    });
    widgets::caption_ui(
        ui,
        "Which ones is drawn by the experiment's seed: the same seed, the same pictures.",
    );
}
