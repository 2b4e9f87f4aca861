//! Points in the plane, as pictures of one pixel and two channels: so small that what a net makes of *every*
//! picture can be drawn.
//!
//! A coordinate from −1 to 1 is a byte, `round(127.5·(1 + x))`; the first channel is x, the second y, upwards.

use std::f32::consts::{PI, TAU};

use super::procedural::{Painter, Procedural};
use crate::tensor::Extent;

/// `(x, y)` of a pixel.
const PLANE: Extent = Extent::new(2, 1, 1);

pub static RINGS: Procedural = Procedural {
    name: "rings",
    what: "Points in the plane: a disc, and a ring around it",
    tag: 5,
    extent: PLANE,
    classes: &["disc", "ring"],
    counts: [1_000, 1_000],
    painter: Painter::Class(|dice, class, point| {
        let radius = if class == 0 { 0.45 * dice.range(0.0, 1.0).sqrt() } else { dice.range(0.6, 0.9) };
        put(point, radius, dice.range(0.0, TAU));
    }),
};

pub static SPIRALS: Procedural = Procedural {
    name: "spirals",
    what: "Points in the plane: two arms that wind about each other",
    tag: 6,
    extent: PLANE,
    classes: &["one arm", "the other"],
    counts: [1_000, 1_000],
    painter: Painter::Class(|dice, class, point| {
        // Evenly along the arm: its length grows with the square of the radius.
        let radius = 0.12 + 0.8 * dice.range(0.0, 1.0).sqrt();
        let stray = dice.range(-0.25, 0.25);
        put(point, radius, class as f32 * PI + 2.0 * TAU * radius + stray);
    }),
};

/// Puts a point where its polar coordinates say.
fn put(point: &mut [u8], radius: f32, angle: f32) {
    let byte = |x: f32| (127.5 * (1.0 + x)).round() as u8;
    (point[0], point[1]) = (byte(radius * angle.cos()), byte(radius * angle.sin()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radius(point: &[u8]) -> f32 {
        let along = |byte: u8| f32::from(byte) / 127.5 - 1.0;
        along(point[0]).hypot(along(point[1]))
    }

    #[test]
    fn the_ring_lies_around_the_disc() {
        let set = RINGS.make(1, 400, 10);
        let classes = set.train.labels.classes().expect("classes");
        for (point, &class) in set.train.pictures.chunks_exact(2).zip(classes) {
            assert_eq!(class == 1, radius(point) > 0.52, "{point:?}");
        }
    }

    /// Whoever goes around at one distance meets the arms in turn, half a turn apart.
    #[test]
    fn the_arms_are_each_other_turned_by_half() {
        let set = SPIRALS.make(1, 2000, 10);
        let classes = set.train.labels.classes().expect("classes");
        let unwound = |point: &[u8]| {
            let along = |byte: u8| f32::from(byte) / 127.5 - 1.0;
            let angle = along(point[1]).atan2(along(point[0])) - 2.0 * TAU * radius(point);
            angle.rem_euclid(TAU)
        };
        for (point, &class) in set.train.pictures.chunks_exact(2).zip(classes) {
            let apart = (unwound(point) - f32::from(class) * PI + PI).rem_euclid(TAU) - PI;
            assert!(apart.abs() < 0.4, "{point:?} of class {class}: {apart}");
        }
    }
}
