use super::*;
use crate::experiment::layers::{Merge, n_unrolled};

/// The network with its repetitions written out; branches stay.
fn unrolled(layers: &[Layer]) -> Vec<&Layer> {
    let mut flat = Vec::new();
    for layer in layers {
        match &layer.kind {
            Kind::Repeat(repeat) => {
                for _ in 0..repeat.times {
                    flat.extend(unrolled(&repeat.layers));
                }
            }
            _ => flat.push(layer),
        }
    }
    flat
}

/// Weighted layers, and parameters counted by hand: `9·C·C'` for a convolution without bias, `2·C` for batch
/// normalisation, `(C + 1)·C'` for the classifier behind global average pooling.
fn count(layers: &[Layer], channels: &mut usize) -> (usize, usize) {
    let mut total = (0, 0);
    let mut add = |weighted, parameters| total = (total.0 + weighted, total.1 + parameters);
    for layer in unrolled(layers) {
        match &layer.kind {
            Kind::Conv(conv) => {
                assert_eq!((conv.kernel, conv.padding, conv.bias), ([3, 3], Padding::Each([1, 1]), false));
                add(1, 9 * *channels * conv.filters);
                *channels = conv.filters;
            }
            Kind::BatchNorm(_) => add(0, 2 * *channels),
            Kind::Linear(linear) => add(1, (*channels + 1) * linear.outputs),
            Kind::Branches(branches) => {
                assert_eq!(branches.merge, Merge::Add);
                let (weighted, parameters) = count(&branches.branches[0], channels);
                add(weighted, parameters);
                match branches.branches[1].as_slice() {
                    [] => {}
                    [only] => match &only.kind {
                        Kind::Shortcut(shortcut) => {
                            assert_eq!((shortcut.channels, shortcut.stride), (*channels, [2, 2]));
                        }
                        other => panic!("{other:?} on a shortcut of option A"),
                    },
                    more => panic!("{} layers on a shortcut", more.len()),
                }
            }
            Kind::Activation(_) | Kind::GlobalAveragePool => {}
            other => panic!("{other:?} in a residual net"),
        }
    }
    total
}

/// He et al. 2015, Table 6.
#[test]
fn residual_nets_have_the_published_numbers_of_parameters() {
    for (depth, millions) in [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)] {
        for family in ["plain", "resnet"] {
            let network = build(&format!("{family}-{depth}"), CIFAR, 10).unwrap();
            let (weighted, parameters) = count(&network.layers, &mut 3);
            assert_eq!(weighted, depth);
            let rounding = if depth == 110 { 0.05 } else { 0.005 };
            assert!((parameters as f64 / 1e6 - millions).abs() < rounding, "{family}-{depth}: {parameters}");
        }
    }
}

#[test]
fn every_valid_depth_is_built_and_stays_within_bounds() {
    for n in [1, 2, 3, 9, 24, 200] {
        let depth = 6 * n + 2;
        for family in ["plain", "resnet"] {
            let name = format!("{family}-{depth}");
            let network = build(&name, CIFAR, 10).unwrap();
            assert_eq!(count(&network.layers, &mut 3).0, depth, "{name}");
            assert!(n_unrolled(&network.layers) <= crate::experiment::layers::MAX_UNROLLED);
        }
    }
}

#[test]
fn lenet_is_as_the_lecture_has_it() {
    let network = build("lenet", Extent::new(1, 28, 28), 10).unwrap();
    let kinds: Vec<Kind> = network.layers.into_iter().map(|layer| layer.kind).collect();
    let conv = |filters| Kind::Conv(Conv { filters, kernel: [5, 5], ..Conv::default() });
    let linear = |outputs| Kind::Linear(Linear { outputs, ..Linear::default() });
    let max_pool = || Kind::Pool(Pool::new(PoolMode::Max, 2));
    let relu = Kind::Activation(Activation::Relu);
    assert_eq!(kinds, [conv(20), max_pool(), conv(50), max_pool(), linear(500), relu, linear(10)]);
}

#[test]
fn the_menu_offers_only_what_there_is() {
    for name in names() {
        assert!(describe(name).is_some(), "{name}");
        assert!(describe(name).is_some_and(|sentence| sentence.chars().count() <= 108), "{name}");
        let network = build(name, CIFAR, 7).unwrap();
        assert!(n_unrolled(&network.layers) <= crate::experiment::layers::MAX_UNROLLED);
        match &network.layers.last().unwrap().kind {
            Kind::Linear(linear) => assert_eq!(linear.outputs, 7),
            other => panic!("{name} ends in {other:?}"),
        }
    }
    assert_eq!(describe("resnet-21"), None);
}

#[test]
fn a_wrong_name_is_answered_with_the_nearest_right_ones() {
    for (name, expected) in [
        (
            "resnet-21",
            "There is no preset `resnet-21`: the number of layers is 6n + 2, or for ImageNet one of 18, 34, 50, 101, 152. The nearest are `resnet-20` and `resnet-26`.",
        ),
        (
            "resnet-102",
            "There is no preset `resnet-102`: the number of layers is 6n + 2, or for ImageNet one of 18, 34, 50, 101, 152. The nearest are `resnet-101` and `resnet-104`.",
        ),
        (
            "plain-1201",
            "There is no preset `plain-1201`: the number of layers is 6n + 2, or for ImageNet one of 18, 34. The nearest are `plain-1196` and `plain-1202`.",
        ),
        ("plain-2", "There is no preset `plain-2`: the smallest is `plain-8`."),
        ("resnet-5000", "There is no preset `resnet-5000`: the deepest is `resnet-1202`."),
        (
            "resnet-99999999999999999999999",
            "There is no preset `resnet-99999999999999999999999`: the deepest is `resnet-1202`.",
        ),
        ("resnet20", "There is no preset `resnet20`; did you mean `resnet-20`?"),
        ("lennet", "There is no preset `lennet`; did you mean `lenet`?"),
        ("alex-net", "There is no preset `alex-net`; did you mean `alexnet`?"),
        ("vgg16", "There is no preset `vgg16`; did you mean `vgg-16`?"),
        ("resnet-+20", "There is no preset `resnet-+20`; did you mean `resnet-20`?"),
        (
            "transformer",
            "There is no preset `transformer`; there are `quickstart`, `mlp`, `lenet`, `lenet-5`, `alexnet`, `zfnet`, `vgg-16`, `vgg-19`, `plain-N` and `resnet-N`.",
        ),
        (
            "",
            "There is no preset ``; there are `quickstart`, `mlp`, `lenet`, `lenet-5`, `alexnet`, `zfnet`, `vgg-16`, `vgg-19`, `plain-N` and `resnet-N`.",
        ),
    ] {
        assert_eq!(build(name, CIFAR, 10).unwrap_err().message, expected);
    }
}

/// 50 = 6·8 + 2 and 152 = 6·25 + 2 are depths of both families.
#[test]
fn of_two_nets_of_one_depth_the_one_for_imagenet_has_the_name() {
    for name in ["resnet-18", "resnet-34", "resnet-50", "resnet-101", "resnet-152", "plain-18", "plain-34"] {
        assert_eq!((customary_input(name), customary_classes(name)), (IMAGENET, 1000), "{name}");
    }
    for name in ["resnet-20", "resnet-110", "plain-50", "plain-152"] {
        assert_eq!((customary_input(name), customary_classes(name)), (CIFAR, 10), "{name}");
    }
    assert!(build("plain-101", IMAGENET, 10).is_err());
}
