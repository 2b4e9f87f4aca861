//! Which part of the input a unit sees.

use std::fmt;

use super::layers::Window;

/// The part of the input that a unit depends on, vertically and horizontally.
///
/// Convolutions and pools alone move it evenly from unit to unit. Behind a transposed convolution of stride s
/// it stays where it is for up to s units and then moves on at once, and behind a permutation it may be anywhere;
/// what is said here is then a hull that no unit's field is larger than.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ReceptiveField {
    /// Pixels from the first to the last that count, padding included.
    pub size: [usize; 2],
    /// From the field of one unit to that of its neighbour.
    pub stride: [Stride; 2],
    /// Input coordinate of the first unit's first pixel; negative where it lies in the padding.
    pub offset: [i64; 2],
}

/// How fields follow upon one another: `units` units on, the field lies `pixels` input pixels further. Where
/// `units` is not 1, up to so many neighbours share one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stride {
    pub pixels: usize,
    pub units: usize,
}

impl Stride {
    /// Every unit's field lies so many pixels further than the one before.
    pub const fn even(pixels: usize) -> Self {
        Self { pixels, units: 1 }
    }

    /// Input pixels for each unit, on average.
    pub fn mean(self) -> f64 {
        self.pixels as f64 / self.units as f64
    }

    /// The most pixels by which the field moves over so many units.
    fn most(self, n_units: usize) -> usize {
        n_units.div_ceil(self.units).saturating_mul(self.pixels)
    }

    /// Of every n-th unit.
    fn times(self, n: usize) -> Self {
        let common = gcd(n, self.units);
        Self { pixels: self.pixels.saturating_mul(n / common), units: self.units / common }
    }

    /// Of units between which there are n − 1 new ones.
    fn shared(self, n: usize) -> Self {
        Self { pixels: self.pixels, units: self.units.saturating_mul(n) }
    }
}

impl fmt::Display for Stride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pixels.is_multiple_of(self.units) {
            true => write!(f, "{}", self.pixels / self.units),
            false => write!(f, "{:.2}", self.mean()),
        }
    }
}

/// A number: whole where it is, as nearly everywhere.
impl serde::Serialize for Stride {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.pixels.is_multiple_of(self.units) {
            true => serializer.serialize_u64((self.pixels / self.units) as u64),
            false => serializer.serialize_f64(self.mean()),
        }
    }
}

impl ReceptiveField {
    /// Of an input pixel: itself.
    pub const PIXEL: Self = Self { size: [1, 1], stride: [Stride::even(1); 2], offset: [0, 0] };

    /// Of a window over units with this field (Araujo, Norris, Sim 2019, equations 1 and 2, with the window's
    /// span for its kernel): `size + (span − 1)·stride`.
    pub fn through(self, window: &Window) -> Self {
        let mut field = self;
        for (axis, span) in window.span().into_iter().enumerate() {
            field.size[axis] = self.size[axis].saturating_add(self.stride[axis].most(span - 1));
            field.offset[axis] = self.moved(axis, -(window.padding[axis] as i64));
            field.stride[axis] = self.stride[axis].times(window.stride[axis]);
        }
        field
    }

    /// Of a window used the other way round, as a transposed convolution or a repetition of pixels does: output
    /// unit o sees the units i with `i·s + d·u − p = o` for a tap u. Of `span` units in a row, one in s is
    /// such a unit, `⌊(span − 1) / s⌋ + 1` at most, the first unit beginning at `⌈(p − span + 1) / s⌉`.
    pub fn through_transposed(self, window: &Window) -> Self {
        let mut field = self;
        for (axis, span) in window.span().into_iter().enumerate() {
            let stride = window.stride[axis];
            let seen = self.stride[axis].most((span - 1) / stride);
            field.size[axis] = self.size[axis].saturating_add(seen);
            let before = window.padding[axis] as i64 - (span - 1) as i64;
            field.offset[axis] = self.moved(axis, -(-before).div_euclid(stride as i64));
            field.stride[axis] = self.stride[axis].shared(stride);
        }
        field
    }

    /// Of units over maps of this size that were exchanged at random: each may lie anywhere.
    pub fn anywhere(self, [height, width]: [usize; 2]) -> Self {
        Self { stride: [Stride::even(0); 2], ..self.through(&Window::new([height, width])) }
    }

    /// Of a unit that reads two units: the hull of both fields.
    pub fn join(self, other: Self) -> Self {
        let mut hull = self;
        for axis in 0..2 {
            let end = |field: &Self| field.offset[axis].saturating_add_unsigned(field.size[axis] as u64);
            hull.offset[axis] = self.offset[axis].min(other.offset[axis]);
            hull.size[axis] = end(&self).max(end(&other)).saturating_sub(hull.offset[axis]) as usize;
            if other.stride[axis].mean() > self.stride[axis].mean() {
                hull.stride[axis] = other.stride[axis];
            }
        }
        hull
    }

    /// Where the field of the unit `n_units` further begins, at the latest.
    fn moved(&self, axis: usize, n_units: i64) -> i64 {
        let Stride { pixels, units } = self.stride[axis];
        let pixels = i64::try_from(pixels).unwrap_or(i64::MAX);
        let units = i64::try_from(units).unwrap_or(i64::MAX);
        self.offset[axis].saturating_add(n_units.div_euclid(units).saturating_mul(pixels))
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The input pixels that each unit of a stack of windows sees, the transposed ones marked, by following
    /// every tap; the input is endless.
    fn seen(windows: &[(Window, bool)], unit: i64) -> Option<(i64, i64)> {
        let Some(((window, is_transposed), below)) = windows.split_last() else { return Some((unit, unit)) };
        let [stride, padding, dilation] =
            [window.stride, window.padding, window.dilation].map(|pair| pair[0] as i64);
        let taps = (0..window.kernel[0] as i64).map(|u| dilation * u);
        let units: Vec<i64> = match is_transposed {
            false => taps.map(|tap| unit * stride + tap - padding).collect(),
            true => taps
                .map(|tap| unit + padding - tap)
                .filter(|at| at.rem_euclid(stride) == 0)
                .map(|at| at.div_euclid(stride))
                .collect(),
        };
        let ends = units.into_iter().filter_map(|unit| seen(below, unit));
        ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    fn window(kernel: usize, stride: usize, padding: usize, dilation: usize) -> Window {
        let [kernel, stride, padding, dilation] = [kernel, stride, padding, dilation].map(|n| [n; 2]);
        Window { kernel, stride, padding, dilation }
    }

    /// No unit sees more than is said, and some unit sees as much.
    fn check(windows: &[(Window, bool)]) -> ReceptiveField {
        let field =
            windows.iter().fold(
                ReceptiveField::PIXEL,
                |field, (window, is_transposed)| match is_transposed {
                    true => field.through_transposed(window),
                    false => field.through(window),
                },
            );
        let sizes = (0..100).filter_map(|unit| seen(windows, unit)).map(|(first, last)| last - first + 1);
        assert_eq!(sizes.max(), Some(field.size[0] as i64), "{windows:?}");
        let first = (0..8).find_map(|unit| seen(windows, unit)).expect("units that see something").0;
        assert!(field.offset[0] <= first, "{windows:?}: {} against {first}", field.offset[0]);
        // Over a hundred units, up to one step more or less.
        let steps: Vec<i64> =
            (0..200).filter_map(|unit| Some(seen(windows, unit + 100)?.0 - seen(windows, unit)?.0)).collect();
        let mean = steps.iter().sum::<i64>() as f64 / steps.len() as f64 / 100.0;
        assert!((mean - field.stride[0].mean()).abs() < 0.05 * mean.max(1.0), "{windows:?}: {mean}");
        field
    }

    #[test]
    fn dilation_widens_the_field() {
        let field = check(&[(window(3, 1, 2, 2), false), (window(3, 2, 4, 4), false)]);
        assert_eq!((field.size, field.offset), ([13, 13], [-6, -6]));
        assert_eq!(field.stride, [Stride::even(2); 2]);
    }

    #[test]
    fn behind_a_transposed_convolution_neighbours_share_their_field() {
        let down = (window(4, 4, 0, 1), false);
        let field = check(&[down, (window(2, 2, 0, 1), true)]);
        assert_eq!((field.size, field.offset), ([4, 4], [0, 0]));
        assert_eq!(field.stride[0], Stride { pixels: 4, units: 2 });
        assert_eq!(field.stride[0].to_string(), "2");
        // Two of three neighbours lie in different fields.
        let field = check(&[down, (window(2, 2, 0, 1), true), (window(2, 1, 0, 1), false)]);
        assert_eq!(field.size, [8, 8]);
        check(&[down, (window(2, 2, 0, 1), true), (window(3, 2, 1, 1), false)]);
        check(&[(window(3, 2, 1, 1), false), (window(3, 2, 1, 1), true), (window(3, 1, 1, 1), false)]);
        check(&[(window(5, 3, 2, 2), true)]);
        check(&[(window(4, 2, 1, 1), true), (window(4, 2, 1, 1), true)]);
    }
}
