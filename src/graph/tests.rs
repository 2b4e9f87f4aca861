//! Shapes, costs and receptive fields against published figures.

use super::*;
use crate::experiment::layers::{
    Branches, Conv, Kind, Layer, Linear, Merge, Padding, PermutePixels, Pool, PoolMode, Prelu,
    TransposedConv, Upsample, UpsampleMode,
};
use crate::experiment::presets;

fn preset(name: &str, input: Extent) -> Graph {
    let network = presets::build(name, input, 10).expect("a preset");
    Graph::classifier(&network, 10).expect("a possible net")
}

const MNIST: Extent = Extent::new(1, 28, 28);
const CIFAR: Extent = Extent::new(3, 32, 32);

/// He et al. 2015, Table 6, in millions to two digits; plain nets have as many, since the shortcuts are free.
#[test]
fn residual_nets_have_the_published_numbers_of_parameters() {
    for (n, millions) in [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)] {
        let residual = preset(&format!("resnet-{n}"), CIFAR).total();
        let plain = preset(&format!("plain-{n}"), CIFAR).total();
        assert_eq!(plain.parameters, residual.parameters);
        let found = residual.parameters as f64 / 1e6;
        assert!((found - millions).abs() <= if n == 110 { 0.05 } else { 0.006 }, "resnet-{n}: {found} M");
    }
}

/// Counted by hand: 20·25 + 20, 50·20·25 + 50, 500·800 + 500, 10·500 + 10.
#[test]
fn lenet_costs_what_its_layers_cost() {
    let graph = preset("lenet", MNIST);
    let parameters: Vec<u64> = graph.layers.iter().map(|layer| layer.parameters).collect();
    assert_eq!(parameters, [520, 0, 25_050, 0, 400_500, 0, 5_010]);
    // 20·24²·25 + 50·8²·500 + 800·500 + 500·10.
    assert_eq!(graph.total().multiply_adds, 288_000 + 1_600_000 + 400_000 + 5_000);
    let outputs: Vec<String> = graph.layers.iter().map(|layer| layer.output.to_string()).collect();
    assert_eq!(outputs, ["20×24×24", "20×12×12", "50×8×8", "50×4×4", "500", "500", "10"]);
}

/// By the recursion `size ← size + (k − 1)·stride`: 5; 6; 6 + 4·2 = 14; 14 + 2 = 16; 16 + 3·4 = 28.
#[test]
fn receptive_fields_grow_as_by_hand() {
    let graph = preset("lenet", MNIST);
    let sizes: Vec<usize> = graph.layers.iter().map(|layer| layer.receptive_field.size[0]).collect();
    assert_eq!(sizes, [5, 6, 14, 16, 28, 28, 28]);
    assert_eq!(graph.layers[3].receptive_field.stride, [Stride::even(4); 2]);
}

/// Of equal strides it is the padding that is told, of others the stride, and of equal sizes the channels.
#[test]
fn branches_that_do_not_meet_are_told_what_keeps_them_apart() {
    let problem = |filters: usize, stride: usize, padding: usize| {
        let conv = Conv {
            filters,
            kernel: [3, 3],
            stride: [stride; 2],
            padding: Padding::Each([padding; 2]),
            ..Conv::default()
        };
        let branches = vec![vec![Layer::new(Kind::Conv(conv))], vec![]];
        let layers = vec![Layer::new(Kind::Branches(Branches { merge: Merge::Add, branches }))];
        Graph::new(&Network { input: CIFAR, layers }).expect_err("they do not meet").message
    };
    for (message, words) in [
        (
            problem(3, 1, 0),
            "The branches end in 3×30×30, 3×32×32; to be added they must be equal. Their strides agree, so",
        ),
        (problem(3, 2, 1), "Use the same strides in each, or"),
        (problem(4, 1, 1), "on the branch with fewer channels."),
    ] {
        assert!(message.contains(words), "{message}");
    }
}

/// Padding moves the field into the margin; where branches meet, the larger field counts.
#[test]
fn a_padded_field_begins_in_the_margin() {
    let graph = preset("resnet-20", CIFAR);
    let first = graph.layers[0].receptive_field;
    assert_eq!((first.size, first.offset), ([3, 3], [-1, -1]));
    let meet = graph.layers.iter().find(|layer| layer.kind == "add").expect("a residual block");
    assert_eq!((meet.receptive_field.size, meet.receptive_field.offset), ([7, 7], [-3, -3]));
}

fn layer(kind: Kind, input: Extent) -> (LayerReport, Parameter) {
    let layers = vec![Layer::new(kind)];
    let graph = Graph::new(&Network { input, layers }).expect("a possible net");
    (graph.layers[0].clone(), graph.parameters[0].clone())
}

/// AlexNet's second convolution: each of its 256 filters sees 48 of 96 channels.
#[test]
fn groups_divide_weights_and_multiply_adds() {
    let conv = Conv { filters: 256, kernel: [5, 5], padding: Padding::Same, groups: 2, ..Conv::default() };
    let (report, weight) = layer(Kind::Conv(conv), Extent::new(96, 27, 27));
    assert_eq!(report.output, Extent::new(256, 27, 27));
    assert_eq!(weight.shape, [256, 48, 5, 5]);
    assert_eq!(report.parameters, 256 * 48 * 25 + 256);
    assert_eq!(report.multiply_adds, 27 * 27 * 256 * 48 * 25);
}

/// `⌈H / s⌉`; of an odd number of rows of padding the one left over comes behind, so that the field of the
/// first unit tells how many there are before.
#[test]
fn same_padding_keeps_the_size() {
    for (size, kernel, stride, dilation, (side, before)) in [
        (9, 3, 1, 1, (9, 1)),
        (9, 4, 1, 1, (9, 1)),
        (9, 3, 1, 3, (9, 3)),
        (9, 3, 2, 1, (5, 1)),
        (8, 3, 2, 1, (4, 0)),
        (8, 1, 3, 1, (3, 0)),
    ] {
        let [kernel, stride, dilation] = [kernel, stride, dilation].map(|n| [n; 2]);
        let conv = Conv { kernel, stride, dilation, padding: Padding::Same, ..Conv::default() };
        let (report, _) = layer(Kind::Conv(conv), Extent::new(2, size, size));
        assert_eq!(report.output, Extent::new(16, side, side), "{kernel:?}, {stride:?}, {dilation:?}");
        assert_eq!(report.receptive_field.offset, [-before; 2], "{kernel:?}, {stride:?}, {dilation:?}");
    }
}

/// `ConvTranspose2d(8, 6, (3, 4), (2, 3), (1, 0), (1, 2), groups=2)` on 8×5×7 maps gives 6×10×24, as the
/// convolution of that window reduces 10×24 to 5×7.
#[test]
fn a_transposed_convolution_undoes_the_size_of_a_convolution() {
    let conv = TransposedConv {
        filters: 6,
        kernel: [3, 4],
        stride: [2, 3],
        padding: [1, 0],
        output_padding: [1, 2],
        groups: 2,
        ..TransposedConv::default()
    };
    let (report, weight) = layer(Kind::TransposedConv(conv), Extent::new(8, 5, 7));
    assert_eq!(report.output, Extent::new(6, 10, 24));
    assert_eq!(weight.shape, [8, 3, 3, 4]);
    assert_eq!(report.parameters, 8 * 3 * 12 + 6);
    // 4 channels of a group under 12 taps, of which one in 6 meets an output pixel.
    assert_eq!(weight.fan_in(), 8);
    assert_eq!(report.multiply_adds, 8 * 5 * 7 * 3 * 12);
}

/// Sides as PyTorch's `avg_pool2d(torch.ones(1, 1, size, size), kernel, stride, padding, ceil_mode=True)` has
/// them.
#[test]
fn the_last_window_may_hang_over_the_end() {
    for (size, window, stride, padding, side) in [
        (6, 3, 2, 0, 3),
        (7, 3, 2, 0, 3),
        (5, 2, 3, 1, 2),
        (4, 3, 3, 1, 2),
        (2, 3, 2, 0, 1),
        (3, 2, 2, 1, 2),
        (1, 2, 2, 1, 1),
        (10, 3, 4, 1, 3),
    ] {
        let [window, stride, padding] = [window, stride, padding].map(|n| [n; 2]);
        let pool = Pool { mode: PoolMode::Average, window, stride, padding, ceil: true };
        let layers = vec![Layer::new(Kind::Pool(pool))];
        let graph =
            Graph::new(&Network { input: Extent::new(3, size, size), layers }).expect("a possible net");
        assert_eq!(graph.layers[0].output, Extent::new(3, side, side), "{size}: {window:?} by {stride:?}");
    }
}

/// Up-sampling by f lets f neighbours share a field, or with straight lines two pixels; behind a permutation a
/// unit may see any pixel, and a vector's unit is one of all.
#[test]
fn fields_of_layers_without_windows() {
    let field = |kinds: Vec<Kind>| {
        let layers = kinds.into_iter().map(Layer::new).collect();
        let graph = Graph::new(&Network { input: CIFAR, layers }).expect("a possible net");
        graph.layers.last().expect("a layer").receptive_field
    };
    let upsample = |mode, factor| Kind::Upsample(Upsample { mode, factor: [factor; 2] });
    let conv = || Kind::Conv(Conv::default());
    let nearest = field(vec![upsample(UpsampleMode::Nearest, 4)]);
    assert_eq!((nearest.size, nearest.offset), ([1, 1], [0, 0]));
    assert_eq!(nearest.stride[0], Stride { pixels: 1, units: 4 });
    for factor in [2, 3, 4] {
        let bilinear = field(vec![upsample(UpsampleMode::Bilinear, factor)]);
        assert_eq!((bilinear.size, bilinear.offset), ([2, 2], [-1, -1]));
    }
    assert_eq!(field(vec![upsample(UpsampleMode::Bilinear, 1)]), ReceptiveField::PIXEL);
    let anywhere = field(vec![Kind::PermutePixels(PermutePixels::default()), conv(), conv()]);
    assert_eq!((anywhere.size, anywhere.offset), ([32, 32], [0, 0]));
    assert_eq!(anywhere.stride, [Stride::even(0); 2]);
    assert_eq!(field(vec![conv(), Kind::Flatten]).size, [32, 32]);
    assert_eq!(field(vec![conv(), Kind::Identity]), field(vec![conv()]));
}

/// As `nn.Linear` behind `nn.Flatten` has them: a vector's weights lie in the vector's order.
#[test]
fn a_flattened_input_is_a_vector() {
    let layers = [Kind::Flatten, Kind::Linear(Linear::default())].map(Layer::new).into();
    let graph = Graph::new(&Network { input: CIFAR, layers }).expect("a possible net");
    assert_eq!(graph.layers[0].output, Extent::vector(3072));
    assert_eq!(graph.parameters[0].role, Role::LinearWeight { input: Extent::vector(3072) });
}

/// Slopes are learned, but neither decay nor count as weights that a layer starts from.
#[test]
fn slopes_of_a_prelu_are_parameters_of_their_own() {
    for (per_channel, n_slopes) in [(false, 1), (true, 3)] {
        let (report, slope) = layer(Kind::Prelu(Prelu { per_channel }), CIFAR);
        assert_eq!((report.output, report.parameters), (CIFAR, n_slopes as u64));
        assert_eq!((slope.name.as_str(), slope.shape.as_slice()), ("layers.0.weight", &[n_slopes][..]));
        assert!(!slope.decays() && !slope.role.is_weight());
    }
}

#[test]
fn paths_carry_repetition_and_branch() {
    let graph = preset("resnet-20", CIFAR);
    let names: Vec<&str> = graph.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert!(names.contains(&"layers.0.weight"));
    assert!(names.iter().any(|name| name.contains(".branches.0.0.weight")), "{names:?}");
    let unique: std::collections::HashSet<&&str> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
}

fn check(layers: Vec<Kind>, path: &str, words: &str) {
    let layers = layers.into_iter().map(Layer::new).collect();
    let problem =
        Survey::of(&Network { input: MNIST, layers }, &Goal::classes(10)).problem.expect("an impossible net");
    assert_eq!(problem.path, path, "{problem}");
    assert!(problem.message.contains(words), "{problem}");
}

#[test]
fn impossible_nets_are_explained_where_they_go_wrong() {
    let conv = |kernel: usize| Kind::Conv(Conv { kernel: [kernel; 2], ..Conv::default() });
    check(vec![], "layers", "no layers");
    check(vec![conv(29)], "layers.0", "29×29 does not fit into 28×28");
    let spread = |padding, output_padding| {
        Kind::TransposedConv(TransposedConv { padding, output_padding, ..TransposedConv::default() })
    };
    check(vec![spread([0, 0], [0, 2])], "layers.0", "here 2 is not below 2");
    check(vec![spread([28, 0], [0, 0])], "layers.0", "leaves nothing");
    let wide = Conv { dilation: [1, 14], ..Conv::default() };
    check(vec![Kind::Conv(wide)], "layers.0", "3×3, dilated to 3×29, does not fit into 28×28");
    let grouped = |filters, groups| Kind::Conv(Conv { filters, groups, ..Conv::default() });
    check(
        vec![grouped(8, 2)],
        "layers.0",
        "1 input channels and 8 filters cannot be cut into 2 equal groups",
    );
    check(vec![grouped(12, 1), grouped(16, 6)], "layers.1", "such as 4.");
    check(vec![conv(3)], "layers.0", "10 classes need 10 numbers");
    check(vec![Kind::Pool(Pool::new(PoolMode::Max, 14)), conv(3)], "layers.1", "does not fit into 2×2");
    let meet = |merge, second: usize| {
        let branch = |filters| {
            let conv = Conv { filters, padding: Padding::Each([1, 1]), ..Conv::default() };
            vec![Layer::new(Kind::Conv(conv))]
        };
        Kind::Branches(Branches { merge, branches: vec![branch(8), branch(second)] })
    };
    check(vec![meet(Merge::Add, 9)], "layers.0", "8×28×28, 9×28×28; to be added they must be equal");
    let huge = Kind::Linear(Linear { outputs: 65_536, ..Linear::default() });
    check(vec![huge.clone(), huge], "layers.1", "more than");
}

#[test]
fn a_stack_too_deep_to_unroll_is_refused() {
    use crate::experiment::layers::{Activation, Repeat};
    let mut layers = vec![Layer::new(Kind::Activation(Activation::Relu))];
    for _ in 0..2 {
        layers = vec![Layer::new(Kind::Repeat(Repeat { times: 1000, layers }))];
    }
    let survey = Survey::of(&Network { input: MNIST, layers }, &Goal::classes(10));
    assert!(survey.problem.expect("too many").message.contains("layers"));
}
