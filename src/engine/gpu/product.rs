//! How a large matrix product is cut into parts and tiles, for the shaders behind `tile.wgsl`.
//!
//! The cut into parts changes the order in which a sum is made and so its last digits; it follows from the sizes
//! alone. The shape of the tiles changes no bit (see `tile.wgsl`), and so may be what a measurement found quickest
//! on this device ([`super::tiles`]).

use super::lowering::{Dispatch, Lowering};
use crate::engine::arena::Place;

/// How matrix products and convolutions are computed. Each way rounds differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Products {
    /// One invocation for each number of the result, by the readable shaders.
    Plain,
    /// By tiles, which fetch each number less often.
    Tiled,
    /// By tiles, and windows of 3×3 by the algorithm of Winograd where that saves much.
    Winograd,
    /// By tiles, the operands rounded to 16 bits, the sums in 32.
    Half,
}

impl Products {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Tiled, Self::Winograd, Self::Half];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            // Not "tiled", as another order of the sums was called once.
            Self::Tiled => "tile-wise",
            Self::Winograd => "winograd",
            Self::Half => "16-bit",
        }
    }

    /// The part of a shader that says what operands are rounded to.
    pub fn numbers(self) -> &'static str {
        match self {
            Self::Half => "numbers_f16",
            Self::Plain | Self::Tiled | Self::Winograd => "numbers_f32",
        }
    }
}

/// A shape of tiles: what an invocation keeps in registers, and how many of them make a workgroup.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// As the file of measured choices has it.
    pub name: &'static str,
    /// The part of a shader with these registers.
    pub registers: &'static str,
    /// Rows and columns of the result that an invocation keeps.
    rows: usize,
    columns: usize,
    /// Invocations in a workgroup, across and down, at most.
    lanes: usize,
    across: usize,
    down: usize,
    /// Terms of the sum that a workgroup fetches at once; divides [`PART_STEP`].
    depth: usize,
}

/// All shapes, the first for small results and drivers that compile slowly. Their slabs fit into 16 KiB, a little less
/// than which is the least that adapters have, and their workgroups are of 256 invocations at most.
pub static SHAPES: [Shape; 5] = [
    Shape::new("4x4 in 256", "registers_4x4", [4, 4], [256, 16, 32], 16),
    Shape::new("4x4 in 64", "registers_4x4", [4, 4], [64, 8, 32], 16),
    Shape::new("8x4 in 128", "registers_8x4", [8, 4], [128, 16, 16], 16),
    Shape::new("8x8 in 64", "registers_8x8", [8, 8], [64, 8, 16], 16),
    Shape::new("8x8 in 256", "registers_8x8", [8, 8], [256, 16, 32], 8),
];

impl Shape {
    const fn new(
        name: &'static str,
        registers: &'static str,
        [rows, columns]: [usize; 2],
        [lanes, across, down]: [usize; 3],
        depth: usize,
    ) -> Self {
        Self { name, registers, rows, columns, lanes, across, down, depth }
    }

    pub fn named(name: &str) -> Option<&'static Self> {
        SHAPES.iter().find(|shape| shape.name == name)
    }

    /// What is sound without a measurement: on hardware, large results by large tiles, of which there must be enough to
    /// occupy it.
    pub fn customary(product: &Product, is_software: bool) -> &'static Self {
        const LARGE: usize = 3;
        let is_large = product.columns >= 32 && product.n_tiles([64, 64]) * product.n_parts >= 64;
        if is_large && !is_software { &SHAPES[LARGE] } else { &SHAPES[0] }
    }

    /// Invocations across and down: as many equal tiles as it takes, so that little hangs over the edge; a narrow one
    /// is made longer.
    pub fn lanes(&self, product: &Product) -> [usize; 2] {
        let equal = |n: usize, most: usize| n.div_ceil(n.div_ceil(most));
        let across = equal(product.columns.div_ceil(self.columns), self.across);
        let down = equal(product.rows.div_ceil(self.rows), (self.lanes / across).min(self.down));
        [across, down]
    }

    /// A dispatch of a shader behind `tile.wgsl`, with its tiles of this shape.
    pub fn applied(&self, dispatch: Dispatch, product: &Product) -> Dispatch {
        let [across, down] = self.lanes(product);
        let n_tiles = product.n_tiles([self.rows * down, self.columns * across]);
        dispatch
            .behind(&[product.products.numbers(), self.registers, "tile"])
            .size("COLUMNS", across)
            .size("ROWS", down)
            .size("DEPTH", self.depth)
            .groups(n_tiles * product.n_parts * product.n_products)
    }
}

/// Workgroups that keep a large device busy: a product of fewer tiles is cut along its sum as well.
const ENOUGH_GROUPS: usize = 512;
/// Tiles that need no cut of the sum, where the cut has its price: more parts to write and to read.
const BUSY: usize = 128;
/// The shortest part of a sum that is worth a workgroup of its own.
const SHORTEST_PART: usize = 64;
/// What the terms in a part are a multiple of.
const PART_STEP: usize = 16;
/// Rows and columns of a tile of middling size, by which sums are cut whatever the tiles are.
const NOMINAL: [usize; 2] = [64, 64];

/// Numbers that a workgroup of `sum_parts.wgsl` adds up, and the most invocations that share one of them.
const SUM_NUMBERS: usize = 32;
const MOST_SPREAD: usize = 8;

/// A product `(rows × depth) · (depth × columns)`, or several of one size at once, and the cut of its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    products: Products,
    rows: usize,
    columns: usize,
    depth: usize,
    /// Products of this size that are made at once, as there are in a convolution of several groups.
    n_products: usize,
    /// Terms in each part of the sum, and how many parts there are.
    part: usize,
    n_parts: usize,
}

impl Product {
    /// Products whose sums are not cut.
    pub fn whole(products: Products, [rows, columns, depth]: [usize; 3], n_products: usize) -> Self {
        let part = depth.next_multiple_of(PART_STEP);
        Self { products, rows, columns, depth, n_products, part, n_parts: 1 }
    }

    /// The same with long sums of few tiles cut into parts.
    pub fn cut(self) -> Self {
        let n_tiles = self.n_tiles(NOMINAL) * self.n_products;
        let n_parts = (ENOUGH_GROUPS / n_tiles).min(self.depth / SHORTEST_PART).max(1);
        let part = self.depth.div_ceil(n_parts).next_multiple_of(PART_STEP);
        Self { part, n_parts: self.depth.div_ceil(part), ..self }
    }

    /// [`Product::cut`] where there are too few tiles without it.
    pub fn cut_if_few(self) -> Self {
        if self.n_tiles(NOMINAL) * self.n_products < BUSY { self.cut() } else { self }
    }

    pub fn is_cut(&self) -> bool {
        self.n_parts > 1
    }

    /// Multiply-adds.
    pub fn work(&self) -> u64 {
        [self.rows, self.columns, self.depth, self.n_products].iter().map(|&n| n as u64).product()
    }

    /// Tiles of so many rows and columns that cover the result.
    fn n_tiles(&self, [rows, columns]: [usize; 2]) -> usize {
        self.rows.div_ceil(rows) * self.columns.div_ceil(columns)
    }

    /// What of a dispatch without tiles decides which of them are quickest, in words.
    pub fn key(&self, dispatch: &Dispatch) -> String {
        let Self { rows, columns, depth, n_products, .. } = self;
        let kernel = &dispatch.kernel;
        let constants = kernel.constants.iter().map(|(name, value)| format!("{name}={value}"));
        let words = [self.products.numbers(), kernel.shader, kernel.entry];
        let sizes = format!("{rows}x{columns}x{depth} {n_products}");
        let all = words.into_iter().chain(kernel.parts.iter().copied()).map(String::from).chain([sizes]);
        all.chain(constants).collect::<Vec<_>>().join(" ")
    }

    /// A dispatch of a shader behind `tile.wgsl`, without its tiles yet.
    pub fn dispatch(&self, shader: &'static str, entry: &'static str) -> Dispatch {
        Dispatch::new(shader, entry).size("PARTS", self.n_parts).size("SPLIT", self.part)
    }

    /// Where the parts go: straight into the result if there is but one and nothing remains to be done to
    /// it, else into scratch of `len` numbers for each.
    pub fn target(&self, lowering: &mut Lowering, result: Option<Place>, len: usize) -> Place {
        match result {
            Some(result) if self.n_parts == 1 => result,
            _ => lowering.scratch(self.n_parts * len),
        }
    }

    /// [`sum_parts`] of the product's parts.
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

    fn product(rows: usize, columns: usize, depth: usize) -> Product {
        Product::whole(Products::Tiled, [rows, columns, depth], 1)
    }

    #[test]
    fn tiles_fit_the_result() {
        let lanes = |shape: &Shape, rows, columns| shape.lanes(&product(rows, columns, 9));
        let [small, .., large] = &SHAPES;
        assert_eq!(lanes(small, 10_000, 64), [16, 16]);
        assert_eq!(lanes(small, 10_000, 16), [4, 32]);
        assert_eq!(lanes(small, 144, 16), [4, 18]);
        assert_eq!(lanes(small, 500, 20), [5, 32]);
        assert_eq!(lanes(small, 1, 1), [1, 1]);
        assert_eq!(lanes(large, 10_000, 128), [16, 16]);
        assert_eq!(lanes(large, 10_000, 10), [2, 32]);
    }

    #[test]
    fn long_sums_of_few_tiles_are_cut() {
        let cut = product(27, 16, 131_072).cut();
        assert_eq!((cut.n_parts, cut.part), (512, 256));
        assert!(!product(4096, 512, 8192).cut().is_cut());
        assert!(!product(500, 10, 64).cut().is_cut());
        assert!(product(392, 512, 4608).cut_if_few().is_cut());
        assert!(!product(8192, 64, 576).cut_if_few().is_cut());
    }

    /// The last part is shorter, never empty, and all together are the whole.
    #[test]
    fn parts_make_up_the_whole() {
        for depth in (1..3000).step_by(7) {
            let Product { part, n_parts, .. } = product(3, 5, depth).cut();
            assert!(part * n_parts >= depth && part * (n_parts - 1) < depth, "{depth}");
            assert!(part.is_multiple_of(PART_STEP));
        }
    }

    #[test]
    fn shapes_have_names_of_their_own() {
        for shape in &SHAPES {
            assert_eq!(Shape::named(shape.name), Some(shape));
            assert!(PART_STEP.is_multiple_of(shape.depth) && shape.rows.is_multiple_of(4));
        }
        assert_eq!(Shape::named("16x16"), None);
    }
}
