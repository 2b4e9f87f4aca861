//! `shapes`: ten things, textured, shaded and partly hidden, in a world of leaves, 32×32×3.
//!
//! The background is the dead-leaves model (Matheron 1968; Lee, Mumford and Huang 2001): surfaces of all
//! sizes, the number of radius r falling as r⁻³, hide one another. Its pictures share with those of nature
//! their spectrum and their edges, so that a first layer learns on them what it learns on photographs. The
//! thing that names the class may have any colour, texture, place and angle, so that none of these betrays it.
//!
//! A picture is painted from front to back and is done when nothing shows through any more, which is also
//! the exact way to sample the model (Kendall and Thönnes 1999).

mod material;
mod outline;

use super::procedural::{Dice, Procedural};
use crate::tensor::Extent;
use material::{Colour, Material, Palette};
use outline::{OUTLINES, Outline};
use std::f32::consts::TAU;

pub static SHAPES: Procedural = Procedural {
    name: "shapes",
    what: "Textured, shaded, partly hidden things over dead leaves",
    tag: 2,
    extent: Extent::new(3, SIDE, SIDE),
    classes: &["disc", "ring", "crescent", "triangle", "square", "star", "cross", "heart", "arrow", "flower"],
    counts: [10_000, 2_000],
    paint,
};

const SIDE: usize = 32;

/// Radii of leaves in pixels.
const LEAF_RADII: [f32; 2] = [2.8, 20.0];

/// What no number of leaves has hidden after so many is left to the ground.
const MAX_LEAVES: usize = 600;

fn paint(dice: &mut Dice, label: usize, picture: &mut [u8]) {
    let palette = Palette::draw(dice);
    let mut canvas = Canvas::new();
    let thing = thing(label, &palette, dice);
    for _ in 0..1 + dice.below(3) {
        canvas.put(&hiding(&thing, &palette, dice));
    }
    canvas.put(&thing);
    canvas.shadow(&thing, [dice.range(0.5, 2.0), dice.range(0.5, 2.0)], dice.range(0.25, 0.6));
    for _ in 0..MAX_LEAVES {
        if canvas.is_full() {
            break;
        }
        let (radius, centre) = (leaf_radius(dice), [(); 2].map(|()| dice.range(-8.0, SIDE as f32 + 8.0)));
        canvas.put(&leaf(radius, centre, &palette, dice));
    }
    let noise = dice.range(0.0, 0.03);
    canvas.develop(noise, dice, picture);
}

/// A surface with an outline somewhere in the picture.
struct Piece {
    outline: Outline,
    /// In pixels, `(x, y)`.
    centre: [f32; 2],
    radius: f32,
    /// From pixels around the centre to the unit circle of the outline.
    inverse: [[f32; 2]; 2],
    material: Material,
}

impl Piece {
    /// `aspect` is the breadth over the length, at most 1.
    fn new(
        outline: Outline,
        centre: [f32; 2],
        radius: f32,
        angle: f32,
        aspect: f32,
        material: Material,
    ) -> Self {
        let (sin, cos) = angle.sin_cos();
        let (along, across) = (1.0 / radius, 1.0 / (radius * aspect));
        let inverse = [[cos * along, sin * along], [-sin * across, cos * across]];
        Self { outline, centre, radius, inverse, material }
    }

    /// The distance in pixels from the edge, negative inside, at `(x, y)` pixels from the centre.
    #[inline]
    fn distance(&self, x: f32, y: f32) -> f32 {
        let [[a, b], [c, d]] = self.inverse;
        (self.outline)(a * x + b * y, c * x + d * y) * self.radius
    }
}

/// The thing that the picture is of.
fn thing(label: usize, palette: &Palette, dice: &mut Dice) -> Piece {
    let radius = dice.range(8.0, 12.5);
    let play = SIDE as f32 / 2.0 - 0.85 * radius;
    let centre = [(); 2].map(|()| SIDE as f32 / 2.0 + dice.range(-play, play));
    let material = Material::of_thing(palette, dice);
    Piece::new(OUTLINES[label], centre, radius, dice.range(0.0, TAU), dice.range(0.8, 1.0), material)
}

/// A leaf that hides a part of the thing's edge.
fn hiding(thing: &Piece, palette: &Palette, dice: &mut Dice) -> Piece {
    let (sin, cos) = dice.range(0.0, TAU).sin_cos();
    let away = thing.radius * dice.range(0.6, 1.2);
    let centre = [thing.centre[0] + away * cos, thing.centre[1] + away * sin];
    leaf(dice.range(2.0, 5.0), centre, palette, dice)
}

/// A stretched disc or square.
fn leaf(radius: f32, centre: [f32; 2], palette: &Palette, dice: &mut Dice) -> Piece {
    let outline = if dice.chance(0.6) { outline::disc } else { outline::square };
    let material = Material::of_leaf(palette, dice);
    Piece::new(outline, centre, radius, dice.range(0.0, TAU), dice.range(0.45, 0.95), material)
}

/// A radius whose density falls as r⁻³ between the bounds.
fn leaf_radius(dice: &mut Dice) -> f32 {
    let [low, high] = LEAF_RADII;
    low / (1.0 - dice.range(0.0, 1.0) * (1.0 - (low / high).powi(2))).sqrt()
}

/// The picture while it is being painted from front to back.
struct Canvas {
    /// What light there is already, `(H, W)`.
    light: Vec<Colour>,
    /// What part of each pixel is still to be seen through, `(H, W)`.
    open: Vec<f32>,
    n_open: usize,
}

impl Canvas {
    /// Below this a pixel counts as hidden.
    const CLOSED: f32 = 0.02;

    fn new() -> Self {
        Self { light: vec![[0.0; 3]; SIDE * SIDE], open: vec![1.0; SIDE * SIDE], n_open: SIDE * SIDE }
    }

    fn is_full(&self) -> bool {
        self.n_open == 0
    }

    /// Puts a piece behind all that is there.
    fn put(&mut self, piece: &Piece) {
        self.behind(piece.centre, 1.1 * piece.radius + 1.0, |x, y| {
            let distance = piece.distance(x, y);
            let cover = (0.5 - distance).clamp(0.0, 1.0);
            let colour =
                if cover > 0.0 { piece.material.at(x, y, piece.radius, -distance) } else { [0.0; 3] };
            (cover, colour)
        });
    }

    /// Puts the soft shadow of a piece behind all that is there.
    fn shadow(&mut self, piece: &Piece, offset: [f32; 2], strength: f32) {
        let centre = [piece.centre[0] + offset[0], piece.centre[1] + offset[1]];
        self.behind(centre, 1.1 * piece.radius + 2.0, |x, y| {
            (strength * (0.5 - piece.distance(x, y) / 3.0).clamp(0.0, 1.0), [0.0; 3])
        });
    }

    /// Puts behind all that is there what `look` tells of each place, as offsets from the centre in pixels:
    /// its cover, 0 to 1, and its colour.
    fn behind(&mut self, centre: [f32; 2], reach: f32, look: impl Fn(f32, f32) -> (f32, Colour)) {
        let range = |middle: f32| {
            let clip = |x: f32| x.clamp(0.0, SIDE as f32) as usize;
            clip((middle - reach).floor())..clip((middle + reach).ceil())
        };
        for y in range(centre[1]) {
            for x in range(centre[0]) {
                let at = y * SIDE + x;
                let open = self.open[at];
                if open < Self::CLOSED {
                    continue;
                }
                let (cover, colour) = look(x as f32 + 0.5 - centre[0], y as f32 + 0.5 - centre[1]);
                let pixel = &mut self.light[at];
                (0..3).for_each(|c| pixel[c] += open * cover * colour[c].clamp(0.0, 1.0));
                self.open[at] = open * (1.0 - cover);
                self.n_open -= (self.open[at] < Self::CLOSED) as usize;
            }
        }
    }

    /// The bytes of the picture, `(3, H, W)`, with the noise of a camera.
    fn develop(&self, noise: f32, dice: &mut Dice, picture: &mut [u8]) {
        for (c, plane) in picture.chunks_exact_mut(SIDE * SIDE).enumerate() {
            for ((byte, light), open) in plane.iter_mut().zip(&self.light).zip(&self.open) {
                // What still shows through takes the pixel's own colour.
                let value = light[c] / (1.0 - open).max(0.1) + noise * dice.normal();
                *byte = (255.0 * value).round().clamp(0.0, 255.0) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::procedural::checks;

    #[test]
    fn what_holds_of_every_built_in_set() {
        checks::all(&SHAPES);
    }
}
