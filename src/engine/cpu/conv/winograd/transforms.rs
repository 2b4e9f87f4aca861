//! From maps and gradients to their values at the six points, and from there to results, a vector of channels at a
//! time.
//!
//! There are no closures here: what is called with vectors must be inlined always, or it is compiled without their
//! instructions.

use super::{Block, Geometry};
use crate::engine::cpu::simd::{Lanes, Vectored};

/// Points along an axis, and pixels of the maps that a tile reads.
pub const N_POINTS: usize = 6;

/// The points are 0, ±[`NEAR`], ±[`FAR`] and infinity. These two lie so about 1 that rounding costs least, and their
/// powers are numbers of single precision.
pub const NEAR: f64 = 0.75;
pub const FAR: f64 = 1.5;

pub const NEAR_2: f64 = NEAR * NEAR;
pub const FAR_2: f64 = FAR * FAR;

/// A transform along one axis.
pub trait Along<const I: usize, const O: usize> {
    /// # Safety
    /// The processor has the instructions of `L`.
    unsafe fn along<L: Lanes>(x: [L; I]) -> [L; O];
}

/// `Bᵀ·d` for six pixels: with `M(x) = x·(x² − a²)·(x² − b²)`, for each point p the coefficients of `M / (x − p)`.
struct OfMaps;

impl Along<N_POINTS, N_POINTS> for OfMaps {
    #[inline(always)]
    unsafe fn along<L: Lanes>(d: [L; N_POINTS]) -> [L; N_POINTS] {
        // SAFETY: passed on.
        unsafe {
            let (near_2, far_2) = (L::splat(-NEAR_2 as f32), L::splat(-FAR_2 as f32));
            let [near, minus_near] = pair(NEAR, d[2].mul_add(far_2, d[4]), d[1].mul_add(far_2, d[3]));
            let [far, minus_far] = pair(FAR, d[2].mul_add(near_2, d[4]), d[1].mul_add(near_2, d[3]));
            let (sum, product) = (L::splat(-(NEAR_2 + FAR_2) as f32), L::splat((NEAR_2 * FAR_2) as f32));
            let zero = d[0].mul_add(product, d[2].mul_add(sum, d[4]));
            let infinity = d[1].mul_add(product, d[3].mul_add(sum, d[5]));
            [zero, near, minus_near, far, minus_far, infinity]
        }
    }
}

/// `A·y` for two or four gradients: the polynomial with these coefficients at the points.
struct OfGradients;

impl<const M: usize> Along<M, N_POINTS> for OfGradients {
    #[inline(always)]
    unsafe fn along<L: Lanes>(y: [L; M]) -> [L; N_POINTS] {
        // SAFETY: passed on.
        unsafe {
            let [mut near, mut far] = [[y[0], y[1]]; 2];
            if M == 4 {
                let (near_2, far_2) = (L::splat(NEAR_2 as f32), L::splat(FAR_2 as f32));
                near = [y[2].mul_add(near_2, y[0]), y[3].mul_add(near_2, y[1])];
                far = [y[2].mul_add(far_2, y[0]), y[3].mul_add(far_2, y[1])];
            }
            let ([near, minus_near], [far, minus_far]) =
                (pair(NEAR, near[0], near[1]), pair(FAR, far[0], far[1]));
            [y[0], near, minus_near, far, minus_far, y[M - 1]]
        }
    }
}

/// `even ± point·odd`.
#[inline(always)]
unsafe fn pair<L: Lanes>(point: f64, even: L, odd: L) -> [L; 2] {
    // SAFETY: passed on.
    unsafe { [odd.mul_add(L::splat(point as f32), even), odd.mul_add(L::splat(-point as f32), even)] }
}

/// `Aᵀ·x`: from the points to two or four results.
struct ToY;

impl<const M: usize> Along<N_POINTS, M> for ToY {
    #[inline(always)]
    unsafe fn along<L: Lanes>(x: [L; N_POINTS]) -> [L; M] {
        // SAFETY: passed on.
        unsafe {
            let even = [x[1].add(x[2]), x[3].add(x[4])];
            let odd = [x[1].sub(x[2]), x[3].sub(x[4])];
            let (near, far) = (L::splat(NEAR as f32), L::splat(FAR as f32));
            let mut y = [x[0].add(even[0].add(even[1])); M];
            if M == 2 {
                y[1] = odd[0].mul_add(near, odd[1].mul_add(far, x[5]));
                return y;
            }
            let zero = L::splat(0.0);
            let (near_2, far_2) = (L::splat(NEAR_2 as f32), L::splat(FAR_2 as f32));
            let odd = [odd[0].mul_add(near, zero), odd[1].mul_add(far, zero)];
            y[1] = odd[0].add(odd[1]);
            y[2] = even[0].mul_add(near_2, even[1].mul_add(far_2, zero));
            y[3] = odd[0].mul_add(near_2, odd[1].mul_add(far_2, x[5]));
            y
        }
    }
}

/// Where the numbers of a tile come from.
pub trait Source {
    /// # Safety
    /// The processor has the instructions of `L`, and the place its numbers.
    unsafe fn load<L: Lanes>(&self, row: usize, column: usize) -> L;
}

/// Where the numbers of a tile go.
pub trait Target {
    /// # Safety
    /// The processor has the instructions of `L`, and the place room.
    unsafe fn store<L: Lanes>(&self, row: usize, column: usize, x: L);
}

/// A transform along both axes, columns first.
///
/// # Safety
/// The processor has the instructions of `L`, the source its numbers, the target room.
#[inline(always)]
pub unsafe fn both_ways<L: Lanes, T: Along<I, O>, const I: usize, const O: usize>(
    from: &impl Source,
    to: &impl Target,
) {
    // SAFETY: passed on.
    unsafe {
        let zero = L::splat(0.0);
        let mut columns = [[zero; O]; I];
        for (v, column) in columns.iter_mut().enumerate() {
            let mut numbers = [zero; I];
            for (u, number) in numbers.iter_mut().enumerate() {
                *number = from.load(u, v);
            }
            *column = T::along(numbers);
        }
        for u in 0..O {
            let mut numbers = [zero; I];
            for (number, column) in numbers.iter_mut().zip(&columns) {
                *number = column[u];
            }
            for (v, number) in T::along(numbers).into_iter().enumerate() {
                to.store(u, v, number);
            }
        }
    }
}

/// One vector of a tile's channels: `n` of them from `first` on, which is less than a vector at the end only.
#[derive(Clone, Copy)]
pub struct Slice {
    pub first: usize,
    pub n: usize,
}

impl Slice {
    /// # Safety
    /// The processor has the instructions of `L`, and the place all channels.
    #[inline(always)]
    pub unsafe fn load<L: Lanes>(self, from: *const f32) -> L {
        // SAFETY: passed on.
        unsafe {
            match self.n < L::N {
                true => L::load_first(from.add(self.first), self.n),
                false => L::load(from.add(self.first)),
            }
        }
    }

    /// # Safety
    /// As above.
    #[inline(always)]
    pub unsafe fn store<L: Lanes>(self, x: L, to: *mut f32) {
        // SAFETY: passed on.
        unsafe {
            match self.n < L::N {
                true => x.store_first(to.add(self.first), self.n),
                false => x.store(to.add(self.first)),
            }
        }
    }
}

/// Pixels of a tile, by their places.
struct Pixels<'a, const S: usize> {
    places: &'a [[*const f32; S]; S],
    slice: Slice,
}

impl<const S: usize> Source for Pixels<'_, S> {
    #[inline(always)]
    unsafe fn load<L: Lanes>(&self, row: usize, column: usize) -> L {
        // SAFETY: passed on.
        unsafe { self.slice.load(self.places[row][column]) }
    }
}

/// A tile at the points, each of the 36 in a plane of its own.
pub struct Points<P> {
    pub first: P,
    pub plane: usize,
    pub slice: Slice,
}

impl Source for Points<*const f32> {
    #[inline(always)]
    unsafe fn load<L: Lanes>(&self, row: usize, column: usize) -> L {
        // SAFETY: passed on.
        unsafe { self.slice.load(self.first.add((row * N_POINTS + column) * self.plane)) }
    }
}

impl Target for Points<*mut f32> {
    #[inline(always)]
    unsafe fn store<L: Lanes>(&self, row: usize, column: usize, x: L) {
        // SAFETY: passed on.
        unsafe { self.slice.store(x, self.first.add((row * N_POINTS + column) * self.plane)) }
    }
}

/// The results of a tile, by their places; none where a tile hangs over the edge.
struct Results<'a, const M: usize> {
    places: &'a [[*mut f32; M]; M],
    bias: Option<*const f32>,
    relu: bool,
    slice: Slice,
}

impl<const M: usize> Target for Results<'_, M> {
    #[inline(always)]
    unsafe fn store<L: Lanes>(&self, row: usize, column: usize, x: L) {
        let place = self.places[row][column];
        if place.is_null() {
            return;
        }
        // SAFETY: passed on.
        unsafe {
            let mut y = x;
            if let Some(bias) = self.bias {
                y = y.add(self.slice.load(bias));
            }
            self.slice.store(if self.relu { y.rectified() } else { y }, place);
        }
    }
}

/// Tiles of maps, or of gradients of results, and where their values at the points go.
pub struct ToPoints<'a> {
    pub geometry: &'a Geometry,
    pub block: Block,
    /// All pictures, `(N, H, W, C)`.
    pub maps: &'a [f32],
    /// As many zeros as there are channels: the pixels outside.
    pub zeros: &'a [f32],
    /// `(36, tiles, C)`, each of the 36 `plane` behind the one before.
    pub points: *mut f32,
    pub plane: usize,
}

impl ToPoints<'_> {
    /// Transforms tiles of `S × S` pixels, the first of them `before` pixels above and left of the tile's own first
    /// result, in maps `(height, width, channels)`.
    #[inline(always)]
    unsafe fn transform<L: Lanes, T: Along<S, N_POINTS>, const S: usize>(
        &self,
        [height, width, channels]: [usize; 3],
        before: [usize; 2],
    ) {
        let side = self.geometry.side();
        let mut to = self.points;
        for [picture, row, column] in self.block.tiles(self.geometry) {
            let pixels = self.maps[picture * height * width * channels..].as_ptr();
            let mut places = [[self.zeros.as_ptr(); S]; S];
            for (u, places) in places.iter_mut().enumerate() {
                // What lies before the maps wraps to far behind them.
                let y = (row * side + u).wrapping_sub(before[0]);
                for (v, place) in places.iter_mut().enumerate() {
                    let x = (column * side + v).wrapping_sub(before[1]);
                    if y < height && x < width {
                        *place = pixels.wrapping_add((y * width + x) * channels);
                    }
                }
            }
            for first in (0..channels).step_by(L::N) {
                let slice = Slice { first, n: channels - first };
                let (from, to) =
                    (Pixels { places: &places, slice }, Points { first: to, plane: self.plane, slice });
                // SAFETY: every place has all channels: it is a pixel or the zeros; and of each plane a tile's channels
                // are left from `to` on.
                unsafe {
                    // Told apart here, so that whole vectors come without a question.
                    match slice.n < L::N {
                        true => both_ways::<L, T, S, N_POINTS>(&from, &to),
                        false => both_ways::<L, T, S, N_POINTS>(&from.whole::<L>(), &to.whole::<L>()),
                    }
                }
            }
            to = to.wrapping_add(channels);
        }
    }
}

impl<const S: usize> Pixels<'_, S> {
    #[inline(always)]
    fn whole<L: Lanes>(self) -> Self {
        Self { slice: Slice { n: L::N, ..self.slice }, ..self }
    }
}

impl<P> Points<P> {
    #[inline(always)]
    pub fn whole<L: Lanes>(self) -> Self {
        Self { slice: Slice { n: L::N, ..self.slice }, ..self }
    }
}

impl<const M: usize> Results<'_, M> {
    #[inline(always)]
    fn whole<L: Lanes>(self) -> Self {
        Self { slice: Slice { n: L::N, ..self.slice }, ..self }
    }
}

/// The maps' transform.
pub struct MapsToPoints<'a>(pub ToPoints<'a>);

/// That of gradients of results, in tiles of `M × M`.
pub struct GradientsToPoints<'a, const M: usize>(pub ToPoints<'a>);

impl Vectored for MapsToPoints<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let (maps, padding) = (self.0.geometry.from, self.0.geometry.padding);
        // SAFETY: passed on.
        unsafe { self.0.transform::<L, OfMaps, N_POINTS>([maps.height, maps.width, maps.channels], padding) }
    }
}

impl<const M: usize> Vectored for GradientsToPoints<'_, M> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let maps = self.0.geometry.to;
        // SAFETY: passed on.
        unsafe { self.0.transform::<L, OfGradients, M>([maps.height, maps.width, maps.channels], [0, 0]) }
    }
}

/// Products at the points and the `M × M` results of each tile that they make.
pub struct ToResults<'a, const M: usize> {
    pub geometry: &'a Geometry,
    pub block: Block,
    /// `(36, tiles, O)`, each of the 36 `plane` behind the one before.
    pub points: *const f32,
    pub plane: usize,
    pub bias: Option<&'a [f32]>,
    /// Whether negative results become 0.
    pub relu: bool,
    /// The results of the block, `(pictures, rows, W', O)`.
    pub results: *mut f32,
}

impl<const M: usize> Vectored for ToResults<'_, M> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let to = self.geometry.to;
        let channels = to.channels;
        let first_row = self.block.rows.start * M;
        let n_rows = (self.block.rows.end * M).min(to.height) - first_row;
        let bias = self.bias.map(<[f32]>::as_ptr);
        let mut from = self.points;
        for [picture, row, column] in self.block.tiles(self.geometry) {
            let first_pixel = ((picture - self.block.pictures.start) * n_rows * to.width) as isize
                - (first_row * to.width) as isize;
            let mut places = [[std::ptr::null_mut(); M]; M];
            for (u, places) in places.iter_mut().enumerate() {
                for (v, place) in places.iter_mut().enumerate() {
                    let (y, x) = (row * M + u, column * M + v);
                    if y < to.height && x < to.width {
                        let pixel = first_pixel + (y * to.width + x) as isize;
                        *place = self.results.wrapping_offset(pixel * channels as isize);
                    }
                }
            }
            for first in (0..channels).step_by(L::N) {
                let slice = Slice { first, n: channels - first };
                let points = Points { first: from, plane: self.plane, slice };
                let results = Results { places: &places, bias, relu: self.relu, slice };
                // SAFETY: a place that is not null is a pixel of the block, with room for all channels; of each plane a
                // tile's channels are left from `from` on; and there is a bias for each channel.
                unsafe {
                    match slice.n < L::N {
                        true => both_ways::<L, ToY, N_POINTS, M>(&points, &results),
                        false => {
                            both_ways::<L, ToY, N_POINTS, M>(&points.whole::<L>(), &results.whole::<L>())
                        }
                    }
                }
            }
            from = from.wrapping_add(channels);
        }
    }
}
