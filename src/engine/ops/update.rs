//! The optimiser's step. With gradient `g ← g + λ·w` (λ = 0 behind `decay_end`) and rate η:
//! descent `w ← w − η·g`; momentum `Δ ← μ·Δ − η·g, w ← w + Δ`; Nesterov `Δ ← μ·Δ − η·g, w ← w + μ·Δ − η·g`;
//! Adam `m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², w ← w − η · (m / c₁) / (√(v / c₂) + ε)` with
//! `c = 1 − βᵗ` (Kingma and Ba 2015, Algorithm 1).

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::update::UpdateStep;

impl Lower for UpdateStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::StepTable;
    use crate::engine::cpu::Io;
    use crate::engine::cpu::simd::vectorised;
    use crate::experiment::Optimiser;

    const CHUNK: usize = 16 * 1024;

    pub fn kernel(step: UpdateStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let gradients = io.inputs[0];
            let table = io.table;
            match (step.rule, &mut *io.outputs) {
                (Optimiser::Sgd, [w]) => {
                    chunks(&step, w, gradients).for_each(|(w, g, decay)| descent(w, g, decay, table));
                }
                (Optimiser::Momentum { .. }, [w, slot]) => chunks(&step, w, gradients)
                    .zip(slot.par_chunks_mut(CHUNK))
                    .for_each(|((w, g, decay), slot)| momentum(w, g, decay, slot, table)),
                (Optimiser::Nesterov { .. }, [w, slot]) => chunks(&step, w, gradients)
                    .zip(slot.par_chunks_mut(CHUNK))
                    .for_each(|((w, g, decay), slot)| nesterov(w, g, decay, slot, table)),
                (Optimiser::Adam { .. }, [w, first, second]) => chunks(&step, w, gradients)
                    .zip(first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK)))
                    .for_each(|((w, g, decay), (first, second))| adam(w, g, decay, first, second, table)),
                _ => unreachable!("the program gives each rule its slots"),
            }
        })
    }

    /// Weights and gradients in chunks, each with how many of its numbers decay.
    fn chunks<'a>(
        step: &UpdateStep,
        weights: &'a mut [f32],
        gradients: &'a [f32],
    ) -> impl IndexedParallelIterator<Item = (&'a mut [f32], &'a [f32], usize)> + use<'a> {
        let decay_end = step.decay_end;
        weights
            .par_chunks_mut(CHUNK)
            .zip(gradients.par_chunks(CHUNK))
            .enumerate()
            .map(move |(i, (w, g))| (w, g, decay_end.saturating_sub(i * CHUNK).min(CHUNK)))
    }

    /// λ for the number at place `i` of a chunk of which the first `decay` decay.
    #[inline(always)]
    fn lambda(i: usize, decay: usize, table: &StepTable) -> f32 {
        if i < decay { table.weight_decay } else { 0.0 }
    }

    vectorised! {
        fn descent(w: &mut [f32], g: &[f32], decay: usize, table: &StepTable) {
            for (i, (w, &g)) in w.iter_mut().zip(g).enumerate() {
                *w -= table.rate * (g + lambda(i, decay, table) * *w);
            }
        }
    }

    vectorised! {
        fn momentum(w: &mut [f32], g: &[f32], decay: usize, slot: &mut [f32], table: &StepTable) {
            for (i, ((w, &g), delta)) in w.iter_mut().zip(g).zip(slot).enumerate() {
                *delta = table.momentum * *delta - table.rate * (g + lambda(i, decay, table) * *w);
                *w += *delta;
            }
        }
    }

    vectorised! {
        fn nesterov(w: &mut [f32], g: &[f32], decay: usize, slot: &mut [f32], table: &StepTable) {
            for (i, ((w, &g), delta)) in w.iter_mut().zip(g).zip(slot).enumerate() {
                let descent = table.rate * (g + lambda(i, decay, table) * *w);
                *delta = table.momentum * *delta - descent;
                *w += table.momentum * *delta - descent;
            }
        }
    }

    vectorised! {
        fn adam(
            w: &mut [f32],
            g: &[f32],
            decay: usize,
            first: &mut [f32],
            second: &mut [f32],
            table: &StepTable,
        ) {
            for (i, (((w, &g), m), v)) in w.iter_mut().zip(g).zip(first).zip(second).enumerate() {
                let g = g + lambda(i, decay, table) * *w;
                *m = table.momentum * *m + (1.0 - table.momentum) * g;
                *v = table.beta2 * *v + (1.0 - table.beta2) * g * g;
                let root = (*v / table.correction2).sqrt() + table.epsilon;
                *w -= table.rate * (*m / table.correction1) / root;
            }
        }
    }
}

mod gpu {
    use super::*;

    pub fn lower(_step: &UpdateStep, _lowering: &mut Lowering) {}
}
