use super::*;
use crate::engine::ops::testing::cpu;
use crate::inspect::statistics::{Options, statistics};
use crate::inspect::testing::{plain, residual, trained};

/// Outputs before and after an insertion, and the deeper net.
fn compared(layers: &str, n_layers: usize, form: Form) -> (Net, Deeper, Comparison) {
    let (net, pictures) = trained(layers);
    let device = &*cpu()[0];
    let deeper = deeper(&net, Insertion { n_layers, form }, &pictures, device).expect("a deeper net");
    let comparison = compare([&net, &deeper.net], &pictures, device).expect("room");
    (net, deeper, comparison)
}

fn n_weighted(net: &Net) -> usize {
    net.graph.nodes.iter().filter(|node| node.op.weight().is_some()).count()
}

/// Some ten roundings a layer, each of 6e-8 of the numbers it is of.
#[test]
fn the_outputs_are_equal_to_rounding() {
    for (layers, form) in [
        (plain(""), Form::Plain),
        (plain("'batch-norm',"), Form::Plain),
        (plain("'batch-norm',"), Form::Residual),
        (residual(), Form::Residual),
        (residual(), Form::Plain),
        (plain(""), Form::Residual),
    ] {
        let (net, deeper, found) = compared(&layers, 10, form);
        assert_eq!(n_weighted(&deeper.net), n_weighted(&net) + 10, "{layers}");
        assert!(
            found.largest > 0.1 && found.largest_difference < 1e-5 * found.largest,
            "{layers}: {found:?}"
        );
        assert_eq!((found.n_pictures, found.n_answers_changed), (24, 0));
    }
}

/// Layers go where a stage ends, behind its last repetition.
#[test]
fn places_are_the_ends_of_stages() {
    let (_, deeper, _) = compared(&plain("'batch-norm',"), 5, Form::Plain);
    let places: Vec<(&str, usize)> =
        deeper.places.iter().map(|place| (place.behind.as_str(), place.n_layers)).collect();
    assert_eq!(places, [("layers.3.1.2", 3), ("layers.6", 2)]);
    let names: Vec<&str> = deeper.net.graph.parameters.iter().map(|p| p.name.as_str()).collect();
    assert!(
        names.contains(&"layers.13.weight"),
        "the second stage has moved behind the first's nine layers: {names:?}"
    );
}

/// Where the running statistics are the batch's, a net is the same in both modes, and so is the deeper one: the plain
/// identity undoes its normalisation, the residual one gives nothing.
#[test]
fn training_can_go_on_from_where_it_was() {
    let device = &*cpu()[0];
    for (layers, form) in [(plain("'batch-norm',"), Form::Plain), (residual(), Form::Residual)] {
        let (mut net, pictures) = trained(&layers);
        let measured = |net: &Net| {
            let options = Options { batch: 24, n_draws: None, histograms: false };
            statistics(net, &pictures, device, &options).expect("room")
        };
        let single = |numbers: &[f64]| numbers.iter().map(|&x| x as f32).collect();
        let of_batch = measured(&net);
        let norms = net.graph.nodes.iter().filter_map(|node| match &node.op {
            Op::BatchNorm(norm) => Some(norm),
            _ => None,
        });
        for (norm, found) in norms.zip(&of_batch.norms) {
            net.numbers.statistics[norm.mean.0] = single(&found.batch_mean);
            net.numbers.statistics[norm.variance.0] = single(&found.batch_variance);
        }
        let deeper =
            deeper(&net, Insertion { n_layers: 4, form }, &pictures, device).expect("a deeper net").net;
        let after = measured(&deeper);
        assert!((after.loss - of_batch.loss).abs() < 1e-4, "{form:?}: {} and {}", of_batch.loss, after.loss);
        assert!(
            after.first_against_last().is_some_and(|ratio| ratio > 0.0),
            "and the gradient comes through"
        );
    }
}

#[test]
fn what_cannot_be_made_deeper_is_refused() {
    let (net, pictures) = trained("{ conv = 4 }, 'tanh', { linear = 10 }");
    let refuse = |net: &Net, n_layers, form| {
        deeper(net, Insertion { n_layers, form }, &pictures, &*cpu()[0])
            .err()
            .map(|problem| problem.to_string())
    };
    assert!(refuse(&net, 2, Form::Plain).is_some_and(|text| text.contains("behind a ReLU")));
    let (net, _) = trained(&residual());
    assert!(refuse(&net, 3, Form::Residual).is_some_and(|text| text.contains("even number")));
}
