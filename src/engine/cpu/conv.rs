//! The three passes of a convolution as [`Product`]s. A picture is copied once with its padding written out,
//! into memory of the thread that the cache keeps near; from there every window's row is `kW·C` neighbouring
//! numbers, and no window is ever copied.

use std::cell::RefCell;

use rayon::prelude::*;

use super::product::{Product, Start};
use crate::graph::layers::Window;
use crate::graph::layers::conv::ConvStep;
use crate::tensor::Extent;

thread_local! {
    /// A padded picture, one for each thread.
    static PADDED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// x `(N, H, W, C)`, weights `(kH, kW, C, O)`, bias `(O)` → y `(N, H', W', O)`.
pub fn forward(step: &ConvStep, x: &[f32], weights: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
    let ConvStep { input, output, window, relu, .. } = *step;
    let [kernel_height, kernel_width] = window.kernel;
    let margin = Margin::around(&window);
    let start = bias.map_or(Start::Zero, Start::Bias);
    let pictures = x.par_chunks(input.len()).zip(y.par_chunks_mut(output.len()));
    pictures.for_each(|(x, y)| {
        margin.with_padded(x, input, |x, pitch| {
            let mut product = Product {
                a: x,
                a_row: window.stride[1] * input.channels,
                a_outer: pitch,
                a_inner: 1,
                b: weights,
                b_outer: kernel_width * input.channels * output.channels,
                b_inner: output.channels,
                rows: output.width,
                cols: output.channels,
                n_outer: kernel_height,
                n_inner: kernel_width * input.channels,
                start,
                relu,
            };
            if reads_pixels_in_order(&window) {
                product.rows = output.area();
                product.run(y, output.channels);
                return;
            }
            for (i, row) in y.chunks_exact_mut(output.width * output.channels).enumerate() {
                product.a = &x[i * window.stride[0] * pitch..];
                product.run(row, output.channels);
            }
        });
    });
}

/// Whether each output pixel reads the one input pixel of the same number.
fn reads_pixels_in_order(window: &Window) -> bool {
    *window == Window { kernel: [1, 1], stride: [1, 1], padding: [0, 0] }
}

/// The gradient by the input. A stride of s cuts the input into s² classes of pixels, each reached by its own
/// part of the taps; within a class it is a convolution of dy with those taps, turned by 180°.
pub struct Backward {
    step: ConvStep,
    /// For each class of rows, then of columns.
    classes: [Vec<Class>; 2],
    margin: Margin,
    /// Taps of one pair of classes after the other: `(kH', kW', O, C)`.
    turned: Vec<f32>,
}

/// The pixels `h ≡ phase (mod s)` along one axis.
struct Class {
    phase: usize,
    n_pixels: usize,
    /// Taps that reach them, in the order in which dy's pixels come: the last first.
    taps: Vec<usize>,
    /// The pixel of the padded dy under the first tap of the first pixel.
    first: usize,
}

impl Backward {
    pub fn new(step: &ConvStep) -> Self {
        let sizes = [(step.input.height, step.output.height), (step.input.width, step.output.width)];
        let mut margin = Margin { before: [0, 0], after: [0, 0] };
        let classes = [0, 1].map(|axis| {
            let (n_in, n_out) = sizes[axis];
            let (stride, padding) = (step.window.stride[axis], step.window.padding[axis]);
            // Class, taps and the signed pixel of dy under the first of them.
            let found: Vec<(usize, Vec<usize>, i64)> = (0..stride.min(n_in))
                .map(|phase| {
                    let taps: Vec<usize> = (0..step.window.kernel[axis])
                        .rev()
                        .filter(|tap| (phase + padding + stride * 64 - tap).is_multiple_of(stride))
                        .collect();
                    let last = taps.first().copied().unwrap_or(0) as i64;
                    (phase, taps, ((phase + padding) as i64 - last).div_euclid(stride as i64))
                })
                .collect();
            let before = found.iter().map(|(_, _, first)| -first).max().unwrap_or(0).max(0);
            margin.before[axis] = before as usize;
            let end = |(phase, taps, first): &(usize, Vec<usize>, i64)| {
                first + ((n_in - phase).div_ceil(stride) + taps.len()) as i64 - 1
            };
            let overshoot = found.iter().map(|class| end(class) - n_out as i64).max().unwrap_or(0);
            margin.after[axis] = overshoot.max(0) as usize;
            found
                .into_iter()
                .map(|(phase, taps, first)| Class {
                    phase,
                    n_pixels: (n_in - phase).div_ceil(stride),
                    taps,
                    first: (first + before) as usize,
                })
                .collect()
        });
        let n_weights = step.window.area() * step.input.channels * step.output.channels;
        Self { step: *step, classes, margin, turned: vec![0.0; n_weights] }
    }

    /// dy `(N, H', W', O)`, weights `(kH, kW, C, O)` → dx `(N, H, W, C)`.
    pub fn run(&mut self, dy: &[f32], weights: &[f32], dx: &mut [f32]) {
        self.turn(weights);
        let (input, output) = (self.step.input, self.step.output);
        let pictures = dy.par_chunks(output.len()).zip(dx.par_chunks_mut(input.len()));
        pictures.for_each(|(dy, dx)| {
            self.margin.with_padded(dy, output, |dy, pitch| self.picture(dy, pitch, dx));
        });
    }

    fn picture(&self, dy: &[f32], pitch: usize, dx: &mut [f32]) {
        let (input, output, window) = (self.step.input, self.step.output, self.step.window);
        let mut turned = self.turned.as_slice();
        for rows in &self.classes[0] {
            for columns in &self.classes[1] {
                let n_inner = columns.taps.len() * output.channels;
                let n_taps = rows.taps.len() * n_inner;
                let mut product = Product {
                    a: dy,
                    a_row: output.channels,
                    a_outer: pitch,
                    a_inner: 1,
                    b: turned,
                    b_outer: n_inner * input.channels,
                    b_inner: input.channels,
                    rows: columns.n_pixels,
                    cols: input.channels,
                    n_outer: rows.taps.len(),
                    n_inner,
                    start: Start::Zero,
                    relu: false,
                };
                let spread = window.stride[1] * input.channels;
                if reads_pixels_in_order(&window) {
                    product.rows = input.area();
                    product.run(dx, spread);
                    return;
                }
                for i in 0..rows.n_pixels {
                    product.a = &dy[(rows.first + i) * pitch + columns.first * output.channels..];
                    let row = (rows.phase + i * window.stride[0]) * input.width + columns.phase;
                    product.run(&mut dx[row * input.channels..], spread);
                }
                turned = &turned[n_taps * input.channels..];
            }
        }
    }

    /// Writes the weights in the order in which [`Backward::picture`] reads them.
    fn turn(&mut self, weights: &[f32]) {
        let (n_in, n_out) = (self.step.input.channels, self.step.output.channels);
        let mut targets = self.turned.chunks_exact_mut(n_in * n_out);
        for rows in &self.classes[0] {
            for columns in &self.classes[1] {
                for u in &rows.taps {
                    for v in &columns.taps {
                        let tap = u * self.step.window.kernel[1] + v;
                        let from = &weights[tap * n_in * n_out..][..n_in * n_out]; // (C, O)
                        let to = targets.next().expect("every tap belongs to one class"); // (O, C)
                        for (c, row) in from.chunks_exact(n_out).enumerate() {
                            row.iter().enumerate().for_each(|(o, &w)| to[o * n_in + c] = w);
                        }
                    }
                }
            }
        }
    }
}

/// The gradient by the weights and the bias. The batch is cut into groups, by its size alone, that add up
/// each in memory of its own; the groups are then summed in order.
pub struct Weights {
    step: ConvStep,
    margin: Margin,
    group: usize,
    /// `(groups, kH·kW·C·O + O)`.
    partial: Vec<f32>,
}

/// Groups of pictures in a batch, at most.
const MOST_GROUPS: usize = 16;

/// Numbers in all partial sums together, at most, if that leaves one group.
const MOST_PARTIAL: usize = 1 << 24;

impl Weights {
    pub fn new(step: &ConvStep) -> Self {
        let n_sums = sums_len(step);
        let n_groups = MOST_GROUPS.min(MOST_PARTIAL / n_sums).clamp(1, step.batch);
        let group = step.batch.div_ceil(n_groups);
        let partial = vec![0.0; step.batch.div_ceil(group) * n_sums];
        Self { step: *step, margin: Margin::around(&step.window), group, partial }
    }

    /// x `(N, H, W, C)`, dy `(N, H', W', O)` → dw `(kH, kW, C, O)`, db `(O)`.
    pub fn run(&mut self, x: &[f32], dy: &[f32], dw: &mut [f32], db: Option<&mut [f32]>) {
        let (n_x, n_y) = (self.step.input.len(), self.step.output.len());
        let (step, margin) = (&self.step, &self.margin);
        let n_sums = sums_len(step);
        let pictures = x.par_chunks(n_x * self.group).zip(dy.par_chunks(n_y * self.group));
        self.partial.par_chunks_mut(n_sums).zip(pictures).for_each(|(sums, (x, dy))| {
            sums.fill(0.0);
            let (dw, db) = sums.split_at_mut(dw.len());
            for (x, dy) in x.chunks_exact(n_x).zip(dy.chunks_exact(n_y)) {
                margin.with_padded(x, step.input, |x, pitch| add_picture(step, x, pitch, dy, dw));
                if step.bias {
                    for pixel in dy.chunks_exact(db.len()) {
                        db.iter_mut().zip(pixel).for_each(|(sum, dy)| *sum += dy);
                    }
                }
            }
        });
        let n_weights = dw.len();
        add_groups(&self.partial, n_sums, 0, dw);
        if let Some(db) = db {
            add_groups(&self.partial, n_sums, n_weights, db);
        }
    }
}

fn sums_len(step: &ConvStep) -> usize {
    step.window.area() * step.input.channels * step.output.channels + step.output.channels
}

/// Adds one picture's share to dw. One product for each row of the window.
fn add_picture(step: &ConvStep, x: &[f32], pitch: usize, dy: &[f32], dw: &mut [f32]) {
    let (input, output, window) = (step.input, step.output, step.window);
    let rows = window.kernel[1] * input.channels;
    for (u, dw) in dw.chunks_exact_mut(rows * output.channels).enumerate() {
        let product = Product {
            a: &x[u * pitch..],
            a_row: 1,
            a_outer: window.stride[0] * pitch,
            a_inner: window.stride[1] * input.channels,
            b: dy,
            b_outer: output.width * output.channels,
            b_inner: output.channels,
            rows,
            cols: output.channels,
            n_outer: output.height,
            n_inner: output.width,
            start: Start::Old,
            relu: false,
        };
        product.run(dw, output.channels);
    }
}

/// Sums one range of the partial sums over the groups, in order.
fn add_groups(partial: &[f32], n_sums: usize, offset: usize, total: &mut [f32]) {
    total.fill(0.0);
    for sums in partial.chunks_exact(n_sums) {
        for (total, sum) in total.iter_mut().zip(&sums[offset..]) {
            *total += sum;
        }
    }
}

/// Rows and columns of zeros around a picture.
#[derive(Clone, Copy)]
struct Margin {
    before: [usize; 2],
    after: [usize; 2],
}

impl Margin {
    fn around(window: &Window) -> Self {
        Self { before: window.padding, after: window.padding }
    }

    /// Calls `work` with the picture `(H, W, C)` in its margin, and how many numbers a row then has.
    fn with_padded(&self, picture: &[f32], extent: Extent, work: impl FnOnce(&[f32], usize)) {
        if self.before == [0, 0] && self.after == [0, 0] {
            return work(picture, extent.width * extent.channels);
        }
        let row = extent.width * extent.channels;
        let left = self.before[1] * extent.channels;
        let pitch = left + row + self.after[1] * extent.channels;
        let height = self.before[0] + extent.height + self.after[0];
        PADDED.with_borrow_mut(|padded| {
            padded.clear();
            padded.resize(self.before[0] * pitch, 0.0);
            for row in picture.chunks_exact(row) {
                padded.resize(padded.len() + left, 0.0);
                padded.extend_from_slice(row);
                padded.resize(padded.len() + pitch - left - row.len(), 0.0);
            }
            padded.resize(height * pitch, 0.0);
            work(padded, pitch);
        });
    }
}
