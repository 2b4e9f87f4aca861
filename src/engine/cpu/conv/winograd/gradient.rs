//! The gradient by the weights: summed over tiles at the points, and brought back to the taps at the end.

use std::ops::Range;

use super::deep::Deep;
use super::transforms::{MapsToPoints, ToPoints};
use super::{Block, FEWEST_TILES, Geometry, N_PRODUCTS, gradients_to_points, plane_len, with_work, work_len};
use crate::engine::cpu::Kept;
use crate::engine::cpu::product::{Product, Start};
use crate::engine::cpu::simd;

/// The gradient by the weights.
pub struct WeightsGradient {
    geometry: Geometry,
    coefficients: Vec<f32>,
    zeros: [Vec<f32>; 2],
}

impl WeightsGradient {
    pub fn new(geometry: Geometry) -> Self {
        let zeros = [geometry.from, geometry.to].map(|maps| vec![0.0; maps.channels]);
        Self { geometry, coefficients: geometry.coefficients(), zeros }
    }

    /// Room that a whole batch takes where its layer has many channels; others are summed share by share.
    pub fn deep_scratch_len(&self) -> Option<usize> {
        self.geometry.is_deep().then(|| self.geometry.deep_scratch_len())
    }

    /// The sum over the whole batch of a layer of many channels.
    pub fn run_deep(&self, x: &[f32], dy: &[f32], dw: &mut [f32], scratch: &mut [f32]) {
        let zeros = [&self.zeros[0][..], &self.zeros[1]];
        Deep { geometry: &self.geometry, coefficients: &self.coefficients }.weights(
            zeros,
            [x, dy],
            dw,
            scratch,
        );
    }

    /// Pictures below which the end of a sum, from the points to the taps, would be much of the work: it costs r²
    /// products where a tile costs one.
    pub fn fewest_pictures(&self) -> usize {
        let n_taps = self.geometry.taps * self.geometry.taps;
        let n_tiles = (2 * FEWEST_TILES).max(5 * n_taps);
        n_tiles.div_ceil(self.geometry.grid()[0] * self.geometry.grid()[1])
    }

    /// What it keeps, and what the threads keep where one sums over so many pictures.
    pub fn kept(&self, n_pictures: usize) -> Kept {
        let own = 4 * (self.coefficients.len() + self.zeros.iter().map(Vec::len).sum::<usize>());
        Kept { own, tiles: work_len(&self.lens(n_pictures).1), ..Kept::default() }
    }

    /// How many pictures and rows of tiles are worked on together of so many pictures; and numbers in the maps, the
    /// gradients and the sums of their tiles at the points.
    fn lens(&self, n_pictures: usize) -> ([usize; 2], [usize; 3]) {
        let geometry = &self.geometry;
        let [n_pictures, n_rows] = geometry.block_size(n_pictures, 1);
        let n_tiles = n_pictures * n_rows * geometry.grid()[1];
        let [maps, gradients] = [geometry.from, geometry.to].map(|maps| plane_len(n_tiles, maps.channels));
        let sums = geometry.from.channels * geometry.to.channels + 16;
        ([n_pictures, n_rows], [maps, gradients, sums].map(|plane| N_PRODUCTS * plane))
    }

    /// From x `(N, H, W, C)` and dy `(N, H', W', O)` to dw `(r, r, C, O)`, the sum over some of the pictures.
    pub fn run(&self, x: &[f32], dy: &[f32], pictures: Range<usize>, dw: &mut [f32]) {
        let geometry = &self.geometry;
        let ([n_pictures, n_rows], lens) = self.lens(pictures.len());
        let [planes @ .., sums_plane] = lens.map(|len| len / N_PRODUCTS);
        with_work(lens, |[maps, gradients, sums]| {
            let mut start = Start::Zero;
            for first in pictures.clone().step_by(n_pictures) {
                for row in (0..geometry.grid()[0]).step_by(n_rows) {
                    let block = Block {
                        pictures: first..(first + n_pictures).min(pictures.end),
                        rows: row..(row + n_rows).min(geometry.grid()[0]),
                    };
                    self.to_points(&block, [x, dy], [&mut *maps, &mut *gradients], planes);
                    self.add_products(block.n_tiles(geometry), [maps, gradients], planes, start, sums);
                    start = Start::Old;
                }
            }
            self.to_taps(sums, sums_plane, dw);
        });
    }

    fn to_points(
        &self,
        block: &Block,
        [x, dy]: [&[f32]; 2],
        [maps, gradients]: [&mut [f32]; 2],
        planes: [usize; 2],
    ) {
        let geometry = &self.geometry;
        let to_points = |maps, zeros, points: &mut [f32], plane| ToPoints {
            geometry,
            block: block.clone(),
            maps,
            zeros,
            points: points.as_mut_ptr(),
            plane,
        };
        let of_maps = to_points(x, &self.zeros[0][..], maps, planes[0]);
        let of_gradients = to_points(dy, &self.zeros[1][..], gradients, planes[1]);
        // SAFETY: both have 36 planes with room for the block's tiles, and x and dy hold all pictures.
        unsafe {
            simd::run(&MapsToPoints(of_maps));
            gradients_to_points(of_gradients);
        }
    }

    /// Adds a block's share to the sums `(36, C, O)`.
    fn add_products(
        &self,
        n_tiles: usize,
        [maps, gradients]: [&[f32]; 2],
        planes: [usize; 2],
        start: Start,
        sums: &mut [f32],
    ) {
        let [c, o] = [self.geometry.from.channels, self.geometry.to.channels];
        let pairs = maps.chunks_exact(planes[0]).zip(gradients.chunks_exact(planes[1]));
        for ((maps, gradients), sums) in pairs.zip(sums.chunks_exact_mut(c * o + 16)) {
            let product =
                Product { start, ..Product::of_matrices([c, o, n_tiles], (maps, [1, c]), (gradients, o)) };
            product.run(sums, o);
        }
    }

    /// From the points back to the taps: `(36, C, O)` to `(r, r, C, O)`.
    fn to_taps(&self, sums: &[f32], plane: usize, dw: &mut [f32]) {
        let n_taps = self.geometry.taps * self.geometry.taps;
        let len = dw.len() / n_taps;
        let product =
            Product::of_matrices([n_taps, len, N_PRODUCTS], (&self.coefficients, [1, n_taps]), (sums, plane));
        product.run(dw, len);
    }
}
