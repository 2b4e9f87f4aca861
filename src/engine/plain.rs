//! The plain reference: every op as naive loops beside its fast twins, generic over precision, and a machine
//! that carries out a whole program with them.
//!
//! Nothing here is fast and nothing is clever, so that it can be read beside the formulas. In double
//! precision it is what tests hold both executors against, and what the gradient check differentiates.

use num_traits::{Float, NumAssign};

use super::{DeviceKind, EngineError, PictureSource, StepTable};
use super::{ops, room};
use crate::graph::program::{Bank, Home, Placement, Program, ValueId};

/// A floating-point number: `f32` or `f64`.
pub trait Real:
    Float + NumAssign + std::iter::Sum + std::fmt::Debug + Default + Send + Sync + 'static
{
    /// The nearest number of this precision.
    fn of(x: f64) -> Self;

    /// The same number in double precision.
    fn double(self) -> f64;

    /// A whole number, exact as far as this precision goes.
    fn whole(n: usize) -> Self {
        Self::of(n as f64)
    }

    /// `1 − erf(x)`, with erf the error function.
    fn erfc(self) -> Self;

    /// `max(0, x)`; what is no number stays so.
    fn rectified(self) -> Self {
        if self <= Self::zero() { Self::zero() } else { self }
    }
}

impl Real for f32 {
    fn of(x: f64) -> Self {
        x as f32
    }

    fn double(self) -> f64 {
        self.into()
    }

    fn erfc(self) -> Self {
        libm::erfcf(self)
    }
}

impl Real for f64 {
    fn of(x: f64) -> Self {
        x
    }

    fn double(self) -> f64 {
        self
    }

    fn erfc(self) -> Self {
        libm::erfc(self)
    }
}

/// The readable reference of an op, from which tests and the gradient check take their numbers.
pub trait Plain {
    /// Computes the step's outputs from its inputs, both in storage order, as the kernels do.
    fn plain<R: Real>(&self, io: PlainIo<'_, R>);
}

/// What a step reads and writes, in the order of its inputs and outputs.
pub struct PlainIo<'a, R> {
    pub inputs: &'a [&'a [R]],
    /// They hold what they held before the step.
    pub outputs: &'a mut [&'a mut [R]],
    pub table: &'a StepTable,
    /// The pictures that batches are gathered from, if the program is fed from a data set.
    pub pictures: Option<&'a PlainPictures>,
}

/// Pictures and the order in which batches take them.
#[derive(Clone)]
pub struct PlainPictures {
    pub source: PictureSource,
    pub order: Vec<u32>,
}

/// A program carried out by the plain references, every value in memory of its own, so that after a run each
/// can be read and any tail of the program be run again.
#[derive(Clone)]
pub struct Machine<R> {
    program: Program,
    /// One for each value of the program; those that live in banks are empty here.
    values: Vec<Vec<R>>,
    /// In the order of [`Bank::ALL`]; a bank that the program never touches is empty.
    banks: [Vec<R>; Bank::ALL.len()],
    pub pictures: Option<PlainPictures>,
}

impl<R: Real> Machine<R> {
    /// A machine for `program`, all numbers zero. `placement` is that of the graph it was made from.
    pub fn new(program: Program, placement: &Placement) -> Self {
        let len_of = |home: Home, len: usize| if home == Home::Transient { len } else { 0 };
        let values = program.values.iter().map(|v| vec![R::zero(); len_of(v.home, v.len)]).collect();
        let len = |bank| if touches(&program, bank) { placement.len(bank) } else { 0 };
        let banks = Bank::ALL.map(|bank| vec![R::zero(); len(bank)]);
        Self { program, values, banks, pictures: None }
    }

    /// Bytes that a machine for `program` takes.
    pub fn bytes(program: &Program, placement: &Placement) -> u64 {
        let transient = program.values.iter().filter(|v| v.home == Home::Transient).map(|v| v.len);
        let banks = Bank::ALL.iter().filter(|&&bank| touches(program, bank)).map(|&bank| placement.len(bank));
        (transient.sum::<usize>() + banks.sum::<usize>()) as u64 * size_of::<R>() as u64
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    /// A bank, in storage order.
    pub fn bank(&self, bank: Bank) -> &[R] {
        &self.banks[bank as usize]
    }

    pub fn bank_mut(&mut self, bank: Bank) -> &mut [R] {
        &mut self.banks[bank as usize]
    }

    /// A value, in storage order.
    pub fn value(&self, id: ValueId) -> &[R] {
        let value = &self.program.values[id.0];
        match value.home {
            Home::Transient => &self.values[id.0],
            Home::Bank { bank, offset } => &self.banks[bank as usize][offset..offset + value.len],
        }
    }

    pub fn value_mut(&mut self, id: ValueId) -> &mut [R] {
        let value = &self.program.values[id.0];
        match value.home {
            Home::Transient => &mut self.values[id.0],
            Home::Bank { bank, offset } => &mut self.banks[bank as usize][offset..offset + value.len],
        }
    }

    /// Mean loss of the last run, if a loss was asked for.
    pub fn loss(&self) -> Option<R> {
        self.program.metrics.map(|metrics| self.value(metrics)[0])
    }

    /// The number of the first step that reads a bank at `offset`.
    pub fn first_reader(&self, bank: Bank, offset: usize) -> Option<usize> {
        let home = Home::Bank { bank, offset };
        let reads = |id: &ValueId| self.program.values[id.0].home == home;
        self.program.steps.iter().position(|step| step.inputs.iter().any(reads))
    }

    /// Carries out the whole program once.
    pub fn run(&mut self, table: &StepTable) {
        self.run_from(0, table);
    }

    /// Carries out the steps from number `first` on, over what the steps before have left.
    pub fn run_from(&mut self, first: usize, table: &StepTable) {
        (first..self.program.steps.len()).for_each(|step| self.step(step, table));
    }

    fn step(&mut self, number: usize, table: &StepTable) {
        // Outputs are worked on apart and put back, so that inputs can be lent meanwhile.
        let ids = self.program.steps[number].outputs.clone();
        let mut outputs: Vec<Vec<R>> = ids.iter().map(|&id| self.take(id)).collect();
        let step = &self.program.steps[number];
        let inputs: Vec<&[R]> = step.inputs.iter().map(|&id| self.value(id)).collect();
        let mut lent: Vec<&mut [R]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let pictures = self.pictures.as_ref();
        ops::plain(&step.op, PlainIo { inputs: &inputs, outputs: &mut lent, table, pictures });
        for (id, output) in ids.into_iter().zip(outputs) {
            self.put(id, output);
        }
    }

    fn take(&mut self, id: ValueId) -> Vec<R> {
        match self.program.values[id.0].home {
            Home::Transient => std::mem::take(&mut self.values[id.0]),
            Home::Bank { .. } => self.value(id).to_vec(),
        }
    }

    fn put(&mut self, id: ValueId, numbers: Vec<R>) {
        match self.program.values[id.0].home {
            Home::Transient => self.values[id.0] = numbers,
            Home::Bank { .. } => self.value_mut(id).copy_from_slice(&numbers),
        }
    }
}

/// Whether the system has so many bytes left, asked before they are taken.
///
/// # Errors
/// It has not.
pub fn check_room(what: &str, bytes: u64) -> Result<(), EngineError> {
    match room::available() {
        Some(available) if bytes > available => {
            Err(EngineError::out_of_memory(DeviceKind::Cpu, what, bytes, available))
        }
        _ => Ok(()),
    }
}

/// Whether a program reads or writes a bank.
fn touches(program: &Program, wanted: Bank) -> bool {
    program.values.iter().any(|value| matches!(value.home, Home::Bank { bank, .. } if bank == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::normal;
    use crate::experiment::file;
    use crate::graph::program::{Feed, Mode, Request};
    use crate::graph::{Goal, Graph, NodeId};
    use crate::tensor::Extent;

    /// The gradient by each node that was asked for is the slope of the mean loss by its value: central
    /// differences in double precision, whose error is some 1e-9 as far from kinks as this net is.
    #[test]
    fn the_gradient_by_a_node_is_the_slope_of_the_loss() {
        let layers = "{ conv = 3, padding = 1 }, 'tanh', { merge = 'add', branches = [[{ conv = 3, padding = 1 }, \
                      'sigmoid'], []] }, { linear = 4 }";
        let experiment = file::parse(&format!("[network]\nlayers = [{layers}]")).expect("a net");
        let network = experiment.network.network(Extent::new(2, 4, 4), 4).expect("a net");
        let graph = Graph::classifier(&network, 4).expect("a possible net");
        let nodes: Vec<NodeId> = (1..graph.nodes.len()).map(NodeId).collect();
        let request = Request {
            batch: 2,
            mode: Mode::Train,
            feed: Feed::Direct,
            loss: Some(Goal::classes(4)),
            gradients: true,
            update: None,
            wanted: nodes.clone(),
        };
        let mut machine = Machine::<f64>::new(Program::new(&graph, &request), &Placement::of(&graph));
        let weights = normal(1, machine.bank(Bank::Parameters).len());
        let double = |numbers: Vec<f32>| numbers.into_iter().map(f64::from).collect::<Vec<f64>>();
        machine.bank_mut(Bank::Parameters).copy_from_slice(&double(weights));
        let (pictures, labels) = (machine.program().pictures, machine.program().labels);
        machine.value_mut(pictures).copy_from_slice(&double(normal(2, 2 * 32)));
        machine.value_mut(labels).copy_from_slice(&[1.0, 3.0]);
        machine.run(&StepTable::default());
        for node in nodes {
            let program = machine.program();
            let (value, gradient) = (program.outputs[&node], program.gradients[&node]);
            let behind =
                1 + program.steps.iter().position(|step| step.outputs.contains(&value)).expect("a step");
            let gradient = machine.value(gradient)[5];
            let loss = |moved: f64| {
                let mut machine = machine.clone();
                machine.value_mut(value)[5] += moved;
                machine.run_from(behind, &StepTable::default());
                machine.loss().expect("a loss was asked for")
            };
            let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
            assert!((slope - gradient).abs() < 1e-7, "{node:?}: {gradient}, but the slope is {slope}");
        }
    }
}
