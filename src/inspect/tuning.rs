//! What a filter of the first layer prefers, found as a physiologist finds it for a cell of the primary visual
//! cortex: sine gratings of every orientation and of many spatial frequencies are shown, and the response is
//! how far the filter's output swings while the grating drifts by (Hubel and Wiesel 1962; De Valois, Yund and
//! Hepler 1982).
//!
//! A grating of frequency f whose stripes lie at angle θ is `½ + ½·cos(2πf·(x·sin θ + y·cos θ) + φ)`, x to the
//! right, y downwards, θ anticlockwise from horizontal. Over all phases φ the output of a filter w swings by
//! `A(θ, f) = ½·|Σ_p w(p)·e^(−2πi·f·n·p)|` with `n = (sin θ, cos θ)`: no picture has to be made. A grating is
//! grey, so that w is the sum over the channels, each divided by what the normalisation divides its pixels by.

use std::f64::consts::PI;

/// Orientations in a curve.
pub const N_ORIENTATIONS: usize = 36;

/// Frequencies tried before the best is sought between them.
const N_FREQUENCIES: usize = 24;

/// The finest grating that pixels can show, in cycles per pixel.
const FINEST: f64 = 0.5;

/// What one filter prefers.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Tuning {
    /// Angle of the preferred stripes, in `[0, 180)`: 0 horizontal, 45 rising to the right, 90 vertical.
    pub orientation_degrees: f64,
    /// The preferred frequency, in cycles per pixel.
    pub cycles_per_pixel: f64,
    /// One less the circular variance, `|Σ A·e^(2iθ)| / Σ A` at the preferred frequency: 0 where all
    /// orientations are alike, 1 where only one is answered (Ringach, Shapley, Hawken 2002).
    pub selectivity: f64,
    /// `(A_preferred − A_orthogonal) / (A_preferred + A_orthogonal)`.
    pub contrast: f64,
    /// How far from the preferred orientation the response is half as large, the mean of both sides; none where
    /// it does not fall so far.
    pub half_width_degrees: Option<f64>,
    /// The response at orientations 0, 5, …, 175 degrees at the preferred frequency, with the largest as 1.
    pub curve: Vec<f64>,
}

/// A filter seen in grey, `(kH, kW)`.
pub struct GreyFilter {
    pub size: [usize; 2],
    pub weights: Vec<f64>,
}

impl GreyFilter {
    /// Of a filter `(I, kH, kW)`; `scale` `(I)` is what the normalisation multiplies each channel by.
    pub fn new(filter: &[f32], size: [usize; 2], scale: &[f32]) -> Self {
        let area = size[0] * size[1];
        assert_eq!(filter.len(), scale.len() * area, "a filter fills its size");
        let at = |p: usize| {
            filter[p..].iter().step_by(area).zip(scale).map(|(&w, &scale)| w as f64 * scale as f64).sum()
        };
        Self { size, weights: (0..area).map(at).collect() }
    }

    /// `A(θ, f)`, θ in radians.
    fn response(&self, angle: f64, frequency: f64) -> f64 {
        let (across, down) = angle.sin_cos();
        let (mut even, mut odd) = (0.0, 0.0);
        for (p, weight) in self.weights.iter().enumerate() {
            let (x, y) = ((p % self.size[1]) as f64, (p / self.size[1]) as f64);
            let (sine, cosine) = (2.0 * PI * frequency * (x * across + y * down)).sin_cos();
            even += weight * cosine;
            odd += weight * sine;
        }
        0.5 * even.hypot(odd)
    }

    /// The coarsest grating of which the filter sees a half.
    fn coarsest(&self) -> f64 {
        (0.5 / self.size[0].max(self.size[1]) as f64).min(FINEST)
    }

    /// Shows the filter all gratings; none for one that answers to none of them.
    pub fn tuning(&self) -> Option<Tuning> {
        let (angle, frequency) = self.preferred()?;
        let angles = (0..N_ORIENTATIONS).map(|i| PI * i as f64 / N_ORIENTATIONS as f64);
        let curve: Vec<f64> = angles.clone().map(|angle| self.response(angle, frequency)).collect();
        let sum: f64 = curve.iter().sum();
        let doubled = |part: fn(f64) -> f64| -> f64 {
            angles.clone().zip(&curve).map(|(angle, response)| response * part(2.0 * angle)).sum()
        };
        let [preferred, orthogonal] = [angle, angle + PI / 2.0].map(|angle| self.response(angle, frequency));
        let largest = curve.iter().copied().fold(preferred, f64::max);
        Some(Tuning {
            orientation_degrees: angle.to_degrees().rem_euclid(180.0),
            cycles_per_pixel: frequency,
            selectivity: doubled(f64::cos).hypot(doubled(f64::sin)) / sum,
            contrast: (preferred - orthogonal) / (preferred + orthogonal),
            half_width_degrees: self.half_width(angle, frequency),
            curve: curve.iter().map(|response| response / largest).collect(),
        })
    }

    /// The grating that is answered most, `(angle, frequency)`: the best of a grid, then of ever finer steps
    /// around it.
    fn preferred(&self) -> Option<(f64, f64)> {
        let ratio = FINEST / self.coarsest();
        let step = ratio.powf(1.0 / (N_FREQUENCIES - 1) as f64);
        let frequencies = (0..N_FREQUENCIES).map(|i| self.coarsest() * step.powi(i as i32));
        let gratings = frequencies.flat_map(|frequency| {
            (0..N_ORIENTATIONS).map(move |i| (PI * i as f64 / N_ORIENTATIONS as f64, frequency))
        });
        let answer = |grating: &(f64, f64)| self.response(grating.0, grating.1);
        let mut best = gratings.max_by(|a, b| answer(a).total_cmp(&answer(b)))?;
        let (mut turn, mut stretch) = (PI / N_ORIENTATIONS as f64, step);
        while turn > 1e-4 {
            let around = [(-turn, 1.0), (turn, 1.0), (0.0, stretch), (0.0, 1.0 / stretch)]
                .map(|(by, factor)| (best.0 + by, (best.1 * factor).clamp(self.coarsest(), FINEST)));
            match around.into_iter().find(|grating| answer(grating) > answer(&best)) {
                Some(better) => best = better,
                None => (turn, stretch) = (turn / 2.0, stretch.sqrt()),
            }
        }
        (answer(&best) > 0.0 && answer(&best).is_finite()).then_some(best)
    }

    fn half_width(&self, angle: f64, frequency: f64) -> Option<f64> {
        let half = 0.5 * self.response(angle, frequency);
        let step = 0.1f64.to_radians();
        let side = |sign: f64| {
            let falls = |i: &i32| self.response(angle + sign * step * *i as f64, frequency) <= half;
            (1..900).find(falls).map(|i| 0.1 * i as f64)
        };
        Some(0.5 * (side(1.0)? + side(-1.0)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Gabor function whose stripes lie at `degrees`, in a window of `side × side`.
    fn gabor(side: usize, degrees: f64, frequency: f64, phase: f64, deviation: f64) -> GreyFilter {
        let middle = (side as f64 - 1.0) / 2.0;
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let weight = |p: usize| {
            let (x, y) = ((p % side) as f64 - middle, (p / side) as f64 - middle);
            let envelope = (-(x * x + y * y) / (2.0 * deviation * deviation)).exp();
            (envelope * (2.0 * PI * frequency * (x * sine + y * cosine) + phase).cos()) as f32
        };
        let weights: Vec<f32> = (0..side * side).map(weight).collect();
        GreyFilter::new(&weights, [side, side], &[1.0])
    }

    fn apart(a: f64, b: f64) -> f64 {
        let difference = (a - b).rem_euclid(180.0);
        difference.min(180.0 - difference)
    }

    #[test]
    fn a_gabor_function_is_found_again() {
        for (degrees, frequency, phase) in
            [(0.0, 0.2, 0.0), (37.0, 0.15, 1.0), (90.0, 0.25, 2.0), (134.0, 0.2, 0.5), (172.0, 0.3, 1.5)]
        {
            let tuning = gabor(11, degrees, frequency, phase, 2.2).tuning().expect("an answer");
            assert!(apart(tuning.orientation_degrees, degrees) < 5.0, "{degrees}: {tuning:?}");
            assert!((tuning.cycles_per_pixel / frequency - 1.0).abs() < 0.1, "{frequency}: {tuning:?}");
            assert!(tuning.selectivity > 0.5 && tuning.contrast > 0.9, "{tuning:?}");
        }
    }

    /// The spectrum of an envelope of deviation σ has deviation 1/(2πσ): the response is half as large where
    /// the grating's frequency vector is `√(2·ln 2)/(2πσ)` away, at `2·asin` of half of that over f.
    #[test]
    fn the_width_is_that_of_the_envelopes_spectrum() {
        let (frequency, deviation) = (0.25, 2.5);
        let tuning = gabor(21, 45.0, frequency, 0.3, deviation).tuning().expect("an answer");
        let distance = (2.0 * 2f64.ln()).sqrt() / (2.0 * PI * deviation);
        let expected = 2.0 * (distance / (2.0 * frequency)).asin().to_degrees();
        let found = tuning.half_width_degrees.expect("it falls to a half");
        assert!((found / expected - 1.0).abs() < 0.03, "{found} against {expected}");
    }

    #[test]
    fn a_round_spot_prefers_nothing() {
        let tuning = gabor(9, 0.0, 0.0, 0.0, 1.5).tuning().expect("an answer");
        assert!(tuning.selectivity < 0.02, "{tuning:?}");
        assert_eq!(tuning.half_width_degrees, None);
    }

    #[test]
    fn a_filter_of_zeros_answers_nothing() {
        assert_eq!(GreyFilter::new(&[0.0; 9], [3, 3], &[1.0]).tuning(), None);
    }

    /// Opposite colours cancel in a grey grating, unless the normalisation weighs them differently.
    #[test]
    fn gratings_are_grey() {
        let colours = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
        assert_eq!(GreyFilter::new(&colours, [2, 2], &[1.0, 1.0]).weights, [2.0, -2.0, 2.0, -2.0]);
        let opposed = [1.0, -1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0];
        assert_eq!(GreyFilter::new(&opposed, [2, 2], &[1.0, 1.0]).tuning(), None);
        assert!(GreyFilter::new(&opposed, [2, 2], &[2.0, 1.0]).tuning().is_some());
    }
}
