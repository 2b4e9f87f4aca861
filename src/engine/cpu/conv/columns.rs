//! Convolutions whose weights are many and whose maps are small, as at the end of nets for ImageNet: row by row, the
//! weights would come by anew for every row of pixels. Here each output pixel's window is copied into the row of a
//! matrix, and all pixels of some pictures meet the weights in one product: forward `y = columns · w`, by the weights
//! `dw = columnsᵀ · dy`, by the maps `columns = dy · wᵀ`, each number of which is added to the pixel that it belongs to.

use rayon::prelude::*;

use crate::engine::cpu::channels::add_scaled;
use crate::engine::cpu::matrix::{Matrix, add_product};
use crate::graph::layers::conv::ConvStep;

/// Weights above which they do not stay in a core's own cache.
const MANY_WEIGHTS: usize = 1 << 17;

/// Pixels in a row of the result that make it worthwhile to fetch the weights for it.
const WIDE: usize = 28;

/// Numbers in the columns of the pictures that are worked on together, if that leaves one of them.
const MOST_COLUMNS: usize = 1 << 21;

/// A convolution by columns.
pub struct Columns {
    step: ConvStep,
    /// Pictures worked on together.
    n_pictures: usize,
}

impl Columns {
    /// For a step to which this is the quicker way. It goes by the step's shapes alone.
    pub fn quicker(step: &ConvStep) -> Option<Self> {
        let n_weights = column_len(step) * step.output.channels;
        let is_quicker = step.groups == 1 && n_weights > MANY_WEIGHTS && step.output.width < WIDE;
        is_quicker.then(|| Self::new(step))
    }

    fn new(step: &ConvStep) -> Self {
        let n_pictures = MOST_COLUMNS / (step.output.area() * column_len(step)).max(1);
        Self { step: *step, n_pictures: n_pictures.clamp(1, step.batch) }
    }

    /// Room for the columns.
    pub fn scratch_len(&self) -> usize {
        self.n_pictures * self.step.output.area() * column_len(&self.step)
    }

    /// Adds to y `(N, H', W', O)` what x `(N, H, W, C)` and the weights `(kH, kW, C, O)` make.
    pub fn add_forward(&self, x: &[f32], weights: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        let weights = Matrix::rows(weights, column_len(&self.step), self.step.output.channels);
        let parts = x.chunks(self.n_pictures * self.step.input.len());
        for (x, y) in parts.zip(y.chunks_mut(self.n_pictures * self.step.output.len())) {
            add_product(self.columns(x, scratch), weights, y);
        }
    }

    /// Adds to dw `(kH, kW, C, O)` what x and dy make.
    pub fn add_weights(&self, x: &[f32], dy: &[f32], dw: &mut [f32], scratch: &mut [f32]) {
        let parts = x.chunks(self.n_pictures * self.step.input.len());
        for (x, dy) in parts.zip(dy.chunks(self.n_pictures * self.step.output.len())) {
            let columns = self.columns(x, scratch);
            let n_pixels = dy.len() / self.step.output.channels;
            add_product(columns.transposed(), Matrix::rows(dy, n_pixels, self.step.output.channels), dw);
        }
    }

    /// dy `(N, H', W', O)` and the weights to dx `(N, H, W, C)`.
    pub fn backward(&self, dy: &[f32], weights: &[f32], dx: &mut [f32], scratch: &mut [f32]) {
        let (n_x, n_y, len) = (self.step.input.len(), self.step.output.len(), column_len(&self.step));
        let filters = self.step.output.channels;
        let weights = Matrix::rows(weights, len, filters).transposed();
        let parts = dy.chunks(self.n_pictures * n_y);
        for (dy, dx) in parts.zip(dx.chunks_mut(self.n_pictures * n_x)) {
            let n_pixels = dy.len() / filters;
            let columns = &mut scratch[..n_pixels * len];
            columns.fill(0.0);
            add_product(Matrix::rows(dy, n_pixels, filters), weights, columns);
            let pictures = columns.par_chunks(self.step.output.area() * len).zip(dx.par_chunks_mut(n_x));
            pictures.for_each(|(columns, dx)| {
                dx.fill(0.0);
                let channels = self.step.input.channels;
                each_tap(&self.step, |in_columns, in_x| {
                    if let Some(in_x) = in_x {
                        let from = &columns[in_columns..][..channels];
                        add_scaled(from, 1.0, &mut dx[in_x..][..channels]);
                    }
                });
            });
        }
    }

    /// A row for each output pixel of some pictures: its window, `(kH, kW, C)`, zeros outside.
    fn columns<'a>(&self, x: &[f32], scratch: &'a mut [f32]) -> Matrix<'a> {
        let (n_x, len) = (self.step.input.len(), column_len(&self.step));
        let n_pixels = x.len() / n_x * self.step.output.area();
        let columns = &mut scratch[..n_pixels * len];
        let pictures = columns.par_chunks_mut(self.step.output.area() * len).zip(x.par_chunks(n_x));
        pictures.for_each(|(columns, x)| {
            let channels = self.step.input.channels;
            each_tap(&self.step, |in_columns, in_x| {
                let to = &mut columns[in_columns..][..channels];
                match in_x {
                    Some(in_x) => to.copy_from_slice(&x[in_x..][..channels]),
                    None => to.fill(0.0),
                }
            });
        });
        Matrix::rows(columns, n_pixels, len)
    }
}

/// Numbers under a window.
fn column_len(step: &ConvStep) -> usize {
    step.window.area() * step.input.channels
}

/// Visits every tap of every output pixel of a picture: where its channels begin in the columns, and in x if it lies
/// inside.
fn each_tap(step: &ConvStep, mut visit: impl FnMut(usize, Option<usize>)) {
    let (x, y, window) = (step.input, step.output, step.window);
    let seen = |axis: usize, at: usize, tap: usize, size: usize| {
        let place = at * window.stride[axis] + tap * window.dilation[axis];
        place.checked_sub(window.padding[axis]).filter(|&place| place < size)
    };
    let mut in_columns = 0;
    for (i, j) in (0..y.height).flat_map(|i| (0..y.width).map(move |j| (i, j))) {
        for u in 0..window.kernel[0] {
            let row = seen(0, i, u, x.height);
            for v in 0..window.kernel[1] {
                let column = seen(1, j, v, x.width);
                let pixel = row.zip(column).map(|(row, column)| row * x.width + column);
                visit(in_columns, pixel.map(|pixel| pixel * x.channels));
                in_columns += x.channels;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare, numbers, plain};
    use super::*;
    use crate::graph::layers::{Pass, Window};
    use crate::tensor::Extent;
    use crate::tensor::random::{Key, Purpose};

    /// Windows with strides, gaps and padding of any size over maps that they fit, pictures in several parts.
    fn random_step(case: u32) -> ConvStep {
        let draw = |i, n| Key::new(6, Purpose::Shuffle).with(case).below(i, n) as usize;
        let window = Window {
            kernel: [1 + draw(0, 4), 1 + draw(1, 4)],
            stride: [1 + draw(2, 3), 1 + draw(3, 3)],
            padding: [draw(4, 5), draw(5, 5)],
            dilation: [1 + draw(6, 2), 1 + draw(7, 2)],
        };
        let size = |i, axis: usize| {
            let span = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
            (1 + draw(i, 9)).max(span.saturating_sub(2 * window.padding[axis]))
        };
        let input = Extent::new(1 + draw(8, 20), size(9, 0), size(10, 1));
        let along = |n: usize, axis: usize| {
            let span = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
            (n + 2 * window.padding[axis] - span) / window.stride[axis] + 1
        };
        let output = Extent::new(1 + draw(11, 20), along(input.height, 0), along(input.width, 1));
        let batch = 1 + draw(12, 5);
        ConvStep { pass: Pass::Forward, batch, input, output, window, groups: 1, bias: false, relu: false }
    }

    /// Sums of up to 16 × 20 products in the maps, of some thousand in the weights.
    #[test]
    fn all_passes_match_the_plain_reference() {
        for case in 0..60 {
            let step = random_step(case);
            let of = |pass| ConvStep { pass, ..step };
            let columns = Columns { step, n_pictures: 1 + case as usize % step.batch };
            let (n_x, n_y) = (step.batch * step.input.len(), step.batch * step.output.len());
            let n_w = column_len(&step) * step.output.channels;
            let (x, dy, weights) = (numbers(1, n_x), numbers(2, n_y), numbers(3, n_w));
            let mut scratch = vec![f32::NAN; columns.scratch_len()];
            let (mut y, mut dx, mut dw) = (vec![0.0; n_y], vec![f32::NAN; n_x], vec![0.0; n_w]);
            columns.add_forward(&x, &weights, &mut y, &mut scratch);
            compare(&of(Pass::Forward), &y, &plain(&of(Pass::Forward), &[&x, &weights], n_y), 2e-6);
            columns.backward(&dy, &weights, &mut dx, &mut scratch);
            compare(&of(Pass::Backward), &dx, &plain(&of(Pass::Backward), &[&dy, &weights], n_x), 2e-6);
            columns.add_weights(&x, &dy, &mut dw, &mut scratch);
            compare(&of(Pass::Weights), &dw, &plain(&of(Pass::Weights), &[&x, &dy], n_w), 2e-6);
        }
    }

    #[test]
    fn it_is_for_many_weights_over_small_maps() {
        let step = |channels, size| ConvStep {
            pass: Pass::Forward,
            batch: 8,
            input: Extent::new(channels, size, size),
            output: Extent::new(512, size, size),
            window: Window { padding: [1, 1], ..Window::new([3, 3]) },
            groups: 1,
            bias: false,
            relu: false,
        };
        assert!(Columns::quicker(&step(512, 7)).is_some() && Columns::quicker(&step(512, 56)).is_none());
        assert!(Columns::quicker(&step(16, 7)).is_none());
    }
}
