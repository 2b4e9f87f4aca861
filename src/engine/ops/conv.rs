//! Convolution: `y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[n, c, i·s+u−p, j·s+v−p]`, with x zero outside.
//! Backward `dx[n,c,h,w] = Σ_{o,u,v} w[o,c,u,v] · dy[n, o, (h+p−u)/s, (w+p−v)/s]` over the taps where both
//! quotients are whole; `dw[o,c,u,v] = Σ_{n,i,j} x[n, c, i·s+u−p, j·s+v−p] · dy[n,o,i,j]`; `db = Σ dy`.
//!
//! On the CPU all three are [`Product`]s over a picture with its padding written out: see
//! [`crate::engine::cpu::conv`].

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::conv::ConvStep;

impl Lower for ConvStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for ConvStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let (n_in, n_out) = (self.input.channels, self.output.channels);
        io.outputs.iter_mut().for_each(|output| output.fill(R::zero()));
        // At each tap one pixel of x (C) meets one of y (O) through the weights between them (C, O).
        match self.pass {
            Pass::Forward => {
                let (x, w, y) = (io.inputs[0], io.inputs[1], &mut *io.outputs[0]);
                each_tap(self, |in_x, in_y, in_w| {
                    let y = &mut y[in_y..][..n_out];
                    for (&x, w) in x[in_x..][..n_in].iter().zip(w[in_w..].chunks_exact(n_out)) {
                        y.iter_mut().zip(w).for_each(|(y, &w)| *y += x * w);
                    }
                });
                for y in y.chunks_exact_mut(n_out) {
                    if self.bias {
                        y.iter_mut().zip(io.inputs[2]).for_each(|(y, &b)| *y += b);
                    }
                    if self.relu {
                        y.iter_mut().for_each(|y| *y = y.rectified());
                    }
                }
            }
            Pass::Backward => {
                let (dy, w, dx) = (io.inputs[0], io.inputs[1], &mut *io.outputs[0]);
                each_tap(self, |in_x, in_y, in_w| {
                    let dy = &dy[in_y..][..n_out];
                    for (dx, w) in dx[in_x..][..n_in].iter_mut().zip(w[in_w..].chunks_exact(n_out)) {
                        *dx += dy.iter().zip(w).map(|(&dy, &w)| dy * w).sum();
                    }
                });
            }
            Pass::Weights => {
                let (x, dy, dw) = (io.inputs[0], io.inputs[1], &mut *io.outputs[0]);
                each_tap(self, |in_x, in_y, in_w| {
                    let dy = &dy[in_y..][..n_out];
                    for (&x, dw) in x[in_x..][..n_in].iter().zip(dw[in_w..].chunks_exact_mut(n_out)) {
                        dw.iter_mut().zip(dy).for_each(|(dw, &dy)| *dw += x * dy);
                    }
                });
                if self.bias {
                    for dy in dy.chunks_exact(n_out) {
                        io.outputs[1].iter_mut().zip(dy).for_each(|(db, &dy)| *db += dy);
                    }
                }
            }
        }
    }
}

/// Calls `visit(in_x, in_y, in_w)` for every tap of every output pixel that lies inside the picture: where
/// the pixel of x, the pixel of y and the tap's weights begin in storage.
fn each_tap(step: &ConvStep, mut visit: impl FnMut(usize, usize, usize)) {
    let (x, y, window) = (step.input, step.output, step.window);
    for n in 0..step.batch {
        for (i, j) in (0..y.height).flat_map(|i| (0..y.width).map(move |j| (i, j))) {
            for (u, v) in (0..window.kernel[0]).flat_map(|u| (0..window.kernel[1]).map(move |v| (u, v))) {
                let row = (i * window.stride[0] + u).checked_sub(window.padding[0]);
                let column = (j * window.stride[1] + v).checked_sub(window.padding[1]);
                let (Some(row), Some(column)) = (row, column) else { continue };
                if row < x.height && column < x.width {
                    let in_x = ((n * x.height + row) * x.width + column) * x.channels;
                    let in_y = ((n * y.height + i) * y.width + j) * y.channels;
                    let in_w = (u * window.kernel[1] + v) * x.channels * y.channels;
                    visit(in_x, in_y, in_w);
                }
            }
        }
    }
}

mod cpu {
    use super::*;
    use crate::engine::cpu::{Io, conv};

    pub fn kernel(step: ConvStep) -> Box<dyn Kernel> {
        match step.pass {
            Pass::Forward => Box::new(move |io: Io<'_>| {
                let bias = io.inputs.get(2).copied();
                conv::forward(&step, io.inputs[0], io.inputs[1], bias, io.outputs[0]);
            }),
            Pass::Backward => {
                let mut backward = conv::Backward::new(&step);
                Box::new(move |io: Io<'_>| backward.run(io.inputs[0], io.inputs[1], io.outputs[0]))
            }
            Pass::Weights => {
                let mut weights = conv::Weights::new(&step);
                Box::new(move |io: Io<'_>| match io.outputs {
                    [dw] => weights.run(io.inputs[0], io.inputs[1], dw, None),
                    [dw, db] => weights.run(io.inputs[0], io.inputs[1], dw, Some(db)),
                    _ => unreachable!("weights and perhaps a bias"),
                })
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::product::{Sum, Tiling};
    use crate::engine::gpu::{Dispatch, Products};

    pub fn lower(step: &ConvStep, lowering: &mut Lowering) {
        match lowering.products() {
            Products::Plain => plain(step, lowering),
            Products::Tiled => tiled(step, lowering),
        }
    }

    fn plain(step: &ConvStep, lowering: &mut Lowering) {
        let dispatch =
            |entry| Dispatch::new("conv", entry).maps(step.input, step.output).window(&step.window);
        let (first, second, result) = (lowering.input(0), lowering.input(1), lowering.output(0));
        match step.pass {
            Pass::Forward => {
                let bias = if step.bias { lowering.input(2) } else { second };
                let forward = dispatch("forward").constant("BIAS", step.bias).constant("RELU", step.relu);
                lowering.push(forward.bind(&[first, second, bias, result]).invocations(result.len));
            }
            Pass::Backward => {
                lowering.push(dispatch("backward").bind(&[first, second, result]).invocations(result.len));
            }
            Pass::Weights => {
                let weights = dispatch("weights").size("BATCH", step.batch);
                lowering.push(weights.bind(&[first, second, result]).invocations(result.len));
                if step.bias {
                    let bias = dispatch("bias").bind(&[second, lowering.output(1)]);
                    lowering.push(bias.invocations(step.output.channels));
                }
            }
        }
    }

    fn tiled(step: &ConvStep, lowering: &mut Lowering) {
        let (x, y) = (step.input, step.output);
        let (first, second, result) = (lowering.input(0), lowering.input(1), lowering.output(0));
        match step.pass {
            Pass::Forward => {
                let tiling = Tiling::whole(step.batch * y.area(), y.channels);
                let bias = if step.bias { lowering.input(2) } else { second };
                let forward = tiling.dispatch("conv_tiled", "forward").maps(x, y).window(&step.window);
                let forward = forward.constant("BIAS", step.bias).constant("RELU", step.relu);
                lowering.push(forward.bind(&[first, second, bias, result]));
            }
            Pass::Backward => {
                let tiling = Tiling::whole(step.batch * x.area(), x.channels);
                let backward = tiling.dispatch("conv_tiled", "backward").maps(x, y).window(&step.window);
                lowering.push(backward.bind(&[first, second, result]));
            }
            Pass::Weights => tiled_weights(step, lowering),
        }
    }

    fn tiled_weights(step: &ConvStep, lowering: &mut Lowering) {
        let n_taps = step.window.area() * step.input.channels;
        let rows = n_taps + step.bias as usize;
        let (columns, n_pixels) = (step.output.channels, step.batch * step.output.area());
        let tiling = Tiling::in_parts(rows, columns, n_pixels);
        let len = rows * columns;
        let result = lowering.output(0);
        let parts = tiling.target(lowering, (!step.bias).then_some(result), len);
        let weights = tiling
            .dispatch_parts("conv_tiled", "weights")
            .maps(step.input, step.output)
            .window(&step.window)
            .constant("BIAS", step.bias)
            .bind(&[lowering.input(0), lowering.input(1), parts]);
        lowering.push(weights);
        tiling.sum(lowering, parts, len, Sum::of_all(result));
        if step.bias {
            let result = lowering.output(1);
            tiling.sum(lowering, parts, len, Sum { first: n_taps * columns, ..Sum::of_all(result) });
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::engine::gpu::twin::Trial;
        use crate::graph::layers::{StepOp, Window};
        use crate::tensor::Extent;

        struct Case {
            batch: usize,
            input: Extent,
            filters: usize,
            window: Window,
            bias: bool,
        }

        fn check(case: &Case) {
            let Case { batch, input, filters, window, bias } = *case;
            let side = |axis: usize, size: usize| {
                (size + 2 * window.padding[axis] - window.kernel[axis]) / window.stride[axis] + 1
            };
            let output = Extent::new(filters, side(0, input.height), side(1, input.width));
            let (x, y) = (batch * input.len(), batch * output.len());
            let w = window.area() * input.channels * filters;
            let step = |pass| StepOp::Conv(ConvStep { pass, batch, input, output, window, bias, relu: bias });
            let (with_b, with_db) = match bias {
                true => (vec![x, w, filters], vec![w, filters]),
                false => (vec![x, w], vec![w]),
            };
            // Sums of up to a few hundred products, of terms that cancel.
            Trial::new(step(Pass::Forward), &with_b, &[y]).agrees_in_every_way(1e-5);
            Trial::new(step(Pass::Backward), &[y, w], &[x]).agrees_in_every_way(1e-5);
            Trial::new(step(Pass::Weights), &[x, y], &with_db).agrees_in_every_way(1e-5);
        }

        fn window(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Window {
            Window { kernel, stride, padding }
        }

        #[test]
        fn strides_agree_with_the_cpu() {
            let input = Extent::new(4, 9, 8);
            check(&Case { batch: 2, input, filters: 6, window: window([3, 3], [2, 2], [1, 1]), bias: false });
            check(&Case { batch: 2, input, filters: 3, window: window([2, 3], [3, 1], [2, 0]), bias: true });
            check(&Case { batch: 2, input, filters: 7, window: window([1, 1], [2, 2], [0, 0]), bias: false });
        }

        #[test]
        fn long_sums_in_parts_agree_with_the_cpu() {
            let input = Extent::new(2, 14, 15);
            check(&Case { batch: 5, input, filters: 17, window: window([3, 3], [1, 1], [1, 1]), bias: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::Device;
    use crate::engine::ops::testing::{SUMS, check_on, cpu, devices, numbers};
    use crate::graph::layers::{Pass, StepOp, Window};
    use crate::tensor::Extent;
    use crate::tensor::random::{Key, Purpose};

    /// Calls `visit(y, x, w)` with the places in storage of every product of the sum.
    fn each_product(step: &ConvStep, mut visit: impl FnMut(usize, usize, usize)) {
        let (x, y, window) = (step.input, step.output, step.window);
        for n in 0..step.batch {
            for (i, j) in (0..y.height).flat_map(|i| (0..y.width).map(move |j| (i, j))) {
                for (u, v) in (0..window.kernel[0]).flat_map(|u| (0..window.kernel[1]).map(move |v| (u, v))) {
                    let row = (i * window.stride[0] + u).checked_sub(window.padding[0]);
                    let column = (j * window.stride[1] + v).checked_sub(window.padding[1]);
                    let (Some(row), Some(column)) = (row, column) else { continue };
                    if row >= x.height || column >= x.width {
                        continue;
                    }
                    for (c, o) in (0..x.channels).flat_map(|c| (0..y.channels).map(move |o| (c, o))) {
                        let x_at = ((n * x.height + row) * x.width + column) * x.channels + c;
                        let y_at = ((n * y.height + i) * y.width + j) * y.channels + o;
                        let tap = u * window.kernel[1] + v;
                        visit(y_at, x_at, (tap * x.channels + c) * y.channels + o);
                    }
                }
            }
        }
    }

    fn random_step(case: u32) -> ConvStep {
        let draw = |i, n| Key::new(3, Purpose::Shuffle).with(case).below(i, n) as usize;
        let window = Window {
            kernel: [1 + draw(0, 5), 1 + draw(1, 5)],
            stride: [1 + draw(2, 3), 1 + draw(3, 3)],
            padding: [draw(4, 3), draw(5, 3)],
        };
        let channels = [1, 2, 3, 5, 8, 16, 17, 20];
        let input = Extent::new(channels[draw(6, 8)], 5 + draw(7, 8), 5 + draw(8, 8));
        let size = |n: usize, axis: usize| {
            (n + 2 * window.padding[axis] - window.kernel[axis]) / window.stride[axis] + 1
        };
        let output =
            Extent::new(channels[draw(9, 8)] + draw(10, 20), size(input.height, 0), size(input.width, 1));
        let (bias, relu) = (draw(11, 2) == 1, draw(12, 2) == 1);
        ConvStep { pass: Pass::Forward, batch: 1 + draw(13, 4), input, output, window, bias, relu }
    }

    /// Few cases on graphics processors, whose drivers take a tenth of a second to compile each.
    #[test]
    fn convolution_matches_the_naive_sums() {
        (0..8).for_each(|case| check_passes(random_step(case), &devices()));
        (8..40).for_each(|case| check_passes(random_step(case), &cpu()));
    }

    /// The three passes over random shapes, odd sizes, strides and paddings.
    fn check_passes(step: ConvStep, devices: &[Arc<dyn Device>]) {
        let n_weights = step.window.area() * step.input.channels * step.output.channels;
        let x = numbers(1, step.batch * step.input.len());
        let w = numbers(2, n_weights);
        let b = numbers(3, step.output.channels);
        let dy = numbers(4, step.batch * step.output.len());
        let mut y: Vec<f64> = match step.bias {
            true => b.iter().cycle().take(dy.len()).map(|&b| b as f64).collect(),
            false => vec![0.0; dy.len()],
        };
        let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
        each_product(&step, |y_at, x_at, w_at| {
            y[y_at] += x[x_at] as f64 * w[w_at] as f64;
            dx[x_at] += dy[y_at] as f64 * w[w_at] as f64;
            dw[w_at] += dy[y_at] as f64 * x[x_at] as f64;
        });
        if step.relu {
            y.iter_mut().for_each(|y| *y = y.max(0.0));
        }
        let mut db = vec![0.0; b.len()];
        dy.iter().enumerate().for_each(|(i, dy)| db[i % b.len()] += *dy as f64);
        let pass = |pass| StepOp::Conv(ConvStep { pass, ..step });
        let forward_inputs: &[&[f32]] = if step.bias { &[&x, &w, &b] } else { &[&x, &w] };
        check_on(devices, pass(Pass::Forward), forward_inputs, &[y], SUMS);
        check_on(devices, pass(Pass::Backward), &[&dy, &w], &[dx], SUMS);
        let gradients = if step.bias { vec![dw, db] } else { vec![dw] };
        check_on(devices, pass(Pass::Weights), &[&x, &dy], &gradients, SUMS);
    }
}
