//! Pooling. Maximum: `y = max` over the window, backward dy goes to the winner (the first of equals). Sum:
//! `y = Σ`, backward each pixel under the window gets dy. Mean: both divided by the pixels under the window,
//! padding counted as zeros; where a window hangs over the padding's end, what lies beyond is not counted.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::experiment::layers::PoolMode;
use crate::graph::layers::Pass;
use crate::graph::layers::pool::PoolStep;

impl Lower for PoolStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for PoolStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        io.outputs[0].fill(R::zero());
        let y = self.output;
        // Of the sum under the window of one number of y.
        let weight = |in_y: usize| {
            let pixel = in_y / y.channels % y.area();
            R::one() / R::whole(self.divisor(pixel / y.width, pixel % y.width))
        };
        each_window(self, |in_y, taps| match (self.pass, self.mode) {
            (Pass::Forward, PoolMode::Max) => {
                let x = io.inputs[0];
                let larger = |a: Tap, b: Tap| if x[b.in_x] > x[a.in_x] || x[b.in_x].is_nan() { b } else { a };
                let winner = taps.iter().copied().reduce(larger).expect("a window holds a pixel");
                io.outputs[0][in_y] = x[winner.in_x];
                io.outputs[1][in_y] = R::whole(winner.place);
            }
            (Pass::Forward, PoolMode::Average | PoolMode::Sum) => {
                let sum: R = taps.iter().map(|tap| io.inputs[0][tap.in_x]).sum();
                io.outputs[0][in_y] = weight(in_y) * sum;
            }
            (_, PoolMode::Max) => {
                let won = |tap: &&Tap| R::whole(tap.place) == io.inputs[1][in_y];
                taps.iter().filter(won).for_each(|tap| io.outputs[0][tap.in_x] += io.inputs[0][in_y]);
            }
            (_, PoolMode::Average | PoolMode::Sum) => {
                let share = weight(in_y) * io.inputs[0][in_y];
                taps.iter().for_each(|tap| io.outputs[0][tap.in_x] += share);
            }
        });
    }
}

/// One number of x under a window.
#[derive(Clone, Copy)]
struct Tap {
    in_x: usize,
    /// `u·kW + v`.
    place: usize,
}

/// Calls `visit(in_y, taps)` for every number of y, with the numbers of x under its window.
fn each_window(step: &PoolStep, mut visit: impl FnMut(usize, &[Tap])) {
    let (x, y, window) = (step.input, step.output, step.window);
    for in_y in 0..step.batch * y.len() {
        let (c, j) = (in_y % y.channels, in_y / y.channels % y.width);
        let (i, n) = (in_y / y.channels / y.width % y.height, in_y / y.len());
        let taps = (0..window.area()).filter_map(|place| {
            let row = (i * window.stride[0] + place / window.kernel[1]).checked_sub(window.padding[0])?;
            let column = (j * window.stride[1] + place % window.kernel[1]).checked_sub(window.padding[1])?;
            let is_inside = row < x.height && column < x.width;
            is_inside
                .then_some(Tap { in_x: ((n * x.height + row) * x.width + column) * x.channels + c, place })
        });
        visit(in_y, &taps.collect::<Vec<_>>());
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::channels::add_scaled;
    use crate::engine::cpu::{Io, pool};

    pub fn kernel(step: PoolStep) -> Box<dyn Kernel> {
        let (n_in, n_out) = (step.input.len(), step.output.len());
        match (step.pass, step.mode) {
            (Pass::Forward, PoolMode::Max) => Box::new(move |io: Io<'_>| {
                let [y, winners] = io.outputs else { unreachable!("a maximum has winners") };
                pool::maximum(&step, io.inputs[0], y, winners);
            }),
            (Pass::Forward, PoolMode::Average | PoolMode::Sum) => Box::new(move |io: Io<'_>| {
                let out = io.outputs[0].par_chunks_mut(n_out);
                io.inputs[0].par_chunks(n_in).zip(out).for_each(|(x, y)| {
                    y.fill(0.0);
                    each_tap(&step, |Tap { x_at, y_at, weight, channels, .. }| {
                        add_scaled(&x[x_at..x_at + channels], weight, &mut y[y_at..y_at + channels]);
                    });
                });
            }),
            (Pass::Backward | Pass::Weights, PoolMode::Max) => Box::new(move |io: Io<'_>| {
                pool::maximum_backward(&step, io.inputs[0], io.inputs[1], io.outputs[0]);
            }),
            (Pass::Backward | Pass::Weights, PoolMode::Average | PoolMode::Sum) => {
                Box::new(move |io: Io<'_>| {
                    let incoming = io.inputs[0].par_chunks(n_out);
                    incoming.zip(io.outputs[0].par_chunks_mut(n_in)).for_each(|(dy, dx)| {
                        dx.fill(0.0);
                        each_tap(&step, |Tap { x_at, y_at, weight, channels, .. }| {
                            add_scaled(&dy[y_at..y_at + channels], weight, &mut dx[x_at..x_at + channels]);
                        });
                    });
                })
            }
        }
    }

    /// One input pixel under one window: where it and the output pixel begin in a picture `(H, W, C)`.
    struct Tap {
        x_at: usize,
        y_at: usize,
        /// Of the window's sum.
        weight: f32,
        channels: usize,
    }

    /// Visits every pixel under every window, windows in order of their output pixel.
    fn each_tap(step: &PoolStep, mut visit: impl FnMut(Tap)) {
        let (input, output, channels) = (step.input, step.output, step.input.channels);
        for i in 0..output.height {
            let (rows, first_row) = pool::inside(step, 0, i);
            for j in 0..output.width {
                let (columns, first_column) = pool::inside(step, 1, j);
                let y_at = (i * output.width + j) * channels;
                let weight = 1.0 / step.divisor(i, j) as f32;
                for row in (first_row..).take(rows.len()) {
                    for column in (first_column..).take(columns.len()) {
                        let x_at = (row * input.width + column) * channels;
                        visit(Tap { x_at, y_at, weight, channels });
                    }
                }
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &PoolStep, lowering: &mut Lowering) {
        let (x, y) = (step.batch * step.input.len(), step.batch * step.output.len());
        let [first, last] = [lowering.input(0), lowering.output(0)];
        let (entry, operands, len) = match (step.pass, step.mode) {
            (Pass::Forward, PoolMode::Max) => ("maximum", vec![first, last, lowering.output(1)], y),
            (Pass::Forward, PoolMode::Average | PoolMode::Sum) => ("sum", vec![first, last], y),
            (_, PoolMode::Max) => ("maximum_backward", vec![first, lowering.input(1), last], x),
            (_, PoolMode::Average | PoolMode::Sum) => ("sum_backward", vec![first, last], x),
        };
        lowering.push(
            Dispatch::new("pool", entry)
                .size("CHANNELS", step.input.channels)
                .size("IN_HEIGHT", step.input.height)
                .size("IN_WIDTH", step.input.width)
                .size("OUT_HEIGHT", step.output.height)
                .size("OUT_WIDTH", step.output.width)
                .window(&step.window)
                .constant("MEAN", step.mode == PoolMode::Average)
                .bind(&operands)
                .invocations(len),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{self, Trial, check_slopes};
    use crate::graph::layers::{StepOp, Window};
    use crate::tensor::Extent;

    const MODES: [PoolMode; 3] = [PoolMode::Max, PoolMode::Average, PoolMode::Sum];

    /// Forward, and backward over the winners that the forward pass found, with so many rows and columns `more`
    /// behind the padding, over which the last windows may hang.
    fn trials(mode: PoolMode, input: Extent, window: Window, more: usize) -> [Trial; 2] {
        let size = |n: usize, axis: usize| {
            (n + 2 * window.padding[axis] + more - window.kernel[axis]) / window.stride[axis] + 1
        };
        let output = Extent::new(input.channels, size(input.height, 0), size(input.width, 1));
        let (x, y) = (2 * input.len(), 2 * output.len());
        let step = |pass| StepOp::Pool(PoolStep { pass, mode, batch: 2, input, output, window });
        let n_saved = if mode == PoolMode::Max { 1 } else { 0 };
        let forward = Trial::new(step(Pass::Forward), &[x], &vec![y; 1 + n_saved]);
        let mut backward = Trial::new(step(Pass::Backward), &vec![y; 1 + n_saved], &[x]);
        if let Some(winners) = forward.plain().get(1) {
            backward.inputs[1] = winners.iter().map(|&place| place as f32).collect();
        }
        [forward, backward]
    }

    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        let window = |kernel, stride, padding| Window { stride, padding, ..Window::new(kernel) };
        for (input, window, more) in [
            (Extent::new(3, 6, 8), window([2, 2], [2, 2], [0, 0]), 0),
            (Extent::new(5, 9, 7), window([3, 3], [2, 2], [1, 1]), 0),
            (Extent::new(2, 9, 5), window([2, 3], [3, 1], [0, 1]), 0),
            (Extent::new(5, 9, 7), window([3, 2], [1, 2], [0, 1]), 0),
            (Extent::new(4, 5, 6), window([5, 6], [1, 1], [0, 0]), 0),
            (Extent::new(3, 8, 6), window([3, 3], [2, 2], [0, 0]), 1),
            (Extent::new(2, 9, 8), window([3, 4], [3, 3], [1, 2]), 2),
            (Extent::new(2, 2, 3), window([3, 4], [2, 2], [0, 0]), 1),
        ] {
            for mode in MODES {
                let [forward, backward] = trials(mode, input, window, more);
                forward.agrees(1e-6);
                backward.agrees(1e-6);
                check_slopes(&backward.plain()[0], &forward.slopes(0, &backward.inputs[0]), 1e-7);
            }
        }
    }

    /// Vectors that are filled whole and in part, and in them what is no number: it wins, and stays.
    #[test]
    fn channels_of_every_number_pass_through_vectors() {
        for channels in [7, 8, 16, 17, 33] {
            for (stride, more) in [([2, 2], 0), ([2, 2], 1), ([1, 2], 0)] {
                let window = Window { stride, ..Window::new([2, 2]) };
                let [mut forward, mut backward] =
                    trials(PoolMode::Max, Extent::new(channels, 7, 6), window, more);
                forward.inputs[0].iter_mut().step_by(11).for_each(|x| *x = f32::NAN);
                let winners = forward.plain().swap_remove(1);
                backward.inputs[1] = winners.iter().map(|&place| place as f32).collect();
                for device in testing::cpu() {
                    forward.agrees_on(&*device, 0.0);
                    backward.agrees_on(&*device, 1e-6);
                }
            }
        }
    }

    /// Two ones with a row of padding on each side; the second window hangs over its end by a row, which a mean
    /// does not count.
    #[test]
    fn what_lies_beyond_the_padding_is_not_counted() {
        let window = Window { stride: [2, 1], padding: [1, 0], ..Window::new([3, 1]) };
        for (mode, expected) in [(PoolMode::Sum, [2.0, 1.0]), (PoolMode::Average, [2.0 / 3.0, 0.5])] {
            let (input, output) = (Extent::new(1, 2, 1), Extent::new(1, 2, 1));
            let step = PoolStep { pass: Pass::Forward, mode, batch: 1, input, output, window };
            let mut trial = Trial::new(StepOp::Pool(step), &[2], &[2]);
            trial.inputs[0] = vec![1.0, 1.0];
            trial.gives(&[expected.to_vec()], 1e-6);
        }
    }

    #[test]
    fn of_equals_the_first_wins() {
        let window = Window { stride: [2, 2], ..Window::new([2, 2]) };
        let (input, output) = (Extent::new(1, 2, 2), Extent::new(1, 1, 1));
        let mode = PoolMode::Max;
        let step = PoolStep { pass: Pass::Forward, mode, batch: 1, input, output, window };
        let mut trial = Trial::new(StepOp::Pool(step), &[4], &[1, 1]);
        trial.inputs[0] = vec![-2.0, -1.0, -1.0, -1.0];
        trial.gives(&[vec![-1.0], vec![1.0]], 0.0);
    }
}
