//! What holds of every network: the shapes that were predicted are those that come out, number by number as
//! the plain references have them, and the parameters that were counted are those that lie in memory.

use proptest::prelude::*;

use super::ops::testing::{double, normal};
use super::plain::Machine;
use super::{Device, StepTable, cpu, layout};
use crate::experiment::layers::{Activation, PoolMode};
use crate::graph::program::{
    Back, BackwardRule, Bank, Feed, Inspection, Mode, Origin, Placement, Program, Request,
};
use crate::graph::{Goal, Graph, NodeId, Op, strategies};

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

    /// Which pixels a unit of each layer depends on, by the gradient: rows and columns with a number in it that is not
    /// 0 are just those that the walk through the layers finds, and lie in the receptive field. Weights and pictures
    /// are above 0, so that nothing cancels and no ReLU is off. Where a maximum is chosen or pixels are exchanged, some
    /// that could count do not; nor do they where a tanh or a sigmoid gives a number so near to 1 that its slope is 0
    /// in double precision, which is looked for.
    #[test]
    fn a_unit_depends_on_the_pixels_of_its_field(network in strategies::classifier(), corner in 0_usize..3) {
        let graph = Graph::classifier(&network, 3).expect("only possible nets are drawn");
        let placement = Placement::of(&graph);
        let chooses = graph.nodes.iter().any(|node| match &node.op {
            Op::Pool(pool) => pool.mode == PoolMode::Max,
            Op::Permute(_) => true,
            _ => false,
        });
        let saturating: Vec<NodeId> = (0..graph.nodes.len())
            .map(NodeId)
            .filter(|&id| match &graph.node(id).op {
                Op::Activation(node) => matches!(node.function, Activation::Tanh | Activation::Sigmoid),
                _ => false,
            })
            .collect();
        for report in graph.layers.iter().step_by(2) {
            let (node, extent) = (report.node, report.output);
            let at = [extent.height, extent.width].map(|side| corner * (side - 1) / 2);
            let back = Back { from: Origin::Node(node), rule: BackwardRule::Plain };
            let wanted = std::iter::once(NodeId(0)).chain(saturating.iter().copied()).collect();
            let strongest = None;
            let inspection = Inspection { batch: 1, feed: Feed::Direct, wanted, back: Some(back), strongest };
            let program = Program::inspecting(&graph, &inspection);
            let mut machine = Machine::<f64>::new(program.clone(), &placement);
            fill_above_zero(&mut machine, &graph, &placement);
            let pictures = normal(79, graph.input().len()).iter().map(|x| 1.0 + f64::from(x.abs())).collect::<Vec<_>>();
            machine.value_mut(program.pictures).copy_from_slice(&pictures);
            // All channels at one place, for some have nothing before them in a zero-padded shortcut.
            let begin = (at[0] * extent.width + at[1]) * extent.channels;
            machine.value_mut(program.origin.expect("asked for"))[begin..][..extent.channels].fill(1.0);
            machine.run(&StepTable::default());
            let Some(&gradient) = program.gradients.get(&NodeId(0)) else { continue };
            let has_no_slope = |id: &NodeId| {
                program.outputs.get(id).is_some_and(|&value| machine.value(value).contains(&1.0))
            };
            let chooses = chooses || saturating.iter().any(has_no_slope);
            let gradient = machine.value(gradient); // (H, W, C)
            let input = graph.input();
            let counts = |row: usize, column: usize| {
                gradient[(row * input.width + column) * input.channels..][..input.channels].iter().any(|g| *g != 0.0)
            };
            let found = [
                (0..input.height).map(|row| (0..input.width).any(|column| counts(row, column))).collect::<Vec<_>>(),
                (0..input.width).map(|column| (0..input.height).any(|row| counts(row, column))).collect(),
            ];
            let (seen, field) = (graph.pixels_seen(node, at), graph.field_of(node, at));
            for axis in 0..2 {
                for (i, (&found, &seen)) in found[axis].iter().zip(&seen[axis]).enumerate() {
                    prop_assert!(seen || !found, "{}: {} along {} counts", &report.path, i, axis);
                    let is_same = found == seen || chooses;
                    prop_assert!(is_same, "{} at {:?}: {} along {} does not count", &report.path, at, i, axis);
                    let is_inside = field[axis].contains(&(i as i64));
                    prop_assert!(is_inside || !seen, "{}: {} along {} lies beside {:?}", &report.path, i, axis, &field);
                }
            }
        }
    }
}

/// Weights around one over what each unit reads, scales around 1, all above 0; running statistics at their start.
fn fill_above_zero(machine: &mut Machine<f64>, graph: &Graph, placement: &Placement) {
    if machine.bank(Bank::Parameters).len() == placement.len(Bank::Parameters) {
        for (i, (parameter, &place)) in graph.parameters.iter().zip(&placement.parameters).enumerate() {
            let size = if parameter.decays() { 1.0 / parameter.fan_in().max(1) as f64 } else { 1.0 };
            let numbers =
                normal(i as u32, parameter.len()).into_iter().map(|x| size * (0.5 + f64::from(x.abs())));
            machine.bank_mut(Bank::Parameters)[place..][..parameter.len()]
                .iter_mut()
                .zip(numbers)
                .for_each(|(own, number)| *own = number);
        }
    }
    let statistics = statistics(graph, placement);
    if machine.bank(Bank::Statistics).len() == statistics.len() {
        machine.bank_mut(Bank::Statistics).copy_from_slice(&double(&statistics));
    }
}
