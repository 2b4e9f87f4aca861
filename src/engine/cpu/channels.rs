//! Work that differs by channel over maps stored channel-last. Coefficients are tiled to rows of some hundred
//! numbers, so that the inner loops are long whatever the number of channels.

use rayon::prelude::*;

use super::simd::vectorised;
use crate::tensor::Extent;

/// Numbers in a tiled row, at least.
const ROW: usize = 256;

/// `(C)` coefficients repeated to a whole number of pixels.
pub fn tile(coefficients: &[f32]) -> Vec<f32> {
    coefficients.repeat(ROW.div_ceil(coefficients.len()))
}

/// Sums over the repetitions of a tiled row, `(C)`.
pub fn fold(tiled: &[f32], channels: usize) -> Vec<f32> {
    let mut sums = vec![0.0; channels];
    for pixel in tiled.chunks_exact(channels) {
        for (sum, x) in sums.iter_mut().zip(pixel) {
            *sum += x;
        }
    }
    sums
}

/// Mean and sum of squared deviations of each channel over a batch.
pub struct Moments {
    pub mean: Vec<f64>,
    pub squares: Vec<f64>,
}

impl Moments {
    /// Of maps `(N, H, W, C)`: for each picture about its own mean, then merged over the pictures in order
    /// (Chan, Golub, LeVeque 1983, equation 1.5), so that nothing cancels and the split is by shape.
    pub fn of(x: &[f32], extent: Extent) -> Self {
        let channels = extent.channels;
        let n = extent.area() as f64;
        let pictures: Vec<(Vec<f32>, Vec<f32>)> = x
            .par_chunks(extent.len())
            .map(|x| {
                let mut sums = vec![0.0; ROW.div_ceil(channels) * channels];
                add_up(x, &mut sums);
                let mean: Vec<f32> = fold(&sums, channels).iter().map(|sum| sum / n as f32).collect();
                sums.fill(0.0);
                add_up_squares(x, &tile(&mean), &mut sums);
                (mean, fold(&sums, channels))
            })
            .collect();
        let mut moments = Self { mean: vec![0.0; channels], squares: vec![0.0; channels] };
        for (i, (mean, squares)) in pictures.iter().enumerate() {
            // Share of this picture in all so far.
            let share = 1.0 / (i + 1) as f64;
            for c in 0..channels {
                let delta = mean[c] as f64 - moments.mean[c];
                moments.mean[c] += delta * share;
                moments.squares[c] += squares[c] as f64 + delta * delta * n * (1.0 - share);
            }
        }
        moments
    }
}

vectorised! {
    fn add_up(x: &[f32], sums: &mut [f32]) {
        for row in x.chunks(sums.len()) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
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
        let moments = Moments::of(&x, extent);
        for c in 0..3 {
            let mean = 1000.0 + c as f64 + 0.5;
            assert!((moments.mean[c] - mean).abs() < 1e-3, "{}", moments.mean[c]);
            let count = (7 * extent.area()) as f64;
            assert!((moments.squares[c] / count - 0.25).abs() < 1e-3, "{}", moments.squares[c] / count);
        }
    }
}
