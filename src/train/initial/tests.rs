use super::*;
use crate::experiment::file::parse;
use crate::experiment::{Named, presets};
use crate::tensor::Extent;

fn graph(layers: &str) -> Graph {
    let text = format!("[network]\nlayers = [{layers}]");
    let network = parse(&text).and_then(|e| e.network.network(Extent::new(6, 9, 9), 10));
    Graph::new(&network.expect(layers)).expect(layers)
}

fn preset(name: &str) -> Graph {
    let network = presets::build(name, Extent::new(3, 32, 32), 10).expect("a preset");
    Graph::new(&network).expect("a possible net")
}

fn train(initialisation: Initialisation) -> Train {
    Train { initialisation, ..Train::default() }
}

/// The mean square of the first weights of a graph.
fn mean_square(graph: &Graph, initialisation: Initialisation) -> f64 {
    let numbers = Start::new(graph, &train(initialisation), 1).numbers(ParameterId(0));
    numbers.iter().map(|&w| (w as f64).powi(2)).sum::<f64>() / numbers.len() as f64
}

/// 9,600 draws: the mean square of normal deviates lies within 6 % (four standard errors), that of even ones
/// within 4 %.
#[test]
fn the_variance_is_what_the_rule_says() {
    // Each filter reads 3·5·2 numbers of its group; by PyTorch's count 320·10 filters read each number.
    let graph = graph("{ conv = 320, kernel = [5, 2], groups = 2 }, { leaky-relu = 0.5 }");
    assert_eq!((graph.parameters[0].fan_in(), graph.parameters[0].fan_out()), (30, 3200));
    for uniform in [false, true] {
        let he = |fan_out, own_gain| Initialisation::He { fan_out, uniform, own_gain, scale: 1.0 };
        for (rule, expected) in [
            (he(false, false), 2.0 / 30.0),
            (he(true, false), 2.0 / 3200.0),
            (he(false, true), 2.0 / 1.25 / 30.0),
            (Initialisation::Xavier { uniform, scale: 1.0 }, 1.0 / 30.0),
            (Initialisation::Xavier { uniform, scale: 3.0 }, 9.0 / 30.0),
            (Initialisation::Glorot { uniform, scale: 1.0 }, 2.0 / 3230.0),
            (Initialisation::Normal { deviation: 0.5 }, 0.25),
            (Initialisation::Constant { value: -3.0 }, 9.0),
            (Initialisation::Zero, 0.0),
        ] {
            let found = mean_square(&graph, rule);
            assert!((found - expected).abs() <= 0.06 * expected, "{rule:?}: {found} against {expected}");
        }
    }
}

/// Even numbers stay within their bounds and fill them.
#[test]
fn uniform_weights_have_bounds() {
    let graph = graph("{ conv = 200, kernel = 5 }");
    let numbers = &all(&graph, &train(Initialisation::Xavier { uniform: true, scale: 1.0 }), 1)[0];
    let (reach, most) = ((3.0f32 / 150.0).sqrt(), numbers.iter().fold(0.0f32, |most, w| most.max(w.abs())));
    assert!(most <= reach && most > 0.99 * reach, "{most} within {reach}");
}

/// Whatever goes in comes out, in the middle of a kernel, in each group, up to the smaller number of channels.
#[test]
fn dirac_is_the_identity() {
    let numbers = |layers: &str| {
        let graph = graph(layers);
        let numbers = Start::new(&graph, &train(Initialisation::Dirac), 1).numbers(ParameterId(0));
        (graph.parameters[0].shape.clone(), numbers)
    };
    let ones = |numbers: &[f32]| -> Vec<usize> {
        assert!(numbers.iter().all(|&w| w == 0.0 || w == 1.0));
        (0..numbers.len()).filter(|&i| numbers[i] == 1.0).collect()
    };
    let (shape, weights) = numbers("{ conv = 4, kernel = 3, groups = 2 }");
    assert_eq!(shape, [4, 3, 3, 3]);
    // Filters 0 and 1 hand on channels 0 and 1 of their group, 2 and 3 likewise.
    assert_eq!(ones(&weights), [4, 27 + 9 + 4, 2 * 27 + 4, 3 * 27 + 9 + 4]);
    let (shape, weights) = numbers("{ transposed-conv = 2, kernel = 2, stride = 2 }");
    assert_eq!((shape, ones(&weights)), (vec![6, 2, 2, 2], vec![3, 8 + 4 + 3]));
    let (_, weights) = numbers("'global-average-pool', { linear = 4 }");
    assert_eq!(ones(&weights), [0, 7, 14, 21]);
}

#[test]
fn a_layer_may_have_a_rule_of_its_own() {
    let graph = graph("{ conv = 4, init = 'zero' }, { conv = 4, init = { constant = 0.5 } }, { linear = 2 }");
    let all = all(&graph, &train(Initialisation::HE), 1);
    assert!(all[0].iter().all(|&w| w == 0.0) && all[2].iter().all(|&w| w == 0.5));
    assert!(all[4].iter().all(|&w| w != 0.0 && w != 0.5));
}

/// The last scales of the nine branches of a ResNet-20, and no others.
#[test]
fn residual_branches_may_begin_at_zero() {
    let graph = preset("resnet-20");
    let zero = |zero_residual| {
        let train = Train { zero_residual, ..Train::default() };
        let all = all(&graph, &train, 1);
        let scales = graph.parameters.iter().zip(all).filter(|(p, _)| p.role == Role::Scale);
        let zero = scales.filter(|(_, numbers)| numbers.iter().all(|&scale| scale == 0.0));
        zero.map(|(parameter, _)| parameter.name.clone()).collect::<Vec<String>>()
    };
    assert!(zero(false).is_empty());
    let names = zero(true);
    assert_eq!(names.len(), 9);
    assert!(names.iter().all(|name| name.ends_with("branches.0.4.weight")), "{names:?}");
}

/// Neither the normalisation in front of a block, nor that of a projection, nor one that a ReLU follows, which
/// would never wake.
#[test]
fn only_what_ends_a_branch_begins_at_zero() {
    let ends = |layers: &str| {
        let graph = graph(layers);
        graph.parameters.iter().map(|p| p.ends_branch).collect::<Vec<bool>>()
    };
    let any = |layers: &str| ends(layers).contains(&true);
    let body = "[{ conv = 6, padding = 1 }, { conv = 6, kernel = 1 }, 'batch-norm', { dropout = 0.1 }]";
    let projection = "[{ conv = 6, kernel = 1 }, 'batch-norm']";
    let both = ends(&format!("{{ merge = 'add', branches = [{projection}, {body}] }}"));
    // weight, bias, scale, shift; weight, bias, weight, bias, scale, shift.
    assert_eq!(both.iter().position(|&ends| ends), Some(8));
    assert_eq!(both.iter().filter(|&&ends| ends).count(), 1);
    assert!(!any("'batch-norm', { merge = 'add', branches = [[], []] }"));
    assert!(!any("{ merge = 'add', branches = [['batch-norm', 'relu', { conv = 6, padding = 1 }], []] }"));
    assert!(!any(&format!("{{ merge = 'concat', branches = [{body}, []] }}")));
}

#[test]
fn a_plain_net_and_its_residual_twin_begin_alike() {
    let convolutions = |name: &str, rule: Initialisation| -> Vec<Vec<f32>> {
        let graph = preset(name);
        let numbers = all(&graph, &train(rule), 1);
        let pairs = graph.parameters.iter().zip(numbers);
        pairs.filter(|(p, _)| p.role == Role::ConvWeight).map(|(_, numbers)| numbers).collect()
    };
    for rule in Initialisation::all() {
        assert_eq!(convolutions("plain-20", rule), convolutions("resnet-20", rule));
    }
}
