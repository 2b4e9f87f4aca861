//! All curves of one plot as they are drawn: those of the run in front over those beside it.

use egui::{Color32, Ui};
use egui_plot::{MarkerShape, PlotPoint, PlotUi};

use super::State;
use super::families::Band;
use super::lines::View;
use super::others::Other;
use super::plot::{self, MOST_MARKS};
use super::series::Quantity;
use crate::app::theme::Palette;

pub struct Drawing {
    raw: Vec<PlotPoint>,
    smooth: Vec<PlotPoint>,
    tests: Vec<PlotPoint>,
    before: Vec<PlotPoint>,
    before_tests: Vec<PlotPoint>,
    others: Vec<Other>,
    bands: Vec<Band>,
    train: Color32,
    test: Color32,
    shape: MarkerShape,
    previous: Color32,
    thickness: f32,
}

impl Drawing {
    pub fn new(ui: &Ui, state: &State, view: &View, quantity: Quantity) -> Self {
        let factor = quantity.factor();
        let (present, previous) = (state.shown_present(), state.shown_previous());
        let together = state.together();
        let band = |(mark, all): &(usize, Vec<_>)| Band::new(ui, view, *mark, all, quantity, factor);
        let other = |(run, series)| Other::new(ui, view, run, series, quantity, factor);
        let colours = plot::colours(ui, state);
        Self {
            raw: view.points(present, present.raw(quantity), factor),
            smooth: view.points(present, present.smooth(quantity), factor),
            tests: view.tests(present, quantity, factor),
            before: view.points(previous, previous.smooth(quantity), factor),
            before_tests: view.tests(previous, quantity, factor),
            others: state.beside().map(other).collect(),
            bands: together.iter().map(band).collect(),
            train: colours.train,
            test: colours.test,
            shape: colours.shape,
            previous: Palette::of(ui).previous,
            thickness: state.thickness,
        }
    }

    /// How high all that is drawn reaches.
    pub fn heights(&self) -> impl Iterator<Item = f64> {
        let own = [&self.raw, &self.smooth, &self.tests, &self.before, &self.before_tests];
        let own = own.into_iter().flatten().map(|point| point.y);
        own.chain(self.others.iter().flat_map(Other::heights))
            .chain(self.bands.iter().flat_map(Band::heights))
    }

    /// How high the means begin.
    pub fn beginnings(&self) -> impl Iterator<Item = f64> {
        let own = [&self.smooth, &self.before].into_iter().filter_map(|points| points.first());
        let bands = self.bands.iter().filter_map(|band| band.mean.first());
        own.chain(self.others.iter().filter_map(Other::first)).chain(bands).map(|point| point.y)
    }

    pub fn draw<'a>(&'a self, plot_ui: &mut PlotUi<'a>) {
        let thickness = self.thickness;
        plot::line(plot_ui, "run before", &self.before, self.previous, thickness);
        plot::dashed(plot_ui, "test of the run before", &self.before_tests, self.previous, 1.5 * thickness);
        self.bands.iter().for_each(|band| band.draw(plot_ui, thickness));
        self.others.iter().for_each(|other| other.draw(plot_ui, thickness));
        plot::line(plot_ui, "train, each step", &self.raw, self.train.gamma_multiply(0.3), 1.0);
        let width = if self.others.is_empty() { 2.0 } else { 2.5 };
        plot::line(plot_ui, "train", &self.smooth, self.train, width * thickness);
        plot::dashed(plot_ui, "test", &self.tests, self.test, 1.5 * thickness);
        if self.tests.len() <= MOST_MARKS {
            plot::points(plot_ui, &self.tests, self.shape, self.test);
        }
    }
}
