//! The Gabor function that is nearest to a filter: a grating under a Gaussian window, which is what the receptive
//! fields of simple cells look like (Marčelja 1980; Jones and Palmer 1987, who fit them as is done here).
//!
//! `g(x, y) = a·e^(−½·(u/σ_u)² − ½·(v/σ_v)²)·cos(2πf·v + φ) + b`, with v across the stripes and u along them from the
//! middle (x₀, y₀): `v = (x − x₀)·sin θ + (y − y₀)·cos θ`, `u = (x − x₀)·cos θ − (y − y₀)·sin θ`, and θ the angle of
//! the stripes as in [`tuning`](super::tuning). Of the nine numbers a, φ and b follow from the other six by linear
//! least squares; those are sought by the simplex of Nelder and Mead (1965), from the grating that is answered most.

use std::f64::consts::PI;

use super::tuning::GreyFilter;

/// A Gabor function fitted to a filter.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Gabor {
    /// Angle of the stripes, in `[0, 180)`, as in [`Tuning`](super::tuning::Tuning).
    pub orientation_degrees: f64,
    pub cycles_per_pixel: f64,
    /// φ at the middle, in `(−180, 180]`: 0 a bright stripe, ±90 an edge.
    pub phase_degrees: f64,
    /// x₀ and y₀, in pixels from the filter's upper left one.
    pub middle: [f64; 2],
    /// σ_u and σ_v, in pixels: the window's deviation along the stripes and across them.
    pub deviations: [f64; 2],
    pub amplitude: f64,
    pub offset: f64,
    /// The share of the filter's variance that the fit explains, 1 − Σ(w − g)²/Σ(w − w̄)².
    pub explained: f64,
    /// The function at the filter's pixels, `(kH, kW)`.
    #[serde(skip)]
    pub values: Vec<f64>,
}

/// Steps of the simplex, and how often it begins anew around the best so far.
const N_STEPS: usize = 400;
const N_ROUNDS: usize = 3;

/// The least deviation of a window, in pixels: a narrower one is a single weight and no grating.
const NARROWEST: f64 = 0.6;

/// The six numbers that are sought: θ, ln f, x₀, y₀, ln σ_u, ln σ_v.
type Shape = [f64; 6];

impl GreyFilter {
    /// The Gabor function that explains most of the filter; none where the filter answers to no grating, or is too
    /// small to tell (fewer than 3 pixels to a side).
    pub fn gabor(&self) -> Option<Gabor> {
        let tuning = self.tuning()?;
        let side = self.size[0].max(self.size[1]) as f64;
        if self.size[0] < 3 || self.size[1] < 3 {
            return None;
        }
        let middle = self.middle();
        let mut best: Option<(f64, Shape)> = None;
        for width in [0.15, 0.25, 0.5] {
            let deviation = (width * side).ln();
            let angle = tuning.orientation_degrees.to_radians();
            let start = [angle, tuning.cycles_per_pixel.ln(), middle[0], middle[1], deviation, deviation];
            let found = self.descend(start);
            if best.is_none_or(|best| found.0 < best.0) {
                best = Some(found);
            }
        }
        best.map(|(_, shape)| self.described(&self.bounded(shape)))
    }

    /// The mean place of the weights by their size.
    fn middle(&self) -> [f64; 2] {
        let mean = self.weights.iter().sum::<f64>() / self.weights.len() as f64;
        let mut sums = [0.0; 3];
        for (p, weight) in self.weights.iter().enumerate() {
            let size = (weight - mean).powi(2);
            let [x, y] = self.place(p);
            sums = [sums[0] + size, sums[1] + size * x, sums[2] + size * y];
        }
        match sums[0] > 0.0 {
            true => [sums[1] / sums[0], sums[2] / sums[0]],
            false => [(self.size[1] as f64 - 1.0) / 2.0, (self.size[0] as f64 - 1.0) / 2.0],
        }
    }

    fn place(&self, p: usize) -> [f64; 2] {
        [(p % self.size[1]) as f64, (p / self.size[1]) as f64]
    }

    /// The shape within what a filter of this size can tell: waves of two pixels to twice its side, a middle inside,
    /// windows of [`NARROWEST`] to its side.
    fn bounded(&self, shape: Shape) -> Shape {
        let [height, width] = self.size.map(|side| side as f64);
        let side = height.max(width);
        let [angle, frequency, x, y, along, across] = shape;
        [
            angle,
            frequency.clamp((0.5 / side).ln(), 0.5f64.ln()),
            x.clamp(-0.5, width - 0.5),
            y.clamp(-0.5, height - 0.5),
            along.clamp(NARROWEST.ln(), side.ln()),
            across.clamp(NARROWEST.ln(), side.ln()),
        ]
    }

    /// For each pixel the window times the cosine, and times the sine, of the wave.
    fn waves(&self, shape: &Shape) -> impl Iterator<Item = [f64; 2]> + '_ {
        let [angle, frequency, x0, y0, along, across] = *shape;
        let (sine, cosine) = angle.sin_cos();
        let [frequency, along, across] = [frequency, along, across].map(f64::exp);
        (0..self.weights.len()).map(move |p| {
            let [x, y] = self.place(p);
            let (v, u) = ((x - x0) * sine + (y - y0) * cosine, (x - x0) * cosine - (y - y0) * sine);
            let window = (-0.5 * ((u / along).powi(2) + (v / across).powi(2))).exp();
            let (odd, even) = (2.0 * PI * frequency * v).sin_cos();
            [window * even, window * odd]
        })
    }

    /// What a cosine, a sine and a constant are multiplied by to come nearest to the filter.
    fn linear(&self, shape: &Shape) -> [f64; 3] {
        let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
        for ([even, odd], weight) in self.waves(shape).zip(&self.weights) {
            let row = [even, odd, 1.0];
            for i in 0..3 {
                right[i] += row[i] * weight;
                (0..3).for_each(|j| matrix[i][j] += row[i] * row[j]);
            }
        }
        // Where two of them are alike at the pixels, the smaller solution is taken.
        (0..3).for_each(|i| matrix[i][i] += 1e-9 * (1.0 + matrix[i][i]));
        solved(matrix, right)
    }

    /// Σ(w − g)², with a word against shapes out of bounds so that the simplex turns back.
    fn residue(&self, shape: &Shape) -> f64 {
        let inside = self.bounded(*shape);
        let [even, odd, offset] = self.linear(&inside);
        let square =
            |(wave, weight): ([f64; 2], &f64)| (weight - even * wave[0] - odd * wave[1] - offset).powi(2);
        let sum: f64 = self.waves(&inside).zip(&self.weights).map(square).sum();
        let beyond: f64 = shape.iter().zip(inside).map(|(a, b)| (a - b).powi(2)).sum();
        sum * (1.0 + beyond) + f64::MIN_POSITIVE * beyond
    }

    fn descend(&self, start: Shape) -> (f64, Shape) {
        let mut best = (self.residue(&start), start);
        for round in 0..N_ROUNDS {
            let reach = 0.5f64.powi(round as i32);
            best = simplex(
                &|shape| self.residue(shape),
                best.1,
                [0.2, 0.2, 1.0, 1.0, 0.4, 0.4].map(|x| x * reach),
            );
        }
        best
    }

    fn described(&self, shape: &Shape) -> Gabor {
        let [angle, frequency, x, y, along, across] = *shape;
        let [even, odd, offset] = self.linear(shape);
        let values: Vec<f64> =
            self.waves(shape).map(|wave| even * wave[0] + odd * wave[1] + offset).collect();
        let mean = self.weights.iter().sum::<f64>() / self.weights.len() as f64;
        let total: f64 = self.weights.iter().map(|weight| (weight - mean).powi(2)).sum();
        let left: f64 = self.weights.iter().zip(&values).map(|(w, g)| (w - g).powi(2)).sum();
        // The stripes of an angle and of one half a turn on are the same, with v and so φ the other way round.
        let turned = angle.rem_euclid(2.0 * PI) >= PI;
        let phase = f64::atan2(if turned { odd } else { -odd }, even);
        Gabor {
            orientation_degrees: angle.to_degrees().rem_euclid(180.0),
            cycles_per_pixel: frequency.exp(),
            phase_degrees: phase.to_degrees(),
            middle: [x, y],
            deviations: [along.exp(), across.exp()],
            amplitude: even.hypot(odd),
            offset,
            explained: if total > 0.0 { 1.0 - left / total } else { 0.0 },
            values,
        }
    }
}

/// Solves three linear equations by elimination, the largest pivot first.
fn solved(mut matrix: [[f64; 3]; 3], mut right: [f64; 3]) -> [f64; 3] {
    for i in 0..3 {
        let pivot = (i..3).max_by(|&a, &b| matrix[a][i].abs().total_cmp(&matrix[b][i].abs())).unwrap_or(i);
        matrix.swap(i, pivot);
        right.swap(i, pivot);
        for row in 0..3 {
            if row != i && matrix[i][i] != 0.0 {
                let times = matrix[row][i] / matrix[i][i];
                (0..3).for_each(|column| matrix[row][column] -= times * matrix[i][column]);
                right[row] -= times * right[i];
            }
        }
    }
    [0, 1, 2].map(|i| if matrix[i][i] != 0.0 { right[i] / matrix[i][i] } else { 0.0 })
}

/// The least value that the simplex of Nelder and Mead finds from a start with edges `reach`, and where.
fn simplex(value: &dyn Fn(&Shape) -> f64, start: Shape, reach: Shape) -> (f64, Shape) {
    let corner = |i: usize| {
        let mut shape = start;
        if i < 6 {
            shape[i] += reach[i];
        }
        (value(&shape), shape)
    };
    let mut corners: Vec<(f64, Shape)> = (0..7).map(corner).collect();
    for _ in 0..N_STEPS {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, worst) = (corners[0], corners[6]);
        if worst.0 - best.0 <= 1e-13 * worst.0.abs() {
            break;
        }
        let centre: Shape =
            std::array::from_fn(|k| corners[..6].iter().map(|(_, shape)| shape[k]).sum::<f64>() / 6.0);
        let along = |t: f64| {
            let shape: Shape = std::array::from_fn(|k| centre[k] + t * (worst.1[k] - centre[k]));
            (value(&shape), shape)
        };
        let mirrored = along(-1.0);
        corners[6] = if mirrored.0 < best.0 {
            let further = along(-2.0);
            if further.0 < mirrored.0 { further } else { mirrored }
        } else if mirrored.0 < corners[5].0 {
            mirrored
        } else {
            let nearer = if mirrored.0 < worst.0 { along(-0.5) } else { along(0.5) };
            if nearer.0 < worst.0.min(mirrored.0) {
                nearer
            } else {
                for (kept, shape) in &mut corners[1..] {
                    *shape = std::array::from_fn(|k| 0.5 * (shape[k] + best.1[k]));
                    *kept = value(shape);
                }
                corners[6]
            }
        };
    }
    corners.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NAN, start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::normal;

    /// A Gabor function by the formula above, a window twice as long along the stripes as across them.
    fn filter(side: usize, degrees: f64, frequency: f64, phase: f64, noise: f32) -> GreyFilter {
        let middle = (side as f64 - 1.0) / 2.0 + 0.3;
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let deviation = side as f64 / 6.0;
        let weight = |(p, noisy): (usize, f32)| {
            let (x, y) = ((p % side) as f64 - middle, (p / side) as f64 - middle);
            let (v, u) = (x * sine + y * cosine, x * cosine - y * sine);
            let window = (-0.5 * ((u / (1.5 * deviation)).powi(2) + (v / deviation).powi(2))).exp();
            (window * (2.0 * PI * frequency * v + phase.to_radians()).cos()) as f32 + noise * noisy
        };
        let noisy = normal(7, side * side);
        GreyFilter::new(&(0..side * side).zip(noisy).map(weight).collect::<Vec<_>>(), [side; 2], &[1.0])
    }

    fn apart(a: f64, b: f64, turn: f64) -> f64 {
        let difference = (a - b).rem_euclid(turn);
        difference.min(turn - difference)
    }

    /// Orientation within 5 degrees and frequency within a tenth, and all else of it.
    #[test]
    fn a_gabor_function_is_recovered() {
        for (side, degrees, frequency, phase) in [
            (11, 0.0, 0.2, 0.0),
            (11, 37.0, 0.15, 60.0),
            (11, 90.0, 0.25, -120.0),
            (11, 172.0, 0.3, 90.0),
            (7, 45.0, 0.25, 0.0),
            (7, 134.0, 0.3, 100.0),
            (5, 20.0, 0.3, 90.0),
        ] {
            let found = filter(side, degrees, frequency, phase, 0.0).gabor().expect("a fit");
            assert!(apart(found.orientation_degrees, degrees, 180.0) < 1.0, "{side}, {degrees}: {found:?}");
            assert!(
                (found.cycles_per_pixel / frequency - 1.0).abs() < 0.02,
                "{side}, {frequency}: {found:?}"
            );
            assert!(found.explained > 0.999, "{found:?}");
            assert!(found.deviations[0] > found.deviations[1], "longer along the stripes: {found:?}");
            // Half a turn of the angle turns the phase about.
            let is_turned = (found.orientation_degrees - degrees).abs() > 90.0;
            let phase = if is_turned { -phase } else { phase };
            assert!(apart(found.phase_degrees, phase, 360.0) < 5.0, "{phase}: {found:?}");
        }
    }

    /// With noise of a tenth of the amplitude: still within 5 degrees and a tenth of the frequency.
    #[test]
    fn noise_does_not_hide_it() {
        for (degrees, frequency) in [(10.0, 0.2), (63.0, 0.15), (118.0, 0.25)] {
            let found = filter(11, degrees, frequency, 30.0, 0.1).gabor().expect("a fit");
            assert!(apart(found.orientation_degrees, degrees, 180.0) < 5.0, "{degrees}: {found:?}");
            assert!((found.cycles_per_pixel / frequency - 1.0).abs() < 0.1, "{frequency}: {found:?}");
            assert!((0.6..0.99).contains(&found.explained), "{found:?}");
        }
    }

    #[test]
    fn the_values_are_the_functions() {
        let filter = filter(9, 30.0, 0.2, 45.0, 0.0);
        let found = filter.gabor().expect("a fit");
        let off = filter.weights.iter().zip(&found.values).map(|(w, g)| (w - g).abs()).fold(0.0, f64::max);
        assert!(off < 0.02, "{off}");
    }

    #[test]
    fn what_answers_nothing_or_is_too_small_has_no_fit() {
        assert_eq!(GreyFilter::new(&[0.0; 25], [5, 5], &[1.0]).gabor(), None);
        assert_eq!(GreyFilter::new(&[1.0, -1.0], [1, 2], &[1.0]).gabor(), None);
        let noise = GreyFilter::new(&normal(3, 49), [7, 7], &[1.0]).gabor().expect("a fit");
        assert!(noise.explained < 0.9, "noise is no Gabor function: {noise:?}");
    }
}
