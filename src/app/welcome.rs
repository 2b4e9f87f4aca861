//! The page of the first start: what stands where, and the one key to press.

use egui::{Align, Context, Frame, Key, Label, Layout, Margin, Modifiers, RichText, Stroke, Ui, vec2};
use lucide_icons::Icon;

use super::action::Action;
use super::theme::{self, Palette};
use super::widgets;

/// Width of the page.
const WIDTH: f32 = 660.0;

/// What somebody did with the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It stays open.
    Open,
    /// The net shall learn.
    Train,
    /// The lessons shall be shown.
    Lessons,
    /// Nothing; the window is looked at first.
    Look,
}

/// What stands where, from left to right.
const PLACES: [(Icon, &str, &str); 3] = [
    (
        Icon::Images,
        "Left: the pictures",
        "Ready-made experiments, the lecture's lessons, and the pictures that the net learns from: built in, fetched, or your own.",
    ),
    (
        Icon::Layers,
        "Middle: the net",
        "One card for each layer. Change a number, drag a card, press + between two: the shapes follow at once.",
    ),
    (
        Icon::ChartLine,
        "Right: the training",
        "Error and loss as they fall, and the first layer's filters as they form. Everything can be changed meanwhile.",
    ),
];

pub fn welcome_ui(ctx: &Context) -> Answer {
    let space = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Space));
    let modal = widgets::modal("welcome", ctx).show(ctx, page_ui);
    match (space, modal.inner, modal.should_close()) {
        (true, ..) => Answer::Train,
        (_, Answer::Open, true) => Answer::Look,
        (_, answer, _) => answer,
    }
}

fn page_ui(ui: &mut Ui) -> Answer {
    let palette = Palette::of(ui);
    ui.set_width(WIDTH);
    let mut answer = Answer::Open;
    ui.vertical_centered(|ui| {
        ui.add_space(theme::LARGE_GAP);
        ui.label(RichText::new("A convolutional network, ready to learn").heading().size(22.0));
        ui.add_space(theme::SMALL_GAP);
        ui.label(
            RichText::new("It sees ten kinds of signs and knows nothing yet. In some seconds it will.")
                .size(14.0)
                .color(palette.muted),
        );
        ui.add_space(theme::LARGE_GAP);
        ui.allocate_ui_with_layout(vec2(232.0, 40.0), Layout::left_to_right(Align::Center), |ui| {
            ui.label(RichText::new("Press").size(16.0));
            let key = Frame::new()
                .fill(palette.hover)
                .stroke(Stroke::new(1.0, palette.strong_border))
                .corner_radius(theme::CARD_CORNER)
                .inner_margin(Margin::symmetric(26, 7));
            key.show(ui, |ui| ui.label(theme::strong("Space").size(16.0)));
            ui.label(RichText::new("to train").size(16.0));
        });
    });
    ui.add_space(theme::LARGE_GAP);
    ui.columns(PLACES.len(), |columns| {
        for (ui, (symbol, title, text)) in columns.iter_mut().zip(PLACES) {
            // Ranged left: columns of their own accord fill their lines.
            ui.with_layout(Layout::top_down(Align::Min), |ui| place_ui(ui, symbol, title, text));
        }
    });
    ui.add_space(theme::LARGE_GAP);
    ui.separator();
    ui.horizontal(|ui| {
        let keys = [Action::Search, Action::Help].map(|action| action.shortcut_text(ui.ctx()));
        let text = format!("{} finds everything, {} lists the keys.", keys[0], keys[1]);
        ui.label(theme::caption(ui, text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::main_button(ui, Some(Icon::Play), "Train", vec2(88.0, 30.0)).clicked() {
                answer = Answer::Train;
            }
            let lessons = ui.add(egui::Button::new("Lessons").min_size(vec2(80.0, 30.0)));
            if lessons.on_hover_text("The lecture, to be tried out.").clicked() {
                answer = Answer::Lessons;
            }
            let look = ui.add(egui::Button::new("Look around first").min_size(vec2(80.0, 30.0)));
            if look.clicked() {
                answer = Answer::Look;
            }
        });
    });
    answer
}

fn place_ui(ui: &mut Ui, symbol: Icon, title: &str, text: &str) {
    let palette = Palette::of(ui);
    ui.label(widgets::icon(symbol).font(theme::icons(22.0)).color(palette.accent));
    ui.label(theme::strong(title));
    ui.add(Label::new(RichText::new(text).color(palette.muted)).wrap());
}
