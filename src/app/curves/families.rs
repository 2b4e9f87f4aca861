//! Runs that differ in their seed alone, or belong to one sweep, drawn together: their mean, and the band from
//! the least to the largest.

use std::sync::Arc;

use egui::{Color32, Ui};
use egui_plot::{FilledArea, PlotPoint, PlotUi};

use super::lines::View;
use super::plot;
use super::series::{Axis, Quantity, Series};
use crate::app::runs::mark;
use crate::experiment::Experiment;

/// Which runs are drawn together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// None: each by itself.
    Nothing,
    /// Twins that differ in nothing but the seed.
    Seeds,
    /// All twins.
    Twins,
}

/// What decides whether a run belongs to others.
#[derive(Clone, Debug)]
pub struct Member {
    pub twins: Option<u64>,
    pub experiment: Arc<Experiment>,
}

/// For each run the first of those that it is drawn together with, if there are any but itself.
pub fn families(members: &[Member], together: Together) -> Vec<Option<usize>> {
    let belongs = |a: &Member, b: &Member| {
        a.twins.is_some() && a.twins == b.twins && (together == Together::Twins || differ_in_seed(a, b))
    };
    let first = |i: usize| (0..members.len()).find(|&j| j == i || belongs(&members[j], &members[i]));
    let firsts: Vec<usize> = (0..members.len()).map(|i| first(i).unwrap_or(i)).collect();
    let n_of = |family: usize| firsts.iter().filter(|&&other| other == family).count();
    let is_together = |family: &usize| together != Together::Nothing && n_of(*family) > 1;
    firsts.iter().map(|family| Some(*family).filter(is_together)).collect()
}

fn differ_in_seed(a: &Member, b: &Member) -> bool {
    let (a, b) = (&*a.experiment, &*b.experiment);
    (&a.data, &a.network, &a.train) == (&b.data, &b.network, &b.train)
}

/// The mean of several curves and how far they lie apart.
pub struct Band {
    colour: Color32,
    pub mean: Vec<PlotPoint>,
    xs: Vec<f64>,
    least: Vec<f64>,
    most: Vec<f64>,
    pub tests: Vec<PlotPoint>,
}

impl Band {
    /// Of these series, known by the mark of the first of them.
    pub fn new(ui: &Ui, view: &View, mark: usize, all: &[&Series], quantity: Quantity, factor: f64) -> Self {
        Self::of(mark::colour(ui, mark), view, all, quantity, factor)
    }

    pub fn of(colour: Color32, view: &View, all: &[&Series], quantity: Quantity, factor: f64) -> Self {
        let mut band = Self {
            colour,
            mean: Vec::new(),
            xs: Vec::new(),
            least: Vec::new(),
            most: Vec::new(),
            tests: mean_tests(view, all, quantity, factor),
        };
        let Some(longest) = all.iter().max_by_key(|series| series.len()) else { return band };
        let range = longest.range(view.axis, view.from, view.to);
        let stride = (range.len() / view.columns.max(1)).max(1);
        for i in range.step_by(stride) {
            let x = longest.x(view.axis, i);
            let values = all.iter().filter_map(|series| value_at(series, view.axis, x, quantity));
            let values: Vec<f64> = values.map(|value| value as f64 * factor).collect();
            // Where only one has come so far, it is no mean.
            if values.len() >= all.len().min(2) {
                band.take(view, x, values.into_iter());
            }
        }
        band
    }

    fn take(&mut self, view: &View, x: f64, values: impl Iterator<Item = f64>) {
        let values: Vec<f64> = values.filter_map(|value| view.y(value)).collect();
        let x = view.x(x);
        if values.is_empty() || !x.is_finite() {
            return;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        self.mean.push(PlotPoint::new(x, mean));
        self.xs.push(x);
        self.least.push(values.iter().copied().fold(f64::INFINITY, f64::min));
        self.most.push(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }

    /// Around the band: along the least values and back along the largest.
    pub fn edge(&self) -> Vec<(f64, f64)> {
        let along = |values: &[f64]| self.xs.iter().copied().zip(values.to_vec()).collect::<Vec<_>>();
        let back = along(&self.most).into_iter().rev();
        along(&self.least).into_iter().chain(back).collect()
    }

    pub fn heights(&self) -> impl Iterator<Item = f64> {
        let tests = self.tests.iter().map(|point| point.y);
        self.least.iter().chain(&self.most).copied().chain(tests)
    }

    pub fn draw<'a>(&'a self, plot: &mut PlotUi<'a>, thickness: f32) {
        if !self.xs.is_empty() {
            let area = FilledArea::new("from least to largest", &self.xs, &self.least, &self.most);
            plot.add(area.fill_color(self.colour.gamma_multiply(0.18)).allow_hover(false));
        }
        plot::line(plot, "mean", &self.mean, self.colour, 2.5 * thickness);
        plot::dashed(plot, "mean of tests", &self.tests, self.colour, 1.5 * thickness);
    }
}

/// None where the run has not come so far.
fn value_at(series: &Series, axis: Axis, x: f64, quantity: Quantity) -> Option<f32> {
    let last = series.len().checked_sub(1)?;
    let has_come_so_far = series.x(axis, last) >= x;
    let value = series.smooth(quantity).get(series.nearest(axis, x)?)?;
    (has_come_so_far && value.is_finite()).then_some(value)
}

/// Of the evaluations that all have, one after the other.
fn mean_tests(view: &View, all: &[&Series], quantity: Quantity, factor: f64) -> Vec<PlotPoint> {
    let n = all.iter().map(|series| series.tests.len()).min().unwrap_or(0);
    let mean = |i: usize| {
        let values = all.iter().map(|series| quantity.of_test(&series.tests[i]));
        let xs = all.iter().map(|series| series.x_of_test(view.axis, &series.tests[i]));
        let x = view.x(xs.sum::<f64>() / all.len() as f64);
        let y = view.y(factor * values.sum::<f64>() / all.len() as f64)?;
        x.is_finite().then(|| PlotPoint::new(x, y))
    };
    (0..n).filter_map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(twins: u64, seed: u64, rate: f32) -> Member {
        let mut experiment = Experiment { seed, title: format!("seed {seed}"), ..Experiment::default() };
        experiment.train.rate = rate;
        Member { twins: Some(twins), experiment: Arc::new(experiment) }
    }

    #[test]
    fn seeds_are_drawn_together_and_other_rates_apart() {
        let members = [member(1, 1, 0.1), member(1, 2, 0.1), member(1, 1, 0.2), member(2, 3, 0.1)];
        assert_eq!(families(&members, Together::Seeds), [Some(0), Some(0), None, None]);
        assert_eq!(families(&members, Together::Twins), [Some(0), Some(0), Some(0), None]);
        assert_eq!(families(&members, Together::Nothing), [None; 4]);
        let alone = Member { twins: None, ..member(1, 1, 0.1) };
        assert_eq!(families(&[alone.clone(), alone], Together::Seeds), [None, None]);
    }
}
