//! A long row of numbers, kept so that it can be drawn at any width in a time that depends on the width only.

use std::ops::Range;

/// Numbers with the extremes of ever longer stretches of them, kept up to date as numbers are added.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    values: Vec<f32>,
    /// Level `k` holds `[min, max]` of each `FACTOR^(k + 1)` values; those that are no number are left out.
    levels: Vec<Vec<[f32; 2]>>,
}

/// How many stretches of one level are one of the next.
const FACTOR: usize = 4;

/// A stretch of the row as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Index of its first value.
    pub first: usize,
    pub min: f32,
    pub max: f32,
}

impl Pyramid {
    pub fn push(&mut self, value: f32) {
        let mut index = self.values.len();
        self.values.push(value);
        for level in &mut self.levels {
            index /= FACTOR;
            match level.get_mut(index) {
                // The minimum of a number and no number is the number.
                Some([min, max]) => (*min, *max) = (min.min(value), max.max(value)),
                None => level.push([value, value]),
            }
        }
        let below = self.levels.last().map_or(self.values.len(), Vec::len);
        if below > FACTOR {
            self.add_level();
        }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn get(&self, index: usize) -> Option<f32> {
        self.values.get(index).copied()
    }

    /// The values of `range` in about `most` stretches, at most twice as many.
    pub fn stretches(&self, range: Range<usize>, most: usize) -> impl Iterator<Item = Stretch> {
        let range = range.start..range.end.min(self.len());
        let (mut width, mut level) = (1, 0);
        while range.len() / width > 2 * most.max(1) && level < self.levels.len() {
            width *= FACTOR;
            level += 1;
        }
        let first = range.start / width;
        let last = range.end.div_ceil(width);
        (first..last).map(move |i| {
            let [min, max] = match level {
                0 => [self.values[i]; 2],
                _ => self.levels[level - 1][i],
            };
            Stretch { first: i * width, min, max }
        })
    }

    fn add_level(&mut self) {
        let of = |chunk: &[[f32; 2]]| {
            chunk.iter().copied().reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]).unwrap_or([f32::NAN; 2])
        };
        let level = match self.levels.last() {
            Some(below) => below.chunks(FACTOR).map(of).collect(),
            None => self
                .values
                .chunks(FACTOR)
                .map(|chunk| of(&chunk.iter().map(|&v| [v; 2]).collect::<Vec<_>>()))
                .collect(),
        };
        self.levels.push(level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stretches of a pyramid against a plain search, at several widths.
    fn check(values: &[f32], range: Range<usize>) {
        let mut pyramid = Pyramid::default();
        values.iter().for_each(|&value| pyramid.push(value));
        for most in [1, 10, 300, 5000] {
            let stretches: Vec<Stretch> = pyramid.stretches(range.clone(), most).collect();
            assert!(stretches.len() <= 2 * most + 2, "{} for {most}", stretches.len());
            let ends = stretches.iter().skip(1).map(|s| s.first).chain([values.len()]);
            for (stretch, end) in stretches.iter().zip(ends) {
                let width = stretches.get(1).map_or(values.len(), |s| s.first - stretches[0].first);
                let inside = &values[stretch.first..end.min(stretch.first + width)];
                let expected = inside.iter().fold([f32::NAN; 2], |[min, max], &v| [min.min(v), max.max(v)]);
                let found = [stretch.min, stretch.max];
                assert!(
                    found == expected || expected[0].is_nan() && found[0].is_nan(),
                    "{stretch:?} {expected:?}"
                );
            }
        }
    }

    #[test]
    fn extremes_are_those_of_a_plain_search() {
        let values: Vec<f32> = (0..4000).map(|i| ((i * 7919) % 1013) as f32).collect();
        check(&values, 0..4000);
        check(&values, 1234..2345);
        check(&values[..5], 0..5);
    }

    #[test]
    fn what_is_no_number_does_not_spread() {
        let mut values = vec![1.0f32; 1000];
        values[500] = f32::NAN;
        values[0] = f32::NAN;
        check(&values, 0..1000);
    }
}
