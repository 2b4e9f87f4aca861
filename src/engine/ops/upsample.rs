//! Maps made larger by a whole factor: each output pixel a mixture of up to two input pixels along each axis
//! (see [`UpsampleStep::mixture`]); backward every input pixel gathers the same shares of dy.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::experiment::layers::UpsampleMode;
use crate::graph::layers::Pass;
use crate::graph::layers::upsample::{Mixture, UpsampleStep};

impl Lower for UpsampleStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for UpsampleStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let (n_in, n_out, channels) = (self.input.len(), self.output().len(), self.input.channels);
        io.outputs[0].fill(R::zero());
        for n in 0..self.batch {
            each_tap(self, |Tap { x_at, y_at, weight: (part, of) }| {
                let weight = R::whole(part) / R::whole(of);
                for c in 0..channels {
                    let (in_x, in_y) = (n * n_in + x_at + c, n * n_out + y_at + c);
                    match self.pass {
                        Pass::Forward => io.outputs[0][in_y] += weight * io.inputs[0][in_x],
                        Pass::Backward | Pass::Weights => io.outputs[0][in_x] += weight * io.inputs[0][in_y],
                    }
                }
            });
        }
    }
}

/// One input pixel's share in an output pixel: where both begin in a picture `(H, W, C)`, and so many parts of
/// so many.
struct Tap {
    x_at: usize,
    y_at: usize,
    weight: (usize, usize),
}

/// Visits every input pixel that is in an output pixel, output pixels in order.
fn each_tap(step: &UpsampleStep, mut visit: impl FnMut(Tap)) {
    let (x, y) = (step.input, step.output());
    for i in 0..y.height {
        for (row, down, of_down) in taps(step.mixture(0, i)) {
            for j in 0..y.width {
                for (column, across, of_across) in taps(step.mixture(1, j)) {
                    visit(Tap {
                        x_at: (row * x.width + column) * x.channels,
                        y_at: (i * y.width + j) * x.channels,
                        weight: (down * across, of_down * of_across),
                    });
                }
            }
        }
    }
}

/// The input pixels in a mixture, each so many parts of so many; those without any left out.
fn taps(mixture: Mixture) -> impl Iterator<Item = (usize, usize, usize)> {
    let Mixture { first, second, share: (part, of) } = mixture;
    [(first, of - part, of), (second, part, of)].into_iter().filter(|tap| tap.1 > 0)
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::channels::add_scaled;

    pub fn kernel(step: UpsampleStep) -> Box<dyn Kernel> {
        let (n_in, n_out, channels) = (step.input.len(), step.output().len(), step.input.channels);
        let share = |(part, of): (usize, usize)| part as f32 / of as f32;
        match step.pass {
            Pass::Forward => Box::new(move |io: Io<'_>| {
                let pictures = io.inputs[0].par_chunks(n_in).zip(io.outputs[0].par_chunks_mut(n_out));
                pictures.for_each(|(x, y)| {
                    y.fill(0.0);
                    each_tap(&step, |Tap { x_at, y_at, weight }| {
                        add_scaled(&x[x_at..][..channels], share(weight), &mut y[y_at..][..channels]);
                    });
                });
            }),
            Pass::Backward | Pass::Weights => Box::new(move |io: Io<'_>| {
                let pictures = io.inputs[0].par_chunks(n_out).zip(io.outputs[0].par_chunks_mut(n_in));
                pictures.for_each(|(dy, dx)| {
                    dx.fill(0.0);
                    each_tap(&step, |Tap { x_at, y_at, weight }| {
                        add_scaled(&dy[y_at..][..channels], share(weight), &mut dx[x_at..][..channels]);
                    });
                });
            }),
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &UpsampleStep, lowering: &mut Lowering) {
        let (entry, extent) = match step.pass {
            Pass::Forward => ("forward", step.output()),
            Pass::Backward | Pass::Weights => ("backward", step.input),
        };
        lowering.push(
            Dispatch::new("upsample", entry)
                .size("CHANNELS", step.input.channels)
                .size("IN_HEIGHT", step.input.height)
                .size("IN_WIDTH", step.input.width)
                .window(&step.window())
                .constant("BILINEAR", step.mode == UpsampleMode::Bilinear)
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

    const MODES: [UpsampleMode; 2] = [UpsampleMode::Nearest, UpsampleMode::Bilinear];

    fn trials(mode: UpsampleMode, input: Extent, factor: [usize; 2]) -> [Trial; 2] {
        let batch = 2;
        let step = |pass| UpsampleStep { pass, mode, batch, input, factor };
        let (x, y) = (batch * input.len(), batch * step(Pass::Forward).output().len());
        let forward = Trial::new(StepOp::Upsample(step(Pass::Forward)), &[x], &[y]);
        [forward, Trial::new(StepOp::Upsample(step(Pass::Backward)), &[y], &[x])]
    }

    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        for (input, factor) in [
            (Extent::new(3, 4, 5), [2, 2]),
            (Extent::new(5, 3, 2), [3, 4]),
            (Extent::new(2, 1, 6), [5, 1]),
            (Extent::new(17, 1, 1), [2, 3]),
        ] {
            for mode in MODES {
                let [forward, backward] = trials(mode, input, factor);
                forward.agrees(1e-6);
                backward.agrees(1e-6);
                check_slopes(&backward.plain()[0], &forward.slopes(0, &backward.inputs[0]), 1e-7);
            }
        }
    }

    /// `F.interpolate(torch.tensor([[[[1., 2.], [4., 8.]]]]), scale_factor=(2, 3), mode=…)` in PyTorch, for
    /// `bilinear` with `align_corners=False`.
    #[test]
    fn values_are_those_of_pytorch() {
        let check = |mode, expected: &[f64]| {
            let step = UpsampleStep {
                pass: Pass::Forward,
                mode,
                batch: 1,
                input: Extent::new(1, 2, 2),
                factor: [2, 3],
            };
            let mut trial = Trial::new(StepOp::Upsample(step), &[4], &[24]);
            trial.inputs[0] = vec![1.0, 2.0, 4.0, 8.0];
            trial.gives(&[expected.to_vec()], 1e-6);
        };
        check(
            UpsampleMode::Nearest,
            &[
                1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, //
                4.0, 4.0, 4.0, 8.0, 8.0, 8.0, 4.0, 4.0, 4.0, 8.0, 8.0, 8.0,
            ],
        );
        let (third, row) = (1.0 / 3.0, |left: f64, right: f64, third: f64| {
            let step = (right - left) * third;
            [left, left, left + step, right - step, right, right]
        });
        let rows = [(1.0, 2.0), (1.75, 3.5), (3.25, 6.5), (4.0, 8.0)];
        let expected: Vec<f64> = rows.iter().flat_map(|&(left, right)| row(left, right, third)).collect();
        check(UpsampleMode::Bilinear, &expected);
    }
}
