//! Pictures for people: small ones enlarged and set side by side.

/// Rows of red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    /// `(H, W)`.
    pub pixels: Vec<[u8; 3]>,
}

/// Pixels between neighbours in a [`Picture::mosaic`].
pub const GAP: usize = 4;

impl Picture {
    pub fn new(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self { width, height, pixels: vec![colour; width * height] }
    }

    /// Each pixel as a square of `factor × factor`, so that its edges stay sharp.
    pub fn enlarged(&self, factor: usize) -> Self {
        let (width, height) = (self.width * factor, self.height * factor);
        let source = |i: usize| self.pixels[i / width / factor * self.width + i % width / factor];
        Self { width, height, pixels: (0..width * height).map(source).collect() }
    }

    /// In the middle of a ground of `colour` of `[width, height]`, or as it is where it is larger.
    pub fn padded(&self, [width, height]: [usize; 2], colour: [u8; 3]) -> Self {
        let mut whole = Self::new(self.width.max(width), self.height.max(height), colour);
        let (x, y) = ((whole.width - self.width) / 2, (whole.height - self.height) / 2);
        whole.put(self, x, y);
        whole
    }

    /// Pictures of any size below one another, on a ground of `colour`.
    pub fn stacked(pictures: &[Self], colour: [u8; 3]) -> Self {
        let width = pictures.iter().map(|picture| picture.width).max().unwrap_or(1);
        let height: usize = pictures.iter().map(|picture| picture.height + GAP).sum();
        let (mut whole, mut y) = (Self::new(width, height.max(1), colour), 0);
        for picture in pictures {
            whole.put(picture, 0, y);
            y += picture.height + GAP;
        }
        whole
    }

    /// Pictures of any size beside one another, on a ground of `colour`.
    pub fn beside(pictures: &[Self], colour: [u8; 3]) -> Self {
        let height = pictures.iter().map(|picture| picture.height).max().unwrap_or(1);
        let width: usize = pictures.iter().map(|picture| picture.width + GAP).sum();
        let (mut whole, mut x) = (Self::new(width.max(1), height, colour), 0);
        for picture in pictures {
            whole.put(picture, x, 0);
            x += picture.width + GAP;
        }
        whole
    }

    /// Colours the pixel at `(x, y)`, if it is one.
    pub fn dot(&mut self, x: i64, y: i64, colour: [u8; 3]) {
        if (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y) {
            self.pixels[y as usize * self.width + x as usize] = colour;
        }
    }

    /// A straight line between two points.
    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], colour: [u8; 3]) {
        let n = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).ceil().max(1.0) as usize;
        for i in 0..=n {
            let share = i as f64 / n as f64;
            let at = |axis: usize| (from[axis] + share * (to[axis] - from[axis])).round() as i64;
            self.dot(at(0), at(1), colour);
        }
    }

    /// Sets a picture into this one with its upper left corner at `(x, y)`.
    pub fn put(&mut self, picture: &Self, x: usize, y: usize) {
        for row in 0..picture.height {
            let from = &picture.pixels[row * picture.width..][..picture.width];
            self.pixels[(y + row) * self.width + x..][..picture.width].copy_from_slice(from);
        }
    }

    /// Turned by a quarter to the left: what was read to the right is read upwards.
    pub fn turned(&self) -> Self {
        let (width, height) = (self.height, self.width);
        let source = |i: usize| self.pixels[i % width * self.width + (height - 1 - i / width)];
        Self { width, height, pixels: (0..width * height).map(source).collect() }
    }

    /// Pictures of one size in rows of `columns`, on a ground of `colour`.
    pub fn mosaic(pictures: &[Self], columns: usize, colour: [u8; 3]) -> Self {
        let Some(first) = pictures.first() else { return Self::new(1, 1, colour) };
        let columns = columns.clamp(1, pictures.len());
        let pitch = [first.width + GAP, first.height + GAP];
        let size = |n: usize, axis: usize| n * pitch[axis] + GAP;
        let mut whole = Self::new(size(columns, 0), size(pictures.len().div_ceil(columns), 1), colour);
        for (i, picture) in pictures.iter().enumerate() {
            whole.put(picture, GAP + i % columns * pitch[0], GAP + i / columns * pitch[1]);
        }
        whole
    }
}

/// Columns that make a mosaic of `n` about square.
pub fn columns(n: usize) -> usize {
    (n as f64).sqrt().ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mosaic_has_gaps_around_each_picture() {
        let [black, white] = [[0; 3], [255; 3]];
        let tile = Picture::new(1, 2, white).enlarged(3);
        let whole = Picture::mosaic(&vec![tile; 3], 2, black);
        assert_eq!((whole.width, whole.height), (4 + 3 + 4 + 3 + 4, 4 + 6 + 4 + 6 + 4));
        assert_eq!(whole.pixels.iter().filter(|pixel| **pixel == white).count(), 3 * 18);
        assert_eq!((whole.pixels[4 * whole.width + 4], whole.pixels[4 * whole.width + 3]), (white, black));
    }

    #[test]
    fn what_is_turned_is_read_upwards() {
        let [a, b, c] = [1, 2, 3].map(|i| [i; 3]);
        let picture = Picture { width: 3, height: 2, pixels: vec![a, b, c, a, a, a] };
        let turned = picture.turned();
        assert_eq!((turned.width, turned.height), (2, 3));
        assert_eq!(turned.pixels, [c, a, b, a, a, a]);
    }

    #[test]
    fn a_line_joins_its_ends_and_stops_at_the_edge() {
        let mut picture = Picture::new(4, 4, [0; 3]);
        picture.line([0.0, 0.0], [9.0, 9.0], [1; 3]);
        assert_eq!(picture.pixels.iter().filter(|pixel| **pixel == [1; 3]).count(), 4);
    }
}
