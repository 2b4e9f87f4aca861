//! Surfaces over two weights, each with what is hard about it.

use crate::inspect::contour::Window;

/// A height for each pair of weights `(x, y)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// `½·(x² + 40·y²)`: forty times as steep in one direction as in the other. The minimum is 0 at the origin.
    Ravine,
    /// `½·x² − ½·y² + ¼·y⁴`: flat at the origin, which is a minimum along x and a maximum along y; the minima −¼ lie
    /// at `(0, ±1)`.
    Saddle,
    /// `1 − e^(−(x² + y²)/2)`: a well in a plain, on which there is next to no gradient. The minimum is 0 at the
    /// origin.
    Plateau,
    /// `(1 − x)² + 100·(y − x²)²`: a bent ravine, whose floor falls gently to 0 at (1, 1) (Rosenbrock 1960).
    Rosenbrock,
    /// `(1.5 − x + x·y)² + (2.25 − x + x·y²)² + (2.625 − x + x·y³)²`: plains and steep walls, with the minimum 0 at
    /// (3, 0.5) (Beale 1958).
    Beale,
}

const STEEP: f64 = 40.0;

impl Surface {
    pub const ALL: [Self; 5] = [Self::Ravine, Self::Saddle, Self::Plateau, Self::Rosenbrock, Self::Beale];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ravine => "ravine",
            Self::Saddle => "saddle",
            Self::Plateau => "plateau",
            Self::Rosenbrock => "rosenbrock",
            Self::Beale => "beale",
        }
    }

    /// The name as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ravine => "Ravine",
            Self::Saddle => "Saddle",
            Self::Plateau => "Plateau",
            Self::Rosenbrock => "Rosenbrock",
            Self::Beale => "Beale",
        }
    }

    pub fn formula(self) -> &'static str {
        match self {
            Self::Ravine => "½·(x² + 40·y²)",
            Self::Saddle => "½·x² − ½·y² + ¼·y⁴",
            Self::Plateau => "1 − e^(−(x² + y²)/2)",
            Self::Rosenbrock => "(1 − x)² + 100·(y − x²)²",
            Self::Beale => "(1.5 − x + x·y)² + (2.25 − x + x·y²)² + (2.625 − x + x·y³)²",
        }
    }

    /// What is to be seen on it.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Ravine => "Descent swings across and creeps along; momentum averages the swinging out.",
            Self::Saddle => "All begin almost on the ridge, where there is next to no slope to follow.",
            Self::Plateau => "Where the gradient is small, rules that divide by its size still move on.",
            Self::Rosenbrock => "A bent valley: whoever is quick is carried past the bend.",
            Self::Beale => "Steep walls around plains: a first gradient of some size is remembered for long.",
        }
    }

    pub fn value(self, [x, y]: [f64; 2]) -> f64 {
        match self {
            Self::Ravine => 0.5 * (x * x + STEEP * y * y),
            Self::Saddle => 0.5 * x * x - 0.5 * y * y + 0.25 * y.powi(4),
            Self::Plateau => -(-0.5 * (x * x + y * y)).exp_m1(),
            Self::Rosenbrock => (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2),
            Self::Beale => BEALE.iter().map(|&(c, n)| (c - x + x * y.powi(n)).powi(2)).sum(),
        }
    }

    pub fn gradient(self, [x, y]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Ravine => [x, STEEP * y],
            Self::Saddle => [x, y.powi(3) - y],
            Self::Plateau => {
                let bell = (-0.5 * (x * x + y * y)).exp();
                [x * bell, y * bell]
            }
            Self::Rosenbrock => {
                let off = y - x * x;
                [-2.0 * (1.0 - x) - 400.0 * x * off, 200.0 * off]
            }
            Self::Beale => BEALE.iter().fold([0.0; 2], |[gx, gy], &(c, n)| {
                let residue = 2.0 * (c - x + x * y.powi(n));
                [gx + residue * (y.powi(n) - 1.0), gy + residue * x * f64::from(n) * y.powi(n - 1)]
            }),
        }
    }

    /// Where it is lowest, and how low that is.
    pub fn minimum(self) -> ([f64; 2], f64) {
        match self {
            Self::Ravine | Self::Plateau => ([0.0, 0.0], 0.0),
            Self::Saddle => ([0.0, 1.0], -0.25),
            Self::Rosenbrock => ([1.0, 1.0], 0.0),
            Self::Beale => ([3.0, 0.5], 0.0),
        }
    }

    /// Where descents customarily begin.
    pub fn start(self) -> [f64; 2] {
        match self {
            Self::Ravine => [-8.0, 1.0],
            Self::Saddle => [-1.5, 1e-4],
            Self::Plateau => [-3.6, 1.8],
            Self::Rosenbrock => [-1.2, 1.0],
            Self::Beale => [1.0, 1.6],
        }
    }

    /// The part that is drawn.
    pub fn window(self) -> Window {
        let (low, high) = match self {
            Self::Ravine => ([-9.0, -2.5], [4.0, 2.5]),
            Self::Saddle => ([-2.0, -1.6], [2.0, 1.6]),
            Self::Plateau => ([-4.0, -2.5], [4.0, 2.5]),
            Self::Rosenbrock => ([-2.0, -1.0], [2.0, 3.0]),
            Self::Beale => ([-0.5, -1.5], [4.5, 2.5]),
        };
        Window { low, high }
    }
}

/// Constant and power of each of Beale's terms.
const BEALE: [(f64, i32); 3] = [(1.5, 1), (2.25, 2), (2.625, 3)];

mod rates {
    use super::Surface;
    use crate::experiment::Optimiser;

    impl Surface {
        /// A rate at which a rule gets on here without being lost: for the rules that step by the gradient's size one
        /// that suits the surface's steepest part, for those that divide by it one that suits the way to be gone.
        pub fn rate(self, rule: Optimiser) -> f32 {
            // Of descent and momentum; of Nesterov, whose bound across a ravine of curvature k is
            // (2 + 2μ)/(1 + 2μ)/k where descent has 2/k; of AdaGrad, which only ever slows down; of RMSProp, whose
            // steps are √10 times as long at first; of Adam.
            let [descent, nesterov, adagrad, rmsprop, adam] = match self {
                Self::Ravine => [0.04, 0.028, 1.0, 0.04, 0.1],
                Self::Saddle => [0.1, 0.07, 0.5, 0.02, 0.05],
                Self::Plateau => [0.5, 0.35, 0.5, 0.02, 0.05],
                Self::Rosenbrock => [0.0005, 0.00035, 0.5, 0.02, 0.05],
                Self::Beale => [0.001, 0.0007, 0.5, 0.02, 0.05],
            };
            match rule {
                Optimiser::Sgd | Optimiser::Momentum { .. } => descent,
                Optimiser::Nesterov { .. } => nesterov,
                Optimiser::AdaGrad { .. } => adagrad,
                Optimiser::RmsProp { .. } => rmsprop,
                Optimiser::Adam { .. } | Optimiser::AdamW { .. } => adam,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central differences in double precision, whose error is some 1e-8 of the gradient's size.
    #[test]
    fn a_gradient_is_the_slope() {
        for surface in Surface::ALL {
            for point in [[0.3, -0.7], [-1.1, 0.4], [2.0, 1.3]] {
                let gradient = surface.gradient(point);
                for axis in [0, 1] {
                    let at = |by: f64| {
                        let mut moved = point;
                        moved[axis] += by;
                        surface.value(moved)
                    };
                    let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                    let size = 1.0 + gradient[0].abs() + gradient[1].abs();
                    assert!(
                        (slope - gradient[axis]).abs() < 1e-7 * size,
                        "{surface:?} at {point:?}: {slope}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_minimum_is_lower_than_all_around_and_lies_in_the_window() {
        for surface in Surface::ALL {
            let (point, value) = surface.minimum();
            assert!((surface.value(point) - value).abs() < 1e-12, "{surface:?}");
            assert!(surface.gradient(point).iter().all(|g| g.abs() < 1e-12), "{surface:?}");
            let Window { low, high } = surface.window();
            for i in 0..=400 {
                let at = |axis: usize, i: usize| low[axis] + (high[axis] - low[axis]) * i as f64 / 20.0;
                assert!(surface.value([at(0, i % 21), at(1, i / 21)]) >= value - 1e-12, "{surface:?}");
            }
            for place in [point, surface.start()] {
                assert!(
                    [0, 1].iter().all(|&axis| (low[axis]..high[axis]).contains(&place[axis])),
                    "{surface:?}"
                );
            }
        }
    }
}
