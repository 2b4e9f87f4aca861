use super::reduce::reduce;
use super::*;
use crate::experiment::{LabelKind, Loss, NetworkChoice, file, presets};
use crate::tensor::Extent;

const FEW: Settings = Settings { batch: 8, seed: 1, n_random: 1, n_largest: 1, most_tensors: 24 };

fn graph(preset: &str, budget: u64) -> Graph {
    let build = |input| presets::build(preset, input, 5);
    let reduced =
        reduce(build, presets::customary_input(preset), &Goal::classes(5), budget).expect("a preset");
    Graph::new(&reduced.network).expect("a possible net")
}

fn of_layers(input: Extent, layers: &str) -> Graph {
    let text = format!("[network]\nlayers = [{layers}]");
    let NetworkChoice::Layers { layers, .. } = file::parse(&text).expect("an experiment").network else {
        panic!("layers were given")
    };
    Graph::new(&crate::experiment::Network { input, layers }).expect("a possible net")
}

/// Every net by name, at a size and for so many of its tensors that a second suffices. In the plain net of 110
/// layers the gradient of the first ones is a million times the loss, where kinks lie closer than double precision resolves: of some of its
/// tensors nothing can be told.
#[test]
fn the_gradient_of_every_preset_is_right() {
    for name in presets::names() {
        let report = check(&graph(name, 30_000_000), Goal::classes(5), &FEW, &|| {}).expect("room");
        for tensor in &report.tensors {
            assert_ne!(tensor.verdict, Verdict::Wrong, "{name}: {tensor:?}");
        }
        let is_told = |tensor: &&TensorReport| tensor.verdict == Verdict::Right;
        let n_told = report.tensors.iter().filter(is_told).count();
        assert!(4 * n_told >= 3 * report.tensors.len(), "{name}: only {n_told} tell: {:?}", report.tensors);
    }
}

/// One loss after the other, over labels that it is made for.
#[test]
fn the_gradient_of_every_loss_is_right() {
    let of_pictures = of_layers(Extent::new(2, 5, 5), "{ conv = 3 }, \"tanh\", { linear = 4 }");
    let of_pixels = of_layers(
        Extent::new(2, 5, 5),
        "{ conv = 3, padding = 1 }, \"tanh\", { conv = 4, kernel = 1, padding = 0 }",
    );
    let cases = [
        (&of_pictures, Loss::CrossEntropy { smoothing: 0.1 }, LabelKind::Classes),
        (&of_pictures, Loss::SquaredError, LabelKind::Classes),
        (&of_pictures, Loss::SquaredError, LabelKind::Tags),
        (&of_pictures, Loss::SigmoidCrossEntropy, LabelKind::Classes),
        (&of_pictures, Loss::SigmoidCrossEntropy, LabelKind::Tags),
        (&of_pixels, Loss::PixelCrossEntropy { void: Some(2) }, LabelKind::Pixels),
    ];
    for (graph, loss, labels) in cases {
        let goal = Goal { loss, labels, n_classes: 4 };
        let report = check(graph, goal, &FEW, &|| {}).expect("room");
        let is_right = |tensor: &TensorReport| tensor.verdict == Verdict::Right;
        assert!(report.tensors.iter().all(is_right), "{goal:?}: {:?}", report.tensors);
        let distances = distances(graph, goal, &FEW, &crate::engine::cpu::Cpu::new()).expect("room");
        assert!(distances.iter().all(|distance| distance.device < 1e-5), "{goal:?}: {distances:?}");
    }
}

/// Batch normalisation takes off what a bias before it has added.
#[test]
fn a_bias_in_front_of_a_normalisation_has_no_gradient() {
    let graph = of_layers(Extent::new(2, 6, 6), "{ conv = 3 }, \"batch-norm\", \"tanh\", { linear = 3 }");
    let report = check(&graph, Goal::classes(3), &FEW, &|| {}).expect("room");
    let verdicts: Vec<Verdict> = report.tensors.iter().map(|tensor| tensor.verdict).collect();
    let mut expected = vec![Verdict::Right; 6];
    expected[1] = Verdict::Zero;
    assert_eq!(verdicts, expected);
}

/// A slope that is off by a thousandth is not taken for the gradient, nor is one lost in rounding taken for a
/// wrong one.
#[test]
fn a_wrong_gradient_is_found() {
    let verdict = |analytic: f64, value: f64, doubt: f64| {
        let graph = of_layers(Extent::new(1, 2, 2), "{ linear = 2 }");
        let mut report = check(&graph, Goal::classes(2), &FEW, &|| {}).expect("room").tensors.remove(0);
        (report.verdict, report.error) = (Verdict::Untold, None);
        report.take(Slope { value, doubt, loss: 1.0, is_smooth: true, is_shortened: false }, analytic);
        report.verdict
    };
    assert_eq!(verdict(1.0, 1.001, 1e-9), Verdict::Wrong);
    assert_eq!(verdict(1.0, 0.0, 1e-12), Verdict::Wrong);
    assert_eq!(verdict(0.0, 1e-6, 1e-12), Verdict::Wrong);
    assert_eq!(verdict(1.0, 1.000_001, 1e-9), Verdict::Right);
    assert_eq!(verdict(1e-12, 3e-12, 1e-11), Verdict::Zero);
    assert_eq!(verdict(f64::NAN, 1.0, 1e-9), Verdict::Wrong);
}

/// Silence is no proof: what could not be told is counted, and alone it is not right.
#[test]
fn a_gradient_of_which_nothing_can_be_told_is_not_right() {
    let graph = of_layers(Extent::new(1, 2, 2), "{ linear = 2 }");
    let mut report = check(&graph, Goal::classes(2), &FEW, &|| {}).expect("room");
    let mut is_right = |weight: Verdict, bias: Verdict| {
        (report.tensors[0].verdict, report.tensors[1].verdict) = (weight, bias);
        (report.is_right(), report.count(Verdict::Untold))
    };
    assert_eq!(is_right(Verdict::Right, Verdict::Right), (true, 0));
    assert_eq!(is_right(Verdict::Right, Verdict::Untold), (true, 1));
    assert_eq!(is_right(Verdict::Zero, Verdict::Untold), (true, 1));
    assert_eq!(is_right(Verdict::Untold, Verdict::Untold), (false, 2));
    assert_eq!(is_right(Verdict::Wrong, Verdict::Right), (false, 0));
}

#[test]
fn a_device_has_the_same_gradient() {
    let device = crate::engine::cpu::Cpu::new();
    for name in ["lenet", "resnet-20"] {
        let distances = distances(&graph(name, 10_000_000), Goal::classes(5), &FEW, &device).expect("room");
        assert!(distances.iter().all(|distance| distance.device < 1e-4), "{name}: {distances:?}");
        assert!(is_rounding(&distances), "{name}");
    }
}

#[test]
fn large_nets_are_made_small_and_keep_their_form() {
    for (name, side) in [("vgg-16", 32), ("resnet-50", 12), ("lenet", 16)] {
        let graph = graph(name, 1_000_000);
        assert_eq!(graph.input().height, side, "{name}");
        let whole = presets::build(name, presets::customary_input(name), 5).expect("a preset");
        let n_parameters = Graph::new(&whole).expect("a possible net").parameters.len();
        assert_eq!(graph.parameters.len(), n_parameters, "{name}");
        assert_eq!(graph.node(graph.output).extent, Extent::vector(5));
    }
}
