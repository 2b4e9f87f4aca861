//! The window itself: how it is opened, and the icon.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use eframe::NativeOptions;
use egui::{IconData, ViewportBuilder};

use super::bridge::Bridge;
use super::memory::{Keeper, Opening};
use super::theme;
use super::workshop::Workshop;
use crate::engine::DeviceChoice;
use crate::experiment::{Experiment, shipped};
use crate::session::{Frames, Session};
use crate::train::folder;

/// What the window opens with.
pub struct Start {
    /// The experiment that was asked for; else what was open last, or the first of those that ship.
    pub experiment: Option<Experiment>,
    /// The file that the experiment was read from, if it was.
    pub file: Option<PathBuf>,
    /// The folder or archive of a lesson that is to be read.
    pub lesson: Option<PathBuf>,
    pub device: DeviceChoice,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// No display, no way to draw on it, or the device cannot be had.
pub fn run(start: Start) -> anyhow::Result<()> {
    let viewport = ViewportBuilder::default()
        .with_title("ConvScope")
        .with_app_id("convscope")
        .with_inner_size([1366.0, 768.0])
        .with_min_inner_size([1024.0, 600.0])
        .with_drag_and_drop(true)
        .with_icon(icon());
    let options = NativeOptions { viewport, renderer: eframe::Renderer::Wgpu, ..NativeOptions::default() };
    let create: eframe::AppCreator<'_> = Box::new(move |cc| {
        theme::install(&cc.egui_ctx);
        let keeper = Keeper::of_user();
        let opening = match (start.experiment, &keeper) {
            (Some(experiment), _) => Opening::of_file(experiment, start.file),
            (None, keeper) => keeper.as_ref().and_then(Keeper::opening).unwrap_or_else(first),
        };
        let ctx = cc.egui_ctx.clone();
        let session = Arc::new(Session::start(&start.device, move || ctx.request_repaint())?);
        let (sender, frames) = (session.clone(), session.frames());
        let bridge = Bridge::new(move || session.snapshot(), move |command| sender.send(command));
        let mut workshop = Workshop::new(bridge, opening, start.device);
        if let Some(keeper) = keeper {
            workshop.remember(&cc.egui_ctx, keeper);
        }
        if let Some(lesson) = &start.lesson {
            workshop.open_lesson(lesson);
        }
        let workshop = workshop.keep_in(folder::home());
        Ok(Box::new(Window { workshop, frames, ctx: cc.egui_ctx.clone() }))
    });
    eframe::run_native("ConvScope", options, create).map_err(|error| match error {
        eframe::Error::WinitEventLoop(_) => anyhow!(
            "There is no display to open a window on. `convscope train quickstart` trains without one."
        ),
        error => {
            anyhow!("The window cannot be opened: {error}. `convscope train quickstart` trains without one.")
        }
    })
}

/// What the very first start opens.
fn first() -> Opening {
    let experiment = shipped::get("quickstart").unwrap_or_default();
    Opening { experiment, ..Opening::default() }
}

struct Window {
    workshop: Workshop,
    frames: Frames,
    ctx: egui::Context,
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        // This one will take about as long as the one before.
        let seconds = frame.info().cpu_usage.unwrap_or_default();
        self.frames.begin(Duration::try_from_secs_f32(seconds).unwrap_or_default());
        self.workshop.ui(ui);
    }

    fn on_exit(&mut self) {
        self.workshop.keep_now(&self.ctx);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// Three feature maps, one behind the other.
fn icon() -> IconData {
    const SIDE: usize = 64;
    let mut rgba = vec![0; 4 * SIDE * SIDE];
    let maps = [(22, 6, [0x9A, 0xC1, 0xF5]), (14, 14, [0x5B, 0x98, 0xEE]), (6, 22, [0x1F, 0x62, 0xC4])];
    for (left, top, colour) in maps {
        for (y, x) in (0..36).flat_map(|y| (0..36).map(move |x| (y, x))) {
            // A light edge keeps the maps apart; on the foremost a window of three by three is lit.
            let is_edge = [y, x].iter().any(|&i| !(2..34).contains(&i));
            let is_window =
                left == 6 && (10..26).contains(&y) && (10..26).contains(&x) && y % 6 != 3 && x % 6 != 3;
            let [r, g, b] = if is_edge || is_window { [0xFF; 3] } else { colour };
            let at = 4 * ((top + y) * SIDE + left + x);
            rgba[at..at + 4].copy_from_slice(&[r, g, b, 0xFF]);
        }
    }
    IconData { rgba, width: SIDE as u32, height: SIDE as u32 }
}
