use super::*;
use crate::data::Normalisation;
use crate::experiment::{Experiment, file};
use crate::graph::Graph;
use crate::train::weights::Numbers;

/// The net of an experiment over pictures of this shape with three classes.
fn net(text: &str, extent: Extent, normalisation: Normalisation) -> Net {
    let experiment: Experiment = file::parse(text).expect("an experiment");
    let classes = ["cat", "dog", "the \"other\""].map(String::from).to_vec();
    let network = experiment.network.network(extent, classes.len()).expect("a network");
    let graph = Graph::classifier(&network, classes.len()).expect("a possible net");
    let numbers = Numbers::initial(&graph, &experiment.train, 1);
    Net { experiment, network, graph, numbers, classes, normalisation }
}

/// What a person reads is kept whole, so that every change to it is seen.
#[test]
fn a_residual_net_reads_as_if_by_hand() {
    let text = r#"
title = "Small residual net"

[network]
layers = [
  { conv = 8, kernel = 3, padding = 1, bias = false }, "batch-norm", "relu",
  { repeat = 3, layers = [
    { merge = "add", branches = [
      [ { conv = 8, kernel = 3, padding = 1 }, "relu", { conv = 8, kernel = 3, padding = 1 } ],
      [ ] ] },
    "relu" ] },
  { merge = "add", branches = [
    [ { conv = 16, kernel = 3, stride = 2, padding = 1 }, "relu", { conv = 16, kernel = 3, padding = 1 } ],
    [ { shortcut = 16, stride = 2 } ] ] },
  { merge = "add", branches = [
    [ { conv = 16, kernel = 3, padding = 1 }, "relu", { conv = 16, kernel = 3, padding = 1 } ],
    [ ] ] },
  "global-average-pool", { dropout = 0.2 }, { linear = 3 },
]
"#;
    let extent = Extent::new(3, 16, 16);
    let normalisation = Normalisation::with_channel_means(&[0.5, 0.45, 0.4], vec![4.0, 5.0, 8.0], extent);
    let found = model(&net(text, extent, normalisation)).expect("every layer can be written");
    if std::env::var_os("CONVSCOPE_UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/export/pytorch/golden/residual.py");
        std::fs::write(path, &found).expect("room");
    }
    assert_eq!(found, include_str!("golden/residual.py"), "CONVSCOPE_UPDATE_GOLDEN=1 takes over a change");
}

/// Blocks that differ in numbers are one class; names say what the numbers are.
#[test]
fn what_differs_between_blocks_becomes_an_argument() {
    let bottleneck = |inner: usize, outer: usize, stride: usize| {
        format!(
            r#"{{ merge = "add", branches = [ [ {{ conv = {inner}, kernel = 1, stride = {stride} }}, "relu",
            {{ conv = {inner}, kernel = 3, padding = 1 }}, "relu", {{ conv = {outer}, kernel = 1 }} ],
            [ {{ conv = {outer}, kernel = 1, stride = {stride} }} ] ] }}"#
        )
    };
    let text = format!(
        "[network]\nlayers = [ {}, {}, \"global-average-pool\", {{ linear = 3 }} ]",
        bottleneck(4, 16, 1),
        bottleneck(8, 32, 2)
    );
    let extent = Extent::new(3, 8, 8);
    let found = model(&net(&text, extent, Normalisation::identity(extent))).expect("every layer is known");
    for line in [
        "class ProjectedBottleneck(nn.Module):",
        "def __init__(self, in_channels, channels, out_channels, stride):",
        "nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride),",
        "nn.Conv2d(channels, channels, kernel_size=3, padding=1),",
        "nn.Sequential(nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride)),",
        "ProjectedBottleneck(3, 4, 16, stride=1),  # (N, 16, 8, 8)",
        "ProjectedBottleneck(16, 8, 32, stride=2),  # (N, 32, 4, 4)",
        "    return x.float() / 255\n",
    ] {
        assert!(found.contains(line), "`{line}` is not in\n{found}");
    }
}

/// A title may hold what it likes; it stays a docstring.
#[test]
fn titles_cannot_become_program() {
    assert_eq!(docstring_safe("Mine\"\"\"\nimport os\\"), "Mine''' import os/.");
}

#[test]
fn a_mean_picture_is_kept_with_the_weights() {
    let extent = Extent::new(1, 2, 2);
    let normalisation = Normalisation { mean: vec![0.1, 0.2, 0.3, 0.4], ..Normalisation::identity(extent) };
    let net = net("network.layers = [ { linear = 3 } ]", extent, normalisation);
    let text = model(&net).expect("every layer is known");
    assert!(text.contains("json.loads(STORED[\"normalisation_mean\"])"), "{text}");
    assert!(text.contains("return x.float() / 255 - MEAN.to(x.device)"), "{text}");
    let folder = tempfile::tempdir().expect("a folder");
    write(&net, folder.path()).expect("room");
    let file = weights::WeightsFile::open(&folder.path().join("weights.safetensors")).expect("weights");
    assert_eq!(file.about.normalisation, Some(net.normalisation));
}

#[test]
fn pixels_are_permuted_before_they_are_centred() {
    let extent = Extent::new(1, 2, 2);
    let normalisation = Normalisation::identity(extent).permuted(Some(7));
    let text =
        model(&net("network.layers = [ { linear = 3 } ]", extent, normalisation)).expect("known layers");
    assert!(
        text.contains("[:, :, ORDER.to(x.device)].reshape(x.shape)\n    return x.float() / 255\n"),
        "{text}"
    );
}
