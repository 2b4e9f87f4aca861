//! Slopes of the loss by central differences, away from kinks.
//!
//! Along a line the loss of a net with ReLUs or maxima is smooth but for the places where one of them switches.
//! A central difference `D(h) = (L(θ + h·d) − L(θ − h·d)) / 2h` across such a place is off by some share of the
//! jump in slope, and two differences at unlike h disagree; where they agree to many digits, no switch that
//! matters lies between. So h is shortened until two of them do. It begins where the loss is expected to move by
//! a thousandth at most: in a deep plain net the gradient of the first layer may be ten million times the loss.
//! There, too, the roundings of the first layers grow on their way up, so that the rounding of the loss is
//! measured rather than assumed.

use crate::engine::StepTable;
use crate::engine::plain::Machine;
use crate::graph::program::Bank;

/// The longest step, relative to the size of the tensor's numbers, and by how much the loss may move, relative
/// to itself.
const LONGEST: f64 = 1e-3;

/// From one step to the next.
const RATIO: f64 = 8.0;

/// Steps tried at most: down to 3e-8, where rounding leaves six digits of a slope as large as the loss.
const MOST_STEPS: usize = 6;

/// The relative difference up to which two differences are said to agree.
const AGREEMENT: f64 = 1e-6;

/// A step, relative to the longest, over which a loss is straight but for its rounding.
const STRAIGHT: f64 = 1e-9;

/// What was found along one direction.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    pub value: f64,
    /// How far the value may be off: by what the last two differences disagree, and by rounding.
    pub doubt: f64,
    /// The loss at the point.
    pub loss: f64,
    /// Whether two differences agreed at all.
    pub is_smooth: bool,
    /// Whether they did only closer to the point.
    pub is_shortened: bool,
}

/// Moves one parameter tensor of a machine and watches the loss. The tensor is put back at the end.
pub struct Prober<'a> {
    machine: &'a mut Machine<f64>,
    table: StepTable,
    /// Where the tensor lies in its bank.
    place: usize,
    /// The tensor at the point.
    theta: Vec<f64>,
    /// The first step that reads it.
    first: usize,
    /// The error with which the loss is computed, once it has been measured.
    rounding: Option<f64>,
}

impl<'a> Prober<'a> {
    /// `machine` must hold the values of the point up to step `first`.
    pub fn new(
        machine: &'a mut Machine<f64>,
        table: StepTable,
        place: usize,
        len: usize,
        first: usize,
    ) -> Self {
        let theta = machine.bank(Bank::Parameters)[place..place + len].to_vec();
        Self { machine, table, place, theta, first, rounding: None }
    }

    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// The slope of the loss along `direction`, of which only the size is taken from what is `expected`.
    pub fn slope(&mut self, direction: &[f64], expected: f64) -> Slope {
        let loss = self.loss(direction, 0.0).abs();
        let longest = if expected.abs() > loss { LONGEST * loss / expected.abs() } else { LONGEST };
        let rounding = self.rounding(direction, longest * STRAIGHT);
        let mut best: Option<Slope> = None;
        let mut before: Option<f64> = None;
        for step in 0..MOST_STEPS {
            let h = longest / RATIO.powi(step as i32);
            let (above, below) = (self.loss(direction, h), self.loss(direction, -h));
            let difference = (above - below) / (2.0 * h);
            let rounding = rounding / h;
            if let Some(before) = before.replace(difference) {
                let disagreement = (difference - before).abs();
                // The error of a central difference is that of h², which cancels (Richardson 1911).
                let value = difference + (difference - before) / (RATIO * RATIO - 1.0);
                let is_smooth = disagreement <= AGREEMENT * difference.abs() + 4.0 * rounding;
                let doubt = disagreement + rounding;
                if best.is_none_or(|best| doubt < best.doubt) {
                    best = Some(Slope { value, doubt, loss, is_smooth, is_shortened: step > 1 });
                }
                if is_smooth {
                    break;
                }
            }
        }
        self.restore();
        best.unwrap_or(Slope { value: f64::NAN, doubt: f64::NAN, loss, is_smooth: false, is_shortened: true })
    }

    /// How far the loss is off a straight line over steps of `t`: its rounding, some units in the last place at
    /// least.
    fn rounding(&mut self, direction: &[f64], t: f64) -> f64 {
        if let Some(rounding) = self.rounding {
            return rounding;
        }
        let losses: Vec<f64> = (-2..=3).map(|i| self.loss(direction, t * i as f64)).collect();
        let bends = losses.windows(3).map(|l| (l[0] - 2.0 * l[1] + l[2]).abs());
        let rounding = bends.fold(8.0 * f64::EPSILON * losses[2].abs(), f64::max);
        *self.rounding.insert(rounding)
    }

    /// The loss at `θ + t·d`.
    fn loss(&mut self, direction: &[f64], t: f64) -> f64 {
        let numbers = &mut self.machine.bank_mut(Bank::Parameters)[self.place..][..direction.len()];
        for ((w, theta), d) in numbers.iter_mut().zip(&self.theta).zip(direction) {
            *w = theta + t * d;
        }
        self.machine.run_from(self.first, &self.table);
        self.machine.loss().unwrap_or(f64::NAN)
    }

    fn restore(&mut self) {
        self.machine.bank_mut(Bank::Parameters)[self.place..][..self.theta.len()]
            .copy_from_slice(&self.theta);
    }
}
