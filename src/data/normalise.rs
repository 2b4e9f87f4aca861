//! Centring and scaling of pixel values by the statistics of the training pictures.
//!
//! The sums are taken over whole numbers and are therefore exact, whatever the order of the threads; only
//! the last division rounds.

use super::{Normalisation, Split, permute};
use crate::experiment::Normalise;
use crate::tensor::Extent;
use rayon::prelude::*;

/// Full brightness: the byte that stands for 1.
const FULL: f64 = 255.0;

/// Pictures per parcel of work.
const PARCEL: usize = 256;

impl Normalisation {
    /// The constants of `kind` for pictures of shape `extent`, from the training pictures `train`.
    ///
    /// The standard deviation is that of the population (divided by `n`, not `n − 1`), over all pixels of a
    /// channel; a channel without any variation keeps scale 1. Without pictures nothing is changed.
    pub fn of(kind: Normalise, train: &Split, extent: Extent) -> Self {
        if train.is_empty() {
            return Self::identity(extent);
        }
        match kind {
            Normalise::None => Self::identity(extent),
            Normalise::PerChannel => Self::per_channel(train, extent),
            Normalise::PixelMean => Self { mean: pixel_mean(train, extent), ..Self::identity(extent) },
        }
    }

    /// Leaves pixel values in `[0, 1]`.
    pub fn identity(extent: Extent) -> Self {
        Self { mean: vec![0.0; extent.len()], scale: vec![1.0; extent.channels], permute: None }
    }

    /// What a net sees of one picture of a data set: `(byte / 255 − mean) · scale`, `(C, H, W)`.
    ///
    /// The plain reference for the engine, which does the same to whole batches.
    pub fn apply(&self, extent: Extent, picture: &[u8]) -> Vec<f32> {
        assert_eq!(picture.len(), extent.len(), "a picture must fill its shape");
        let area = extent.area();
        let normalise = |(i, &byte): (usize, &u8)| {
            (byte as f32 / FULL as f32 - self.mean[i]) * self.scale[i / area] // i is (c, y, x)
        };
        picture.iter().enumerate().map(normalise).collect()
    }

    /// One mean and one scale for each channel.
    pub fn with_channel_means(means: &[f32], scale: Vec<f32>, extent: Extent) -> Self {
        let mean = means.iter().flat_map(|&mean| std::iter::repeat_n(mean, extent.area())).collect();
        Self { mean, scale, permute: None }
    }

    /// The same for pictures that were stirred by this seed, or not.
    pub fn permuted(self, permute: Option<u64>) -> Self {
        Self { permute, ..self }
    }

    /// A picture that comes from outside, `(C, H, W)`, as a data set has it: stirred, where its pictures are.
    pub fn stirred(&self, extent: Extent, picture: Vec<u8>) -> Vec<u8> {
        match self.permute {
            Some(seed) => permute::stirred(extent, seed, &picture),
            None => picture,
        }
    }

    /// The mean of each channel, `(C)`, if it is the same for all pixels.
    pub fn channel_means(&self) -> Option<Vec<f32>> {
        let area = self.mean.len() / self.scale.len().max(1);
        let channels = self.mean.chunks(area.max(1));
        channels.map(|means| means.iter().all(|mean| *mean == means[0]).then_some(means[0])).collect()
    }

    fn per_channel(train: &Split, extent: Extent) -> Self {
        let moments = channel_moments(train, extent);
        let means: Vec<f32> = moments.iter().map(|m| m.mean as f32).collect();
        let scale = moments.iter().map(|m| if m.deviation > 0.0 { (1.0 / m.deviation) as f32 } else { 1.0 });
        Self::with_channel_means(&means, scale.collect(), extent)
    }
}

/// Mean and standard deviation of one channel, in units of the full brightness 1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Moments {
    pub mean: f64,
    pub deviation: f64,
}

/// The moments of each channel over all pixels of all pictures, `(C)`; empty without pictures.
pub fn channel_moments(split: &Split, extent: Extent) -> Vec<Moments> {
    let n = (split.len() * extent.area()) as u128;
    if n == 0 {
        return Vec::new();
    }
    let sums = split
        .pictures
        .par_chunks(extent.len() * PARCEL) // (PARCEL, C, H, W)
        .map(|parcel| channel_sums(parcel, extent))
        .reduce(|| vec![[0; 2]; extent.channels], add_sums);
    let moments = sums.iter().map(|&[sum, squares]| {
        // n² times the variance is a whole number, so that a constant channel is told exactly.
        let variance = n * squares - sum * sum;
        Moments { mean: sum as f64 / n as f64 / FULL, deviation: (variance as f64).sqrt() / n as f64 / FULL }
    });
    moments.collect()
}

/// Sum and sum of squares of each channel, `(C)`.
fn channel_sums(pictures: &[u8], extent: Extent) -> Vec<[u128; 2]> {
    let mut sums = vec![[0; 2]; extent.channels];
    for (i, plane) in pictures.chunks_exact(extent.area()).enumerate() {
        let of_channel = &mut sums[i % extent.channels];
        of_channel[0] += plane.iter().map(|&b| b as u64).sum::<u64>() as u128;
        of_channel[1] += plane.iter().map(|&b| b as u64 * b as u64).sum::<u64>() as u128;
    }
    sums
}

fn add_sums(mut a: Vec<[u128; 2]>, b: Vec<[u128; 2]>) -> Vec<[u128; 2]> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = [a[0] + b[0], a[1] + b[1]]);
    a
}

/// The mean picture, `(C, H, W)`, in units of the full brightness 1.
fn pixel_mean(split: &Split, extent: Extent) -> Vec<f32> {
    let sums = split
        .pictures
        .par_chunks(extent.len() * PARCEL) // (PARCEL, C, H, W)
        .map(|parcel| {
            let mut sums = vec![0u64; extent.len()];
            for picture in parcel.chunks_exact(extent.len()) {
                sums.iter_mut().zip(picture).for_each(|(sum, &byte)| *sum += byte as u64);
            }
            sums
        })
        .reduce(
            || vec![0; extent.len()],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            },
        );
    sums.iter().map(|&sum| (sum as f64 / split.len() as f64 / FULL) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent::new(2, 1, 2);

    fn two_pictures() -> Split {
        // Channel 0 holds 0, 255, 255, 0; channel 1 is constant.
        Split { pictures: vec![0, 255, 51, 51, 255, 0, 51, 51], labels: vec![0, 1].into() }
    }

    #[test]
    fn per_channel_gives_zero_mean_and_unit_deviation() {
        let split = two_pictures();
        let normalisation = Normalisation::of(Normalise::PerChannel, &split, EXTENT);
        assert_eq!(normalisation.mean, [0.5, 0.5, 0.2, 0.2]);
        assert_eq!(normalisation.scale, [2.0, 1.0], "a constant channel keeps its scale");
        assert_eq!(normalisation.apply(EXTENT, &split.pictures[..4]), [-1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn pixel_mean_subtracts_the_mean_picture_and_nothing_else() {
        let split = Split { pictures: vec![0, 255, 10, 20, 255, 255, 30, 40], labels: vec![0, 1].into() };
        let normalisation = Normalisation::of(Normalise::PixelMean, &split, EXTENT);
        let expected = [127.5, 255.0, 20.0, 30.0].map(|b: f64| (b / 255.0) as f32);
        assert_eq!(normalisation.mean, expected);
        assert_eq!(normalisation.scale, [1.0, 1.0]);
    }

    #[test]
    fn a_mean_for_each_channel_is_told_from_a_mean_picture() {
        let normalisation = Normalisation::with_channel_means(&[0.5, 0.2], vec![2.0, 1.0], EXTENT);
        assert_eq!(normalisation.mean, [0.5, 0.5, 0.2, 0.2]);
        assert_eq!(normalisation.channel_means(), Some(vec![0.5, 0.2]));
        let picture = Normalisation { mean: vec![0.5, 0.5, 0.2, 0.3], ..normalisation };
        assert_eq!(picture.channel_means(), None);
    }

    #[test]
    fn none_leaves_the_unit_interval() {
        let normalisation = Normalisation::of(Normalise::None, &two_pictures(), EXTENT);
        assert_eq!(normalisation.apply(EXTENT, &[0, 255, 51, 102]), [0.0, 1.0, 0.2, 0.4]);
    }

    #[test]
    fn no_pictures_are_no_reason_to_divide_by_zero() {
        for kind in [Normalise::None, Normalise::PerChannel, Normalise::PixelMean] {
            let normalisation = Normalisation::of(kind, &Split::default(), EXTENT);
            assert_eq!(normalisation, Normalisation::identity(EXTENT));
        }
    }

    #[test]
    fn many_pictures_agree_with_a_plain_sum() {
        let n = 1000; // More than one parcel.
        let pictures: Vec<u8> = (0..n * 4).map(|i| (i * i % 251) as u8).collect();
        let split = Split { pictures, labels: vec![0; n].into() };
        let moments = channel_moments(&split, EXTENT);
        for (c, moments) in moments.iter().enumerate() {
            let values: Vec<f64> = split
                .pictures
                .chunks_exact(4)
                .flat_map(|picture| &picture[2 * c..2 * c + 2])
                .map(|&b| b as f64 / 255.0)
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
            assert!(
                (moments.mean - mean).abs() < 1e-12 && (moments.deviation - variance.sqrt()).abs() < 1e-12
            );
        }
    }
}
