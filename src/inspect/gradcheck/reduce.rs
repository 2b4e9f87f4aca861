//! Nets made small enough for a gradient check: smaller pictures, then fewer channels.

use crate::experiment::{Kind, Layer, LayerId, Network, Problem};
use crate::graph::{Goal, Graph};
use crate::tensor::Extent;

/// The smallest pictures tried: below, padding would be most of what a convolution sees.
const LEAST_SIDE: usize = 12;

/// Channels below which no layer is narrowed: with one or two, a ReLU that is silent for the whole batch cuts the
/// net in two.
const LEAST_CHANNELS: usize = 4;

/// Multiply-adds of one pass over one picture, times the number of parameter tensors, up to which a net is
/// checked as it is: some ten seconds on two cores.
pub const BUDGET: u64 = 100_000_000;

/// A net as it is checked.
#[derive(Clone, Debug)]
pub struct Reduced {
    pub network: Network,
    /// By how much the layers below the last were narrowed.
    pub divisor: usize,
}

/// The net that `build` makes for pictures of a shape, made small: the smallest pictures that it accepts, and
/// channels divided until the check of it costs no more than `budget`. `input` is the shape of its own pictures.
///
/// # Errors
/// The net is impossible even for its own pictures.
pub fn reduce(
    build: impl Fn(Extent) -> Result<Network, Problem>,
    input: Extent,
    goal: &Goal,
    budget: u64,
) -> Result<Reduced, Problem> {
    let network = with_small_pictures(build, input, goal)?;
    let cost = |network: &Network| cost(network, goal);
    let mut reduced = Reduced { network: network.clone(), divisor: 1 };
    let mut divisor = 1;
    while cost(&reduced.network).is_none_or(|cost| cost > budget) && divisor < 64 {
        divisor *= 2;
        let narrowed = narrowed(&network, divisor);
        if cost(&narrowed).is_some() {
            reduced = Reduced { network: narrowed, divisor };
        }
    }
    Ok(reduced)
}

fn with_small_pictures(
    build: impl Fn(Extent) -> Result<Network, Problem>,
    input: Extent,
    goal: &Goal,
) -> Result<Network, Problem> {
    let Extent { channels, height, width } = input;
    for side in LEAST_SIDE..height.min(width) {
        let scaled = |length: usize| length * side / height.min(width);
        let network = build(Extent::new(channels, scaled(height), scaled(width)))?;
        if Graph::for_goal(&network, goal).is_ok() {
            return Ok(network);
        }
    }
    build(input)
}

/// What a check costs; none where the net is impossible, or its answers no longer fit the goal.
fn cost(network: &Network, goal: &Goal) -> Option<u64> {
    let graph = Graph::for_goal(network, goal).ok()?;
    Some(graph.total().multiply_adds.saturating_mul(graph.parameters.len() as u64))
}

/// The net with its layers' channels divided, all but those of the last layer with weights, which the loss
/// needs as they are.
fn narrowed(network: &Network, divisor: usize) -> Network {
    let mut network = network.clone();
    let head = last_weighted(&network.layers);
    narrow(&mut network.layers, divisor, head);
    network
}

fn narrow(layers: &mut [Layer], divisor: usize, head: Option<LayerId>) {
    let narrower = |n: usize| n.div_ceil(divisor).max(LEAST_CHANNELS).min(n);
    for layer in layers.iter_mut().filter(|layer| Some(layer.id) != head) {
        match &mut layer.kind {
            Kind::Conv(conv) => narrow_groups(&mut conv.filters, &mut conv.groups, narrower),
            Kind::TransposedConv(conv) => narrow_groups(&mut conv.filters, &mut conv.groups, narrower),
            Kind::Linear(linear) => linear.outputs = narrower(linear.outputs),
            Kind::Shortcut(shortcut) => shortcut.channels = narrower(shortcut.channels),
            kind => kind.children_mut().into_iter().for_each(|inside| narrow(inside, divisor, head)),
        }
    }
}

/// Few groups stay, many are narrowed as the channels are: a depthwise convolution stays one.
fn narrow_groups(filters: &mut usize, groups: &mut usize, narrower: impl Fn(usize) -> usize) {
    if *groups > 4 {
        *groups = narrower(*groups);
    }
    *filters = narrower(*filters).next_multiple_of(*groups);
}

/// The last layer with weights, in the order of reading.
fn last_weighted(layers: &[Layer]) -> Option<LayerId> {
    layers.iter().rev().find_map(|layer| match &layer.kind {
        Kind::Conv(_) | Kind::TransposedConv(_) | Kind::Linear(_) => Some(layer.id),
        kind => kind.children().into_iter().rev().find_map(|inside| last_weighted(inside)),
    })
}
