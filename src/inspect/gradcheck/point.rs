//! The point at which a gradient is checked: numbers that single precision holds exactly, so that a device
//! stands at the very same one.

use crate::engine::plain::{Machine, Real};
use crate::engine::{EngineError, Memory, Plan, layout};
use crate::experiment::LabelKind;
use crate::graph::program::{Bank, Placement, Program};
use crate::graph::{Goal, Graph, Parameter, Role};
use crate::tensor::random::{Key, Purpose};

pub struct Point {
    /// In storage order, one for each parameter of the graph.
    parameters: Vec<Vec<f32>>,
    /// In storage order.
    pictures: Vec<f32>,
    labels: Vec<f32>,
}

impl Point {
    pub fn draw(graph: &Graph, goal: &Goal, batch: usize, seed: u64) -> Self {
        let key = Key::new(seed, Purpose::GradientCheck);
        let parameters = graph.parameters.iter().enumerate();
        let normal = |key: Key, n: usize| (0..n as u32).map(move |i| key.normal(i)).collect::<Vec<f32>>();
        Self {
            parameters: parameters.map(|(k, parameter)| numbers(parameter, key.with(k as u32))).collect(),
            pictures: normal(key.with(u32::MAX), batch * graph.input().len()),
            labels: labels(goal, batch * goal.label_len(graph.input())),
        }
    }

    /// Puts a machine at the point.
    pub fn fill<R: Real>(&self, machine: &mut Machine<R>, graph: &Graph, placement: &Placement) {
        let real = |numbers: &[f32]| numbers.iter().map(|&x| R::of(x.into())).collect::<Vec<R>>();
        for (numbers, &place) in self.parameters.iter().zip(&placement.parameters) {
            machine.bank_mut(Bank::Parameters)[place..place + numbers.len()].copy_from_slice(&real(numbers));
        }
        for (statistic, &place) in graph.statistics.iter().zip(&placement.statistics) {
            machine.bank_mut(Bank::Statistics)[place..place + statistic.len]
                .fill(R::of(statistic.start.into()));
        }
        let (pictures, labels) = (machine.program().pictures, machine.program().labels);
        machine.value_mut(pictures).copy_from_slice(&real(&self.pictures));
        machine.value_mut(labels).copy_from_slice(&real(&self.labels));
    }

    /// Puts a device at the point.
    pub fn write(
        &self,
        plan: &mut dyn Plan,
        memory: &dyn Memory,
        program: &Program,
        graph: &Graph,
        placement: &Placement,
    ) -> Result<(), EngineError> {
        for (numbers, &place) in self.parameters.iter().zip(&placement.parameters) {
            memory.write(Bank::Parameters, place, numbers)?;
        }
        for (statistic, &place) in graph.statistics.iter().zip(&placement.statistics) {
            memory.write(Bank::Statistics, place, &vec![statistic.start; statistic.len])?;
        }
        plan.write(program.pictures, &self.pictures)?;
        plan.write(program.labels, &self.labels)
    }
}

/// `n` labels: classes one after the other, of pictures or of pixels, or every third tag.
fn labels(goal: &Goal, n: usize) -> Vec<f32> {
    let label = |i: usize| match goal.labels {
        LabelKind::Classes | LabelKind::Pixels => i % goal.n_classes,
        LabelKind::Tags => i.is_multiple_of(3) as usize,
    };
    (0..n).map(|i| label(i) as f32).collect()
}

/// A parameter's numbers: weights of He's variance, what multiplies around 1, what is added around 0.
fn numbers(parameter: &Parameter, key: Key) -> Vec<f32> {
    let (mean, deviation) = match parameter.role {
        role if role.is_weight() => (0.0, (2.0 / parameter.fan_in() as f32).sqrt()),
        Role::Scale => (1.0, 0.2),
        Role::Slope => (0.25, 0.1),
        _ => (0.0, 0.2),
    };
    let logical: Vec<f32> = (0..parameter.len() as u32).map(|i| mean + deviation * key.normal(i)).collect();
    layout::parameter_to_storage(parameter, &logical)
}
