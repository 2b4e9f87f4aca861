//! `scenes` and `scene-masks`: several of the things of [`shapes`](super) in one picture, 32×32×3, over the same
//! dead leaves. The two are the same pictures; one tells which kinds of things can be seen, the other what is seen
//! at each pixel.
//!
//! One to four things stand in the four quarters of the picture, each of any kind, and are painted as those of
//! `shapes` are, with a shadow and sometimes a leaf before them. A pixel belongs to a thing where more than half of
//! it shows that thing; a kind is there where 12 pixels show it.

use super::outline::OUTLINES;
use super::{Canvas, MAX_LEAVES, Material, Palette, Piece, SIDE, hiding, leaf, leaf_radius};
use crate::data::procedural::{Dice, Painter, Procedural};
use crate::tensor::Extent;

pub static SCENES: Procedural = Procedural {
    name: "scenes",
    what: "One to four things over dead leaves, tagged with the kinds that can be seen",
    tag: 3,
    extent: Extent::new(3, SIDE, SIDE),
    classes: &["ring", "triangle", "star", "cross", "heart", "flower"],
    counts: [10_000, 2_000],
    painter: Painter::Scene { paint, masks: false },
};

pub static SCENE_MASKS: Procedural = Procedural {
    name: "scene-masks",
    what: "The pictures of scenes, with what is seen at each pixel",
    // The same pictures for the same seed.
    tag: SCENES.tag,
    classes: &["background", "ring", "triangle", "star", "cross", "heart", "flower"],
    painter: Painter::Scene { paint, masks: true },
    ..SCENES
};

/// The places among the outlines of `shapes` of the kinds that a scene shows: those that no leaf looks like.
const KINDS: [usize; 6] = [1, 3, 5, 6, 7, 9];

/// Draws a scene, and the class of what is seen at each pixel: 0 for the background, else the kind and 1.
fn paint(dice: &mut Dice, picture: &mut [u8], seen: &mut [u8]) {
    let palette = Palette::draw(dice);
    let mut canvas = Canvas::new();
    let quarters = dice.key().permutation(4);
    let n_things = 1 + dice.below(quarters.len());
    for quarter in &quarters[..n_things] {
        let kind = dice.below(KINDS.len());
        let thing = thing(kind, *quarter as usize, &palette, dice);
        if dice.chance(0.4) {
            canvas.put(&hiding(&thing, &palette, dice));
        }
        canvas.mark(&thing, kind as u8 + 1, seen);
        canvas.put(&thing);
        canvas.shadow(&thing, [dice.range(0.5, 1.5), dice.range(0.5, 1.5)], dice.range(0.25, 0.6));
    }
    for _ in 0..MAX_LEAVES {
        if canvas.is_full() {
            break;
        }
        let (radius, centre) = (leaf_radius(dice), [(); 2].map(|()| dice.range(-8.0, SIDE as f32 + 8.0)));
        canvas.put(&leaf(radius, centre, &palette, dice));
    }
    canvas.put(&leaf(2.0 * SIDE as f32, [SIDE as f32 / 2.0; 2], &palette, dice));
    let noise = dice.range(0.0, 0.03);
    canvas.develop(noise, dice, picture);
}

/// A thing in one of the quarters of the picture, left and right equally likely.
fn thing(kind: usize, quarter: usize, palette: &Palette, dice: &mut Dice) -> Piece {
    let radius = dice.range(5.5, 7.5);
    let middle = |half: usize| SIDE as f32 * (0.25 + 0.5 * half as f32);
    let centre = [middle(quarter % 2), middle(quarter / 2)].map(|at| at + dice.range(-1.5, 1.5));
    let material = Material::of_thing(palette, dice);
    let angle = (0.22 * dice.normal()).clamp(-0.6, 0.6);
    let outline = OUTLINES[KINDS[kind]];
    let mut piece = Piece::new(outline, centre, radius, angle, dice.range(0.85, 1.0), material);
    if dice.chance(0.5) {
        piece.inverse.iter_mut().for_each(|row| row[0] = -row[0]);
    }
    piece
}

impl Canvas {
    /// Notes the pixels of `(H, W)` in which a piece will be seen, more than half of each, once it is put behind
    /// all that is there.
    fn mark(&self, piece: &Piece, class: u8, seen: &mut [u8]) {
        for (at, (seen, open)) in seen.iter_mut().zip(&self.open).enumerate() {
            let [x, y] = [at % SIDE, at / SIDE].map(|i| i as f32 + 0.5);
            let cover = (0.5 - piece.distance(x - piece.centre[0], y - piece.centre[1])).clamp(0.0, 1.0);
            if open * cover > 0.5 {
                *seen = class;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use crate::data::procedural::checks;

    #[test]
    fn what_holds_of_every_built_in_set() {
        checks::all(&SCENES);
        checks::all(&SCENE_MASKS);
    }

    #[test]
    fn tags_are_what_the_masks_show() {
        let (tagged, masked) = (SCENES.make(3, 300, 20), SCENE_MASKS.make(3, 300, 20));
        assert_eq!(tagged.train.pictures, masked.train.pictures);
        let Labels::Pixels(masks) = &masked.train.labels else { panic!("masks are classes of pixels") };
        for picture in 0..300 {
            for tag in 0..KINDS.len() {
                let n = masks.of(picture).iter().filter(|&&class| class as usize == tag + 1).count();
                assert_eq!(tagged.train.labels.shows(picture, tag), n >= 12);
            }
        }
    }

    /// A thing covers some 70 to 110 pixels, two and a half of them some 220 of 1,024; the rest is background.
    #[test]
    fn kinds_are_equally_common_and_most_is_background() {
        let masked = SCENE_MASKS.make(1, 1000, 1);
        let counts = masked.train.labels.counts(7);
        let all: usize = counts.iter().sum();
        assert_eq!(all, 1000 * SIDE * SIDE);
        assert!((0.7..0.85).contains(&(counts[0] as f64 / all as f64)), "{counts:?}");
        let tagged = SCENES.make(1, 1000, 1).train.labels.counts(6);
        // With 2.5 things of 6 kinds a kind is there in about 0.35 of the pictures; five deviations are 0.075.
        assert!(tagged.iter().all(|&n| (275..425).contains(&n)), "{tagged:?}");
    }
}
