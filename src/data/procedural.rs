//! What the built-in sets have in common: pictures made from the seed, by all cores, without anything on disk.
//!
//! A picture is a function of (set, seed, part, index) alone. It therefore does not matter how many threads
//! work, nor how many pictures are asked for: the first thousand of ten thousand are the thousand.

use super::{DataSet, Labels, PixelClasses, Split, Tags};
use crate::experiment::LabelKind;
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};
use rayon::prelude::*;

/// The most pictures of one part that are made: about 1.5 GB of those in colour.
pub const MAX_PICTURES: usize = 500_000;

/// A set of pictures that the program draws.
#[derive(Debug)]
pub struct Procedural {
    pub name: &'static str,
    /// What is in the pictures, as a sentence.
    pub what: &'static str,
    /// Tells the random numbers of one set from those of the other.
    pub tag: u32,
    pub extent: Extent,
    pub classes: &'static [&'static str],
    /// Training and test pictures that are made where no number is given.
    pub counts: [usize; 2],
    pub painter: Painter,
}

/// What is drawn, and so what is known of it.
#[derive(Clone, Copy, Debug)]
pub enum Painter {
    /// A picture of a class, into `(C, H, W)` bytes.
    Class(fn(&mut Dice, usize, &mut [u8])),
    /// A scene of several things, into `(C, H, W)` bytes, and for each pixel of `(H, W)` the class of what is seen
    /// there, 0 being the background.
    Scene {
        paint: fn(&mut Dice, &mut [u8], &mut [u8]),
        /// Whether the labels are the classes of the pixels, or only tags: the things that can be seen.
        masks: bool,
    },
}

/// Pixels of a thing that must be seen for it to count as being there.
const FEWEST_PIXELS: usize = 12;

impl Painter {
    pub fn labels(self) -> LabelKind {
        match self {
            Self::Class(_) => LabelKind::Classes,
            Self::Scene { masks: false, .. } => LabelKind::Tags,
            Self::Scene { masks: true, .. } => LabelKind::Pixels,
        }
    }
}

impl Procedural {
    /// Makes `train` and `test` pictures.
    pub fn make(&self, seed: u64, train: usize, test: usize) -> DataSet {
        let key = Key::new(seed, Purpose::Pictures).with(self.tag);
        DataSet {
            name: self.name.to_owned(),
            extent: self.extent,
            classes: self.classes.iter().map(|&name| name.to_owned()).collect(),
            train: self.part(key.with(0), train),
            test: self.part(key.with(1), test),
            clean: None,
            notes: Vec::new(),
        }
    }

    fn part(&self, key: Key, n: usize) -> Split {
        let mut pictures = vec![0; n * self.extent.len()];
        let each = pictures.par_chunks_exact_mut(self.extent.len());
        let of_picture = key.with(1);
        let dice = |index: usize| Dice::new(of_picture.with(index as u32));
        let labels = match self.painter {
            Painter::Class(paint) => {
                let classes = classes(key.with(0), n, self.classes.len());
                each.zip(&classes).enumerate().for_each(|(index, (picture, &class))| {
                    paint(&mut dice(index), class as usize, picture);
                });
                Labels::Classes(classes)
            }
            Painter::Scene { paint, masks } => {
                let area = self.extent.area();
                let mut seen = vec![0; n * area]; // (N, H, W)
                each.zip(seen.par_chunks_exact_mut(area)).enumerate().for_each(|(index, (picture, seen))| {
                    paint(&mut dice(index), picture, seen);
                });
                match masks {
                    true => Labels::Pixels(PixelClasses::new(area, seen)),
                    false => {
                        let tags = seen.chunks_exact(area).map(|seen| tags(seen, self.classes.len()));
                        Labels::Tags(Tags::new(self.classes.len(), tags))
                    }
                }
            }
        };
        Split { pictures, labels }
    }
}

/// The classes in rounds, each round in an order of its own: random to look at, and balanced to within one
/// picture for whatever number is taken from the front.
fn classes(key: Key, n: usize, n_classes: usize) -> Vec<u16> {
    let rounds = 0..n.div_ceil(n_classes) as u32;
    let mut labels: Vec<u16> =
        rounds.flat_map(|round| key.with(round).permutation(n_classes)).map(|class| class as u16).collect();
    labels.truncate(n);
    labels
}

/// The tags of a scene: what is to be seen of it, the background left out.
fn tags(seen: &[u8], n_tags: usize) -> Vec<usize> {
    let n_pixels = |tag: usize| seen.iter().filter(|&&class| class as usize == tag + 1).count();
    (0..n_tags).filter(|&tag| n_pixels(tag) >= FEWEST_PIXELS).collect()
}

/// Random numbers one after the other, for a picture that needs many.
pub struct Dice {
    key: Key,
    next: u32,
}

impl Dice {
    pub fn new(key: Key) -> Self {
        Self { key, next: 0 }
    }

    /// A key of its own, for draws that are named rather than counted.
    pub fn key(&mut self) -> Key {
        Key(self.bits())
    }

    #[inline]
    pub fn bits(&mut self) -> u32 {
        self.next += 1;
        self.key.bits(self.next)
    }

    /// Uniform in `low .. high`.
    #[inline]
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        self.next += 1;
        low + (high - low) * self.key.uniform(self.next)
    }

    /// Uniform in `0 .. n`.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        self.next += 1;
        self.key.below(self.next, n as u32) as usize
    }

    /// True with probability `p`.
    #[inline]
    pub fn chance(&mut self, p: f32) -> bool {
        self.range(0.0, 1.0) < p
    }

    /// Nearly normal with mean 0 and variance 1: the scaled sum of four uniform bytes, so that it never
    /// strays beyond ±3.5 and costs one hash.
    #[inline]
    pub fn normal(&mut self) -> f32 {
        let sum: u32 = self.bits().to_le_bytes().into_iter().map(u32::from).sum();
        // Four uniform bytes have mean 510 and variance 4 · (256² − 1) / 12.
        (sum as f32 - 510.0) / 147.8
    }
}

#[cfg(test)]
pub(super) mod checks {
    //! What must hold of every built-in set.

    use super::*;

    pub fn is_the_same_for_any_number_of_threads(set: &Procedural) {
        let make = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| set.make(7, 60, 20)).train.pictures
        };
        assert_eq!(make(1), make(3));
    }

    pub fn begins_alike_whatever_the_number(set: &Procedural) {
        let (few, many) = (set.make(7, 35, 10), set.make(7, 90, 40));
        assert!(many.train.pictures.starts_with(&few.train.pictures));
        assert_eq!(many.train.labels.bytes(0..35), few.train.labels.bytes(0..35));
        assert!(many.test.pictures.starts_with(&few.test.pictures));
    }

    pub fn has_no_picture_twice(set: &Procedural) {
        let (a, b) = (set.make(7, 200, 200), set.make(8, 200, 1));
        let all = [&a.train, &a.test, &b.train];
        let pictures: Vec<&[u8]> =
            all.iter().flat_map(|s| s.pictures.chunks_exact(set.extent.len())).collect();
        let distinct: std::collections::BTreeSet<_> = pictures.iter().collect();
        assert_eq!(distinct.len(), 600, "train and test, one seed and another are all different");
    }

    pub fn is_balanced_in_random_order(set: &Procedural) {
        let labels = classes(Key::new(1, Purpose::Pictures), 1000, set.classes.len());
        let split = Split { pictures: Vec::new(), labels: labels.clone().into() };
        assert_eq!(split.class_counts(10), [100; 10]);
        assert!(labels.chunks(10).collect::<std::collections::BTreeSet<_>>().len() > 95);
    }

    pub fn all(set: &Procedural) {
        is_the_same_for_any_number_of_threads(set);
        begins_alike_whatever_the_number(set);
        has_no_picture_twice(set);
        if set.painter.labels() == LabelKind::Classes {
            is_balanced_in_random_order(set);
        }
    }

    #[test]
    fn dice_are_nearly_normal() {
        let mut dice = Dice::new(Key::new(3, Purpose::Pictures));
        let draws: Vec<f64> = (0..100_000).map(|_| dice.normal() as f64).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}
