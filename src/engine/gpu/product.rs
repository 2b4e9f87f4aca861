//! How a large matrix product is cut into tiles and parts, for the shaders behind `tile.wgsl`.

use super::lowering::{Dispatch, Lowering};
use crate::engine::arena::Place;

/// How matrix products and convolutions are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Products {
    /// One invocation for each number of the result, by the readable shaders.
    Plain,
    /// By tiles, which fetch each number less often.
    Tiled,
}

impl Products {
    pub const ALL: [Self; 2] = [Self::Plain, Self::Tiled];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tiled => "tiled",
        }
    }
}

/// Workgroups that keep a large device busy: a product of fewer tiles is cut along its sum as well.
const ENOUGH_GROUPS: usize = 512;
/// The shortest part of a sum that is worth a workgroup of its own.
const SHORTEST_PART: usize = 64;
/// Invocations in a workgroup that every adapter allows, and the most along the columns and the rows: the
/// slabs of a tile have to fit into 16 KiB.
const MOST_LANES: usize = 256;
const MOST_ACROSS: usize = 16;
const MOST_DOWN: usize = 32;
/// Terms of the sum that a workgroup fetches at once, `DEPTH` in `tile.wgsl`.
const DEPTH: usize = 16;

/// Numbers that a workgroup of `sum_parts.wgsl` adds up, and the most invocations that share one of them.
const SUM_NUMBERS: usize = 32;
const MOST_SPREAD: usize = 8;

/// The cut of a product `(rows × depth) · (depth × columns)`. It follows from the sizes alone, so that the sum
/// is always made in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Invocations in a workgroup, each of which computes 4×4 numbers.
    lanes: [usize; 2],
    n_tiles: usize,
    /// Products of this size that are made at once.
    n_products: usize,
    /// Terms in each part of the sum, and how many parts there are.
    part: usize,
    n_parts: usize,
}

impl Tiling {
    /// A product whose sum is not cut.
    pub fn whole(rows: usize, columns: usize) -> Self {
        // As many equal tiles as it takes, so that little hangs over the edge; a narrow one is made longer.
        let [rows4, columns4] = [rows, columns].map(|n| n.div_ceil(4));
        let across = columns4.div_ceil(columns4.div_ceil(MOST_ACROSS));
        let most_down = (MOST_LANES / across).min(MOST_DOWN);
        let down = rows4.div_ceil(rows4.div_ceil(most_down));
        let n_tiles = rows.div_ceil(4 * down) * columns.div_ceil(4 * across);
        Self { lanes: [across, down], n_tiles, n_products: 1, part: usize::MAX, n_parts: 1 }
    }

    /// A product whose sum of `depth` terms is cut into parts where there are few tiles.
    pub fn in_parts(rows: usize, columns: usize, depth: usize) -> Self {
        Self::whole(rows, columns).cut(depth)
    }

    /// The same with its sum of `depth` terms cut into parts.
    pub fn cut(self, depth: usize) -> Self {
        let n_parts = (ENOUGH_GROUPS / (self.n_tiles * self.n_products)).min(depth / SHORTEST_PART).max(1);
        let part = depth.div_ceil(n_parts).next_multiple_of(DEPTH);
        Self { part, n_parts: depth.div_ceil(part), ..self }
    }

    /// So many products of this size at once, as there are in a convolution of several groups. Their tiles are
    /// counted behind all parts of the product before.
    pub fn times(self, n_products: usize) -> Self {
        Self { n_products, ..self }
    }

    /// A dispatch of a shader behind `tile.wgsl`.
    pub fn dispatch(&self, shader: &'static str, entry: &'static str) -> Dispatch {
        Dispatch::new(shader, entry)
            .size("COLUMNS", self.lanes[0])
            .size("ROWS", self.lanes[1])
            .groups(self.n_tiles * self.n_parts * self.n_products)
    }

    /// [`Tiling::dispatch`] of a shader that sums in parts.
    pub fn dispatch_parts(&self, shader: &'static str, entry: &'static str) -> Dispatch {
        self.dispatch(shader, entry).size("SPLIT", self.part)
    }

    /// Where the parts go: straight into the result if there is but one and nothing remains to be done to
    /// it, else into scratch of `len` numbers for each.
    pub fn target(&self, lowering: &mut Lowering, result: Option<Place>, len: usize) -> Place {
        match result {
            Some(result) if self.n_parts == 1 => result,
            _ => lowering.scratch(self.n_parts * len),
        }
    }

    /// [`sum_parts`] of a product's parts.
    pub fn sum(&self, lowering: &mut Lowering, parts: Place, len: usize, sum: Sum) {
        sum_parts(lowering, self.n_parts, parts, len, sum);
    }
}

/// The cut of a sum over the pixels of a batch into parts, each made by one invocation a channel. It follows
/// from the number of pixels alone, so that the sum is always made in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelParts {
    pub n_pixels: usize,
    /// Pixels in each part but the last.
    pub rows: usize,
    pub n_parts: usize,
}

impl PixelParts {
    /// Pixels in a part, at least, and parts, at most.
    const LEAST_ROWS: usize = 64;
    const MOST_PARTS: usize = 1024;

    pub fn of(n_pixels: usize) -> Self {
        let rows = Self::LEAST_ROWS.max(n_pixels.div_ceil(Self::MOST_PARTS));
        Self { n_pixels, rows, n_parts: n_pixels.div_ceil(rows) }
    }
}

/// Adds up so many parts of `len` numbers each, from number `first` on, into `result`, unless they are there
/// already; with a bias along the rows and a ReLU where asked for.
pub fn sum_parts(lowering: &mut Lowering, n_parts: usize, parts: Place, len: usize, sum: Sum) {
    if parts == sum.result {
        return;
    }
    lowering.push(
        Dispatch::new("sum_parts", "forward")
            .size("PARTS", n_parts)
            .size("LEN", len)
            .size("FIRST", sum.first)
            .size("WIDTH", sum.bias.map_or(1, |bias| bias.len))
            .constant("BIAS", sum.bias.is_some())
            .constant("RELU", sum.relu)
            .size("SPREAD", (n_parts / 4).clamp(1, MOST_SPREAD))
            .bind(&[parts, sum.bias.unwrap_or(parts), sum.result])
            .groups(sum.result.len.div_ceil(SUM_NUMBERS)),
    );
}

/// What becomes of summed parts.
pub struct Sum {
    /// The first number of each part that is wanted.
    pub first: usize,
    pub bias: Option<Place>,
    pub relu: bool,
    pub result: Place,
}

impl Sum {
    /// Just the sum of whole parts.
    pub fn of_all(result: Place) -> Self {
        Self { first: 0, bias: None, relu: false, result }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fit_the_result() {
        let lanes = |rows, columns| Tiling::whole(rows, columns).lanes;
        assert_eq!(lanes(10_000, 64), [16, 16]);
        assert_eq!(lanes(10_000, 16), [4, 32]);
        assert_eq!(lanes(144, 16), [4, 18]);
        assert_eq!(lanes(500, 20), [5, 32]);
        assert_eq!(lanes(1, 1), [1, 1]);
    }

    #[test]
    fn long_sums_of_few_tiles_are_cut() {
        let tiling = Tiling::in_parts(27, 16, 131_072);
        assert_eq!((tiling.n_tiles, tiling.n_parts), (1, 512));
        assert_eq!(Tiling::in_parts(4096, 512, 8192).n_parts, 1);
        assert_eq!(Tiling::in_parts(500, 10, 64).n_parts, 1);
    }
}
