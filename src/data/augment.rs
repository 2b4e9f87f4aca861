//! Random changes to training pictures: which ones a picture gets, and what they do.
//!
//! The draw goes by the picture's index in the split and the epoch, not by its place in the batch, so that
//! neither batch size nor order of visits changes it; whole-number arithmetic alone, so that a shader draws
//! the same.

use crate::experiment::Augment;
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};

/// What happens to one picture in one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Mirrored left to right, after the cropping.
    pub flip: bool,
    /// Rows by which the window is moved down, in `−crop ..= crop`.
    pub dy: i32,
    /// Columns by which the window is moved right, likewise.
    pub dx: i32,
}

/// The changes of training picture `index` in `epoch`. The draws are those at the places 0 (flip), 1 (rows)
/// and 2 (columns) of the key (seed, epoch, index).
pub fn draw(seed: u64, epoch: u32, index: u32, augment: &Augment) -> Drawn {
    let key = Key::new(seed, Purpose::Augment).with(epoch).with(index);
    let offset = |place| key.below(place, 2 * augment.crop as u32 + 1) as i32 - augment.crop as i32;
    Drawn { flip: augment.flip && key.below(0, 2) == 1, dy: offset(1), dx: offset(2) }
}

/// One normalised picture `(C, H, W)`, changed: pad with zeros, cut out the window, then mirror it.
///
/// `out[c, y, x] = in[c, y + dy, x′ + dx]` with `x′ = W − 1 − x` where mirrored, else `x`; zero outside. The
/// plain reference for the engine, which does the same to whole batches.
pub fn apply(drawn: Drawn, extent: Extent, picture: &[f32]) -> Vec<f32> {
    assert_eq!(picture.len(), extent.len(), "a picture must fill its shape");
    let (height, width) = (extent.height, extent.width);
    let mut out = Vec::with_capacity(extent.len());
    for c in 0..extent.channels {
        for y in 0..height {
            for x in 0..width {
                let unflipped = if drawn.flip { width - 1 - x } else { x };
                let (row, column) = (y as i64 + drawn.dy as i64, unflipped as i64 + drawn.dx as i64);
                let inside = (0..height as i64).contains(&row) && (0..width as i64).contains(&column);
                let at = |row: i64, column: i64| (c * height + row as usize) * width + column as usize;
                out.push(if inside { picture[at(row, column)] } else { 0.0 });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent::new(1, 2, 3);
    const PICTURE: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    #[test]
    fn the_window_moves_over_zeros() {
        let drawn = Drawn { flip: false, dy: 1, dx: -1 };
        assert_eq!(apply(drawn, EXTENT, &PICTURE), [0.0, 4.0, 5.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn mirroring_comes_after_cropping() {
        let drawn = Drawn { flip: true, dy: 0, dx: -1 };
        assert_eq!(apply(drawn, EXTENT, &PICTURE), [2.0, 1.0, 0.0, 5.0, 4.0, 0.0]);
    }

    #[test]
    fn nothing_drawn_is_nothing_done() {
        let drawn = draw(1, 2, 3, &Augment::default());
        assert_eq!(drawn, Drawn::default());
        assert_eq!(apply(drawn, EXTENT, &PICTURE), PICTURE);
    }

    #[test]
    fn every_offset_and_both_hands_are_equally_likely() {
        let augment = Augment { flip: true, crop: 4 };
        let (mut flips, mut rows, mut columns) = (0, [0; 9], [0; 9]);
        let n = 9_000;
        for index in 0..n {
            let drawn = draw(5, 1, index, &augment);
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
    fn draws_differ_between_epochs_and_pictures_but_not_between_calls() {
        let augment = Augment { flip: true, crop: 4 };
        let epoch = |epoch| (0..50).map(|i| draw(5, epoch, i, &augment)).collect::<Vec<_>>();
        assert_eq!(epoch(0), epoch(0));
        assert_ne!(epoch(0), epoch(1));
    }
}
