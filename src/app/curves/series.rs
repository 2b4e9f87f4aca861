//! The curves of one run, ready to be drawn: taken over record by record, never from scratch.

use super::pyramid::Pyramid;
use crate::train::changes::Changed;
use crate::train::curves::{Curves, StepRecord, TestRecord};

/// What is drawn over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Step,
    Epoch,
    Seconds,
    Pictures,
    MultiplyAdds,
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
    pub changes: Vec<Changed>,
    /// Steps whose loss was no number or infinite: the first and the last of each stretch of them, counted from 1.
    pub broken: Vec<[u64; 2]>,
    /// From which step on a batch had how many pictures, and how many there were before.
    batches: Vec<(u64, u64, u64)>,
    /// For one picture.
    multiply_adds: u64,
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
        if self.changes != curves.changes {
            self.changes.clone_from(&curves.changes);
        }
        if self.batches.len() != curves.batches.len() {
            let counted = |&(first, batch): &(u64, usize)| (first, batch as u64, curves.n_pictures(first));
            self.batches = curves.batches.iter().map(counted).collect();
        }
        self.multiply_adds = curves.multiply_adds;
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
        let step = (index + 1) as u64;
        match axis {
            Axis::Epoch => self.epochs[index],
            Axis::Seconds => self.seconds[index],
            Axis::Step | Axis::Pictures | Axis::MultiplyAdds => self.x_of_step(axis, step),
        }
    }

    /// Place of an evaluation on the axis.
    pub fn x_of_test(&self, axis: Axis, test: &TestRecord) -> f64 {
        match axis {
            Axis::Epoch => test.epoch,
            Axis::Seconds => test.seconds,
            Axis::Step | Axis::Pictures | Axis::MultiplyAdds => self.x_of_step(axis, test.step),
        }
    }

    /// Place of a change on the axis.
    pub fn x_of_change(&self, axis: Axis, change: &Changed) -> f64 {
        match axis {
            Axis::Epoch => change.epoch,
            Axis::Seconds => change.seconds,
            Axis::Step | Axis::Pictures | Axis::MultiplyAdds => self.x_of_step(axis, change.step),
        }
    }

    fn x_of_step(&self, axis: Axis, step: u64) -> f64 {
        let n_pictures = || {
            let before = self.batches.iter().rfind(|(first, ..)| *first <= step);
            before.map_or(0, |(first, batch, before)| before + (step - first) * batch) as f64
        };
        match axis {
            Axis::Pictures => n_pictures(),
            Axis::MultiplyAdds => n_pictures() * self.multiply_adds as f64,
            Axis::Step | Axis::Epoch | Axis::Seconds => step as f64,
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
        if !record.loss.is_finite() {
            match self.broken.last_mut() {
                Some([_, last]) if *last + 1 == record.step => *last = record.step,
                _ => self.broken.push([record.step; 2]),
            }
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
            Axis::Pictures | Axis::MultiplyAdds => self.n_steps_before(axis, x),
        }
    }

    /// By halving, since places grow with the steps.
    fn n_steps_before(&self, axis: Axis, x: f64) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.x(axis, middle) < x {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }
}

impl Axis {
    pub const ALL: [Self; 5] = [Self::Step, Self::Epoch, Self::Seconds, Self::Pictures, Self::MultiplyAdds];

    pub fn title(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Epoch => "epoch",
            Self::Seconds => "seconds",
            Self::Pictures => "pictures",
            Self::MultiplyAdds => "multiply-adds",
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Self::Step => "Over steps: updates of the weights",
            Self::Epoch => "Over epochs: how often every training picture has been seen",
            Self::Seconds => "Over seconds of training, pauses and tests left out",
            Self::Pictures => "Over pictures learned from: fair where batches differ in size",
            Self::MultiplyAdds => {
                "Over multiply-adds of the forward passes: fair where nets differ in size. Backward passes take \
                 about twice as many more."
            }
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

    /// By what its values are multiplied where they are drawn: errors are shares, and drawn in per cent.
    pub fn factor(self) -> f64 {
        match self {
            Self::Error => 100.0,
            Self::Loss => 1.0,
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
        assert_eq!(series.broken, [[6, 6]]);
        assert!(series.smooth(Quantity::Loss).get(6).unwrap().is_finite());
    }

    /// 10 pictures to a batch, from step 4 on 30; 7 multiply-adds a picture.
    #[test]
    fn pictures_are_counted_across_a_change_of_the_batch() {
        let mut curves = curves(10);
        (curves.batches, curves.multiply_adds) = (vec![(0, 10), (4, 30)], 7);
        let mut series = Series::default();
        series.follow(1, &curves);
        let at = |axis, step: usize| series.x(axis, step - 1);
        assert_eq!([1, 4, 5, 10].map(|step| at(Axis::Pictures, step)), [10.0, 40.0, 70.0, 220.0]);
        assert_eq!(at(Axis::MultiplyAdds, 10), 1540.0);
        assert_eq!(series.nearest(Axis::Pictures, 68.0), Some(4));
        assert_eq!(curves.n_pictures(10), 220);
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
