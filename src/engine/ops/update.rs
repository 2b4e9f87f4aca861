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
    use std::ops::Range;

    use rayon::prelude::*;

    use super::*;
    use crate::engine::StepTable;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::simd::vectorised;

    const CHUNK: usize = 16 * 1024;

    pub fn kernel(step: UpdateStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let factor = if step.clips { io.inputs[1][1] } else { 1.0 };
            let is_coupled = !matches!(step.rule, Optimiser::AdamW { .. });
            let decaying = (0..step.decay_end, io.table.weight_decay);
            let others = (step.decay_end..step.len, io.table.other_decay);
            for (range, lambda) in [decaying, others] {
                let (coupled, apart) = if is_coupled { (lambda, 0.0) } else { (0.0, lambda) };
                let g = Gradients { numbers: &io.inputs[0][range.clone()], factor, coupled, apart };
                let [weights, slots @ ..] = &mut *io.outputs else {
                    unreachable!("there are weights to update")
                };
                update(step.rule, &mut weights[range.clone()], g, slots, range, io.table);
            }
        })
    }

    /// Gradients, with what is done to them before the rule.
    #[derive(Clone, Copy)]
    struct Gradients<'a> {
        numbers: &'a [f32],
        factor: f32,
        /// λ of the decay that goes into the gradient, and of that into the weights by themselves.
        coupled: f32,
        apart: f32,
    }

    impl Gradients<'_> {
        /// One of the numbers, clipped and with its decay at weight w.
        #[inline(always)]
        fn at(&self, g: f32, w: f32) -> f32 {
            self.factor * g + self.coupled * w
        }
    }

    /// Updates the weights of a range, and the slots in that range.
    fn update(
        rule: Optimiser,
        weights: &mut [f32],
        gradients: Gradients<'_>,
        slots: &mut [&mut [f32]],
        range: Range<usize>,
        table: &StepTable,
    ) {
        let numbers = gradients.numbers.par_chunks(CHUNK).map(|numbers| Gradients { numbers, ..gradients });
        let chunks = weights.par_chunks_mut(CHUNK).zip(numbers);
        match (rule, slots) {
            (Optimiser::Sgd, []) => chunks.for_each(|(w, g)| descent(w, g, table)),
            (Optimiser::Momentum { .. }, [slot]) => {
                beside(chunks, &mut slot[range]).for_each(|((w, g), slot)| momentum(w, g, slot, table));
            }
            (Optimiser::Nesterov { .. }, [slot]) => {
                beside(chunks, &mut slot[range]).for_each(|((w, g), slot)| nesterov(w, g, slot, table));
            }
            (Optimiser::AdaGrad { .. }, [slot]) => {
                beside(chunks, &mut slot[range]).for_each(|((w, g), slot)| adagrad(w, g, slot, table));
            }
            (Optimiser::RmsProp { .. }, [slot]) => {
                beside(chunks, &mut slot[range]).for_each(|((w, g), slot)| rmsprop(w, g, slot, table));
            }
            (Optimiser::Adam { .. } | Optimiser::AdamW { .. }, [first, second]) => {
                beside(beside(chunks, &mut first[range.clone()]), &mut second[range])
                    .for_each(|(((w, g), m), v)| adam(w, g, m, v, table));
            }
            _ => unreachable!("the program gives each rule its slots"),
        }
    }

    /// With the chunks of a slot beside them.
    fn beside<T: Send>(
        chunks: impl IndexedParallelIterator<Item = T>,
        slot: &mut [f32],
    ) -> impl IndexedParallelIterator<Item = (T, &mut [f32])> {
        chunks.zip(slot.par_chunks_mut(CHUNK))
    }

    vectorised! {
        fn descent(w: &mut [f32], g: Gradients<'_>, table: &StepTable) {
            for (w, &own) in w.iter_mut().zip(g.numbers) {
                *w -= table.rate * g.at(own, *w);
            }
        }
    }

    vectorised! {
        fn momentum(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for ((w, &own), delta) in w.iter_mut().zip(g.numbers).zip(slot) {
                *delta = table.momentum * *delta - table.rate * g.at(own, *w);
                *w += *delta;
            }
        }
    }

    vectorised! {
        fn nesterov(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for ((w, &own), delta) in w.iter_mut().zip(g.numbers).zip(slot) {
                let descent = table.rate * g.at(own, *w);
                *delta = table.momentum * *delta - descent;
                *w += table.momentum * *delta - descent;
            }
        }
    }

    vectorised! {
        fn adagrad(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for ((w, &own), sum) in w.iter_mut().zip(g.numbers).zip(slot) {
                let g = g.at(own, *w);
                *sum += g * g;
                *w -= table.rate * g / (sum.sqrt() + table.epsilon);
            }
        }
    }

    vectorised! {
        fn rmsprop(w: &mut [f32], g: Gradients<'_>, slot: &mut [f32], table: &StepTable) {
            for ((w, &own), mean) in w.iter_mut().zip(g.numbers).zip(slot) {
                let g = g.at(own, *w);
                *mean = table.momentum * *mean + (1.0 - table.momentum) * g * g;
                *w -= table.rate * g / (mean.sqrt() + table.epsilon);
            }
        }
    }

    vectorised! {
        fn adam(w: &mut [f32], g: Gradients<'_>, first: &mut [f32], second: &mut [f32], table: &StepTable) {
            for (((w, &own), m), v) in w.iter_mut().zip(g.numbers).zip(first).zip(second) {
                let gradient = g.at(own, *w);
                *w -= table.rate * g.apart * *w;
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
