//! The symbol of each kind of layer: an icon, or the graph of the function itself.

use egui::{Color32, Painter, Pos2, Rect, Sense, Stroke, Ui, vec2};
use lucide_icons::Icon;

use crate::app::theme::{self, Palette};
use crate::experiment::Kind;
use crate::experiment::layers::{Activation, PoolMode, Prelu, UpsampleMode};

/// The kind's colour, that of its family.
pub fn colour(ui: &Ui, kind: &Kind) -> Color32 {
    Palette::of(ui).kinds[family(kind)]
}

/// Weights, non-linearities, what changes the size of maps, normalisation, and what leads elsewhere.
pub fn family(kind: &Kind) -> usize {
    match kind {
        Kind::Conv(_) | Kind::TransposedConv(_) | Kind::Linear(_) => 0,
        Kind::Activation(_) | Kind::Prelu(_) => 1,
        Kind::Pool(_) | Kind::GlobalAveragePool | Kind::Upsample(_) => 2,
        Kind::BatchNorm(_) | Kind::Lrn(_) | Kind::Dropout(_) => 3,
        Kind::Flatten
        | Kind::Identity
        | Kind::PermutePixels(_)
        | Kind::Shortcut(_)
        | Kind::Branches(_)
        | Kind::Repeat(_) => 4,
    }
}

/// Draws the symbol in a square of its own.
pub fn glyph_ui(ui: &mut Ui, kind: &Kind) {
    let (rect, _) = ui.allocate_exact_size(vec2(18.0, theme::ROW), Sense::hover());
    let colour = colour(ui, kind);
    match kind {
        Kind::Activation(activation) => graph(ui.painter(), rect, *activation, colour),
        Kind::Prelu(_) => graph(ui.painter(), rect, Activation::LeakyRelu { slope: Prelu::START }, colour),
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
        Kind::Activation(_) | Kind::Prelu(_) => Icon::Spline,
        Kind::Lrn(_) => Icon::AudioLines,
        Kind::Upsample(upsample) => match upsample.mode {
            UpsampleMode::Nearest => Icon::Expand,
            UpsampleMode::Bilinear => Icon::Maximize2,
        },
        Kind::Flatten => Icon::Rows4,
        Kind::Identity => Icon::Equal,
        Kind::PermutePixels(_) => Icon::Shuffle,
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

/// The function over −3 to 3, with the axis of 0.
fn graph(painter: &Painter, rect: Rect, activation: Activation, colour: Color32) {
    let area = Rect::from_center_size(rect.center(), vec2(15.0, 12.0));
    let (low, high) = range(activation);
    let height = |y: f32| area.bottom() - (y - low) / (high - low) * area.height();
    let at = |i: u32| {
        let share = i as f32 / 12.0;
        Pos2::new(area.left() + share * area.width(), height(value(activation, 6.0 * share - 3.0)))
    };
    painter.line((0..=12).map(at).collect(), Stroke::new(1.6, colour));
    painter.hline(area.x_range(), height(0.0), Stroke::new(0.6, colour.gamma_multiply(0.5)));
}

/// From where to where the function is drawn.
fn range(activation: Activation) -> (f32, f32) {
    match activation {
        Activation::Relu => (0.0, 3.0),
        Activation::LeakyRelu { .. } => (-0.9, 3.0),
        Activation::Elu { .. } | Activation::Selu => (-1.8, 3.0),
        Activation::Gelu | Activation::Silu => (-0.5, 3.0),
        Activation::Tanh => (-1.0, 1.0),
        Activation::Sigmoid => (0.0, 1.0),
    }
}

/// The function as it is drawn: small slopes larger, large ones smaller, so that a few pixels show them.
fn value(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::LeakyRelu { slope } if x < 0.0 => slope.clamp(0.15, 0.3) * x,
        Activation::Elu { alpha } if x < 0.0 => alpha.clamp(0.5, 1.8) * x.exp_m1(),
        Activation::Selu if x < 0.0 => 1.76 * x.exp_m1(),
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu { .. } | Activation::Elu { .. } | Activation::Selu => x,
        // By the hyperbolic tangent, which is near enough for the eye.
        Activation::Gelu => x * (0.5 + 0.5 * (0.8 * x + 0.036 * x.powi(3)).tanh()),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => 1.0 / (1.0 + (-2.0 * x).exp()),
    }
}
