//! Single layers and losses against PyTorch's numbers, made by `tests/reference/ops.py`, which says how a case is
//! built. From file to network to program to executor: what is tested is the whole way.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use convscope::engine::{self, Device, DeviceChoice, Memory, StepTable, layout};
use convscope::experiment::layers::MENU;
use convscope::experiment::{LabelKind, Loss, NetworkChoice, file};
use convscope::graph::program::{Bank, Feed, Mode, Placement, Program, Request};
use convscope::graph::{Goal, Graph, NodeId};
use convscope::tensor::Extent;
use safetensors::{Dtype, SafeTensors};

use common::gpu;

/// The largest distance between two tensors that counts as rounding, relative to the largest number of the
/// expected one. Sums of a few hundred products of single precision lie within some 1e-6.
const TOLERANCE: f64 = 1e-4;

const REFERENCE: &[u8] = include_bytes!("reference/ops.safetensors");

/// The table of distances, kept beside the script.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/DISTANCE.md");

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    op: String,
    /// The experiment.
    text: String,
    steps: usize,
}

/// The cases and their tensors.
struct Reference {
    cases: Vec<Case>,
    tensors: SafeTensors<'static>,
}

impl Reference {
    fn read() -> Self {
        let (_, header) = SafeTensors::read_metadata(REFERENCE).expect("a file of tensors");
        let metadata = header.metadata().as_ref().expect("metadata");
        let cases = serde_json::from_str(&metadata["cases"]).expect("a list of cases");
        Self { cases, tensors: SafeTensors::deserialize(REFERENCE).expect("a file of tensors") }
    }

    /// A tensor of a case in double precision; none if the case has no such tensor.
    fn get(&self, case: &Case, key: &str) -> Option<Vec<f64>> {
        let tensor = self.tensors.tensor(&format!("{}.{key}", case.name)).ok()?;
        Some(match tensor.dtype() {
            Dtype::F32 => {
                bytemuck::pod_collect_to_vec::<u8, f32>(tensor.data()).iter().map(|&x| x.into()).collect()
            }
            _ => bytemuck::pod_collect_to_vec(tensor.data()),
        })
    }

    fn single(&self, case: &Case, key: &str) -> Vec<f32> {
        let numbers = self.get(case, key).unwrap_or_else(|| panic!("{} has no {key}", case.name));
        numbers.into_iter().map(|x| x as f32).collect()
    }
}

/// What a device makes of a case.
struct Trial<'a> {
    reference: &'a Reference,
    case: &'a Case,
    device: &'a dyn Device,
    loss: Loss,
    graph: Graph,
    placement: Placement,
    memory: Arc<dyn Memory>,
}

/// Distances from PyTorch, by what they are of: `output`, `gradient by the input`, ….
type Distances = BTreeMap<&'static str, f64>;

impl<'a> Trial<'a> {
    fn new(reference: &'a Reference, case: &'a Case, device: &'a dyn Device) -> Self {
        let experiment = file::parse(&case.text).unwrap_or_else(|problem| panic!("{}: {problem}", case.name));
        let loss = experiment.train.loss;
        let NetworkChoice::Layers { input: Some(input), .. } = experiment.network else {
            panic!("{} is a net over a picture", case.name)
        };
        let network = experiment.network.network(input, 1).expect("a net of its own input");
        let graph = Graph::new(&network).unwrap_or_else(|problem| panic!("{}: {problem}", case.name));
        let placement = Placement::of(&graph);
        let memory = device.memory(&placement).expect("room for a small net");
        let trial = Self { reference, case, device, loss, graph, placement, memory };
        for k in 0..trial.graph.parameters.len() {
            trial.write_parameter(k, &reference.single(case, &format!("parameter.{k}")));
        }
        for (statistic, &place) in trial.graph.statistics.iter().zip(&trial.placement.statistics) {
            let start = vec![statistic.start; statistic.len];
            trial.memory.write(Bank::Statistics, place, &start).expect("room");
        }
        trial
    }

    fn write_parameter(&self, k: usize, numbers: &[f32]) {
        let parameter = &self.graph.parameters[k];
        assert_eq!(numbers.len(), parameter.len(), "{}: parameter {k}", self.case.name);
        let stored = layout::parameter_to_storage(parameter, numbers);
        self.memory.write(Bank::Parameters, self.placement.parameters[k], &stored).expect("room");
    }

    /// The gradient by a parameter, in PyTorch's order.
    fn gradient(&self, k: usize) -> Vec<f32> {
        let (parameter, place) = (&self.graph.parameters[k], self.placement.parameters[k]);
        let bank = self.memory.read(Bank::Gradients).expect("gradients");
        layout::parameter_from_storage(parameter, &bank[place..place + parameter.len()])
    }

    /// The node that the layers under test end in: what the head reads. A case of a loss is the source alone.
    fn end(&self, fused: &Graph) -> NodeId {
        match self.graph.layers.len() {
            1 => fused.output,
            _ => fused.node(fused.output).inputs[0],
        }
    }

    /// What the labels of the case are is told by their number.
    fn goal(&self, output: Extent, n_labels: usize, batch: usize) -> Goal {
        let labels = match self.loss {
            Loss::PixelCrossEntropy { .. } => LabelKind::Pixels,
            _ if n_labels == batch => LabelKind::Classes,
            _ => LabelKind::Tags,
        };
        Goal { loss: self.loss, labels, n_classes: output.channels }
    }

    /// One pass in a mode; gives the output of the layers under test and the loss.
    fn pass(&self, mode: Mode) -> (Vec<f32>, f32) {
        let fused = self.graph.fused();
        let end = self.end(&fused);
        let input = fused.input();
        let labels = self.reference.single(self.case, "labels");
        let request = Request {
            batch: input.channels,
            mode,
            feed: Feed::Direct,
            loss: Some(self.goal(fused.node(fused.output).extent, labels.len(), input.channels)),
            gradients: true,
            update: None,
            wanted: vec![end],
        };
        let program = Program::new(&fused, &request);
        let mut plan = self.device.plan(&program, &self.memory, None).expect("a plan");
        // Picture n of the batch is the n-th unit vector in its middle pixel, (N, H, W, N).
        let middle = input.height / 2 * input.width + input.width / 2;
        let mut pictures = vec![0.0; request.batch * input.len()];
        for n in 0..request.batch {
            pictures[(n * input.area() + middle) * input.channels + n] = 1.0;
        }
        plan.write(program.pictures, &pictures).expect("pictures");
        plan.write(program.labels, &labels).expect("labels");
        plan.run(&[StepTable::default()]).expect("a step");
        let loss = plan.take_metrics(true).expect("metrics")[0].loss;
        let output = plan.read(program.outputs[&end]).expect("an output");
        let extent: Extent = fused.node(end).extent;
        (layout::maps_from_storage(&output, extent), loss)
    }

    /// How far a tensor is from PyTorch's.
    fn distance(&self, found: &[f32], key: &str) -> f64 {
        let expected =
            self.reference.get(self.case, key).unwrap_or_else(|| panic!("{}: {key}", self.case.name));
        assert_eq!(found.len(), expected.len(), "{}: {key}", self.case.name);
        let largest = expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
        let apart = found.iter().zip(&expected).map(|(&found, expected)| (found as f64 - expected).abs());
        // Where nothing is expected, nothing must be found but rounding. What is no number is infinitely far.
        let apart =
            apart.fold(0.0f64, |most, apart| if apart.is_nan() { f64::INFINITY } else { most.max(apart) });
        apart / largest.max(1e-3)
    }

    /// Carries out all steps of the case.
    fn distances(&self) -> Distances {
        let (mut output, mut loss) = self.pass(Mode::Train);
        for step in 1..self.case.steps {
            self.write_parameter(0, &self.reference.single(self.case, &format!("input.{step}")));
            (output, loss) = self.pass(Mode::Train);
        }
        let mut found = Distances::new();
        found.insert("output", self.distance(&output, "output"));
        found.insert("loss", self.distance(&[loss], "loss"));
        found.insert("gradient by the input", self.distance(&self.gradient(0), "gradient.0"));
        for k in 1..self.graph.parameters.len() {
            let distance = self.distance(&self.gradient(k), &format!("gradient.{k}"));
            let worst = found.entry("gradients by weights").or_insert(0.0);
            *worst = worst.max(distance);
        }
        if !self.graph.statistics.is_empty() {
            let bank = self.memory.read(Bank::Statistics).expect("statistics");
            for (k, (statistic, &place)) in
                self.graph.statistics.iter().zip(&self.placement.statistics).enumerate()
            {
                let distance = self.distance(&bank[place..place + statistic.len], &format!("statistic.{k}"));
                let worst = found.entry("running statistics").or_insert(0.0);
                *worst = worst.max(distance);
            }
            let (output, _) = self.pass(Mode::Test);
            let by_output = self.distance(&output, "test_output");
            let by_input = self.distance(&self.gradient(0), "test_gradient");
            found.insert("in testing", by_output.max(by_input));
        }
        found
    }
}

/// The worst distances of each op on a device.
fn worst(device: &dyn Device) -> BTreeMap<String, Distances> {
    let reference = Reference::read();
    let mut worst: BTreeMap<String, Distances> = BTreeMap::new();
    for case in &reference.cases {
        let found = Trial::new(&reference, case, device).distances();
        for (&what, &distance) in &found {
            assert!(
                distance <= TOLERANCE,
                "{}: {} of {} is {distance:.1e} from PyTorch's",
                device.info().name,
                what,
                case.name
            );
            let of_op = worst.entry(case.op.clone()).or_default().entry(what).or_insert(0.0);
            *of_op = of_op.max(distance);
        }
    }
    worst
}

fn cpu() -> Arc<dyn Device> {
    engine::open(&DeviceChoice::Cpu).expect("the CPU is always there")
}

#[test]
fn every_op_is_as_in_pytorch() {
    worst(&*cpu());
}

#[test]
fn every_op_is_as_in_pytorch_on_the_gpu() {
    if let Some(device) = gpu() {
        worst(&*device);
    }
}

/// The table in the repository has a row for each op that the reference has.
#[test]
fn the_table_of_distances_is_complete() {
    let table = std::fs::read_to_string(TABLE).expect("the table");
    for case in Reference::read().cases {
        let row = format!("| {} |", case.op);
        assert!(table.contains(&row), "{} has no row: write the table anew as it says", case.op);
    }
}

/// A kind of layer without a case would be right by its own word alone.
#[test]
fn every_kind_of_layer_has_a_case() {
    let ops: Vec<String> = Reference::read().cases.into_iter().map(|case| case.op).collect();
    for kind in MENU.iter().map(|make| make()) {
        let has_case = match kind.name() {
            // What it drops is drawn by the program itself; its own tests hold it against its definition.
            "dropout" => true,
            // Several of what has cases.
            "repeat" => true,
            "branches" => ops.contains(&"add".into()) && ops.contains(&"concat".into()),
            name => ops.iter().any(|op| op == name),
        };
        assert!(has_case, "`{}` has no case in tests/reference/ops.py", kind.name());
    }
}

/// Prints the distances and keeps them in the repository.
#[test]
#[ignore = "writes tests/reference/DISTANCE.md"]
fn write_the_table_of_distances() {
    let devices: Vec<Arc<dyn Device>> = std::iter::once(cpu()).chain(gpu()).collect();
    let mut text = String::from(INTRODUCTION);
    for device in devices {
        text += &section(&*device);
    }
    print!("{text}");
    std::fs::write(TABLE, text).expect("the table is written");
}

const INTRODUCTION: &str = "\
# How far the program is from PyTorch

The worst case of each op over the cases of `ops.py`: the largest difference of any number of a tensor from
PyTorch's in double precision, relative to the largest number of that tensor. Single precision rounds to 6e-8;
what is further is the rounding of long sums, and what would not be rounding (1e-4) fails `pytorch_ops.rs`.
Measured, printed and written here by

    cargo test --release --test pytorch_ops -- --ignored --nocapture write_the_table_of_distances
";

fn section(device: &dyn Device) -> String {
    const COLUMNS: [&str; 6] = [
        "output",
        "loss",
        "gradient by the input",
        "gradients by weights",
        "running statistics",
        "in testing",
    ];
    let info = device.info();
    let mut text = format!("\n## {} ({})\n\n| op | {} |\n", info.name, info.detail, COLUMNS.join(" | "));
    text += &format!("|---|{}\n", "---|".repeat(COLUMNS.len()));
    for (op, distances) in worst(device) {
        let cell = |what| match distances.get(what) {
            None => String::new(),
            Some(0.0) => "0".into(),
            Some(distance) => format!("{distance:.1e}"),
        };
        text += &format!("| {op} | {} |\n", COLUMNS.map(cell).join(" | "));
    }
    text
}
