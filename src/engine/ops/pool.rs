//! Pooling. Maximum: `y = max` over the window, backward dy goes to the winner (the first of equals). Mean:
//! `y = Σ / (kH·kW)` with padding counted as zeros, backward each pixel under the window gets `dy / (kH·kW)`.

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
        let weight = R::one() / R::whole(self.window.area());
        io.outputs[0].fill(R::zero());
        each_window(self, |in_y, taps| match (self.pass, self.mode) {
            (Pass::Forward, PoolMode::Max) => {
                let x = io.inputs[0];
                let larger = |a: Tap, b: Tap| if x[b.in_x] > x[a.in_x] || x[b.in_x].is_nan() { b } else { a };
                let winner = taps.iter().copied().reduce(larger).expect("a window holds a pixel");
                io.outputs[0][in_y] = x[winner.in_x];
                io.outputs[1][in_y] = R::whole(winner.place);
            }
            (Pass::Forward, PoolMode::Average) => {
                io.outputs[0][in_y] = taps.iter().map(|tap| weight * io.inputs[0][tap.in_x]).sum();
            }
            (_, PoolMode::Max) => {
                let won = |tap: &&Tap| R::whole(tap.place) == io.inputs[1][in_y];
                taps.iter().filter(won).for_each(|tap| io.outputs[0][tap.in_x] += io.inputs[0][in_y]);
            }
            (_, PoolMode::Average) => {
                taps.iter().for_each(|tap| io.outputs[0][tap.in_x] += weight * io.inputs[0][in_y]);
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
    use crate::engine::cpu::Io;
    use crate::engine::cpu::simd::vectorised;

    pub fn kernel(step: PoolStep) -> Box<dyn Kernel> {
        let (n_in, n_out) = (step.input.len(), step.output.len());
        match (step.pass, step.mode) {
            (Pass::Forward, PoolMode::Max) => Box::new(move |io: Io<'_>| {
                let [y, winners] = io.outputs else { unreachable!("a maximum has winners") };
                let out = y.par_chunks_mut(n_out).zip(winners.par_chunks_mut(n_out));
                io.inputs[0].par_chunks(n_in).zip(out).for_each(|(x, (y, winners))| {
                    each_tap(&step, |tap| {
                        let Tap { x_at, y_at, place, channels } = tap;
                        let x = &x[x_at..x_at + channels];
                        let (y, winners) =
                            (&mut y[y_at..y_at + channels], &mut winners[y_at..y_at + channels]);
                        match tap.place.is_first {
                            true => first(x, place.number, y, winners),
                            false => larger(x, place.number, y, winners),
                        }
                    });
                });
            }),
            (Pass::Forward, PoolMode::Average) => Box::new(move |io: Io<'_>| {
                let weight = 1.0 / step.window.area() as f32;
                let out = io.outputs[0].par_chunks_mut(n_out);
                io.inputs[0].par_chunks(n_in).zip(out).for_each(|(x, y)| {
                    y.fill(0.0);
                    each_tap(&step, |Tap { x_at, y_at, channels, .. }| {
                        add_scaled(&x[x_at..x_at + channels], weight, &mut y[y_at..y_at + channels]);
                    });
                });
            }),
            (Pass::Backward | Pass::Weights, PoolMode::Max) => Box::new(move |io: Io<'_>| {
                let incoming = io.inputs[0].par_chunks(n_out).zip(io.inputs[1].par_chunks(n_out));
                incoming.zip(io.outputs[0].par_chunks_mut(n_in)).for_each(|((dy, winners), dx)| {
                    dx.fill(0.0);
                    each_tap(&step, |Tap { x_at, y_at, place, channels }| {
                        let y_range = y_at..y_at + channels;
                        let dx = &mut dx[x_at..x_at + channels];
                        add_won(&dy[y_range.clone()], &winners[y_range], place.number, dx);
                    });
                });
            }),
            (Pass::Backward | Pass::Weights, PoolMode::Average) => Box::new(move |io: Io<'_>| {
                let weight = 1.0 / step.window.area() as f32;
                let incoming = io.inputs[0].par_chunks(n_out);
                incoming.zip(io.outputs[0].par_chunks_mut(n_in)).for_each(|(dy, dx)| {
                    dx.fill(0.0);
                    each_tap(&step, |Tap { x_at, y_at, channels, .. }| {
                        add_scaled(&dy[y_at..y_at + channels], weight, &mut dx[x_at..x_at + channels]);
                    });
                });
            }),
        }
    }

    /// One input pixel under one window: where it and the output pixel begin in a picture `(H, W, C)`.
    struct Tap {
        x_at: usize,
        y_at: usize,
        place: WindowPlace,
        channels: usize,
    }

    #[derive(Clone, Copy)]
    struct WindowPlace {
        /// `u·kW + v`.
        number: f32,
        /// Whether it is the first of its window that lies inside the picture.
        is_first: bool,
    }

    /// Visits every pixel under every window, windows in order of their output pixel.
    fn each_tap(step: &PoolStep, mut visit: impl FnMut(Tap)) {
        let PoolStep { input, output, window, .. } = *step;
        let channels = input.channels;
        // The taps of one window along one axis that lie inside the picture.
        let inside = |axis: usize, at: usize, size: usize| {
            let start = at * window.stride[axis];
            let first = window.padding[axis].saturating_sub(start);
            let end = (size + window.padding[axis]).saturating_sub(start).min(window.kernel[axis]);
            first..end
        };
        for i in 0..output.height {
            let rows = inside(0, i, input.height);
            for j in 0..output.width {
                let columns = inside(1, j, input.width);
                let y_at = (i * output.width + j) * channels;
                for u in rows.clone() {
                    let row = (i * window.stride[0] + u - window.padding[0]) * input.width;
                    for v in columns.clone() {
                        let x_at = (row + j * window.stride[1] + v - window.padding[1]) * channels;
                        let is_first = u == rows.start && v == columns.start;
                        let place = WindowPlace { number: (u * window.kernel[1] + v) as f32, is_first };
                        visit(Tap { x_at, y_at, place, channels });
                    }
                }
            }
        }
    }

    fn first(x: &[f32], place: f32, y: &mut [f32], winners: &mut [f32]) {
        y.copy_from_slice(x);
        winners.fill(place);
    }

    vectorised! {
        fn larger(x: &[f32], place: f32, y: &mut [f32], winners: &mut [f32]) {
            for ((y, winner), &x) in y.iter_mut().zip(winners).zip(x) {
                let wins = x > *y || x.is_nan();
                *y = if wins { x } else { *y };
                *winner = if wins { place } else { *winner };
            }
        }
    }

    vectorised! {
        fn add_won(dy: &[f32], winners: &[f32], place: f32, dx: &mut [f32]) {
            for ((dx, &dy), &winner) in dx.iter_mut().zip(dy).zip(winners) {
                *dx += if winner == place { dy } else { 0.0 };
            }
        }
    }

    vectorised! {
        fn add_scaled(from: &[f32], weight: f32, to: &mut [f32]) {
            for (to, &from) in to.iter_mut().zip(from) {
                *to += weight * from;
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
            (Pass::Forward, PoolMode::Average) => ("mean", vec![first, last], y),
            (_, PoolMode::Max) => ("maximum_backward", vec![first, lowering.input(1), last], x),
            (_, PoolMode::Average) => ("mean_backward", vec![first, last], x),
        };
        lowering.push(
            Dispatch::new("pool", entry)
                .size("CHANNELS", step.input.channels)
                .size("IN_HEIGHT", step.input.height)
                .size("IN_WIDTH", step.input.width)
                .size("OUT_HEIGHT", step.output.height)
                .size("OUT_WIDTH", step.output.width)
                .window(&step.window)
                .bind(&operands)
                .invocations(len),
        );
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::engine::gpu::twin::Trial;
        use crate::graph::layers::{StepOp, Window};
        use crate::tensor::Extent;

        fn check(input: Extent, output: [usize; 2], window: Window) {
            let output = Extent::new(input.channels, output[0], output[1]);
            let batch = 2;
            let (x, y) = (batch * input.len(), batch * output.len());
            let step = |mode, pass| StepOp::Pool(PoolStep { pass, mode, batch, input, output, window });
            Trial::new(step(PoolMode::Max, Pass::Forward), &[x], &[y, y]).agrees(0.0);
            Trial::new(step(PoolMode::Average, Pass::Forward), &[x], &[y]).agrees(1e-6);
            let mut backward = Trial::new(step(PoolMode::Max, Pass::Backward), &[y, y], &[x]);
            backward.inputs[1] = (0..y).map(|i| (i * 7 % window.area()) as f32).collect();
            backward.agrees(1e-6);
            Trial::new(step(PoolMode::Average, Pass::Backward), &[y], &[x]).agrees(1e-6);
        }

        #[test]
        fn agrees_with_the_cpu() {
            let window = |kernel, stride, padding| Window { kernel, stride, padding };
            check(Extent::new(3, 6, 8), [3, 4], window([2, 2], [2, 2], [0, 0]));
            check(Extent::new(5, 7, 9), [4, 5], window([3, 3], [2, 2], [1, 1]));
            check(Extent::new(2, 9, 5), [3, 5], window([2, 3], [3, 1], [0, 1]));
            check(Extent::new(4, 5, 6), [1, 1], window([5, 6], [1, 1], [0, 0]));
        }

        #[test]
        fn of_equals_the_first_wins() {
            let window = Window { kernel: [2, 2], stride: [2, 2], padding: [0, 0] };
            let (input, output) = (Extent::new(1, 2, 2), Extent::new(1, 1, 1));
            let mode = PoolMode::Max;
            let step = PoolStep { pass: Pass::Forward, mode, batch: 1, input, output, window };
            let mut trial = Trial::new(StepOp::Pool(step), &[4], &[1, 1]);
            trial.inputs[0] = vec![-2.0, -1.0, -1.0, -1.0];
            trial.agrees(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{EXACT, check, numbers};
    use crate::graph::layers::{Pass, StepOp, Window};
    use crate::tensor::Extent;

    /// `(output place, places under its window as (place in x, u·kW + v))` for each output number.
    fn windows(step: &PoolStep) -> Vec<(usize, Vec<(usize, usize)>)> {
        let (x, y, w) = (step.input, step.output, step.window);
        let n_out = step.batch * y.len();
        let one = |at: usize| {
            let (c, j) = (at % y.channels, at / y.channels % y.width);
            let (i, n) = (at / y.channels / y.width % y.height, at / y.len());
            let taps = (0..w.area()).filter_map(|tap| {
                let row = (i * w.stride[0] + tap / w.kernel[1]).checked_sub(w.padding[0])?;
                let column = (j * w.stride[1] + tap % w.kernel[1]).checked_sub(w.padding[1])?;
                let inside = row < x.height && column < x.width;
                inside.then_some((((n * x.height + row) * x.width + column) * x.channels + c, tap))
            });
            (at, taps.collect())
        };
        (0..n_out).map(one).collect()
    }

    #[test]
    fn pools_match_the_naive_windows() {
        for (kernel, stride, padding) in [
            ([2, 2], [2, 2], [0, 0]),
            ([3, 3], [2, 2], [1, 1]),
            ([3, 2], [1, 2], [0, 1]),
            ([5, 7], [1, 1], [0, 0]),
        ] {
            let input = Extent::new(5, 9, 7);
            let size = |n: usize, a: usize| (n + 2 * padding[a] - kernel[a]) / stride[a] + 1;
            let output = Extent::new(5, size(9, 0), size(7, 1));
            let window = Window { kernel, stride, padding };
            for mode in [PoolMode::Max, PoolMode::Average] {
                let step = PoolStep { pass: Pass::Forward, mode, batch: 3, input, output, window };
                check_pool(&step);
            }
        }
    }

    fn check_pool(step: &PoolStep) {
        let (x, dy) = (numbers(1, step.batch * step.input.len()), numbers(2, step.batch * step.output.len()));
        let (mut y, mut winners) = (vec![0.0; dy.len()], vec![0.0; dy.len()]);
        let mut dx = vec![0.0; x.len()];
        for (at, taps) in windows(step) {
            match step.mode {
                PoolMode::Max => {
                    let best = taps.iter().copied().reduce(|a, b| if x[b.0] > x[a.0] { b } else { a });
                    let (x_at, tap) = best.expect("a window holds a pixel");
                    (y[at], winners[at]) = (x[x_at] as f64, tap as f64);
                    dx[x_at] += dy[at] as f64;
                }
                PoolMode::Average => {
                    let weight = 1.0 / step.window.area() as f64;
                    for (x_at, _) in taps {
                        y[at] += weight * x[x_at] as f64;
                        dx[x_at] += weight * dy[at] as f64;
                    }
                }
            }
        }
        let backward = StepOp::Pool(PoolStep { pass: Pass::Backward, ..*step });
        let places: Vec<f32> = winners.iter().map(|&w| w as f32).collect();
        match step.mode {
            PoolMode::Max => {
                check(StepOp::Pool(*step), &[&x], &[y, winners], EXACT);
                check(backward, &[&dy, &places], &[dx], EXACT);
            }
            PoolMode::Average => {
                check(StepOp::Pool(*step), &[&x], &[y], EXACT);
                check(backward, &[&dy], &[dx], EXACT);
            }
        }
    }
}
