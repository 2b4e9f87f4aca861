//! From a series to the points of a plot: two for each pixel column at most.

use egui_plot::PlotPoint;

use super::pyramid::{Pyramid, Stretch};
use super::series::{Axis, Quantity, Series};

/// What part of the plane is seen, and how it is scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    pub axis: Axis,
    /// The part of the axis that is seen, in its own units.
    pub from: f64,
    pub to: f64,
    /// Pixel columns.
    pub columns: usize,
    pub log_x: bool,
    pub log_y: bool,
}

impl View {
    /// The points of a curve. A stretch is drawn from one of its extremes to the other.
    pub fn points(&self, series: &Series, values: &Pyramid, factor: f64) -> Vec<PlotPoint> {
        let range = series.range(self.axis, self.from, self.to);
        let mut points: Vec<PlotPoint> = Vec::new();
        for stretch in values.stretches(range, self.columns) {
            let x = self.x(series.x(self.axis, stretch.first));
            let (Some(min), Some(max)) =
                (self.y(stretch.min as f64 * factor), self.y(stretch.max as f64 * factor))
            else {
                continue;
            };
            if !x.is_finite() {
                continue;
            }
            // From the end that is nearer, so that a falling curve falls within the stretch too.
            let falls = points.last().is_some_and(|last| (last.y - max).abs() < (last.y - min).abs());
            let (first, second) = if falls { (max, min) } else { (min, max) };
            points.push(PlotPoint::new(x, first));
            if first != second {
                points.push(PlotPoint::new(x, second));
            }
        }
        points
    }

    /// A curve beside others, with one point in the middle of each stretch: enough to compare.
    pub fn middles(&self, series: &Series, values: &Pyramid, factor: f64) -> Vec<PlotPoint> {
        let range = series.range(self.axis, self.from, self.to);
        let middle = |stretch: Stretch| {
            let x = self.x(series.x(self.axis, stretch.first));
            let y = self.y(0.5 * (stretch.min as f64 + stretch.max as f64) * factor)?;
            x.is_finite().then(|| PlotPoint::new(x, y))
        };
        values.stretches(range, self.columns).filter_map(middle).collect()
    }

    /// The evaluations.
    pub fn tests(&self, series: &Series, quantity: Quantity, factor: f64) -> Vec<PlotPoint> {
        let point = |test| {
            let x = self.x(series.x_of_test(self.axis, test));
            let y = self.y(quantity.of_test(test) * factor)?;
            x.is_finite().then(|| PlotPoint::new(x, y))
        };
        series.tests.iter().filter_map(point).collect()
    }

    /// Place on the horizontal axis as drawn.
    pub fn x(&self, x: f64) -> f64 {
        if self.log_x { x.log10() } else { x }
    }

    /// Place on the vertical axis as drawn; none where there is none.
    pub fn y(&self, y: f64) -> Option<f64> {
        let y = if self.log_y { y.max(1e-12).log10() } else { y };
        y.is_finite().then_some(y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::curves::{Curves, StepRecord};

    #[test]
    fn a_long_run_has_no_more_points_than_its_width_asks_for() {
        let mut curves = Curves::default();
        for step in 1..=100_000u64 {
            let loss = 1.0 + (step % 17) as f32;
            curves.push(StepRecord {
                step,
                epoch: 0.0,
                loss,
                error: 0.5,
                rate: 0.1,
                seconds: step as f64,
                batch: 0,
            });
        }
        let mut series = Series::default();
        series.follow(1, &curves);
        let view = View { axis: Axis::Step, from: 0.0, to: 1e5, columns: 800, log_x: false, log_y: false };
        let points = view.points(&series, series.raw(Quantity::Loss), 1.0);
        assert!((400..=3400).contains(&points.len()), "{}", points.len());
        let extremes =
            points.iter().fold([f64::INFINITY, 0.0], |[min, max], p| [min.min(p.y), f64::max(max, p.y)]);
        assert_eq!(extremes, [1.0, 17.0]);
        let middles = view.middles(&series, series.raw(Quantity::Loss), 1.0);
        assert!((200..=1700).contains(&middles.len()) && middles.iter().all(|point| point.y == 9.0));
        let near = View { from: 500.0, to: 600.0, ..view };
        assert!((100..=104).contains(&near.points(&series, series.raw(Quantity::Loss), 1.0).len()));
    }
}
