//! A published data set that is not on this computer: what fetching it would take, one question, and how it goes.

use egui::{Context, ProgressBar, RichText, Ui, vec2};
use lucide_icons::Icon;

use crate::app::bridge::{Desk, Request};
use crate::app::format;
use crate::app::theme;
use crate::app::widgets::{self, Gravity};
use crate::data::catalogue::{self, Availability, Entry};
use crate::session::{Command, Download, DownloadStage};

/// What is remembered from frame to frame.
#[derive(Default)]
pub struct State {
    /// The data set of which it is asked whether to fetch it.
    asking: Option<&'static str>,
    /// The download whose end has been taken note of.
    noted: Option<Download>,
}

impl State {
    /// Looks anew for what is on this computer, once a download has ended.
    pub fn follow(&mut self, desk: &Desk<'_>, entries: &mut Vec<Entry>) {
        let download = &desk.snapshot.download;
        let is_done = matches!(download, Some(Download { stage: DownloadStage::Done(_), .. }));
        if is_done && self.noted != *download {
            *entries = catalogue::list();
        }
        if is_done || download.is_none() {
            self.noted.clone_from(download);
        }
    }
}

/// What there is instead of the pictures of an absent data set.
pub fn absent_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State, entry: &Entry) {
    let (Availability::Absent(by_hand), Some(offer)) = (&entry.availability, &entry.download) else { return };
    let download = desk.snapshot.download.clone().filter(|download| download.name == entry.name);
    if let Some(Download { stage: DownloadStage::Going { done, bytes, seconds_left, is_checking }, .. }) =
        download
    {
        let share = done as f32 / bytes.max(1) as f32;
        let left = match (is_checking, seconds_left) {
            (true, _) => "checking".into(),
            (false, Some(seconds)) => format!("{} left", format::duration(seconds)),
            (false, None) => "connecting".into(),
        };
        return going_ui(ui, desk, entry, share, &format!("{} of {} · {left}", mb(done), mb(bytes)));
    }
    let (gravity, text) = match download.map(|download| download.stage) {
        Some(DownloadStage::Failed(message)) => (Gravity::Problem, message),
        Some(DownloadStage::Stopped) => (
            Gravity::Note,
            "Stopped. What has come so far is kept, and the download goes on from there.".into(),
        ),
        _ => (Gravity::Note, format!("Not on this computer · {} from {}.", mb(offer.bytes), offer.hosts)),
    };
    widgets::message_ui(ui, gravity, &text, |ui| {
        let is_busy = is_going(desk);
        ui.add_enabled_ui(!is_busy, |ui| {
            let response = ui.button("Download…").on_hover_text(by_hand);
            if response.on_disabled_hover_text("Another data set is being fetched.").clicked() {
                state.asking = Some(entry.name);
            }
        });
    });
}

fn is_going(desk: &Desk<'_>) -> bool {
    matches!(&desk.snapshot.download, Some(Download { stage: DownloadStage::Going { .. }, .. }))
}

fn going_ui(ui: &mut Ui, desk: &mut Desk<'_>, entry: &Entry, share: f32, text: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        widgets::caption_ui(ui, &format!("Fetching {}: {text}", entry.name));
        if widgets::icon_button(ui, Icon::X, "Stop the download")
            .on_hover_text("Stop; it can go on later.")
            .clicked()
        {
            desk.requests.push(Request::Send(Command::StopFetching));
        }
    });
    let bar = ProgressBar::new(share).desired_height(6.0).desired_width(ui.available_width() - 8.0);
    widgets::named(ui.add(bar), "Progress of the download");
}

/// A download that goes on while another data set is in use.
pub fn elsewhere_ui(ui: &mut Ui, desk: &mut Desk<'_>, entries: &[Entry]) {
    let Some(Download { name, stage: DownloadStage::Going { done, bytes, .. } }) =
        desk.snapshot.download.clone()
    else {
        return;
    };
    let entry = entries.iter().find(|entry| entry.name == name && name != desk.editor.experiment.data.source);
    if let Some(entry) = entry {
        going_ui(
            ui,
            desk,
            entry,
            done as f32 / bytes.max(1) as f32,
            &format!("{} of {}", mb(done), mb(bytes)),
        );
    }
}

/// The question before anything is fetched.
pub fn question_ui(ctx: &Context, desk: &mut Desk<'_>, state: &mut State) {
    let Some(offer) = state.asking.and_then(catalogue::offer) else { return };
    let modal = widgets::modal("download", ctx).show(ctx, |ui| {
        ui.set_width(440.0);
        ui.label(RichText::new(format!("Download {}?", offer.title)).heading());
        ui.add_space(theme::SMALL_GAP);
        let (bytes, hosts, folder) = (mb(offer.bytes()), offer.hosts(), offer.folder.display());
        let what = format!(
            "{bytes} from {hosts}, checked and put into {folder}. Nothing is sent from this computer."
        );
        ui.add(egui::Label::new(what).wrap());
        ui.add_space(theme::GAP);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let yes = widgets::main_button(ui, None, "Download", vec2(110.0, theme::ROW)).clicked();
            let no = ui.button("Cancel").clicked();
            (yes, no)
        })
        .inner
    });
    let (yes, no) = modal.inner;
    if let (true, Some(name)) = (yes, state.asking) {
        desk.requests.push(Request::Send(Command::Fetch(name.into())));
    }
    if yes || no || modal.should_close() {
        state.asking = None;
    }
}

/// `170 MB`.
fn mb(bytes: u64) -> String {
    format!("{:.0} MB", (bytes as f64 / 1e6).round().max(1.0))
}
