//! A surface over a plane as a picture: bands between contour lines, with their heights beside them.

use super::chart::{GROUND, nice_step, number};
use super::letters::{Way, length};
use super::picture::Picture;

/// A rectangle of the plane.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Window {
    pub low: [f64; 2],
    pub high: [f64; 2],
}

/// Heights at the points of a grid that reaches from edge to edge of a window.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Heights {
    pub window: Window,
    /// Points along x and along y.
    pub n: [usize; 2],
    /// Row by row from the lowest y on, `(n_y, n_x)`; what is no number is drawn grey.
    pub values: Vec<f64>,
}

/// Heights at which contour lines are drawn, rising: of 1, 2 and 5 times powers of ten those that a surface reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels(pub Vec<f64>);

/// A surface alone: bands of colour with darker lines between them, y upwards.
pub fn field(heights: &Heights, [width, height]: [usize; 2], levels: &Levels) -> Picture {
    let at = |p: usize| {
        let share = |i: usize, n: usize| i as f64 / n.saturating_sub(1).max(1) as f64;
        let height = heights.between([share(p % width, width), 1.0 - share(p / width, height)]);
        height.is_finite().then(|| levels.band(height))
    };
    let bands: Vec<Option<usize>> = (0..width * height).map(at).collect();
    let pixel = |p: usize| {
        let Some(band) = bands[p] else { return NOWHERE };
        let is_below = |other: Option<usize>| other.is_some_and(|other| bands[other] > Some(band));
        let inside = |by: usize, has_one: bool| has_one.then(|| p + by);
        let is_line = is_below(inside(1, p % width + 1 < width))
            || is_below(inside(width, p / width + 1 < height))
            || is_below((!p.is_multiple_of(width)).then(|| p - 1))
            || is_below((p >= width).then(|| p - width));
        let plain = levels.colour_of(band);
        if is_line { plain.map(|c| c / 2 + c / 4) } else { plain }
    };
    Picture { width, height, pixels: (0..width * height).map(pixel).collect() }
}

/// A picture of a surface, on which points of the plane have their places.
pub struct Plane {
    pub picture: Picture,
    window: Window,
    left: i64,
    top: i64,
    size: [i64; 2],
}

/// Bands at most; more cannot be told apart.
const MOST_LEVELS: usize = 18;

const INK: [u8; 3] = [190; 3];
const NOWHERE: [u8; 3] = [70; 3];

/// Pixels around the field.
const LEFT: i64 = 56;
const RIGHT: i64 = 92;
const ABOVE: i64 = 40;
const BELOW: i64 = 36;

/// From low to high: dark blue over green to ochre, each lighter than the one before, and all dark enough for bright
/// paths to stand out.
const STOPS: [[f64; 3]; 5] =
    [[18.0, 14.0, 42.0], [26.0, 46.0, 78.0], [20.0, 80.0, 82.0], [58.0, 106.0, 66.0], [146.0, 136.0, 82.0]];

/// The colour of a share of the whole height, 0 to 1.
pub fn colour(share: f64) -> [u8; 3] {
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let i = (at as usize).min(STOPS.len() - 2);
    [0, 1, 2].map(|c| (STOPS[i][c] + (at - i as f64) * (STOPS[i + 1][c] - STOPS[i][c])) as u8)
}

impl Window {
    /// Point `(i, j)` of `n` along x and y.
    pub fn point(&self, n: [usize; 2], [i, j]: [usize; 2]) -> [f64; 2] {
        let at = |axis: usize, i: usize| {
            let share = i as f64 / (n[axis] - 1).max(1) as f64;
            self.low[axis] + share * (self.high[axis] - self.low[axis])
        };
        [at(0, i), at(1, j)]
    }
}

impl Heights {
    /// The heights of a function at `n` points along x and y.
    pub fn of(window: Window, n: [usize; 2], height: impl Fn([f64; 2]) -> f64) -> Self {
        let values = (0..n[0] * n[1]).map(|p| height(window.point(n, [p % n[0], p / n[0]]))).collect();
        Self { window, n, values }
    }

    /// The height at a share of the way from edge to edge, between four points in proportion.
    pub fn between(&self, shares: [f64; 2]) -> f64 {
        let at = |axis: usize| {
            let last = (self.n[axis] - 1) as f64;
            let place = (shares[axis] * last).clamp(0.0, last);
            let low = (place as usize).min(self.n[axis].saturating_sub(2));
            (low, (low + 1).min(self.n[axis] - 1), place - low as f64)
        };
        let ((left, right, x), (low, high, y)) = (at(0), at(1));
        let value = |i: usize, j: usize| self.values[j * self.n[0] + i];
        let along = |j: usize| value(left, j) * (1.0 - x) + value(right, j) * x;
        along(low) * (1.0 - y) + along(high) * y
    }
}

impl Levels {
    /// Those between the least and the largest of some heights; the lowest are left out where there are too many.
    pub fn of(values: &[f64]) -> Self {
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        if low >= high {
            return Self(Vec::new());
        }
        // What reaches below 0, or hardly changes against its size, is cut evenly.
        if low < 0.0 || high < 3.0 * low {
            let step = nice_step(high - low);
            let lines = (low / step).ceil() as i64..=(high / step).floor() as i64;
            return Self(lines.map(|i| i as f64 * step).collect());
        }
        let lowest = low.max(1e-9 * high).log10().floor() as i32;
        let powers = lowest..=high.log10().ceil() as i32;
        let numbers = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10f64.powi(power)));
        let mut levels: Vec<f64> = numbers.filter(|level| (low..high).contains(level)).collect();
        levels.drain(..levels.len().saturating_sub(MOST_LEVELS));
        Self(levels)
    }

    /// How many levels lie at or below a height.
    fn band(&self, height: f64) -> usize {
        self.0.partition_point(|level| *level <= height)
    }

    /// The colour of the band above so many levels.
    pub fn colour_of(&self, band: usize) -> [u8; 3] {
        colour(band as f64 / self.0.len().max(1) as f64)
    }
}

impl Plane {
    /// A surface in a picture of `[width, height]` pixels; along the edges stand the numbers of the plane, above it a
    /// title, to the right the heights of the contour lines.
    pub fn of(heights: &Heights, size: [usize; 2], title: &str, axes: [&str; 2]) -> Self {
        Self::on(&Levels::of(&heights.values), heights, size, title, axes)
    }

    /// The same with lines at these levels, which several surfaces can share.
    pub fn on(
        levels: &Levels,
        heights: &Heights,
        [width, height]: [usize; 2],
        title: &str,
        axes: [&str; 2],
    ) -> Self {
        let size = [(width as i64 - LEFT - RIGHT).max(2), (height as i64 - ABOVE - BELOW).max(2)];
        let picture = Picture::new(width, height, GROUND);
        let mut plane = Self { picture, window: heights.window, left: LEFT, top: ABOVE, size };
        let field = field(heights, size.map(|side| side as usize), levels);
        plane.picture.put(&field, LEFT as usize, ABOVE as usize);
        plane.edges(axes);
        plane.key(levels);
        plane.picture.write(title, [12, 8], INK, Way::Right);
        plane
    }

    /// Where a point of the plane lies in the picture.
    pub fn place(&self, point: [f64; 2]) -> [f64; 2] {
        let share = |axis: usize| {
            (point[axis] - self.window.low[axis]) / (self.window.high[axis] - self.window.low[axis])
        };
        let [width, height] = self.size.map(|side| (side - 1) as f64);
        [self.left as f64 + share(0) * width, self.top as f64 + (1.0 - share(1)) * height]
    }

    fn is_inside(&self, [x, y]: [f64; 2]) -> bool {
        let within = |at: f64, from: i64, size: i64| at >= from as f64 && at <= (from + size - 1) as f64;
        within(x, self.left, self.size[0]) && within(y, self.top, self.size[1])
    }

    /// A path over the surface, as far as it runs in the window, with a dot at each of its points.
    pub fn path(&mut self, points: &[[f64; 2]], colour: [u8; 3]) {
        let places: Vec<[f64; 2]> = points.iter().map(|&point| self.place(point)).collect();
        for pair in places.windows(2) {
            self.stretch([pair[0], pair[1]], colour);
        }
        for &place in &places {
            if self.is_inside(place) {
                self.picture.blot(place, 4, colour);
            }
        }
    }

    /// A straight line between two places of the picture; one of them at least must be in the window.
    fn stretch(&mut self, [from, to]: [[f64; 2]; 2], colour: [u8; 3]) {
        if !(self.is_inside(from) || self.is_inside(to)) {
            return;
        }
        let n = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).ceil().clamp(1.0, 4096.0) as usize;
        for i in 0..=n {
            let share = i as f64 / n as f64;
            let at = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
            if self.is_inside(at) {
                self.picture.blot(at, 2, colour);
            }
        }
    }

    /// A cross at a point.
    pub fn cross(&mut self, point: [f64; 2], colour: [u8; 3]) {
        let [x, y] = self.place(point);
        for turn in [[5.0, 5.0], [5.0, -5.0]] {
            self.picture.line([x - turn[0], y - turn[1]], [x + turn[0], y + turn[1]], colour);
            self.picture.line([x - turn[0] + 1.0, y - turn[1]], [x + turn[0] + 1.0, y + turn[1]], colour);
        }
    }

    /// Names with their colours above the surface.
    pub fn names(&mut self, names: &[(String, [u8; 3])]) {
        let mut x = self.left;
        for (name, colour) in names {
            (0..27).for_each(|p| self.picture.dot(x + p % 9, 25 + p / 9, *colour));
            self.picture.write(name, [x + 13, 23], INK, Way::Right);
            x += 26 + length(name) as i64;
        }
    }

    fn edges(&mut self, axes: [&str; 2]) {
        let bottom = self.top + self.size[1];
        for axis in [0, 1] {
            let (low, high) = (self.window.low[axis], self.window.high[axis]);
            let step = nice_step(high - low);
            for i in (low / step).ceil() as i64..=(high / step).floor() as i64 {
                let value = i as f64 * step;
                let text = number(value, step);
                let [x, y] =
                    self.place(if axis == 0 { [value, 0.0] } else { [0.0, value] }).map(|x| x as i64);
                match axis {
                    0 => self.picture.write_centred(&text, [x, bottom + 4], INK),
                    _ => self.picture.write(&text, [LEFT - 5 - length(&text) as i64, y - 3], INK, Way::Right),
                }
            }
        }
        self.picture.write_centred(axes[0], [self.left + self.size[0] / 2, bottom + 18], INK);
        let middle = self.top + (self.size[1] + length(axes[1]) as i64) / 2;
        self.picture.write(axes[1], [6, middle], INK, Way::Up);
    }

    /// The bands from the highest down, with the heights of the lines between them.
    fn key(&mut self, levels: &Levels) {
        let n = levels.0.len() as i64 + 1;
        let (x, pitch) = (self.left + self.size[0] + 10, (self.size[1] / n).clamp(2, 16));
        for band in 0..n {
            let y = self.top + pitch * (n - 1 - band);
            let colour = levels.colour_of(band as usize);
            (0..16 * pitch).for_each(|p| self.picture.dot(x + p % 16, y + p / 16, colour));
            if let Some(&level) = levels.0.get((band - 1).max(0) as usize).filter(|_| band > 0 && pitch >= 8)
            {
                let text = if level != 0.0 && level.abs() < 1e-3 {
                    format!("{level:.0e}")
                } else {
                    format!("{level}")
                };
                let text = if text.len() > 9 { format!("{level:.2}") } else { text };
                self.picture.write(&text.replace('-', "−"), [x + 20, y + pitch - 4], INK, Way::Right);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { low: [-1.0, -1.0], high: [3.0, 1.0] };

    #[test]
    fn levels_are_numbers_that_are_easily_read() {
        assert_eq!(Levels::of(&[0.04, 1.5]).0, [0.05, 0.1, 0.2, 0.5, 1.0]);
        assert_eq!(Levels::of(&[-2.5, 3.1, f64::NAN]).0, [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(Levels::of(&[2.0, 2.0]).0, Vec::<f64>::new());
        assert!(Levels::of(&[0.0, 1e9]).0.len() <= MOST_LEVELS);
    }

    #[test]
    fn between_four_points_the_height_is_in_proportion() {
        let heights = Heights::of(WINDOW, [2, 2], |[x, y]| 2.0 * x - y);
        assert_eq!(heights.values, [-1.0, 7.0, -3.0, 5.0]);
        assert_eq!(heights.between([0.5, 0.5]), 2.0);
        assert_eq!(heights.between([1.0, 0.0]), 7.0);
        let one = Heights::of(WINDOW, [1, 1], |_| 4.0);
        assert_eq!(one.between([0.3, 0.7]), 4.0);
    }

    #[test]
    fn higher_is_lighter_and_a_path_lies_where_its_points_do() {
        let heights = Heights::of(WINDOW, [9, 9], |[x, _]| 3.0 * (x + 1.5));
        let mut plane = Plane::of(&heights, [400, 200], "A slope", ["x", "y"]);
        let light = |plane: &Plane, at: [f64; 2]| {
            let [x, y] = plane.place(at).map(|x| x as usize);
            plane.picture.pixels[y * 400 + x].map(u32::from).iter().sum::<u32>()
        };
        assert!(
            light(&plane, [-0.9, 0.1]) < light(&plane, [1.0, 0.1])
                && light(&plane, [1.0, 0.1]) < light(&plane, [2.9, 0.1])
        );
        plane.path(&[[0.0, 0.0], [1.0, 0.5], [1e12, -1e12]], [1, 2, 3]);
        let [x, y] = plane.place([0.5, 0.25]).map(|x| x.round() as usize);
        assert_eq!(plane.picture.pixels[y * 400 + x], [1, 2, 3]);
    }
}
