use super::*;
use crate::data::catalogue;
use crate::engine::ops::testing::cpu;
use crate::inspect::insertion::compare;
use crate::inspect::testing::{plain, residual, trained};

fn paths(layers: &str) -> Vec<String> {
    blocks(&trained(layers).0.graph).into_iter().map(|block| block.path).collect()
}

#[test]
fn residual_blocks_are_found_or_else_plain_layers_that_keep_the_shape() {
    assert_eq!(paths(&residual()), ["layers.3", "layers.5", "layers.7.0.0"]);
    assert_eq!(paths(&plain("'batch-norm',")), ["layers.3.0.0", "layers.3.1.0"]);
    assert_eq!(paths("{ linear = 10 }"), Vec::<String>::new());
    // What ends in a sigmoid gives a half where it is given nothing.
    let gated = "{ conv = 4, padding = 1 }, { merge = 'add', branches = [[{ conv = 4, padding = 1 }, 'sigmoid'], []] }, \
                 { linear = 10 }";
    assert_eq!(paths(gated), ["layers.1.branches.0.0"], "the layer alone");
}

/// The net without its last block is the net that never had it.
#[test]
fn a_net_without_a_block_is_the_shallower_net() {
    let (whole, pictures) = trained(&residual());
    let block = blocks(&whole.graph).pop().expect("three of them");
    assert!(matches!(block.form, Form::Residual { is_identity: true, .. }));
    let without = Net { numbers: block.removed(&whole), ..whole.clone() };
    let n_layers = whole.network.layers.len();
    let mut shallower = whole.clone();
    // Its repetition of one block stands before the pooling and the classifier.
    shallower.network.layers.remove(n_layers - 3);
    shallower.graph = crate::graph::Graph::classifier(&shallower.network, 10).expect("a net");
    let in_block = |name: &str| name.starts_with("layers.7.");
    let keep = |names: Vec<String>, numbers: &[Vec<f32>]| {
        let kept = names.into_iter().zip(numbers).filter(|(name, _)| !in_block(name));
        kept.map(|(_, numbers)| numbers.clone()).collect::<Vec<_>>()
    };
    let names = |parameters: bool| -> Vec<String> {
        match parameters {
            true => whole.graph.parameters.iter().map(|p| p.name.clone()).collect(),
            false => whole.graph.statistics.iter().map(|s| s.name.clone()).collect(),
        }
    };
    shallower.numbers = Numbers {
        parameters: keep(names(true), &whole.numbers.parameters),
        statistics: keep(names(false), &whole.numbers.statistics),
    };
    let found = compare([&without, &shallower], &pictures, &*cpu()[0]).expect("room");
    assert!(found.largest_difference < 1e-5 * found.largest, "{found:?}");
    let changed = compare([&whole, &without], &pictures, &*cpu()[0]).expect("room");
    assert!(changed.largest_difference > 1e-2 * changed.largest, "the block did something: {changed:?}");
}

/// A plain layer made the identity passes on what it is given: the same net with the layer cut out.
#[test]
fn a_plain_layer_is_removed_by_making_it_the_identity() {
    for norm in ["", "'batch-norm',"] {
        let (whole, pictures) = trained(&plain(norm));
        let last = blocks(&whole.graph).pop().expect("two of them");
        let twice = Net { numbers: last.removed(&whole), ..whole.clone() };
        let (mut once, _) = trained(&plain(norm).replace("repeat = 2", "repeat = 1"));
        let kept = |name: &str| !name.starts_with("layers.3.1.") && !name.starts_with("layers.2.1.");
        let parameters = whole.graph.parameters.iter().zip(&whole.numbers.parameters);
        let statistics = whole.graph.statistics.iter().zip(&whole.numbers.statistics);
        once.numbers = Numbers {
            parameters: parameters
                .filter(|(p, _)| kept(&p.name))
                .map(|(_, numbers)| numbers.clone())
                .collect(),
            statistics: statistics
                .filter(|(s, _)| kept(&s.name))
                .map(|(_, numbers)| numbers.clone())
                .collect(),
        };
        let found = compare([&twice, &once], &pictures, &*cpu()[0]).expect("room");
        assert!(found.largest_difference < 1e-5 * found.largest, "{norm}: {found:?}");
    }
}

#[test]
fn every_block_is_left_out_in_turn() {
    let (net, _) = trained(&residual());
    let set = Arc::new(catalogue::open(&net.experiment).expect("glyphs"));
    let device: Arc<dyn Device> = Arc::new(crate::engine::cpu::Cpu::new());
    let mut told = Vec::new();
    let found = removal(&net, &set, Part::Test, &device, &mut |done, n| told.push((done, n))).expect("room");
    assert_eq!((found.n_pictures, found.blocks.len()), (40, 3));
    assert_eq!(told, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    assert_eq!(found.blocks[1].is_identity, Some(false), "its shortcut changes the shape");
    for block in &found.blocks {
        assert!((0.0..=1.0).contains(&block.error));
    }
}
