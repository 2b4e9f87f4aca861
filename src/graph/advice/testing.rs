//! A net written as in a file, and what is said of it.

use super::{Advice, advise};
use crate::experiment::{Experiment, NetworkChoice, Train, file};
use crate::graph::Goal;
use crate::tensor::Extent;

/// All that is said of these layers over pictures of 3×32×32 in ten classes, trained so.
pub fn said_with(layers: &str, train: Train) -> Vec<Advice> {
    let text = format!("[network]\nlayers = [{layers}]");
    let experiment = Experiment { train, ..file::parse(&text).expect(layers) };
    let NetworkChoice::Layers { .. } = experiment.network else { panic!("it has layers of its own") };
    let network = experiment.network.network(Extent::new(3, 32, 32), 10).expect("it fits");
    let goal = Goal { loss: experiment.train.loss, ..Goal::classes(10) };
    advise(&network, &goal, &experiment.train)
}

/// Checks where something is said, as paths and parts of the sentences.
pub fn check(layers: &str, expected: &[(&str, &str)]) {
    check_with(layers, Train::default(), expected);
}

pub fn check_with(layers: &str, train: Train, expected: &[(&str, &str)]) {
    let said = said_with(layers, train);
    let found: Vec<_> = said.iter().map(|advice| (advice.path.as_str(), advice.what.as_str())).collect();
    assert_eq!(found.len(), expected.len(), "{layers}: {found:?}");
    for ((path, what), (wanted_path, part)) in found.into_iter().zip(expected) {
        assert!(path == *wanted_path && what.contains(part), "{layers}: {path}: {what}");
    }
    for advice in said {
        assert!(advice.what.ends_with('.') && advice.why.ends_with('.'), "{advice:?}");
    }
}
