//! For tests: one step carried out on both executors, which must agree.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Gpu, Products};
use crate::engine::cpu::Cpu;
use crate::engine::{Device, PictureSource, StepTable};
use crate::graph::layers::StepOp;
use crate::graph::program::{Bank, Home, Placement, Program, Step, Value, ValueId};
use crate::tensor::random::{Key, Purpose};

/// A step with all that it reads.
pub struct Trial {
    pub op: StepOp,
    pub inputs: Vec<Vec<f32>>,
    /// What the outputs hold beforehand; most steps overwrite it.
    pub outputs: Vec<Vec<f32>>,
    pub table: StepTable,
    pub pictures: Option<PictureSource>,
}

/// The graphics processor that tests use: hardware if there is any, else the driver that runs on the CPU; none
/// where there is neither, in which case the test is left out, except on the machines that decide on changes.
pub fn gpu() -> Option<Arc<dyn Device>> {
    gpu_with(None)
}

/// [`gpu`] with a way to compute products that is given rather than chosen.
fn gpu_with(products: Option<Products>) -> Option<Arc<dyn Device>> {
    static GPUS: Mutex<Vec<(Option<Products>, Arc<dyn Device>)>> = Mutex::new(Vec::new());
    let mut gpus = GPUS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, gpu)) = gpus.iter().find(|(other, _)| *other == products) {
        return Some(gpu.clone());
    }
    let Some(adapter) = super::adapters().into_iter().next() else {
        assert!(std::env::var_os("CI").is_none(), "no Vulkan driver; Debian has mesa-vulkan-drivers");
        println!("left out: there is no Vulkan driver on this machine");
        return None;
    };
    let gpu: Arc<dyn Device> = Arc::new(Gpu::open_with(&adapter, products).unwrap());
    gpus.push((products, gpu.clone()));
    Some(gpu)
}

/// Numbers of the standard normal distribution.
pub fn normal(name: u32, len: usize) -> Vec<f32> {
    let key = Key::new(1, Purpose::InitialWeights).with(name);
    (0..len as u32).map(|i| key.normal(i)).collect()
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

    /// Both executors give the same numbers, up to `tolerance` of the largest of each output.
    pub fn agrees(&self, tolerance: f32) {
        if let Some(gpu) = gpu() {
            self.agrees_on(&*gpu, tolerance);
        }
    }

    /// [`Trial::agrees`] for steps that are products, by every way to compute them.
    pub fn agrees_in_every_way(&self, tolerance: f32) {
        for products in [Products::Plain, Products::Tiled { most_lanes: 4 }] {
            if let Some(gpu) = gpu_with(Some(products)) {
                self.agrees_on(&*gpu, tolerance);
            }
        }
    }

    fn agrees_on(&self, gpu: &dyn Device, tolerance: f32) {
        let expected = self.run(&Cpu::new());
        let found = self.run(gpu);
        for (i, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
            for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
                let is_close = (expected - found).abs() <= tolerance * largest.max(1e-3);
                assert!(is_close, "{:?}: output {i}[{place}] is {found}, not {expected}", self.op);
            }
        }
    }

    /// What the step leaves in its outputs. Inputs lie in one bank, outputs in another.
    pub fn run(&self, device: &dyn Device) -> Vec<Vec<f32>> {
        let mut values = Vec::new();
        let mut lay_out = |bank: Bank, arrays: &[Vec<f32>]| {
            let mut end = 0;
            let first = values.len();
            for array in arrays {
                values.push(Value { len: array.len(), home: Home::Bank { bank, offset: end } });
                end += array.len().next_multiple_of(Placement::ALIGN);
            }
            ((first..values.len()).map(ValueId).collect::<Vec<_>>(), end.max(Placement::ALIGN))
        };
        let (inputs, inputs_len) = lay_out(Bank::Parameters, &self.inputs);
        let (outputs, outputs_len) = lay_out(Bank::Gradients, &self.outputs);
        // A program must name pictures and labels; these are written by nobody.
        values.extend([Value { len: 1, home: Home::Transient }; 2]);
        let unused = [ValueId(values.len() - 2), ValueId(values.len() - 1)];
        let program = Program {
            batch: 1,
            steps: vec![Step { op: self.op.clone(), inputs: inputs.clone(), outputs: outputs.clone() }],
            pictures: unused[0],
            labels: unused[1],
            metrics: None,
            outputs: Default::default(),
            values,
        };
        let placement = Placement {
            parameters: Vec::new(),
            decay_end: 0,
            parameters_len: inputs_len.max(outputs_len),
            statistics: Vec::new(),
            statistics_len: Placement::ALIGN,
        };
        let memory = device.memory(&placement).unwrap();
        let offset = |value: &ValueId| match program.values[value.0].home {
            Home::Bank { offset, .. } => offset,
            Home::Transient => unreachable!("operands lie in banks"),
        };
        for (bank, ids, arrays) in
            [(Bank::Parameters, &inputs, &self.inputs), (Bank::Gradients, &outputs, &self.outputs)]
        {
            for (id, array) in ids.iter().zip(arrays) {
                memory.write(bank, offset(id), array).unwrap();
            }
        }
        let pictures = self.pictures.as_ref().map(|source| device.pictures(source).unwrap());
        device.plan(&program, &memory, pictures.as_ref()).unwrap().run(&[self.table]).unwrap();
        let bank = memory.read(Bank::Gradients).unwrap();
        outputs.iter().zip(&self.outputs).map(|(id, was)| bank[offset(id)..][..was.len()].to_vec()).collect()
    }
}
