//! The outlines of things: the signed distance from an edge, negative inside.

use std::f32::consts::{FRAC_1_SQRT_2, PI, TAU};

/// The signed distance of `(x, y)` from the edge, for a thing that fits into the unit circle; in places only
/// nearly a distance, which is enough for a soft edge a pixel wide.
pub type Outline = fn(x: f32, y: f32) -> f32;

/// The ten classes, in the order of their labels.
pub const OUTLINES: [Outline; 10] =
    [disc, ring, crescent, triangle, square, star, cross, heart, arrow, flower];

pub fn disc(x: f32, y: f32) -> f32 {
    length(x, y) - 0.88
}

fn ring(x: f32, y: f32) -> f32 {
    (length(x, y) - 0.69).abs() - 0.23
}

/// A disc out of which another is cut.
fn crescent(x: f32, y: f32) -> f32 {
    (length(x, y) - 0.98).max(0.74 - length(x - 0.44, y))
}

/// Equilateral, its tip up.
fn triangle(x: f32, y: f32) -> f32 {
    let slanted = 0.5 * 3f32.sqrt() * x.abs() - 0.5 * y;
    slanted.max(y) - 0.52
}

pub fn square(x: f32, y: f32) -> f32 {
    x.abs().max(y.abs()) - 0.74
}

/// Five points. By symmetry only half of one is looked at: the line from its tip to the notch beside it.
fn star(x: f32, y: f32) -> f32 {
    let (r, angle) = folded(x, y, 5.0);
    let (px, py) = (r * angle.cos(), r * angle.sin());
    let notch = (0.44 * (PI / 5.0).cos(), 0.44 * (PI / 5.0).sin());
    let (dx, dy) = (notch.0 - 1.0, notch.1);
    (dx * py - dy * (px - 1.0)) / -length(dx, dy)
}

fn cross(x: f32, y: f32) -> f32 {
    let (x, y) = (x.abs(), y.abs());
    let upright = (x - 0.29).max(y - 0.95);
    let level = (x - 0.95).max(y - 0.29);
    upright.min(level)
}

/// A square on its tip with a half disc on each of its upper sides.
fn heart(x: f32, y: f32) -> f32 {
    let (x, y) = (x, y - 0.08);
    let (u, v) = ((x - y) * FRAC_1_SQRT_2, (-x - y) * FRAC_1_SQRT_2);
    let s = 0.52;
    let body = u.abs().max(v.abs()) - s;
    body.min(length(u, v - s) - s).min(length(u - s, v) - s)
}

/// A shaft and a head, pointing to the right.
fn arrow(x: f32, y: f32) -> f32 {
    let shaft = ((x + 0.38).abs() - 0.57).max(y.abs() - 0.2);
    // The head's slanted edge leads from its tip at (0.98, 0) to (0.02, 0.74).
    let slanted = 0.61 * (x - 0.98) + 0.79 * y.abs();
    shaft.min(slanted.max(0.02 - x))
}

/// Six round petals around a middle.
fn flower(x: f32, y: f32) -> f32 {
    let (r, angle) = folded(x, y, 6.0);
    let petal = length(r * angle.cos() - 0.65, r * angle.sin()) - 0.31;
    petal.min(r - 0.5)
}

/// Without the care that `hypot` takes of overflow, which costs half the time of a picture.
fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Polar coordinates, the angle folded into `0 ..= π/n` by the symmetry of a thing with `n` equal arms.
fn folded(x: f32, y: f32, n: f32) -> (f32, f32) {
    let sector = TAU / n;
    let angle = x.atan2(-y) / sector;
    (length(x, y), (angle - angle.round()).abs() * sector)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What part of the square around the unit circle a thing covers, from a grid.
    fn area(outline: Outline) -> f32 {
        let at = |i: usize| i as f32 / 100.0 - 1.0;
        let inside = (0..200).map(|i| (0..200).filter(|&j| outline(at(i), at(j)) < 0.0).count());
        inside.sum::<usize>() as f32 / 40_000.0
    }

    #[test]
    fn every_thing_fits_into_the_unit_circle_and_none_is_tiny() {
        for (i, outline) in OUTLINES.into_iter().enumerate() {
            for step in 0..360 {
                let (y, x) = (step as f32).to_radians().sin_cos();
                assert!(outline(1.06 * x, 1.06 * y) > 0.0, "outline {i} leaves the circle at {step} degrees");
            }
            assert!((0.2..0.65).contains(&area(outline)), "outline {i} covers {}", area(outline));
        }
    }

    #[test]
    fn distances_grow_no_faster_than_the_way() {
        let step = 0.01;
        for (i, outline) in OUTLINES.into_iter().enumerate() {
            for k in 0..10_000 {
                let (x, y) = ((k % 100) as f32 / 50.0 - 1.0, (k / 100) as f32 / 50.0 - 1.0);
                let change = (outline(x + step, y) - outline(x, y)).abs();
                assert!(change <= 1.01 * step, "outline {i} at ({x}, {y}): {change}");
            }
        }
    }
}
