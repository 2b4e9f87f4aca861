//! What the net is trained on: always shown, and a chooser.

use egui::{ComboBox, PopupCloseBehavior, Slider, Ui};
use lucide_icons::Icon;

use super::bridge::{Desk, Request};
use super::{theme, widgets};
use crate::engine::{DeviceChoice, DeviceInfo, DeviceKind};
use crate::session::{Command, MOST_SHARE, SHARE};

/// What is set of it.
pub struct State {
    /// The device that was asked for.
    pub choice: DeviceChoice,
    /// The share of the processor that training leaves to the window.
    pub left: f64,
}

impl State {
    pub fn new(choice: DeviceChoice) -> Self {
        Self { choice, left: SHARE }
    }
}

/// The device in use, and the others to choose from.
pub fn device_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let State { choice, left } = state;
    let device = &desk.snapshot.device;
    let combo =
        ComboBox::from_id_salt("device").selected_text((widgets::icon(symbol(device)), short(device)));
    // The slider within must not close it.
    let combo = combo.close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let response = combo.show_ui(ui, |ui| {
        ui.set_min_width(260.0);
        let mut option_ui = |ui: &mut Ui, option: DeviceChoice, label: String, help: String| {
            let is_chosen = *choice == option;
            if ui.selectable_label(is_chosen, label).on_hover_text(help).clicked() && !is_chosen {
                *choice = option.clone();
                desk.requests.push(Request::Send(Command::UseDevice(option)));
                ui.close();
            }
        };
        option_ui(
            ui,
            DeviceChoice::Auto,
            "Automatic".into(),
            "A hardware GPU if there is one, else the CPU.".into(),
        );
        for device in desk.snapshot.devices.iter() {
            let option = match device.kind {
                DeviceKind::Cpu => DeviceChoice::Cpu,
                DeviceKind::Gpu => DeviceChoice::Named(device.name.clone()),
            };
            option_ui(ui, option, long(device), device.detail.clone());
        }
        if desk.snapshot.device.kind == DeviceKind::Cpu {
            ui.separator();
            left_ui(ui, desk, left);
        }
    });
    let help = format!(
        "Computes on {}\n{}\nOn another one the runs go on from where they stand.",
        device.name, device.detail
    );
    widgets::named(response.response, "Device").on_hover_text(help);
}

/// What training on the processor leaves to the window.
fn left_ui(ui: &mut Ui, desk: &mut Desk<'_>, left: &mut f64) {
    let help = "Training on the processor rests between two steps while the window is drawn, for at most this share of \
                the time, so that the window stays smooth. More of it makes training slower; at 0 it never waits. The \
                results do not depend on it.";
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        widgets::caption_ui(ui, "Left to the window").on_hover_text(help);
        let mut percent = (100.0 * *left).round() as u32;
        let slider = Slider::new(&mut percent, 0..=(100.0 * MOST_SHARE) as u32);
        let response = widgets::slider_ui(ui, "Share of the processor left to the window", 90.0, slider);
        ui.label(theme::caption(ui, format!("{percent} %")));
        if response.on_hover_text(help).changed() {
            *left = f64::from(percent) / 100.0;
            desk.requests.push(Request::Send(Command::Leave(*left)));
        }
    });
}

fn symbol(device: &DeviceInfo) -> Icon {
    match device.kind {
        DeviceKind::Cpu => Icon::Cpu,
        DeviceKind::Gpu => Icon::Gpu,
    }
}

fn short(device: &DeviceInfo) -> String {
    let kind = match device.kind {
        DeviceKind::Cpu => "CPU",
        DeviceKind::Gpu => "GPU",
    };
    match device.name == kind {
        true => format!("{kind}: {}", device.detail),
        false => format!("{kind}: {}", device.name),
    }
}

fn long(device: &DeviceInfo) -> String {
    let slow = if device.is_software { ", software: slow" } else { "" };
    format!("{}{slow}", short(device))
}
