//! Exported nets against the program itself: PyTorch and onnxruntime must find the logits of `predict`.
//!
//! The variable `CONVSCOPE_PYTHON` names a Python with onnx and onnxruntime, and with torch and safetensors, without
//! which only the ONNX files are compared; where it is not set the tests that need one say that they were left out.
//! What is written without any Python is checked in `src/export`.

use std::path::Path;
use std::process::Command;

use convscope::data::Normalisation;
use convscope::experiment::layers::MENU;
use convscope::experiment::{Experiment, Network, NetworkChoice, Normalise, file};
use convscope::graph::{Goal, Graph};
use convscope::tensor::Extent;
use convscope::tensor::random::mix;
use convscope::train::Net;
use convscope::train::weights::{self, Numbers};

const N_PICTURES: usize = 64;

/// The most that a logit may differ, as long as logits are of the size that training gives them (some tens).
const TOLERANCE: f64 = 1e-4;

/// The most that it may differ as a share of the largest logit, where logits are larger: a float is exact to 6e-8 of
/// its size, each of some fifty layers rounds sums of some hundred products in an order of its own, and roundings of
/// random sign grow with the root of their number, `6e-8 · √(50 · 100) ≈ 4e-6`. ResNet-50 over these weights has
/// logits up to 54 and is off by 5.7e-5, after two steps of training up to 577 and 8.9e-4: 1e-6 and 1.5e-6 of them. A
/// wrong constant (an epsilon, a divisor) is off by far more.
const SHARE: f64 = 5e-6;

/// A net with weights as if it had been trained: no scale 1, no shift 0, running statistics of their own.
fn net(experiment: Experiment, extent: Extent, normalise: Normalise) -> Net {
    let classes: Vec<String> = (0..10).map(|class| format!("class \"{class}\"")).collect();
    let network: Network = experiment.network.network(extent, classes.len()).expect("a network");
    let graph = Graph::for_goal(&network, &Goal::answering(experiment.train.loss, classes.len()))
        .expect("a possible net");
    let mut numbers = Numbers::initial(&graph, &experiment.train, 3);
    let noise = |i: usize, k: usize| mix((i + 7919 * k) as u32) as f32 / 2f32.powi(32);
    for (k, (parameter, numbers)) in graph.parameters.iter().zip(&mut numbers.parameters).enumerate() {
        if parameter.shape.len() == 1 {
            numbers.iter_mut().enumerate().for_each(|(i, x)| *x += 0.4 * noise(i, k) - 0.2);
        }
    }
    for (k, numbers) in numbers.statistics.iter_mut().enumerate() {
        numbers.iter_mut().enumerate().for_each(|(i, x)| *x += 0.5 * noise(i, k + 1000));
    }
    let mean = |n: usize| (0..n).map(|i| 0.3 + 0.4 * noise(i, 5)).collect::<Vec<_>>();
    let scale: Vec<f32> = (0..extent.channels).map(|c| 2.0 + c as f32).collect();
    let normalisation = match normalise {
        Normalise::None => Normalisation::identity(extent),
        Normalise::PerChannel => Normalisation::with_channel_means(&mean(extent.channels), scale, extent),
        Normalise::PixelMean => Normalisation { mean: mean(extent.len()), ..Normalisation::identity(extent) },
    };
    Net { experiment, network, graph, numbers, classes, normalisation }
}

fn preset(name: &str, extent: Extent, normalise: Normalise) -> Net {
    let network = NetworkChoice::Preset(name.into());
    net(Experiment { network, ..Experiment::default() }, extent, normalise)
}

/// The net of these layers, as an experiment file writes them.
fn layers(text: &str, extent: Extent) -> Net {
    layers_for("cross-entropy", text, extent)
}

/// [`layers`] with another loss.
fn layers_for(loss: &str, text: &str, extent: Extent) -> Net {
    let text = format!("title = \"Everything\"\ntrain.loss = \"{loss}\"\nnetwork.layers = [\n{text}\n]\n");
    net(file::parse(&text).expect("an experiment"), extent, Normalise::PerChannel)
}

/// 64 pictures of noise.
fn pictures(extent: Extent) -> Vec<Vec<u8>> {
    let byte = |n: usize, i: usize| (mix((n * extent.len() + i) as u32) >> 24) as u8;
    (0..N_PICTURES).map(|n| (0..extent.len()).map(|i| byte(n, i)).collect()).collect()
}

/// Runs the program; gives what it prints.
fn convscope(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_convscope")).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Exports the net into a folder, with pictures and what the program says of them beside it; all by the
/// command line, from an experiment, a file of weights and picture files.
fn write(net: &Net, folder: &Path) {
    let place = |name: &str| folder.join(name).to_str().expect("UTF-8").to_string();
    let (experiment, trained, out) = (place("experiment.toml"), place("w.safetensors"), place(""));
    std::fs::write(&experiment, file::write(&net.experiment)).expect("room");
    weights::write(Path::new(&trained), &net.graph, &net.numbers, &net.about()).expect("room");
    for form in ["pytorch", "onnx"] {
        convscope(&["export", &experiment, "--weights", &trained, "--to", form, "--out", &out]);
    }
    let extent = net.graph.input();
    let pictures = pictures(extent);
    let paths: Vec<String> = (0..N_PICTURES).map(|n| place(&format!("{n}.png"))).collect();
    for (picture, path) in pictures.iter().zip(&paths) {
        let (width, height) = (extent.width as u32, extent.height as u32);
        let at =
            |c: usize, x: u32, y: u32| picture[(c * extent.height + y as usize) * extent.width + x as usize];
        match extent.channels {
            1 => image::GrayImage::from_fn(width, height, |x, y| image::Luma([at(0, x, y)])).save(path),
            _ => image::RgbImage::from_fn(width, height, |x, y| image::Rgb([0, 1, 2].map(|c| at(c, x, y))))
                .save(path),
        }
        .expect("room");
    }
    let predict = ["predict", &experiment, "--weights", &trained, "--json", "--device", "cpu"];
    let lines = convscope(&[&predict[..], &paths.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    let logits: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["logits"].take())
        .collect();
    let shape = [extent.channels, extent.height, extent.width];
    let told = serde_json::json!({ "shape": shape, "logits": logits });
    std::fs::write(folder.join("logits.json"), told.to_string()).expect("room");
    std::fs::write(folder.join("pictures.bin"), pictures.concat()).expect("room");
}

/// Lets Python compare, if there is one.
fn check(name: &str, net: &Net) {
    let Some(python) = std::env::var_os("CONVSCOPE_PYTHON") else {
        println!("left out: CONVSCOPE_PYTHON names no Python with onnx and onnxruntime");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    write(net, folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/export_check.py");
    let output = Command::new(&python).arg(script).arg(folder.path()).output().expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let model = std::fs::read_to_string(folder.path().join("model.py")).expect("the file");
    assert!(output.status.success(), "{name}: {errors}\n{model}");
    let text = String::from_utf8_lossy(&output.stdout);
    let found: serde_json::Value = serde_json::from_str(text.trim()).expect("JSON");
    println!("{name}: {found}");
    let most = TOLERANCE.max(SHARE * found["largest"].as_f64().expect("a number"));
    for way in ["pytorch", "onnx"] {
        let Some(distance) = found[way].as_f64() else {
            assert!(way == "pytorch" && found[way].is_null(), "{name} by {way}: {found}");
            println!("{name} by {way}: left out, this Python has no torch");
            continue;
        };
        assert!(distance < most, "{name} by {way}: {distance}, up to {most} is rounding");
    }
}

#[test]
fn lenet() {
    check("lenet", &preset("lenet", Extent::new(1, 28, 28), Normalise::PerChannel));
}

/// The permutation of the pixels travels with the weights, before a mean of its own for each of them.
#[test]
fn permuted_pictures() {
    let mut net = preset("lenet", Extent::new(1, 28, 28), Normalise::PixelMean);
    net.normalisation = net.normalisation.permuted(Some(3));
    check("lenet over permuted pictures", &net);
}

#[test]
fn resnet_20() {
    check("resnet-20", &preset("resnet-20", Extent::new(3, 32, 32), Normalise::PixelMean));
}

#[test]
fn mlp_of_plain_pictures() {
    check("mlp", &preset("mlp", Extent::new(1, 28, 28), Normalise::None));
}

/// Bottlenecks with projections, over a stem as ImageNet's nets have it.
#[test]
fn bottlenecks() {
    let block = |inner: usize, outer: usize, stride: usize, shortcut: &str| {
        format!(
            r#"{{ merge = "add", branches = [ [
            {{ conv = {inner}, kernel = 1, stride = {stride}, bias = false }}, "batch-norm", "relu",
            {{ conv = {inner}, kernel = 3, padding = 1, bias = false }}, "batch-norm", "relu",
            {{ conv = {outer}, kernel = 1, bias = false }}, "batch-norm" ], [ {shortcut} ] ] }}, "relu""#
        )
    };
    let projected = |inner: usize, stride: usize| {
        let outer = 4 * inner;
        let projection =
            format!("{{ conv = {outer}, kernel = 1, stride = {stride}, bias = false }}, \"batch-norm\"");
        block(inner, outer, stride, &projection)
    };
    let text = format!(
        r#"{{ conv = 8, kernel = 7, stride = 2, padding = 3, bias = false }}, "batch-norm", "relu",
        {{ max-pool = 3, stride = 2, padding = 1 }},
        {}, {{ repeat = 2, layers = [ {} ] }},
        {}, {{ repeat = 3, layers = [ {} ] }},
        "global-average-pool", {{ linear = 10 }}"#,
        projected(8, 1),
        block(8, 32, 1, ""),
        projected(16, 2),
        block(16, 64, 1, "")
    );
    check("bottlenecks", &layers(&text, Extent::new(3, 48, 48)));
}

/// The real one, as deep as rounding goes.
#[test]
#[ignore = "goes through 64 pictures of 224×224 three times: a minute or more, and two gigabytes"]
fn resnet_50() {
    check("resnet-50", &preset("resnet-50", Extent::new(3, 224, 224), Normalise::PerChannel));
}

/// The largest weights: 500 MiB in three layers, which are moved piece by piece.
#[test]
#[ignore = "goes through 64 pictures of 224×224 three times: minutes, and three gigabytes"]
fn vgg_16() {
    check("vgg-16", &preset("vgg-16", Extent::new(3, 224, 224), Normalise::PerChannel));
}

/// Blocks inside blocks, stacked channels, repetitions that grow, paddings and windows that are not square.
#[test]
fn every_combinator() {
    let text = r#"
        { conv = 6, kernel = [3, 5], stride = [1, 2], padding = [2, 1] }, "tanh",
        { repeat = 3, layers = [ { merge = "concat", branches = [ [], [
            { merge = "add", branches = [
                [ { conv = 4, kernel = 3, padding = "same" }, "batch-norm" ],
                [ { conv = 4, kernel = 1 } ], [ { conv = 4, kernel = [1, 3], padding = [0, 1] } ] ] },
            "sigmoid" ] ] } ] },
        { average-pool = 3, stride = 2, padding = 1 },
        { repeat = 2, layers = [ { merge = "add", branches = [
            [ { conv = 24, kernel = 3, padding = "same", stride = 2, groups = 2, dilation = 2 } ],
            [ { shortcut = 24, stride = 2 } ] ] }, "relu" ] },
        { dropout = 0.4 }, { linear = 12 }, { layer = "batch-norm", epsilon = 1e-3 }, "relu", { linear = 10 }"#;
    check("every combinator", &layers(text, Extent::new(3, 19, 26)));
}

/// Maps made larger, and windows that hang over the edge.
#[test]
fn transposed_convolutions_and_pools() {
    let text = r#"
        { conv = 6, kernel = 3, padding = "same", stride = 2, groups = 3 }, "relu",
        { transposed-conv = 8, kernel = [3, 4], stride = [2, 3], padding = [1, 0], output-padding = [1, 2], groups = 2 },
        { sum-pool = [2, 3], stride = 2, padding = 1, ceil = true }, "tanh",
        { transposed-conv = 4, kernel = 3, dilation = 2, bias = false },
        { average-pool = 4, stride = 3, padding = [0, 2], ceil = true },
        { max-pool = 2, ceil = true }, { sum-pool = 2 }, { linear = 10 }"#;
    check("transposed convolutions and pools", &layers(text, Extent::new(3, 17, 14)));
}

#[test]
fn non_linearities() {
    let text = r#"
        { conv = 6, kernel = 3 }, "leaky-relu", { conv = 6, kernel = 3 }, "elu", { conv = 6, kernel = 3 }, "selu",
        { conv = 6, kernel = 3 }, "gelu", { conv = 6, kernel = 3 }, "silu", { linear = 12 }, { leaky-relu = 0.2 },
        { linear = 12 }, { elu = 0.6 }, { linear = 12 }, "gelu", { linear = 10 }"#;
    check("non-linearities", &layers(text, Extent::new(3, 13, 12)));
}

/// Slopes that are learned, neighbours in other channels, pixels that multiply and move.
#[test]
fn layers_without_windows() {
    let text = r#"
        { permute-pixels = 5 }, { conv = 8, kernel = 3, stride = 2 }, "prelu", "lrn",
        { upsample-bilinear = [2, 3] }, { conv = 6, kernel = 3, stride = 2 }, { layer = "prelu", per-channel = true },
        { layer = "lrn", size = 4, alpha = 0.2, beta = 0.6, k = 1 }, "identity", { upsample-nearest = 2 },
        { max-pool = 3 }, "flatten", { linear = 12 }, { layer = "prelu", per-channel = true }, "flatten",
        "identity", { linear = 10 }"#;
    check("layers without windows", &layers(text, Extent::new(3, 17, 14)));
    // Vectors that are maps again.
    let text = r#"
        "flatten", { merge = "add", branches = [ [ { linear = 12 } ], [ "flatten", { conv = 12, kernel = 1 } ] ] },
        { upsample-nearest = 3 }, { permute-pixels = 1 }, "lrn", { linear = 10 }"#;
    check("maps of one pixel", &layers(text, Extent::new(3, 6, 5)));
}

/// As AlexNet has it: two groups, responses normalised across channels, overlapping pools.
#[test]
fn an_alexnet_in_small() {
    let text = r#"
        { conv = 12, kernel = 7, stride = 2 }, "relu", "lrn", { max-pool = 3, stride = 2 },
        { conv = 16, kernel = 5, padding = 2, groups = 2 }, "relu", { layer = "lrn", size = 3, alpha = 0.1 },
        { max-pool = 3, stride = 2 },
        { conv = 24, kernel = 3, padding = 1 }, "relu",
        { conv = 24, kernel = 3, padding = 1, groups = 2 }, "relu", { layer = "lrn", size = 4, alpha = 0.1, k = 1.0 },
        { conv = 16, kernel = 3, padding = 1, groups = 2 }, "relu", { max-pool = 3, stride = 2 },
        { linear = 32 }, "relu", { dropout = 0.5 }, { linear = 32 }, "relu", { dropout = 0.5 }, { linear = 10 }"#;
    check("AlexNet in small", &layers(text, Extent::new(3, 67, 67)));
}

/// An encoder and decoder with skips, which names a class for each pixel.
#[test]
fn skips() {
    let text = r#"
        { conv = 6, kernel = 3, padding = 1 }, "prelu",
        { merge = "concat", branches = [ [ "identity" ], [
            { conv = 8, kernel = 3, stride = 2, padding = 1 }, { layer = "prelu", per-channel = true },
            { merge = "concat", branches = [ [], [
                { conv = 8, kernel = 3, stride = 2, padding = 1 }, "tanh", { upsample-bilinear = 2 } ] ] },
            { conv = 6, kernel = 3, padding = 1 }, "sigmoid", { upsample-nearest = 2 } ] ] },
        { conv = 10, kernel = 1 }"#;
    check("skips", &layers_for("pixel-cross-entropy", text, Extent::new(3, 12, 16)));
}

/// A convolution behind a fully connected layer, and vectors that meet maps of one pixel.
#[test]
fn vectors_that_are_maps_again() {
    let text = r#"
        { linear = 12 }, "relu", { merge = "add", branches = [ [ { conv = 8, kernel = 1 } ], [ { linear = 8 } ] ] },
        "batch-norm", { merge = "concat", branches = [ [], [ "global-average-pool" ] ] }, { linear = 10 }"#;
    check("vectors", &layers(text, Extent::new(1, 6, 5)));
}

/// A kind of layer that no net here has would be exported unchecked.
#[test]
fn every_kind_is_in_a_net_that_is_checked() {
    let text = include_str!("export.rs");
    for kind in MENU.iter().map(|make| make()) {
        let word = match kind.name() {
            "branches" => "merge",
            name => name,
        };
        let is_there = text.contains(&format!("\"{word}\"")) || text.contains(&format!("{{ {word} = "));
        assert!(is_there, "no net in tests/export.rs has the layer `{word}`");
    }
}
