//! What a program takes of a device's memory, known before any is taken.

use super::arena::{self, Arena};
use super::{Device, EngineError};
use crate::graph::program::{Bank, Placement, Program};

/// Bytes that a program and the banks it runs over take. The pictures come on top of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Footprint {
    pub parameters: u64,
    pub gradients: u64,
    /// The optimiser's slots.
    pub optimiser: u64,
    /// Running means and variances.
    pub statistics: u64,
    /// What a step remembers: its transient values, those that are never alive together in one place, the
    /// working memory of its kernels, and the tables that they carry with them.
    pub step: u64,
}

impl Footprint {
    /// What it takes on the processor, as that device says itself.
    pub fn on_cpu(placement: &Placement, program: &Program) -> Self {
        super::cpu::footprint(placement, program)
    }

    /// What it takes on any device. The working memory of the kernels, which differs, is left out.
    pub fn least(placement: &Placement, program: &Program) -> Self {
        Self::new(placement, program, &arena::assign(program), 0)
    }

    /// Of a program whose values have these places and whose kernels want so many numbers besides.
    pub(super) fn new(placement: &Placement, program: &Program, values: &Arena, scratch_len: usize) -> Self {
        let bytes = |len: usize| 4 * len as u64;
        let bank = |bank| bytes(placement.len(bank));
        let (_, kept_len) = arena::places(program, values);
        Self {
            parameters: bank(Bank::Parameters),
            gradients: bank(Bank::Gradients),
            optimiser: bank(Bank::Slot0) + bank(Bank::Slot1),
            statistics: bank(Bank::Statistics),
            step: bytes(values.len + scratch_len + kept_len + program.constants_len()),
        }
    }

    /// What it takes where another program, of that footprint, takes turns with it over the same banks.
    pub fn beside(self, other: &Self) -> Self {
        Self { step: self.step.max(other.step), ..self }
    }

    pub fn total(&self) -> u64 {
        let Self { parameters, gradients, optimiser, statistics, step } = *self;
        parameters + gradients + optimiser + statistics + step
    }

    /// # Errors
    /// The device has less left, where it tells. `what` begins the sentence.
    pub fn check(&self, what: &str, device: &dyn Device) -> Result<(), EngineError> {
        self.check_beside(what, device, Beside::default())
    }

    /// [`Footprint::check`] where other memory changes hands at the same time.
    ///
    /// # Errors
    /// The same.
    pub fn check_beside(&self, what: &str, device: &dyn Device, beside: Beside) -> Result<(), EngineError> {
        let needed = self.total().saturating_add(beside.taken);
        match device.available().map(|available| available.saturating_add(beside.released)) {
            Some(available) if needed > available => {
                Err(EngineError::out_of_memory(device.info().kind, what, needed, available))
            }
            _ => Ok(()),
        }
    }
}

/// Bytes that change hands at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Those that will be given back before any are taken.
    pub released: u64,
    /// Those that something else will take.
    pub taken: u64,
}

/// Bytes of a program's transient values, those that are never alive together in one place.
pub fn transient_bytes(program: &Program) -> u64 {
    4 * arena::assign(program).len as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::DeviceKind;
    use crate::engine::gpu::twin;
    use crate::engine::ops::testing::devices;
    use crate::experiment::{Optimiser, file, presets};
    use crate::graph::program::{Feed, Mode, Request, Update};
    use crate::graph::{Goal, Graph};
    use crate::tensor::Extent;

    /// A step of training, of a net that the preset stands for.
    fn training(preset: &str, side: usize, batch: usize, rule: Optimiser) -> (Graph, Program) {
        let network = presets::build(preset, Extent::new(3, side, side), 10).expect("a preset");
        let graph = Graph::new(&network).expect("a possible net");
        let request = Request {
            batch,
            mode: Mode::Train,
            feed: Feed::Direct,
            loss: Some(Goal::classes(10)),
            gradients: true,
            update: Some(Update { rule, clips: false }),
            wanted: Vec::new(),
        };
        let program = Program::new(&graph.fused(), &request);
        (graph, program)
    }

    /// Parameters once for each of: themselves, gradients, slots. Banks are padded to 64 numbers a tensor.
    #[test]
    fn banks_are_as_many_as_the_optimiser_needs() {
        let device = &devices()[0];
        for rule in Optimiser::ALL {
            let (graph, program) = training("resnet-20", 32, 2, rule);
            let placement = Placement::for_program(&graph, &program);
            let found = device.footprint(&placement, &program).expect("a footprint");
            assert_eq!(found.gradients, found.parameters);
            let bytes: u64 = graph.parameters.iter().map(|parameter| 4 * parameter.len() as u64).sum();
            assert!((bytes..bytes + 256 * graph.parameters.len() as u64).contains(&found.parameters));
            let n_slots = rule.n_slots() as u64;
            // A bank that is not needed is still there, with next to nothing in it.
            let unused = (2 - n_slots) * 4 * Placement::ALIGN as u64;
            assert_eq!(found.optimiser, n_slots * found.parameters + unused);
        }
    }

    /// What is said beforehand is what a plan then takes: its arena, and the metrics that outlive a step.
    #[test]
    fn a_plan_takes_what_was_said() {
        for device in devices() {
            let (graph, program) = training("quickstart", 28, 3, Optimiser::Sgd);
            let placement = Placement::for_program(&graph, &program);
            let said = device.footprint(&placement, &program).expect("a footprint");
            let memory = device.memory(&placement).expect("room");
            let plan = device.plan(&program, &memory, None).expect("room");
            let outlive: u64 = arena::kept_apart(&program)
                .iter()
                .map(|value| 4 * program.values[value.0].len.next_multiple_of(Placement::ALIGN) as u64)
                .sum();
            let (planned, name) = (plan.arena_bytes() + outlive, &device.info().name);
            match device.info().kind {
                DeviceKind::Gpu => assert_eq!(said.step, planned, "{name}"),
                // What kernels and threads keep comes on top of it; `tests/footprint.rs` measures how much that is.
                DeviceKind::Cpu => {
                    assert!(said.step > planned, "{name}: {} said, {planned} planned", said.step)
                }
            }
        }
    }

    /// One table of places for each way through a permutation.
    #[test]
    fn tables_that_steps_carry_are_counted() {
        let take = |layers: &str| {
            let text = format!("[network]\nlayers = [{layers}]");
            let choice = file::parse(&text).expect(layers).network;
            let network = choice.network(Extent::new(1, 90, 80), 10).expect(layers);
            let graph = Graph::new(&network).expect(layers);
            let request = Request {
                batch: 1,
                mode: Mode::Train,
                feed: Feed::Direct,
                loss: Some(Goal::classes(10)),
                gradients: true,
                update: None,
                wanted: Vec::new(),
            };
            (graph.clone(), Program::new(&graph, &request))
        };
        for device in devices() {
            let (graph, program) = take("{ conv = 1, kernel = 1 }, 'permute-pixels', { linear = 10 }");
            let found = device.footprint(&Placement::for_program(&graph, &program), &program);
            let values = super::transient_bytes(&program);
            assert_eq!(program.constants_len(), 2 * 90 * 80);
            assert!(found.expect("a footprint").step >= values + 4 * 2 * 90 * 80);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_beforehand() {
        for device in devices().into_iter().take(1).chain(twin::gpu()) {
            let (graph, program) = training("plain-20", 32, 1 << 23, Optimiser::Sgd);
            let placement = Placement::for_program(&graph, &program);
            // Graphics processors refuse by the largest array that they take.
            let refusal = device
                .footprint(&placement, &program)
                .and_then(|footprint| footprint.check("Training in batches of 8388608", &*device));
            // No system but one tells how much it has.
            if cfg!(target_os = "linux") {
                let message = refusal.expect_err("it is too much").to_string();
                assert!(message.contains("needs") && message.contains("GiB"), "{message}");
            }
        }
    }
}
