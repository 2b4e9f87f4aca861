//! What lives inside a text: one file for each kind of live part, one line here.

mod by_hand;
mod convolution;
mod curves;
mod descent;
mod filters;
mod front;
mod functions;
mod gratings;
mod grid;
mod instrument;
mod layers;
mod plane;
mod signals;

use egui::{Frame, Margin, Rect, Sense, Ui, vec2};

use super::Open;
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::lessons::live::Live;

/// What a part remembers from frame to frame.
#[derive(Default)]
pub enum State {
    #[default]
    Nothing,
    Filters(crate::app::looking::filters::State),
    Convolution(Box<convolution::State>),
    Functions(functions::State),
    Gratings(crate::app::looking::gratings::State),
    Descent(Box<crate::app::looking::descent::State>),
    Plane(plane::State),
    Signals(Box<signals::State>),
    Instrument(Box<instrument::State>),
}

/// Draws the part at this place of the text, or leaves its room free where it is out of sight: what nobody sees is
/// not computed.
pub fn live_ui(ui: &mut Ui, desk: &mut Desk<'_>, open: &mut Open, place: usize, live: &Live) {
    let size = vec2(ui.available_width(), open.page.heights.get(&place).copied().unwrap_or_default());
    let room = Rect::from_min_size(ui.cursor().min, size);
    if size.y > 0.0 && !ui.is_rect_visible(room) {
        ui.allocate_exact_size(size, Sense::hover());
        return;
    }
    let drawn = ui.scope(|ui| part_ui(ui, desk, open, place, live)).response.rect;
    open.page.heights.insert(place, drawn.height());
}

fn part_ui(ui: &mut Ui, desk: &mut Desk<'_>, open: &mut Open, place: usize, live: &Live) {
    let palette = Palette::of(ui);
    let frame =
        Frame::new().fill(palette.card).stroke((1.0, palette.border)).corner_radius(theme::CARD_CORNER);
    frame.inner_margin(Margin::same(8)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        let Open { lesson, page, .. } = open;
        let state = page.lives.entry(place).or_default();
        match live.kind.name {
            "curves" => curves::curves_ui(ui, desk, lesson, live),
            "filters" => filters::filters_ui(ui, desk, state, live),
            "instrument" => instrument::instrument_ui(ui, desk, state, live),
            "layers" => layers::layers_ui(ui, desk, lesson, live),
            "convolution" => convolution::convolution_ui(ui, state, live),
            "functions" => functions::functions_ui(ui, state),
            "gratings" => gratings::gratings_ui(ui, desk, state, live),
            "descent" => descent::descent_ui(ui, state, live),
            "grid" => grid::grid_ui(ui, lesson, &page.trial, live),
            "plane" => plane::plane_ui(ui, desk, state, live),
            "signals" => signals::signals_ui(ui, state, live),
            other => {
                widgets::caption_ui(ui, &format!("This program cannot draw `{other}` yet."));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    /// Each kind that a lesson may name has its arm above.
    #[test]
    fn every_kind_is_drawn() {
        let arms = include_str!("mod.rs");
        for kind in crate::lessons::live::KINDS {
            assert!(arms.contains(&format!("\"{}\" => ", kind.name)), "nobody draws `{}`", kind.name);
        }
    }
}
