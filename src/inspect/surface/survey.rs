//! Heights over a grid, the coarse ones first: a picture that is there at once and grows finer.

use super::{Direction, Height, Landscape, Weights};
use crate::engine::EngineError;
use crate::inspect::contour::{Heights, Window};

/// What stretch of a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Window1 {
    pub low: f64,
    pub high: f64,
}

/// A line or a plane through the weights, whose heights are measured one after the other.
pub struct Survey {
    origin: Weights,
    axes: Vec<Direction>,
    window: Window,
    /// Points along x, and along y: 1 where it is a line.
    n: [usize; 2],
    /// Places in the order in which they are measured.
    order: Vec<usize>,
    heights: Vec<Option<Height>>,
    n_done: usize,
}

impl Survey {
    /// `n` points of a line.
    pub fn line(origin: Weights, axis: Direction, window: Window1, n: usize) -> Self {
        let window = Window { low: [window.low, 0.0], high: [window.high, 0.0] };
        Self::over(origin, vec![axis], window, [n.max(2), 1])
    }

    /// `n × n` points of a plane.
    pub fn plane(origin: Weights, axes: [Direction; 2], window: Window, n: usize) -> Self {
        Self::over(origin, axes.into(), window, [n.max(2); 2])
    }

    fn over(origin: Weights, axes: Vec<Direction>, window: Window, n: [usize; 2]) -> Self {
        let order = coarse_first(n);
        Self { origin, axes, window, n, heights: vec![None; order.len()], order, n_done: 0 }
    }

    pub fn is_done(&self) -> bool {
        self.n_done == self.order.len()
    }

    /// Points measured, and points of all.
    pub fn progress(&self) -> (usize, usize) {
        (self.n_done, self.order.len())
    }

    /// Measures the next point.
    pub fn advance(&mut self, landscape: &mut Landscape) -> Result<(), EngineError> {
        let Some(&place) = self.order.get(self.n_done) else { return Ok(()) };
        let point = self.window.point(self.n, [place % self.n[0], place / self.n[0]]);
        let steps: Vec<(f64, &Direction)> = point.into_iter().zip(&self.axes).collect();
        self.heights[place] = Some(landscape.at(&Direction::moved(&self.origin, &steps))?);
        self.n_done += 1;
        Ok(())
    }

    /// Along a line: `(step, height)` of what has been measured, from one end to the other.
    pub fn points(&self) -> Vec<(f64, Height)> {
        let at = |place: usize| self.window.point(self.n, [place % self.n[0], place / self.n[0]])[0];
        let known =
            self.heights.iter().enumerate().filter_map(|(place, height)| Some((at(place), (*height)?)));
        known.collect()
    }

    /// Over a plane: all heights; where none has been measured yet, that of the nearest point that has.
    pub fn heights(&self, of: impl Fn(Height) -> f64) -> Heights {
        let known: Vec<usize> = (0..self.heights.len()).filter(|&p| self.heights[p].is_some()).collect();
        let apart = |p: usize, q: usize| {
            let along = |a: usize, b: usize| a.abs_diff(b).pow(2);
            along(p % self.n[0], q % self.n[0]) + along(p / self.n[0], q / self.n[0])
        };
        let value = |p: usize| {
            let own = self.heights[p];
            let nearest = || known.iter().min_by_key(|&&q| apart(p, q)).and_then(|&q| self.heights[q]);
            own.or_else(nearest).map_or(f64::NAN, &of)
        };
        Heights { window: self.window, n: self.n, values: (0..self.heights.len()).map(value).collect() }
    }

    /// Where some weights of the same net lie in the plane.
    pub fn place(&self, weights: &Weights) -> [f64; 2] {
        match &self.axes[..] {
            [x, y] => Direction::place(&self.origin, [x, y], weights),
            [x] => Direction::place(&self.origin, [x, x], weights),
            _ => [0.0; 2],
        }
    }
}

/// All places of a grid: first those of a step of 2ᵏ, then of half of that, to the last.
fn coarse_first(n: [usize; 2]) -> Vec<usize> {
    let coarsest = n[0].max(n[1]).next_power_of_two() / 2;
    let level = |at: usize| if at == 0 { usize::MAX } else { at & at.wrapping_neg() };
    let fineness = |place: usize| level(place % n[0]).min(level(place / n[0])).min(coarsest);
    let mut order: Vec<usize> = (0..n[0] * n[1]).collect();
    order.sort_by_key(|&place| std::cmp::Reverse(fineness(place)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_points_come_first() {
        assert_eq!(coarse_first([5, 1]), [0, 4, 2, 1, 3]);
        let order = coarse_first([5, 5]);
        assert_eq!(order[..4], [0, 4, 20, 24]);
        assert_eq!(order[4..9], [2, 10, 12, 14, 22]);
        assert_eq!(order.len(), 25);
    }
}
