//! One layer as a card: what it is, its settings, what it gives and costs.

use egui::{
    Align, Button, DragValue, Frame, Layout, Popup, Rect, Response, Role, Sense, Stroke, Ui, UiBuilder,
    WidgetInfo, vec2,
};
use lucide_icons::Icon;

use super::about::about;
use super::{Stack, advice, fields, glyph, stats};
use crate::app::action::Action;
use crate::app::editor::edit::Edit;
use crate::app::editor::tree::ListId;
use crate::app::formula;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{self, Gravity, named};
use crate::experiment::{Kind, Layer, LayerId};

/// Width of a card's menu: most formulas fit into it.
const MENU_WIDTH: f32 = 340.0;

/// Width of a title beside which there can be columns of figures.
pub(super) const LEAST_TITLE: f32 = 200.0;

impl Stack<'_> {
    pub(super) fn card_ui(&mut self, ui: &mut Ui, layer: &mut Layer, index: usize) {
        let id = layer.id;
        let name = format!("Layer {}: {}", index + 1, layer.kind.title());
        let card = ui.scope_builder(UiBuilder::new().sense(Sense::click()), |ui| {
            let frame = self.frame(ui);
            let stripe = glyph::colour(ui, &layer.kind);
            let drawn = frame.show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 2.0;
                self.contents_ui(ui, layer, &name);
            });
            let mut edge = drawn.response.rect.shrink2(vec2(0.0, 8.0));
            edge.max.x = edge.min.x + 3.0;
            ui.painter().rect_filled(edge, 1.5, stripe);
            self.outline(ui, drawn.response.rect, id);
        });
        let is_selected = self.selected == Some(id);
        card.response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &name));
        if card.response.clicked() || card.response.secondary_clicked() {
            self.selected = Some(id);
        }
        Popup::context_menu(&card.response).show(|ui| self.menu_items_ui(ui, layer));
    }

    fn frame(&self, ui: &Ui) -> Frame {
        let palette = Palette::of(ui);
        let is_hovered = ui.response().contains_pointer();
        let edge = if is_hovered { palette.strong_border } else { palette.border };
        Frame::new()
            .fill(palette.card)
            .stroke(Stroke::new(1.0, edge))
            .corner_radius(theme::CARD_CORNER)
            .inner_margin(egui::Margin { left: 8, right: 4, top: 4, bottom: 4 })
    }

    /// What is selected, and what is wrong, has a stronger edge.
    fn outline(&self, ui: &Ui, rect: Rect, id: LayerId) {
        let palette = Palette::of(ui);
        let colour = match () {
            _ if self.has_problem(id) => palette.danger,
            _ if self.selected == Some(id) => palette.accent,
            _ => return,
        };
        let stroke = Stroke::new(2.0, colour);
        ui.painter().rect_stroke(rect, theme::CARD_CORNER, stroke, egui::StrokeKind::Inside);
    }

    /// Whether a card of this width has room for the columns of figures.
    fn columns_fit(&self, layer: &Layer, width: f32) -> bool {
        let title = match layer.kind {
            Kind::Lrn(_) => 270.0,
            Kind::BatchNorm(_) | Kind::GlobalAveragePool | Kind::Shortcut(_) | Kind::Branches(_) => 250.0,
            _ => LEAST_TITLE,
        };
        let has_advice = self.costs.advice_on(layer.id).next().is_some();
        width >= title + stats::WIDTH + if has_advice { theme::ICON_BUTTON.x } else { 0.0 }
    }

    fn has_problem(&self, id: LayerId) -> bool {
        self.costs.problem.as_ref().is_some_and(|problem| problem.layer == Some(id))
    }

    fn contents_ui(&mut self, ui: &mut Ui, layer: &mut Layer, name: &str) {
        let width = ui.available_width();
        let below = fields::has_fields(&layer.kind) && !fields::fit_beside_title(layer, width, self.state);
        let has_columns = self.columns_fit(layer, width);
        self.title_ui(ui, layer, name, width);
        if below {
            ui.horizontal_wrapped(|ui| {
                // In a narrow column all settings stand on one line, with the arrow that shows more of them.
                ui.spacing_mut().item_spacing = vec2(if has_columns { 12.0 } else { 7.0 }, 2.0);
                ui.add_space(if has_columns { 22.0 } else { 0.0 });
                self.changed |= fields::fields_ui(ui, layer, self.state);
            });
        }
        if !has_columns {
            stats::line_ui(ui, &self.costs.of_layer(layer.id));
        }
        if let Some(problem) = self.costs.problem.as_ref().filter(|problem| problem.layer == Some(layer.id)) {
            widgets::message_ui(ui, Gravity::Problem, &problem.message, |ui| {
                self.remedies.extend(advice::remedy_ui(ui, self.costs.mend.as_ref()));
            });
        }
        self.live.layer_ui(ui, &mut self.state.sheets, self.costs, layer.id);
        self.advice_ui(ui, layer.id);
        if !self.state.folded.contains(&layer.id) {
            self.inside_ui(ui, layer);
        }
    }

    fn title_ui(&mut self, ui: &mut Ui, layer: &mut Layer, name: &str, width: f32) {
        let has_columns = self.columns_fit(layer, width);
        ui.horizontal(|ui| {
            ui.set_min_height(theme::ROW);
            ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
            self.handle_ui(ui, layer, name);
            glyph::glyph_ui(ui, &layer.kind);
            ui.label(theme::strong(layer.kind.title())).on_hover_text(layer.kind.purpose());
            self.advice_button_ui(ui, layer.id, name);
            self.combinator_ui(ui, layer, has_columns);
            if fields::has_fields(&layer.kind) && fields::fit_beside_title(layer, width, self.state) {
                ui.add_space(theme::GAP);
                ui.spacing_mut().item_spacing.x = 10.0;
                self.changed |= fields::fields_ui(ui, layer, self.state);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
                self.menu_ui(ui, layer, name);
                if has_columns {
                    stats::columns_ui(ui, &self.costs.of_layer(layer.id), self.costs.total.multiply_adds);
                }
            });
        });
    }

    /// `16 → 32`: what a block makes of the channels that reach it.
    fn channels_text(&self, id: LayerId) -> Option<String> {
        let cost = self.costs.of_layer(id);
        Some(format!("{} → {}", cost.input?.channels, cost.output?.channels))
    }

    /// What stands in the title of a kind that holds others: how often, and what is in it where it is folded.
    fn combinator_ui(&mut self, ui: &mut Ui, layer: &mut Layer, has_columns: bool) {
        let id = layer.id;
        match &mut layer.kind {
            Kind::Repeat(repeat) => {
                self.changed |= times_ui(ui, &mut repeat.times);
            }
            Kind::Branches(_) => {}
            _ => return,
        }
        let folded = self.state.folded.contains(&id);
        let (symbol, help) = match folded {
            true => (Icon::ChevronRight, "Unfold"),
            false => (Icon::ChevronDown, "Fold to one line"),
        };
        if widgets::icon_button(ui, symbol, help).on_hover_text(help).clicked() {
            if folded {
                self.state.folded.remove(&id)
            } else {
                self.state.folded.insert(id)
            };
            self.state.heights.clear();
        }
        if folded {
            let channels = self.channels_text(id).map_or(String::new(), |channels| format!("{channels}   "));
            let text = theme::caption(ui, channels + &super::branches::summary(&layer.kind));
            // What stands on the right keeps its room.
            let right = if has_columns { stats::WIDTH + 40.0 } else { 32.0 };
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - right).max(0.0));
                ui.add(egui::Label::new(text).truncate());
            });
        }
    }

    /// The layers that this one holds.
    fn inside_ui(&mut self, ui: &mut Ui, layer: &mut Layer) {
        let id = layer.id;
        match &mut layer.kind {
            Kind::Repeat(repeat) => {
                ui.indent(("repeat", id.0), |ui| {
                    self.list_ui(ui, ListId { parent: Some(id), branch: 0 }, &mut repeat.layers);
                });
            }
            Kind::Branches(branches) => {
                self.branches_ui(ui, id, branches);
                self.meeting_ui(ui, id, branches);
            }
            _ => {}
        }
    }

    /// By which the card is dragged elsewhere.
    fn handle_ui(&mut self, ui: &mut Ui, layer: &Layer, name: &str) {
        let text =
            widgets::icon(Icon::GripVertical).font(theme::icons(12.0)).color(Palette::of(ui).strong_border);
        let button = Button::new(text).frame(false).sense(Sense::drag()).min_size(vec2(12.0, theme::ROW));
        let response = ui.scope(|ui| {
            ui.spacing_mut().button_padding.x = 0.0;
            ui.add(button)
        });
        let response = named(response.inner, &format!("Drag {name}"));
        if response.drag_started() {
            self.selected = Some(layer.id);
        }
        response.dnd_set_drag_payload(layer.id);
        response.on_hover_cursor(egui::CursorIcon::Grab).on_hover_text("Drag to another place");
    }

    fn menu_ui(&mut self, ui: &mut Ui, layer: &Layer, name: &str) -> Response {
        let response = widgets::icon_button(ui, Icon::Ellipsis, &format!("Actions for {name}"));
        Popup::menu(&response).show(|ui| self.menu_items_ui(ui, layer));
        response
    }

    /// The layer's formula, what it is for, where it comes from, and its shader.
    fn about_ui(&mut self, ui: &mut Ui, kind: &Kind) {
        let about = about(kind);
        ui.vertical_centered(|ui| {
            ui.add_space(theme::SMALL_GAP);
            formula::formula_ui(ui, about.formula, formula::Setting::Display);
            ui.add_space(theme::SMALL_GAP);
        });
        ui.add(egui::Label::new(about.text).wrap().halign(Align::LEFT));
        ui.add(egui::Label::new(theme::caption(ui, about.source)).wrap().halign(Align::LEFT));
        let Some(name) = about.shader else { return };
        let label = "Show its shader…";
        let file = theme::caption(ui, format!("{name}.wgsl"));
        let button = Button::new((widgets::icon(Icon::FileCode), label)).right_text(file);
        let help = "The program by which a graphics processor computes this layer, forward and backward.";
        if named(ui.add(button), label).on_hover_text(help).clicked() {
            self.state.shader = Some(name);
            ui.close();
        }
    }

    fn menu_items_ui(&mut self, ui: &mut Ui, layer: &Layer) {
        let id = layer.id;
        ui.set_max_width(MENU_WIDTH);
        self.about_ui(ui, &layer.kind);
        ui.separator();
        let around = match layer.kind {
            Kind::Repeat(_) => {
                (Icon::Ungroup, "Take the repetition away", "Its layers stay, once.", Edit::Dissolve(id))
            }
            _ => (
                Icon::Repeat,
                "Repeat",
                "Puts a repetition around it, to be drawn to any number.",
                Edit::Repeat(id),
            ),
        };
        let (symbol, label, help, edit) = around;
        if named(ui.button((widgets::icon(symbol), label)), label).on_hover_text(help).clicked() {
            self.edits.push(edit);
            ui.close();
        }
        let items = [
            (Action::MoveUp, Edit::MoveUp(id)),
            (Action::MoveDown, Edit::MoveDown(id)),
            (Action::Duplicate, Edit::Duplicate(id)),
            (Action::Remove, Edit::Remove(id)),
        ];
        for (action, edit) in items {
            let symbol = widgets::icon(action.icon());
            let keys = theme::caption(ui, action.shortcut_text(ui.ctx()));
            let button = Button::new((symbol, action.label())).right_text(keys);
            if named(ui.add(button), action.label()).on_hover_text(action.help()).clicked() {
                self.edits.push(edit);
                ui.close();
            }
        }
    }
}

/// How often: a number to draw or type, with one less and one more beside it. Gives whether it was changed.
fn times_ui(ui: &mut Ui, times: &mut usize) -> bool {
    let before = *times;
    ui.spacing_mut().item_spacing.x = 1.0;
    if widgets::quiet_button(ui, Icon::Minus, "Once less").on_hover_text("Once less").clicked() {
        *times = times.saturating_sub(1).max(1);
    }
    let drag = DragValue::new(times).range(1..=1000).speed(0.05).prefix("×").update_while_editing(false);
    let help = "How many times, each with weights of its own. Draw it, or type a number.";
    named(ui.add(drag), "times").on_hover_text(help);
    if widgets::quiet_button(ui, Icon::Plus, "Once more").on_hover_text("Once more").clicked() {
        *times = (*times + 1).min(1000);
    }
    ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
    *times != before
}
