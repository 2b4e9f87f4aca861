//! Depthwise convolutions, with as many groups as channels and filters. Products of one channel would leave
//! most of a vector empty; here neighbouring channels fill it, tap by tap along a row of pixels.

use rayon::prelude::*;

use crate::engine::cpu::rectified;
use crate::engine::cpu::simd::vectorised;
use crate::graph::layers::conv::ConvStep;

/// Whether each filter sees one channel and each channel is seen by one filter.
pub fn is_depthwise(step: &ConvStep) -> bool {
    step.groups > 1 && step.groups == step.input.channels && step.groups == step.output.channels
}

/// x `(N, H, W, C)`, weights `(kH, kW, 1, C)`, bias `(C)` → y `(N, H', W', C)`.
pub fn forward(step: &ConvStep, x: &[f32], weights: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
    let pictures = x.par_chunks(step.input.len()).zip(y.par_chunks_mut(step.output.len()));
    pictures.for_each(|(x, y)| {
        match bias {
            Some(bias) => y.chunks_exact_mut(bias.len()).for_each(|pixel| pixel.copy_from_slice(bias)),
            None => y.fill(0.0),
        }
        each_run(step, |run| {
            add_products(
                &x[run.x..],
                run.x_step,
                run.of(weights),
                &mut y[run.y..],
                run.channels,
                run.n_pixels,
            );
        });
        if step.relu {
            y.iter_mut().for_each(|y| *y = rectified(*y));
        }
    });
}

/// dy `(N, H', W', C)`, weights `(kH, kW, 1, C)` → dx `(N, H, W, C)`.
pub fn backward(step: &ConvStep, dy: &[f32], weights: &[f32], dx: &mut [f32]) {
    let pictures = dy.par_chunks(step.output.len()).zip(dx.par_chunks_mut(step.input.len()));
    pictures.for_each(|(dy, dx)| {
        dx.fill(0.0);
        each_run(step, |run| {
            add_products(
                &dy[run.y..],
                run.channels,
                run.of(weights),
                &mut dx[run.x..],
                run.x_step,
                run.n_pixels,
            );
        });
    });
}

/// Adds one picture's share to dw `(kH, kW, 1, C)`.
pub fn add_picture(step: &ConvStep, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    each_run(step, |run| {
        let dw = &mut dw[run.tap * run.channels..][..run.channels];
        add_to_weights(&x[run.x..], run.x_step, &dy[run.y..], dw, run.n_pixels);
    });
}

/// The pixels of a row of y that see pixels of x through one tap.
struct Run {
    tap: usize,
    /// Where the first pixels begin in x and y, of one picture each.
    x: usize,
    y: usize,
    /// Numbers of x from one of these pixels to the next; in y they are neighbours.
    x_step: usize,
    n_pixels: usize,
    channels: usize,
}

impl Run {
    /// The tap's weights, one for each channel.
    fn of<'a>(&self, weights: &'a [f32]) -> &'a [f32] {
        &weights[self.tap * self.channels..][..self.channels]
    }
}

/// Visits every tap of every row of y.
fn each_run(step: &ConvStep, mut visit: impl FnMut(Run)) {
    let (x, y, window) = (step.input, step.output, step.window);
    let channels = x.channels;
    for i in 0..y.height {
        for u in 0..window.kernel[0] {
            let row = (i * window.stride[0] + u * window.dilation[0]).checked_sub(window.padding[0]);
            let Some(row) = row.filter(|&row| row < x.height) else { continue };
            for v in 0..window.kernel[1] {
                let (at, stride, padding) = (v * window.dilation[1], window.stride[1], window.padding[1]);
                // The first pixel of y, and one past the last, that see a pixel of x through this tap.
                let first = padding.saturating_sub(at).div_ceil(stride);
                let end = (x.width + padding).saturating_sub(at).div_ceil(stride).min(y.width);
                if first < end {
                    visit(Run {
                        tap: u * window.kernel[1] + v,
                        x: (row * x.width + first * stride + at - padding) * channels,
                        y: (i * y.width + first) * channels,
                        x_step: stride * channels,
                        n_pixels: end - first,
                        channels,
                    });
                }
            }
        }
    }
}

vectorised! {
    /// `c ← c + a·w` for each pixel of a run, which begin `a_step` and `c_step` apart.
    fn add_products(a: &[f32], a_step: usize, w: &[f32], c: &mut [f32], c_step: usize, n_pixels: usize) {
        for pixel in 0..n_pixels {
            let (a, c) = (&a[pixel * a_step..][..w.len()], &mut c[pixel * c_step..][..w.len()]);
            for ((c, &a), &w) in c.iter_mut().zip(a).zip(w) {
                *c += a * w;
            }
        }
    }
}

vectorised! {
    /// `dw ← dw + x·dy` for each pixel of a run.
    fn add_to_weights(x: &[f32], x_step: usize, dy: &[f32], dw: &mut [f32], n_pixels: usize) {
        for (pixel, dy) in dy.chunks_exact(dw.len()).take(n_pixels).enumerate() {
            for ((dw, &x), &dy) in dw.iter_mut().zip(&x[pixel * x_step..]).zip(dy) {
                *dw += x * dy;
            }
        }
    }
}
