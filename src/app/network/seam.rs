//! The seams between cards: where layers are put in, and where dragged ones are dropped.

use egui::{
    Button, Color32, DragAndDrop, LayerId as PaintLayer, Order, Popup, Rect, Response, Role, Sense, Stroke,
    Ui, Vec2, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use super::{Stack, glyph};
use crate::app::editor::edit::Edit;
use crate::app::editor::tree::{self, Place};
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::experiment::layers::MENU;
use crate::experiment::presets::blocks::{BLOCKS, Block};
use crate::experiment::{Kind, Layer, LayerId};

/// Height of a seam.
const HEIGHT: f32 = 12.0;

/// Width of a column of the menu.
const WIDTH: f32 = 204.0;

/// A gap as drawn in this frame.
pub struct Seam {
    rect: Rect,
    place: Place,
}

impl Stack<'_> {
    pub(super) fn seam_ui(&mut self, ui: &mut Ui, place: Place) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
        self.seams.push(Seam { rect, place });
        let name = match place.list.parent {
            None => format!("Add layer at position {}", place.index + 1),
            Some(_) => format!("Add layer inside at position {}", place.index + 1),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let is_open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response));
        paint(ui, rect, response.hovered() || response.has_focus() || is_open);
        let response = response.on_hover_text("Add a layer here");
        self.menu_of_kinds(&response, place);
    }

    /// Where there is no card yet.
    pub(super) fn first_ui(&mut self, ui: &mut Ui, place: Place) {
        ui.add_space(theme::LARGE_GAP);
        ui.vertical_centered(|ui| {
            ui.label(theme::caption(ui, "Every net begins with one layer: a convolution, say."));
            ui.add_space(theme::SMALL_GAP);
            let button = widgets::main_button(ui, Some(Icon::Plus), "Add the first layer", vec2(190.0, 32.0));
            let response = widgets::named(button, "Add the first layer");
            self.menu_of_kinds(&response, place);
        });
        ui.add_space(theme::LARGE_GAP);
    }

    /// The kinds of layers to choose from.
    fn menu_of_kinds(&mut self, response: &Response, place: Place) {
        Popup::menu(response).align(egui::RectAlign::BOTTOM).show(|ui| {
            ui.set_min_width(220.0);
            // The families that a net is made of first of all, the others, and what is ready-made of them.
            ui.horizontal_top(|ui| {
                for (caption, families) in [("Layers", 0..2), ("", 2..5)] {
                    ui.vertical(|ui| {
                        ui.label(theme::caption(ui, caption));
                        let kinds = MENU.iter().map(|make| make());
                        let is_here = |kind: &Kind| {
                            families.contains(&glyph::family(kind)) && !matches!(kind, Kind::Branches(_))
                        };
                        kinds.filter(is_here).for_each(|kind| self.menu_item_ui(ui, kind, place));
                    });
                }
                ui.vertical(|ui| {
                    ui.label(theme::caption(ui, "Blocks"));
                    BLOCKS.iter().for_each(|block| self.block_item_ui(ui, block, place));
                });
            });
        });
    }

    fn menu_item_ui(&mut self, ui: &mut Ui, kind: Kind, place: Place) {
        let text = widgets::icon(glyph::icon(&kind)).color(glyph::colour(ui, &kind));
        let response = ui.add(Button::new((text, kind.title())).min_size(vec2(WIDTH, theme::ROW)));
        let response = widgets::named(response, kind.title());
        if response.on_hover_text(kind.purpose()).clicked() {
            self.edits.push(Edit::Insert(place, kind));
            ui.close();
        }
    }

    fn block_item_ui(&mut self, ui: &mut Ui, block: &'static Block, place: Place) {
        let kind = block.layers(16).into_iter().next().map(|layer| layer.kind);
        let Some(kind) = kind else { return };
        let text = widgets::icon(glyph::icon(&kind)).color(glyph::colour(ui, &kind));
        let response = ui.add(Button::new((text, block.title)).min_size(vec2(WIDTH, theme::ROW)));
        if widgets::named(response, block.title).on_hover_text(block.help).clicked() {
            self.blocks.push((place, block));
            ui.close();
        }
    }

    /// While a layer is dragged: shows where it would go, and puts it there when it is let go.
    pub(super) fn drop_ui(&mut self, ui: &Ui, layers: &[Layer]) {
        let Some(dragged) = DragAndDrop::payload::<LayerId>(ui.ctx()) else { return };
        let Some(pointer) = ui.input(|input| input.pointer.interact_pos()) else { return };
        let Some(layer) = tree::find(layers, *dragged) else { return };
        paint_ghost(ui, pointer, layer);
        scroll_at_edges(ui, pointer.y);
        let inside = |seam: &&Seam| {
            let into_itself =
                seam.place.list.parent.is_some_and(|p| tree::find(std::slice::from_ref(layer), p).is_some());
            seam.rect.x_range().contains(pointer.x) && !into_itself
        };
        // Of those equally near, the innermost list is meant: its seams are the narrowest.
        let distance = |seam: &Seam| (seam.rect.center().y - pointer.y).abs() + 0.02 * seam.rect.width();
        let nearest = self.seams.iter().filter(inside).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some(seam) = nearest else { return };
        let line = Stroke::new(3.0, Palette::of(ui).accent);
        ui.painter().hline(seam.rect.x_range(), seam.rect.center().y, line);
        if ui.input(|input| input.pointer.any_released()) {
            self.edits.push(Edit::Move(*dragged, seam.place));
        }
    }
}

/// A line from card to card with a plus on it.
fn paint(ui: &Ui, rect: Rect, is_active: bool) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let centre = rect.center();
    if is_active {
        painter.hline(rect.x_range(), centre.y, Stroke::new(1.5, palette.accent));
        painter.circle(centre, 7.0, palette.accent, Stroke::NONE);
        plus(painter, centre, 3.5, Stroke::new(1.5, palette.on_accent));
    } else {
        painter.vline(centre.x, rect.y_range(), Stroke::new(1.0, palette.border));
        painter.circle(centre, 6.0, palette.card, Stroke::new(1.0, palette.border));
        plus(painter, centre, 3.0, Stroke::new(1.2, palette.muted));
    }
}

fn plus(painter: &egui::Painter, centre: egui::Pos2, arm: f32, stroke: Stroke) {
    painter.line_segment([centre - vec2(arm, 0.0), centre + vec2(arm, 0.0)], stroke);
    painter.line_segment([centre - vec2(0.0, arm), centre + vec2(0.0, arm)], stroke);
}

/// The title of the dragged layer at the pointer.
fn paint_ghost(ui: &Ui, pointer: egui::Pos2, layer: &Layer) {
    let palette = Palette::of(ui);
    let painter = ui.ctx().layer_painter(PaintLayer::new(Order::Tooltip, egui::Id::unique("dragged layer")));
    let galley = painter.layout_no_wrap(
        layer.kind.title().into(),
        egui::TextStyle::Body.resolve(ui.style()),
        palette.text,
    );
    let rect = Rect::from_min_size(pointer + vec2(12.0, -12.0), galley.size() + Vec2::splat(12.0));
    let stroke = Stroke::new(1.0, palette.accent);
    painter.rect(rect, theme::CARD_CORNER, palette.card, stroke, egui::StrokeKind::Inside);
    painter.galley(pos2(rect.min.x + 6.0, rect.min.y + 6.0), galley, Color32::PLACEHOLDER);
}

/// Scrolls while a card is held near the upper or lower edge.
fn scroll_at_edges(ui: &Ui, y: f32) {
    const EDGE: f32 = 48.0;
    let visible = ui.clip_rect();
    let beyond = (visible.top() + EDGE - y).max(0.0) - (y - visible.bottom() + EDGE).max(0.0);
    if beyond != 0.0 {
        ui.scroll_with_delta(vec2(0.0, beyond * 0.3));
        ui.ctx().request_repaint();
    }
}
