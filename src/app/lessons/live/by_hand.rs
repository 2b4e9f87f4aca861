//! A convolution, a ReLU and a pooling over one grey picture, small enough to be followed by hand.

/// A grey picture or a map, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    pub height: usize,
    pub width: usize,
    /// `(H, W)`.
    pub values: Vec<f32>,
}

/// A square kernel and how it is slid.
#[derive(Clone, Debug, PartialEq)]
pub struct Slide {
    /// `(side, side)`.
    pub kernel: Vec<f32>,
    pub side: usize,
    pub stride: usize,
    pub padding: usize,
}

/// What becomes of the places of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    None,
    /// Windows of 2 at a stride of 2.
    Max,
    Average,
    /// Windows of 3 at a stride of 2, which overlap (Krizhevsky et al. 2012, section 3.4).
    MaxOverlapping,
}

impl Map {
    /// The number at a place; 0 beyond the edge.
    pub fn at(&self, y: isize, x: isize) -> f32 {
        let inside = (0..self.height as isize).contains(&y) && (0..self.width as isize).contains(&x);
        if inside { self.values[y as usize * self.width + x as usize] } else { 0.0 }
    }

    /// The same moved to the right by so many columns; what comes in is 0.
    pub fn shifted(&self, by: usize) -> Self {
        let value = |i: usize| self.at((i / self.width) as isize, (i % self.width) as isize - by as isize);
        Self { values: (0..self.values.len()).map(value).collect(), ..self.clone() }
    }

    pub fn rectified(&self) -> Self {
        Self { values: self.values.iter().map(|value| value.max(0.0)).collect(), ..self.clone() }
    }

    /// `‖self − other‖ / ‖other‖`: how far it has moved.
    pub fn distance(&self, other: &Self) -> f32 {
        let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
        let difference = norm(&mut self.values.iter().zip(&other.values).map(|(a, b)| a - b));
        difference / norm(&mut other.values.iter().copied()).max(1e-12)
    }

    pub fn pooled(&self, pooling: Pooling) -> Self {
        let side = match pooling {
            Pooling::None => return self.clone(),
            Pooling::Max | Pooling::Average => 2,
            Pooling::MaxOverlapping => 3,
        };
        let places = |n: usize| if n < side { 0 } else { (n - side) / 2 + 1 };
        let (height, width) = (places(self.height), places(self.width));
        let value = |i: usize| {
            let (top, left) = (2 * (i / width.max(1)), 2 * (i % width.max(1)));
            let window =
                (0..side * side).map(|p| self.at((top + p / side) as isize, (left + p % side) as isize));
            match pooling {
                Pooling::Average => window.sum::<f32>() / (side * side) as f32,
                _ => window.fold(f32::NEG_INFINITY, f32::max),
            }
        };
        Self { height, width, values: (0..height * width).map(value).collect() }
    }
}

impl Slide {
    /// `⌊(n + 2p − k) / s⌋ + 1` places along a side of n pixels.
    pub fn places(&self, n: usize) -> usize {
        (n + 2 * self.padding).checked_sub(self.side).map_or(0, |room| room / self.stride + 1)
    }

    /// The numbers under the kernel at a place of the output, `(side, side)`.
    pub fn window(&self, map: &Map, y: usize, x: usize) -> Vec<f32> {
        let corner = |i: usize| (i * self.stride) as isize - self.padding as isize;
        let place =
            |p: usize| map.at(corner(y) + (p / self.side) as isize, corner(x) + (p % self.side) as isize);
        (0..self.side * self.side).map(place).collect()
    }

    /// `Σ w(p)·x(p)` at a place of the output.
    pub fn sum(&self, map: &Map, y: usize, x: usize) -> f32 {
        self.window(map, y, x).iter().zip(&self.kernel).map(|(x, w)| x * w).sum()
    }

    pub fn over(&self, map: &Map) -> Map {
        let (height, width) = (self.places(map.height), self.places(map.width));
        let value = |i: usize| self.sum(map, i / width.max(1), i % width.max(1));
        Map { height, width, values: (0..height * width).map(value).collect() }
    }
}

/// The kernels that lessons name, `(name, side, numbers)`.
pub fn kernel(name: &str) -> (usize, Vec<f32>) {
    match name {
        "blur" => (3, vec![1.0 / 9.0; 9]),
        "edge-vertical" => (3, vec![-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0]),
        "edge-horizontal" => (3, vec![-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0]),
        "sharpen" => (3, vec![0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0]),
        "gabor" => (5, gabor()),
        _ => (3, vec![0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
    }
}

/// A wave under a bell, its stripes rising to the right.
fn gabor() -> Vec<f32> {
    let value = |p: usize| {
        let (x, y) = ((p % 5) as f32 - 2.0, (p / 5) as f32 - 2.0);
        let bell = (-(x * x + y * y) / 5.0).exp();
        let wave = (1.6 * (x + y) / 2f32.sqrt()).cos();
        (100.0 * bell * wave).round() / 100.0
    };
    (0..25).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Map {
        Map { height: 4, width: 5, values: (0..20).map(|i| (i % 5) as f32).collect() }
    }

    #[test]
    fn an_edge_filter_answers_a_ramp_with_its_slope() {
        let (side, kernel) = kernel("edge-vertical");
        let slide = Slide { kernel, side, stride: 1, padding: 0 };
        let out = slide.over(&ramp());
        assert_eq!((out.height, out.width), (2, 3));
        assert!(out.values.iter().all(|&value| value == 8.0), "{out:?}");
        let padded = Slide { padding: 1, stride: 2, ..slide }.over(&ramp());
        assert_eq!((padded.height, padded.width), (2, 3));
        assert_eq!(padded.values[2], -9.0, "beyond the edge there is nothing");
    }

    #[test]
    fn pooling_takes_the_largest_or_the_mean() {
        let map = ramp();
        let numbers = |pooling| map.pooled(pooling).values;
        assert_eq!(numbers(Pooling::Max), [1.0, 3.0, 1.0, 3.0]);
        assert_eq!(numbers(Pooling::Average), [0.5, 2.5, 0.5, 2.5]);
        assert_eq!(numbers(Pooling::MaxOverlapping), [2.0, 4.0]);
    }

    #[test]
    fn a_shift_moves_what_is_there() {
        let map = Map { height: 1, width: 4, values: vec![1.0, 0.0, 0.0, 0.0] };
        assert_eq!(map.shifted(2).values, [0.0, 0.0, 1.0, 0.0]);
        assert!((map.shifted(2).distance(&map) - 2f32.sqrt()).abs() < 1e-6);
        assert_eq!(map.pooled(Pooling::Max).values.len(), 0, "no room for a window");
    }
}
