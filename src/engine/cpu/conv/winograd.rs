//! Convolutions of 3×3 and 5×5 taps with fewer multiplications (Winograd 1980, *Arithmetic complexity of
//! computations*; Lavin and Gray 2016, *Fast algorithms for convolutional neural networks*).
//!
//! Along one axis, a filter g of r taps makes `m = 7 − r` results out of 6 pixels d. They are coefficients of a
//! product of polynomials: both are evaluated at six points, multiplied there, and what comes out is interpolated,
//! `y = Aᵀ[(G·g) ⊙ (Bᵀ·d)]`. Along both axes it is 36 products that stand for m²r², which are 144 with 3×3 taps and 100
//! with 5×5; each is summed over the channels first, as a matrix product of (tiles, C) and (C, O) for each of the 36.
//! The gradient by the maps is the same with the taps turned by 180°, or the whole turned round ([`Adjoint`]); the one
//! by the weights, in which tiles take the place of channels, is `dg = Gᵀ[(A·dy) ⊙ (Bᵀ·d)]`.
//!
//! Rounding costs little by this choice of points: with normal numbers over 64 channels the largest error is 1.2e-6 of
//! the largest result with 3×3 taps and 1.0e-6 with 5×5; by direct sums 0.6e-6 and 0.9e-6, with the customary points
//! 0, ±1, ±2 it would be 5e-6.

mod adjoint;
mod deep;
mod gradient;
#[cfg(test)]
mod tests;
mod transforms;

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use crate::engine::cpu::Kept;
use crate::engine::cpu::product::Product;
use crate::engine::cpu::simd;
use crate::graph::layers::Pass;
use crate::graph::layers::conv::ConvStep;
use crate::tensor::Extent;
pub use adjoint::Adjoint;
use deep::Deep;
pub use gradient::WeightsGradient;
use transforms::{FAR, GradientsToPoints, MapsToPoints, N_POINTS, NEAR, ToPoints, ToResults};

/// Products for each tile and pair of channels.
const N_PRODUCTS: usize = N_POINTS * N_POINTS;

/// Numbers of a block of tiles at the points, so that they stay in a core's own cache.
const BLOCK: usize = 1 << 17;

/// Tiles in a block, at least: for each block all weights come by once.
const FEWEST_TILES: usize = 28;

/// Parts of equal size that a batch is cut into, or a multiple of them, for any usual number of threads.
const PARTS: usize = 8;

thread_local! {
    /// What a thread works on: tiles at the points.
    static WORK: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A correlation that moves by single pixels, `to[i, j] = Σ_{u,v} w[u, v] · from[i + u − p, j + v − p]`.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    pub batch: usize,
    /// `(C, H, W)`.
    pub from: Extent,
    /// `(O, H', W')`.
    pub to: Extent,
    pub padding: [usize; 2],
    /// Along each axis, 3 or 5.
    pub taps: usize,
}

impl Geometry {
    /// That of a step, if this is a quicker way to compute it. It goes by the step's shapes alone.
    pub fn quicker(step: &ConvStep) -> Option<Self> {
        Self::of(step).filter(Self::is_quicker)
    }

    /// That of a step which can be computed in this way.
    pub fn of(step: &ConvStep) -> Option<Self> {
        let window = &step.window;
        let taps = window.kernel[0];
        let is_plain = window.stride == [1, 1] && window.dilation == [1, 1] && step.groups == 1;
        let is_narrow = window.padding.iter().all(|&padding| padding < taps);
        if !(is_plain && is_narrow && window.kernel == [taps; 2] && (taps == 3 || taps == 5)) {
            return None;
        }
        let (batch, padding) = (step.batch, window.padding);
        Some(match step.pass {
            Pass::Forward | Pass::Weights => Self { batch, from: step.input, to: step.output, padding, taps },
            Pass::Backward => {
                let padding = padding.map(|padding| taps - 1 - padding);
                Self { batch, from: step.output, to: step.input, padding, taps }
            }
        })
    }

    /// Whether products saved outweigh the transforms, each of which costs as much as some ten products for each
    /// of a tile's points and channels.
    fn is_quicker(&self) -> bool {
        let [c, o] = [self.from.channels, self.to.channels];
        let n_tiles = self.grid()[0] * self.grid()[1];
        let direct = self.to.area() * self.taps * self.taps * c * o;
        let of_weights = if self.is_deep() { self.cost_of_deep_weights() } else { 0 };
        n_tiles * N_PRODUCTS * (c * o + 10 * (c + o)) + of_weights < direct
    }

    /// Results along each axis of a tile.
    pub fn side(&self) -> usize {
        N_POINTS + 1 - self.taps
    }

    /// Rows and columns of tiles in a picture.
    pub fn grid(&self) -> [usize; 2] {
        [self.to.height.div_ceil(self.side()), self.to.width.div_ceil(self.side())]
    }

    /// Numbers of the weights at the points, `(36, C, O)`.
    pub fn weights_len(&self) -> usize {
        N_PRODUCTS * self.from.channels * self.to.channels
    }

    /// Whole pictures that make a block, and rows of tiles where one picture is more than a block. The pictures are
    /// cut in equal parts, a multiple of `parts` of them.
    fn block_size(&self, n_pictures: usize, parts: usize) -> [usize; 2] {
        let n_tiles = (BLOCK / (N_PRODUCTS * (self.from.channels + self.to.channels))).max(FEWEST_TILES);
        let [rows, columns] = self.grid();
        if 2 * n_tiles < 3 * rows * columns {
            let n_blocks = (rows * columns).div_ceil(n_tiles);
            return [1, rows.div_ceil(n_blocks)];
        }
        let n_blocks = n_pictures.div_ceil(n_tiles / (rows * columns).max(1)).next_multiple_of(parts);
        [n_pictures.div_ceil(n_blocks), rows]
    }

    /// What one who goes through a batch on these tiles keeps: so many bytes of its own, and the threads a block's maps
    /// and results at the points.
    fn kept(&self, own: usize) -> Kept {
        if self.is_deep() {
            return Kept::own(own);
        }
        let [n_pictures, n_rows] = self.block_size(self.batch, PARTS);
        let n_tiles = n_pictures * n_rows * self.grid()[1];
        let lens = [self.from, self.to].map(|maps| N_PRODUCTS * plane_len(n_tiles, maps.channels));
        Kept { own, tiles: work_len(&lens), ..Kept::default() }
    }

    /// What the taps of a filter count for at the points: `(36, r²)`, the products of G's rows.
    fn coefficients(&self) -> Vec<f32> {
        let points = [0.0, NEAR, -NEAR, FAR, -FAR];
        let row = |i: usize| -> Vec<f64> {
            let power = |tap: usize| match points.get(i) {
                Some(&point) => {
                    let others = points.iter().filter(|&&other| other != point);
                    point.powi(tap as i32) / others.map(|other| point - other).product::<f64>()
                }
                None => (tap + 1 == self.taps) as usize as f64,
            };
            (0..self.taps).map(power).collect()
        };
        let rows: Vec<Vec<f64>> = (0..N_POINTS).map(row).collect();
        let pairs = rows.iter().flat_map(|u| rows.iter().map(move |v| (u, v)));
        pairs.flat_map(|(u, v)| u.iter().flat_map(move |u| v.iter().map(move |v| (u * v) as f32))).collect()
    }
}

/// Tiles that are worked on together: those of some pictures in some rows of tiles.
#[derive(Clone, Debug)]
pub struct Block {
    pub pictures: Range<usize>,
    pub rows: Range<usize>,
}

impl Block {
    fn n_tiles(&self, geometry: &Geometry) -> usize {
        self.pictures.len() * self.rows.len() * geometry.grid()[1]
    }

    /// Picture, row and column of each tile.
    #[inline(always)]
    pub fn tiles(&self, geometry: &Geometry) -> impl Iterator<Item = [usize; 3]> {
        let (rows, n_columns) = (self.rows.clone(), geometry.grid()[1]);
        let places =
            move |n| rows.clone().flat_map(move |row| (0..n_columns).map(move |column| [n, row, column]));
        self.pictures.clone().flat_map(places)
    }
}

/// From one plane of the points to the next: room for the tiles, whole lines of the cache, and one more, so that
/// planes do not fall on the same places in it.
fn plane_len(n_tiles: usize, channels: usize) -> usize {
    (n_tiles * channels).next_multiple_of(16) + 16
}

/// Numbers of working memory in which parts of these lengths begin with a line of the cache each.
fn work_len(lens: &[usize]) -> usize {
    lens.iter().map(|len| len.next_multiple_of(16)).sum::<usize>() + 16
}

/// Lends working memory to `work` that begins with a line of the cache.
fn with_work<const N: usize>(lens: [usize; N], work: impl FnOnce([&mut [f32]; N])) {
    WORK.with_borrow_mut(|numbers| {
        let len = work_len(&lens);
        if numbers.len() < len {
            *numbers = vec![0.0; len];
        }
        let start = numbers.as_ptr().align_offset(64).min(16);
        let mut rest = &mut numbers[start..];
        work(lens.map(|len| {
            let (part, behind) = std::mem::take(&mut rest).split_at_mut(len.next_multiple_of(16));
            rest = behind;
            &mut part[..len]
        }));
    });
}

/// `(r, r, C, O)` to `(36, C, O)`, by what each of the taps counts for at the points.
fn weights_to_points(coefficients: &[f32], n_taps: usize, weights: &[f32], points: &mut [f32]) {
    let len = weights.len() / n_taps;
    // A few planes at a time for each thread.
    let n_planes = 4;
    points.par_chunks_mut(n_planes * len).zip(coefficients.par_chunks(n_planes * n_taps)).for_each(
        |(points, coefficients)| {
            let product =
                Product::of_matrices([n_planes, len, n_taps], (coefficients, [n_taps, 1]), (weights, len));
            product.run(points, len);
        },
    );
}

/// Gradients of results to their values at the points.
///
/// # Safety
/// The points have 36 planes with room for the block's tiles, and the maps hold all its pictures.
unsafe fn gradients_to_points(to_points: ToPoints) {
    // SAFETY: passed on.
    unsafe {
        match to_points.geometry.taps {
            3 => simd::run(&GradientsToPoints::<4>(to_points)),
            _ => simd::run(&GradientsToPoints::<2>(to_points)),
        }
    }
}

/// Products at the points, `(36, tiles, O)`, each of the 36 `plane` behind the one before, to the results of a block.
///
/// # Safety
/// There are so many planes with all tiles of the block, and `results` are those of its rows and pictures.
unsafe fn to_results(
    geometry: &Geometry,
    block: Block,
    points: &[f32],
    plane: usize,
    finish: Finish,
    results: &mut [f32],
) {
    let (points, results, Finish { bias, relu }) = (points.as_ptr(), results.as_mut_ptr(), finish);
    // SAFETY: passed on.
    unsafe {
        match geometry.taps {
            3 => simd::run(&ToResults::<4> { geometry, block, points, plane, bias, relu, results }),
            _ => simd::run(&ToResults::<2> { geometry, block, points, plane, bias, relu, results }),
        }
    }
}

/// A convolution forward, or backward to its maps.
pub struct Convolution {
    geometry: Geometry,
    coefficients: Vec<f32>,
    zeros: Vec<f32>,
}

/// What is done to the sums of a convolution.
#[derive(Clone, Copy)]
pub struct Finish<'a> {
    pub bias: Option<&'a [f32]>,
    pub relu: bool,
}

impl Convolution {
    pub fn new(geometry: Geometry) -> Self {
        Self { geometry, coefficients: geometry.coefficients(), zeros: vec![0.0; geometry.from.channels] }
    }

    /// Room for the weights at the points, or for maps and products.
    pub fn scratch_len(&self) -> usize {
        match self.geometry.is_deep() {
            true => self.geometry.deep_scratch_len(),
            false => self.geometry.weights_len(),
        }
    }

    /// What it keeps, and what the threads keep of its tiles.
    pub fn kept(&self) -> Kept {
        self.geometry.kept(4 * (self.coefficients.len() + self.zeros.len()))
    }

    /// From `(N, H, W, C)` and weights `(r, r, C, O)` to `(N, H', W', O)`.
    pub fn run(&self, from: &[f32], weights: &[f32], finish: Finish, to: &mut [f32], scratch: &mut [f32]) {
        let geometry = &self.geometry;
        assert!(
            from.len() == geometry.batch * geometry.from.len()
                && to.len() == geometry.batch * geometry.to.len()
        );
        assert!(finish.bias.is_none_or(|bias| bias.len() == geometry.to.channels));
        if geometry.is_deep() {
            let deep = Deep { geometry, coefficients: &self.coefficients };
            return deep.convolve(&self.zeros, [from, weights], finish, to, scratch);
        }
        weights_to_points(&self.coefficients, geometry.taps * geometry.taps, weights, scratch);
        let weights = &*scratch;
        let [n_pictures, n_rows] = geometry.block_size(geometry.batch, PARTS);
        let picture = geometry.to.len();
        to.par_chunks_mut(n_pictures * picture).enumerate().for_each(|(i, to)| {
            let pictures = i * n_pictures..i * n_pictures + to.len() / picture;
            if n_rows == geometry.grid()[0] {
                let block = Block { pictures, rows: 0..n_rows };
                return self.block(block, from, weights, finish, to);
            }
            let rows = n_rows * geometry.side() * geometry.to.width * geometry.to.channels;
            to.par_chunks_mut(rows).enumerate().for_each(|(i, to)| {
                let rows = i * n_rows..((i + 1) * n_rows).min(geometry.grid()[0]);
                self.block(Block { pictures: pictures.clone(), rows }, from, weights, finish, to);
            });
        });
    }

    fn block(&self, block: Block, from: &[f32], weights: &[f32], finish: Finish, to: &mut [f32]) {
        let geometry = &self.geometry;
        let [c, o] = [geometry.from.channels, geometry.to.channels];
        let n_tiles = block.n_tiles(geometry);
        let planes = [plane_len(n_tiles, c), plane_len(n_tiles, o)];
        with_work(planes.map(|plane| N_PRODUCTS * plane), |[maps, products]| {
            let to_points = ToPoints {
                geometry,
                block: block.clone(),
                maps: from,
                zeros: &self.zeros,
                points: maps.as_mut_ptr(),
                plane: planes[0],
            };
            // SAFETY: `maps` has 36 planes with room for the block's tiles, and `from` holds all pictures.
            unsafe { simd::run(&MapsToPoints(to_points)) };
            let pairs = maps.chunks_exact(planes[0]).zip(weights.chunks_exact(c * o));
            for ((maps, weights), products) in pairs.zip(products.chunks_exact_mut(planes[1])) {
                let product = Product::of_matrices([n_tiles, o, c], (maps, [c, 1]), (weights, o));
                product.run(products, o);
            }
            // SAFETY: `to` are the results of the block's rows and pictures, and `products` has 36 planes of its tiles.
            unsafe { to_results(geometry, block, products, planes[1], finish, to) };
        });
    }
}
