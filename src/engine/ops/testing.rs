//! The same test body on every device: one step with all that it reads, held against its plain reference in
//! double precision, or against numbers worked out by hand.

use std::collections::HashMap;
use std::sync::Arc;

use super::plain;
use crate::engine::gpu::twin;
use crate::engine::plain::{PlainIo, PlainPictures};
use crate::engine::{Device, PictureSource, StepTable, cpu};
use crate::graph::NodeId;
use crate::graph::layers::StepOp;
use crate::graph::program::{Home, Placement, Program, Step, Value, ValueId};
use crate::tensor::random::{Key, Purpose};

/// A step with all that it reads.
#[derive(Clone)]
pub struct Trial {
    pub op: StepOp,
    pub inputs: Vec<Vec<f32>>,
    /// What the outputs hold beforehand; most steps overwrite it.
    pub outputs: Vec<Vec<f32>>,
    pub table: StepTable,
    pub pictures: Option<PictureSource>,
}

impl Trial {
    /// A trial of normally distributed inputs and outputs that are written whole.
    pub fn new(op: StepOp, inputs: &[usize], outputs: &[usize]) -> Self {
        Self {
            op,
            inputs: inputs.iter().enumerate().map(|(i, &len)| normal(i as u32, len)).collect(),
            outputs: outputs.iter().map(|&len| vec![0.0; len]).collect(),
            table: StepTable::default(),
            pictures: None,
        }
    }

    /// The CPU and the graphics processor give what the plain reference gives, up to `tolerance` of the
    /// largest number of each output.
    pub fn agrees(&self, tolerance: f64) {
        self.gives(&self.plain(), tolerance);
    }

    /// [`Trial::agrees`] for steps that are products, by every way in which the graphics processor computes
    /// them.
    pub fn agrees_in_every_way(&self, tolerance: f64) {
        let expected = self.plain();
        devices().iter().for_each(|device| self.gives_on(&**device, &expected, tolerance));
    }

    pub fn agrees_on(&self, device: &dyn Device, tolerance: f64) {
        self.gives_on(device, &self.plain(), tolerance);
    }

    /// The plain reference, the CPU and the graphics processor give these numbers.
    pub fn gives(&self, expected: &[Vec<f64>], tolerance: f64) {
        self.compare("the plain reference", &self.plain(), expected, tolerance);
        for device in cpu().into_iter().chain(twin::gpu()) {
            self.gives_on(&*device, expected, tolerance);
        }
    }

    /// What a device leaves in the outputs.
    pub fn on(&self, device: &dyn Device) -> Vec<Vec<f32>> {
        let inputs: Vec<&[f32]> = self.inputs.iter().map(Vec::as_slice).collect();
        run(device, self.op.clone(), self.table, &inputs, &self.outputs, self.pictures.as_ref())
    }

    fn gives_on(&self, device: &dyn Device, expected: &[Vec<f64>], tolerance: f64) {
        let found: Vec<Vec<f64>> = self.on(device).iter().map(|output| double(output)).collect();
        self.compare(&device.info().name, &found, expected, tolerance);
    }

    fn compare(&self, who: &str, found: &[Vec<f64>], expected: &[Vec<f64>], tolerance: f64) {
        for (which, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(found.len(), expected.len());
            let largest = expected.iter().fold(1e-3f64, |largest, x| largest.max(x.abs()));
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                let is_close = (found - expected).abs() <= tolerance * largest;
                assert!(
                    is_close || found.is_nan() && expected.is_nan(),
                    "{who}: {:?}, output {which}, number {i}: {found} against {expected}",
                    self.op
                );
            }
        }
    }

    /// What the plain reference leaves in the outputs, in double precision.
    pub fn plain(&self) -> Vec<Vec<f64>> {
        self.plain_at(&self.inputs.iter().map(|input| double(input)).collect::<Vec<_>>())
    }

    fn plain_at(&self, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let mut outputs: Vec<Vec<f64>> = self.outputs.iter().map(|output| double(output)).collect();
        let mut lent: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let pictures = self.pictures.as_ref().map(|source| PlainPictures {
            source: source.clone(),
            order: (0..source.split().len() as u32).collect(),
        });
        let pictures = pictures.as_ref();
        plain(&self.op, PlainIo { inputs: &inputs, outputs: &mut lent, table: &self.table, pictures });
        outputs
    }

    /// The first output is the gradient of the second's first number, the loss, by the first input.
    pub fn is_a_loss(&self, tolerance: f64) {
        let h = 1e-5;
        let mut inputs: Vec<Vec<f64>> = self.inputs.iter().map(|input| double(input)).collect();
        let slope = |i: usize| {
            let at = inputs[0][i];
            let [above, below] = [at + h, at - h].map(|moved| {
                inputs[0][i] = moved;
                self.plain_at(&inputs)[1][0]
            });
            inputs[0][i] = at;
            (above - below) / (2.0 * h)
        };
        let slopes: Vec<f64> = (0..self.inputs[0].len()).map(slope).collect();
        check_slopes(&self.plain()[0], &slopes, tolerance);
    }

    /// The gradient of `Σ y·dy`, with y the first output, by input `which`: central differences of the plain
    /// reference in double precision, whose error is some 1e-9 where no kink lies within 1e-5.
    pub fn slopes(&self, which: usize, dy: &[f32]) -> Vec<f64> {
        let h = 1e-5;
        let mut inputs: Vec<Vec<f64>> = self.inputs.iter().map(|input| double(input)).collect();
        let objective = |inputs: &[Vec<f64>]| -> f64 {
            self.plain_at(inputs)[0].iter().zip(dy).map(|(y, &dy)| y * dy as f64).sum()
        };
        (0..inputs[which].len())
            .map(|i| {
                let at = inputs[which][i];
                inputs[which][i] = at + h;
                let above = objective(&inputs);
                inputs[which][i] = at - h;
                let below = objective(&inputs);
                inputs[which][i] = at;
                (above - below) / (2.0 * h)
            })
            .collect()
    }
}

/// Holds a gradient against finite differences ([`Trial::slopes`]), up to `tolerance` of the largest.
pub fn check_slopes(found: &[f64], slopes: &[f64], tolerance: f64) {
    assert_eq!(found.len(), slopes.len());
    let largest = slopes.iter().fold(1e-3f64, |largest, x| largest.max(x.abs()));
    for (i, (found, slope)) in found.iter().zip(slopes).enumerate() {
        assert!(
            (found - slope).abs() <= tolerance * largest,
            "number {i}: {found}, but the slope is {slope}"
        );
    }
}

/// `n` numbers of the standard normal distribution, different for each `name`.
pub fn normal(name: u32, n: usize) -> Vec<f32> {
    let key = Key::new(1, Purpose::InitialWeights).with(name);
    (0..n as u32).map(|i| key.normal(i)).collect()
}

/// The devices that tests run on: the CPU, and the graphics processor by every way it computes products.
pub fn devices() -> Vec<Arc<dyn Device>> {
    cpu().into_iter().chain(twin::gpus()).collect()
}

/// The CPU alone.
pub fn cpu() -> Vec<Arc<dyn Device>> {
    vec![Arc::new(cpu::Cpu::new())]
}

/// What a step leaves in its outputs.
fn run(
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
        gradients: HashMap::new(),
        origin: None,
        strongest: None,
    };
    let placement = Placement {
        parameters: vec![],
        decay_end: 0,
        parameters_len: Placement::ALIGN,
        statistics: vec![],
        statistics_len: Placement::ALIGN,
        has_room: [true; 5],
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
