//! Work that differs by channel over maps stored channel-last. Coefficients are tiled to rows of some hundred
//! numbers, so that the inner loops are long whatever the number of channels.

use rayon::prelude::*;

use super::simd::vectorised;
use crate::tensor::Extent;

/// Numbers in a tiled row, at least.
const ROW: usize = 256;

/// Numbers in a row of whole pixels.
pub fn row_len(channels: usize) -> usize {
    ROW.div_ceil(channels) * channels
}

/// `(C)` coefficients repeated to a row.
pub struct Tiled {
    channels: usize,
    row: Vec<f32>,
}

impl Tiled {
    pub fn new(channels: usize) -> Self {
        Self { channels, row: vec![0.0; row_len(channels)] }
    }

    /// Sets each channel's coefficient.
    pub fn set(&mut self, coefficient: impl Fn(usize) -> f32) {
        for c in 0..self.channels {
            self.row[c] = coefficient(c);
        }
        let (first, others) = self.row.split_at_mut(self.channels);
        others.chunks_exact_mut(self.channels).for_each(|pixel| pixel.copy_from_slice(first));
    }

    pub fn row(&self) -> &[f32] {
        &self.row
    }

    pub fn bytes(&self) -> usize {
        4 * self.row.len()
    }
}

/// Two sums for each channel of each picture, each kept as a tiled row.
pub struct PictureSums {
    channels: usize,
    /// `(N, 2, row)`.
    rows: Vec<f32>,
}

impl PictureSums {
    pub fn new(batch: usize, channels: usize) -> Self {
        Self { channels, rows: vec![0.0; batch * 2 * row_len(channels)] }
    }

    pub fn bytes(&self) -> usize {
        4 * self.rows.len()
    }

    /// Lets `work` add up picture `n` into two rows of zeros, for all pictures at once.
    pub fn gather(&mut self, work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync) {
        let row = row_len(self.channels);
        self.rows.par_chunks_mut(2 * row).enumerate().for_each(|(n, rows)| {
            rows.fill(0.0);
            let (first, second) = rows.split_at_mut(row);
            work(n, first, second);
        });
    }

    /// The first number of channel `c` in row `which` for each picture, in order.
    fn first_of_channel(&self, which: usize, c: usize) -> impl Iterator<Item = f32> {
        let row = row_len(self.channels);
        self.rows.iter().skip(which * row + c).step_by(2 * row).copied()
    }

    /// Sum `which` of channel `c` for each picture, in order.
    pub fn of_channel(&self, which: usize, c: usize) -> impl Iterator<Item = f64> {
        let row = row_len(self.channels);
        self.rows.chunks_exact(2 * row).map(move |rows| folded(&rows[which * row..][..row], self.channels, c))
    }
}

/// The sum over a channel's repetitions in a row.
fn folded(row: &[f32], channels: usize, c: usize) -> f64 {
    row[c..].iter().step_by(channels).map(|&x| x as f64).sum()
}

/// Mean and sum of squared deviations of each channel over a batch.
pub struct Moments {
    pub mean: Vec<f64>,
    pub squares: Vec<f64>,
    pictures: PictureSums,
}

impl Moments {
    pub fn new(batch: usize, channels: usize) -> Self {
        let pictures = PictureSums::new(batch, channels);
        Self { mean: vec![0.0; channels], squares: vec![0.0; channels], pictures }
    }

    pub fn bytes(&self) -> usize {
        8 * (self.mean.len() + self.squares.len()) + self.pictures.bytes()
    }

    /// Measures maps `(N, H, W, C)`: each picture about its own mean, then merged over the pictures in order
    /// (Chan, Golub, LeVeque 1983, equation 1.5), so that nothing cancels and the split is by shape.
    pub fn measure(&mut self, x: &[f32], extent: Extent) {
        let (channels, n) = (extent.channels, extent.area() as f64);
        self.pictures.gather(|i, mean, squares| {
            let x = &x[i * extent.len()..][..extent.len()];
            add_up(x, mean);
            // The sums become means in place, tiled again.
            for c in 0..channels {
                let of_channel = (folded(mean, channels, c) / n) as f32;
                mean[c..].iter_mut().step_by(channels).for_each(|mean| *mean = of_channel);
            }
            add_up_squares(x, mean, squares);
        });
        for c in 0..channels {
            let (mut mean, mut squares) = (0.0, 0.0);
            let pictures = self.pictures.first_of_channel(0, c).zip(self.pictures.of_channel(1, c));
            for (i, (own_mean, own_squares)) in pictures.enumerate() {
                // Share of this picture in all so far.
                let share = 1.0 / (i + 1) as f64;
                let delta = own_mean as f64 - mean;
                mean += delta * share;
                squares += own_squares + delta * delta * n * (1.0 - share);
            }
            (self.mean[c], self.squares[c]) = (mean, squares);
        }
    }
}

vectorised! {
    /// Adds maps to a tiled row of sums.
    pub fn add_up(x: &[f32], sums: &mut [f32]) {
        for row in x.chunks(sums.len()) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}

vectorised! {
    /// Adds a multiple of the channels of one pixel to those of another.
    pub fn add_scaled(from: &[f32], weight: f32, to: &mut [f32]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to += weight * from;
        }
    }
}

vectorised! {
    fn add_up_squares(x: &[f32], mean: &[f32], sums: &mut [f32]) {
        for row in x.chunks(sums.len()) {
            for ((sum, &x), &mean) in sums.iter_mut().zip(row).zip(mean) {
                *sum += (x - mean) * (x - mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A large mean beside a small spread, where the sum of squares would lose everything.
    #[test]
    fn moments_survive_a_large_mean() {
        let extent = Extent::new(3, 5, 4);
        let x: Vec<f32> =
            (0..7 * extent.len()).map(|i| 1000.0 + (i % 3) as f32 + (i / 3 % 2) as f32).collect();
        let mut moments = Moments::new(7, 3);
        moments.measure(&x, extent);
        for c in 0..3 {
            let mean = 1000.0 + c as f64 + 0.5;
            assert!((moments.mean[c] - mean).abs() < 1e-3, "{}", moments.mean[c]);
            let count = (7 * extent.area()) as f64;
            assert!((moments.squares[c] / count - 0.25).abs() < 1e-3, "{}", moments.squares[c] / count);
        }
    }

    /// A number that single precision does not hold exactly, in maps longer than a row.
    #[test]
    fn the_mean_of_equal_numbers_is_that_number() {
        let extent = Extent::new(1, 40, 40);
        let mut moments = Moments::new(3, 1);
        moments.measure(&[1000.37; 3 * 1600], extent);
        // Partial sums of some thousand numbers round to within 1e-6 of their size.
        assert!((moments.mean[0] - 1000.37f32 as f64).abs() < 1e-3, "{}", moments.mean[0]);
        assert!(moments.squares[0] / 4800.0 < 1e-6, "{}", moments.squares[0]);
    }
}
