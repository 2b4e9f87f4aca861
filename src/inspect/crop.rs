//! What a unit sees of a picture: its receptive field cut out, padding and all.

use std::ops::Range;

use super::picture::Picture;
use crate::graph::{Graph, NodeId};
use crate::tensor::Extent;

/// A part of a picture, which may reach beyond its edges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crop {
    pub rows: Range<i64>,
    pub columns: Range<i64>,
}

impl Crop {
    /// The receptive field of a unit. What reaches further beyond an edge than the picture is large is left out,
    /// for units deep in a net see little else.
    pub fn of(graph: &Graph, node: NodeId, at: [usize; 2]) -> Self {
        let input = graph.input();
        let [rows, columns] = graph.field_of(node, at);
        let within = |range: Range<i64>, side: usize| {
            let side = side as i64;
            let range = range.start.max(-side / 2)..range.end.min(side + side / 2);
            // A field that lies in the padding alone.
            if range.is_empty() { 0..1 } else { range }
        };
        Self { rows: within(rows, input.height), columns: within(columns, input.width) }
    }

    pub fn size(&self) -> [usize; 2] {
        [&self.rows, &self.columns].map(|range| (range.end - range.start) as usize)
    }

    /// For each pixel, row by row, its place in the picture `(H, W)`; none in the padding.
    pub fn places(&self, picture: Extent) -> impl Iterator<Item = Option<usize>> + use<> {
        let (rows, columns) = (self.rows.clone(), self.columns.clone());
        rows.flat_map(move |row| columns.clone().map(move |column| (row, column))).map(
            move |(row, column)| {
                let row = usize::try_from(row).ok().filter(|&row| row < picture.height)?;
                let column = usize::try_from(column).ok().filter(|&column| column < picture.width)?;
                Some(row * picture.width + column)
            },
        )
    }

    /// Cut out of red, green and blue pixels `(H, W)`; padding in `ground`.
    pub fn cut(&self, pixels: &[[u8; 3]], extent: Extent, ground: [u8; 3]) -> Picture {
        let [height, width] = self.size();
        let pixels = self.places(extent).map(|place| place.map_or(ground, |place| pixels[place])).collect();
        Picture { width, height, pixels }
    }
}

/// Red, green and blue of each pixel of bytes `(C, H, W)`; with one channel grey, with more than three the first
/// three.
pub fn colours(bytes: &[u8], extent: Extent) -> Vec<[u8; 3]> {
    let last = extent.channels - 1;
    let pixel = |p: usize| [0, 1, 2].map(|c: usize| bytes[c.min(last) * extent.area() + p]);
    (0..extent.area()).map(pixel).collect()
}

/// The same of signed numbers: 0 is mid grey, `largest` the brightest or darkest there is.
pub fn signed_colours(numbers: &[f32], extent: Extent, largest: f32) -> Vec<[u8; 3]> {
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let last = extent.channels - 1;
    let pixel = |p: usize| {
        [0, 1, 2].map(|c: usize| {
            (128.0 + scale * numbers[c.min(last) * extent.area() + p]).clamp(0.0, 255.0) as u8
        })
    };
    (0..extent.area()).map(pixel).collect()
}

/// The largest number by magnitude.
pub fn largest(numbers: &[f32]) -> f32 {
    numbers.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_the_edge_is_ground() {
        let crop = Crop { rows: -1..1, columns: 1..3 };
        let picture = crop.cut(&[[1; 3], [2; 3], [3; 3], [4; 3]], Extent::new(1, 2, 2), [9; 3]);
        assert_eq!((picture.height, picture.width), (2, 2));
        assert_eq!(picture.pixels, [[9; 3], [9; 3], [2; 3], [9; 3]]);
    }
}
