//! Small nets for tests, with numbers as if they had been trained.

use super::batch::Batch;
use crate::data::catalogue;
use crate::engine::ops::testing::normal;
use crate::experiment::file;
use crate::graph::Role;
use crate::train::Net;

/// A net of these layers over pictures of glyphs, and 24 of those. Scales, shifts and running statistics are drawn
/// at random, so that none of them is what it is at the start.
pub fn trained(layers: &str) -> (Net, Batch) {
    let text = format!("[data]\nsource = 'glyphs'\ntrain = 64\ntest = 40\n[network]\nlayers = [{layers}]");
    let experiment = file::parse(&text).expect("an experiment");
    let set = catalogue::open(&experiment).expect("glyphs");
    let mut net = Net::initial(&experiment, &set).expect("a net");
    for (i, parameter) in net.graph.parameters.iter().enumerate() {
        let own = &mut net.numbers.parameters[i];
        let noise = normal(100 + i as u32, own.len());
        match parameter.role {
            Role::Scale => own.iter_mut().zip(noise).for_each(|(x, n)| *x = 1.0 + 0.2 * n),
            Role::Bias | Role::Shift => own.iter_mut().zip(noise).for_each(|(x, n)| *x = 0.1 * n),
            _ => {}
        }
    }
    for (i, statistic) in net.graph.statistics.iter().enumerate() {
        let noise = normal(200 + i as u32, statistic.len);
        let numbers = noise.into_iter().map(|n| statistic.start + 0.1 * n.abs());
        net.numbers.statistics[i] = numbers.collect();
    }
    let batch = Batch::first(24, &set, &set.train, experiment.train.loss, &net.normalisation);
    (net, batch)
}

/// Two stages of convolutions, with and without a normalisation behind each.
pub fn plain(norm: &str) -> String {
    let conv = |n: usize, stride: usize| {
        format!("{{ conv = {n}, kernel = 3, stride = {stride}, padding = 1 }}, {norm} 'relu'")
    };
    let twice = format!("{{ repeat = 2, layers = [{}] }}", conv(6, 1));
    format!("{}, {twice}, {}, 'global-average-pool', {{ linear = 10 }}", conv(6, 2), conv(8, 2))
}

/// Two stages of residual blocks, the first of one, the second of two of which the first changes the shape.
pub fn residual() -> String {
    let pair = |n: usize, stride: usize| {
        format!(
            "{{ conv = {n}, stride = {stride}, padding = 1, bias = false }}, 'batch-norm', 'relu', {{ conv = {n}, \
             padding = 1, bias = false }}, 'batch-norm'"
        )
    };
    let block = |n: usize, stride: usize, around: &str| {
        format!("{{ merge = 'add', branches = [[{}], [{around}]] }}, 'relu'", pair(n, stride))
    };
    format!(
        "{{ conv = 6, stride = 2, padding = 1, bias = false }}, 'batch-norm', 'relu', {}, {}, {{ repeat = 1, layers = \
         [{}] }}, 'global-average-pool', {{ linear = 10 }}",
        block(6, 1, ""),
        block(8, 2, "{ shortcut = 8, stride = 2 }"),
        block(8, 1, "")
    )
}
