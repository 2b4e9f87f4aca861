//! The parameter-free shortcut (He et al. 2015, option A): `y[n,c,i,j] = x[n, c, i·s, j·s]` for the channels
//! that x has, 0 for the others; backward the reverse, 0 for the pixels that were left out.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::shortcut::ShortcutStep;

impl Lower for ShortcutStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for ShortcutStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let (x, y, [down, right]) = (self.input, self.output, self.stride);
        io.outputs[0].fill(R::zero());
        for n in 0..self.batch {
            for (i, j) in (0..y.height).flat_map(|i| (0..y.width).map(move |j| (i, j))) {
                for c in 0..x.channels {
                    let in_x = ((n * x.height + i * down) * x.width + j * right) * x.channels + c;
                    let in_y = ((n * y.height + i) * y.width + j) * y.channels + c;
                    match self.pass {
                        Pass::Forward => io.outputs[0][in_y] = io.inputs[0][in_x],
                        Pass::Backward | Pass::Weights => io.outputs[0][in_x] = io.inputs[0][in_y],
                    }
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;

    pub fn kernel(step: ShortcutStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| match step.pass {
            Pass::Forward => {
                let x = io.inputs[0].par_chunks(step.input.len());
                x.zip(io.outputs[0].par_chunks_mut(step.output.len())).for_each(|(x, y)| {
                    y.fill(0.0);
                    for (x_at, y_at) in pixels(&step) {
                        y[y_at..y_at + step.input.channels]
                            .copy_from_slice(&x[x_at..x_at + step.input.channels]);
                    }
                });
            }
            Pass::Backward | Pass::Weights => {
                let dy = io.inputs[0].par_chunks(step.output.len());
                dy.zip(io.outputs[0].par_chunks_mut(step.input.len())).for_each(|(dy, dx)| {
                    dx.fill(0.0);
                    for (x_at, y_at) in pixels(&step) {
                        dx[x_at..x_at + step.input.channels]
                            .copy_from_slice(&dy[y_at..y_at + step.input.channels]);
                    }
                });
            }
        })
    }

    /// Where each pixel of the output, and the one it is copied from, begin in one picture.
    fn pixels(step: &ShortcutStep) -> impl Iterator<Item = (usize, usize)> + use<> {
        let ShortcutStep { input, output, stride, .. } = *step;
        (0..output.height).flat_map(move |i| {
            (0..output.width).map(move |j| {
                let x_at = (i * stride[0] * input.width + j * stride[1]) * input.channels;
                (x_at, (i * output.width + j) * output.channels)
            })
        })
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &ShortcutStep, lowering: &mut Lowering) {
        let (entry, extent) = match step.pass {
            Pass::Forward => ("forward", step.output),
            Pass::Backward | Pass::Weights => ("backward", step.input),
        };
        lowering.push(
            Dispatch::new("shortcut", entry)
                .maps(step.input, step.output)
                .size("STRIDE_H", step.stride[0])
                .size("STRIDE_W", step.stride[1])
                .bind(&[lowering.input(0), lowering.output(0)])
                .invocations(step.batch * extent.len()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, check_slopes};
    use crate::graph::layers::StepOp;
    use crate::tensor::Extent;

    fn trials(input: Extent, output: Extent, stride: [usize; 2]) -> [Trial; 2] {
        let step = |pass| StepOp::Shortcut(ShortcutStep { pass, batch: 2, input, output, stride });
        let (x, y) = (2 * input.len(), 2 * output.len());
        [Trial::new(step(Pass::Forward), &[x], &[y]), Trial::new(step(Pass::Backward), &[y], &[x])]
    }

    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        for (input, output, stride) in [
            (Extent::new(3, 5, 6), Extent::new(7, 3, 3), [2, 2]),
            (Extent::new(4, 7, 4), Extent::new(4, 3, 4), [3, 1]),
        ] {
            let [forward, backward] = trials(input, output, stride);
            forward.agrees(0.0);
            backward.agrees(0.0);
            check_slopes(&backward.plain()[0], &forward.slopes(0, &backward.inputs[0]), 1e-7);
        }
    }

    #[test]
    fn every_other_pixel_is_kept_and_channels_of_zeros_are_added() {
        let (input, output) = (Extent::new(1, 2, 3), Extent::new(2, 1, 2));
        let step = ShortcutStep { pass: Pass::Forward, batch: 1, input, output, stride: [2, 2] };
        let mut trial = Trial::new(StepOp::Shortcut(step), &[6], &[4]);
        trial.inputs[0] = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        trial.gives(&[vec![1.0, 0.0, 3.0, 0.0]], 0.0);
    }
}
