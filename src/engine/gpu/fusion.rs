//! Steps that one dispatch can do together, beyond what the graph's fusion has joined: a normalisation and the sum behind
//! it, as at the end of each residual block. It saves writing and reading again what lies between.

use super::lowering::Addition;
use crate::engine::arena::{self, Place};
use crate::graph::layers::{Pass, StepOp};
use crate::graph::program::{Program, Step, ValueId};

/// What is joined in a program whose values have these places.
pub struct Fusion<'a> {
    program: &'a Program,
    places: &'a [Option<Place>],
    /// For each value, how many steps read it; those that somebody reads afterwards count as well.
    n_readers: Vec<usize>,
}

impl<'a> Fusion<'a> {
    pub fn new(program: &'a Program, places: &'a [Option<Place>]) -> Self {
        let mut n_readers = vec![0; program.values.len()];
        let read = program.steps.iter().flat_map(|step| &step.inputs);
        read.copied().chain(arena::kept_apart(program)).for_each(|value| n_readers[value.0] += 1);
        Self { program, places, n_readers }
    }

    /// The sum that step `i` makes at once, which is step `i + 1`: a normalisation's result, of no use but for it.
    pub fn addition(&self, i: usize) -> Option<Addition> {
        let [norm, sum] = self.program.steps.get(i..i + 2)? else { return None };
        let (StepOp::BatchNorm(step), StepOp::Add(add)) = (&norm.op, &sum.op) else { return None };
        let y = norm.outputs[0];
        let term = match sum.inputs[..] {
            [first, second] if first == y => second,
            [first, second] if second == y => first,
            _ => return None,
        };
        let fits = step.pass == Pass::Forward && !step.relu && self.n_readers[y.0] == 1 && term != y;
        let result = self.place(sum.outputs[0])?;
        // The sum may have been given a place of something that ends with the normalisation.
        let is_free = !self.touched(norm).any(|place| place.overlaps(&result));
        (fits && is_free).then_some(Addition { term: self.place(term)?, result, relu: add.relu })
    }

    /// The places that a step reads and writes, but for its first output.
    fn touched(&self, step: &'a Step) -> impl Iterator<Item = Place> {
        step.inputs.iter().chain(&step.outputs[1..]).filter_map(|&value| self.place(value))
    }

    fn place(&self, value: ValueId) -> Option<Place> {
        self.places[value.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::{Products, lowered, twin};
    use crate::engine::ops::testing::{cpu, normal};
    use crate::engine::{Device, StepTable};
    use crate::graph::NodeId;
    use crate::graph::layers::batch_norm::BatchNormStep;
    use crate::graph::layers::merge::AddStep;
    use crate::graph::program::{Home, Mode, Placement, Value};
    use crate::tensor::Extent;

    /// y = max(0, a + norm(x)), of x, γ, β, a and, in testing, mean and variance; or with the terms exchanged. `wanted`
    /// names the values that are read afterwards.
    fn block(mode: Mode, extent: Extent, is_first: bool, wanted: &[usize]) -> Program {
        const BATCH: usize = 3;
        let (n, c) = (BATCH * extent.len(), extent.channels);
        let lens = [n, c, c, n, c, c, n, n, c, c];
        let ids = |ids: &[usize]| ids.iter().copied().map(ValueId).collect::<Vec<_>>();
        let (inputs, outputs) = match mode {
            Mode::Train => (ids(&[0, 1, 2]), ids(&[6, 8, 9, 4, 5])),
            Mode::Test => (ids(&[0, 1, 2, 4, 5]), ids(&[6])),
        };
        let (epsilon, momentum, relu) = (1e-5, 0.1, false);
        let norm = BatchNormStep { pass: Pass::Forward, mode, batch: BATCH, extent, epsilon, momentum, relu };
        let terms = if is_first { ids(&[6, 3]) } else { ids(&[3, 6]) };
        let sum = StepOp::Add(AddStep { len: n, relu: true });
        Program {
            batch: BATCH,
            values: lens.map(|len| Value { len, home: Home::Transient }).into(),
            steps: vec![
                Step { op: StepOp::BatchNorm(norm), inputs, outputs },
                Step { op: sum, inputs: terms, outputs: ids(&[7]) },
            ],
            pictures: ValueId(0),
            labels: ValueId(0),
            metrics: None,
            outputs: wanted.iter().enumerate().map(|(i, &value)| (NodeId(i), ValueId(value))).collect(),
            gradients: Default::default(),
            origin: None,
            strongest: None,
        }
    }

    fn run(device: &dyn Device, program: &Program, wanted: usize) -> Vec<f32> {
        let placement = Placement {
            parameters: vec![],
            decay_end: 0,
            parameters_len: Placement::ALIGN,
            statistics: vec![],
            statistics_len: Placement::ALIGN,
            has_room: [true; 5],
        };
        let memory = device.memory(&placement).unwrap();
        let mut plan = device.plan(program, &memory, None).unwrap();
        for value in program.steps.iter().flat_map(|step| &step.inputs).filter(|value| value.0 < 6) {
            let mut numbers = normal(value.0 as u32, program.values[value.0].len);
            // A variance is above 0.
            numbers.iter_mut().for_each(|x| *x = if value.0 == 5 { 0.5 + *x * *x } else { *x });
            plan.write(*value, &numbers).unwrap();
        }
        plan.run(&[StepTable::default()]).unwrap();
        plan.read(ValueId(wanted)).unwrap()
    }

    fn n_dispatches(gpu: &crate::engine::gpu::Gpu, program: &Program) -> usize {
        lowered::dispatches(&gpu.context, program).dispatches().len()
    }

    #[test]
    fn a_normalisation_makes_the_sum_behind_it() {
        let Some(gpu) = twin::with_true_rows(Products::Tiled) else { return };
        for (mode, of_norm) in [(Mode::Train, 3), (Mode::Test, 1)] {
            for (channels, is_first) in [(5, true), (8, false)] {
                let extent = Extent::new(channels, 3, 7);
                let program = block(mode, extent, is_first, &[7]);
                assert_eq!(n_dispatches(&gpu, &program), of_norm);
                // Where somebody wants what lies between, it is there.
                let watched = block(mode, extent, is_first, &[6, 7]);
                assert_eq!(n_dispatches(&gpu, &watched), of_norm + 1);
                let [found, apart] = [&program, &watched].map(|program| run(&gpu, program, 7));
                let expected = run(&*cpu()[0], &program, 7);
                for ((found, apart), expected) in found.iter().zip(&apart).zip(&expected) {
                    assert!((found - expected).abs() <= 1e-5, "{found}, not {expected}");
                    assert_eq!(found, apart);
                }
                assert!(found.iter().any(|&y| y > 1.0) && found.contains(&0.0));
            }
        }
    }

    /// In testing x ends with the normalisation, and the sum may lie where it lay.
    #[test]
    fn a_sum_in_the_place_of_an_input_stays_apart() {
        let program = block(Mode::Test, Extent::new(4, 2, 2), true, &[7]);
        let (mut places, _) = arena::places(&program, &arena::assign(&program));
        assert!(Fusion::new(&program, &places).addition(0).is_some());
        places[7] = places[0];
        assert!(Fusion::new(&program, &places).addition(0).is_none());
    }
}
