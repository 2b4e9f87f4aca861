//! The three passes of a convolution as [`Product`]s. A picture is copied once with its padding written out,
//! into memory of the thread that the cache keeps near; from there every window's row is `kW·C` neighbouring
//! numbers, and no window is ever copied. Where there are groups or gaps between the taps, only the channels
//! of a group under one tap are neighbours, and it takes a product for each row of taps. Where it is quicker,
//! [`winograd`] or [`columns`] take their place.

mod backward;
mod columns;
mod depthwise;
#[cfg(test)]
mod testing;
mod weights;
mod winograd;

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::product::{Product, Start};
use super::{Io, Kept, Kernel, rectified};
use crate::graph::layers::conv::ConvStep;
use crate::tensor::Extent;
pub use backward::Backward;
pub use weights::Weights;

thread_local! {
    /// A padded picture, one for each thread.
    static PADDED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// How a pass is computed: chosen by the step's shapes alone.
enum Way<W> {
    Winograd(W),
    Columns(columns::Columns),
    Depthwise,
    Rows,
}

impl<W> Way<W> {
    fn of(step: &ConvStep, winograd: impl FnOnce(winograd::Geometry) -> W) -> Self {
        match (winograd::Geometry::quicker(step), columns::Columns::quicker(step)) {
            (Some(geometry), _) => Self::Winograd(winograd(geometry)),
            (None, Some(columns)) => Self::Columns(columns),
            (None, None) if depthwise::is_depthwise(step) => Self::Depthwise,
            (None, None) => Self::Rows,
        }
    }
}

/// The convolution itself.
pub struct Forward {
    step: ConvStep,
    way: Way<winograd::Convolution>,
}

impl Forward {
    pub fn new(step: &ConvStep) -> Self {
        Self { step: *step, way: Way::of(step, winograd::Convolution::new) }
    }
}

impl Kernel for Forward {
    fn scratch_len(&self) -> usize {
        match &self.way {
            Way::Winograd(winograd) => winograd.scratch_len(),
            Way::Columns(columns) => columns.scratch_len(),
            Way::Depthwise | Way::Rows => 0,
        }
    }

    fn kept(&self) -> Kept {
        match &self.way {
            Way::Winograd(winograd) => winograd.kept(),
            Way::Rows => {
                Kept { padded: Reach::of(&self.step).margin.padded_len(self.step.input), ..Kept::default() }
            }
            Way::Columns(_) | Way::Depthwise => Kept::default(),
        }
    }

    /// x `(N, H, W, C)`, weights `(kH, kW, C/groups, O)`, bias `(O)` → y `(N, H', W', O)`.
    fn run(&mut self, io: Io<'_>) {
        let (x, weights, bias) = (io.inputs[0], io.inputs[1], io.inputs.get(2).copied());
        let (y, relu) = (&mut *io.outputs[0], self.step.relu);
        match &self.way {
            Way::Winograd(winograd) => {
                winograd.run(x, weights, winograd::Finish { bias, relu }, y, io.scratch);
            }
            Way::Columns(columns) => {
                match bias {
                    Some(bias) => y.chunks_exact_mut(bias.len()).for_each(|y| y.copy_from_slice(bias)),
                    None => y.fill(0.0),
                }
                columns.add_forward(x, weights, y, io.scratch);
                if relu {
                    y.iter_mut().for_each(|y| *y = rectified(*y));
                }
            }
            Way::Depthwise => depthwise::forward(&self.step, x, weights, bias, y),
            Way::Rows => forward(&self.step, x, weights, bias, y),
        }
    }
}

fn forward(step: &ConvStep, x: &[f32], weights: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
    let ConvStep { input, output, window, groups, relu, .. } = *step;
    let reach = Reach::of(step);
    let first_tap = reach.taps[0].start * window.kernel[1] + reach.taps[1].start;
    let tap_len = input.channels / groups * output.channels;
    let pictures = x.par_chunks(input.len()).zip(y.par_chunks_mut(output.len()));
    pictures.for_each(|(x, y)| {
        reach.margin.with_padded(x, input, |x, pitch| {
            let sweep = Sweep {
                taps: [reach.taps[0].len(), reach.taps[1].len()],
                steps: [window.dilation[0] * pitch, window.dilation[1] * input.channels],
                weights_row: window.kernel[1] * tap_len,
                channels: [input.channels, output.channels],
                groups,
            };
            let mut row = Row {
                a: x,
                a_step: window.stride[1] * input.channels,
                b: &weights[first_tap * tap_len..],
                n_pixels: output.width,
                bias,
                relu,
            };
            if reads_pixels_in_order(step) {
                row.n_pixels = output.area();
                sweep.run(&row, y, output.channels);
                return;
            }
            let column = reach.first[1] * input.channels;
            for (i, y) in y.chunks_exact_mut(output.width * output.channels).enumerate() {
                row.a = from(x, (i * window.stride[0] + reach.first[0]) * pitch + column);
                sweep.run(&row, y, output.channels);
            }
        });
    });
}

/// Whether each output pixel reads the one input pixel of the same number.
fn reads_pixels_in_order(step: &ConvStep) -> bool {
    let (x, y, window) = (step.input, step.output, step.window);
    let stays = window.kernel == [1, 1] && window.stride == [1, 1] && window.padding == [0, 0];
    stays && [x.height, x.width] == [y.height, y.width]
}

/// What lies behind a place, or nothing where the place itself lies behind the end.
fn from(numbers: &[f32], start: usize) -> &[f32] {
    numbers.get(start..).unwrap_or_default()
}

/// The part of a convolution that sees pixels: under wide dilation, taps at the edges of the window may see
/// nothing but padding, wherever the window lies. They are left out.
struct Reach {
    /// From the first tap of use to the last, along each axis.
    taps: [Range<usize>; 2],
    margin: Margin,
    /// Row and column of the padded picture that the first output pixel sees through the first of the taps.
    first: [usize; 2],
}

impl Reach {
    fn of(step: &ConvStep) -> Self {
        let sizes = [(step.input.height, step.output.height), (step.input.width, step.output.width)];
        let mut reach =
            Self { taps: [0..0, 0..0], margin: Margin { before: [0, 0], after: [0, 0] }, first: [0, 0] };
        for (axis, (n_in, n_out)) in sizes.into_iter().enumerate() {
            let [stride, padding, dilation] =
                [step.window.stride, step.window.padding, step.window.dilation].map(|pair| pair[axis]);
            let sees_a_pixel = |&tap: &usize| {
                let at = dilation * tap;
                let first = padding.saturating_sub(at).div_ceil(stride);
                first < n_out && first * stride + at < padding + n_in
            };
            let mut taps = (0..step.window.kernel[axis]).filter(sees_a_pixel);
            let Some(first) = taps.next() else { continue };
            let last = taps.next_back().unwrap_or(first);
            reach.taps[axis] = first..last + 1;
            let end = (n_out - 1) * stride + dilation * last + 1;
            reach.margin.before[axis] = padding.saturating_sub(dilation * first);
            reach.margin.after[axis] = end.saturating_sub(padding + n_in);
            reach.first[axis] = (dilation * first).saturating_sub(padding);
        }
        reach
    }
}

/// How the taps that a row of pixels sums over lie in memory.
struct Sweep {
    /// Rows and columns of taps.
    taps: [usize; 2],
    /// Numbers of the padded maps from one row of taps to the next, and from column to column.
    steps: [usize; 2],
    /// Numbers of the weights from one row of taps to the next; the columns lie side by side, for each of them
    /// `(channels of a group, channels of the result)`.
    weights_row: usize,
    /// Of the maps and of the result, all groups together.
    channels: [usize; 2],
    groups: usize,
}

/// A row of pixels to be computed.
struct Row<'a> {
    /// The padded maps from the first pixel's first tap on.
    a: &'a [f32],
    /// Numbers of the maps from one pixel to the next.
    a_step: usize,
    /// The weights from the first tap on.
    b: &'a [f32],
    n_pixels: usize,
    bias: Option<&'a [f32]>,
    relu: bool,
}

impl Sweep {
    /// Computes a row of pixels into `c`, which begin `c_step` apart.
    fn run(&self, row: &Row, c: &mut [f32], c_step: usize) {
        let [n_from, n_to] = self.channels.map(|n| n / self.groups);
        for group in 0..self.groups {
            let product = Product {
                a: from(row.a, group * n_from),
                a_row: row.a_step,
                a_outer: self.steps[0],
                a_inner: 1,
                b: from(row.b, group * n_to),
                b_outer: self.weights_row,
                b_inner: self.channels[1],
                rows: row.n_pixels,
                cols: n_to,
                n_outer: self.taps[0],
                n_inner: self.taps[1] * n_from,
                start: row.bias.map_or(Start::Zero, |bias| Start::Bias(&bias[group * n_to..])),
                relu: row.relu,
            };
            let c = &mut c[group * n_to..];
            // A row of taps with all its channels is one run of numbers.
            let is_dense = self.groups == 1 && self.steps[1] == self.channels[0];
            match is_dense || self.taps[0] == 0 || self.taps[1] < 2 {
                true => product.run(c, c_step),
                false => self.run_by_rows(product, n_from, c, c_step),
            }
        }
    }

    /// One product for each row of taps, each on top of the one before.
    fn run_by_rows(&self, whole: Product, n_from: usize, c: &mut [f32], c_step: usize) {
        for tap in 0..self.taps[0] {
            let is_last = tap + 1 == self.taps[0];
            let product = Product {
                a: from(whole.a, tap * self.steps[0]),
                a_outer: self.steps[1],
                b: from(whole.b, tap * self.weights_row),
                b_outer: n_from * self.channels[1],
                n_outer: self.taps[1],
                n_inner: n_from,
                start: if tap == 0 { whole.start } else { Start::Old },
                relu: whole.relu && is_last,
                ..whole
            };
            product.run(c, c_step);
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
    /// Numbers of a picture of this shape in its margin; none where it is handed on as it is.
    fn padded_len(&self, extent: Extent) -> usize {
        if self.before == [0, 0] && self.after == [0, 0] {
            return 0;
        }
        let [height, width] =
            [0, 1].map(|i| self.before[i] + [extent.height, extent.width][i] + self.after[i]);
        height * width * extent.channels
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
