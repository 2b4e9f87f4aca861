//! The executor itself, whatever the ops: memory that moves, work in pieces, devices that fail.

use super::*;
use crate::engine::arena::Block;
use crate::engine::ops::testing::Trial;
use crate::engine::{StepTable, ops};
use crate::experiment::{Augment, Optimiser, presets};
use crate::graph::layers::bias::BiasStep;
use crate::graph::layers::dropout::DropoutStep;
use crate::graph::layers::linear::LinearStep;
use crate::graph::layers::loss::CrossEntropyStep;
use crate::graph::layers::merge::AddStep;
use crate::graph::layers::{Pass, StepOp};
use crate::graph::program::{Bank, Feed, Home, Mode, Request, Step, Update, Value, ValueId};
use crate::graph::{Goal, Graph, NodeId};
use crate::tensor::Extent;

fn placement(len: usize) -> Placement {
    Placement {
        parameters: Vec::new(),
        decay_end: 0,
        parameters_len: len,
        statistics: Vec::new(),
        statistics_len: Placement::ALIGN,
        has_room: [true; 5],
    }
}

/// Doubles value 0 three times, by way of transient values, into value 3.
fn doubling(len: usize) -> Program {
    let value = Value { len, home: Home::Transient };
    let add = StepOp::Add(AddStep { len, relu: false });
    let step = |i: usize| Step {
        op: add.clone(),
        inputs: vec![ValueId(i), ValueId(i)],
        outputs: vec![ValueId(i + 1)],
    };
    Program {
        batch: 1,
        values: vec![value; 4],
        steps: (0..3).map(step).collect(),
        pictures: ValueId(0),
        labels: ValueId(0),
        metrics: None,
        outputs: [(NodeId(0), ValueId(3))].into_iter().collect(),
        gradients: Default::default(),
        origin: None,
        strongest: None,
    }
}

#[test]
fn plans_share_an_arena_that_grows() {
    let Some(gpu) = twin::own_gpu(|_| {}) else { return };
    let memory = gpu.memory(&placement(Placement::ALIGN)).unwrap();
    let mut plans: Vec<_> =
        [10, 1000, 100].map(|len| (len, gpu.plan(&doubling(len), &memory, None).unwrap())).into();
    for round in 0..2 {
        for (len, plan) in &mut plans {
            plan.write(ValueId(0), &vec![*len as f32 + round as f32; *len]).unwrap();
            plan.run(&[StepTable::default()]).unwrap();
        }
        for (len, plan) in &mut plans {
            assert_eq!(plan.read(ValueId(3)).unwrap(), vec![8.0 * (*len as f32 + round as f32); *len]);
        }
    }
}

#[test]
fn the_metrics_of_many_steps_come_back_in_order() {
    let Some(gpu) = twin::own_gpu(|_| {}) else { return };
    let transient = |len| Value { len, home: Home::Transient };
    // A logit that dropout keeps is 1, one that it drops 0: the loss tells the masks apart.
    let (batch, classes) = (2, 16);
    let dropout = DropoutStep { probability: 0.5, layer: 0, batch, len: classes };
    let step = |op, inputs, outputs| Step { op, inputs, outputs };
    let [logits, labels, masked, gradient, metrics] = [0, 1, 2, 3, 4].map(ValueId);
    let program = Program {
        batch,
        values: [batch * classes, batch, batch * classes, batch * classes, 3].map(transient).into(),
        steps: vec![
            step(StepOp::Dropout(dropout), vec![logits], vec![masked]),
            step(
                StepOp::CrossEntropy(CrossEntropyStep { batch, classes, smoothing: 0.0 }),
                vec![masked, labels],
                vec![gradient, metrics],
            ),
        ],
        pictures: logits,
        labels,
        metrics: Some(metrics),
        outputs: Default::default(),
        gradients: Default::default(),
        origin: None,
        strongest: None,
    };
    let memory = gpu.memory(&placement(Placement::ALIGN)).unwrap();
    let tables: Vec<StepTable> =
        (0..150).map(|key| StepTable { dropout_key: key, ..Default::default() }).collect();
    let losses = |handfuls: usize| {
        let mut plan = gpu.plan(&program, &memory, None).unwrap();
        plan.write(logits, &vec![1.0; batch * classes]).unwrap();
        plan.write(labels, &vec![0.0; batch]).unwrap();
        let mut losses = Vec::new();
        for tables in tables.chunks(handfuls) {
            plan.run(tables).unwrap();
            losses.extend(plan.take_metrics(false).unwrap());
        }
        losses.extend(plan.take_metrics(true).unwrap());
        losses.iter().map(|metrics| metrics.loss).collect::<Vec<_>>()
    };
    let one_by_one = losses(1);
    assert_eq!(one_by_one.len(), 150);
    assert!(one_by_one.windows(2).any(|pair| pair[0] != pair[1]));
    assert_eq!(losses(150), one_by_one);
    assert_eq!(losses(7), one_by_one);
}

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    let Some(gpu) = twin::own_gpu(|limits| limits.max_buffer_size = 1 << 20) else { return };
    let memory = gpu.memory(&placement(1 << 19)).err().unwrap().to_string();
    assert!(memory.starts_with("The memory of the weights needs 2.0 MiB"), "{memory}");
    let memory = gpu.memory(&placement(Placement::ALIGN)).unwrap();
    let plan = gpu.plan(&doubling(1 << 19), &memory, None).err().unwrap();
    assert!(matches!(plan, EngineError::OutOfMemory { .. }), "{plan}");
    // And the device goes on working.
    gpu.plan(&doubling(10), &memory, None).unwrap().run(&[StepTable::default()]).unwrap();
}

/// The adapter has more, but not in one piece.
#[test]
fn an_array_that_cannot_be_bound_is_refused_in_a_sentence() {
    let Some(gpu) = twin::own_gpu(|limits| limits.max_storage_buffer_binding_size = 1 << 20) else { return };
    let memory = gpu.memory(&placement(Placement::ALIGN)).unwrap();
    let refused = gpu.plan(&doubling((1 << 18) + 1), &memory, None).err().unwrap().to_string();
    assert!(
        refused.starts_with("One array of the network needs 1.1 MiB, but the device offers 1.0 MiB"),
        "{refused}"
    );
    assert!(gpu.plan(&doubling(1 << 18), &memory, None).is_ok());
}

/// More workgroups than any adapter need allow in a row, and one number in the last.
#[test]
fn a_dispatch_of_very_many_workgroups_agrees() {
    let Some(gpu) = twin::with_true_rows(Products::Tiled) else { return };
    let (channels, n_pixels) = (3, (65_535 * lowering::LANES).div_ceil(3) + 1);
    let extent = Extent::new(channels, 1, n_pixels);
    let step = StepOp::Bias(BiasStep { pass: Pass::Forward, batch: 1, extent });
    let len = channels * n_pixels;
    Trial::new(step, &[len, channels], &[len]).agrees_on(&gpu, 1e-7);
}

/// Whatever the tiles: the least that adapters have is a little less than 16 KiB for a workgroup, 256 invocations in
/// it and 8 arrays.
#[test]
fn kernels_of_whole_nets_keep_to_the_limits_of_every_adapter() {
    // What a kernel takes follows from the sizes of its workgroup, and need be looked at but once for each.
    let mut seen = std::collections::HashSet::new();
    let Some(gpu) = twin::with_true_rows(Products::Tiled) else { return };
    for preset in ["resnet-20", "lenet", "vgg-16"] {
        let lowering = lowered::dispatches(&gpu.context, &training(preset));
        let of_every_shape = lowering.unmeasured().iter().flat_map(|unmeasured| {
            let applied = |shape: &Shape| shape.applied(unmeasured.dispatch.clone(), &unmeasured.product);
            product::SHAPES.iter().map(applied)
        });
        for dispatch in lowering.dispatches().iter().cloned().chain(of_every_shape) {
            let size = |name| dispatch.kernel.constants.iter().find(|c| c.0 == name).map(|c| c.1 as u32);
            let sizes = ["ROWS", "COLUMNS", "DEPTH", "LANES_C", "LANES_R", "SPREAD"].map(size);
            let lanes = sizes[0].unwrap_or(1) * sizes[1].unwrap_or(1);
            assert!(dispatch.kernel.shader != "conv_tiled" || lanes <= 256, "{dispatch:?}");
            assert!(dispatch.operands.len() <= 8, "{dispatch:?}");
            assert!(dispatch.grid(65_535).iter().all(|&n| n <= 65_535), "{dispatch:?}");
            if seen.insert((dispatch.kernel.shader, dispatch.kernel.parts.clone(), sizes)) {
                let memory = shaders::tests::workgroup_memory(&dispatch.kernel);
                assert!(memory <= 16352, "{memory} bytes: {dispatch:?}");
            }
        }
    }
}

/// A step of training on pictures of the size that the net was made for.
fn training(preset: &str) -> Program {
    let input = match preset {
        "resnet-20" => Extent::new(3, 32, 32),
        "lenet" => Extent::new(1, 28, 28),
        _ => Extent::new(3, 224, 224),
    };
    let network = presets::build(preset, input, 10).unwrap();
    let request = Request {
        batch: 8,
        mode: Mode::Train,
        feed: Feed::DataSet { augment: Augment::default() },
        loss: Some(Goal::classes(10)),
        gradients: true,
        update: Some(Update { rule: Optimiser::Momentum { momentum: 0.9 }, clips: true }),
        wanted: Vec::new(),
    };
    Program::new(&Graph::new(&network).unwrap().fused(), &request)
}

/// Told with `--nocapture`, for a batch of 8. Each step of the program needs one dispatch; sums over a batch take two or
/// three more, and their parts are written and read.
#[test]
fn few_dispatches_are_made_of_a_step() {
    let Some(gpu) = twin::with_true_rows(Products::Tiled) else { return };
    for preset in ["resnet-20", "resnet-18", "lenet"] {
        let program = training(preset);
        let lowering = lowered::dispatches(&gpu.context, &program);
        let (n, n_steps) = (lowering.dispatches().len(), program.steps.len());
        let moved: u64 = lowering.dispatches().iter().map(Dispatch::n_bytes).sum();
        let operands = program.steps.iter().flat_map(|step| step.inputs.iter().chain(&step.outputs));
        let least: u64 = operands.map(|value| 4 * program.values[value.0].len as u64).sum();
        let [moved_mib, least_mib] = [moved, least].map(|bytes| bytes as f64 / (1 << 20) as f64);
        println!("{preset}: {n} dispatches for {n_steps} steps, {moved_mib:.1} MiB of {least_mib:.1} MiB");
        if preset == "lenet" {
            assert!(n <= 37, "{n} dispatches for {n_steps} steps");
            assert!(moved_mib <= 1.9 * least_mib, "{moved_mib} MiB of {least_mib} MiB");
        }
    }
}

/// As on hardware, where nobody need ask for it.
#[test]
fn what_was_measured_is_known_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(gpu) = twin::measuring(folder.path()) else { return };
    let step = LinearStep { pass: Pass::Forward, batch: 2, inputs: 4, outputs: 4, bias: false, relu: false };
    let trial = Trial::new(StepOp::Linear(step), &[8, 16], &[8]);
    let n_unmeasured = |gpu: &Gpu| {
        let mut lowering = Lowering::by(&gpu.context, Products::Tiled);
        let place = |len| Place { block: Block::Arena, offset: 0, len };
        lowering.step(vec![place(8), place(16)], vec![place(8)]);
        ops::lower(&trial.op).gpu(&mut lowering);
        lowering.unmeasured().len()
    };
    assert_eq!(n_unmeasured(&gpu), 1);
    let found = trial.on(&gpu);
    assert_eq!(n_unmeasured(&gpu), 0);
    let Some(again) = twin::measuring(folder.path()) else { return };
    assert_eq!(n_unmeasured(&again), 0);
    let Some(by_custom) = twin::gpu() else { return };
    assert_eq!(found, trial.on(&*by_custom));
}

#[test]
fn a_lost_device_is_an_error_and_no_panic() {
    let Some(gpu) = twin::own_gpu(|_| {}) else { return };
    let memory = gpu.memory(&placement(Placement::ALIGN)).unwrap();
    let mut plan = gpu.plan(&doubling(10), &memory, None).unwrap();
    plan.run(&[StepTable::default()]).unwrap();
    gpu.context.device.destroy();
    let results = [
        plan.run(&[StepTable::default(); 3]).and_then(|()| plan.read(ValueId(3)).map(|_| ())),
        memory.read(Bank::Parameters).map(|_| ()),
        gpu.plan(&doubling(10), &memory, None).map(|_| ()),
    ];
    for result in results {
        assert!(matches!(result, Err(EngineError::DeviceLost(_))), "{result:?}");
    }
}
