//! The pixels of all maps put elsewhere: `y[n,c,p] = x[n, c, places[p]]` with p over the `H·W` places. Backward
//! is the same with the inverse permutation.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::permute::PermuteStep;

impl Lower for PermuteStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for PermuteStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let (channels, area) = (self.extent.channels, self.extent.area());
        let places = self.permutation.places();
        for n in 0..self.batch {
            for (p, &place) in places.iter().enumerate() {
                for c in 0..channels {
                    let [to, from] = [p, place as usize].map(|p| (n * area + p) * channels + c);
                    io.outputs[0][to] = io.inputs[0][from];
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;

    pub fn kernel(step: PermuteStep) -> Box<dyn Kernel> {
        let (channels, n) = (step.extent.channels, step.extent.len());
        // Drawn as the first run asks for it: what a plan takes is worked out from kernels that never run.
        let mut places = Vec::new();
        Box::new(move |io: Io<'_>| {
            if places.is_empty() {
                places = step.permutation.places();
            }
            let pictures = io.inputs[0].par_chunks(n).zip(io.outputs[0].par_chunks_mut(n));
            pictures.for_each(|(x, y)| {
                for (y, &place) in y.chunks_exact_mut(channels).zip(&places) {
                    y.copy_from_slice(&x[place as usize * channels..][..channels]);
                }
            });
        })
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &PermuteStep, lowering: &mut Lowering) {
        let places = lowering.constant(step.permutation);
        lowering.push(
            Dispatch::new("permute", "forward")
                .size("CHANNELS", step.extent.channels)
                .size("AREA", step.extent.area())
                .bind(&[lowering.input(0), lowering.output(0)])
                .bind_constant(places)
                .invocations(step.batch * step.extent.len()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, check_slopes, double};
    use crate::graph::layers::StepOp;
    use crate::graph::layers::permute::Permutation;
    use crate::tensor::Extent;

    fn trials(batch: usize, extent: Extent) -> [Trial; 2] {
        let permutation = Permutation { seed: 7, n: extent.area(), is_inverse: false };
        [permutation, permutation.inverse()].map(|permutation| {
            let len = batch * extent.len();
            Trial::new(StepOp::Permute(PermuteStep { batch, extent, permutation }), &[len], &[len])
        })
    }

    const SHAPES: [(usize, Extent); 4] = [
        (2, Extent::new(3, 5, 7)),
        (1, Extent::new(1, 28, 28)),
        (3, Extent::new(16, 8, 8)),
        (2, Extent::new(5, 1, 1)),
    ];

    #[test]
    fn devices_agree_with_the_plain_reference_and_that_with_finite_differences() {
        for (batch, extent) in SHAPES {
            let [forward, backward] = trials(batch, extent);
            forward.agrees(0.0);
            backward.agrees(0.0);
            check_slopes(&backward.plain()[0], &forward.slopes(0, &backward.inputs[0]), 1e-7);
        }
    }

    /// Numbers are moved, none is lost, and the way back leads back.
    #[test]
    fn the_inverse_undoes_it() {
        for (batch, extent) in SHAPES {
            let [forward, mut backward] = trials(batch, extent);
            let y = &forward.plain()[0];
            assert_eq!(*y != double(&forward.inputs[0]), extent.area() > 1);
            backward.inputs[0] = y.iter().map(|&y| y as f32).collect();
            assert_eq!(backward.plain()[0], double(&forward.inputs[0]));
        }
    }

    #[test]
    fn all_channels_and_pictures_move_alike() {
        let extent = Extent::new(3, 4, 5);
        let [mut forward, _] = trials(2, extent);
        // Each number says which place it was at.
        forward.inputs[0] = (0..2 * extent.len()).map(|i| (i / 3 % 20) as f32).collect();
        let y = &forward.plain()[0];
        assert!(y.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[0] == pixel[2]));
        assert_eq!(y[..extent.len()], y[extent.len()..]);
    }
}
