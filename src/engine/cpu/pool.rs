//! Pooling by the maximum, a vector of channels at a time: what a window chooses from stays in registers.

use std::ops::Range;

use rayon::prelude::*;

use super::simd::{self, Lanes, Vectored};
use crate::graph::layers::pool::PoolStep;

/// x `(N, H, W, C)` → y and the places of the winners, `(N, H', W', C)`.
pub fn maximum(step: &PoolStep, x: &[f32], y: &mut [f32], winners: &mut [f32]) {
    let (n_in, n_out) = (step.input.len(), step.output.len());
    let out = y.par_chunks_mut(n_out).zip(winners.par_chunks_mut(n_out));
    x.par_chunks(n_in).zip(out).for_each(|(x, (y, winners))| {
        assert!(x.len() == n_in && y.len() == n_out && winners.len() == n_out);
        let (y, winners) = (y.as_mut_ptr(), winners.as_mut_ptr());
        // SAFETY: x is a picture, and y and the winners have room for what becomes of it.
        unsafe { simd::run(&Maximum { step, x: x.as_ptr(), y, winners }) };
    });
}

/// dy and the winners `(N, H', W', C)` → dx `(N, H, W, C)`.
pub fn maximum_backward(step: &PoolStep, dy: &[f32], winners: &[f32], dx: &mut [f32]) {
    let (n_in, n_out) = (step.input.len(), step.output.len());
    let covers = covers(step);
    let incoming = dy.par_chunks(n_out).zip(winners.par_chunks(n_out));
    incoming.zip(dx.par_chunks_mut(n_in)).for_each(|((dy, winners), dx)| {
        assert!(dx.len() == n_in && dy.len() == n_out && winners.len() == n_out);
        if !covers {
            dx.fill(0.0);
        }
        let (dy, winners, dx) = (dy.as_ptr(), winners.as_ptr(), dx.as_mut_ptr());
        // SAFETY: dx has room for a picture, and dy and the winners are of what became of it.
        unsafe { simd::run(&MaximumBackward { step, dy, winners, dx, covers }) };
    });
}

/// Whether each pixel of a picture lies under one window.
fn covers(step: &PoolStep) -> bool {
    let [x, y] = [step.input, step.output].map(|maps| [maps.height, maps.width]);
    let window = &step.window;
    let along = |axis: usize| y[axis] * window.stride[axis] >= x[axis];
    window.stride == window.kernel && window.padding == [0, 0] && along(0) && along(1)
}

/// The taps of a window along one axis that lie inside the picture, and where the first of them lies.
#[inline(always)]
pub fn inside(step: &PoolStep, axis: usize, at: usize) -> (Range<usize>, usize) {
    let (size, window) = ([step.input.height, step.input.width][axis], &step.window);
    let (start, padding) = (at * window.stride[axis], window.padding[axis]);
    let first = padding.saturating_sub(start);
    let end = (size + padding).saturating_sub(start).min(window.kernel[axis]);
    (first..end, (start + first).saturating_sub(padding))
}

/// The pixels of a picture under one window.
struct Under {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Where the first of them begins in the picture.
    first: usize,
}

impl Under {
    #[inline(always)]
    fn of(step: &PoolStep, (rows, row): &(Range<usize>, usize), j: usize) -> Self {
        let (columns, column) = inside(step, 1, j);
        let first = (row * step.input.width + column) * step.input.channels;
        Self { rows: rows.clone(), columns, first }
    }
}

/// The forward pass over one picture.
struct Maximum<'a> {
    step: &'a PoolStep,
    x: *const f32,
    y: *mut f32,
    winners: *mut f32,
}

impl Vectored for Maximum<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let (step, channels) = (self.step, self.step.input.channels);
        let row_len = step.input.width * channels;
        let mut to = 0;
        for i in 0..step.output.height {
            let rows = inside(step, 0, i);
            for j in 0..step.output.width {
                let under = Under::of(step, &rows, j);
                for c in (0..channels).step_by(L::N) {
                    let n = channels - c;
                    // SAFETY: a window's pixels lie inside the picture, and `n` channels are left of each.
                    unsafe {
                        let first = self.x.add(under.first + c);
                        let mut most = L::load_up_to(first, n);
                        let place = under.rows.start * step.window.kernel[1] + under.columns.start;
                        let mut winner = L::splat(place as f32);
                        for (u, row) in under.rows.clone().enumerate() {
                            for (v, column) in under.columns.clone().enumerate() {
                                let x = L::load_up_to(first.add(u * row_len + v * channels), n);
                                let place = L::splat((row * step.window.kernel[1] + column) as f32);
                                winner = x.if_larger(most, place, winner);
                                most = x.if_larger(most, x, most);
                            }
                        }
                        most.store_up_to(self.y.add(to + c), n);
                        winner.store_up_to(self.winners.add(to + c), n);
                    }
                }
                to += channels;
            }
        }
    }
}

/// The backward pass over one picture.
struct MaximumBackward<'a> {
    step: &'a PoolStep,
    dy: *const f32,
    winners: *const f32,
    dx: *mut f32,
    /// Whether what dx holds does not matter; else it is added to.
    covers: bool,
}

impl Vectored for MaximumBackward<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self) {
        let (step, channels) = (self.step, self.step.input.channels);
        let row_len = step.input.width * channels;
        let mut from = 0;
        for i in 0..step.output.height {
            let rows = inside(step, 0, i);
            for j in 0..step.output.width {
                let under = Under::of(step, &rows, j);
                for c in (0..channels).step_by(L::N) {
                    let n = channels - c;
                    // SAFETY: a window's pixels lie inside the picture, and `n` channels are left of each.
                    unsafe {
                        let zero = L::splat(0.0);
                        let first = self.dx.add(under.first + c);
                        let dy = L::load_up_to(self.dy.add(from + c), n);
                        let winner = L::load_up_to(self.winners.add(from + c), n);
                        for (u, row) in under.rows.clone().enumerate() {
                            for (v, column) in under.columns.clone().enumerate() {
                                let place = L::splat((row * step.window.kernel[1] + column) as f32);
                                let won = winner.if_equal(place, dy, zero);
                                let to = first.add(u * row_len + v * channels);
                                match self.covers {
                                    true => won.store_up_to(to, n),
                                    false => L::load_up_to(to, n).add(won).store_up_to(to, n),
                                }
                            }
                        }
                    }
                }
                from += channels;
            }
        }
    }
}
