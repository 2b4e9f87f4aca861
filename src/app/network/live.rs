//! What goes on in each layer while the net trains, on its card: how large its signal is and the gradient that comes
//! back, and how many of its units are dead.
//!
//! It is asked for only while the cards show it, and is computed for no more than a share of the time that goes into
//! training.

use std::sync::Arc;

use egui::{Align, Layout, RichText, Sense, Ui, WidgetInfo, vec2};

use crate::app::bridge::Desk;
use crate::app::editor::costs::Costs;
use crate::app::format;
use crate::app::theme::{self, Palette};
use crate::experiment::LayerId;
use crate::inspect::look::{Look, View};
use crate::inspect::statistics::{LayerStatistics, Moments};

/// Training pictures over which the signals are measured.
const BATCH: usize = 32;

/// What is seen of the run in front, in one frame.
#[derive(Default)]
pub struct Live {
    signals: Option<Arc<View>>,
}

impl Live {
    /// Asks for what the cards show of a run that trains the net as it stands.
    pub fn ask(desk: &Desk<'_>) -> Self {
        if desk.snapshot.begun().is_none_or(|run| run.is_stale) {
            return Self::default();
        }
        let seen = desk.look(Look::Signals { batch: BATCH });
        Self { signals: seen.and_then(|seen| seen.view.clone().ok()) }
    }

    fn statistics(&self, path: &str) -> Option<&LayerStatistics> {
        match self.signals.as_deref()? {
            View::Signals(signals) => signals.at(path),
            _ => None,
        }
    }

    /// The row of a layer, where something is seen of it.
    pub fn layer_ui(&self, ui: &mut Ui, costs: &Costs, layer: LayerId) {
        let Some(statistics) = costs.path_of(layer).and_then(|path| self.statistics(path)) else { return };
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = theme::SMALL_GAP;
                // As far from the edge as the columns above.
                ui.add_space(theme::ICON_BUTTON.x + theme::GAP);
                statistics_ui(ui, statistics);
            });
        });
    }
}
/// Draws from right to left.
fn statistics_ui(ui: &mut Ui, statistics: &LayerStatistics) {
    let size = |moments: Moments| moments.mean_square().sqrt();
    if let Some(gradient) = statistics.gradient {
        let help = "How large the gradient is that comes back to the layer's numbers: the root of its mean square, of \
                    each picture's own loss.";
        figure_ui(ui, "gradient", &format::number(size(gradient)), help);
    }
    let help = "How large the layer's numbers are: the root of their mean square over the pictures of a batch, all \
                channels and all places.";
    figure_ui(ui, "signal", &format::number(size(statistics.signal)), help);
    if let Some(dead) = statistics.dead.filter(|&dead| dead > 0.0) {
        let text =
            RichText::new(format!("{} dead", format::percent(dead))).small().color(Palette::of(ui).warning);
        let help =
            "Units that were 0 for every picture of the batch at every place: no gradient reaches them.";
        ui.label(text).on_hover_text(help);
    }
}

fn figure_ui(ui: &mut Ui, caption: &str, figure: &str, help: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(52.0, theme::ROW), Sense::hover());
    let (font, colour) = (theme::figures(ui), Palette::of(ui).text);
    ui.painter().text(rect.right_center(), egui::Align2::RIGHT_CENTER, figure, font, colour);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{caption} {figure}")));
    response.on_hover_text(help);
    ui.label(theme::caption(ui, caption)).on_hover_text(help);
}
