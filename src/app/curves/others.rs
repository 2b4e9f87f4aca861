//! The curves of the runs beside the one in front: fainter, and each with its own colour and marker.

use egui::{Color32, Ui};
use egui_plot::{MarkerShape, PlotPoint, PlotUi};

use super::Seen;
use super::lines::View;
use super::plot::{self, MOST_MARKS};
use super::series::{Quantity, Series};
use crate::app::runs::mark;

/// Columns of the plot for each stretch that is drawn of a run beside: fewer are enough to compare.
const COARSER: usize = 2;

/// One run's curves of one quantity, as they are drawn.
pub struct Other {
    name: String,
    colour: Color32,
    shape: MarkerShape,
    train: Vec<PlotPoint>,
    tests: Vec<PlotPoint>,
    /// Where the run stands, which carries its marker.
    last: Vec<PlotPoint>,
}

impl Other {
    pub fn new(ui: &Ui, view: &View, run: &Seen, series: &Series, quantity: Quantity, factor: f64) -> Self {
        let coarse = View { columns: view.columns / COARSER, ..*view };
        let train = coarse.middles(series, series.smooth(quantity), factor);
        let (colour, shape) = (mark::colour(ui, run.mark), mark::shape(run.mark));
        Self {
            name: run.name.clone(),
            colour: colour.gamma_multiply(0.75),
            shape,
            last: train.last().copied().into_iter().collect(),
            train,
            tests: view.tests(series, quantity, factor),
        }
    }

    pub fn first(&self) -> Option<&PlotPoint> {
        self.train.first()
    }

    pub fn heights(&self) -> impl Iterator<Item = f64> {
        self.train.iter().chain(&self.tests).map(|point| point.y)
    }

    pub fn draw<'a>(&'a self, plot: &mut PlotUi<'a>, thickness: f32) {
        plot::line(plot, &self.name, &self.train, self.colour, 1.5 * thickness);
        plot::dashed(plot, &self.name, &self.tests, self.colour, 1.5 * thickness);
        plot::points(plot, &self.last, self.shape, self.colour);
        if self.tests.len() <= MOST_MARKS {
            plot::points(plot, &self.tests, self.shape, self.colour);
        }
    }
}
