use crate::experiment::NetworkChoice;
use crate::experiment::file::parse;
use crate::experiment::layers::{
    Activation, BatchNorm, Branches, Conv, Kind, Layer, Linear, Lrn, Merge, Padding, PermutePixels, Pool,
    PoolMode, Prelu, Repeat, Upsample, UpsampleMode,
};

/// What is said about a layer; it stands on line 2.
fn check_layer(layer: &str, expected: &str) {
    let problem = parse(&format!("[network]\nlayers = [ {layer} ]")).expect_err(layer);
    assert_eq!(problem.to_string(), format!("line 2: {expected}"), "{layer}");
}

fn layers_of(text: &str) -> Vec<Kind> {
    let experiment =
        parse(&format!("[network]\nlayers = [ {text} ]")).unwrap_or_else(|problem| panic!("{problem}"));
    match experiment.network {
        NetworkChoice::Layers { layers, .. } => layers.into_iter().map(|layer| layer.kind).collect(),
        NetworkChoice::Preset(name) => panic!("{name}"),
    }
}

#[test]
fn layers_are_words_or_tables() {
    let conv = Conv { filters: 8, kernel: [3, 5], stride: [2, 2], bias: false, ..Conv::default() };
    assert_eq!(layers_of("{ conv = 8, kernel = [3, 5], stride = 2, bias = false }"), [Kind::Conv(conv)]);
    let grouped = Conv { padding: Padding::Same, dilation: [2, 2], groups: 4, ..Conv::default() };
    assert_eq!(layers_of("{ conv = 16, padding = 'same', dilation = 2, groups = 4 }"), [Kind::Conv(grouped)]);
    assert_eq!(layers_of("'tanh', 'sigmoid'"), [Activation::Tanh, Activation::Sigmoid].map(Kind::Activation));
    assert_eq!(layers_of("'max-pool'"), [Kind::Pool(Pool::new(PoolMode::Max, 2))]);
    let norm = BatchNorm { epsilon: 1e-3, ..BatchNorm::default() };
    assert_eq!(layers_of("{ layer = 'batch-norm', epsilon = 1e-3 }"), [Kind::BatchNorm(norm)]);
    assert_eq!(
        layers_of("{ layer = 'linear', linear = 4 }"),
        [Kind::Linear(Linear { outputs: 4, ..Linear::default() })]
    );
    assert_eq!(layers_of("{ layer = 'relu' }, { repeat = 3, layers = [] }").len(), 2);
    assert_eq!(layers_of("'global-average-pool', 'dropout', 'batch-norm'").len(), 3);
}

#[test]
fn a_head_with_a_customary_value_may_be_left_out() {
    let activations = |text| {
        layers_of(text).into_iter().map(|kind| match kind {
            Kind::Activation(activation) => activation,
            other => panic!("{other:?}"),
        })
    };
    let slopes = [0.01, 0.2].map(|slope| Activation::LeakyRelu { slope });
    assert!(activations("'leaky-relu', { leaky-relu = 0.2 }").eq(slopes));
    let alphas = [1.0, 0.5].map(|alpha| Activation::Elu { alpha });
    assert!(activations("{ layer = 'elu' }, { elu = 0.5 }").eq(alphas));
    assert!(activations("'selu', 'gelu', 'silu'").eq([Activation::Selu, Activation::Gelu, Activation::Silu]));
}

#[test]
fn layers_without_windows_are_read() {
    let upsample = |mode, factor| Kind::Upsample(Upsample { mode, factor });
    assert_eq!(
        layers_of("'upsample-nearest', { upsample-bilinear = [2, 3] }"),
        [upsample(UpsampleMode::Nearest, [2, 2]), upsample(UpsampleMode::Bilinear, [2, 3])]
    );
    let permute = |seed| Kind::PermutePixels(PermutePixels { seed });
    assert_eq!(layers_of("'permute-pixels', { permute-pixels = 7 }"), [permute(0), permute(7)]);
    let lrn = |size| Kind::Lrn(Lrn { size, alpha: 1e-4, beta: 0.75, k: 2.0 });
    assert_eq!(layers_of("'lrn', { layer = 'lrn', size = 3 }"), [lrn(5), lrn(3)]);
    let prelu = |per_channel| Kind::Prelu(Prelu { per_channel });
    let text = "'prelu', { layer = 'prelu', per-channel = true }";
    assert_eq!(layers_of(text), [prelu(false), prelu(true)]);
    assert_eq!(layers_of("'flatten', 'identity'"), [Kind::Flatten, Kind::Identity]);
}

#[test]
fn a_pools_stride_is_its_window_unless_given() {
    let pool = |window, stride| Kind::Pool(Pool { window, stride, ..Pool::new(PoolMode::Average, 2) });
    assert_eq!(layers_of("{ average-pool = 3 }"), [pool([3, 3], [3, 3])]);
    assert_eq!(layers_of("{ stride = 1, average-pool = [3, 2] }"), [pool([3, 2], [1, 1])]);
    let sum = Pool { ceil: true, ..Pool::new(PoolMode::Sum, 3) };
    assert_eq!(layers_of("{ sum-pool = 3, ceil = true }"), [Kind::Pool(sum)]);
}

#[test]
fn branches_and_repetitions_hold_layers() {
    let relu = || vec![Layer::new(Kind::Activation(Activation::Relu))];
    let branches = Branches { merge: Merge::Concat, branches: vec![relu(), Vec::new()] };
    let inner = vec![Layer::new(Kind::Branches(branches))];
    let expected = [Kind::Repeat(Repeat { times: 9, layers: inner })];
    let text = "{ repeat = 9, layers = [ { merge = 'concat', branches = [ ['relu'], [], ] }, ] }";
    assert_eq!(layers_of(text), expected);
    assert_eq!(layers_of("{ branches = [[], []] }").len(), 1);
}

#[test]
fn wrong_layers_are_refused() {
    check_layer("'rleu'", "There is no layer `rleu`; did you mean `relu`?");
    check_layer("'dense'", "There is no layer `dense`; did you mean `linear`?");
    check_layer(
        "3",
        "A layer must be a word such as \"relu\" or a table such as { conv = 16, kernel = 3 }; found 3.",
    );
    check_layer("{ conv2d = 16 }", "There is no layer `conv2d`; did you mean `conv`?");
    check_layer("{ conv = 16, kernal = 3 }", "There is no key `kernal` in `conv`; did you mean `kernel`?");
    check_layer(
        "{ conv = 16, kernel = 0 }",
        "`kernel` must be a whole number from 1 to 64, or two of them, [height, width]; found 0.",
    );
    check_layer(
        "{ conv = 16, kernel = [3, 3.5] }",
        "`kernel` must be a whole number from 1 to 64, or two of them, [height, width]; found 3.5.",
    );
    check_layer(
        "{ conv = 16, padding = 'sane' }",
        "`padding` must be a whole number from 0 to 64, or two of them, [height, width], or \"same\"; found \"sane\". Did you mean `same`?",
    );
    check_layer(
        "{ conv = 16, dropout = 0.5 }",
        "A layer is of one kind; this one is `conv` and `dropout`. Put each into braces of its own.",
    );
    check_layer(
        "{ batch-norm = 1 }",
        "`batch-norm` has no number of its own: write \"batch-norm\" or { layer = \"batch-norm\", epsilon = …, momentum = … }.",
    );
    check_layer("{ layer = 'relu', slope = 1 }", "There is no key `slope`: `relu` has none.");
    check_layer("{ layer = 3 }", "`layer` must be the name of a kind of layer; found 3.");
    check_layer("{ dropout = 1 }", "`dropout` must be a number from 0 to 0.99; found 1.");
    check_layer(
        "{}",
        "An empty table is no layer; its kind must be given, such as { conv = 16 } or { layer = \"batch-norm\" }.",
    );
    check_layer(
        "{ kernel = 3, stride = 1 }",
        "`kernel` and `stride` do not tell the kind of layer; it must be given, such as { conv = 16 } or { layer = \"batch-norm\" }.",
    );
    check_layer("{ repeat = 3 }", "`repeat` lacks `layers`: { repeat = 3, layers = [ … ] }.");
    check_layer(
        "{ merge = 'add' }",
        "`branches` are missing: { merge = \"add\", branches = [[ … ], [ … ]] }.",
    );
    check_layer(
        "{ merge = 'ad', branches = [] }",
        "`merge` must be `add` or `concat`; found \"ad\". Did you mean `add`?",
    );
    check_layer(
        "{ branches = ['relu'] }",
        "`branches` must be a list of lists of layers, [[ … ], [ … ]]; found \"relu\".",
    );
    check_layer(
        "{ repeat = 2, layers = 'relu' }",
        "`layers` must be a list of layers, [ … ]; found \"relu\".",
    );
}

/// A mistake far inside is found on its own line.
#[test]
fn the_line_is_that_of_the_innermost_mistake() {
    let text = "[network]\nlayers = [\n { repeat = 2, layers = [\n  'relu',\n  { conv = 3,\n   bias = 3 },\n ] },\n]";
    let problem = parse(text).unwrap_err();
    assert_eq!(problem.to_string(), "line 6: `bias` must be true or false; found 3.");
}

#[test]
fn what_is_too_large_is_refused() {
    check_layer(
        "{ repeat = 1000, layers = [ { repeat = 1000, layers = ['relu'] } ] }",
        "The network has 1001001 layers once its repetitions are written out; there may be 10000.",
    );
    let nested =
        |depth: usize| format!("{}{}", "{ repeat = 1, layers = [".repeat(depth), "] }".repeat(depth));
    assert_eq!(layers_of(&nested(16)).len(), 1);
    check_layer(&nested(17), "Layers may lie inside one another up to 16 deep.");
    let hopeless = parse(&format!("[network]\nlayers = {}", "[".repeat(100_000))).unwrap_err();
    assert_eq!(hopeless.line, Some(2));
}
