//! The same test body on every device: one step, its inputs, and what must come out.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::gpu::twin;
use crate::engine::{Device, PictureSource, StepTable, cpu};
use crate::graph::NodeId;
use crate::graph::layers::StepOp;
use crate::graph::program::{Home, Placement, Program, Step, Value, ValueId};
use crate::tensor::random::{Key, Purpose};

/// The devices that tests run on: the CPU, and the graphics processor by every way it computes products.
pub fn devices() -> Vec<Arc<dyn Device>> {
    cpu().into_iter().chain(twin::gpus()).collect()
}

/// The CPU alone.
pub fn cpu() -> Vec<Arc<dyn Device>> {
    vec![Arc::new(cpu::Cpu::new())]
}

/// `n` numbers uniform in `[-1, 1)`, different for each `name`.
pub fn numbers(name: u32, n: usize) -> Vec<f32> {
    let key = Key::new(11, Purpose::InitialWeights).with(name);
    (0..n as u32).map(|i| 2.0 * key.uniform(i) - 1.0).collect()
}

/// How far an op may be from the reference: `absolute + relative · |expected|`.
#[derive(Clone, Copy)]
pub struct Tolerance {
    pub absolute: f64,
    pub relative: f64,
}

/// For sums of some hundred products of numbers below 1, each rounded to 2⁻²⁴ of its size.
pub const SUMS: Tolerance = Tolerance { absolute: 2e-5, relative: 1e-5 };

/// For what is computed number by number.
pub const EXACT: Tolerance = Tolerance { absolute: 1e-6, relative: 1e-6 };

/// Runs one step on every device and compares each output with what is expected.
pub fn check(op: StepOp, inputs: &[&[f32]], expected: &[Vec<f64>], tolerance: Tolerance) {
    check_on(&devices(), op, inputs, expected, tolerance);
}

/// [`check`] on some devices only.
pub fn check_on(
    devices: &[Arc<dyn Device>],
    op: StepOp,
    inputs: &[&[f32]],
    expected: &[Vec<f64>],
    tolerance: Tolerance,
) {
    let before: Vec<Vec<f32>> = expected.iter().map(|output| vec![0.0; output.len()]).collect();
    for device in devices {
        let found = run(&**device, op.clone(), StepTable::default(), inputs, &before, None);
        compare(&**device, &op, &found, expected, tolerance);
    }
}

/// [`check`] of a step that reads a table or what its outputs hold `before`.
pub fn check_over(
    op: StepOp,
    table: StepTable,
    inputs: &[&[f32]],
    before: &[Vec<f32>],
    expected: &[Vec<f64>],
    tolerance: Tolerance,
) {
    for device in devices() {
        let found = run(&*device, op.clone(), table, inputs, before, None);
        compare(&*device, &op, &found, expected, tolerance);
    }
}

fn compare(
    device: &dyn Device,
    op: &StepOp,
    found: &[Vec<f32>],
    expected: &[Vec<f64>],
    tolerance: Tolerance,
) {
    for (which, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let distance = (*found as f64 - expected).abs();
            let allowed = tolerance.absolute + tolerance.relative * expected.abs();
            assert!(
                distance <= allowed,
                "{}: {op:?}, output {which}, number {i}: {found} against {expected}",
                device.info().name
            );
        }
    }
}

/// What a step leaves in its outputs.
pub fn run(
    device: &dyn Device,
    op: StepOp,
    table: StepTable,
    inputs: &[&[f32]],
    before: &[Vec<f32>],
    pictures: Option<&PictureSource>,
) -> Vec<Vec<f32>> {
    let lens = inputs.iter().map(|input| input.len()).chain(before.iter().map(Vec::len));
    let values: Vec<Value> = lens.map(|len| Value { len, home: Home::Transient }).collect();
    let outputs: Vec<ValueId> = (inputs.len()..values.len()).map(ValueId).collect();
    let step = Step { op, inputs: (0..inputs.len()).map(ValueId).collect(), outputs: outputs.clone() };
    let program = Program {
        batch: 1,
        values,
        steps: vec![step],
        pictures: ValueId(0),
        labels: ValueId(0),
        metrics: None,
        outputs: outputs
            .iter()
            .enumerate()
            .map(|(i, &output)| (NodeId(i), output))
            .collect::<HashMap<_, _>>(),
    };
    let placement = Placement {
        parameters: vec![],
        decay_end: 0,
        parameters_len: Placement::ALIGN,
        statistics: vec![],
        statistics_len: Placement::ALIGN,
    };
    let memory = device.memory(&placement).expect("room for nothing");
    let pictures = pictures.map(|source| device.pictures(source).expect("room for pictures"));
    let mut plan = device.plan(&program, &memory, pictures.as_ref()).expect("a plan of one step");
    for (i, input) in inputs.iter().enumerate() {
        plan.write(ValueId(i), input).expect("an input");
    }
    for (output, before) in outputs.iter().zip(before) {
        plan.write(*output, before).expect("an output");
    }
    plan.run(&[table]).expect("one step");
    outputs.iter().map(|&output| plan.read(output).expect("an output")).collect()
}

/// `v` as numbers of double precision.
pub fn double(v: &[f32]) -> Vec<f64> {
    v.iter().map(|&x| x as f64).collect()
}
