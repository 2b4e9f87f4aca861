//! What holds of every network: the shapes that were predicted are those that come out, number by number as
//! the plain references have them, and the parameters that were counted are those that lie in memory.

use proptest::prelude::*;

use super::ops::testing::{double, normal};
use super::plain::Machine;
use super::{Device, StepTable, cpu, layout};
use crate::graph::program::{Bank, Feed, Mode, Placement, Program, Request};
use crate::graph::{Goal, Graph, NodeId, strategies};

const BATCH: usize = 2;

fn request(mode: Mode, wanted: Vec<NodeId>) -> Request {
    let is_training = mode == Mode::Train;
    Request {
        batch: BATCH,
        mode,
        feed: Feed::Direct,
        loss: is_training.then_some(Goal::classes(3)),
        gradients: is_training,
        update: None,
        wanted,
    }
}

/// A parameter's bank of random numbers, with zeros between the tensors.
fn parameters(graph: &Graph, placement: &Placement) -> Vec<f32> {
    let mut bank = vec![0.0; placement.len(Bank::Parameters)];
    for (i, (parameter, &place)) in graph.parameters.iter().zip(&placement.parameters).enumerate() {
        let scale = (1.0 / parameter.fan_in().max(1) as f32).sqrt();
        let numbers: Vec<f32> = normal(i as u32, parameter.len()).iter().map(|x| scale * x).collect();
        bank[place..][..numbers.len()].copy_from_slice(&layout::parameter_to_storage(parameter, &numbers));
    }
    bank
}

/// A bank of running statistics at their start.
fn statistics(graph: &Graph, placement: &Placement) -> Vec<f32> {
    let mut bank = vec![0.0; placement.len(Bank::Statistics)];
    for (statistic, &place) in graph.statistics.iter().zip(&placement.statistics) {
        bank[place..][..statistic.len].fill(statistic.start);
    }
    bank
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The value of every node, by the processor and by the plain references. Within the few layers of such a
    /// net rounding errors stay below 1e-3 of the largest number.
    #[test]
    fn what_is_predicted_is_what_comes_out(network in strategies::classifier()) {
        let graph = Graph::classifier(&network, 3).expect("only possible nets are drawn");
        let placement = Placement::of(&graph);
        let program = Program::new(&graph, &request(Mode::Test, (0..graph.nodes.len()).map(NodeId).collect()));
        let (parameters, statistics) = (parameters(&graph, &placement), statistics(&graph, &placement));
        let pictures = normal(77, BATCH * graph.input().len());

        let mut machine = Machine::<f64>::new(program.clone(), &placement);
        let device = cpu::Cpu::new();
        let memory = device.memory(&placement).expect("room");
        for (bank, numbers) in [(Bank::Parameters, &parameters), (Bank::Statistics, &statistics)] {
            memory.write(bank, 0, numbers).expect("a bank");
            // A bank that no step touches is empty there.
            if machine.bank(bank).len() == numbers.len() {
                machine.bank_mut(bank).copy_from_slice(&double(numbers));
            }
        }
        let mut plan = device.plan(&program, &memory, None).expect("room");
        plan.write(program.pictures, &pictures).expect("a batch");
        plan.run(&[StepTable::default()]).expect("a step");
        machine.value_mut(program.pictures).copy_from_slice(&double(&pictures));
        machine.run(&StepTable::default());

        for report in &graph.layers {
            let value = program.outputs[&report.node];
            let (found, expected) = (plan.read(value).expect("a value"), machine.value(value));
            prop_assert_eq!(found.len(), BATCH * report.output.len(), "{}", &report.path);
            prop_assert_eq!(expected.len(), found.len(), "{}", &report.path);
            let largest = expected.iter().fold(1e-3f64, |largest, x| largest.max(x.abs()));
            for (&found, expected) in found.iter().zip(expected) {
                let error = (found as f64 - expected).abs();
                prop_assert!(error <= 1e-3 * largest, "{}: {} against {}", &report.path, found, expected);
            }
        }
    }

    /// Every parameter that a layer was said to have lies in a place of its own in the bank, and a step of
    /// training writes its gradient there and nowhere else.
    #[test]
    fn parameters_counted_are_parameters_allocated(network in strategies::classifier()) {
        let graph = Graph::classifier(&network, 3).expect("only possible nets are drawn");
        let placement = Placement::of(&graph);
        let counted: u64 = graph.layers.iter().map(|layer| layer.parameters).sum();
        let mut owned = vec![false; placement.len(Bank::Parameters)];
        for (parameter, &place) in graph.parameters.iter().zip(&placement.parameters) {
            for taken in &mut owned[place..][..parameter.len()] {
                prop_assert!(!std::mem::replace(taken, true), "{} shares its place", &parameter.name);
            }
        }
        prop_assert_eq!(owned.iter().filter(|&&taken| taken).count() as u64, counted);

        let program = Program::new(&graph.fused(), &request(Mode::Train, Vec::new()));
        let device = cpu::Cpu::new();
        let memory = device.memory(&Placement::for_program(&graph, &program)).expect("room");
        memory.write(Bank::Parameters, 0, &parameters(&graph, &placement)).expect("a bank");
        memory.write(Bank::Statistics, 0, &statistics(&graph, &placement)).expect("a bank");
        memory.write(Bank::Gradients, 0, &vec![f32::MAX; owned.len()]).expect("a bank");
        let mut plan = device.plan(&program, &memory, None).expect("room");
        plan.write(program.pictures, &normal(78, BATCH * graph.input().len())).expect("a batch");
        plan.write(program.labels, &[0.0, 2.0]).expect("labels");
        plan.run(&[StepTable::default()]).expect("a step");
        let gradients = memory.read(Bank::Gradients).expect("a bank");
        for (i, (&gradient, &is_owned)) in gradients.iter().zip(&owned).enumerate() {
            prop_assert_eq!(gradient != f32::MAX, is_owned, "number {}: {}", i, gradient);
        }
    }
}
