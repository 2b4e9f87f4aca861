//! `glyphs`: the ten digits drawn with a pen that varies, 28×28×1, light on dark.
//!
//! Each digit has a few skeletons (ways of writing it); a skeleton is bent, slanted, stretched, turned and
//! shifted at random, then drawn with a pen of varying width. A picture costs about 30 microseconds.

use super::procedural::{Dice, Painter, Procedural};
use crate::tensor::Extent;
use crate::tensor::random::Key;
use std::f32::consts::TAU;

pub static GLYPHS: Procedural = Procedural {
    name: "glyphs",
    what: "Digits drawn as varied strokes",
    tag: 1,
    extent: Extent::new(1, SIDE, SIDE),
    classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    counts: [10_000, 2_000],
    painter: Painter::Class(paint),
};

const SIDE: usize = 28;

/// Pixels between the ink and the edge of the picture.
const MARGIN: f32 = 1.0;

/// Pieces into which the curve between two control points is cut.
const PIECES: usize = 6;

/// A smooth curve through its points, `(x, y)` in hundredths of the height of the digit, y downwards. A point
/// written twice is a corner.
type Stroke = &'static [[i8; 2]];

/// A way of writing a digit.
type Skeleton = &'static [Stroke];

#[rustfmt::skip]
const DIGITS: [&[Skeleton]; 10] = [
    &[
        &[&[[54, 1], [34, 8], [21, 34], [22, 68], [36, 95], [56, 98], [74, 80], [80, 48], [73, 15], [54, 1], [40, 4]]],
        &[&[[62, 4], [44, 2], [26, 22], [20, 56], [30, 90], [52, 99], [73, 84], [80, 50], [72, 16], [54, 3]]],
    ],
    &[
        &[&[[50, 0], [50, 100]]],
        &[&[[31, 24], [53, 1], [53, 1], [52, 100]]],
        &[&[[30, 22], [52, 1], [52, 1], [52, 99]], &[[29, 99], [75, 99]]],
    ],
    &[
        &[&[[22, 25], [32, 6], [53, 0], [73, 9], [76, 29], [64, 51], [42, 76], [20, 98], [20, 98], [82, 97]]],
        &[&[[22, 22], [35, 4], [56, 1], [74, 14], [71, 40], [52, 68], [33, 92], [20, 95], [20, 83], [33, 80], [54, 92], [84, 97]]],
        &[&[[20, 14], [38, 1], [62, 2], [76, 18], [72, 40], [44, 72], [22, 99], [22, 99], [50, 95], [80, 99]]],
    ],
    &[
        &[&[[22, 14], [36, 2], [56, 0], [73, 10], [73, 30], [59, 44], [42, 48], [42, 48], [63, 51], [78, 67], [75, 88], [54, 100], [32, 97], [18, 84]]],
        &[&[[22, 2], [22, 2], [76, 2], [76, 2], [46, 40], [46, 40], [69, 46], [80, 67], [72, 90], [50, 100], [30, 97], [18, 86]]],
        &[&[[24, 8], [44, 0], [66, 4], [74, 22], [62, 42], [44, 50], [66, 56], [77, 76], [64, 96], [40, 100], [20, 90]]],
    ],
    &[
        &[&[[32, 2], [20, 57], [20, 57], [84, 57]], &[[65, 30], [62, 100]]],
        &[&[[64, 100], [64, 100], [64, 0], [64, 0], [16, 67], [16, 67], [86, 67]]],
        &[&[[28, 4], [24, 34], [32, 52], [52, 53], [72, 44]], &[[74, 6], [70, 50], [66, 100]]],
    ],
    &[
        &[&[[74, 2], [30, 2], [30, 2], [26, 44], [26, 44], [46, 37], [68, 43], [79, 64], [71, 89], [49, 100], [30, 97], [18, 86]]],
        &[&[[34, 6], [27, 46], [27, 46], [50, 42], [72, 54], [76, 78], [60, 98], [36, 99], [20, 88]], &[[34, 5], [78, 2]]],
    ],
    &[
        &[&[[72, 4], [47, 14], [29, 42], [22, 70], [33, 94], [53, 100], [72, 91], [78, 71], [67, 54], [48, 51], [31, 61], [23, 76]]],
        &[&[[56, 0], [36, 30], [24, 64], [32, 94], [54, 99], [72, 86], [70, 66], [54, 57], [36, 64], [28, 78]]],
    ],
    &[
        &[&[[20, 3], [20, 3], [80, 3], [80, 3], [58, 46], [43, 100]]],
        &[&[[20, 3], [20, 3], [79, 3], [79, 3], [60, 46], [44, 100]], &[[36, 51], [74, 48]]],
        &[&[[21, 16], [23, 3], [23, 3], [50, 7], [80, 2], [80, 2], [60, 40], [50, 100]]],
    ],
    &[
        &[&[[73, 15], [54, 1], [34, 7], [28, 23], [42, 42], [64, 55], [78, 76], [67, 95], [47, 100], [27, 91], [22, 74], [36, 55], [60, 42], [74, 25], [70, 10]]],
        &[&[[50, 1], [31, 10], [29, 32], [50, 46], [71, 32], [69, 10], [50, 1]], &[[50, 46], [26, 62], [24, 86], [50, 100], [76, 86], [74, 62], [50, 46]]],
    ],
    &[
        &[&[[76, 20], [60, 3], [39, 4], [24, 22], [30, 42], [50, 49], [69, 39], [77, 18], [77, 18], [74, 60], [67, 100]]],
        &[&[[75, 26], [62, 5], [41, 2], [25, 19], [28, 40], [48, 50], [68, 42], [76, 22], [77, 46], [70, 80], [50, 98], [28, 94]]],
    ],
];

fn paint(dice: &mut Dice, label: usize, picture: &mut [u8]) {
    let ways = DIGITS[label];
    let way = ways[dice.below(ways.len())];
    let hand = Hand::draw(dice);
    let mut lines = hand.write(way);
    place(&mut lines, hand.pen, dice);
    ink(&lines, dice, picture);
}

/// A piece of a stroke: a straight line of varying width.
struct Line {
    from: Dot,
    to: Dot,
}

#[derive(Clone, Copy)]
struct Dot {
    x: f32,
    y: f32,
    radius: f32,
}

/// How somebody writes today.
struct Hand {
    /// Names the displacement of each control point, so that points that coincide stay together.
    jitter: Key,
    jitter_size: f32,
    /// Two slow waves that bend the whole digit: amplitude, frequency and phase.
    bends: [[f32; 3]; 2],
    /// From the unit square around the origin to pixels.
    transform: [[f32; 2]; 2],
    /// Half the width of the stroke in pixels, and how it swells along the stroke.
    pen: f32,
    swell: [f32; 3],
}

impl Hand {
    fn draw(dice: &mut Dice) -> Self {
        let height = dice.range(14.5, 22.0);
        let width = height * dice.range(0.62, 1.15);
        let slant = (0.14 + 0.22 * dice.normal()).clamp(-0.35, 0.6);
        let (sin, cos) = (0.13 * dice.normal()).sin_cos();
        // Stretch, then slant to the right, then turn.
        let transform =
            [[cos * width, (-cos * slant - sin) * height], [sin * width, (-sin * slant + cos) * height]];
        let mut bend = || [dice.range(0.0, 0.07), dice.range(0.6, 1.5), dice.range(0.0, 1.0)];
        let bends = [bend(), bend()];
        Self {
            jitter: dice.key(),
            jitter_size: dice.range(0.008, 0.032),
            bends,
            transform,
            pen: (1.15 + 0.28 * dice.normal()).clamp(0.8, 1.9),
            swell: [dice.range(0.0, 0.28), dice.range(0.5, 1.6), dice.range(0.0, 1.0)],
        }
    }

    fn write(&self, skeleton: Skeleton) -> Vec<Line> {
        let mut lines = Vec::with_capacity(128);
        for stroke in skeleton {
            let points: Vec<[f32; 2]> = stroke.iter().map(|&point| self.control(point)).collect();
            let n_dots = (points.len() - 1) * PIECES;
            let dot = |i: usize| self.dot(curve(&points, i as f32 / PIECES as f32), i as f32 / n_dots as f32);
            lines.extend((0..n_dots).map(|i| Line { from: dot(i), to: dot(i + 1) }));
        }
        lines
    }

    /// A control point, displaced, in the unit square around the origin.
    fn control(&self, point: [i8; 2]) -> [f32; 2] {
        let mut dice = Dice::new(self.jitter.with(point[0] as u32 * 128 + point[1] as u32));
        point.map(|hundredths| hundredths as f32 / 100.0 - 0.5 + self.jitter_size * dice.normal())
    }

    /// A point of the curve in pixels around the origin; `along` is its place on the stroke, 0 to 1.
    fn dot(&self, [u, v]: [f32; 2], along: f32) -> Dot {
        let wave =
            |[size, frequency, phase]: [f32; 3], at: f32| size * (TAU * (frequency * at + phase)).sin();
        let (u, v) = (u + wave(self.bends[0], v), v + wave(self.bends[1], u));
        let [x, y] = self.transform.map(|[a, b]| a * u + b * v);
        Dot { x, y, radius: self.pen * (1.0 + wave(self.swell, along)) }
    }
}

/// The point at `t` on the curve through `points` (Catmull and Rom 1974, uniform); `points[i]` is at `t = i`.
fn curve(points: &[[f32; 2]], t: f32) -> [f32; 2] {
    let i = (t as usize).min(points.len() - 2);
    let t = t - i as f32;
    let [a, b, c, d] = [i.saturating_sub(1), i, i + 1, (i + 2).min(points.len() - 1)].map(|i| points[i]);
    let coordinate = |k: usize| {
        let (a, b, c, d) = (a[k], b[k], c[k], d[k]);
        b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
    };
    [coordinate(0), coordinate(1)]
}

/// Moves the digit to a random place where all of it is in the picture, and shrinks it if there is none.
fn place(lines: &mut [Line], pen: f32, dice: &mut Dice) {
    let dots = || lines.iter().flat_map(|line| [line.from, line.to]);
    let span = |coordinate: fn(Dot) -> f32| {
        let fold = |(low, high): (f32, f32), dot| (low.min(coordinate(dot)), high.max(coordinate(dot)));
        dots().fold((f32::INFINITY, f32::NEG_INFINITY), fold)
    };
    let (xs, ys) = (span(|dot| dot.x), span(|dot| dot.y));
    let room = SIDE as f32 - 2.0 * (MARGIN + 1.3 * pen);
    let shrink = (room / (xs.1 - xs.0).max(ys.1 - ys.0)).min(1.0);
    let mut offset = |(low, high): (f32, f32)| {
        let play = (0.5 * (room - shrink * (high - low))).clamp(0.0, 3.5);
        0.5 * SIDE as f32 - shrink * 0.5 * (low + high) + dice.range(-play, play)
    };
    let (dx, dy) = (offset(xs), offset(ys));
    for dot in lines.iter_mut().flat_map(|line| [&mut line.from, &mut line.to]) {
        (dot.x, dot.y) = (shrink * dot.x + dx, shrink * dot.y + dy);
    }
}

/// Draws the lines with soft edges, uneven ink and a little noise.
fn ink(lines: &[Line], dice: &mut Dice, picture: &mut [u8]) {
    // Distance of each pixel's centre from the edge of the stroke, negative inside; far away everywhere else.
    let mut distance = [10.0f32; SIDE * SIDE]; // (H, W)
    for line in lines {
        approach(line, &mut distance);
    }
    let softness = dice.range(0.9, 1.5);
    let strength = dice.range(165.0, 255.0);
    let (grain, noise) = (dice.range(0.0, 0.10), dice.range(1.0, 12.0));
    for (byte, distance) in picture.iter_mut().zip(distance) {
        let coverage = (0.5 - distance / softness).clamp(0.0, 1.0);
        let value = coverage * strength * (1.0 - grain * dice.normal().abs()) + noise * dice.normal();
        *byte = (value + 0.5) as u8; // the cast saturates
    }
}

/// Lowers the distances near one line, `(H, W)`.
fn approach(line: &Line, distance: &mut [f32; SIDE * SIDE]) {
    let (a, b) = (line.from, line.to);
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let inverse = 1.0 / (dx * dx + dy * dy).max(1e-6);
    // Beyond the radius and the softest edge nothing is drawn.
    let reach = a.radius.max(b.radius) + 1.0;
    let range = |p: f32, q: f32| {
        let clip = |x: f32| x.clamp(0.0, SIDE as f32) as usize;
        clip((p.min(q) - reach).floor())..clip((p.max(q) + reach).ceil())
    };
    for y in range(a.y, b.y) {
        for x in range(a.x, b.x) {
            let (px, py) = (x as f32 + 0.5 - a.x, y as f32 + 0.5 - a.y);
            let t = ((px * dx + py * dy) * inverse).clamp(0.0, 1.0);
            let (ex, ey) = (px - t * dx, py - t * dy);
            let d = (ex * ex + ey * ey).sqrt() - (a.radius + t * (b.radius - a.radius));
            let nearest = &mut distance[y * SIDE + x];
            *nearest = nearest.min(d);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::procedural::checks;

    #[test]
    fn what_holds_of_every_built_in_set() {
        checks::all(&GLYPHS);
    }

    #[test]
    fn ink_is_where_it_belongs() {
        let set = GLYPHS.make(1, 500, 1);
        for (i, picture) in set.train.pictures.chunks_exact(SIDE * SIDE).enumerate() {
            let ink = picture.iter().map(|&byte| byte as f32 / 255.0).sum::<f32>();
            assert!((15.0..300.0).contains(&ink), "picture {i} has {ink} pixels of ink");
            let border = (0..SIDE).flat_map(|k| [k, (SIDE - 1) * SIDE + k, k * SIDE, k * SIDE + SIDE - 1]);
            let brightest = border.map(|at| picture[at]).max().unwrap();
            assert!(brightest < 100, "picture {i} touches the border with {brightest}");
        }
    }

    #[test]
    fn a_curve_passes_through_its_points() {
        let points = [[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [3.0, 1.0], [4.0, 4.0]];
        for (i, point) in points.iter().enumerate() {
            assert_eq!(curve(&points, i as f32), *point);
        }
    }
}
