//! A fully connected layer's products, of a batch's rows with a matrix of weights, by the register-tiled [`Product`]. The
//! weights, of which there are many more than of anything else, are read once and as they lie.

use rayon::prelude::*;

use super::product::{Product, Start};

/// Numbers in a row of a panel: as many columns as the widest tile has.
const PANEL: usize = 32;

/// Outputs that are worked on together: many enough to read the weights in long runs.
const MOST_OUTPUTS: usize = 64;

/// Terms of the sums over inputs or outputs that are added before the next begin, so that what the tiles read stays in a
/// core's own cache.
const MOST_TERMS: usize = 128;

/// Inputs that are worked on together: four of the highest tiles.
const MOST_INPUTS: usize = 56;

/// Pictures whose gradients are turned back together: a line of the cache.
const MOST_PICTURES: usize = 16;

/// Multiply-adds below which other threads would be woken for longer than they help.
const LITTLE: usize = 1 << 20;

/// A fully connected layer by its sizes: x `(N, in)`, w `(in, out)`, y `(N, out)`.
#[derive(Clone, Copy)]
pub struct Dense {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
}

impl Dense {
    /// Room for [`Dense::forward`].
    pub fn forward_len(self) -> usize {
        self.outputs.div_ceil(self.slice()) * self.batch * self.slice()
    }

    /// `y = x·w (+ bias)`, where `relu` says so without what is negative.
    pub fn forward(
        self,
        x: &[f32],
        w: &[f32],
        bias: Option<&[f32]>,
        relu: bool,
        y: &mut [f32],
        scratch: &mut [f32],
    ) {
        // Slices of y, each side by side.
        let width = self.slice();
        self.each_part(&mut scratch[..self.forward_len()], self.batch * width, |i, slice| {
            let first = i * width;
            for (k, n_inner) in parts(self.inputs, MOST_TERMS) {
                let product = Product {
                    start: match (k, bias) {
                        (0, Some(bias)) => Start::Bias(&bias[first..]),
                        (0, None) => Start::Zero,
                        _ => Start::Old,
                    },
                    relu: relu && k + n_inner == self.inputs,
                    ..Product::of_matrices(
                        [self.batch, (self.outputs - first).min(width), n_inner],
                        (&x[k..], [self.inputs, 1]),
                        (&w[k * self.outputs + first..], self.outputs),
                    )
                };
                product.run(slice, width);
            }
        });
        for (n, y) in y.chunks_exact_mut(self.outputs).enumerate() {
            for (y, slice) in y.chunks_mut(width).zip(scratch.chunks_exact(self.batch * width)) {
                y.copy_from_slice(&slice[n * width..][..y.len()]);
            }
        }
    }

    /// Room for [`Dense::backward`].
    pub fn backward_len(self) -> usize {
        panels_len(self.outputs, self.batch) + self.inputs * self.batch
    }

    /// `dx = dy·wᵀ`, computed as `dxᵀ = w·dyᵀ`.
    pub fn backward(self, dy: &[f32], w: &[f32], dx: &mut [f32], scratch: &mut [f32]) {
        let (panels, turned) = scratch.split_at_mut(panels_len(self.outputs, self.batch));
        let turned = &mut turned[..self.inputs * self.batch];
        for (panel, dy) in panels.chunks_exact_mut(self.outputs * PANEL).zip(dy.chunks(PANEL * self.outputs))
        {
            for (n, dy) in dy.chunks_exact(self.outputs).enumerate() {
                panel[n..].iter_mut().step_by(PANEL).zip(dy).for_each(|(to, &dy)| *to = dy);
            }
        }
        let panels = &*panels;
        self.each_part(turned, MOST_INPUTS * self.batch, |i, turned| {
            let w = &w[i * MOST_INPUTS * self.outputs..];
            for (p, panel) in panels.chunks_exact(self.outputs * PANEL).enumerate() {
                for (k, n_inner) in parts(self.outputs, MOST_TERMS) {
                    let product = Product {
                        start: if k == 0 { Start::Zero } else { Start::Old },
                        ..Product::of_matrices(
                            [turned.len() / self.batch, (self.batch - p * PANEL).min(PANEL), n_inner],
                            (&w[k..], [self.outputs, 1]),
                            (&panel[k * PANEL..], PANEL),
                        )
                    };
                    product.run(&mut turned[p * PANEL..], self.batch);
                }
            }
        });
        let turned = &*turned;
        self.each_part(dx, MOST_PICTURES * self.inputs, |part, dx| {
            for (i, row) in turned.chunks_exact(self.batch).enumerate() {
                let row = &row[part * MOST_PICTURES..];
                dx[i..].iter_mut().step_by(self.inputs).zip(row).for_each(|(to, &x)| *to = x);
            }
        });
    }

    /// Room for [`Dense::weights`].
    pub fn weights_len(self) -> usize {
        panels_len(self.batch, self.outputs)
    }

    /// `dw = xᵀ·dy`.
    pub fn weights(self, x: &[f32], dy: &[f32], dw: &mut [f32], scratch: &mut [f32]) {
        let panels = &mut scratch[..self.weights_len()];
        for (p, panel) in panels.chunks_exact_mut(self.batch * PANEL).enumerate() {
            for (to, dy) in panel.chunks_exact_mut(PANEL).zip(dy.chunks_exact(self.outputs)) {
                let dy = &dy[p * PANEL..];
                let n = dy.len().min(PANEL);
                to[..n].copy_from_slice(&dy[..n]);
            }
        }
        let panels = &*panels;
        self.each_part(dw, MOST_INPUTS * self.outputs, |part, dw| {
            for (p, panel) in panels.chunks_exact(self.batch * PANEL).enumerate() {
                let product = Product::of_matrices(
                    [dw.len() / self.outputs, (self.outputs - p * PANEL).min(PANEL), self.batch],
                    (&x[part * MOST_INPUTS..], [1, self.inputs]),
                    (panel, PANEL),
                );
                product.run(&mut dw[p * PANEL..], self.outputs);
            }
        });
    }

    /// Outputs in a slice: equal parts, in whole panels.
    fn slice(self) -> usize {
        self.outputs.div_ceil(self.outputs.div_ceil(MOST_OUTPUTS)).next_multiple_of(PANEL)
    }

    /// Works on each part of so many numbers, on all threads where there is enough to do.
    fn each_part(self, numbers: &mut [f32], len: usize, work: impl Fn(usize, &mut [f32]) + Send + Sync) {
        if self.batch * self.inputs * self.outputs < LITTLE {
            numbers.chunks_mut(len).enumerate().for_each(|(i, part)| work(i, part));
        } else {
            numbers.par_chunks_mut(len).enumerate().for_each(|(i, part)| work(i, part));
        }
    }
}

/// Where parts of at most so many of `n` begin, and how many each has.
fn parts(n: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).step_by(most).map(move |first| (first, (n - first).min(most)))
}

/// Numbers of a matrix of so many rows and columns, cut into panels.
fn panels_len(n_rows: usize, n_columns: usize) -> usize {
    n_rows * n_columns.next_multiple_of(PANEL)
}
