//! The optimisers on surfaces of two weights, where their paths can be drawn.
//!
//! Every rule is the one that trains nets: [`UpdateStep`] in double precision over two weights, told by the same
//! table of the step. Nothing of it is written down here a second time.

mod surface;

use crate::engine::StepTable;
use crate::engine::plain::{Plain, PlainIo};
use crate::experiment::Optimiser;
use crate::graph::layers::update::UpdateStep;
use crate::train::table;
pub use surface::Surface;

/// A rule let loose on a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    pub surface: Surface,
    pub rule: Optimiser,
    /// η.
    pub rate: f32,
    pub start: [f64; 2],
    pub n_steps: usize,
}

/// Where a descent went: entry t of each list is of the weights after t steps, those at the start being the first.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Path {
    pub points: Vec<[f64; 2]>,
    pub values: Vec<f64>,
    /// What the next step multiplies the gradient, or its running mean, by in either direction: η for the rules that
    /// know no other, `η / (√G + ε)` for AdaGrad, and likewise for those with a running mean of squares. One entry
    /// for each step taken.
    pub rates: Vec<[f64; 2]>,
    /// The step after which the weights were no numbers any more, or so large that the surface was none; the lists
    /// end before it.
    pub lost_after: Option<usize>,
}

/// Weights larger than this have left every surface.
const FAR: f64 = 1e9;

impl Descent {
    /// From the surface's customary start, at the rate that suits the rule there.
    pub fn customary(surface: Surface, rule: Optimiser, n_steps: usize) -> Self {
        Self { surface, rule, rate: surface.rate(rule), start: surface.start(), n_steps }
    }

    /// Takes all steps.
    pub fn path(&self) -> Path {
        let step = UpdateStep { rule: self.rule, len: 2, decay_end: 2, clips: false };
        let constants = StepTable { rate: self.rate, ..StepTable::default() };
        let mut weights = self.start;
        let mut slots = [[0.0; 2]; 2];
        let mut path = Path {
            points: vec![weights],
            values: vec![self.surface.value(weights)],
            rates: Vec::new(),
            lost_after: None,
        };
        for t in 1..=self.n_steps {
            let table = table::with_constants(constants, self.rule, t as u64);
            let gradient = self.surface.gradient(weights);
            let [first, second] = &mut slots;
            let mut outputs: [&mut [f64]; 3] = [&mut weights, first, second];
            step.plain(PlainIo {
                inputs: &[&gradient],
                outputs: &mut outputs[..=self.rule.n_slots()],
                table: &table,
                pictures: None,
            });
            let value = self.surface.value(weights);
            if !(value.is_finite() && weights.iter().all(|w| w.abs() < FAR)) {
                path.lost_after = Some(t);
                break;
            }
            path.points.push(weights);
            path.values.push(value);
            path.rates
                .push([0, 1].map(|axis| effective_rate(self.rule, &table, slots.map(|slot| slot[axis]))));
        }
        path
    }
}

/// What a step has multiplied the gradient (of Adam, its running mean) by, given what its rule then remembered.
fn effective_rate(rule: Optimiser, table: &StepTable, [first, second]: [f64; 2]) -> f64 {
    let over_root = |square: f64| f64::from(table.rate) / (square.sqrt() + f64::from(table.epsilon));
    match rule {
        Optimiser::Sgd | Optimiser::Momentum { .. } | Optimiser::Nesterov { .. } => table.rate.into(),
        Optimiser::AdaGrad { .. } | Optimiser::RmsProp { .. } => over_root(first),
        Optimiser::Adam { .. } | Optimiser::AdamW { .. } => {
            over_root(second / f64::from(table.correction2)) / f64::from(table.correction1)
        }
    }
}

impl Path {
    /// The first step after which the surface was no higher than `value`.
    pub fn steps_to(&self, value: f64) -> Option<usize> {
        self.values.iter().position(|height| *height <= value)
    }

    /// How often a direction's weight turned back: the swinging that momentum damps.
    pub fn n_turns(&self, axis: usize) -> usize {
        let moves: Vec<f64> = self.points.windows(2).map(|pair| pair[1][axis] - pair[0][axis]).collect();
        moves.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(surface: Surface, rule: Optimiser, rate: f32, n_steps: usize) -> Path {
        Descent { rate, ..Descent::customary(surface, rule, n_steps) }.path()
    }

    /// The slide's formulas by hand on the ravine, `g = (x, 40·y)` from (−8, 1): the first two steps of each rule.
    #[test]
    fn first_steps_are_those_of_the_slides() {
        let expected = [
            // w ← w − η·g: (−8, 1) + 0.02·(8, −40), then 0.02·(7.84, −8).
            (Optimiser::Sgd, [[-7.84, 0.2], [-7.6832, 0.04]]),
            // Δ = 0.9·(0.16, −0.8) − 0.02·(−7.84, 8).
            (Optimiser::Momentum { momentum: 0.9 }, [[-7.84, 0.2], [-7.5392, -0.68]]),
            // w + 0.9·Δ − η·g with Δ = (0.16, −0.8): (−8 + 0.144 + 0.16, 1 − 0.72 − 0.8).
            (Optimiser::Nesterov { momentum: 0.9 }, [[-7.696, -0.52], [-7.273_952, -0.3776]]),
            // The first step is η in either direction, whatever the gradient: g / √g² = ±1.
            (
                Optimiser::AdaGrad { epsilon: 1e-16 },
                [
                    [-7.98, 0.98],
                    [
                        -7.98 + 0.02 * 7.98 / (64.0 + 7.98f64.powi(2)).sqrt(),
                        0.98 - 0.02 * 39.2 / (1600.0 + 39.2f64.powi(2)).sqrt(),
                    ],
                ],
            ),
            // v = 0.1·g²: a first step of η / √0.1.
            (
                Optimiser::RmsProp { decay: 0.9, epsilon: 1e-16 },
                [[-8.0 + 0.02 * 10f64.sqrt(), 1.0 - 0.02 * 10f64.sqrt()], {
                    let second = |w: f64, k: f64| {
                        let (g0, g1) = (k * w, k * (w - 0.02 * 10f64.sqrt() * w.signum()));
                        w - 0.02 * 10f64.sqrt() * w.signum()
                            - 0.02 * g1 / (0.09 * g0 * g0 + 0.1 * g1 * g1).sqrt()
                    };
                    [second(-8.0, 1.0), second(1.0, 40.0)]
                }],
            ),
        ];
        for (rule, expected) in expected {
            let path = path(Surface::Ravine, rule, 0.02, 2);
            for (found, expected) in path.points[1..].iter().zip(expected) {
                for axis in [0, 1] {
                    // Rate and constants are single precision.
                    assert!(
                        (found[axis] - expected[axis]).abs() < 2e-6,
                        "{rule:?}: {found:?} against {expected:?}"
                    );
                }
            }
        }
        // Adam's corrections make its first step η as well.
        let adam = path(Surface::Ravine, Optimiser::ADAM, 0.02, 1).points[1];
        assert!((adam[0] + 7.98).abs() < 1e-6 && (adam[1] - 0.98).abs() < 1e-6, "{adam:?}");
    }

    /// `η/√Σg²` falls at every step and never rises again.
    #[test]
    fn the_rate_of_adagrad_only_falls() {
        let path = path(Surface::Ravine, Optimiser::AdaGrad { epsilon: 1e-10 }, 0.5, 200);
        assert!(path.rates.windows(2).all(|pair| pair[1][0] <= pair[0][0] && pair[1][1] <= pair[0][1]));
        assert!(path.rates[199][0] < 0.5 * path.rates[0][0]);
        assert!((path.rates[0][1] - 0.5 / 40.0).abs() < 1e-7, "η over the first gradient");
        let sgd = self::path(Surface::Ravine, Optimiser::Sgd, 0.02, 3);
        assert!(sgd.rates.iter().flatten().all(|rate| (rate - 0.02).abs() < 1e-8));
    }

    /// Descent along a direction of curvature k multiplies by 1 − η·k: it swings from η = 1/k on and is lost beyond
    /// 2/k.
    #[test]
    fn descent_swings_across_a_ravine_and_is_lost_beyond_its_bound() {
        assert_eq!(path(Surface::Ravine, Optimiser::Sgd, 0.02, 100).n_turns(1), 0);
        assert_eq!(path(Surface::Ravine, Optimiser::Sgd, 0.045, 100).n_turns(1), 99);
        assert_eq!(path(Surface::Ravine, Optimiser::Sgd, 0.049, 100).lost_after, None);
        let lost = path(Surface::Ravine, Optimiser::Sgd, 0.5, 100);
        assert!(lost.lost_after.is_some_and(|t| t == lost.points.len()));
        assert!(lost.values.iter().all(|value| value.is_finite()));
    }

    /// Momentum goes through the ravine in fewer steps than descent at the same rate.
    #[test]
    fn momentum_is_quicker_along_a_ravine() {
        let steps = |rule| path(Surface::Ravine, rule, 0.02, 2000).steps_to(0.01).expect("it arrives");
        assert!(2 * steps(Optimiser::Momentum { momentum: 0.9 }) < steps(Optimiser::Sgd));
    }

    /// What the surfaces are for: at its customary rate each rule gets somewhere, and none is lost.
    #[test]
    fn no_rule_is_lost_at_its_customary_rate() {
        for surface in Surface::ALL {
            for rule in Optimiser::ALL {
                let path = Descent::customary(surface, rule, 300).path();
                assert_eq!(path.lost_after, None, "{surface:?}, {rule:?}");
                assert!(path.values[300] < path.values[0], "{surface:?}, {rule:?}: {:?}", path.values[300]);
            }
        }
    }
}
