//! The symbol of each kind of layer: an icon, or the graph of the function itself.

use egui::{Color32, Painter, Pos2, Rect, Sense, Stroke, Ui, vec2};
use lucide_icons::Icon;

use crate::app::theme::{self, Palette};
use crate::experiment::Kind;
use crate::experiment::layers::{Activation, PoolMode};

/// The kind's colour: weights, non-linearities, pooling, normalisation, and what holds others.
pub fn colour(ui: &Ui, kind: &Kind) -> Color32 {
    let family = match kind {
        Kind::Conv(_) | Kind::TransposedConv(_) | Kind::Linear(_) => 0,
        Kind::Activation(_) => 1,
        Kind::Pool(_) | Kind::GlobalAveragePool => 2,
        Kind::BatchNorm(_) | Kind::Dropout(_) => 3,
        Kind::Shortcut(_) | Kind::Branches(_) | Kind::Repeat(_) => 4,
    };
    Palette::of(ui).kinds[family]
}

/// Draws the symbol in a square of its own.
pub fn glyph_ui(ui: &mut Ui, kind: &Kind) {
    let (rect, _) = ui.allocate_exact_size(vec2(18.0, theme::ROW), Sense::hover());
    let colour = colour(ui, kind);
    match kind {
        Kind::Activation(activation) => graph(ui.painter(), rect, *activation, colour),
        _ => {
            let font = theme::icons(15.0);
            let align = egui::Align2::CENTER_CENTER;
            ui.painter().text(rect.center(), align, char::from(icon(kind)), font, colour);
        }
    }
}

pub fn icon(kind: &Kind) -> Icon {
    match kind {
        Kind::Conv(_) => Icon::Grid3x3,
        Kind::TransposedConv(_) => Icon::Stamp,
        Kind::Linear(_) => Icon::Waypoints,
        Kind::BatchNorm(_) => Icon::AlignVerticalJustifyCenter,
        Kind::Activation(_) => Icon::Spline,
        Kind::Pool(pool) => match pool.mode {
            PoolMode::Max => Icon::Shrink,
            PoolMode::Average => Icon::Minimize2,
            PoolMode::Sum => Icon::Plus,
        },
        Kind::GlobalAveragePool => Icon::Sigma,
        Kind::Dropout(_) => Icon::Dices,
        Kind::Shortcut(_) => Icon::CornerDownRight,
        Kind::Branches(_) => Icon::Split,
        Kind::Repeat(_) => Icon::Repeat,
    }
}

/// The function over −3 to 3.
fn graph(painter: &Painter, rect: Rect, activation: Activation, colour: Color32) {
    let area = Rect::from_center_size(rect.center(), vec2(15.0, 12.0));
    let height = |x: f32| match activation {
        Activation::Relu => x.max(0.0) / 3.0,
        Activation::Tanh => 0.5 + 0.5 * x.tanh(),
        Activation::Sigmoid => 1.0 / (1.0 + (-2.0 * x).exp()),
    };
    let at = |i: u32| {
        let x = i as f32 / 12.0;
        let y = height(6.0 * x - 3.0);
        Pos2::new(area.left() + x * area.width(), area.bottom() - y * area.height())
    };
    painter.line((0..=12).map(at).collect(), Stroke::new(1.6, colour));
    let axis = match activation {
        Activation::Tanh => area.center().y,
        Activation::Relu | Activation::Sigmoid => area.bottom(),
    };
    painter.hline(area.x_range(), axis, Stroke::new(0.6, colour.gamma_multiply(0.5)));
}
