//! What the net is trained on: always shown, and a chooser.

use egui::{ComboBox, Ui};
use lucide_icons::Icon;

use super::bridge::{Desk, Request};
use super::widgets;
use crate::engine::{DeviceChoice, DeviceInfo, DeviceKind};
use crate::session::Command;

/// The device in use, and the others to choose from.
pub fn device_ui(ui: &mut Ui, desk: &mut Desk<'_>, choice: &mut DeviceChoice) {
    let device = &desk.snapshot.device;
    let combo =
        ComboBox::from_id_salt("device").selected_text((widgets::icon(symbol(device)), short(device)));
    let response = combo.show_ui(ui, |ui| {
        ui.set_min_width(260.0);
        let mut option_ui = |ui: &mut Ui, option: DeviceChoice, label: String, help: String| {
            let is_chosen = *choice == option;
            if ui.selectable_label(is_chosen, label).on_hover_text(help).clicked() && !is_chosen {
                *choice = option.clone();
                desk.requests.push(Request::Send(Command::UseDevice(option)));
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
    });
    let help = format!(
        "Computes on {}\n{}\nOn another one the runs go on from where they stand.",
        device.name, device.detail
    );
    widgets::named(response.response, "Device").on_hover_text(help);
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
