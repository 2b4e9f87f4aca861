//! The presets against the papers they are from: sizes of maps, parameters, multiply-adds.

use super::{Graph, LayerReport};
use crate::experiment::presets;
use crate::tensor::Extent;

/// A preset over pictures and for classes as its paper has them.
fn published(name: &str) -> Graph {
    let (input, n_classes) = (presets::customary_input(name), presets::customary_classes(name));
    let network = presets::build(name, input, n_classes).expect("a preset");
    Graph::classifier(&network, n_classes).expect("a possible net")
}

/// Of LeNet-5 the parameters follow from the paper's figure: 156 in C1, with all connections 16·6·25 + 16 in C3,
/// 48,120 in C5, 10,164 in F6, 850 in the output. The other parameters are those of the authors' own models.
/// Multiply-adds follow from the sizes in the papers, `k²·C/groups·C'·H'·W'` for a convolution; in brackets
/// what the papers print, He et al. 2015 for all but the first.
#[test]
fn nets_cost_what_their_papers_say() {
    for (name, parameters, multiply_adds) in [
        ("lenet-5", 61_706, 416_520),
        // "60 million parameters".
        ("alexnet", 60_965_224, 724_406_816),
        ("zfnet", 62_357_608, 1_168_032_896),
        // [15.3 G] and [19.6 G]; convolutions alone make 15.3 of the former's 15.5.
        ("vgg-16", 138_357_544, 15_470_264_320),
        ("vgg-19", 143_667_240, 19_632_062_464),
        // [1.8 G] and [3.6 G]; the paper's row is that of the plain nets.
        ("plain-18", 11_515_688, 1_794_805_760),
        ("plain-34", 21_623_848, 3_644_493_824),
        ("resnet-18", 11_689_512, 1_814_073_344),
        ("resnet-34", 21_797_672, 3_663_761_408),
        // [3.8 G], [7.6 G], [11.3 G].
        ("resnet-50", 25_557_032, 3_857_973_248),
        ("resnet-101", 44_549_160, 7_570_194_432),
        ("resnet-152", 60_192_808, 11_282_415_616),
    ] {
        let total = published(name).total();
        assert_eq!((total.parameters, total.multiply_adds), (parameters, multiply_adds), "{name}");
    }
}

/// Outputs of the layers that do not only act number by number, equal ones in a row said once.
fn sizes(name: &str) -> Vec<String> {
    let graph = published(name);
    let changes = |layer: &&LayerReport| {
        ["conv", "max-pool", "average-pool", "global-average-pool", "linear", "add"].contains(&layer.kind)
    };
    let mut sizes: Vec<String> =
        graph.layers.iter().filter(changes).map(|layer| layer.output.to_string()).collect();
    sizes.dedup();
    sizes
}

/// LeCun et al. 1998, Fig. 2.
#[test]
fn lenet_5_has_the_maps_of_its_figure() {
    let expected = ["6×28×28", "6×14×14", "16×10×10", "16×5×5", "120", "84", "10"];
    assert_eq!(sizes("lenet-5"), expected);
    // MNIST's digits, as they come, in the field of the paper.
    let network = presets::build("lenet-5", Extent::new(1, 28, 28), 10).expect("a preset");
    let graph = Graph::classifier(&network, 10).expect("a possible net");
    assert_eq!(graph.total().parameters, 61_706);
    assert_eq!(graph.layers[0].output, Extent::new(6, 28, 28));
}

/// Krizhevsky et al. 2012, section 3.5 ends with the number of neurons in each layer: 186,624 = 256·27², 64,896
/// = 384·13², the same, 43,264 = 256·13², 4096, 4096, 1000. The first, given as 253,440, is 96·55² = 290,400 by
/// the sizes in the same section, which all programs follow.
#[test]
fn alexnet_has_the_neurons_of_its_paper() {
    let graph = published("alexnet");
    let weighted = graph.layers.iter().filter(|layer| layer.multiply_adds > 0);
    let neurons: Vec<usize> = weighted.map(|layer| layer.output.len()).collect();
    assert_eq!(neurons, [290_400, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]);
    let expected = [
        "96×55×55",
        "96×27×27",
        "256×27×27",
        "256×13×13",
        "384×13×13",
        "256×13×13",
        "256×6×6",
        "4096",
        "1000",
    ];
    assert_eq!(sizes("alexnet"), expected);
    let network = presets::build("alexnet", Extent::new(3, 224, 224), 1000).expect("a preset");
    let padded = Graph::classifier(&network, 1000).expect("a possible net");
    assert_eq!(
        padded.total(),
        crate::graph::Total { activation_bytes: padded.total().activation_bytes, ..graph.total() }
    );
}

/// Zeiler and Fergus 2014, Fig. 3. The paper prints no number of parameters; 62,357,608 follows from the sizes
/// in the figure, with AlexNet's classifier and one bias for each filter and unit.
#[test]
fn zfnet_has_the_maps_of_its_figure() {
    let expected = [
        "96×110×110",
        "96×55×55",
        "256×26×26",
        "256×13×13",
        "384×13×13",
        "256×13×13",
        "256×6×6",
        "4096",
        "1000",
    ];
    assert_eq!(sizes("zfnet"), expected);
}

/// Simonyan and Zisserman 2015, Table 1, columns D and E: max pooling ends each stage.
#[test]
fn vgg_halves_its_maps_five_times() {
    let expected = [
        "64×224×224",
        "64×112×112",
        "128×112×112",
        "128×56×56",
        "256×56×56",
        "256×28×28",
        "512×28×28",
        "512×14×14",
        "512×7×7",
        "4096",
        "1000",
    ];
    assert_eq!(sizes("vgg-16"), expected);
    assert_eq!(sizes("vgg-19"), expected);
    for (name, n) in [("vgg-16", 16), ("vgg-19", 19)] {
        assert_eq!(published(name).layers.iter().filter(|layer| layer.multiply_adds > 0).count(), n);
    }
}

/// He et al. 2015, Table 1: the output size of each stage, and the layers in it.
#[test]
fn residual_nets_have_the_stages_of_the_table() {
    let stages = |name: &str| -> Vec<String> {
        let graph = published(name);
        let joins = graph.layers.iter().filter(|layer| layer.kind == "add");
        let mut sizes: Vec<String> = joins.map(|layer| layer.output.to_string()).collect();
        let n = sizes.len();
        sizes.dedup();
        sizes.push(n.to_string());
        sizes
    };
    assert_eq!(stages("resnet-18"), ["64×56×56", "128×28×28", "256×14×14", "512×7×7", "8"]);
    assert_eq!(stages("resnet-34"), ["64×56×56", "128×28×28", "256×14×14", "512×7×7", "16"]);
    for (name, n) in [("resnet-50", "16"), ("resnet-101", "33"), ("resnet-152", "50")] {
        assert_eq!(stages(name), ["256×56×56", "512×28×28", "1024×14×14", "2048×7×7", n]);
    }
}

/// Layers with weights on the longest way through the net make its name; shortcuts do not count.
#[test]
fn a_residual_net_has_as_many_weighted_layers_as_its_name_says() {
    for (name, depth) in [
        ("plain-18", 18),
        ("plain-34", 34),
        ("resnet-18", 18),
        ("resnet-34", 34),
        ("resnet-50", 50),
        ("resnet-101", 101),
        ("resnet-152", 152),
        ("plain-20", 20),
        ("resnet-56", 56),
    ] {
        let graph = published(name);
        let is_on_the_path =
            |layer: &&LayerReport| layer.multiply_adds > 0 && !layer.path.contains(".branches.1.");
        assert_eq!(graph.layers.iter().filter(is_on_the_path).count(), depth, "{name}");
    }
}

/// Nets that end in global pooling take pictures of any size with the same parameters; the others say what
/// does not fit.
#[test]
fn presets_follow_the_pictures_where_they_can() {
    let survey = |name: &str, side: usize| {
        let network = presets::build(name, Extent::new(3, side, side), 7).expect("a preset");
        Graph::classifier(&network, 7)
    };
    let parameters = |name: &str, side| survey(name, side).expect("a possible net").total().parameters;
    for name in ["resnet-18", "resnet-50", "plain-34", "resnet-20"] {
        assert_eq!(parameters(name, 32), parameters(name, 97), "{name}");
    }
    assert!(parameters("vgg-16", 32) < parameters("vgg-16", 64));
    for (name, side, words) in
        [("vgg-16", 16, "does not fit into 1×1 maps"), ("alexnet", 32, "3×3 does not fit into")]
    {
        let problem = survey(name, side).expect_err("too small").to_string();
        assert!(problem.contains(words), "{problem}");
    }
}
