//! The ready-made blocks of the builder, as graphs.

use super::Graph;
use crate::experiment::Network;
use crate::experiment::layers::{Kind, Layer, n_unrolled};
use crate::experiment::presets::blocks::BLOCKS;
use crate::tensor::Extent;

/// Shape of what a block gives for these maps.
fn output(title: &str, input: Extent) -> Extent {
    let block = BLOCKS.iter().find(|block| block.title == title).expect("there is one");
    let network = Network { input, layers: block.layers(input.channels) };
    let graph = Graph::new(&network).expect(title);
    graph.node(graph.output).extent
}

#[test]
fn every_block_fits_whatever_reaches_it() {
    for block in &BLOCKS {
        for channels in [1, 3, 5, 16, 64, 256] {
            output(block.title, Extent::new(channels, 16, 16));
        }
        assert!(n_unrolled(&block.layers(16)) > 0 && block.help.ends_with('.'), "{}", block.title);
    }
}

#[test]
fn residual_blocks_keep_the_shape_but_for_the_one_that_halves() {
    let maps = Extent::new(64, 16, 16);
    for title in ["Residual block", "Residual block, three times", "Bottleneck"] {
        assert_eq!(output(title, maps), maps, "{title}");
    }
    assert_eq!(output("Residual block, halving", maps), Extent::new(128, 8, 8));
}

/// Szegedy et al. 2015, Table 1, has 256 channels behind inception (3a).
#[test]
fn inception_has_the_proportions_of_the_paper() {
    assert_eq!(output("Inception", Extent::new(256, 28, 28)), Extent::new(256, 28, 28));
    let block = BLOCKS.iter().find(|block| block.title == "Inception").expect("there is one");
    let layers = block.layers(256);
    let Kind::Branches(branches) = &layers[0].kind else { panic!("they are branches") };
    let filters = |list: &Vec<Layer>| {
        let of = |layer: &Layer| match &layer.kind {
            Kind::Conv(conv) => Some(conv.filters),
            _ => None,
        };
        list.iter().filter_map(of).collect::<Vec<_>>()
    };
    let found: Vec<_> = branches.branches.iter().map(filters).collect();
    assert_eq!(found, [vec![64], vec![96, 128], vec![16, 32], vec![32]]);
}
