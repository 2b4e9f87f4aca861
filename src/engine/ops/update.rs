//! The optimiser's step. With gradient `g ← g + λ·w` (λ = 0 behind `decay_end`) and rate η:
//! descent `w ← w − η·g`; momentum `Δ ← μ·Δ − η·g, w ← w + Δ`; Nesterov `Δ ← μ·Δ − η·g, w ← w + μ·Δ − η·g`;
//! Adam `m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², w ← w − η · (m / c₁) / (√(v / c₂) + ε)` with
//! `c = 1 − βᵗ` (Kingma and Ba 2015, Algorithm 1).

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::experiment::Optimiser;
use crate::graph::layers::update::UpdateStep;

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
        let [rate, momentum, beta2] = [io.table.rate, io.table.momentum, io.table.beta2].map(real);
        for (i, &g) in io.inputs[0].iter().enumerate() {
            let decay = if i < self.decay_end { real(io.table.weight_decay) } else { R::zero() };
            let g = g + decay * io.outputs[0][i];
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
                (Optimiser::Adam { .. }, [w, m, v]) => {
                    m[i] = momentum * m[i] + (R::one() - momentum) * g;
                    v[i] = beta2 * v[i] + (R::one() - beta2) * g * g;
                    let root = (v[i] / real(io.table.correction2)).sqrt() + real(io.table.epsilon);
                    w[i] -= rate * (m[i] / real(io.table.correction1)) / root;
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
    use std::ops::Range;

    use super::*;
    use crate::engine::gpu::Dispatch;
    use crate::graph::program::Placement;

    pub fn lower(step: &UpdateStep, lowering: &mut Lowering) {
        let (entry, n_arrays) = match step.rule {
            Optimiser::Sgd => ("descent", 2),
            Optimiser::Momentum { .. } => ("momentum", 3),
            Optimiser::Nesterov { .. } => ("nesterov", 3),
            Optimiser::Adam { .. } => ("adam", 4),
        };
        let whole: Vec<_> =
            [lowering.input(0)].into_iter().chain((1..n_arrays).map(|i| lowering.output(i - 1))).collect();
        let longest = lowering.largest_operand() / Placement::ALIGN * Placement::ALIGN;
        for (decays, range) in [(true, 0..step.decay_end), (false, step.decay_end..step.len)] {
            for range in parts(range, longest) {
                let operands: Vec<_> = whole.iter().map(|place| place.part(range.clone())).collect();
                lowering.push(
                    Dispatch::new("update", entry)
                        .constant("DECAYS", decays)
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
mod tests {
    use super::*;
    use crate::engine::StepTable;
    use crate::engine::ops::testing::{Trial, normal};
    use crate::graph::layers::StepOp;

    /// The third step of a run, over `len` numbers of which the first part decays.
    fn trial(rule: Optimiser, len: usize, decay_end: usize) -> Trial {
        let n_outputs = match rule {
            Optimiser::Sgd => 1,
            Optimiser::Momentum { .. } | Optimiser::Nesterov { .. } => 2,
            Optimiser::Adam { .. } => 3,
        };
        let step = UpdateStep { rule, len, decay_end };
        let mut trial = Trial::new(StepOp::Update(step), &[len], &vec![len; n_outputs]);
        for (i, output) in trial.outputs.iter_mut().enumerate() {
            *output = normal(10 + i as u32, len).iter().map(|x| x * x).collect();
        }
        trial.table = StepTable {
            rate: 0.1,
            weight_decay: 0.01,
            momentum: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            correction1: 1.0 - 0.9f32.powi(3),
            correction2: (1.0 - 0.999f64.powi(3)) as f32,
            ..StepTable::default()
        };
        trial
    }

    /// Adam divides by a root that may be small: an error of 2⁻²⁴ in v is one of 2⁻²⁵ in the step, whose size
    /// is at most some hundred rates.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for rule in Optimiser::ALL {
            trial(rule, 64 * 5, 64 * 3).agrees(2e-6);
        }
    }

    /// One number that decays and one that does not, worked out by hand: w = 2, g = 0.5, a first moment (or
    /// momentum) of 1 and a second of 4, with η = 0.1, λ = 0.01.
    #[test]
    fn each_rule_follows_its_formula() {
        for rule in Optimiser::ALL {
            let mut trial = trial(rule, 128, 64);
            let start = [2.0, 1.0, 4.0];
            trial.inputs[0] = vec![0.5; 128];
            trial.outputs.iter_mut().zip(start).for_each(|(output, start)| *output = vec![start; 128]);
            let by_hand = |g: f64| match rule {
                Optimiser::Sgd => vec![2.0 - 0.1 * g],
                Optimiser::Momentum { .. } => vec![2.0 + (0.9 - 0.1 * g), 0.9 - 0.1 * g],
                Optimiser::Nesterov { .. } => vec![2.0 + 0.9 * (0.9 - 0.1 * g) - 0.1 * g, 0.9 - 0.1 * g],
                Optimiser::Adam { .. } => {
                    let (m, v) = (0.9 + 0.1 * g, 0.999 * 4.0 + 0.001 * g * g);
                    // 1 − 0.9³ = 0.271 and 1 − 0.999³ = 0.002997001.
                    vec![2.0 - 0.1 * (m / 0.271) / ((v / 0.002_997_001f64).sqrt() + 1e-8), m, v]
                }
            };
            let (decaying, free) = (by_hand(0.52), by_hand(0.5));
            let expected: Vec<Vec<f64>> = decaying
                .iter()
                .zip(&free)
                .map(|(&decaying, &free)| [vec![decaying; 64], vec![free; 64]].concat())
                .collect();
            // The constants of the table are rounded to single precision; β₂ at its 1 − β₂ = 0.001 costs most.
            trial.gives(&expected, 1e-6);
        }
    }

    #[test]
    fn long_ranges_are_cut() {
        assert_eq!(gpu::parts(64..300, 128).collect::<Vec<_>>(), [64..192, 192..300]);
        assert_eq!(gpu::parts(64..64, 128).count(), 0);
    }
}
