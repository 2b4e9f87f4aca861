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
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::Device;
    use crate::engine::ops::testing::{Trial, check_slopes, cpu, devices};
    use crate::graph::layers::{StepOp, Window};
    use crate::tensor::Extent;
    use crate::tensor::random::{Key, Purpose};

    /// The three passes, over random numbers.
    fn trials(step: ConvStep) -> [Trial; 3] {
        let (x, y) = (step.batch * step.input.len(), step.batch * step.output.len());
        let w = step.window.area() * step.input.channels * step.output.channels;
        let (with_b, with_db) = match step.bias {
            true => (vec![x, w, step.output.channels], vec![w, step.output.channels]),
            false => (vec![x, w], vec![w]),
        };
        let pass = |pass| StepOp::Conv(ConvStep { pass, ..step });
        [
            Trial::new(pass(Pass::Forward), &with_b, &[y]),
            Trial::new(pass(Pass::Backward), &[y, w], &[x]),
            Trial::new(pass(Pass::Weights), &[x, y], &with_db),
        ]
    }

    fn step(batch: usize, input: Extent, filters: usize, window: Window) -> ConvStep {
        let size = |n: usize, axis: usize| {
            (n + 2 * window.padding[axis] - window.kernel[axis]) / window.stride[axis] + 1
        };
        let output = Extent::new(filters, size(input.height, 0), size(input.width, 1));
        ConvStep { pass: Pass::Forward, batch, input, output, window, bias: true, relu: false }
    }

    /// Odd sizes, strides and paddings.
    fn random_step(case: u32) -> ConvStep {
        let draw = |i, n| Key::new(3, Purpose::Shuffle).with(case).below(i, n) as usize;
        let window = Window {
            kernel: [1 + draw(0, 5), 1 + draw(1, 5)],
            stride: [1 + draw(2, 3), 1 + draw(3, 3)],
            padding: [draw(4, 3), draw(5, 3)],
        };
        let channels = [1, 2, 3, 5, 8, 16, 17, 20];
        let input = Extent::new(channels[draw(6, 8)], 5 + draw(7, 8), 5 + draw(8, 8));
        let filters = channels[draw(9, 8)] + draw(10, 20);
        let (bias, relu) = (draw(11, 2) == 1, draw(12, 2) == 1);
        ConvStep { bias, relu, ..step(1 + draw(13, 4), input, filters, window) }
    }

    /// Sums of up to some hundred products, of terms that cancel.
    fn check(step: ConvStep, devices: &[Arc<dyn Device>]) {
        for trial in trials(step) {
            devices.iter().for_each(|device| trial.agrees_on(&**device, 1e-5));
        }
    }

    /// Few cases on graphics processors, whose drivers take a tenth of a second to compile each.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        (0..8).for_each(|case| check(random_step(case), &devices()));
        (8..40).for_each(|case| check(random_step(case), &cpu()));
    }

    #[test]
    fn a_1x1_window_with_a_stride_agrees() {
        let window = Window { kernel: [1, 1], stride: [2, 2], padding: [0, 0] };
        check(step(2, Extent::new(4, 9, 8), 7, window), &devices());
    }

    #[test]
    fn long_sums_in_parts_agree() {
        let window = Window { kernel: [3, 3], stride: [1, 1], padding: [1, 1] };
        check(step(5, Extent::new(2, 14, 15), 17, window), &devices());
    }

    #[test]
    fn gradients_match_finite_differences() {
        let window = Window { kernel: [2, 3], stride: [2, 1], padding: [1, 0] };
        let [forward, mut backward, mut weights] = trials(step(2, Extent::new(2, 5, 4), 3, window));
        let dy = backward.inputs[0].clone();
        backward.inputs[1].clone_from(&forward.inputs[1]);
        weights.inputs = vec![forward.inputs[0].clone(), dy.clone()];
        check_slopes(&backward.plain()[0], &forward.slopes(0, &dy), 1e-7);
        check_slopes(&weights.plain()[0], &forward.slopes(1, &dy), 1e-7);
        check_slopes(&weights.plain()[1], &forward.slopes(2, &dy), 1e-7);
    }
}
