//! The bar on top: what is open, undo and redo, files, light and dark, help.

use egui::{Align, Layout, RichText, TextEdit, Theme, ThemePreference, Ui};
use lucide_icons::Icon;

use super::action::Action;
use super::bridge::Desk;
use super::device;
use super::theme::{self, Palette};
use super::widgets;

pub fn bar_ui(ui: &mut Ui, desk: &mut Desk<'_>, device: &mut device::State) {
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        ui.label(widgets::icon(Icon::Layers).font(theme::icons(17.0)).color(Palette::of(ui).accent));
        ui.label(RichText::new("ConvScope").heading());
        ui.add_space(theme::GAP);
        title_ui(ui, desk);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            action_ui(ui, desk, Action::Help, true);
            action_ui(ui, desk, Action::Search, true);
            theme_ui(ui, desk);
            if !desk.is_presenting {
                action_ui(ui, desk, Action::MovePanels, true);
            }
            action_ui(ui, desk, Action::Present, true);
            ui.separator();
            action_ui(ui, desk, Action::Save, true);
            action_ui(ui, desk, Action::Open, true);
            ui.separator();
            let (can_undo, can_redo) = (desk.editor.can_undo(), desk.editor.can_redo());
            action_ui(ui, desk, Action::Redo, can_redo);
            action_ui(ui, desk, Action::Undo, can_undo);
            ui.separator();
            device::device_ui(ui, desk, device);
        });
    });
}

fn title_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let width = (ui.available_width() - 480.0).clamp(80.0, 420.0);
    let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(6, 2));
    let edit = TextEdit::singleline(&mut desk.editor.experiment.title)
        .desired_width(width)
        .frame(frame)
        .align(egui::Align2::LEFT_CENTER)
        .min_size(egui::vec2(0.0, 26.0))
        .hint_text("Untitled");
    widgets::named(ui.add(edit), "Title of the experiment")
        .on_hover_text("Title of the experiment; click to change it");
    if desk.editor.is_modified() {
        ui.label(theme::caption(ui, "changed")).on_hover_text("There are changes that no file holds yet.");
    }
}

fn action_ui(ui: &mut Ui, desk: &mut Desk<'_>, action: Action, enabled: bool) {
    let tooltip = format!("{}\n{}", action.label(), action.tooltip(ui.ctx()));
    let response =
        ui.add_enabled_ui(enabled, |ui| widgets::icon_button(ui, action.icon(), action.label())).inner;
    if response.on_hover_text(&tooltip).on_disabled_hover_text(&tooltip).clicked() {
        desk.act(action);
    }
}

fn theme_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let preference = ui.ctx().options(|options| options.theme_preference);
    let (symbol, now) = match preference {
        ThemePreference::System => (Icon::SunMoon, "as the system"),
        ThemePreference::Light => (Icon::Sun, "light"),
        ThemePreference::Dark => (Icon::Moon, "dark"),
    };
    let tooltip = format!("Now {now}. {}", Action::SwitchTheme.tooltip(ui.ctx()));
    if widgets::icon_button(ui, symbol, Action::SwitchTheme.label()).on_hover_text(tooltip).clicked() {
        desk.act(Action::SwitchTheme);
    }
}

/// The theme after the present one: the other one first, so that one press always shows a difference.
pub fn next_theme(ctx: &egui::Context) -> ThemePreference {
    let preference = ctx.options(|options| options.theme_preference);
    match (preference, ctx.theme()) {
        (ThemePreference::System, Theme::Dark) => ThemePreference::Light,
        (ThemePreference::System, Theme::Light) => ThemePreference::Dark,
        (ThemePreference::Light, _) => ThemePreference::Dark,
        (ThemePreference::Dark, _) => ThemePreference::Light,
    }
}
