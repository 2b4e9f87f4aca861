//! The curves of one run, ready to be drawn: taken over record by record, never from scratch.

use super::pyramid::Pyramid;
use crate::train::curves::{Curves, StepRecord, TestRecord};

/// What is drawn over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Step,
    Epoch,
    Seconds,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    Error,
    Loss,
}

/// One run's records and their running means.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Which run it is.
    run: u64,
    epochs: Vec<f64>,
    seconds: Vec<f64>,
    rates: Pyramid,
    raw: [Pyramid; 2],
    smooth: [Pyramid; 2],
    means: [Mean; 2],
    window: f32,
    pub tests: Vec<TestRecord>,
    /// The first step whose loss was no number or infinite.
    pub broke_at: Option<u64>,
}

/// Exponential running mean with the bias of its start corrected, as in Adam (Kingma and Ba 2015, section 3).
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    /// 1 − βᵗ.
    weight: f64,
}

impl Mean {
    /// Takes one value in; the mean with it. What is no number is passed through and forgotten.
    fn take(&mut self, value: f32, beta: f64) -> f32 {
        if !value.is_finite() {
            return f32::NAN;
        }
        self.sum = beta * self.sum + (1.0 - beta) * value as f64;
        self.weight = beta * self.weight + (1.0 - beta);
        (self.sum / self.weight) as f32
    }
}

impl Series {
    /// Takes over what is new in the curves of run number `run`; whether anything was.
    pub fn follow(&mut self, run: u64, curves: &Curves) -> bool {
        if run != self.run || curves.len() < self.len() || curves.tests.len() < self.tests.len() {
            *self = Self { run, window: self.window, ..Self::default() };
        }
        let is_new = curves.len() > self.len() || curves.tests.len() > self.tests.len();
        for record in curves.from(self.len()) {
            self.take(record);
        }
        self.tests.extend_from_slice(&curves.tests[self.tests.len()..]);
        is_new
    }

    /// Sets over how many steps the means run, about; 1 for no smoothing.
    pub fn set_window(&mut self, window: f32) {
        if window == self.window {
            return;
        }
        self.window = window;
        self.means = Default::default();
        let beta = self.beta();
        for ((raw, smooth), mean) in self.raw.iter().zip(&mut self.smooth).zip(&mut self.means) {
            *smooth = Pyramid::default();
            (0..raw.len()).filter_map(|i| raw.get(i)).for_each(|value| smooth.push(mean.take(value, beta)));
        }
    }

    pub fn len(&self) -> usize {
        self.epochs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Place of a record on the axis.
    pub fn x(&self, axis: Axis, index: usize) -> f64 {
        match axis {
            Axis::Step => (index + 1) as f64,
            Axis::Epoch => self.epochs[index],
            Axis::Seconds => self.seconds[index],
        }
    }

    /// The records from the last at or before `from` to the first at or after `to`.
    pub fn range(&self, axis: Axis, from: f64, to: f64) -> std::ops::Range<usize> {
        self.n_before(axis, from).saturating_sub(1)..(self.n_before(axis, to) + 2).min(self.len())
    }

    /// The record nearest to a place on the axis.
    pub fn nearest(&self, axis: Axis, x: f64) -> Option<usize> {
        let next = self.n_before(axis, x).min(self.len().checked_sub(1)?);
        let before = next.saturating_sub(1);
        let distance = |i: usize| (self.x(axis, i) - x).abs();
        Some(if distance(before) < distance(next) { before } else { next })
    }

    pub fn raw(&self, quantity: Quantity) -> &Pyramid {
        &self.raw[quantity as usize]
    }

    pub fn smooth(&self, quantity: Quantity) -> &Pyramid {
        &self.smooth[quantity as usize]
    }

    pub fn rates(&self) -> &Pyramid {
        &self.rates
    }

    fn take(&mut self, record: &StepRecord) {
        let beta = self.beta();
        self.epochs.push(record.epoch);
        self.seconds.push(record.seconds);
        self.rates.push(record.rate);
        for (i, value) in [record.error, record.loss].into_iter().enumerate() {
            self.raw[i].push(value);
            self.smooth[i].push(self.means[i].take(value, beta));
        }
        if !record.loss.is_finite() && self.broke_at.is_none() {
            self.broke_at = Some(record.step);
        }
    }

    fn beta(&self) -> f64 {
        1.0 - 1.0 / self.window.max(1.0) as f64
    }

    fn n_before(&self, axis: Axis, x: f64) -> usize {
        match axis {
            Axis::Step => (x - 1.0).ceil().clamp(0.0, self.len() as f64) as usize,
            Axis::Epoch => self.epochs.partition_point(|&epoch| epoch < x),
            Axis::Seconds => self.seconds.partition_point(|&seconds| seconds < x),
        }
    }
}

impl Axis {
    /// Place of an evaluation on the axis.
    pub fn of_test(self, test: &TestRecord) -> f64 {
        match self {
            Self::Step => test.step as f64,
            Self::Epoch => test.epoch,
            Self::Seconds => test.seconds,
        }
    }
}

impl Quantity {
    pub fn title(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Loss => "Loss",
        }
    }

    pub fn of_test(self, test: &TestRecord) -> f64 {
        match self {
            Self::Error => test.error,
            Self::Loss => test.loss,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(step: u64, loss: f32) -> StepRecord {
        StepRecord {
            step,
            epoch: step as f64 / 10.0,
            loss,
            error: 0.5,
            rate: 0.1,
            seconds: step as f64,
            batch: 0,
        }
    }

    fn curves(n: u64) -> Curves {
        let mut curves = Curves::default();
        (1..=n).for_each(|step| curves.push(record(step, step as f32)));
        curves
    }

    #[test]
    fn the_mean_is_corrected_for_its_start() {
        let mut series = Series::default();
        series.set_window(10.0);
        series.follow(1, &curves(2));
        let smooth = series.smooth(Quantity::Loss);
        assert_eq!(smooth.get(0), Some(1.0), "the mean of one value is the value");
        // (0.9·0.1·1 + 0.1·2) / (1 − 0.9²)
        assert!((smooth.get(1).unwrap() - 0.29 / 0.19).abs() < 1e-6);
    }

    #[test]
    fn following_in_parts_is_following_at_once() {
        let (mut parts, mut whole) = (Series::default(), Series::default());
        for series in [&mut parts, &mut whole] {
            series.set_window(5.0);
        }
        for n in [1, 7, 100, 5000] {
            parts.follow(1, &curves(n));
        }
        whole.follow(1, &curves(5000));
        assert_eq!(parts.smooth(Quantity::Loss).get(4999), whole.smooth(Quantity::Loss).get(4999));
        assert!(!parts.follow(1, &curves(5000)), "nothing is new");
        parts.follow(2, &curves(3));
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn what_breaks_is_noted_and_does_not_spread() {
        let mut curves = curves(5);
        curves.push(record(6, f32::NAN));
        curves.push(record(7, 7.0));
        let mut series = Series::default();
        series.set_window(10.0);
        series.follow(1, &curves);
        assert_eq!(series.broke_at, Some(6));
        assert!(series.smooth(Quantity::Loss).get(6).unwrap().is_finite());
    }

    #[test]
    fn records_are_found_by_their_place() {
        let mut series = Series::default();
        series.follow(1, &curves(100));
        assert_eq!(series.nearest(Axis::Step, 42.4), Some(41));
        assert_eq!(series.nearest(Axis::Seconds, 1e9), Some(99));
        assert_eq!(series.nearest(Axis::Epoch, 0.0), Some(0));
        assert_eq!(series.range(Axis::Step, 10.0, 20.0), 8..21);
        assert_eq!(Series::default().nearest(Axis::Step, 1.0), None);
    }
}
