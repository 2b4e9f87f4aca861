//! Small controls that the panels share. Each has a name for screen readers.

use egui::{
    Align, Button, Color32, DragValue, IntoAtoms as _, Label, Layout, Response, RichText, Role, Sense,
    Slider, Stroke, Ui, Vec2, WidgetInfo, vec2,
};
use lucide_icons::Icon;

use super::format;
use super::theme::{self, Palette};

/// Gives a control the name that a screen reader says.
pub fn named(response: Response, name: &str) -> Response {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
    response
}

/// An icon in the size of the text.
pub fn icon(icon: Icon) -> RichText {
    RichText::new(char::from(icon)).font(theme::icons(15.0))
}

/// A square button with an icon and no frame until it is pointed at.
pub fn icon_button(ui: &mut Ui, symbol: Icon, name: &str) -> Response {
    let button = Button::new(icon(symbol)).min_size(theme::ICON_BUTTON).frame_when_inactive(false);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(4.0, 2.0);
        ui.add(button)
    });
    named(response.inner, name)
}

/// A small button without a frame, for what stands between the settings.
pub fn quiet_button(ui: &mut Ui, symbol: Icon, name: &str) -> Response {
    let text = icon(symbol).font(theme::icons(11.0)).color(Palette::of(ui).muted);
    let button = Button::new(text).frame(false).min_size(vec2(14.0, theme::ROW));
    named(ui.add(button), name)
}

/// A heading with room for controls on its right.
pub fn section_ui(ui: &mut Ui, title: &str, right: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_min_height(theme::ROW);
        ui.label(RichText::new(title).heading());
        ui.with_layout(Layout::right_to_left(Align::Center), right);
    });
}

/// A muted word before a control.
pub fn caption_ui(ui: &mut Ui, text: &str) -> Response {
    let text = theme::caption(ui, text);
    ui.add(Label::new(text).selectable(false))
}

/// A figure, ranged right in a column of the given width.
pub fn figure_ui(ui: &mut Ui, width: f32, text: &str, colour: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme::ROW), Sense::hover());
    let font = theme::figures(ui);
    ui.painter().text(rect.right_center(), egui::Align2::RIGHT_CENTER, text, font, colour);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// A whole number that is typed or dragged; whether it changed.
pub fn count_ui(
    ui: &mut Ui,
    name: &str,
    value: &mut usize,
    range: std::ops::RangeInclusive<usize>,
) -> Response {
    let drag = DragValue::new(value).range(range).speed(0.15).update_while_editing(false);
    named(ui.add(drag), name)
}

/// The number that something is drawn by.
pub fn seed_ui(ui: &mut Ui, name: &str, seed: &mut u64) -> Response {
    // A file may hold a larger one, which is not to be changed by being shown.
    let drag = DragValue::new(seed).range(0..=u32::MAX as u64).clamp_existing_to_range(false).speed(0.05);
    named(ui.add(drag.update_while_editing(false)), name)
}

/// A number of any size that is typed or dragged, by steps in proportion to itself.
pub fn number_ui(ui: &mut Ui, name: &str, value: &mut f32, range: std::ops::RangeInclusive<f32>) -> Response {
    let speed = (value.abs() * 0.01).max(1e-5) as f64;
    let drag = DragValue::new(value)
        .range(range)
        .speed(speed)
        .update_while_editing(false)
        .custom_formatter(|x, _| format::setting(x as f32))
        .custom_parser(|text| text.trim().replace('−', "-").replace(',', ".").parse().ok());
    named(ui.add(drag), name)
}

/// Buttons in a row of which one is pressed; whether another one was chosen.
pub fn choice_ui<T: PartialEq + Copy>(ui: &mut Ui, value: &mut T, options: &[(T, &str, &str)]) -> bool {
    let before = *value;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        ui.spacing_mut().button_padding.x = 6.0;
        for &(option, label, help) in options {
            let response = ui.selectable_value(value, option, label);
            if !help.is_empty() {
                response.on_hover_text(help);
            }
        }
    });
    *value != before
}

/// A bar that is filled from the left to a share between 0 and 1.
pub fn bar(ui: &Ui, rect: egui::Rect, share: f32, colour: Color32) {
    let rounding = rect.height() / 2.0;
    ui.painter().rect_filled(rect, rounding, Palette::of(ui).border);
    let width = rect.width() * share.clamp(0.0, 1.0);
    if width > 0.0 {
        let filled = egui::Rect::from_min_size(rect.min, vec2(width.max(rect.height()), rect.height()));
        ui.painter().rect_filled(filled, rounding, colour);
    }
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    Note,
    Warning,
    Problem,
}

/// A message with its symbol on an area of its colour, and room for what can be done.
pub fn message_ui(ui: &mut Ui, gravity: Gravity, text: &str, remedies: impl FnOnce(&mut Ui)) {
    let palette = Palette::of(ui);
    let (symbol, colour, area) = match gravity {
        Gravity::Note => (Icon::Info, palette.muted, palette.hover),
        Gravity::Warning => (Icon::TriangleAlert, palette.warning, palette.warning_area),
        Gravity::Problem => (Icon::CircleAlert, palette.danger, palette.danger_area),
    };
    let frame = egui::Frame::new()
        .fill(area)
        .corner_radius(theme::CORNER)
        .inner_margin(egui::Margin::symmetric(8, 4));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.label(icon(symbol).color(colour));
            ui.vertical(|ui| {
                ui.add(Label::new(RichText::new(text).color(palette.text)).wrap());
                remedies(ui);
            });
        });
    });
}

/// A button that is the main thing to do.
pub fn main_button(ui: &mut Ui, symbol: Option<Icon>, text: &str, size: Vec2) -> Response {
    let palette = Palette::of(ui);
    let text = RichText::new(text).color(palette.on_accent);
    let atoms = match symbol {
        Some(symbol) => (icon(symbol).color(palette.on_accent), text).into_atoms(),
        None => text.into_atoms(),
    };
    ui.add(Button::new(atoms).min_size(size).fill(palette.accent).stroke(Stroke::NONE))
}

/// A window over the others, which wait for it.
pub fn modal(name: &str, ctx: &egui::Context) -> egui::Modal {
    let frame = egui::Frame::popup(&ctx.global_style()).inner_margin(16).corner_radius(8);
    egui::Modal::new(egui::Id::unique(name)).frame(frame)
}

/// A slider without its number, on a rail that stands out.
pub fn slider_ui(ui: &mut Ui, name: &str, width: f32, slider: Slider<'_>) -> Response {
    let rail = Palette::of(ui).border;
    let response = ui.scope(|ui| {
        ui.spacing_mut().slider_width = width;
        ui.visuals_mut().widgets.inactive.bg_fill = rail;
        ui.add(slider.show_value(false))
    });
    named(response.inner, name)
}

/// Controls that belong together, on the next line if this one has no room for them. For use in layouts that
/// wrap, which by themselves would wrap within the group.
pub fn group_ui<R>(ui: &mut Ui, salt: impl egui::AsIdSalt, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let id = ui.scope_id().with(salt);
    // As wide as it was in the last frame.
    let width = ui.data(|data| data.get_temp::<f32>(id));
    if width.is_some_and(|width| width > ui.available_size_before_wrap().x) {
        ui.end_row();
    }
    let drawn = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
        contents(ui)
    });
    let now = drawn.response.rect.width();
    if width != Some(now) {
        ui.data_mut(|data| data.insert_temp(id, now));
        ui.ctx().request_repaint();
    }
    drawn.inner
}

/// Says that what follows is not to be changed.
pub fn locked_ui(ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.label(icon(Icon::Lock).color(Palette::of(ui).muted));
        caption_ui(ui, "Locked by the lesson");
    });
}

/// Without what dragging or dividing adds behind the fourth figure.
pub fn rounded(x: f32) -> f32 {
    format!("{x:.3e}").parse().unwrap_or(x)
}
