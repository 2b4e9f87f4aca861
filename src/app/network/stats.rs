//! What a layer gives and costs, as columns on its card.

use egui::{Align, Layout, Rect, Ui, vec2};

use crate::app::editor::costs::Cost;
use crate::app::theme::Palette;
use crate::app::{format, widgets};
use crate::graph::ReceptiveField;

/// Widths of the columns: output, parameters, multiply-adds, receptive field.
const WIDTHS: [f32; 4] = [84.0, 68.0, 84.0, 56.0];

/// Space between columns.
const BETWEEN: f32 = 8.0;

/// Room for the columns together.
pub const WIDTH: f32 = WIDTHS[0] + WIDTHS[1] + WIDTHS[2] + WIDTHS[3] + 3.0 * BETWEEN;

/// The captions over the columns with what they mean.
const CAPTIONS: [(&str, &str); 4] = [
    ("output", "Shape of what the layer gives for one picture: channels × height × width."),
    ("parameters", "Learned numbers."),
    (
        "multiply-adds",
        "Multiplications with addition for one picture, in convolutions and fully connected layers. The bar is \
         the share of the whole network.",
    ),
    ("sees", "Receptive field: height × width of the part of the picture that one output depends on."),
];

/// The captions, ranged like the columns. Draws from right to left.
pub fn captions_ui(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.x = BETWEEN;
    for ((text, help), width) in CAPTIONS.into_iter().zip(WIDTHS).rev() {
        let size = vec2(width, 16.0);
        ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
            ui.set_min_size(size);
            widgets::caption_ui(ui, text).on_hover_text(help);
        });
    }
}

/// The columns of one card; `total` is the multiply-adds of the whole network. Draws from right to left.
pub fn columns_ui(ui: &mut Ui, cost: &Cost, total: u64) {
    ui.spacing_mut().item_spacing.x = BETWEEN;
    let palette = Palette::of(ui);
    let seen = cost.receptive_field.map_or("–".into(), size_text);
    let response = widgets::figure_ui(ui, WIDTHS[3], &seen, palette.muted);
    if let Some(field) = cost.receptive_field {
        response.on_hover_ui(|ui| {
            ui.label(field_help(field));
        });
    }
    let adds = widgets::figure_ui(ui, WIDTHS[2], &unless_zero(cost.multiply_adds), palette.text);
    if cost.multiply_adds > 0 {
        let share = cost.multiply_adds as f64 / total.max(1) as f64;
        let track = Rect::from_min_max(adds.rect.left_bottom() - vec2(0.0, 2.0), adds.rect.right_bottom());
        widgets::bar(ui, track, share as f32, palette.accent);
        let exact = format::count(cost.multiply_adds);
        adds.on_hover_ui(|ui| {
            ui.label(format!("{exact} multiply-adds, {} of the network", format::percent(share)));
        });
    }
    let parameters = widgets::figure_ui(ui, WIDTHS[1], &unless_zero(cost.parameters), palette.text);
    if cost.parameters > 0 {
        parameters.on_hover_ui(|ui| {
            let times =
                if cost.times > 1 { format!(" in {} repetitions", cost.times) } else { String::new() };
            ui.label(format!("{}{times}", format::counted(cost.parameters, "parameter")));
        });
    }
    widgets::figure_ui(ui, WIDTHS[0], &output_text(cost), palette.text);
}

/// The same in one line, for cards too narrow for columns.
pub fn line_ui(ui: &mut Ui, cost: &Cost) {
    let mut parts = vec![output_text(cost)];
    if cost.parameters > 0 {
        parts.push(format!("{} par.", format::short(cost.parameters)));
    }
    if cost.multiply_adds > 0 {
        parts.push(format!("{} m-a", format::short(cost.multiply_adds)));
    }
    let text = egui::RichText::new(parts.join(" · ")).monospace().size(11.0).color(Palette::of(ui).muted);
    let response = ui.add(egui::Label::new(text).truncate());
    response.on_hover_ui(|ui| {
        ui.label(format!("Output {}", output_text(cost)));
        ui.label(format::counted(cost.parameters, "parameter"));
        ui.label(format::counted(cost.multiply_adds, "multiply-add"));
        if let Some(field) = cost.receptive_field {
            ui.label(field_help(field));
        }
    });
}

fn output_text(cost: &Cost) -> String {
    cost.output.map_or("–".into(), |extent| extent.to_string())
}

fn unless_zero(n: u64) -> String {
    if n > 0 { format::short(n) } else { String::new() }
}

fn size_text(field: ReceptiveField) -> String {
    let [height, width] = field.size;
    format!("{height}×{width}")
}

fn field_help(field: ReceptiveField) -> String {
    let [dy, dx] = field.stride;
    let step = if dy == dx { dy.to_string() } else { format!("{dy} and {dx}") };
    format!(
        "Each output sees {} pixels of the picture; its neighbour sees those {step} further.",
        size_text(field)
    )
}
