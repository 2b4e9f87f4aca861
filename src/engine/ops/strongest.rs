//! The strongest responses of every channel so far, see [`StrongestStep`]. A response counts as stronger where its
//! value is larger, of equals that of the earlier picture and place, so that the order in which they come does not
//! matter.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::strongest::{N_NUMBERS, StrongestStep};

impl Lower for StrongestStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for StrongestStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let (channels, area) = (self.extent.channels, self.extent.area());
        let rank = |a: &[R; 3], b: &[R; 3]| {
            let by_value = b[0].partial_cmp(&a[0]).expect("only numbers are kept");
            by_value
                .then(a[1].partial_cmp(&b[1]).expect("a number"))
                .then(a[2].partial_cmp(&b[2]).expect("one"))
        };
        for c in 0..channels {
            let kept = &mut io.outputs[0][c * self.n_kept * N_NUMBERS..][..self.n_kept * N_NUMBERS];
            let mut all: Vec<[R; 3]> = kept.chunks_exact(3).map(|one| [one[0], one[1], one[2]]).collect();
            for n in 0..self.batch {
                let picture = R::whole(io.table.first as usize + n);
                let of_picture = (0..area)
                    .map(|place| [io.inputs[0][(n * area + place) * channels + c], picture, R::whole(place)]);
                let mut of_picture: Vec<[R; 3]> = of_picture.filter(|one| !one[0].is_nan()).collect();
                of_picture.sort_by(rank);
                of_picture.truncate(if self.one_each { 1 } else { area });
                let is_known = |one: &[R; 3]| {
                    all.iter().any(|kept| kept[1] == one[1] && (self.one_each || kept[2] == one[2]))
                };
                of_picture.retain(|one| !is_known(one));
                all.extend(of_picture);
            }
            all.sort_by(rank);
            kept.iter_mut().zip(all.as_flattened()).for_each(|(kept, &number)| *kept = number);
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::simd::vectorised;

    pub fn kernel(step: StrongestStep) -> Box<dyn Kernel> {
        let (channels, n_in) = (step.extent.channels, step.extent.len());
        // Of each picture, the largest number of each channel and its place; (N, C) each.
        let mut peaks = vec![0.0f32; if step.one_each { step.batch * channels } else { 0 }];
        let mut places = peaks.clone();
        Box::new(move |io: Io<'_>| {
            let (x, first) = (io.inputs[0], io.table.first as usize);
            let kept = io.outputs[0].par_chunks_mut(step.n_kept * N_NUMBERS);
            if !step.one_each {
                return kept.enumerate().for_each(|(c, kept)| {
                    for (n, x) in x.chunks_exact(n_in).enumerate() {
                        let own = x.iter().skip(c).step_by(channels).enumerate();
                        own.for_each(|(place, &value)| {
                            keep(&step, kept, [value, (first + n) as f32, place as f32])
                        });
                    }
                });
            }
            let found = peaks.par_chunks_mut(channels).zip(places.par_chunks_mut(channels));
            x.par_chunks(n_in).zip(found).for_each(|(x, (peaks, places))| {
                peaks.fill(f32::NEG_INFINITY);
                places.fill(0.0);
                for (place, x) in x.chunks_exact(channels).enumerate() {
                    larger(x, place as f32, peaks, places);
                }
            });
            kept.enumerate().for_each(|(c, kept)| {
                for n in 0..step.batch {
                    let at = n * channels + c;
                    keep(&step, kept, [peaks[at], (first + n) as f32, places[at]]);
                }
            });
        })
    }

    vectorised! {
        fn larger(x: &[f32], place: f32, peaks: &mut [f32], places: &mut [f32]) {
            for ((peak, own), &x) in peaks.iter_mut().zip(places).zip(x) {
                let wins = x > *peak;
                *peak = if wins { x } else { *peak };
                *own = if wins { place } else { *own };
            }
        }
    }

    /// Puts a response in its rank among those of its channel, if it has one.
    fn keep(step: &StrongestStep, kept: &mut [f32], one: [f32; 3]) {
        let beats = |other: &[f32]| {
            one[0] > other[0] || one[0] == other[0] && (one[1], one[2]) < (other[1], other[2])
        };
        let last = kept.len() - N_NUMBERS;
        if !beats(&kept[last..]) {
            return;
        }
        let mut all = kept.chunks_exact(N_NUMBERS);
        if all.any(|kept| kept[1] == one[1] && (step.one_each || kept[2] == one[2])) {
            return;
        }
        let rank = kept.chunks_exact(N_NUMBERS).position(beats).unwrap_or(0) * N_NUMBERS;
        kept.copy_within(rank..last, rank + N_NUMBERS);
        kept[rank..rank + N_NUMBERS].copy_from_slice(&one);
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::Dispatch;

    pub fn lower(step: &StrongestStep, lowering: &mut Lowering) {
        let channels = step.extent.channels;
        let n_each = if step.one_each { 1 } else { step.n_kept.min(step.extent.area()) };
        let peaks = lowering.scratch(step.batch * channels * n_each * 2);
        let dispatch = |entry| {
            Dispatch::new("strongest", entry)
                .size("CHANNELS", channels)
                .size("AREA", step.extent.area())
                .size("BATCH", step.batch)
                .size("KEPT", step.n_kept)
                .size("EACH", n_each)
                .constant("ONE_EACH", step.one_each)
        };
        let operands = [lowering.input(0), peaks];
        lowering.push(dispatch("find").bind(&operands).invocations(step.batch * channels));
        let operands = [peaks, lowering.output(0)];
        lowering.push(dispatch("rank").with_table().bind(&operands).invocations(channels));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StepTable;
    use crate::engine::ops::testing::Trial;
    use crate::graph::layers::StepOp;
    use crate::tensor::Extent;

    fn trial(batch: usize, extent: Extent, n_kept: usize, one_each: bool) -> Trial {
        let step = StrongestStep { batch, extent, n_kept, one_each };
        let mut trial = Trial::new(StepOp::Strongest(step), &[batch * extent.len()], &[step.kept_len()]);
        trial.outputs[0] = step.nothing();
        trial
    }

    /// Numbers are compared and copied, never computed: they agree to the last bit. Some are rounded so that there
    /// are equals.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for (batch, extent) in
            [(3, Extent::new(5, 4, 3)), (7, Extent::new(2, 1, 1)), (2, Extent::new(70, 2, 2))]
        {
            for (n_kept, one_each) in [(1, true), (4, true), (4, false), (9, false)] {
                let mut trial = trial(batch, extent, n_kept, one_each);
                trial.inputs[0].iter_mut().step_by(2).for_each(|x| *x = x.round());
                trial.agrees(0.0);
            }
        }
    }

    /// Pictures 10 and 11 with what was kept of pictures 3 and 10: the second is not kept twice.
    #[test]
    fn what_was_kept_takes_part() {
        let mut trial = trial(2, Extent::new(1, 1, 3), 3, true);
        trial.table = StepTable { first: 10, ..StepTable::default() };
        trial.outputs[0] = vec![5.0, 3.0, 1.0, 4.0, 10.0, 2.0, f32::MIN, -1.0, -1.0];
        trial.inputs[0] = vec![0.0, 1.0, 4.0, 4.5, f32::NAN, 4.5];
        trial.gives(&[vec![5.0, 3.0, 1.0, 4.5, 11.0, 0.0, 4.0, 10.0, 2.0]], 0.0);
    }

    #[test]
    fn a_picture_may_be_there_more_than_once_if_asked() {
        let mut trial = trial(2, Extent::new(1, 1, 3), 3, false);
        trial.inputs[0] = vec![1.0, 7.0, 6.0, 5.0, 8.0, -1.0];
        trial.gives(&[vec![8.0, 1.0, 1.0, 7.0, 0.0, 1.0, 6.0, 0.0, 2.0]], 0.0);
    }
}
