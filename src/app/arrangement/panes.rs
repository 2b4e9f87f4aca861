//! What stands in each place, and how the places look.

use egui::{Color32, Margin, Stroke, Style, Ui, UiBuilder, Visuals, WidgetText};
use egui_tiles::{Behavior, EditAction, SimplificationOptions, TabState, Tabs, TileId, Tiles, UiResponse};

use super::Pane;
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{lessons, library, looking, network, text, training};

/// The panels in one frame.
pub struct Panes<'a> {
    pub desk: Desk<'a>,
    pub library: &'a mut library::State,
    pub lessons: &'a mut lessons::State,
    pub text: &'a mut text::State,
    pub network: &'a mut network::State,
    pub training: &'a mut training::State,
    pub palette: &'static Palette,
    pub is_arranging: bool,
    /// Whether a panel was dragged or resized in this frame.
    pub was_changed: bool,
}

impl Behavior<Pane> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile_id: TileId, pane: &mut Pane) -> UiResponse {
        let palette = self.palette;
        let (fill, top) = match pane {
            Pane::Network if !self.training.is_something_large() => (palette.background, 8),
            _ => (palette.panel, 8),
        };
        let margin = Margin { left: theme::MARGIN, right: theme::MARGIN, top, bottom: 8 };
        ui.painter().rect_filled(ui.max_rect(), 0.0, fill);
        let rect = ui.max_rect() - margin;
        ui.set_clip_rect(ui.max_rect().intersect(ui.clip_rect()));
        let mut inside = ui.new_child(UiBuilder::new().max_rect(rect));
        self.contents_ui(&mut inside, *pane);
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.title().into()
    }

    fn is_tab_bar_visible(&self, _tile_id: TileId, tabs: &Tabs) -> bool {
        self.is_arranging || tabs.children.len() > 1
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn on_edit(&mut self, action: EditAction) {
        self.was_changed |= matches!(action, EditAction::TileResized | EditAction::TileDropped);
    }

    fn min_size(&self) -> f32 {
        80.0
    }

    fn tab_bar_height(&self, _style: &Style) -> f32 {
        28.0
    }

    fn tab_bar_color(&self, _visuals: &Visuals) -> Color32 {
        self.palette.border
    }

    fn tab_bg_color(&self, _: &Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> Color32 {
        if state.active { self.palette.panel } else { Color32::TRANSPARENT }
    }

    fn tab_outline_stroke(&self, _: &Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> Stroke {
        if state.active { Stroke::new(1.0, self.palette.border) } else { Stroke::NONE }
    }

    fn tab_text_color(&self, _: &Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> Color32 {
        if state.active { self.palette.text } else { self.palette.muted }
    }
}

impl Panes<'_> {
    fn contents_ui(&mut self, ui: &mut Ui, pane: Pane) {
        let desk = &mut self.desk;
        match pane {
            Pane::Library => library::library_ui(ui, desk, self.library),
            Pane::Lessons => lessons::lessons_ui(ui, desk, self.lessons),
            Pane::Text => text::text_ui(ui, desk, self.text),
            // Curves or an instrument that is enlarged take the net's place.
            Pane::Network if self.training.curves.is_enlarged => training::curves_ui(ui, desk, self.training),
            Pane::Curves if self.training.curves.is_enlarged => training::curves_are_elsewhere_ui(ui),
            Pane::Network if self.training.looking.is_large => {
                looking::large_ui(ui, desk, &mut self.training.looking);
            }
            Pane::Network => {
                self.network.exhibit = self.training.looking.exhibit();
                network::network_ui(ui, desk, self.network);
                self.training.looking.turn(desk, std::mem::take(&mut self.network.shown.turned));
            }
            Pane::Training => training::controls_ui(ui, desk, self.training),
            Pane::Curves => training::curves_ui(ui, desk, self.training),
            Pane::Inside => training::inside_ui(ui, desk, self.training),
        }
    }
}
