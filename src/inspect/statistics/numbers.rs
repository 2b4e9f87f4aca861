//! What can be said of many numbers at once.

/// Mean and standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Moments {
    pub mean: f64,
    /// Of the population: divided by n.
    pub deviation: f64,
}

/// How often numbers lie where.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Histogram {
    /// The least and the largest number.
    pub low: f64,
    pub high: f64,
    /// In [`Histogram::BINS`] intervals of one width from `low` to `high`.
    pub counts: Vec<u64>,
    /// Infinite ones and those that are no number; in no interval.
    pub n_not_finite: u64,
}

impl Moments {
    /// In two passes, so that nothing is lost where the mean is large against the deviation.
    pub fn of(numbers: &[f32]) -> Self {
        let n = numbers.len().max(1) as f64;
        let mean = numbers.iter().map(|&x| x as f64).sum::<f64>() / n;
        let variance = numbers.iter().map(|&x| (x as f64 - mean).powi(2)).sum::<f64>() / n;
        Self { mean, deviation: variance.sqrt() }
    }

    /// `E[x²]`.
    pub fn mean_square(self) -> f64 {
        self.mean * self.mean + self.deviation * self.deviation
    }
}

impl Histogram {
    pub const BINS: usize = 48;

    pub fn of(numbers: &[f32]) -> Self {
        let finite = || numbers.iter().copied().filter(|x| x.is_finite()).map(f64::from);
        let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let mut histogram = Self { counts: vec![0; Self::BINS], ..Self::default() };
        if low <= high {
            (histogram.low, histogram.high) = (low, high);
            let width = (high - low) / Self::BINS as f64;
            for x in finite() {
                let bin = if width > 0.0 { ((x - low) / width) as usize } else { Self::BINS / 2 };
                histogram.counts[bin.min(Self::BINS - 1)] += 1;
            }
        }
        histogram.n_not_finite = numbers.len() as u64 - histogram.counts.iter().sum::<u64>();
        histogram
    }
}

/// `√Σ x²`.
pub fn norm(numbers: &[f32]) -> f64 {
    numbers.iter().map(|&x| (x as f64).powi(2)).sum::<f64>().sqrt()
}

/// Mean and variance (divided by n) of each of `n_channels` channels of maps in storage order, `(N, H, W, C)`.
pub fn of_channels(numbers: &[f32], n_channels: usize) -> (Vec<f64>, Vec<f64>) {
    let n = (numbers.len() / n_channels).max(1) as f64;
    let mean_of = |value: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0; n_channels];
        for pixel in numbers.chunks_exact(n_channels) {
            sums.iter_mut().enumerate().zip(pixel).for_each(|((c, sum), &x)| *sum += value(c, x as f64));
        }
        sums.iter().map(|sum| sum / n).collect::<Vec<f64>>()
    };
    let means = mean_of(&|_, x| x);
    let variances = mean_of(&|c, x| (x - means[c]).powi(2));
    (means, variances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_bins_of_a_few_numbers() {
        let numbers = [1.0, 1.0, 1.0, 5.0];
        let moments = Moments::of(&numbers);
        assert!(moments.mean == 2.0 && (moments.deviation - 3f64.sqrt()).abs() < 1e-12);
        assert!((moments.mean_square() - 7.0).abs() < 1e-12);
        let histogram = Histogram::of(&[1.0, 1.0, f32::NAN, 5.0]);
        assert_eq!((histogram.low, histogram.high, histogram.n_not_finite), (1.0, 5.0, 1));
        assert_eq!((histogram.counts[0], histogram.counts[Histogram::BINS - 1]), (2, 1));
        assert_eq!(Histogram::of(&[3.0; 7]).counts.iter().sum::<u64>(), 7, "all alike are counted as well");
        assert_eq!(Histogram::of(&[f32::INFINITY]).n_not_finite, 1);
    }

    #[test]
    fn channels_lie_side_by_side() {
        assert_eq!(of_channels(&[1.0, 10.0, 3.0, 10.0], 2), (vec![2.0, 10.0], vec![1.0, 0.0]));
    }
}
