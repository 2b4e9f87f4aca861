use super::*;
use crate::engine::ops::testing::cpu;
use crate::inspect::contour::Window;
use crate::inspect::statistics::norm;
use crate::inspect::testing::{plain, residual, trained};
use crate::train::Net;

fn landscape(net: &Net, pictures: &Batch) -> Landscape {
    Landscape::new(&net.graph, pictures.goal, pictures, &*cpu()[0]).expect("room")
}

/// Every filter of the direction is as long as the one that it is added to; what is no weight stays.
#[test]
fn a_direction_is_normalised_filter_by_filter() {
    let (net, _) = trained(&residual());
    let weights = &net.numbers.parameters;
    let direction = Direction::random(&net.graph, weights, 1, 0);
    for (parameter, (w, d)) in net.graph.parameters.iter().zip(weights.iter().zip(&direction.0)) {
        if !parameter.role.is_weight() {
            assert!(d.iter().all(|d| *d == 0.0), "{}", parameter.name);
            continue;
        }
        let each = w.len() / parameter.shape[0];
        for (w, d) in w.chunks_exact(each).zip(d.chunks_exact(each)) {
            assert!((norm(d) / norm(w) - 1.0).abs() < 1e-5, "{}", parameter.name);
        }
    }
    let other = Direction::random(&net.graph, weights, 1, 1);
    let cosine = direction.dot(&other) / (direction.dot(&direction) * other.dot(&other)).sqrt();
    assert!(cosine.abs() < 0.2, "two random directions are almost orthogonal: {cosine}");
    assert_eq!(direction, Direction::random(&net.graph, weights, 1, 0));
}

/// The height is the loss that a step of training finds at these weights.
#[test]
fn the_height_is_the_training_loss() {
    for layers in [plain(""), residual()] {
        let (net, pictures) = trained(&layers);
        let options = crate::inspect::statistics::Options { batch: 24, n_draws: None, histograms: false };
        let expected =
            crate::inspect::statistics::statistics(&net, &pictures, &*cpu()[0], &options).expect("room");
        let found = landscape(&net, &pictures).at(&net.numbers.parameters).expect("room");
        assert!((found.loss - expected.loss).abs() < 1e-5, "{} and {}", found.loss, expected.loss);
        assert!((0.0..=1.0).contains(&found.error));
    }
}

/// With a normalisation behind each, twice the weights of the convolutions are the same net: a direction that is as
/// long as the weights shows the same surface around them.
#[test]
fn the_scale_of_normalised_weights_does_not_matter() {
    let (net, pictures) = trained(&plain("'batch-norm',"));
    let mut doubled = net.clone();
    let convs = net.graph.parameters.iter().enumerate().filter(|(_, p)| p.shape.len() == 4);
    for (i, _) in convs {
        doubled.numbers.parameters[i].iter_mut().for_each(|w| *w *= 2.0);
    }
    let heights = |net: &Net| {
        let weights = net.numbers.parameters.clone();
        let axis = Direction::random(&net.graph, &weights, 3, 0);
        let mut survey = Survey::line(weights, axis, Window1 { low: -1.0, high: 1.0 }, 5);
        let mut landscape = landscape(net, &pictures);
        while !survey.is_done() {
            survey.advance(&mut landscape).expect("room");
        }
        survey.points()
    };
    for ((x, one), (y, other)) in heights(&net).into_iter().zip(heights(&doubled)) {
        assert_eq!(x, y);
        // ε in the normalisation weighs a quarter as much.
        assert!((one.loss / other.loss - 1.0).abs() < 1e-2, "{x}: {} and {}", one.loss, other.loss);
    }
}

#[test]
fn a_line_between_two_nets_begins_and_ends_at_them() {
    let (net, pictures) = trained(&plain(""));
    let mut other = net.clone();
    other.numbers = crate::train::weights::Numbers::initial(&net.graph, &net.experiment.train, 9);
    let [from, to] = [&net, &other].map(|net| net.numbers.parameters.clone());
    let mut landscape = landscape(&net, &pictures);
    let ends = [&from, &to].map(|weights| landscape.at(weights).expect("room"));
    let axis = Direction::between(&from, &to);
    let mut survey = Survey::line(from, axis, Window1 { low: 0.0, high: 1.0 }, 3);
    while !survey.is_done() {
        survey.advance(&mut landscape).expect("room");
    }
    let points = survey.points();
    assert_eq!(points[0], (0.0, ends[0]));
    assert!((points[2].1.loss - ends[1].loss).abs() < 1e-4, "{:?} and {:?}", points[2], ends[1]);
    let place = survey.place(&to);
    assert!((place[0] - 1.0).abs() < 1e-5, "{place:?}");
}

/// What has not been measured shows its neighbour's height, so that the picture is whole from the start.
#[test]
fn a_plane_is_whole_before_it_is_fine() {
    let (net, pictures) = trained(&plain(""));
    let weights = net.numbers.parameters.clone();
    let axes = [0, 1].map(|which| Direction::random(&net.graph, &weights, 3, which));
    let window = Window { low: [-1.0; 2], high: [1.0; 2] };
    let mut survey = Survey::plane(weights.clone(), axes.clone(), window, 5);
    let mut landscape = landscape(&net, &pictures);
    (0..9).for_each(|_| survey.advance(&mut landscape).expect("room"));
    assert_eq!(survey.progress(), (9, 25));
    let heights = survey.heights(|height| height.loss);
    let middle = landscape.at(&weights).expect("room").loss;
    assert!(heights.values.iter().all(|x| x.is_finite()));
    assert!((heights.values[12] - middle).abs() < 1e-6, "{} and {middle}", heights.values[12]);
    // A point off the plane is found by its foot.
    let there = Direction::moved(&weights, &[(0.5, &axes[0]), (-0.25, &axes[1])]);
    let [x, y] = survey.place(&there);
    assert!((x - 0.5).abs() < 1e-4 && (y + 0.25).abs() < 1e-4, "{x}, {y}");
}
