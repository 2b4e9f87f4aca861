//! Convolution: `y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[n, c, i·s+d·u−p, j·s+d·v−p]`, with x zero
//! outside and c among the channels of filter o's group. Backward `dx[n,c,h,w] = Σ_{o,u,v} w[o,c,u,v] ·
//! dy[n, o, (h+p−d·u)/s, (w+p−d·v)/s]` over the taps where both quotients are whole; `dw[o,c,u,v] =
//! Σ_{n,i,j} x[n, c, i·s+d·u−p, j·s+d·v−p] · dy[n,o,i,j]`; `db = Σ dy`. A transposed convolution is the same
//! three passes in other roles.
//!
//! On the CPU all three are [`Product`]s over a picture with its padding written out: see
//! [`crate::engine::cpu::conv`]. On a graphics processor they are products by tiles (`conv_tiled`), those of 3×3
//! windows perhaps by the algorithm of Winograd (`conv_winograd`).

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::{Dispatch, Lowering};
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
        let (n_in, n_out) = (self.input.channels / self.groups, self.output.channels / self.groups);
        let all_out = self.output.channels;
        io.outputs.iter_mut().for_each(|output| output.fill(R::zero()));
        // At each tap a group of one pixel of x (C/groups) meets that of one of y (O/groups) through the
        // weights between them, (C/groups, O/groups) in rows of O.
        match self.pass {
            Pass::Forward => {
                let (x, w, y) = (io.inputs[0], io.inputs[1], &mut *io.outputs[0]);
                each_tap(self, |in_x, in_y, in_w| {
                    let y = &mut y[in_y..][..n_out];
                    for (&x, w) in x[in_x..][..n_in].iter().zip(w[in_w..].chunks(all_out)) {
                        y.iter_mut().zip(w).for_each(|(y, &w)| *y += x * w);
                    }
                });
                for y in y.chunks_exact_mut(all_out) {
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
                    for (dx, w) in dx[in_x..][..n_in].iter_mut().zip(w[in_w..].chunks(all_out)) {
                        *dx += dy.iter().zip(w).map(|(&dy, &w)| dy * w).sum();
                    }
                });
            }
            Pass::Weights => {
                let (x, dy, dw) = (io.inputs[0], io.inputs[1], &mut *io.outputs[0]);
                each_tap(self, |in_x, in_y, in_w| {
                    let dy = &dy[in_y..][..n_out];
                    for (&x, dw) in x[in_x..][..n_in].iter().zip(dw[in_w..].chunks_mut(all_out)) {
                        dw.iter_mut().zip(dy).for_each(|(dw, &dy)| *dw += x * dy);
                    }
                });
                if self.bias {
                    for dy in dy.chunks_exact(all_out) {
                        io.outputs[1].iter_mut().zip(dy).for_each(|(db, &dy)| *db += dy);
                    }
                }
            }
        }
    }
}

/// Calls `visit(in_x, in_y, in_w)` for every group and tap of every output pixel that lies inside the picture:
/// where the group's part of the pixel of x, of the pixel of y and of the tap's weights begin in storage.
fn each_tap(step: &ConvStep, mut visit: impl FnMut(usize, usize, usize)) {
    let (x, y, window) = (step.input, step.output, step.window);
    let (n_in, n_out) = (x.channels / step.groups, y.channels / step.groups);
    // Where an output pixel looks through a tap, along one axis.
    let seen = |axis: usize, at: usize, tap: usize| {
        (at * window.stride[axis] + tap * window.dilation[axis]).checked_sub(window.padding[axis])
    };
    for n in 0..step.batch {
        for (i, j) in (0..y.height).flat_map(|i| (0..y.width).map(move |j| (i, j))) {
            for (u, v) in (0..window.kernel[0]).flat_map(|u| (0..window.kernel[1]).map(move |v| (u, v))) {
                let (Some(row), Some(column)) = (seen(0, i, u), seen(1, j, v)) else { continue };
                if row < x.height && column < x.width {
                    let in_x = ((n * x.height + row) * x.width + column) * x.channels;
                    let in_y = ((n * y.height + i) * y.width + j) * y.channels;
                    let in_w = (u * window.kernel[1] + v) * n_in * y.channels;
                    for group in 0..step.groups {
                        visit(in_x + group * n_in, in_y + group * n_out, in_w + group * n_out);
                    }
                }
            }
        }
    }
}

mod cpu {
    use super::*;
    use crate::engine::cpu::conv;

    pub fn kernel(step: ConvStep) -> Box<dyn Kernel> {
        match step.pass {
            Pass::Forward => Box::new(conv::Forward::new(&step)),
            Pass::Backward => Box::new(conv::Backward::new(&step)),
            Pass::Weights => Box::new(conv::Weights::new(&step)),
        }
    }
}

mod conv_tiled;
mod conv_winograd;

/// The constants that all passes share.
fn sized(dispatch: Dispatch, step: &ConvStep) -> Dispatch {
    dispatch
        .maps(step.input, step.output)
        .window(&step.window)
        .size("DILATION_H", step.window.dilation[0])
        .size("DILATION_W", step.window.dilation[1])
        .size("GROUPS", step.groups)
}

pub(super) mod gpu {
    use super::*;
    use crate::engine::gpu::Products;

    /// Channels of a group below which a tile, at least four columns wide, would compute mostly what nobody
    /// asked for; the plain shader then reads each number only as often as there are taps.
    const NARROW: usize = 4;

    pub fn lower(step: &ConvStep, lowering: &mut Lowering) {
        let columns = match step.pass {
            Pass::Forward => step.output.channels / step.groups,
            Pass::Backward => step.input.channels / step.groups,
            // A long sum for each weight wants many workgroups, however narrow.
            Pass::Weights => usize::MAX,
        };
        let is_narrow = step.groups > 1 && columns < NARROW;
        match lowering.products() {
            Products::Plain => plain(step, lowering),
            _ if is_narrow => plain(step, lowering),
            Products::Winograd if conv_winograd::suits(step, lowering) => {
                conv_winograd::lower(step, lowering)
            }
            Products::Tiled | Products::Winograd | Products::Half => conv_tiled::lower(step, lowering),
        }
    }

    fn plain(step: &ConvStep, lowering: &mut Lowering) {
        let dispatch = |entry| super::sized(Dispatch::new("conv", entry), step);
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
}

#[cfg(test)]
mod tests;
