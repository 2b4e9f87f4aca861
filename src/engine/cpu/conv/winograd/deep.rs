//! Layers of many channels, whose weights at the points no core's own cache holds: block by block they would come by
//! anew. Here all tiles of some pictures are brought to the points first, then each of the 36 is one product of whole
//! matrices, which are shared out over the threads.

use rayon::prelude::*;

use super::transforms::{MapsToPoints, ToPoints};
use super::{
    Block, Finish, Geometry, N_PRODUCTS, gradients_to_points, plane_len, to_results, weights_to_points,
};
use crate::engine::cpu::product::{Product, Start};
use crate::engine::cpu::simd;

/// Weights at the points above which a layer is one of these.
const MANY_WEIGHTS: usize = 1 << 20;

/// Tiles that are worked on together, unless one picture has more.
const MOST_TILES: usize = 256;

/// Sums that a task brings back to the taps.
const N_SUMS: usize = 4096;

/// Memory that several threads write to, each at places of its own.
#[derive(Clone, Copy)]
struct Places(*mut f32);

// SAFETY: it is an address; whoever writes there vouches for the places.
unsafe impl Send for Places {}
// SAFETY: as above.
unsafe impl Sync for Places {}

impl Places {
    fn at(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

impl Geometry {
    /// Whether the weights at the points are too many for a core's own cache.
    pub fn is_deep(&self) -> bool {
        self.weights_len() > MANY_WEIGHTS
    }

    /// What the weights cost beside the products of a picture, in products: as many as those of ten tiles, which are
    /// shared by the pictures of a batch, but never by so many that it would count for nothing.
    pub fn cost_of_deep_weights(&self) -> usize {
        10 * self.weights_len()
    }

    fn tiles_of_picture(&self) -> usize {
        self.grid()[0] * self.grid()[1]
    }

    pub fn pictures_together(&self) -> usize {
        (MOST_TILES / self.tiles_of_picture().max(1)).clamp(1, self.batch)
    }

    fn planes(&self) -> [usize; 2] {
        let n_tiles = self.pictures_together() * self.tiles_of_picture();
        [self.from, self.to].map(|maps| plane_len(n_tiles, maps.channels))
    }

    /// Room for maps, results and weights at the points.
    pub fn deep_scratch_len(&self) -> usize {
        N_PRODUCTS * self.planes().iter().sum::<usize>() + self.weights_len()
    }
}

/// The passes of a layer of many channels.
pub struct Deep<'a> {
    pub geometry: &'a Geometry,
    /// As [`Geometry::coefficients`] gives them.
    pub coefficients: &'a [f32],
}

impl Deep<'_> {
    /// Brings pictures, or gradients of results, to the points, each picture's tiles behind those of the one before.
    fn to_points(
        &self,
        of_results: bool,
        maps: &[f32],
        zeros: &[f32],
        n_pictures: usize,
        points: &mut [f32],
    ) {
        let extent = if of_results { self.geometry.to } else { self.geometry.from };
        let plane = self.geometry.planes()[of_results as usize];
        let n_tiles = self.geometry.tiles_of_picture();
        assert!(n_pictures <= self.geometry.pictures_together() && points.len() >= N_PRODUCTS * plane);
        assert!(maps.len() == n_pictures * extent.len() && zeros.len() == extent.channels);
        let places = Places(points.as_mut_ptr());
        (0..n_pictures).into_par_iter().for_each(|n| {
            let to_points = ToPoints {
                geometry: self.geometry,
                block: Block { pictures: n..n + 1, rows: 0..self.geometry.grid()[0] },
                maps,
                zeros,
                points: places.at(n * n_tiles * extent.channels),
                plane,
            };
            // SAFETY: each of the 36 planes has room for the tiles of all these pictures, and every picture its own.
            unsafe {
                match of_results {
                    false => simd::run(&MapsToPoints(to_points)),
                    true => gradients_to_points(to_points),
                }
            }
        });
    }

    /// From `(N, H, W, C)` and weights `(r, r, C, O)` to `(N, H', W', O)`.
    pub fn convolve(
        &self,
        zeros: &[f32],
        [from, weights]: [&[f32]; 2],
        finish: Finish,
        to: &mut [f32],
        scratch: &mut [f32],
    ) {
        let planes = self.geometry.planes();
        let (maps, rest) = scratch.split_at_mut(N_PRODUCTS * planes[0]);
        let (products, at_points) = rest.split_at_mut(N_PRODUCTS * planes[1]);
        let at_points = &mut at_points[..self.geometry.weights_len()];
        weights_to_points(self.coefficients, self.geometry.taps * self.geometry.taps, weights, at_points);
        let n_pictures = self.geometry.pictures_together();
        let parts = from.chunks(n_pictures * self.geometry.from.len());
        for (from, to) in parts.zip(to.chunks_mut(n_pictures * self.geometry.to.len())) {
            let n_pictures = from.len() / self.geometry.from.len();
            self.to_points(false, from, zeros, n_pictures, maps);
            self.multiply(n_pictures * self.geometry.tiles_of_picture(), [maps, at_points], products);
            let products = &*products;
            to.par_chunks_mut(self.geometry.to.len()).enumerate().for_each(|(n, to)| {
                let block = Block { pictures: n..n + 1, rows: 0..self.geometry.grid()[0] };
                let points = &products[n * self.geometry.tiles_of_picture() * self.geometry.to.channels..];
                // SAFETY: `to` are the results of the picture, and `products` has 36 planes of all tiles.
                unsafe { to_results(self.geometry, block, points, planes[1], finish, to) };
            });
        }
    }

    /// `(36, tiles, C)` by the weights at the points, `(36, C, O)`, to `(36, tiles, O)`.
    fn multiply(&self, n_tiles: usize, [maps, weights]: [&[f32]; 2], products: &mut [f32]) {
        let planes = self.geometry.planes();
        let [c, o] = [self.geometry.from.channels, self.geometry.to.channels];
        let sides = maps.par_chunks_exact(planes[0]).zip(weights.par_chunks_exact(c * o));
        products.par_chunks_exact_mut(planes[1]).zip(sides).for_each(|(products, (maps, weights))| {
            let product = Product::of_matrices([n_tiles, o, c], (maps, [c, 1]), (weights, o));
            product.run(products, o);
        });
    }

    /// From x `(N, H, W, C)` and dy `(N, H', W', O)` to dw `(r, r, C, O)`.
    pub fn weights(&self, zeros: [&[f32]; 2], [x, dy]: [&[f32]; 2], dw: &mut [f32], scratch: &mut [f32]) {
        let [c, o] = [self.geometry.from.channels, self.geometry.to.channels];
        let planes = self.geometry.planes();
        let (maps, rest) = scratch.split_at_mut(N_PRODUCTS * planes[0]);
        let (gradients, sums) = rest.split_at_mut(N_PRODUCTS * planes[1]);
        let sums = &mut sums[..self.geometry.weights_len()];
        let n_pictures = self.geometry.pictures_together();
        let pairs = x
            .chunks(n_pictures * self.geometry.from.len())
            .zip(dy.chunks(n_pictures * self.geometry.to.len()));
        for (part, (x, dy)) in pairs.enumerate() {
            let n_pictures = x.len() / self.geometry.from.len();
            self.to_points(false, x, zeros[0], n_pictures, maps);
            self.to_points(true, dy, zeros[1], n_pictures, gradients);
            let sides = maps.par_chunks_exact(planes[0]).zip(gradients.par_chunks_exact(planes[1]));
            sums.par_chunks_exact_mut(c * o).zip(sides).for_each(|(sums, (maps, gradients))| {
                let product = Product {
                    start: if part == 0 { Start::Zero } else { Start::Old },
                    ..Product::of_matrices(
                        [c, o, n_pictures * self.geometry.tiles_of_picture()],
                        (maps, [1, c]),
                        (gradients, o),
                    )
                };
                product.run(sums, o);
            });
        }
        self.to_taps(sums, dw);
    }

    /// From the points back to the taps: `(36, C, O)` to `(r, r, C, O)`.
    fn to_taps(&self, sums: &[f32], dw: &mut [f32]) {
        let n_taps = self.geometry.taps * self.geometry.taps;
        let len = self.geometry.from.channels * self.geometry.to.channels;
        assert!(dw.len() == n_taps * len);
        let places = Places(dw.as_mut_ptr());
        (0..len.div_ceil(N_SUMS)).into_par_iter().for_each(|task| {
            let first = task * N_SUMS;
            let product = Product::of_matrices(
                [n_taps, (len - first).min(N_SUMS), N_PRODUCTS],
                (self.coefficients, [1, n_taps]),
                (&sums[first..], len),
            );
            // SAFETY: these weights of each tap, all of which lie within dw, are this task's alone.
            unsafe { product.run_at(places.at(first), len) };
        });
    }
}
