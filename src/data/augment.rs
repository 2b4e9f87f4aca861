//! Random changes to training pictures: which ones a picture gets, and what they do.
//!
//! The draw goes by the picture's index in the split and the epoch, not by its place in the batch, so that
//! neither batch size nor order of visits changes it; whole-number arithmetic alone, so that a shader draws
//! the same.

use super::Normalisation;
use crate::experiment::Augment;
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};

/// What happens to one picture in one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// Mirrored left to right, after the cropping.
    pub flip: bool,
    /// Rows by which the window is moved down, in `−crop ..= crop`.
    pub dy: i32,
    /// Columns by which the window is moved right, likewise.
    pub dx: i32,
    /// Row and column of the middle of what is cut out.
    pub hole: [usize; 2],
    /// Brightness b, contrast c and saturation s.
    pub factors: [f32; 3],
}

/// The key of all draws of an epoch.
pub fn key(seed: u64, epoch: u32) -> Key {
    Key::new(seed, Purpose::Augment).with(epoch)
}

/// The changes of training picture `index`, of shape `extent`, in the epoch of `key`. The draws are those at
/// the places 0 (flip), 1 (rows), 2 (columns), 3 and 4 (row and column of the hole) and 5 to 7 (factors) of the
/// key with the index.
pub fn draw(key: Key, index: u32, augment: &Augment, extent: Extent) -> Drawn {
    let key = key.with(index);
    let offset = |place| key.below(place, 2 * augment.crop as u32 + 1) as i32 - augment.crop as i32;
    Drawn {
        flip: augment.flip && key.below(0, 2) == 1,
        dy: offset(1),
        dx: offset(2),
        hole: [key.below(3, extent.height as u32) as usize, key.below(4, extent.width as u32) as usize],
        factors: [5, 6, 7].map(|place| 1.0 + augment.jitter * (2.0 * key.uniform(place) - 1.0)),
    }
}

impl Drawn {
    /// The row and column that a pixel of the result is taken from; none where it lies outside the picture.
    pub fn source(&self, extent: Extent, [row, column]: [usize; 2]) -> Option<[usize; 2]> {
        let unflipped = if self.flip { extent.width - 1 - column } else { column };
        let row = row.checked_add_signed(self.dy as isize).filter(|&row| row < extent.height)?;
        let column =
            unflipped.checked_add_signed(self.dx as isize).filter(|&column| column < extent.width)?;
        Some([row, column])
    }

    /// Whether a pixel of the result lies in the square of side `side` that is cut out: its rows are
    /// `middle − ⌊side/2⌋` to `middle − ⌊side/2⌋ + side − 1`, and its columns likewise.
    pub fn is_cut_out(&self, side: usize, at: [usize; 2]) -> bool {
        let is_within = |axis: usize| {
            let first = self.hole[axis] as isize - (side / 2) as isize;
            (first..first + side as isize).contains(&(at[axis] as isize))
        };
        is_within(0) && is_within(1)
    }
}

/// The share of each channel in what a picture is in grey: that of ITU-R BT.601 for red, green and blue, else the
/// same for all.
pub fn grey_shares(channels: usize) -> Vec<f32> {
    match channels {
        3 => vec![0.299, 0.587, 0.114],
        n => vec![1.0 / n as f32; n],
    }
}

/// The mean brightness of a picture `(C, H, W)` in grey, 0 to 1.
pub fn mean_grey(extent: Extent, picture: &[u8]) -> f32 {
    let sum = |plane: &[u8]| plane.iter().map(|&byte| u32::from(byte)).sum::<u32>() as f32;
    let planes = picture.chunks_exact(extent.area()).zip(grey_shares(extent.channels));
    planes.map(|(plane, share)| share * (sum(plane) / (255.0 * extent.area() as f32))).sum()
}

/// The channels of a pixel, 0 to 1, with brightness, contrast and saturation changed by their factors, in this
/// order:
///
/// - `v = b·x`;
/// - `v ← m + c·(v − m)` with m the mean over the whole picture of what b makes of it in grey;
/// - `v ← g + s·(v − g)` with g the grey of the pixel as it now is;
///
/// and what is below 0 or above 1 is cut off at the end.
pub fn jittered([b, c, s]: [f32; 3], mean_grey: f32, shares: &[f32], pixel: &mut [f32]) {
    let mean = b * mean_grey;
    pixel.iter_mut().for_each(|x| *x = mean + c * (b * *x - mean));
    let grey: f32 = pixel.iter().zip(shares).map(|(x, share)| share * x).sum();
    pixel.iter_mut().for_each(|x| *x = (grey + s * (*x - grey)).clamp(0.0, 1.0));
}

/// A picture `(C, H, W)` of bytes as the net sees it in training: jittered, normalised, then cut out of a
/// picture padded with zeros, mirrored, and with a hole of zeros in it.
///
/// `out[c, y, x] = in[c, y + dy, x′ + dx]` with `x′ = W − 1 − x` where mirrored, else `x`; zero outside and in the
/// hole. The plain reference for the engine, which does the same to whole batches.
pub fn apply(
    augment: &Augment,
    drawn: &Drawn,
    extent: Extent,
    picture: &[u8],
    normalisation: &Normalisation,
) -> Vec<f32> {
    assert_eq!(picture.len(), extent.len(), "a picture must fill its shape");
    let (shares, mean) = (grey_shares(extent.channels), mean_grey(extent, picture));
    let area = extent.area();
    let mut out = vec![0.0; extent.len()];
    for at in (0..extent.height).flat_map(|y| (0..extent.width).map(move |x| [y, x])) {
        let Some([row, column]) = drawn.source(extent, at) else { continue };
        if drawn.is_cut_out(augment.cutout, at) {
            continue;
        }
        let from = row * extent.width + column;
        let mut pixel: Vec<f32> =
            (0..extent.channels).map(|c| f32::from(picture[c * area + from]) / 255.0).collect();
        if augment.jitter > 0.0 {
            jittered(drawn.factors, mean, &shares, &mut pixel);
        }
        for (c, x) in pixel.into_iter().enumerate() {
            let place = c * area + at[0] * extent.width + at[1];
            out[place] = (x - normalisation.mean[c * area + from]) * normalisation.scale[c];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent::new(1, 2, 3);
    const PICTURE: [u8; 6] = [51, 102, 153, 204, 0, 255];
    const NOTHING: Drawn = Drawn { flip: false, dy: 0, dx: 0, hole: [0, 0], factors: [1.0; 3] };

    fn check(augment: Augment, drawn: Drawn, expected: [f32; 6]) {
        let found = apply(&augment, &drawn, EXTENT, &PICTURE, &Normalisation::identity(EXTENT));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
        }
    }

    #[test]
    fn the_window_moves_over_zeros() {
        let drawn = Drawn { dy: 1, dx: -1, ..NOTHING };
        check(Augment::default(), drawn, [0.0, 0.8, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn mirroring_comes_after_cropping() {
        let drawn = Drawn { flip: true, dx: -1, ..NOTHING };
        check(Augment::default(), drawn, [0.4, 0.2, 0.0, 0.0, 0.8, 0.0]);
    }

    #[test]
    fn a_hole_is_as_large_as_it_says_and_may_reach_out() {
        let cutout = |cutout| Augment { cutout, ..Augment::default() };
        let drawn = Drawn { hole: [1, 0], ..NOTHING };
        check(cutout(1), drawn, [0.2, 0.4, 0.6, 0.0, 0.0, 1.0]);
        check(cutout(2), drawn, [0.0, 0.4, 0.6, 0.0, 0.0, 1.0]);
        check(cutout(3), drawn, [0.0, 0.0, 0.6, 0.0, 0.0, 1.0]);
    }

    /// The mean of the picture is 0.5; a grey pixel has no saturation to lose.
    #[test]
    fn factors_change_brightness_then_contrast() {
        let jitter = Augment { jitter: 1.0, ..Augment::default() };
        check(jitter, Drawn { factors: [0.5, 1.0, 0.0], ..NOTHING }, [0.1, 0.2, 0.3, 0.4, 0.0, 0.5]);
        check(jitter, Drawn { factors: [1.0, 2.0, 1.0], ..NOTHING }, [0.0, 0.3, 0.7, 1.0, 0.0, 1.0]);
        check(jitter, Drawn { factors: [2.0, 0.5, 1.0], ..NOTHING }, [0.7, 0.9, 1.0, 1.0, 0.5, 1.0]);
    }

    #[test]
    fn without_saturation_a_pixel_is_grey() {
        let mut pixel = [1.0, 0.5, 0.0];
        jittered([1.0, 1.0, 0.0], 0.5, &grey_shares(3), &mut pixel);
        assert_eq!(pixel, [0.299 + 0.587 * 0.5; 3]);
    }

    #[test]
    fn nothing_asked_for_is_nothing_done() {
        let drawn = draw(key(1, 2), 3, &Augment::default(), EXTENT);
        assert_eq!(Drawn { hole: [0, 0], ..drawn }, NOTHING);
        check(Augment::default(), drawn, PICTURE.map(|byte| f32::from(byte) / 255.0));
    }

    #[test]
    fn every_offset_and_both_hands_are_equally_likely() {
        let augment = Augment { flip: true, crop: 4, ..Augment::default() };
        let (mut flips, mut rows, mut columns) = (0, [0; 9], [0; 9]);
        let n = 9_000;
        for index in 0..n {
            let drawn = draw(key(5, 1), index, &augment, EXTENT);
            flips += drawn.flip as u32;
            rows[(drawn.dy + 4) as usize] += 1;
            columns[(drawn.dx + 4) as usize] += 1;
        }
        // Five standard deviations of a binomial count: √(n/4) · 5 and √(n · 1/9 · 8/9) · 5.
        assert!((flips as f64 - n as f64 / 2.0).abs() < 238.0, "{flips}");
        for count in rows.into_iter().chain(columns) {
            assert!((count as f64 - 1000.0).abs() < 150.0, "{rows:?} {columns:?}");
        }
    }

    #[test]
    fn factors_lie_as_far_from_1_as_allowed_and_holes_anywhere() {
        let augment = Augment { jitter: 0.4, ..Augment::default() };
        let (mut holes, mut least, mut most) = ([0; 6], 1.0f32, 1.0f32);
        for index in 0..6000 {
            let Drawn { hole, factors, .. } = draw(key(5, 1), index, &augment, EXTENT);
            holes[hole[0] * 3 + hole[1]] += 1;
            least = factors.into_iter().fold(least, f32::min);
            most = factors.into_iter().fold(most, f32::max);
        }
        assert!((0.6..0.601).contains(&least) && (1.399..=1.4).contains(&most), "{least} to {most}");
        // Five standard deviations, √(6000 · 1/6 · 5/6) · 5.
        assert!(holes.iter().all(|&count: &i32| (count - 1000).abs() < 145), "{holes:?}");
    }

    #[test]
    fn draws_differ_between_epochs_and_pictures_but_not_between_calls() {
        let augment = Augment { flip: true, crop: 4, ..Augment::default() };
        let epoch = |epoch| (0..50).map(|i| draw(key(5, epoch), i, &augment, EXTENT)).collect::<Vec<_>>();
        assert_eq!(epoch(0), epoch(0));
        assert_ne!(epoch(0), epoch(1));
    }
}
