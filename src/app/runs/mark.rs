//! By what a run is known wherever it is drawn: a colour and a marker, so that nothing goes by colour alone.

use egui::{Color32, Pos2, Rect, Sense, Shape, Stroke, Ui, vec2};
use egui_plot::MarkerShape;

use crate::app::theme::Palette;

/// How many markers there are.
pub const N_SHAPES: usize = 8;

/// Markers that can be told apart at the size of a letter.
const SHAPES: [MarkerShape; N_SHAPES] = [
    MarkerShape::Circle,
    MarkerShape::Diamond,
    MarkerShape::Square,
    MarkerShape::Up,
    MarkerShape::Down,
    MarkerShape::Cross,
    MarkerShape::Plus,
    MarkerShape::Asterisk,
];

/// Runs 0 to 7 differ in colour and in marker; run 8 has the colour of run 0 and the marker of run 1.
pub fn shape(mark: usize) -> MarkerShape {
    SHAPES[(mark + mark / SHAPES.len()) % SHAPES.len()]
}

pub fn colour(ui: &Ui, mark: usize) -> Color32 {
    let colours = &Palette::of(ui).runs;
    colours[mark % colours.len()]
}

/// A piece of the run's curve with its marker.
pub fn swatch_ui(ui: &mut Ui, mark: usize, is_faint: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(22.0, 18.0), Sense::hover());
    swatch(ui, rect, mark, is_faint);
    response
}

pub fn swatch(ui: &Ui, rect: Rect, mark: usize, is_faint: bool) {
    let colour = match is_faint {
        true => colour(ui, mark).gamma_multiply(0.35),
        false => colour(ui, mark),
    };
    let ends = [rect.left_center(), rect.right_center()];
    ui.painter().line_segment(ends, Stroke::new(2.0, colour));
    marker(ui, rect.center(), 4.5, shape(mark), colour);
}

/// A marker of this radius.
pub fn marker(ui: &Ui, centre: Pos2, radius: f32, shape: MarkerShape, colour: Color32) {
    let at = |x: f32, y: f32| centre + vec2(radius * x, radius * y);
    let filled = |corners: Vec<Pos2>| Shape::convex_polygon(corners, colour, Stroke::NONE);
    let stroke = |a: Pos2, b: Pos2| Shape::line_segment([a, b], Stroke::new(1.8, colour));
    let shapes = match shape {
        MarkerShape::Diamond => vec![filled(vec![at(0.0, -1.0), at(1.0, 0.0), at(0.0, 1.0), at(-1.0, 0.0)])],
        MarkerShape::Square => {
            vec![filled(vec![at(-0.8, -0.8), at(0.8, -0.8), at(0.8, 0.8), at(-0.8, 0.8)])]
        }
        MarkerShape::Up => vec![filled(vec![at(0.0, -1.0), at(0.95, 0.8), at(-0.95, 0.8)])],
        MarkerShape::Down => vec![filled(vec![at(-0.95, -0.8), at(0.95, -0.8), at(0.0, 1.0)])],
        MarkerShape::Cross => {
            vec![stroke(at(-0.8, -0.8), at(0.8, 0.8)), stroke(at(-0.8, 0.8), at(0.8, -0.8))]
        }
        MarkerShape::Plus => vec![stroke(at(0.0, -1.1), at(0.0, 1.1)), stroke(at(-1.1, 0.0), at(1.1, 0.0))],
        MarkerShape::Asterisk => vec![
            stroke(at(0.0, -1.1), at(0.0, 1.1)),
            stroke(at(-0.95, -0.55), at(0.95, 0.55)),
            stroke(at(-0.95, 0.55), at(0.95, -0.55)),
        ],
        _ => vec![Shape::circle_filled(centre, 0.85 * radius, colour)],
    };
    ui.painter().extend(shapes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::MOST_RUNS;

    #[test]
    fn no_two_runs_have_the_same_colour_and_marker() {
        let marks: Vec<_> = (0..MOST_RUNS).map(|mark| (mark % SHAPES.len(), shape(mark))).collect();
        for (i, mark) in marks.iter().enumerate() {
            assert!(!marks[i + 1..].contains(mark), "run {i} looks like another");
        }
    }
}
