//! The optimiser's step, by the rules of [`Optimiser`]. Before it `g ← factor·g`, where the gradient is clipped
//! ([`NormStep`](crate::graph::layers::update::NormStep)), and `g ← g + λ·w`, but for AdamW, with one λ up to
//! `decay_end` and another behind.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::experiment::Optimiser;
use crate::graph::layers::update::UpdateStep;

pub use gpu::parts;

impl Lower for UpdateStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for UpdateStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let real = |x: f32| R::of(x.into());
        let table = io.table;
        let [rate, momentum, beta2] = [table.rate, table.momentum, table.beta2].map(real);
        let epsilon = real(table.epsilon);
        let factor = if self.clips { io.inputs[1][1] } else { R::one() };
        for (i, &g) in io.inputs[0].iter().enumerate() {
            let lambda = real(if i < self.decay_end { table.weight_decay } else { table.other_decay });
            let clipped = factor * g;
            let g = clipped + lambda * io.outputs[0][i];
            match (self.rule, &mut *io.outputs) {
                (Optimiser::Sgd, [w]) => w[i] -= rate * g,
                (Optimiser::Momentum { .. }, [w, delta]) => {
                    delta[i] = momentum * delta[i] - rate * g;
                    w[i] += delta[i];
                }
                (Optimiser::Nesterov { .. }, [w, delta]) => {
                    delta[i] = momentum * delta[i] - rate * g;
                    w[i] += momentum * delta[i] - rate * g;
                }
                (Optimiser::AdaGrad { .. }, [w, sum]) => {
                    sum[i] += g * g;
                    w[i] -= rate * g / (sum[i].sqrt() + epsilon);
                }
                (Optimiser::RmsProp { .. }, [w, mean]) => {
                    mean[i] = momentum * mean[i] + (R::one() - momentum) * g * g;
                    w[i] -= rate * g / (mean[i].sqrt() + epsilon);
                }
                (Optimiser::Adam { .. } | Optimiser::AdamW { .. }, [w, m, v]) => {
                    let is_decoupled = matches!(self.rule, Optimiser::AdamW { .. });
                    let g = if is_decoupled { clipped } else { g };
                    if is_decoupled {
                        w[i] -= rate * lambda * w[i];
                    }
                    m[i] = momentum * m[i] + (R::one() - momentum) * g;
                    v[i] = beta2 * v[i] + (R::one() - beta2) * g * g;
                    let root = (v[i] / real(table.correction2)).sqrt() + epsilon;
                    w[i] -= rate * (m[i] / real(table.correction1)) / root;
                }
                _ => unreachable!("the program gives each rule its slots"),
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::StepTable;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::simd::vectorised;

    const CHUNK: usize = 16 * 1024;

    pub fn kernel(step: UpdateStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let table = io.table;
            let factor = if step.clips { io.inputs[1][1] } else { 1.0 };
            let [weights, slots @ ..] = io.outputs else { unreachable!("there are weights to update") };
            let chunks = chunks(&step, weights, io.inputs[0], factor, table);
            match (step.rule, slots) {
                (Optimiser::Sgd, []) => chunks.for_each(|(w, g)| descent(w, g, table)),
                (Optimiser::Momentum { .. }, [slot]) => {
                    in_chunks(chunks, slot).for_each(|((w, g), slot)| momentum(w, g, slot, table));
                }
                (Optimiser::Nesterov { .. }, [slot]) => {
                    in_chunks(chunks, slot).for_each(|((w, g), slot)| nesterov(w, g, slot, table));
                }
                (Optimiser::AdaGrad { .. }, [slot]) => {
                    in_chunks(chunks, slot).for_each(|((w, g), slot)| adagrad(w, g, slot, table));
                }
                (Optimiser::RmsProp { .. }, [slot]) => {
                    in_chunks(chunks, slot).for_each(|((w, g), slot)| rmsprop(w, g, slot, table));
                }
                (Optimiser::Adam { .. } | Optimiser::AdamW { .. }, [first, second]) => {
                    in_chunks(in_chunks(chunks, first), second)
                        .for_each(|(((w, g), m), v)| adam(w, g, m, v, table));
                }
                _ => unreachable!("the program gives each rule its slots"),
            }
        })
    }

    /// The gradients of a chunk, with what is done to them before the rule.
    #[derive(Clone, Copy)]
    struct Gradients<'a> {
        numbers: &'a [f32],
        factor: f32,
        /// λ of the first `decay_end` numbers, and of those behind.
        lambdas: [f32; 2],
        decay_end: usize,
        /// Whether decay goes into the gradient, or into the weights by themselves.
        is_coupled: bool,
    }

    impl Gradients<'_> {
        #[inline(always)]
        fn lambda(&self, i: usize) -> f32 {
            if i < self.decay_end { self.lambdas[0] } else { self.lambdas[1] }
        }

        /// Number `i`, clipped and with its decay, at weight w.
        #[inline(always)]
        fn at(&self, i: usize, w: f32) -> f32 {
            self.factor * self.numbers[i] + if self.is_coupled { self.lambda(i) * w } else { 0.0 }
        }
    }

    /// Weights and gradients in chunks.
    fn chunks<'a>(
        step: &UpdateStep,
        weights: &'a mut [f32],
        gradients: &'a [f32],
        factor: f32,
        table: &StepTable,
    ) -> impl IndexedParallelIterator<Item = (&'a mut [f32], Gradients<'a>)> + use<'a> {
        let all = Gradients {
            numbers: gradients,
            factor,
            lambdas: [table.weight_decay, table.other_decay],
            decay_end: step.decay_end,
            is_coupled: !matches!(step.rule, Optimiser::AdamW { .. }),
        };
        let pairs = weights.par_chunks_mut(CHUNK).zip(gradients.par_chunks(CHUNK));
        pairs.enumerate().map(move |(i, (w, numbers))| {
            let decay_end = all.decay_end.saturating_sub(i * CHUNK).min(CHUNK);
            (w, Gradients { numbers, decay_end, ..all })
        })
    }

    /// With the chunks of a slot beside them.
    fn in_chunks<'a, T: Send>(
        chunks: impl IndexedParallelIterator<Item = T>,
        slot: &'a mut [f32],
    ) -> impl IndexedParallelIterator<Item = (T, &'a mut [f32])> {
        chunks.zip(slot.par_chunks_mut(CHUNK))
    }

    vectorised! {
        fn descent(w: &mut [f32], g: Gradients<'_>, table: &StepTable) {
            for (i, w) in w.iter_mut().enumerate() {
                *w -= table.rate * g.at(i, *w);
            }
        }
    }

    vectorised! {
        fn momentum(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for (i, (w, delta)) in w.iter_mut().zip(slot).enumerate() {
                *delta = table.momentum * *delta - table.rate * g.at(i, *w);
                *w += *delta;
            }
        }
    }

    vectorised! {
        fn nesterov(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for (i, (w, delta)) in w.iter_mut().zip(slot).enumerate() {
                let descent = table.rate * g.at(i, *w);
                *delta = table.momentum * *delta - descent;
                *w += table.momentum * *delta - descent;
            }
        }
    }

    vectorised! {
        fn adagrad(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for (i, (w, sum)) in w.iter_mut().zip(slot).enumerate() {
                let g = g.at(i, *w);
                *sum += g * g;
                *w -= table.rate * g / (sum.sqrt() + table.epsilon);
            }
        }
    }

    vectorised! {
        fn rmsprop(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for (i, (w, mean)) in w.iter_mut().zip(slot).enumerate() {
                let g = g.at(i, *w);
                *mean = table.momentum * *mean + (1.0 - table.momentum) * g * g;
                *w -= table.rate * g / (mean.sqrt() + table.epsilon);
            }
        }
    }

    vectorised! {
        fn adam(w: &mut [f32], g: Gradients<'_>, first: &mut [f32], second: &mut [f32], table: &StepTable) {
            for (i, ((w, m), v)) in w.iter_mut().zip(first).zip(second).enumerate() {
                let gradient = g.at(i, *w);
                if !g.is_coupled {
                    *w -= table.rate * g.lambda(i) * *w;
                }
                *m = table.momentum * *m + (1.0 - table.momentum) * gradient;
                *v = table.beta2 * *v + (1.0 - table.beta2) * gradient * gradient;
                let root = (*v / table.correction2).sqrt() + table.epsilon;
                *w -= table.rate * (*m / table.correction1) / root;
            }
        }
    }
}

mod gpu {
    use std::ops::Range;

    use super::*;
    use crate::engine::gpu::Dispatch;
    use crate::graph::program::Placement;

    pub fn lower(step: &UpdateStep, lowering: &mut Lowering) {
        let entry = match step.rule {
            Optimiser::Sgd => "descent",
            Optimiser::Momentum { .. } => "momentum",
            Optimiser::Nesterov { .. } => "nesterov",
            Optimiser::AdaGrad { .. } => "adagrad",
            Optimiser::RmsProp { .. } => "rmsprop",
            Optimiser::Adam { .. } | Optimiser::AdamW { .. } => "adam",
        };
        let is_coupled = !matches!(step.rule, Optimiser::AdamW { .. });
        let written = (0..=step.rule.n_slots()).map(|i| lowering.output(i));
        let whole: Vec<_> = [lowering.input(0)].into_iter().chain(written).collect();
        let norm = step.clips.then(|| lowering.input(1));
        let longest = lowering.largest_operand() / Placement::ALIGN * Placement::ALIGN;
        for (decays, range) in [(true, 0..step.decay_end), (false, step.decay_end..step.len)] {
            for range in parts(range, longest) {
                let mut operands: Vec<_> = whole.iter().map(|place| place.part(range.clone())).collect();
                // Where nothing is clipped, any array may be bound in the norm's place.
                operands.insert(1, norm.unwrap_or(operands[0]));
                lowering.push(
                    Dispatch::new("update", entry)
                        .constant("DECAYS", decays)
                        .constant("COUPLED", is_coupled)
                        .constant("CLIPS", step.clips)
                        .with_table()
                        .bind(&operands)
                        .invocations(range.len().div_ceil(4)),
                );
            }
        }
    }

    /// A range in parts that can be bound.
    pub fn parts(range: Range<usize>, longest: usize) -> impl Iterator<Item = Range<usize>> {
        let end = range.end;
        range.step_by(longest).map(move |start| start..end.min(start + longest))
    }
}

#[cfg(test)]
mod tests;
