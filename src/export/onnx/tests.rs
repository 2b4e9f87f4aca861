use prost::Message;

use super::*;
use crate::data::Normalisation;
use crate::experiment::layers::{Activation, Linear, MENU, Merge};
use crate::experiment::{Experiment, Kind, Layer, NetworkChoice, file};
use crate::graph::Graph;
use crate::tensor::Extent;
use crate::train::weights::Numbers;

fn net() -> Net {
    let text = r#"
title = "Small"
[network]
layers = [
  { conv = 4, kernel = 3, stride = 2, padding = "same" }, "batch-norm", "relu",
  { merge = "concat", branches = [ [ { shortcut = 6, stride = 1 } ], [ { max-pool = 3, stride = 1, padding = 1 } ] ] },
  { dropout = 0.5 }, { linear = 3 },
]
"#;
    of(file::parse(text).expect("an experiment"), Extent::new(1, 6, 6))
}

/// The net of an experiment over pictures of this shape with three classes.
fn of(experiment: Experiment, extent: Extent) -> Net {
    let classes = ["a", "b", "c"].map(String::from).to_vec();
    let network = experiment.network.network(extent, 3).expect("a network");
    let graph = Graph::classifier(&network, 3).expect("a possible net");
    let numbers = Numbers::initial(&graph, &experiment.train, 1);
    let normalisation =
        Normalisation::with_channel_means(&vec![0.5; extent.channels], vec![2.0; extent.channels], extent);
    Net { experiment, network, graph, numbers, classes, normalisation }
}

/// The file, read again.
fn read() -> Model {
    let folder = tempfile::tempdir().expect("a folder");
    write(&net(), folder.path()).expect("room");
    let bytes = std::fs::read(folder.path().join("model.onnx")).expect("the file");
    Model::decode(&bytes[..]).expect("a message")
}

/// What would be in the file.
fn message(net: &Net) -> Model {
    let mut bytes = Vec::new();
    let model = model(net);
    model.write(&mut bytes).expect("memory takes all");
    assert_eq!(bytes.len() as u64, model.len(), "as long as was said");
    Model::decode(&bytes[..]).expect("a message")
}

#[test]
fn each_layer_is_an_operator_under_its_path() {
    let graph = read().graph.expect("a graph");
    let found: Vec<(&str, &str)> =
        graph.node.iter().map(|node| (node.name.as_str(), node.op_type.as_str())).collect();
    let expected = [
        ("layers.0", "Conv"),
        ("layers.1", "BatchNormalization"),
        ("layers.2", "Relu"),
        ("layers.3.branches.0.0", "Pad"),
        ("layers.3.branches.1.0", "MaxPool"),
        ("layers.3", "Concat"),
        ("layers.3/flat", "Flatten"),
        ("layers.5", "Gemm"),
        ("logits", "Identity"),
    ];
    assert_eq!(found, expected);
    // 6 rows at stride 2 are 3 windows that reach over 7: the row left over comes behind.
    let pads = graph.node[0].attribute.iter().find(|attribute| attribute.name == "pads").expect("padding");
    assert_eq!(pads.ints, [0, 0, 1, 1]);
}

/// In single assignment, as the checker demands: nothing is read before it is there, nothing written twice.
fn is_in_single_assignment(graph: &GraphProto) {
    let mut known: Vec<String> = graph.input.iter().map(|value| value.name.clone()).collect();
    known.extend(graph.initializer.iter().map(|tensor| tensor.name.clone()));
    for node in &graph.node {
        assert!(node.input.iter().all(|name| name.is_empty() || known.contains(name)), "{node:?}");
        known.extend(node.output.clone());
    }
    assert!(graph.output.iter().all(|value| known.contains(&value.name)));
    let n_names = known.len();
    known.sort();
    known.dedup();
    assert_eq!(known.len(), n_names);
}

#[test]
fn every_name_is_given_once_and_before_it_is_read() {
    is_in_single_assignment(&read().graph.expect("a graph"));
}

/// A value that several layers read in another form than it has is brought into that form once.
#[test]
fn layers_side_by_side_share_what_they_read() {
    for layers in [
        "{ merge = 'add', branches = [[{ linear = 3 }], [{ linear = 3 }]] }",
        "'flatten', { merge = 'add', branches = [[{ linear = 3 }], ['flatten', { linear = 3 }]] }",
        "{ linear = 12 }, { merge = 'add', branches = [[{ dropout = 0.5 }, { conv = 3, kernel = 1 }], [{ conv = 3, kernel = 1 }]] }",
    ] {
        let experiment = file::parse(&format!("[network]\nlayers = [{layers}]")).expect(layers);
        let graph = message(&of(experiment, Extent::new(4, 8, 8))).graph.expect("a graph");
        is_in_single_assignment(&graph);
    }
}

/// Both forms, each kind twice in a row with the settings that the menu gives it.
#[test]
fn every_kind_is_written() {
    for make in MENU {
        let layer = || {
            let mut kind = make();
            if let Kind::Repeat(repeat) = &mut kind {
                repeat.layers.push(Layer::new(Kind::Activation(Activation::Relu)));
            }
            if let Kind::Branches(branches) = &mut kind {
                // The identity goes with an inner branch that keeps the channels.
                branches.merge = Merge::Concat;
            }
            Layer::new(kind)
        };
        let last = Layer::new(Kind::Linear(Linear { outputs: 3, ..Linear::default() }));
        let layers = vec![layer(), layer(), last];
        let name = layers[0].kind.name();
        let network = NetworkChoice::Layers { input: None, layers };
        let net = of(Experiment { network, ..Experiment::default() }, Extent::new(4, 8, 8));
        let graph = message(&net).graph.expect("a graph");
        is_in_single_assignment(&graph);
        assert!(graph.node.iter().all(|node| !node.op_type.is_empty()), "{name}");
        let text = crate::export::pytorch::model(&net).expect(name);
        assert!(text.contains("self.layers = nn.Sequential("), "{name}");
    }
}

/// Tables of places are counted with the weights, before any of them is drawn.
#[test]
fn permutations_count_in_the_size() {
    let text = "network.layers = [ \"permute-pixels\", \"permute-pixels\", { linear = 3, bias = false } ]";
    let net = of(file::parse(text).expect("an experiment"), Extent::new(2, 50, 40));
    let [weights, places] = [4 * 3 * 2 * 2000, 2 * 8 * 2000];
    assert_eq!(least_bytes(&net), weights + places);
    let found = model(&net).len();
    assert!((least_bytes(&net)..least_bytes(&net) + 4096).contains(&found), "{found}");
    let message = check_size(LARGEST + 1).expect_err("too large").to_string();
    assert!(message.contains("take 2,048."), "{message}");
}

#[test]
fn weights_keep_their_names_shapes_and_numbers() {
    let (graph, net) = (read().graph.expect("a graph"), net());
    let tensor = |name: &str| graph.initializer.iter().find(|tensor| tensor.name == name).expect(name);
    for (parameter, numbers) in net.graph.parameters.iter().zip(&net.numbers.parameters) {
        let found = tensor(&parameter.name);
        let dims: Vec<i64> = parameter.shape.iter().map(|&side| side as i64).collect();
        assert_eq!((&found.dims, found.data_type), (&dims, proto::FLOAT), "{}", parameter.name);
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(found.raw_data, bytes, "{}", parameter.name);
    }
    assert_eq!(tensor("layers.1.running_var").dims, [4]);
}

#[test]
fn the_model_says_what_goes_in_and_what_comes_out() {
    let model = read();
    let property = |key: &str| {
        let found = model.metadata_props.iter().find(|property| property.key == key);
        found.map(|property| property.value.clone()).expect(key)
    };
    assert_eq!(property("classes"), r#"["a","b","c"]"#);
    assert_eq!(property("normalisation_mean"), "[0.5]");
    assert_eq!(property("normalisation_scale"), "[2.0]");
    let graph = model.graph.expect("a graph");
    assert_eq!(graph.input, [ValueInfo::batch("input", &[1, 6, 6])]);
    assert_eq!(graph.output, [ValueInfo::batch("logits", &[3])]);
}
