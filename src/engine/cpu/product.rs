//! The register-tiled product that convolutions are made of.
//!
//! A convolution's three passes are all sums of the form
//! `c[r, j] = Σ_o Σ_i a[r·row + o·outer + i·inner] · b[o·outer' + i·inner' + j]`:
//! forward, `r` runs over a row of output pixels, `(o, i)` over the rows and columns of the window with all
//! their channels, which lie side by side in a picture stored channel-last; backward likewise; for the
//! weights `r` runs over a window's row and `(o, i)` over the output pixels. So one kernel, with general
//! strides, serves them all without copying windows into a matrix first. It keeps a tile of `c` in registers
//! for the whole sum.

use super::simd::{Lanes, Level, Plain, level};

/// One product over strided operands. All strides in numbers.
#[derive(Clone, Copy)]
pub struct Product<'a> {
    pub a: &'a [f32],
    pub a_row: usize,
    pub a_outer: usize,
    pub a_inner: usize,
    /// Rows of `cols` numbers side by side.
    pub b: &'a [f32],
    pub b_outer: usize,
    pub b_inner: usize,
    pub rows: usize,
    pub cols: usize,
    pub n_outer: usize,
    pub n_inner: usize,
    pub start: Start<'a>,
    /// Whether negative sums become 0.
    pub relu: bool,
}

/// What the sum is added to.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    Zero,
    /// One number for each column.
    Bias(&'a [f32]),
    /// What `c` holds.
    Old,
}

impl<'a> Product<'a> {
    /// That of two matrices, summed from nothing: a has `rows` of `inner` numbers, `strides` from row to row and along a
    /// row; b has `inner` rows of `cols` numbers side by side, which begin `b_row` apart.
    pub fn of_matrices(
        [rows, cols, inner]: [usize; 3],
        (a, strides): (&'a [f32], [usize; 2]),
        (b, b_row): (&'a [f32], usize),
    ) -> Self {
        Self {
            a,
            a_row: strides[0],
            a_outer: 0,
            a_inner: strides[1],
            b,
            b_outer: 0,
            b_inner: b_row,
            rows,
            cols,
            n_outer: 1,
            n_inner: inner,
            start: Start::Zero,
            relu: false,
        }
    }

    /// Computes into `c`, whose rows of `cols` numbers begin `c_row` apart.
    pub fn run(&self, c: &mut [f32], c_row: usize) {
        let last_row = self.rows.saturating_sub(1) * c_row;
        assert!(self.rows == 0 || last_row + self.cols <= c.len(), "a product's result fits");
        // SAFETY: the result fits, and `c` is borrowed for it.
        unsafe { self.run_at(c.as_mut_ptr(), c_row) };
    }

    /// The same into places between which other threads write theirs.
    ///
    /// # Safety
    /// From `c` on there are `rows` rows of `cols` numbers, `c_row` apart, that nobody else touches meanwhile.
    pub unsafe fn run_at(&self, c: *mut f32, c_row: usize) {
        if self.rows == 0 || self.cols == 0 {
            return;
        }
        self.check();
        // SAFETY: `check` has bounded every place of the operands that the strides can reach, the caller vouches for
        // those of the result, and `level` for the instructions.
        unsafe {
            match level() {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => avx512(self, c, c_row),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => avx2(self, c, c_row),
                _ => tiles::<Plain, 6>(self, c, c_row),
            }
        }
    }

    fn check(&self) {
        let last = |n: usize, stride: usize| n.saturating_sub(1) * stride;
        if self.n_outer > 0 && self.n_inner > 0 {
            let a = last(self.rows, self.a_row)
                + last(self.n_outer, self.a_outer)
                + last(self.n_inner, self.a_inner);
            let b = last(self.n_outer, self.b_outer) + last(self.n_inner, self.b_inner) + self.cols;
            assert!(a < self.a.len() && b <= self.b.len(), "a product's strides stay within its operands");
        }
        if let Start::Bias(bias) = self.start {
            assert!(bias.len() >= self.cols);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(product: &Product, c: *mut f32, c_row: usize) {
    // SAFETY: passed on. 14 × 2 sums, 2 columns and a row make 31 of 32 registers.
    unsafe { tiles::<super::simd::Avx512, 14>(product, c, c_row) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(product: &Product, c: *mut f32, c_row: usize) {
    // SAFETY: passed on. 6 × 2 sums, 2 columns and a row make 15 of 16 registers.
    unsafe { tiles::<super::simd::Avx2, 6>(product, c, c_row) }
}

/// Fours of rows in a tile, at most.
const MOST_FOURS: usize = 4;

/// The same value, of which the compiler knows nothing. It would else find each row's place from that of the
/// row before, one addition behind the other, which takes longer than the products.
#[inline(always)]
fn opaque(value: usize) -> usize {
    let mut value = value;
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}

/// Cuts the result into tiles of at most `MOST × 2·N`, rows in equal shares.
#[inline(always)]
unsafe fn tiles<L: Lanes, const MOST: usize>(product: &Product, c: *mut f32, c_row: usize) {
    let n_blocks = product.rows.div_ceil(MOST);
    let mut j = 0;
    while j < product.cols {
        let cols = (product.cols - j).min(2 * L::N);
        let mut r = 0;
        for block in 0..n_blocks {
            let rows = (product.rows - r).div_ceil(n_blocks - block);
            // SAFETY: `r` and `j` lie within the bounds that `check` has checked.
            unsafe {
                let tile = Tile { product, r, j, cols, c: c.add(r * c_row + j), c_row };
                let vectors = cols.div_ceil(L::N);
                match (vectors, cols.is_multiple_of(L::N)) {
                    (1, true) => tile.rows::<L, 1, false>(rows),
                    (1, false) => tile.rows::<L, 1, true>(rows),
                    (_, true) => tile.rows::<L, 2, false>(rows),
                    (_, false) => tile.rows::<L, 2, true>(rows),
                }
            }
            r += rows;
        }
        j += cols;
    }
}

/// A part of the result that fits into registers.
struct Tile<'a> {
    product: &'a Product<'a>,
    r: usize,
    j: usize,
    cols: usize,
    c: *mut f32,
    c_row: usize,
}

impl Tile<'_> {
    #[inline(always)]
    unsafe fn rows<L: Lanes, const V: usize, const PARTIAL: bool>(&self, rows: usize) {
        // SAFETY: passed on.
        unsafe {
            match rows {
                1 => self.sum::<L, 1, V, PARTIAL>(),
                2 => self.sum::<L, 2, V, PARTIAL>(),
                3 => self.sum::<L, 3, V, PARTIAL>(),
                4 => self.sum::<L, 4, V, PARTIAL>(),
                5 => self.sum::<L, 5, V, PARTIAL>(),
                6 => self.sum::<L, 6, V, PARTIAL>(),
                // More rows than six are asked for only where a vector is 16 wide.
                _ if L::N < 16 => unreachable!("a tile has six rows at most"),
                7 => self.sum::<L, 7, V, PARTIAL>(),
                8 => self.sum::<L, 8, V, PARTIAL>(),
                9 => self.sum::<L, 9, V, PARTIAL>(),
                10 => self.sum::<L, 10, V, PARTIAL>(),
                11 => self.sum::<L, 11, V, PARTIAL>(),
                12 => self.sum::<L, 12, V, PARTIAL>(),
                13 => self.sum::<L, 13, V, PARTIAL>(),
                _ => self.sum::<L, 14, V, PARTIAL>(),
            }
        }
    }

    /// A tile of `R` rows and `V` vectors, the last of them filled in part where `PARTIAL`.
    #[inline(always)]
    unsafe fn sum<L: Lanes, const R: usize, const V: usize, const PARTIAL: bool>(&self) {
        let p = self.product;
        let tail = self.cols - (V - 1) * L::N;
        // SAFETY: `Product::check` has bounded every place.
        unsafe {
            let load = |from: *const f32, v: usize| match PARTIAL && v == V - 1 {
                true => L::load_first(from.add(v * L::N), tail),
                false => L::load(from.add(v * L::N)),
            };
            let mut sums = [[L::splat(0.0); V]; R];
            match p.start {
                Start::Zero => {}
                Start::Bias(bias) => {
                    for v in 0..V {
                        let bias = load(bias.as_ptr().add(self.j), v);
                        sums.iter_mut().for_each(|row| row[v] = bias);
                    }
                }
                Start::Old => {
                    for (r, row) in sums.iter_mut().enumerate() {
                        for (v, sum) in row.iter_mut().enumerate() {
                            *sum = load(self.c.add(r * self.c_row), v);
                        }
                    }
                }
            }
            let strides = [0, p.a_row, 2 * p.a_row, 3 * p.a_row].map(opaque);
            for o in 0..p.n_outer {
                let first = p.a.as_ptr().wrapping_add(self.r * p.a_row + o * p.a_outer);
                // Where every fourth row begins.
                let mut fours: [*const f32; MOST_FOURS] =
                    std::array::from_fn(|four| first.wrapping_add(opaque(4 * four * p.a_row)));
                let mut b = p.b.as_ptr().wrapping_add(self.j + o * p.b_outer);
                for _ in 0..p.n_inner {
                    let columns: [L; V] = std::array::from_fn(|v| load(b, v));
                    for (r, row) in sums.iter_mut().enumerate() {
                        let x = L::splat(*fours[r / 4].wrapping_add(strides[r % 4]));
                        for (sum, column) in row.iter_mut().zip(columns) {
                            *sum = x.mul_add(column, *sum);
                        }
                    }
                    for four in &mut fours[..R.div_ceil(4)] {
                        *four = four.wrapping_add(p.a_inner);
                    }
                    b = b.wrapping_add(p.b_inner);
                }
            }
            for (r, row) in sums.into_iter().enumerate() {
                for (v, sum) in row.into_iter().enumerate() {
                    let sum = if p.relu { sum.rectified() } else { sum };
                    let to = self.c.add(r * self.c_row + v * L::N);
                    match PARTIAL && v == V - 1 {
                        true => sum.store_first(to, tail),
                        false => sum.store(to),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::random::{Key, Purpose};

    fn naive(p: &Product, c: &mut [f32], c_row: usize) {
        for r in 0..p.rows {
            for j in 0..p.cols {
                let mut sum = match p.start {
                    Start::Zero => 0.0,
                    Start::Bias(bias) => bias[j] as f64,
                    Start::Old => c[r * c_row + j] as f64,
                };
                for o in 0..p.n_outer {
                    for i in 0..p.n_inner {
                        let a = p.a[r * p.a_row + o * p.a_outer + i * p.a_inner] as f64;
                        sum += a * p.b[o * p.b_outer + i * p.b_inner + j] as f64;
                    }
                }
                c[r * c_row + j] = if p.relu { sum.max(0.0) } else { sum } as f32;
            }
        }
    }

    /// Over odd sizes of every kind; sums of some 50 products of numbers below 1 round to within 1e-5.
    #[test]
    fn a_product_matches_the_naive_sum() {
        let key = Key::new(5, Purpose::InitialWeights);
        let numbers: Vec<f32> = (0..40_000).map(|i| key.uniform(i) - 0.5).collect();
        for case in 0..200u32 {
            let draw = |i, n| key.with(case).below(i, n) as usize;
            let (rows, cols) = (1 + draw(0, 31), 1 + draw(1, 70));
            let (n_outer, n_inner) = (1 + draw(2, 4), 1 + draw(3, 12));
            let start = [Start::Zero, Start::Bias(&numbers[7..]), Start::Old][draw(4, 3)];
            let product = Product {
                a: &numbers,
                a_row: 1 + draw(5, 9),
                a_outer: draw(6, 50),
                a_inner: 1 + draw(7, 5),
                b: &numbers[11..],
                b_outer: n_inner * cols,
                b_inner: cols,
                rows,
                cols,
                n_outer,
                n_inner,
                start,
                relu: draw(8, 2) == 1,
            };
            let c_row = cols + draw(9, 3);
            let mut expected = numbers[..rows * c_row].to_vec();
            let mut c = expected.clone();
            naive(&product, &mut expected, c_row);
            product.run(&mut c, c_row);
            for (c, expected) in c.iter().zip(&expected) {
                assert!((c - expected).abs() < 1e-5, "case {case}: {c} against {expected}");
            }
        }
    }

    #[test]
    fn what_is_no_number_passes_the_rectifier() {
        let product = Product {
            a: &[1.0],
            a_row: 0,
            a_outer: 0,
            a_inner: 0,
            b: &[f32::NAN, -1.0, 2.0],
            b_outer: 0,
            b_inner: 3,
            rows: 1,
            cols: 3,
            n_outer: 1,
            n_inner: 1,
            start: Start::Zero,
            relu: true,
        };
        let mut c = [0.0; 3];
        product.run(&mut c, 3);
        assert!(c[0].is_nan() && c[1..] == [0.0, 2.0], "{c:?}");
    }
}
