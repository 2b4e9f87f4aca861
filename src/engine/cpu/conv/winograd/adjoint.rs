//! The gradient by the maps on the forward pass's own tiles. As a correlation it is one over dy with its padding, of
//! which maps without padding of their own take more tiles than they have themselves: 6×6 against 4×4 where a window of
//! 5×5 moves over 12×12. Here the forward pass, `y = Aᵀ[(G·g) ⊙ (Bᵀ·d)]`, is turned round step by step, `dd = B·[(G·g) ⊙
//! (A·dy)]`: what a tile gives to the pixels that it has read is added up where tiles overlap, in their order.

use rayon::prelude::*;

use super::transforms::{
    Along, FAR, FAR_2, N_POINTS, NEAR, NEAR_2, Points, Slice, Target, ToPoints, both_ways,
};
use super::{
    Block, Geometry, N_PRODUCTS, PARTS, gradients_to_points, plane_len, weights_to_points, with_work,
};
use crate::engine::cpu::Kept;
use crate::engine::cpu::product::Product;
use crate::engine::cpu::simd::{self, Lanes, Vectored};
use crate::graph::layers::Pass;
use crate::graph::layers::conv::ConvStep;

/// The gradient by the maps.
pub struct Adjoint {
    /// That of the forward pass.
    geometry: Geometry,
    coefficients: Vec<f32>,
    zeros: Vec<f32>,
}

impl Adjoint {
    /// For a step to which this is quicker than the correlation: with a quarter more tiles, that one takes longer.
    pub fn quicker(step: &ConvStep) -> Option<Self> {
        let n_tiles = |geometry: &Geometry| geometry.grid()[0] * geometry.grid()[1];
        let own = Geometry::of(&ConvStep { pass: Pass::Forward, ..*step })?;
        let correlation = Geometry::of(&ConvStep { pass: Pass::Backward, ..*step })?;
        let is_quicker = own.is_quicker() && !own.is_deep() && 5 * n_tiles(&own) <= 4 * n_tiles(&correlation);
        is_quicker.then(|| Self::new(own))
    }

    pub fn new(geometry: Geometry) -> Self {
        // The weights come turned, the last tap first.
        let n_taps = geometry.taps * geometry.taps;
        let mut coefficients = geometry.coefficients();
        coefficients.chunks_exact_mut(n_taps).for_each(<[f32]>::reverse);
        Self { geometry, coefficients, zeros: vec![0.0; geometry.to.channels] }
    }

    /// Room for the weights at the points.
    pub fn scratch_len(&self) -> usize {
        self.geometry.weights_len()
    }

    /// What it keeps, and what the threads keep of its tiles.
    pub fn kept(&self) -> Kept {
        self.geometry.kept(4 * (self.coefficients.len() + self.zeros.len()))
    }

    /// From dy `(N, H', W', O)` and turned weights `(r, r, O, C)` to dx `(N, H, W, C)`.
    pub fn run(&self, dy: &[f32], turned: &[f32], dx: &mut [f32], scratch: &mut [f32]) {
        let geometry = &self.geometry;
        assert!(dy.len() == geometry.batch * geometry.to.len());
        assert!(dx.len() == geometry.batch * geometry.from.len());
        weights_to_points(&self.coefficients, geometry.taps * geometry.taps, turned, scratch);
        let weights = &*scratch;
        let [n_pictures, n_rows] = geometry.block_size(geometry.batch, PARTS);
        let picture = geometry.from.len();
        dx.par_chunks_mut(n_pictures * picture).enumerate().for_each(|(i, dx)| {
            dx.fill(0.0);
            let pictures = i * n_pictures..i * n_pictures + dx.len() / picture;
            for row in (0..geometry.grid()[0]).step_by(n_rows) {
                let rows = row..(row + n_rows).min(geometry.grid()[0]);
                self.block(Block { pictures: pictures.clone(), rows }, dy, weights, dx);
            }
        });
    }

    /// Adds to the gradients of a block's pictures.
    fn block(&self, block: Block, dy: &[f32], weights: &[f32], dx: &mut [f32]) {
        let geometry = &self.geometry;
        let [c, o] = [geometry.from.channels, geometry.to.channels];
        let n_tiles = block.n_tiles(geometry);
        let planes = [o, c].map(|channels| plane_len(n_tiles, channels));
        with_work(planes.map(|plane| N_PRODUCTS * plane), |[gradients, products]| {
            let to_points = ToPoints {
                geometry,
                block: block.clone(),
                maps: dy,
                zeros: &self.zeros,
                points: gradients.as_mut_ptr(),
                plane: planes[0],
            };
            // SAFETY: `gradients` has 36 planes with room for the block's tiles, and dy holds all pictures.
            unsafe { gradients_to_points(to_points) };
            let pairs = gradients.chunks_exact(planes[0]).zip(weights.chunks_exact(c * o));
            for ((gradients, weights), products) in pairs.zip(products.chunks_exact_mut(planes[1])) {
                let product = Product::of_matrices([n_tiles, c, o], (gradients, [o, 1]), (weights, c));
                product.run(products, c);
            }
            let (points, plane) = (products.as_ptr(), planes[1]);
            // SAFETY: `products` has 36 planes of the block's tiles, and dx room for its pictures.
            unsafe { simd::run(&ToMaps { geometry, block, points, plane, maps: dx.as_mut_ptr() }) };
        });
    }
}

/// `B·m` for what came of the six points: the transform of the maps with rows and columns exchanged.
struct OfProducts;

impl Along<N_POINTS, N_POINTS> for OfProducts {
    #[inline(always)]
    unsafe fn along<L: Lanes>(m: [L; N_POINTS]) -> [L; N_POINTS] {
        // SAFETY: passed on.
        unsafe {
            let zero = L::splat(0.0);
            let even = [m[1].add(m[2]), m[3].add(m[4])];
            let odd = [
                m[1].sub(m[2]).mul_add(L::splat(NEAR as f32), zero),
                m[3].sub(m[4]).mul_add(L::splat(FAR as f32), zero),
            ];
            let (near_2, far_2) = (L::splat(-NEAR_2 as f32), L::splat(-FAR_2 as f32));
            let (sum, product) = (L::splat(-(NEAR_2 + FAR_2) as f32), L::splat((NEAR_2 * FAR_2) as f32));
            [
                m[0].mul_add(product, zero),
                m[5].mul_add(product, odd[0].mul_add(far_2, odd[1].mul_add(near_2, zero))),
                m[0].mul_add(sum, even[0].mul_add(far_2, even[1].mul_add(near_2, zero))),
                m[5].mul_add(sum, odd[0].add(odd[1])),
                m[0].add(even[0].add(even[1])),
                m[5],
            ]
        }
    }
}

/// The pixels that a tile has read, by their places; none where it reads outside.
struct Sums<'a> {
    places: &'a [[*mut f32; N_POINTS]; N_POINTS],
    slice: Slice,
}

impl Target for Sums<'_> {
    #[inline(always)]
    unsafe fn store<L: Lanes>(&self, row: usize, column: usize, x: L) {
        let place = self.places[row][column];
        if place.is_null() {
            return;
        }
        // SAFETY: passed on.
        unsafe { self.slice.store(self.slice.load::<L>(place).add(x), place) }
    }
}

/// Products at the points and the pixels to whose gradients they are added.
struct ToMaps<'a> {
    geometry: &'a Geometry,
    block: Block,
    /// `(36, tiles, C)`, each of the 36 `plane` behind the one before.
    points: *const f32,
    plane: usize,
    /// The block's pictures, `(pictures, H, W, C)`.
    maps: *mut f32,
}

impl Vectored for ToMaps<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let (maps, padding) = (self.geometry.from, self.geometry.padding);
        let (channels, side) = (maps.channels, self.geometry.side());
        let mut from = self.points;
        for [picture, row, column] in self.block.tiles(self.geometry) {
            let first = (picture - self.block.pictures.start) * maps.area();
            let mut places = [[std::ptr::null_mut(); N_POINTS]; N_POINTS];
            for (u, places) in places.iter_mut().enumerate() {
                // What lies before the maps wraps to far behind them.
                let y = (row * side + u).wrapping_sub(padding[0]);
                for (v, place) in places.iter_mut().enumerate() {
                    let x = (column * side + v).wrapping_sub(padding[1]);
                    if y < maps.height && x < maps.width {
                        *place = self.maps.wrapping_add((first + y * maps.width + x) * channels);
                    }
                }
            }
            for first in (0..channels).step_by(L::N) {
                let slice = Slice { first, n: channels - first };
                let points = Points { first: from, plane: self.plane, slice };
                let sums = Sums { places: &places, slice };
                // SAFETY: a place that is not null is a pixel of the block's pictures, with all its channels; of each
                // plane a tile's channels are left from `from` on.
                unsafe {
                    match slice.n < L::N {
                        true => both_ways::<L, OfProducts, N_POINTS, N_POINTS>(&points, &sums),
                        false => {
                            let sums = Sums { slice: Slice { n: L::N, ..slice }, ..sums };
                            both_ways::<L, OfProducts, N_POINTS, N_POINTS>(&points.whole::<L>(), &sums)
                        }
                    }
                }
            }
            from = from.wrapping_add(channels);
        }
    }
}
